"""Commands that answer a question: on files without any database, or on the store."""

from pathlib import Path
from typing import Annotated

import typer

from gridgeo.cli import options as given
from gridgeo.cli.say import bar, next_step, table, tell
from gridgeo.errors import ParameterError
from gridgeo.render.files import write_layer
from gridgeo.services import coverage
from gridgeo.services.about import About
from gridgeo.services.kept import kept
from gridgeo.services.layers import blind_spots_layer, load_layer, staffing_layer
from gridgeo.services.sources import area_of
from gridgeo.settings import Settings
from gridgeo.words import say

_STRAYS = {
    "unknown-grid": "appointments in force name an unknown grid; mend them",
    "unknown-worker": "appointments in force name an unknown worker; mend them",
    "unknown-household": "visits name an unknown household and were not counted; mend them",
    "later-visit": "visits are of a later day and were not counted",
    "patrol-unknown-grid": "patrols name an unknown grid and were not counted; mend them",
    "report-nowhere": "incidents lie in no grid and were not counted",
    "closed-before-report": "incidents were closed before they were reported; mend them",
    "closed-unknown-when": "incidents are closed, nobody says when; they were not counted",
    "without-limit": "incidents are of a class without a limit and were not judged",
    "unknown-incident": "dispatches name an unknown incident and were not counted; mend them",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("blind-spots")(blind_spots)
    app.command()(staff)


def blind_spots(
    output: given.Output,
    kinds: Annotated[
        list[str] | None, typer.Argument(help="Kinds to look for; default all.")
    ] = None,
    as_of: given.AsOf = None,
    standard: given.Standard = None,
    band: given.Band = None,
    load: given.Load = None,
    grids: given.Grids = None,
    units: given.Units = None,
    households: given.Households = None,
    villages: given.Villages = None,
    towns: given.Towns = None,
    stations: given.Stations = None,
    streets: given.Streets = None,
    workers: given.Workers = None,
    appointments: given.Appointments = None,
    visits: given.Visits = None,
    rosters: given.Rosters = None,
    fixes: given.Fixes = None,
    patrols: given.Patrols = None,
    incidents: given.Incidents = None,
    dispatches: given.Dispatches = None,
    jurisdiction: Annotated[
        Path | None, typer.Option(help="File with the area the grids are to cover.")
    ] = None,
    folder: given.Folder = None,
    crs: given.Crs = None,
) -> None:
    """Find who and what is left out; households leave only as cells of at least five.

    Example: gridgeo blind-spots --from data/samples/town --as-of 2026-07-01 -o blind-spots.geojson
    """
    settings = Settings()
    wanted = kinds or []
    unknown = [kind for kind in wanted if kind not in coverage.KINDS]
    if unknown:
        raise ParameterError(
            f"{', '.join(unknown)}: no such kind; there are {', '.join(coverage.KINDS)}.",
            fields=["kind"],
        )
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
        "visits": visits,
        "rosters": rosters,
        "fixes": fixes,
        "patrols": patrols,
        "incidents": incidents,
        "dispatches": dispatches,
    }
    day = given.day(as_of, settings)
    standards = given.standards_of(standard, settings, band)
    with bar("Blind spots"), given.source_of(files, folder, crs, load) as origin:
        area = None if jurisdiction is None else area_of(jurisdiction, crs)
        source = kept(origin)
        found = coverage.blind_spots(source, day, standards, area, load, settings.zone)
        found = coverage.only(found, wanted)
        about = About(day, standards=standards)
        layer = blind_spots_layer(found, about, told=load_layer(source, about, "internal", load))
        write_layer(layer, output)
        given.report_refused(origin)
    rows = [[kind, say(kind, "zh"), n] for kind, n in coverage.told_counts(found).items()]
    table("Blind spots", ["kind", "类型", "found"], rows)
    for kind, missing in found.not_judged.items():
        tell(f"not judged: {kind} (needs {missing})")
    for kind, n in found.not_judgeable.items():
        tell(f"not judgeable: {kind} in {n:,} grids (too few incidents to tell)")
    for reason, n in found.strays.items():
        tell(f"{n:,} {_STRAYS[reason]}")
    if found.on_border:
        tell(f"{found.on_border:,} households lie on a border: no fault, the lower code has them")
    for note in layer.notes("en"):
        tell(note)
    tell(f"{output}: {len(layer.features):,} features")
    next_step("the same files with `gridgeo map blind-spots … -o blind-spots.html`")


def staff(
    output: given.Output,
    workers: Annotated[int, typer.Option(min=1, help="How many workers there are.")],
    grids: Annotated[
        Path | None, typer.Argument(help="File of grids; default: the store's.")
    ] = None,
    load: given.Load = None,
    households: given.Households = None,
    units: given.Units = None,
    as_of: given.AsOf = None,
    crs: given.Crs = None,
) -> None:
    """Place workers so that the greatest load per worker is least; borders stay.

    Example: gridgeo staff grids.geojson --load households --workers 120 -o staff.csv
    """
    files = {"grids": grids, "households": households, "units": units}
    with given.source_of(files, None, crs, load) as source:
        layer = staffing_layer(source, About(given.day(as_of, Settings())), workers, load)
        given.report_refused(source)
    write_layer(layer, output)
    tell(
        f"{output}: {workers:,} workers in {len(layer.features):,} grids, at most "
        f"{layer.features['load_per_worker'].max():,.1f} households per worker"
    )
    for note in layer.notes("en"):
        tell(note)
