"""The demo: everything from nothing, on a synthetic city, with one command."""

import getpass
from contextlib import ExitStack
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from gridgeo import wiring
from gridgeo.cli.say import Told, bar, next_step, table, tell
from gridgeo.errors import ParameterError
from gridgeo.model.files import write_text
from gridgeo.model.plan import Plan
from gridgeo.render.contents import contents_page
from gridgeo.render.files import write_layer
from gridgeo.render.kinds import KINDS, draw
from gridgeo.services.demo import DAY, SOURCE, fill, said
from gridgeo.services.publication import publish_all
from gridgeo.services.published import Gallery
from gridgeo.services.samples import write_city, write_town
from gridgeo.settings import Settings
from gridgeo.words import LANGS, say
from gridgeo_api.app import run
from gridgeo_api.asking import SignIn

_OUT = Path("build/demo")
_TOWN = Path("data/samples/town")


def demo(
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Stop after the maps are written.")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")] = _OUT,
    town: Annotated[
        bool, typer.Option("--town", help="The small sample: one town instead of the city.")
    ] = False,
    scale: Annotated[
        float, typer.Option(min=0.05, max=1.0, help="How large a part of the city is made.")
    ] = 1.0,
    host: Annotated[
        str, typer.Option(help="Address to listen on; this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Make everything from nothing: database, city, analyses, maps; then serve them.

    Example: gridgeo demo --no-serve
    """
    if not _is_loopback(host):
        raise ParameterError(
            f"The demo was asked to listen on {host}; its sign-in is for this machine only.",
            hint="Leave --host out, or run `gridgeo serve --host`, which shows public layers only.",
            fields=["host"],
        )
    settings = Settings()
    if "city" not in settings.model_fields_set:
        city = "demo_town" if town else "demo"
        settings = settings.model_copy(update={"city": city})
    with ExitStack() as stack:
        with bar("Database") as told:
            store = stack.enter_context(wiring.opened(settings, told))
        folder = _sample(output, scale, town)
        now = datetime.now(UTC)
        with bar("Taking files in") as told:
            changed = fill(store, folder, now=now, who=getpass.getuser(), told=told)
        for layer, result in changed.items():
            tell(f"{layer}: {said(result)}")
        with bar("Analysing") as told:
            done = publish_all(store, DAY, now=now, source=SOURCE, zone=settings.zone, told=told)
        gallery = Gallery(stack.enter_context(wiring.reading(settings)))
        with bar("Drawing") as told:
            pages = _draw(gallery, output, told)
        before = gallery.layer("load").features["deviation_share"].abs().max()
    if done.changed:
        rows = [[kind, say(kind, "zh"), n] for kind, n in done.counts.items() if n != "0"]
        table("Blind spots found", ["kind", "类型", "found"], rows)
        if done.plan is not None:
            scores = done.plan.scores
            tell(
                f"Greatest deviation from a fair share: {before:.0%} now, "
                f"{scores['max_deviation_unforced']:.1%} as proposed"
            )
            if scores["max_deviation"] > scores["max_deviation_unforced"]:
                tell(
                    f"but for {_forced(done.plan):,} grids, up to {scores['max_deviation']:.1%}: "
                    "what one unit or what hangs together carries, no border divides"
                )
    elif not any(result.inserted + result.updated for result in changed.values()):
        tell("Nothing has changed since the last run.")
    tell(f"{output / 'index.html'}: {pages} maps, in Chinese and English, and the layers")
    if no_serve:
        next_step(f"open {output / 'index.html'}, or `gridgeo demo` to serve it")
        return
    sign_in = SignIn.at_random()
    base = f"http://{host}:{port}"
    tell(f"{base}/  the leaders' page")
    tell(f"{base}/maps/blind-spots  sign in as {sign_in.name} with {sign_in.password}")
    tell(f"{base}/v1/locate?lon=120.265&lat=31.99")
    tell(f"{base}/ogc/collections/load/items")
    run(settings, host, port, sign_in)


def _forced(plan: Plan) -> int:
    """Count the grids farther off than any that a border could help."""
    off = plan.deviations().abs()
    return int((off > plan.scores["max_deviation_unforced"] + 1e-9).sum())


def _sample(output: Path, scale: float, town: bool) -> Path:
    """Give the folder of the sample: the shipped town, or a city made where it is missing."""
    if town and _TOWN.is_dir():
        return _TOWN
    folder = output / "sample"
    with bar("Making the sample"):
        write_town(folder, "321282401", 0) if town else write_city(folder, scale, 0)
    return folder


def _draw(gallery: Gallery, output: Path, told: Told) -> int:
    """Write every map in both languages, every public layer, and the pages that lead to them."""
    (output / "maps").mkdir(parents=True, exist_ok=True)
    (output / "layers").mkdir(exist_ok=True)
    layers = gallery.some(gallery.names("internal"), "internal")
    jobs = [(kind, lang) for kind, one in KINDS.items() if one.needs in layers for lang in LANGS]
    for done, (kind, lang) in enumerate(jobs):
        told(done / len(jobs), kind)
        write_text(draw(kind, layers, lang), output / "maps" / f"{kind}.{lang}.html")
    public = gallery.some(gallery.names())
    for name, layer in public.items():
        write_layer(layer, output / "layers" / f"{name}.geojson")
    for lang in LANGS:
        page = contents_page(dict.fromkeys(kind for kind, _ in jobs), public, lang)
        write_text(page, output / ("index.html" if lang == "zh" else "index.en.html"))
    return len(jobs)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
