"""Is the service alive, and is all it stands on there?"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from gridgeo.errors import StoreError
from gridgeo_api.asking import known_parameters
from gridgeo_api.problems import Problem

router = APIRouter(dependencies=[Depends(known_parameters)], tags=["operations"])


@router.get("/healthz", summary="The process answers")
async def healthz() -> dict[str, str]:
    """Say that the process is alive; nothing else is asked.

    Not in the thread pool, where it would wait behind requests that wait for the database.
    """
    return {"status": "ok"}


def _reasons(request: Request) -> list[str]:
    reasons: list[str] = request.app.state.unready()
    return reasons


@router.get(
    "/readyz",
    summary="The service can answer",
    responses={503: {"model": Problem, "description": "database or a wall of privacy missing"}},
)
def readyz(reasons: Annotated[list[str], Depends(_reasons)]) -> dict[str, str]:
    """Say whether the database answers and every wall of row security stands."""
    if reasons:
        raise StoreError(
            f"Not ready: {'; '.join(one.rstrip('.') for one in reasons)}.",
            hint="Run `gridgeo doctor`.",
            code="store.not-ready",
        )
    return {"status": "ready"}
