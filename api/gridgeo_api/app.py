"""The application: one FastAPI app over what the city has published."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from gridgeo import __version__, wiring
from gridgeo.services.published import Gallery
from gridgeo.settings import Settings
from gridgeo_api import problems
from gridgeo_api.asking import SignIn
from gridgeo_api.routes import collections, health, locate, pages


def create_app(settings: Settings, sign_in: SignIn | None = None) -> FastAPI:
    """Make the service of one city.

    Parameters
    ----------
    settings : Settings
    sign_in : SignIn, optional
        The demo's account; without one only public layers are shown.

    Returns
    -------
    FastAPI
        Connected as the API's role, which sees published layers and nothing else.
    """
    reader = wiring.open_reader(settings)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        wiring.close(reader)

    app = FastAPI(
        lifespan=life,
        title="gridgeo",
        version=__version__,
        summary="Which grid is responsible, who is left out, how the load is shared.",
        docs_url=None,  # its pages load their scripts from the internet
        redoc_url=None,
    )
    app.state.gallery = Gallery(reader)
    app.state.sign_in = sign_in
    app.state.drawn = {}
    app.state.unready = lambda: wiring.unready(reader)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    problems.install(app)
    for room in (locate, collections, pages, health):
        app.include_router(room.router)
    return app


def run(settings: Settings, host: str, port: int, sign_in: SignIn | None = None) -> None:
    """Serve until stopped.

    Parameters
    ----------
    settings : Settings
    host : str
        Address to listen on.
    port : int
    sign_in : SignIn, optional
        As for ``create_app``.
    """
    uvicorn.run(
        create_app(settings, sign_in),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
    )
