"""Commands that show what was found: maps and published layers."""

from typing import Annotated

import typer

from gridgeo import wiring
from gridgeo.cli import options as given
from gridgeo.cli.say import bar, tell
from gridgeo.errors import DisclosureError, ParameterError
from gridgeo.model.files import write_text
from gridgeo.render.files import write_layer
from gridgeo.render.kinds import KINDS, draw
from gridgeo.services.about import About
from gridgeo.services.layers import layers_of_map
from gridgeo.services.published import Gallery
from gridgeo.settings import Settings
from gridgeo.words import LANGS


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("map")(map_)
    app.command()(export)


def map_(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.")],
    output: given.Output,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    load: given.Load = None,
    as_of: given.AsOf = None,
    standard: given.Standard = None,
    band: given.Band = None,
    tiles: Annotated[
        str | None, typer.Option(help="Address of base map tiles with {z}, {x}, {y}; default none.")
    ] = None,
    grids: given.Grids = None,
    units: given.Units = None,
    households: given.Households = None,
    villages: given.Villages = None,
    towns: given.Towns = None,
    stations: given.Stations = None,
    streets: given.Streets = None,
    workers: given.Workers = None,
    appointments: given.Appointments = None,
    incidents: given.Incidents = None,
    dispatches: given.Dispatches = None,
    visits: given.Visits = None,
    rosters: given.Rosters = None,
    fixes: given.Fixes = None,
    patrols: given.Patrols = None,
    folder: given.Folder = None,
    crs: given.Crs = None,
) -> None:
    """Draw a map as one page that opens without a network.

    Without files it shows what the store has published.

    Example: gridgeo map load --grids plan.gpkg --load load -o plan.html
    """
    settings = Settings()
    if kind not in KINDS:
        raise ParameterError(
            f"There is no map {kind!r}; there are {', '.join(KINDS)}.", fields=["kind"]
        )
    if output.suffix.lower() not in (".html", ".htm"):
        raise ParameterError(
            f"A map is written as .html; {output.name} was asked for.", fields=["output"]
        )
    if lang not in LANGS:
        raise ParameterError(f"lang is {lang!r}; zh or en is needed.", fields=["lang"])
    files = {
        "grids": grids,
        "units": units,
        "households": households,
        "villages": villages,
        "towns": towns,
        "stations": stations,
        "streets": streets,
        "workers": workers,
        "appointments": appointments,
        "incidents": incidents,
        "dispatches": dispatches,
        "visits": visits,
        "rosters": rosters,
        "fixes": fixes,
        "patrols": patrols,
    }
    with bar("Drawing"):
        if folder is None and not any(files.values()):
            with wiring.reading(settings) as store:
                gallery = Gallery(store)
                one = KINDS[kind]
                layers = {one.needs: gallery.layer(one.needs, "internal")}
                layers |= gallery.some(one.takes, "internal")
        else:
            about = About(
                given.day(as_of, settings),
                standards=given.standards_of(standard, settings, band),
                zone=settings.zone,
            )
            with given.source_of(files, folder, crs, load) as source:
                layers = layers_of_map(kind, source, about, load)
                given.report_refused(source)
        write_text(draw(kind, layers, lang, tiles), output)
    tell(f"{output}: one page, nothing to install; it opens without a network")


def export(
    layer: Annotated[str, typer.Argument(help="A published layer, such as grids or load.")],
    output: given.Output,
) -> None:
    """Write a published layer; households are refused.

    Example: gridgeo export load -o load.geojson
    """
    if layer in ("households", "visits", "incidents", "workers", "appointments"):
        raise DisclosureError(
            f"{layer} tell of single people and are never exported.",
            hint="Export grids, load, incident-cells or blind-spots.",
            fields=["layer"],
        )
    with wiring.reading(Settings()) as store:
        found = Gallery(store).layer(layer, "internal")
    write_layer(found, output)
    tell(f"{output}: {len(found.features):,} features; {found.disclosure}, k = {found.k}")
    for note in found.notes("en"):
        tell(f"  {note}")
