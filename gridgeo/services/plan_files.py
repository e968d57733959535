"""Plans that exist, in files: judged, compared, mended by a few moves, and how many grids at all.

Here ids of grids are text, so that files and columns of every type can be held side by side.
"""

from pathlib import Path

import geopandas as gpd
import pandas as pd

from gridgeo.analysis.balance import (
    Choice,
    Difference,
    UnitGraph,
    best_moves,
    choose_k,
    difference,
    judge,
)
from gridgeo.analysis.balance.inputs import Load
from gridgeo.errors import ParameterError
from gridgeo.ingest.plan_file import read_plan
from gridgeo.model.plan import Plan
from gridgeo.services.planning_files import ids_of, targets_of


def judge_file(
    units: gpd.GeoDataFrame,
    load: Load,
    plan: str,
    *,
    targets: Path | None,
    tolerance: float,
    current: str | None,
    region: str | None,
) -> Plan:
    """Score a plan that is a column of the units or stands in a file.

    Parameters
    ----------
    units : GeoDataFrame
        As ``units_of`` reads them.
    load : mapping of str to float
    plan : str
        Name of a column, else path of a file as ``read_plan`` takes it.
    targets : Path, optional
        CSV: grid, relative target.
    tolerance, current, region
        As for ``gridgeo.judge``.

    Raises
    ------
    ParameterError
        There is neither such a column nor such a file.
    InputError
        A file cannot be used, or does not fit the units.
    """
    wanted = None if targets is None else targets_of(targets, by_id=True)
    if current is not None and current in units.columns:
        units = units.assign(**{current: in_text(units[current])})
    return judge(
        units, load, plan_of(units, plan), wanted, tolerance, current=current, region=region
    )


def compare_files(
    units: gpd.GeoDataFrame,
    load: Load,
    before: str,
    after: str,
    *,
    match: bool,
    tolerance: float,
    region: str | None = None,
) -> Difference:
    """Compare two plans, each a column of the units or a file.

    Parameters
    ----------
    units, load, before, after
        As for ``judge_file``.
    match : bool
        As for ``gridgeo.difference``.
    tolerance : float
    region : str, optional
        Both plans are judged by the share of each region, as one that crosses none is made.
    """
    graph = UnitGraph(units)
    old, new = (
        judge(graph, load, plan_of(units, one), tolerance=tolerance, region=region)
        for one in (before, after)
    )
    return difference(old, new, match=match)


def moves_file(
    units: gpd.GeoDataFrame,
    load: Load,
    current: str,
    *,
    moves: int,
    targets: Path | None,
    tolerance: float,
    region: str | None,
    locked: Path | None,
) -> pd.DataFrame:
    """Find the moves that help a plan most; the arguments as for ``judge_file``."""
    return best_moves(
        units,
        load,
        plan_of(units, current),
        moves,
        None if targets is None else targets_of(targets, by_id=True),
        tolerance,
        region=region,
        locked=None if locked is None else ids_of(locked),
    )


def choose_file(
    units: gpd.GeoDataFrame, load: Load, band: tuple[float, float], region: str | None
) -> Choice:
    """Say how many grids hold a band; as ``gridgeo.choose_k``."""
    return choose_k(units, load, *band, region=region)


def grids_of(plan: Plan) -> gpd.GeoDataFrame:
    """Draw the grids of a plan with what speaks for and against each.

    Returns
    -------
    GeoDataFrame, shape (k, 7)
        As ``Plan.grids``, with ``pieces`` (1 where a grid hangs together) and ``reock``.
    """
    grids = plan.grids()
    pieces = plan.broken.reindex(grids.index).fillna(1).astype("int64")
    return grids.assign(pieces=pieces.to_numpy(), reock=plan.reock().to_numpy())


def units_of_moves(units: gpd.GeoDataFrame, moves: pd.DataFrame) -> gpd.GeoDataFrame:
    """List the units that move: ``move`` (its number, from 1), ``from_grid``, ``to_grid``."""
    both = zip(moves["units"], moves["from_grid"], moves["to_grid"], strict=True)
    rows = [
        (unit, number, source, goal)
        for number, (ids, source, goal) in enumerate(both, 1)
        for unit in ids
    ]
    table = pd.DataFrame(rows, columns=["unit", "move", "from_grid", "to_grid"])
    shapes = units.geometry.reindex(table["unit"]).array
    index = pd.Index(table.pop("unit"), name=units.index.name or "unit_id")
    return gpd.GeoDataFrame(table.set_axis(index), geometry=shapes, crs=units.crs)


def units_that_differ(found: Difference) -> gpd.GeoDataFrame:
    """List the units that change their grid: ``from_grid``, ``to_grid``, ``load``."""
    plan = found.after
    assert plan.before is not None  # noqa: S101  a difference has both
    table = pd.DataFrame(
        {"from_grid": plan.before, "to_grid": plan.assignment, "load": plan.load}
    ).loc[found.moved]
    shapes = plan.units.geometry.loc[found.moved].array
    return gpd.GeoDataFrame(table, geometry=shapes, crs=plan.units.crs)


def plan_of(units: gpd.GeoDataFrame, said: str) -> pd.Series:
    """Give a plan that is a column of the units or stands in a file, grids as text.

    Raises
    ------
    ParameterError
        There is neither.
    """
    if said in units.columns:
        return in_text(units[said])
    if not Path(said).is_file():
        columns = [str(name) for name in units.columns if name != units.geometry.name]
        raise ParameterError(
            f"{said!r} is neither a file nor a column of the units; they have "
            f"{', '.join(columns[:8])}.",
            hint="Name today's column, or a file with a line a unit: unit_id,grid_id.",
            fields=["plan"],
        )
    return in_text(read_plan(said, units))


def in_text(ids: pd.Series) -> pd.Series:
    """Write ids of grids as text; a whole number has no point, what is missing stays missing."""

    def written(one: object) -> str:
        return str(int(one)) if isinstance(one, float) and one.is_integer() else str(one)

    return ids.map(written, na_action="ignore")
