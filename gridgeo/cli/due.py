"""The command that makes a worker's list of calls."""

from typing import Annotated

import typer

from gridgeo.cli import options as given
from gridgeo.cli.say import bar, table, tell
from gridgeo.errors import ParameterError
from gridgeo.services.due import calls_of, require_list_file, write_calls
from gridgeo.settings import Settings
from gridgeo.words import LANGS

_COUNTED = {
    "never": ("从未走访", "never visited"),
    "overdue": ("逾期", "overdue"),
    "soon": ("即将到期", "due soon"),
    "contacted": ("近期已走访,暂不打扰", "withheld: called on lately"),
    "full": ("超出当日户数", "beyond the day's number"),
    "nobody": ("无人负责", "nobody in post to call"),
}


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(due)


def due(
    output: given.Output,
    worker: Annotated[str | None, typer.Option(help="The worker whose list it is.")] = None,
    grid: Annotated[str | None, typer.Option(help="The grid whose workers' list it is.")] = None,
    most: Annotated[int | None, typer.Option(min=1, help="Calls of one worker.")] = None,
    ahead: Annotated[
        int, typer.Option(min=0, help="Days ahead: who will be overdue by then is due already.")
    ] = 7,
    along_streets: Annotated[
        bool, typer.Option("--along-streets", help="Walk along streets, not in a straight line.")
    ] = False,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    as_of: given.AsOf = None,
    standard: given.Standard = None,
    grids: given.Grids = None,
    households: given.Households = None,
    visits: given.Visits = None,
    appointments: given.Appointments = None,
    stations: given.Stations = None,
    streets: given.Streets = None,
    folder: given.Folder = None,
    crs: given.Crs = None,
) -> None:
    """List whom a worker is to call on, in walking order; only ever for one worker or grid.

    Example: gridgeo due --worker W00002 --from data/samples/town --as-of 2026-07-01 -o due.csv
    """
    settings = Settings()
    if lang not in LANGS:
        raise ParameterError(f"lang is {lang!r}; zh or en is needed.", fields=["lang"])
    require_list_file(output)
    files = {
        "grids": grids,
        "households": households,
        "visits": visits,
        "appointments": appointments,
        "stations": stations,
        "streets": streets,
    }
    with bar("Laying out the walk"), given.source_of(files, folder, crs) as source:
        calls = calls_of(
            source,
            given.day(as_of, settings),
            worker,
            grid,
            most,
            ahead,
            along_streets,
            given.standards_of(standard, settings),
            settings.zone,
        )
        given.report_refused(source)
    write_calls(calls, output, "zh" if lang == "zh" else "en")
    table(
        "Calls",
        ["households", "户", "number"],
        [[en, zh, f"{calls.counts[name]:,}"] for name, (zh, en) in _COUNTED.items()],
    )
    way = "along streets" if calls.along_streets else "in a straight line"
    tell(f"{output}: {len(calls.rows):,} calls, {calls.walk_m:,.0f} m to walk {way}")
    whose = f"worker {worker}" if worker is not None else f"the workers of grid {grid}"
    tell(f"It shows where households are: for {whose} alone. Delete it after the calls.")
    tell("名单含住户位置,仅供本人走访使用,不得转发,用后删除。")
