"""The command that proposes how borders with gaps and overlaps be mended."""

from pathlib import Path
from typing import Annotated

import typer

from gridgeo.cli import options as given
from gridgeo.cli.say import bar, next_step, table, tell
from gridgeo.model.files import require_format, write_frame, write_layers
from gridgeo.services.repairs import LOOK_ABOVE_M2, only_new_files, repairs
from gridgeo.services.sources import area_of
from gridgeo.settings import Settings
from gridgeo.words import say

_SHOWN = 12  # proposals on the screen; the file has all of them


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(repair)


def repair(
    output: given.Output,
    grids: Annotated[
        Path | None, typer.Argument(help="File of grids; default: the store's.")
    ] = None,
    villages: given.Villages = None,
    towns: given.Towns = None,
    jurisdiction: Annotated[
        Path | None, typer.Option(help="File with the area the grids are to cover.")
    ] = None,
    proposals: Annotated[
        Path | None, typer.Option(help="File for the table of proposals, such as proposals.csv.")
    ] = None,
    min_area: Annotated[
        float, typer.Option(help="Square metres: faults up to this area are noise.")
    ] = 1.0,
    look_above: Annotated[
        float,
        typer.Option(help="Square metres: larger places are marked, as a hole may be a lake."),
    ] = LOOK_ABOVE_M2,
    as_of: given.AsOf = None,
    crs: given.Crs = None,
) -> None:
    """Propose which grid shall have each gap, overlap and sliver; the store stays as it is.

    A place goes to the grid with the longest common border, never across a village border.

    Example: gridgeo repair grids.geojson --villages villages.geojson -o repaired.gpkg
    --proposals proposals.csv
    """
    require_format(output)
    if proposals is not None:
        require_format(proposals)
    only_new_files(output, proposals)
    day = given.day(as_of, Settings())
    files = {"grids": grids, "villages": villages, "towns": towns}
    with bar("Repairs"), given.source_of(files, crs=crs) as source:
        area = None if jurisdiction is None else area_of(jurisdiction, crs)
        mended = repairs(source, day, area, min_area, look_above)
        write_layers({"grids": mended.grids}, output)
        if proposals is not None:
            write_frame(mended.proposals, proposals)
        given.report_refused(source)
    rows = [
        [kind, say(kind, "zh"), f"{n:,}", f"{mended.left[kind]:,}"]
        for kind, n in mended.found.items()
    ]
    table("Faults of the borders", ["kind", "类型", "found", "left after repair"], rows)
    shown = mended.proposals.head(_SHOWN)
    lines = [
        [row.kind, f"{row.area_m2:,.2f}", row.to_grid if row.repaired else row.grids,
         "look" if row.look else "", row.reason_en]
        for row in shown.fillna({"to_grid": ""}).itertuples()
    ]  # fmt: skip
    if lines:
        table("Proposals", ["kind", "m²", "to", "", "why"], lines)
    if len(mended.proposals) > len(shown):
        tell(f"and {len(mended.proposals) - len(shown):,} more")
    unrepaired = int((~mended.proposals["repaired"]).sum())
    if unrepaired:
        tell(f"{unrepaired:,} places could not be repaired; the reason stands beside each")
    tell(f"{output}: {len(mended.grids):,} grids as they would be; nothing is in force by it")
    if not len(mended.proposals):
        next_step("nothing: every place is in exactly one grid")
    elif proposals is None:
        next_step("the same with --proposals proposals.csv, to look at each of them")
    else:
        look = int(mended.proposals["look"].sum())
        which = f"places marked look ({look:,})" if look else "the proposals"
        next_step(
            f"look at {which} in {proposals.name}; where they are right, "
            f"`gridgeo import grids {output.name}`"
        )
