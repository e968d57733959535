"""Balance: the solver proposes a plan; it never applies one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gridgeo.analysis.balance.apart import Lines, parted
from gridgeo.analysis.balance.drawing import draw
from gridgeo.analysis.balance.forced import verdict
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.inputs import (
    Inputs,
    Load,
    Targets,
    check_plain,
    column_of,
    read_inputs,
)
from gridgeo.analysis.balance.layout import Solved
from gridgeo.analysis.balance.naming import three
from gridgeo.analysis.balance.scores import scores
from gridgeo.analysis.balance.unit_graph import UnitGraph
from gridgeo.analysis.balance.watch import Progress, Watch
from gridgeo.analysis.balance.wishes import Wishes, read_wishes
from gridgeo.errors import GridgeoError
from gridgeo.model.plan import Plan


def balance(
    units: pd.DataFrame | UnitGraph,
    load: Load,
    k: int | None = None,
    targets: Targets | None = None,
    tolerance: float = 0.05,
    current: str | None = None,
    region: str | None = None,
    locked: Iterable[object] | None = None,
    fixed_borders: Lines | None = None,
    compactness: float = 0.5,
    seed: int = 0,
    time_limit_s: float | None = 60.0,
    progress: Progress | None = None,
    *,
    along: Lines | None = None,
    together: str | None = None,
    stability: float = 1.0,
) -> Plan:
    """Draw contiguous grids that share a load fairly, new or near today's.

    Parameters
    ----------
    units : GeoDataFrame or UnitGraph, shape (n, …)
        Base units in a metric CRS; a unit is never split.
    load : str, or mapping of str to float
        Column of what each unit weighs, ≥ 0; or several columns with their weights, such as
        ``{"households": 1, "planned_households": 0.5}`` for estates that still grow.
    k : int, optional
        Number of grids; may be left out with ``targets`` or ``current``.
    targets : sequence of float, or Series by grid id with ``current``, optional
        Relative shares > 0, e.g. full-time equivalents. Ids that occur only here are new grids.
    tolerance : float
        |load ÷ target − 1| that is good enough.
    current : str, optional
        Column of today's grid of each unit; the plan then moves as little load as it can (see
        ``stability``). Missing values are units without a grid: they may go anywhere and never
        count as moved.
    region : str, optional
        Column no grid may cross. A region gets at least a grid for each of its connected
        pieces; beyond that grids are apportioned so that the largest
        |mean load ÷ global target − 1| is least, of equals near today's numbers. A grid's
        target is then its region's load ÷ its grids.
    locked : iterable of grid ids, optional
        Grids of ``current`` that keep exactly their units.
    fixed_borders : GeoSeries, GeoDataFrame, geometry or list of geometries, optional
        Lines; neighbours on their two sides never share a grid, also where the line ends and a
        grid could reach round it.
    compactness : float
        0 counts the borders between units, 1 their length. Between, length weighs by the
        square: most of its good is had early, while its price in borders comes late.
    seed : int
        Same input and seed, same plan, whatever the order of the units.
    time_limit_s : float or None
        Truncates; the plan is whole all the same, and ``plan.stopped`` is "time".
    progress : callable, optional
        Called with (share done, text): the largest deviation, the borders, the seconds so far.
    along : GeoSeries, GeoDataFrame, geometry or list of geometries, optional
        Lines, such as streets and rivers, that borders had better run along: there a border
        costs less than a third.
    together : str, optional
        Column, such as the village, whose values had better stay whole: a border through one
        costs three times as much. A must is ``region``.
    stability : float
        With ``current``: 1 moves as little load as the tolerance allows, 0 draws anew and names
        each grid after the one of today it shares most load with; between, moves are weighed
        against shorter borders.

    Returns
    -------
    Plan
        Every grid contiguous and nonempty. Labels are 0 … k−1 (the position in ``targets``);
        with ``current`` today's ids, and ``new-1`` … for new grids. When the tolerance cannot be
        kept the best plan found, and ``forced`` says what stands in the way.

    Raises
    ------
    InfeasibleError
        No contiguous plan with k nonempty grids exists: fewer units than grids, fewer grids than
        pieces, a locked grid that is not one piece. Where fixed borders end inside a piece, the
        fewest grids that can keep off each other round their ends are sought greedily: then a
        k just below what the message names may be possible all the same.
    ParameterError
        Arguments do not fit together or lie outside their range.
    ContractError
        A column is missing, an id stands twice, a load is missing or negative.
    CRSError
        Units without a CRS in true metres (not needed with a ``UnitGraph`` made of edges).
    GeometryError
        A unit has no area.

    Notes
    -----
    Multilevel annealing (see ``anneal``), a polish by tree recuts, and for a plan in force
    annealing along least-flow prices. Up to 14 free units, and in pieces of that size, every plan
    is looked at (see ``exact``). Effort is counted in steps: the clock only truncates.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> row = [shapely.box(x, 0, x + 1, 1) for x in range(4)]
    >>> units = gpd.GeoDataFrame({"households": 10}, geometry=row, index=list("abcd"), crs=4549)
    >>> balance(units, "households", k=2).scores["max_deviation"]
    0.0
    """
    check_plain(tolerance, compactness, stability, seed, time_limit_s, progress)
    with Watch(time_limit_s, progress) as watch:
        graph = units if isinstance(units, UnitGraph) else UnitGraph(units)
        inputs = read_inputs(graph, load, k, targets, current, region, locked)
        villages = None if together is None else column_of(graph.units, together, "together")
        wishes = read_wishes(graph, compactness, along, villages)
        whole = constrained(graph, inputs, fixed_borders, wishes.price)
        watch.tell(0.02, "neighbours found")
        solved = draw(whole, inputs, tolerance, stability, seed, watch)
        plan = _plan(graph, inputs, wishes, solved, tolerance, current, load, watch)
        watch.tell(1.0, "done")
    return plan


def constrained(
    graph: UnitGraph, inputs: Inputs, fixed_borders: Lines | None, price: np.ndarray
) -> Graph:
    """Build the graph in canonical order, without the borders that no grid may cross."""
    place = np.empty(inputs.n, np.int64)
    place[inputs.order] = np.arange(inputs.n)
    pairs = place[graph.pairs]
    off = np.zeros(len(pairs), bool)
    if fixed_borders is not None:
        off = parted(graph, fixed_borders)
    kept = ~off & (inputs.region[pairs[:, 0]] == inputs.region[pairs[:, 1]])
    return Graph.from_edges(pairs[kept], price[kept], np.zeros(inputs.n), pairs[off])


def _plan(
    graph: UnitGraph,
    inputs: Inputs,
    wishes: Wishes,
    solved: Solved,
    tolerance: float,
    current: str | None,
    load: Load,
    watch: Watch,
) -> Plan:
    """Check the plan by brute force, score it, and give it in the order of the units."""
    layout, units = solved.layout, graph.units
    broken = solved.graph.broken(solved.labels, inputs.k)
    if broken.any():
        names = [layout.names[grid] for grid in np.flatnonzero(broken)]
        raise GridgeoError(
            f"The solver broke its promise: {len(names)} grids are empty, not one piece, or reach "
            f"over a fixed border ({three(names)}). This plan is withheld.",
            hint="Report this with the units and the seed.",
            code="balance.broken",
        )
    ids = units.index[inputs.order]
    judged = verdict(ids, inputs, solved, tolerance)
    labels = np.empty(inputs.n, np.int64)
    labels[inputs.order] = solved.labels
    grids = pd.Index(layout.names)
    assignment = pd.Series(grids.take(labels), index=units.index, name="grid_id")
    before = None if current is None else units[current].rename("grid_today")
    moved = np.zeros(inputs.n, bool)
    if before is not None:
        moved = before.notna().to_numpy() & (before.to_numpy() != assignment.to_numpy())
    regions = np.empty(inputs.n, np.int64)
    regions[inputs.order] = inputs.region
    values = np.empty(inputs.n)
    values[inputs.order] = inputs.load
    targets = pd.Series(layout.targets, index=grids, name="target")
    stays = [one for one in inputs.ids if one in targets.index]
    return Plan(
        units=units,
        load=pd.Series(values, index=units.index, name=load if isinstance(load, str) else "load"),
        assignment=assignment,
        targets=targets.reindex([*stays, *grids.difference(stays, sort=False)]),
        scores=scores(
            graph,
            labels,
            values,
            layout.targets,
            tolerance,
            forced_grids=judged.grids,
            moved=moved,
            regions=regions,
            broken=broken,
            seconds=watch.seconds,
            along=wishes.along,
            within=wishes.within,
            bound=judged.bound,
        ),
        forced=judged.rows,
        moved=units.index[moved],
        before=before,
        stopped=watch.stopped,
    )
