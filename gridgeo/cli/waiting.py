"""The command that lists the incidents without an answer."""

from typing import Annotated

import pandas as pd
import typer

from gridgeo.cli import options as given
from gridgeo.cli.say import bar, table, tell
from gridgeo.model.files import require_format, write_frame
from gridgeo.services.waiting import waiting as list_waiting
from gridgeo.settings import Settings

_MOST = 20
_STRAYS = {
    "closed-before-report": "incidents were closed before they were reported; mend them",
    "closed-unknown-when": "incidents are closed, nobody says when; they are not listed",
}


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(waiting)


def waiting(
    output: given.Output,
    department: Annotated[str | None, typer.Option(help="Only of this department.")] = None,
    grid: Annotated[str | None, typer.Option(help="Only of this grid.")] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only those past the limit of their class.")
    ] = False,
    as_of: given.AsOf = None,
    grids: given.Grids = None,
    incidents: given.Incidents = None,
    folder: given.Folder = None,
    crs: given.Crs = None,
) -> None:
    """List the incidents without an answer, the longest past their limit first.

    The clock stands where the day begins. The list names incidents: it is for those who handle
    them, and stays in the house.

    Example: gridgeo waiting --from data/samples/town --as-of 2026-07-01 --overdue -o waiting.csv
    """
    settings = Settings()
    require_format(output)
    files = {"grids": grids, "incidents": incidents}
    day = given.day(as_of, settings)
    with bar("Waiting"), given.source_of(files, folder, crs) as source:
        found = list_waiting(source, day, settings.zone, department, grid, overdue)
        given.report_refused(source)
    write_frame(found.rows, output)
    for by, title, head in (
        ("department", "By department", "department 部门"),
        ("grid_code", "By grid", "grid 网格"),
    ):
        told = found.counts(by)
        rows = [_line(str(name), one) for name, one in told.head(_MOST).iterrows()]
        heads = [head, "waiting 待反馈", "past limit 逾期", "longest, h 最长逾期小时"]
        table(title, heads, rows)
        if len(told) > _MOST:
            tell(f"… and {len(told) - _MOST:,} more; all are in the file")
    past = int((found.rows["overdue_h"] > 0).sum())
    tell(f"{output}: {len(found.rows):,} incidents wait, {past:,} past their limit, as of {day}")
    for reason, n in found.strays.items():
        tell(f"{n:,} {_STRAYS[reason]}")


def _line(name: str, one: pd.Series) -> list[str]:
    longest = "–" if pd.isna(one["longest_h"]) else f"{one['longest_h']:,.0f}"
    whose = "–" if name == "nan" else name
    return [whose, f"{one['waiting']:,.0f}", f"{one['past_limit']:,.0f}", longest]
