"""Commands that answer a question: on files without any database, or on the store."""

from pathlib import Path
from typing import Annotated

import typer

from gridgeo.cli import options as given
from gridgeo.cli.say import bar, next_step, table, tell
from gridgeo.errors import ParameterError
from gridgeo.model.files import write_frame
from gridgeo.render.files import write_layer
from gridgeo.services import coverage
from gridgeo.services.about import About
from gridgeo.services.kept import kept
from gridgeo.services.layers import (
    blind_spots_layer,
    load_layer,
    proposed_layer,
    staffing_layer,
)
from gridgeo.services.locate import assign_files
from gridgeo.services.planning_files import balance_file, units_of
from gridgeo.services.plans import propose, without_loads
from gridgeo.services.sources import area_of
from gridgeo.settings import Settings
from gridgeo.words import say

_STRAYS = {
    "unknown-grid": "appointments in force name an unknown grid; mend them",
    "unknown-worker": "appointments in force name an unknown worker; mend them",
    "unknown-household": "visits name an unknown household and were not counted; mend them",
    "later-visit": "visits are of a later day and were not counted",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(assign)
    app.command("blind-spots")(blind_spots)
    app.command()(balance)
    app.command()(staff)


def assign(
    points: Annotated[Path, typer.Argument(help="File of points.")],
    grids: Annotated[Path, typer.Option("--grids", help="File of grids.")],
    output: given.Output,
    nearest_within: Annotated[
        float | None,
        typer.Option(help="Metres: give a point in no grid to the nearest one so near."),
    ] = None,
    crs: given.Crs = None,
) -> None:
    """Say of every point which grid is responsible.

    Example: gridgeo assign points.csv --grids grids.geojson -o assigned.csv
    """
    with bar("Assigning"):
        answer = assign_files(points, grids, nearest_within, crs)
        write_frame(answer, output)
    ways = answer["how"].value_counts()
    said = ", ".join(f"{n:,} {way}" for way, n in ways.items()) or "no points"
    tell(f"{output}: {len(answer):,} points ({said})")


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
    workers: given.Workers = None,
    appointments: given.Appointments = None,
    visits: given.Visits = None,
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
        "workers": workers,
        "appointments": appointments,
        "visits": visits,
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
    for reason, n in found.strays.items():
        tell(f"{n:,} {_STRAYS[reason]}")
    if found.on_border:
        tell(f"{found.on_border:,} households lie on a border: no fault, the lower code has them")
    for note in layer.notes("en"):
        tell(note)
    tell(f"{output}: {len(layer.features):,} features")
    next_step("the same files with `gridgeo map blind-spots … -o blind-spots.html`")


def balance(
    output: given.Output,
    units: Annotated[
        Path | None, typer.Argument(help="File of base units; default: the store's.")
    ] = None,
    load: Annotated[
        str | None, typer.Option(help="Column of what each unit weighs; default households.")
    ] = None,
    k: Annotated[int | None, typer.Option("--k", help="Number of grids.")] = None,
    targets: Annotated[
        Path | None, typer.Option(help="CSV: grid, relative target such as workers.")
    ] = None,
    tolerance: Annotated[float, typer.Option(help="Deviation that is still balanced.")] = 0.05,
    current: Annotated[str | None, typer.Option(help="Column with today's grid.")] = None,
    region: Annotated[str | None, typer.Option(help="Column no grid may cross.")] = None,
    locked: Annotated[
        Path | None, typer.Option(help="CSV of grids that keep exactly their units.")
    ] = None,
    fixed_borders: Annotated[
        Path | None, typer.Option(help="File of lines no grid may cross.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same plan.")] = 0,
    time_limit: Annotated[float, typer.Option(help="Seconds after which it stops.")] = 60.0,
    crs: given.Crs = None,
) -> None:
    """Propose borders that share the load; nothing is applied.

    Example: gridgeo balance units.gpkg --load households --k 50 -o plan.gpkg
    """
    others = (load, k, targets, current, region, locked, fixed_borders)
    if units is None and any(one is not None for one in others):
        raise ParameterError(
            "Without a file of units the store's plan in force is balanced as it is; only "
            "--tolerance, --seed and --time-limit can be said.",
            hint="Name a file of units for the others.",
            fields=["units"],
        )
    with bar("Balancing") as told:
        if units is None:
            with given.source_of({}) as store:
                day = given.day(None, Settings())
                plan = propose(
                    store,
                    day,
                    tolerance=tolerance,
                    seed=seed,
                    time_limit_s=time_limit,
                    progress=told,
                )
                # Loads of units are often below k: of the store's plan only grids tell theirs.
                if output.suffix.lower() == ".csv":
                    write_frame(without_loads(plan), output)
                else:
                    write_layer(proposed_layer(plan, store, About(day), "internal"), output)
        else:
            column = load or "households"
            plan = balance_file(
                units_of(units, column, crs),
                column,
                k=k,
                targets=targets,
                current=current,
                region=region,
                locked=locked,
                fixed_borders=fixed_borders,
                tolerance=tolerance,
                seed=seed,
                time_limit_s=time_limit,
                progress=told,
            )
            plan.to_file(output)
    rows = [[name, _figure(value)] for name, value in plan.scores.items()]
    table("The plan", ["score", "value"], rows)
    for forced in plan.forced.itertuples():
        tell(f"forced: {forced.kind} {forced.id}: {forced.reason} ({forced.bound:.1%} at best)")
    if plan.stopped:
        tell(f"The search was cut short ({plan.stopped}); the plan is whole all the same.")
    if len(plan.moved):
        tell(f"{len(plan.moved):,} units would change their grid.")
    tell(f"{output}: {len(plan.assignment):,} units in {len(plan.targets):,} grids")
    if output.suffix == ".gpkg" and units is not None:
        next_step(f"gridgeo map load --grids {output} --load load -o plan.html")


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


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
