"""Options that several commands share, and what becomes of them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from gridgeo import wiring
from gridgeo.cli.say import err
from gridgeo.errors import ParameterError
from gridgeo.services.sources import Files, Source, files_of_layers
from gridgeo.services.standards import SizeBands, Standards
from gridgeo.settings import Settings

Output = Annotated[Path, typer.Option("--output", "-o", help="File to write.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="Day told about, such as 2026-07-01; default today.")
]
Crs = Annotated[
    int | None, typer.Option("--crs", help="EPSG code of files that do not say theirs.")
]
Folder = Annotated[
    Path | None,
    typer.Option("--from", help="Folder with files named after their layers, such as grids.gpkg."),
]

Load = Annotated[
    str | None, typer.Option("--load", help="Column of the grids that holds their households.")
]
Standard = Annotated[
    list[str] | None,
    typer.Option(
        "--standard",
        help="What covered means: 500m or 10min to a station in a straight line, 500m-walk or "
        "10min-walk along streets, 0.5places there for each person, 90d since the last visit, "
        "2/d valid patrols of a grid, 50%-of-streets walked in a week, "
        "80%-in-time of incidents, 100m-seam to a border, leader-is-worker, leader-is-full-time. "
        "May be said several times.",
    ),
]
Band = Annotated[
    str | None, typer.Option("--band", help="Households a grid should have, such as 300-500.")
]


def _file(layer: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(f"--{layer}", help=f"File of {layer}.")
    return option


Grids = Annotated[Path | None, _file("grids")]
Units = Annotated[Path | None, _file("units")]
Households = Annotated[Path | None, _file("households")]
Villages = Annotated[Path | None, _file("villages")]
Streets = Annotated[Path | None, _file("streets")]
Towns = Annotated[Path | None, _file("towns")]
Stations = Annotated[Path | None, _file("stations")]
Workers = Annotated[Path | None, _file("workers")]
Appointments = Annotated[Path | None, _file("appointments")]
Incidents = Annotated[Path | None, _file("incidents")]
Dispatches = Annotated[Path | None, _file("dispatches")]
Visits = Annotated[Path | None, _file("visits")]
Rosters = Annotated[Path | None, _file("rosters")]
Fixes = Annotated[Path | None, _file("fixes")]
Patrols = Annotated[Path | None, _file("patrols")]

_SUFFIXES = (
    ".geojson",
    ".gpkg",
    ".parquet",
    ".fgb",
    ".shp",
    ".csv",
    ".xlsx",
    ".xls",
    ".ods",
    ".zip",
)


def day(text: str | None, settings: Settings) -> date:
    """Read a day; today in the city's zone where none is given.

    Raises
    ------
    ParameterError
        Not a day such as 2026-01-31.
    """
    if text is None:
        return datetime.now(ZoneInfo(settings.zone)).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ParameterError(
            f"{text!r} is no day; one such as 2026-01-31 is needed.", fields=["as_of"]
        ) from None


@contextmanager
def source_of(
    files: Mapping[str, Path | None],
    folder: Path | None = None,
    crs: int | None = None,
    load: str | None = None,
) -> Iterator[Source]:
    """Give the files that were named, or the store where none was.

    Parameters
    ----------
    files : mapping of layer to path or None
    folder : Path, optional
        Adds the layers whose files lie in it; a file named itself goes before.
    crs : int, optional
        EPSG code of files that do not say theirs.
    load : str, optional
        Column of the grids to keep beside the layer's own.

    Yields
    ------
    Source

    Raises
    ------
    ParameterError
        The folder holds no file of any layer asked for.
    """
    named = {layer: path for layer, path in files.items() if path is not None}
    if folder is not None:
        found = files_of_layers(p for p in folder.glob("*") if p.suffix in _SUFFIXES)
        found = {layer: path for layer, path in found.items() if layer in files}
        if not found:
            raise ParameterError(
                f"{folder.name} holds no file such as {', '.join(f'{n}.gpkg' for n in files)}.",
                hint="Name the files after their layers, or give them one by one.",
                fields=["from"],
            )
        named = found | named
    if named:
        yield Files(named, crs=crs, keep={"grids": (load,)} if load else None)
        return
    with wiring.opened(Settings()) as store:
        yield store


def report_refused(source: Source) -> None:
    """Say which rows of files were refused, so that none is left out in silence."""
    if not isinstance(source, Files):
        return
    for layer, intake in source.intakes.items():
        for note in intake.notes:
            err.print(f"{layer}: {note}", markup=False)
        if intake.rows_rejected:
            err.print(
                f"{layer}: {intake.rows_rejected:,} of {intake.rows_read:,} rows were refused and "
                f"left out. Next: gridgeo import {layer} FILE --dry-run --reject-file rejects.csv",
                style="yellow",
                markup=False,
            )


def standards_of(given: list[str] | None, settings: Settings, band: str | None = None) -> Standards:
    """Read standards such as ``500m``, ``10min`` or ``90d``, and a band such as ``300-500``.

    Minutes are walked at 75 m a minute in a straight line, with ``-walk`` along streets;
    ``2/d`` asks for so many valid patrols a day, ``50%-of-streets`` for that share of the streets
    of a grid to be walked in a week;
    ``0.5places`` asks for half a place at the stations in reach for each person; days are those
    since a household was last met. ``80%-in-time`` asks for that share of incidents to be
    settled within their limit, ``100m-seam`` says how near to a border a seam is looked for.
    ``leader-is-worker`` and ``leader-is-full-time`` let the grid leader count. A band holds for
    all general grids.

    Raises
    ------
    ParameterError
        A standard of another form.
    """
    standards = Standards(reach_within_m=settings.reach_within_m)
    for text in given or []:
        standards = replace(standards, **_standard(text))
    if band is None:
        return standards
    low, _, high = band.partition("-")
    if not (low.isdecimal() and high.isdecimal()):
        raise ParameterError(
            f"{band!r} is no band; one such as 300-500 households is needed.", fields=["band"]
        )
    one = (int(low), int(high))
    return replace(standards, bands=SizeBands(one, one, one))


_SWITCHES = {
    "leader-is-worker": "leader_counts_as_worker",
    "leader-is-full-time": "leader_counts_as_full_time",
}
_PER_DAY = re.compile(r"(\d+)/d", re.ASCII)
_OF_STREETS = re.compile(r"(\d+(?:\.\d+)?)%-of-streets", re.ASCII)
_MEASURE = re.compile(r"(\d+(?:\.\d+)?)(m|min|m-walk|min-walk|places|d|m-seam|%-in-time)", re.ASCII)


def _standard(text: str) -> dict[str, Any]:
    """Read one standard as a field of ``Standards`` and its value."""
    if text in _SWITCHES:
        return {_SWITCHES[text]: True}
    patrols, streets = _PER_DAY.fullmatch(text), _OF_STREETS.fullmatch(text)
    if patrols is not None:
        return {"patrols_per_day": int(patrols[1])}
    if streets is not None and float(streets[1]) <= 100:
        return {"streets_walked_share": float(streets[1]) / 100}
    measure = _MEASURE.fullmatch(text)
    value = 0.0 if measure is None else float(measure[1])
    if measure is not None and measure[2] == "d" and 1 <= value == int(value):
        return {"visit_within_days": int(value)}
    if measure is not None and measure[2] != "d" and 0 < value < float("inf"):
        if measure[2] == "places":
            return {"places_per_person": value}
        if measure[2] == "m-seam":
            return {"seam_within_m": value}
        if measure[2] == "%-in-time" and value <= 100:
            return {"on_time_share": value / 100}
        unit, _, walked = measure[2].partition("-")
        if unit != "%":
            return {
                "reach_within_m": value * 75.0 if unit == "min" else value,
                "reach_by": "streets" if walked else "straight",
            }
    raise ParameterError(
        f"{text!r} is no standard that can be judged; 500m, 10min or 90d is needed.",
        hint="A distance in a straight line, minutes walked at 75 m a minute, either with -walk "
        "for the way along streets, places for each person (0.5places), valid patrols a day "
        "(2/d), streets walked in a week (50%-of-streets), whole days since "
        "the last visit, incidents settled within their limit (80%-in-time), metres to a border "
        f"(100m-seam), or {', '.join(_SWITCHES)}.",
        fields=["standard"],
    )


def pairs(texts: list[str], form: str, example: str, field: str) -> dict[str, str]:
    """Read texts such as ``A=B``.

    Parameters
    ----------
    texts : list of str
    form, example : str
        What each must look like, and one that does.
    field : str
        The option's name.

    Raises
    ------
    ParameterError
        A side is missing.
    """
    found = {}
    for text in texts:
        first, equals, second = text.partition("=")
        if not (first and equals and second):
            raise ParameterError(
                f"{text!r} is not of the form {form}.", hint=f"Such as {example}.", fields=[field]
            )
        found[first] = second
    return found
