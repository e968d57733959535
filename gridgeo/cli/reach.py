"""Commands about stations: how far they are, what they serve, and where they should stand."""

from pathlib import Path
from typing import Annotated

import typer

from gridgeo.cli import options as given
from gridgeo.cli.say import bar, next_step, tell
from gridgeo.errors import ParameterError
from gridgeo.model.files import write_frame
from gridgeo.model.frames import STATIONS
from gridgeo.render.files import write_layer
from gridgeo.services.about import About
from gridgeo.services.reach_layers import BESIDE_M, service_areas_layer
from gridgeo.services.siting import Sited, sited
from gridgeo.services.sources import Files, need
from gridgeo.services.standards import Standards
from gridgeo.services.ways import reach_rows, told_of_reach
from gridgeo.settings import Settings

Within = Annotated[
    str | None,
    typer.Option(help="How far, such as 500m or 10min; along streets 500m-walk or 10min-walk."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("reach")(reach_)
    app.command()(isochrones)
    app.command("stations")(stations_)


def reach_(
    households: Annotated[Path, typer.Option(help="File of households; it is in your hands.")],
    stations: Annotated[Path, typer.Option(help="File of stations.")],
    output: given.Output,
    streets: given.Streets = None,
    within: Within = None,
    as_of: given.AsOf = None,
    crs: given.Crs = None,
) -> None:
    """Say how far each household of a file is from its nearest station; along streets if given.

    The answer names households: it stays in the house, as the file it comes from.

    Example: gridgeo reach --households homes.csv --stations stations.csv -o reach.csv
    """
    settings = Settings()
    files = {"households": households, "stations": stations, "streets": streets}
    standards = _standards(within, streets, settings)
    with bar("Reach"), given.source_of(files, None, crs) as source:
        rows = reach_rows(source, given.day(as_of, settings), standards)
        write_frame(rows, output)
        given.report_refused(source)
    farther, by_grid = told_of_reach(rows)
    far = f"{farther or 'none'} of them farther than {rows['standard'].iloc[0]}"
    tell(f"{output}: {len(rows):,} households, {far}")
    if by_grid:
        tell(f"{by_grid} known only by their grid: no way begins there")


def isochrones(
    output: given.Output,
    within: Within = None,
    stations: given.Stations = None,
    streets: given.Streets = None,
    beside: Annotated[
        float, typer.Option(min=0, help="Metres beside a street in reach that are drawn, too.")
    ] = BESIDE_M,
    as_of: given.AsOf = None,
    crs: given.Crs = None,
) -> None:
    """Draw what each station serves: along streets, or in circles where none are given.

    Example: gridgeo isochrones --stations stations.csv --streets streets.fgb --within 500m
    -o areas.geojson
    """
    settings = Settings()
    about = About(given.day(as_of, settings), standards=_standards(within, streets, settings))
    files = {"stations": stations, "streets": streets}
    with bar("Service areas"), given.source_of(files, None, crs) as source:
        layer = service_areas_layer(source, about, beside)
        write_layer(layer, output)
        given.report_refused(source)
    tell(f"{output}: the areas of {len(layer.features):,} stations")
    empty = int(layer.features.geometry.is_empty.sum())
    if empty:
        tell(f"{empty:,} of them are farther from any street than that, and serve nothing")


def stations_(
    output: given.Output,
    candidates: Annotated[Path, typer.Option(help="File of places where a station may stand.")],
    fewest: Annotated[
        str | None,
        typer.Option(help="The fewest stations from which everybody is so near, such as 500m."),
    ] = None,
    best: Annotated[
        int | None,
        typer.Option(min=0, help="So many stations in all, those that reach most persons."),
    ] = None,
    within: Within = None,
    households: given.Households = None,
    stations: Annotated[
        Path | None, typer.Option(help="File of stations that stay; default: the store's.")
    ] = None,
    streets: given.Streets = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="No station of the store need stay.")
    ] = False,
    gap: Annotated[
        float, typer.Option(min=0, help="Stop when no choice can be better by this share.")
    ] = 1e-3,
    time_limit: Annotated[float, typer.Option(min=0, help="Seconds for the proof.")] = 60.0,
    as_of: given.AsOf = None,
    crs: given.Crs = None,
) -> None:
    """Choose where stations should stand, and prove how good the choice is.

    Example: gridgeo stations --best 12 --within 500m-walk --candidates places.csv
    --households homes.csv --streets streets.fgb -o stations.geojson
    """
    if (fewest is None) == (best is None):
        raise ParameterError(
            "Either --fewest 500m or --best 12 --within 500m is needed.", fields=["fewest", "best"]
        )
    if fewest is not None and within is not None:
        raise ParameterError(
            "--fewest says how far already; leave --within out.", fields=["within"]
        )
    settings = Settings()
    standards = _standards(fewest or within, streets, settings)
    about = About(given.day(as_of, settings), standards=standards)
    places = Files({"stations": candidates}, crs=crs)
    files = {"households": households, "stations": stations, "streets": streets}
    with bar("Stations"), given.source_of(files, None, crs) as source:
        spots = need(places, STATIONS)
        found = sited(source, spots, about, best, keep=not anew, gap=gap, time_limit_s=time_limit)
        write_layer(found.layer, output)
        given.report_refused(source)
        given.report_refused(places)
    _tell(found, output, asked=best)


def _tell(found: Sited, output: Path, asked: int | None) -> None:
    """Say what was chosen, whom it reaches, and what is proven."""
    siting = found.siting
    total, reached = found.about(found.persons), found.about(siting.reached)
    share = f" ({reached / total:.1%})" if total else ""
    new = len(siting.chosen) - found.stays
    tell(f"{output}: {found.stays + new:,} stations, {new:,} of them new")
    tell(f"  they reach about {reached:,} of {total:,} persons{share}")
    bound = round(siting.bound) if asked is None else found.about(siting.bound)
    if siting.optimal:
        tell("  proven: no choice is better")
    elif asked is None:
        tell(f"  proven: at least {bound:,} are needed (gap {siting.gap:.2%})")
    else:
        tell(f"  proven: no choice reaches more than about {bound:,} (gap {siting.gap:.2%})")
    if found.unreachable:
        tell(f"  {found.unreachable} households are too far from every place; add places for them")
    for note in found.layer.notes("en"):
        tell(f"  {note}")
    next_step(f"look at {output.name}, then `gridgeo isochrones --stations {output.name} …`")


def _standards(within: str | None, streets: Path | None, settings: Settings) -> Standards:
    """Read how far; who gives a file of streets means the way along them."""
    text = within
    if text is not None and streets is not None and not text.endswith("-walk"):
        text = f"{text}-walk"
    standards = given.standards_of(None if text is None else [text], settings)
    if text is not None and text.removesuffix("-walk")[-1:] not in ("m", "n"):
        raise ParameterError(
            f"{within!r} is no distance; 500m or 10min is needed.", fields=["within"]
        )
    if text is None and streets is not None:
        return Standards(reach_within_m=standards.reach_within_m, reach_by="streets")
    return standards
