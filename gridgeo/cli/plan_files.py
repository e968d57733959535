"""Commands of ``gridgeo plan`` on files: score a plan, compare two, mend one, choose a number."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from gridgeo.cli import options as given
from gridgeo.cli.say import bar, next_step, table, tell
from gridgeo.errors import ParameterError
from gridgeo.model.files import write_frame
from gridgeo.services import plan_files
from gridgeo.services.planning_files import units_of, weights_of

Units = Annotated[Path, typer.Argument(help="File of base units.")]
Load = Annotated[
    list[str] | None,
    typer.Option(
        "--load",
        help="Column of what each unit weighs; default households. May be said several times, "
        "with weights: planned=0.5.",
    ),
]
Targets = Annotated[
    Path | None, typer.Option("--targets", help="CSV: grid, relative target such as workers.")
]
Tolerance = Annotated[float, typer.Option("--tolerance", help="Deviation that is still balanced.")]
Region = Annotated[str | None, typer.Option("--region", help="Column no grid should cross.")]
# The longest tables a screen is for; files have all rows.
ROWS = 20
COUNTS = ("over_tolerance", "noncontiguous", "cut_edges", "region_crossings")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (judge, diff, moves):
        app.command()(command)
    app.command("choose-k")(choose_k)


def judge(
    units: Units,
    plan: Annotated[
        str, typer.Option("--plan", help="Column with the grid of each unit, or a file with it.")
    ],
    load: Load = None,
    targets: Targets = None,
    tolerance: Tolerance = 0.05,
    current: Annotated[
        str | None, typer.Option(help="Column of today's grid, to tell who would move.")
    ] = None,
    region: Region = None,
    band: Annotated[
        str | None, typer.Option("--band", help="Load a grid should have, as in 300-500.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File for the grids with their figures.")
    ] = None,
    crs: given.Crs = None,
) -> None:
    """Score a plan that exists, as it is: today's, a drawing, one from a file.

    Example: gridgeo plan judge units.gpkg --load households --plan grid_code -o grids.gpkg
    """
    weights = weights_of(load or ["households"])
    ends = None if band is None else _band(band)
    with bar("Judging"):
        frame = units_of(units, list(weights), crs)
        made = plan_files.judge_file(
            frame,
            weights,
            plan,
            targets=targets,
            tolerance=tolerance,
            current=current,
            region=region,
        )
        grids = plan_files.grids_of(made)
        if output is not None:
            write_frame(grids, output)
    left_out = {"seconds"} | ({"moved_load_share"} if current is None else set())
    rows = [
        [name, _figure(name, value)]
        for name, value in made.scores.items()
        if name not in left_out and not pd.isna(value)
    ]
    rows.append(["reock", f"{grids['reock'].mean():,.4f}"])
    if ends is not None:
        rows.append([f"share in {band}", f"{made.share_in_band(*ends):.4f}"])
    table("The plan", ["score", "value"], rows)
    for forced in _rows(made.forced):
        tell(f"forced: {forced.kind} {forced.id}: {forced.reason} ({forced.bound:.1%} at best)")
    if len(made.broken):
        named = [f"{grid} ({pieces} pieces)" for grid, pieces in made.broken.items()]
        tell(f"{len(named):,} grids are not one piece: {', '.join(named[:ROWS])}{_more(named)}")
    if current is not None:
        tell(f"{len(made.moved):,} units would change their grid.")
    where = "" if output is None else f"{output}: "
    tell(f"{where}{len(made.assignment):,} units in {len(made.targets):,} grids")
    if made.scores["over_tolerance"]:
        next_step(
            f"gridgeo plan moves {units} {_said(load)}--current {plan} --tolerance {tolerance:g}"
        )


def diff(
    before: Annotated[str, typer.Argument(help="File of the first plan, or a column.")],
    after: Annotated[str, typer.Argument(help="File of the second plan, or a column.")],
    units: Annotated[Path, typer.Option("--units", help="File of base units.")],
    load: Load = None,
    match: Annotated[
        bool, typer.Option("--match", help="Name grids first after those they share most with.")
    ] = False,
    tolerance: Tolerance = 0.05,
    region: Region = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File for the borders (.csv, .xlsx) or the units that change."
        ),
    ] = None,
    crs: given.Crs = None,
) -> None:
    """Compare two plans of the same units, border by border.

    Example: gridgeo plan diff grid_code plan.gpkg --units units.gpkg -o changes.gpkg
    """
    weights = weights_of(load or ["households"])
    with bar("Comparing"):
        frame = units_of(units, list(weights), crs)
        found = plan_files.compare_files(
            frame, weights, before, after, match=match, tolerance=tolerance, region=region
        )
        if output is not None:
            borders = output.suffix.lower() in {".csv", ".xlsx"}
            rows = found.borders.rename_axis("border") if borders else None
            write_frame(plan_files.units_that_differ(found) if rows is None else rows, output)
    told = found.scores.dropna(how="all").drop(index=["seconds", "moved_load_share"])
    table(
        "The plans",
        ["score", "before", "after", "change"],
        [
            [
                str(row.Index),
                _figure(row.Index, row.before),
                _figure(row.Index, row.after),
                f"{row.change:+,.4g}",
            ]
            for row in _rows(told)
        ],
    )
    if not found.empty:
        # Ids are long: on a screen households stand only where they are not the load.
        same = found.borders["households"].eq(found.borders["load"]).all()
        named = "households" in frame.columns and not same
        heads = ["from", "to", "units", "load", *(["households"] if named else []), "m before"]
        rows_told = [
            [
                str(row.from_grid),
                str(row.to_grid),
                f"{row.units:,}",
                f"{row.load:,.6g}",
                *([_number(row.households)] if named else []),
                _number(row.distance_before_m),
                _number(row.distance_after_m),
            ]
            for row in _rows(found.borders.head(ROWS))
        ]
        table("Borders, and how far the centre of the grid is", [*heads, "m after"], rows_told)
    share = len(found.moved) / len(frame)
    total = found.after.load.sum()
    load_share = found.borders["load"].sum() / total if total > 0 else 0.0
    tell(
        f"{len(found.moved):,} units ({load_share:.1%} of the load) change their grid over "
        f"{len(found.borders):,} borders; {len(found.grids):,} grids change."
    )
    if output is not None:
        tell(f"{output}: written")
    if not match and share > 0.5:
        next_step("the same with --match, if the grids are only named differently")


def moves(
    units: Units,
    current: Annotated[
        str, typer.Option("--current", help="Column with today's grid of each unit, or a file.")
    ],
    load: Load = None,
    moves: Annotated[int, typer.Option("--moves", min=1, help="Most moves to name.")] = 3,
    targets: Targets = None,
    tolerance: Tolerance = 0.05,
    region: Region = None,
    locked: Annotated[
        Path | None, typer.Option(help="CSV of grids that neither give nor take units.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File for the units that move.")
    ] = None,
    crs: given.Crs = None,
) -> None:
    """Name the few border moves that help a plan most, in the order to make them.

    Example: gridgeo plan moves units.gpkg --load households --current grid_code -o moves.gpkg
    """
    weights = weights_of(load or ["households"])
    with bar("Looking for moves"):
        frame = units_of(units, list(weights), crs)
        found = plan_files.moves_file(
            frame,
            weights,
            current,
            moves=moves,
            targets=targets,
            tolerance=tolerance,
            region=region,
            locked=locked,
        )
        if output is not None and len(found):
            write_frame(plan_files.units_of_moves(frame, found), output)
    balanced = (
        f"gridgeo balance {units} {_said(load)}--current {current} --tolerance {tolerance:g} "
        "-o plan.gpkg"
    )
    if found.empty:
        tell("No single move brings the plan nearer to its tolerance.")
        if current in frame.columns:
            next_step(balanced)
        return
    rows = [
        [
            f"{number}",
            str(row.from_grid),
            str(row.to_grid),
            f"{len(row.units):,}",
            f"{row.load:,.6g}",
            f"{row.max_deviation_after:.1%}",
        ]
        for number, row in enumerate(_rows(found), 1)
    ]
    table("Moves", ["move", "from", "to", "units", "load", "largest deviation"], rows)
    for number, row in enumerate(_rows(found), 1):
        ids = [str(unit) for unit in row.units]
        tell(
            f"{number}: {row.from_grid} from {row.from_deviation_before:+.1%} to "
            f"{row.from_deviation_after:+.1%}, {row.to_grid} from {row.to_deviation_before:+.1%} "
            f"to {row.to_deviation_after:+.1%}: {', '.join(ids[:ROWS])}{_more(ids)}"
        )
    first, last = found["excess_before"].iloc[0], found["excess_after"].iloc[-1]
    tell(f"Deviation beyond {tolerance:.0%}, over all grids: {first:.1%} before, {last:.1%} after.")
    if output is not None:
        tell(f"{output}: {found['units'].map(len).sum():,} units")
    if last > 0 and current in frame.columns:
        next_step(balanced)


def choose_k(
    units: Units,
    band: Annotated[str, typer.Option("--band", help="Load a grid should have, as in 300-500.")],
    load: Load = None,
    region: Region = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File for the regions.")
    ] = None,
    crs: given.Crs = None,
) -> None:
    """Say how many grids hold a band of households, by region and in all.

    Example: gridgeo plan choose-k units.gpkg --load households --band 300-500 --region village_code
    """
    weights = weights_of(load or ["households"])
    with bar("Counting"):
        frame = units_of(units, list(weights), crs)
        choice = plan_files.choose_file(frame, weights, _band(band), region)
        if output is not None:
            write_frame(choice.regions, output)
    regions = choice.regions
    worst = regions.loc[regions["off"].abs().sort_values(ascending=False, kind="stable").index]
    rows = [
        [
            str(row.Index),
            f"{row.load:,.6g}",
            "" if pd.isna(row.fewest) else f"{row.fewest}–{row.most}",
            f"{row.grids:,}",
            f"{row.mean_load:,.1f}",
            "in band" if row.off == 0 else f"{row.off:+.1%}",
        ]
        for row in _rows(worst.head(ROWS))
    ]
    heads = [region or "region", "load", "grids that fit", "recommended", "mean load", "off band"]
    table("Regions", heads, rows)
    if len(regions) > ROWS:
        tell(f"… {len(regions) - ROWS:,} more regions, none farther off the band")
    if len(choice.misfits):
        named = [f"{one} ({off:+.1%})" for one, off in choice.misfits.items()]
        tell(f"No number fits in {len(named):,}: {', '.join(named[:ROWS])}{_more(named)}")
    if choice.fewest is not None:
        tell(f"In all, {choice.fewest:,} to {choice.most:,} grids have a mean in the band.")
    row = choice.table.loc[choice.k]
    tell(
        f"Recommended: {choice.k:,} grids of {row.mean_load:,.1f} on average; "
        f"{row.in_band_share:.0%} of them in regions whose mean is in the band."
    )
    if output is not None:
        tell(f"{output}: {len(regions):,} regions")
    inside = "" if region is None else f" --region {region}"
    next_step(f"gridgeo balance {units} {_said(load)}--k {choice.k}{inside} -o plan.gpkg")


def _band(said: str) -> tuple[float, float]:
    low, _, high = said.partition("-")
    numbers = pd.to_numeric(pd.Series([low, high]), errors="coerce")
    if numbers.isna().any():
        raise ParameterError(
            f"{said!r} is no band; one such as 300-500 households is needed.", fields=["band"]
        )
    return float(numbers[0]), float(numbers[1])


def _rows(frame: pd.DataFrame) -> list[Any]:
    """Give the rows with their columns by name."""
    return list(frame.itertuples())


def _said(load: list[str] | None) -> str:
    return "".join(f"--load {one} " for one in load or [])


def _more(names: list[str]) -> str:
    return f" and {len(names) - ROWS:,} more" if len(names) > ROWS else ""


def _number(value: float) -> str:
    return "" if pd.isna(value) else f"{value:,.0f}"


def _figure(name: str, value: float) -> str:
    if pd.isna(value):
        return ""
    return f"{value:,.0f}" if name in COUNTS else f"{value:,.4f}"
