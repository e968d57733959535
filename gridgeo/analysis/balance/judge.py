"""Judge: a plan that somebody drew is scored as it is, by the solver's own measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridgeo.analysis.balance.inputs import Load, Targets, check_plain, column_of, read_inputs
from gridgeo.analysis.balance.naming import three
from gridgeo.analysis.balance.scores import scores
from gridgeo.analysis.balance.unit_graph import UnitGraph
from gridgeo.errors import ParameterError
from gridgeo.model.assignment import assigned, in_order
from gridgeo.model.plan import FORCED_COLUMNS, Plan

SLACK = 1e-9


@dataclass(frozen=True)
class Drawn:
    """A plan that exists, as arrays in the order of the units.

    Parameters
    ----------
    graph : UnitGraph
    labels : ndarray of int64, shape (n,)
        Positions in ``grids``.
    grids : Index, shape (k,)
        Ascending.
    load : ndarray of float64, shape (n,)
    targets : ndarray of float64, shape (k,)
    region : ndarray of int64, shape (n,)
        All 0 without regions.
    order : ndarray of int64, shape (n,)
        Positions of the units, ascending by id.
    """

    graph: UnitGraph
    labels: np.ndarray
    grids: pd.Index
    load: np.ndarray
    targets: np.ndarray
    region: np.ndarray
    order: np.ndarray

    @property
    def k(self) -> int:
        """Number of grids."""
        return len(self.grids)


def judge(
    units: pd.DataFrame | UnitGraph,
    load: Load,
    plan: str | pd.Series | Mapping[object, object],
    targets: Targets | None = None,
    tolerance: float = 0.05,
    current: str | None = None,
    region: str | None = None,
) -> Plan:
    """Score a plan that exists: today's, a planner's drawing, one from a file.

    Parameters
    ----------
    units : GeoDataFrame or UnitGraph, shape (n, …)
        As for ``balance``.
    load : str, or mapping of str to float
        As for ``balance``.
    plan : str, Series or mapping
        Column with the grid of each unit, or unit → grid; never mended.
    targets : Series or mapping by grid id, or sequence, optional
        Relative shares > 0 of the plan's grids; a sequence where they are numbered from 0.
        Without it every grid should carry the same or, with ``region``, what its region's
        grids carry on average.
    tolerance : float
        |load ÷ target − 1| that is good enough.
    current : str, optional
        Column of today's grid, to tell who would move; missing values never count as moved.
    region : str, optional
        Column that grids should not cross. A grid that does counts for the region in which most
        of its load lies.

    Returns
    -------
    Plan
        With ``scores`` as of ``balance``; ``broken`` names the grids that are not one piece by
        who touches whom, whatever region they are in. ``forced`` names units that alone
        weigh too much; deeper causes are for ``balance`` to find. ``seconds`` is 0.

    Raises
    ------
    ContractError
        The plan leaves units out, names unknown ones or one twice: how many, and three ids.
    ParameterError
        The targets do not fit the plan's grids, or come with ``region``.
    CRSError, GeometryError
        As ``balance``.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> row = [shapely.box(x, 0, x + 1, 1) for x in range(4)]
    >>> units = gpd.GeoDataFrame({"households": 10}, geometry=row, index=list("abcd"), crs=4549)
    >>> units["grid_code"] = ["w", "e", "w", "w"]
    >>> today = judge(units, "households", "grid_code")
    >>> today.scores["max_deviation"], today.broken.to_dict()
    (0.5, {'w': 2})
    """
    check_plain(tolerance, 0.5, 1.0, 0, None, None)
    drawn = read_drawn(units, load, plan, targets, region)
    graph, labels = drawn.graph, drawn.labels
    index = graph.units.index
    assignment = pd.Series(drawn.grids.take(labels), index=index, name="grid_id")
    before = None
    moved = np.zeros(len(labels), bool)
    if current is not None:
        before = column_of(graph.units, current, "current").rename("grid_today")
        moved = before.notna().to_numpy() & (drawn.grids.get_indexer(pd.Index(before)) != labels)
    pieces = pieces_of_grids(graph.pairs, labels, drawn.k)
    rows, forced, bound = _oversize(drawn, tolerance)
    return Plan(
        units=graph.units,
        load=pd.Series(drawn.load, index=index, name=load if isinstance(load, str) else "load"),
        assignment=assignment,
        targets=pd.Series(drawn.targets, index=drawn.grids, name="target"),
        scores=scores(
            graph,
            labels,
            drawn.load,
            drawn.targets,
            tolerance,
            forced_grids=forced,
            moved=moved,
            regions=drawn.region,
            broken=pieces > 1,
            seconds=0.0,
            bound=bound,
        ),
        forced=rows,
        moved=index[moved],
        before=before,
        broken=pd.Series(pieces, index=drawn.grids, name="pieces")[pieces > 1],
    )


def read_drawn(
    units: pd.DataFrame | UnitGraph,
    load: Load,
    plan: str | pd.Series | Mapping[object, object],
    targets: Targets | None,
    region: str | None,
) -> Drawn:
    """Check a plan that exists against its units, and settle what its grids should carry.

    Parameters
    ----------
    units, load, plan, targets, region
        As in ``judge``.
    """
    graph = units if isinstance(units, UnitGraph) else UnitGraph(units)
    if targets is not None and region is not None:
        raise ParameterError(
            "region and targets cannot be given together: with regions a grid's target is its "
            "region's load ÷ its grids.",
            hint="Leave one of them out.",
            fields=["region", "targets"],
        )
    inputs = read_inputs(graph, load, 1, None, None, region, None)
    values, zones = np.empty(inputs.n), np.empty(inputs.n, np.int64)
    values[inputs.order], zones[inputs.order] = inputs.load, inputs.region
    if isinstance(plan, str):
        given = column_of(graph.units, plan, "plan")
    elif isinstance(plan, pd.Series | Mapping):
        given = pd.Series(plan)
    else:
        raise ParameterError(
            f"plan is a {type(plan).__name__}; it must be a column's name or a Series unit → grid.",
            hint="Of a Plan, give plan.assignment.",
            fields=["plan"],
        )
    chosen = assigned(given, graph.units.index, f"column {plan!r}" if given is not plan else "plan")
    grids = in_order(chosen)
    labels = grids.get_indexer(pd.Index(chosen)).astype(np.int64)
    owed = (
        _means(values, labels, zones, len(grids))
        if targets is None
        else _shares(targets, grids) * values.sum()
    )
    return Drawn(graph, labels, grids, values, owed, zones, inputs.order)


def pieces_of_grids(pairs: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Count the connected pieces of each grid.

    Parameters
    ----------
    pairs : ndarray of int, shape (m, 2)
        Units that touch.
    labels : ndarray of int, shape (n,)
        0 … k−1.
    k : int

    Returns
    -------
    ndarray of int64, shape (k,)
    """
    pieces = pieces_inside(pairs, labels)
    first = np.unique(pieces, return_index=True)[1]
    return np.bincount(labels[first], minlength=k)


def pieces_inside(pairs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Tell the piece of its grid that each unit is in, shape (n,); no two grids share one."""
    n = len(labels)
    inside = pairs[labels[pairs[:, 0]] == labels[pairs[:, 1]]]
    matrix = csr_matrix((np.ones(len(inside), np.int8), inside.T), shape=(n, n))
    return connected_components(matrix, directed=False)[1].astype(np.int64)


def _homes(load: np.ndarray, labels: np.ndarray, zones: np.ndarray, k: int) -> np.ndarray:
    """Find the region in which most of each grid's load lies, shape (k,)."""
    r = int(zones.max()) + 1
    # Where nobody lives, units decide.
    weight = load + 1e-9 * max(float(load.mean()), 1e-300)
    held = np.bincount(labels * r + zones, weights=weight, minlength=k * r)
    return held.reshape(k, r).argmax(axis=1)


def _means(load: np.ndarray, labels: np.ndarray, zones: np.ndarray, k: int) -> np.ndarray:
    """Give each grid the mean of its region, shape (k,)."""
    home = _homes(load, labels, zones, k)
    region_load = np.bincount(zones, weights=load)
    grids = np.bincount(home, minlength=len(region_load))
    return (region_load / np.maximum(grids, 1))[home]


def _shares(targets: Targets, grids: pd.Index) -> np.ndarray:
    """Give relative targets on the plan's grids, shape (k,), summing to 1."""
    if isinstance(targets, pd.Series | Mapping):
        given = pd.Series(targets, dtype=object)
    else:
        given = pd.Series(np.asarray(targets, dtype=object).ravel())
    lacking, idle = grids.difference(given.index), given.index.difference(grids)
    if len(lacking) or len(idle) or not given.index.is_unique:
        said = [
            f"{text} {len(ids)} ({three(ids)})"
            for ids, text in ((lacking, "lacks"), (idle, "names, though no unit is in them,"))
            if len(ids)
        ]
        raise ParameterError(
            f"targets must name each of the plan's {len(grids)} grids once; it "
            f"{' and '.join(said) or 'names one twice'}.",
            hint="Give pd.Series({grid_id: share, …}).",
            fields=["targets"],
        )
    values = pd.to_numeric(given.reindex(grids), errors="coerce")
    shares = values.to_numpy(dtype="float64", na_value=np.nan)
    bad = ~(np.isfinite(shares) & (shares > 0))
    if bad.any():
        raise ParameterError(
            f"{bad.sum()} of {len(grids)} targets are no number above 0 ({three(grids[bad])}).",
            hint="Give relative shares, e.g. full-time equivalents: 1.0, 0.5.",
            fields=["targets"],
        )
    return shares / shares.sum()


def _oversize(drawn: Drawn, tolerance: float) -> tuple[pd.DataFrame, np.ndarray, float]:
    """Name units that alone weigh too much: (rows, their grids, greatest deviation forced)."""
    home = _homes(drawn.load, drawn.labels, drawn.region, drawn.k)
    most = np.full(int(drawn.region.max()) + 1, -np.inf)
    np.maximum.at(most, home, drawn.targets)
    most[np.isinf(most)] = drawn.targets.max()  # a region that no grid counts for
    ceiling = most[drawn.region]
    over = (ceiling > 0) & (drawn.load > (1 + tolerance) * ceiling * (1 + SLACK))
    off = drawn.load[over] / ceiling[over] - 1
    ids = drawn.graph.units.index[over]
    reasons = [
        f"its load of {load:g} alone is above (1 + {tolerance:g}) × target {goal:g}"
        for load, goal in zip(drawn.load[over], ceiling[over], strict=True)
    ]
    rows = pd.DataFrame(
        dict(zip(FORCED_COLUMNS, ("unit", list(ids), reasons, off), strict=True)),
        index=pd.RangeIndex(len(ids)),
    ).astype({"kind": "str", "reason": "str", "bound": "float64"})
    forced = np.zeros(drawn.k, bool)
    forced[drawn.labels[over]] = True
    return rows, forced, float(off.max(initial=0.0))
