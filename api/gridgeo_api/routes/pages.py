"""Pages for people: the leaders' page and the maps."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from gridgeo.errors import NotFoundError
from gridgeo.render.kinds import KINDS, draw
from gridgeo.services.overview import overview
from gridgeo.services.published import INTERNAL
from gridgeo.words import Lang
from gridgeo_api.asking import Language, Layers, Scope, known_parameters
from gridgeo_api.problems import RESPONSES, Problem, SignInRequired

router = APIRouter(dependencies=[Depends(known_parameters)], responses=RESPONSES, tags=["pages"])

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(["html"]),
    trim_blocks=True,
    lstrip_blocks=True,
)


_MAPS = (
    {"kind": "load", "zh": "工作量", "en": "load"},
    {"kind": "incidents", "zh": "事件分布", "en": "incidents"},
)


@router.get("/", response_class=HTMLResponse, summary="The leaders' page")
def leaders(layers: Layers, lang: Language = "zh") -> HTMLResponse:
    """Show the headline figures and the maps of the city."""

    def say(zh: str, en: str) -> str:
        return zh if lang == "zh" else en

    shown: dict[str, Any] = {"lang": lang, "say": say, "figures": [], "maps": [], "notes": []}
    there = layers.some(("load", "load-proposed", "incident-cells"))
    if "load" in there:
        load = there["load"]
        shown |= {
            "figures": overview(load, there.get("load-proposed")),
            "maps": [m for m in _MAPS if KINDS[m["kind"]].needs in there],
            "notes": load.notes(lang),
            "as_of": load.as_of,
            "source": load.source,
        }
    return HTMLResponse(_templates.get_template("leaders.html").render(shown))


@router.get(
    "/maps/{kind}",
    response_class=HTMLResponse,
    summary="A map",
    responses={401: {"model": Problem, "description": "this map needs a sign-in"}},
)
def show(
    request: Request, layers: Layers, scope: Scope, kind: str, lang: Language = "zh"
) -> Response:
    """Show a map as one page that loads nothing else."""
    if kind not in KINDS:
        raise NotFoundError(
            f"There is no map {kind!r}.",
            hint=f"Ask for one of {', '.join(KINDS)}.",
            fields=["kind"],
        )
    one = KINDS[kind]
    if one.needs in INTERNAL and scope == "public":
        raise SignInRequired(
            f"The map {kind!r} is for people of the city.", hint="Sign in.", fields=["kind"]
        )
    shown = {one.needs: layers.layer(one.needs, scope)} | layers.some(one.takes, scope)
    return HTMLResponse(_drawn(request, (kind, lang, scope), shown))


def _drawn(request: Request, key: tuple[str, Lang, str], shown: dict[str, Any]) -> str:
    """Draw a map only when one of its layers has a new version."""
    drawn: dict[tuple[str, Lang, str], tuple[list[Any], str]] = request.app.state.drawn
    layers = list(shown.values())
    kept = drawn.get(key)
    if (
        kept is None
        or len(kept[0]) != len(layers)
        or any(a is not b for a, b in zip(kept[0], layers, strict=True))
    ):
        kept = (layers, draw(key[0], shown, key[1]))
        drawn[key] = kept
    return kept[1]
