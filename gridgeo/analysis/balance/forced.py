"""What no effort could have changed in a plan: units, pieces, regions and locks."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridgeo.analysis.balance.bounds import Cause, causes
from gridgeo.analysis.balance.extremes import raise_to
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.inputs import Inputs
from gridgeo.analysis.balance.layout import Layout, Solved
from gridgeo.analysis.balance.share import apportion
from gridgeo.model.plan import FORCED_COLUMNS

SLACK = 1e-9
# What holds on average for the grids of a piece needs so much of the tolerance in a real plan.
ROOM = 0.2


Row = tuple[str, object, str, float]


def known_causes(
    graph: Graph,
    labels: np.ndarray,
    pieces: np.ndarray,
    goals: np.ndarray,
    tolerance: float,
    *,
    dealt: bool = False,
) -> list[Cause]:
    """Find what is impossible in each piece beforehand, units as positions in the whole.

    Parameters
    ----------
    graph : Graph
        The constrained graph with weights.
    labels, pieces : ndarray of int, shape (n,)
        A plan, and the connected piece of each unit, −1 for units of locked grids; grids never
        leave their piece.
    goals : ndarray of float64, shape (k,)
        Targets in the unit of the weights.
    tolerance : float
    dealt : bool
        Whether unequal targets were dealt out to the pieces: then others could stand in each.
    """
    found = []
    pool = goals[np.unique(labels[pieces >= 0])]
    order = np.argsort(pieces, kind="stable")
    order = order[pieces[order] >= 0]
    for nodes in np.split(order, np.flatnonzero(np.diff(pieces[order])) + 1) if len(order) else []:
        own = goals[np.unique(labels[nodes])]
        for cause in causes(graph.sub(nodes), own, tolerance, pool if dealt else None):
            found.append(cause._replace(unit=int(nodes[cause.unit])))
    return sorted(found, key=lambda cause: (-cause.bound, cause.unit))


def own_means(
    load: np.ndarray, labels: np.ndarray, pieces: np.ndarray, goals: np.ndarray, tolerance: float
) -> np.ndarray:
    """Give load ÷ targets of the piece each grid is in where that is off, shape (k,).

    Targets times these are what the grids of such a piece can at best all carry; 1 elsewhere,
    and where nobody lives.
    """
    means = np.ones(len(goals))
    for piece, share in _pieces_off(load, labels, pieces, goals, tolerance):
        if share > 0:
            means[labels[pieces == piece]] = share
    return means


def allowances(
    load: np.ndarray,
    labels: np.ndarray,
    pieces: np.ndarray,
    goals: np.ndarray,
    tolerance: float,
    known: list[Cause],
) -> np.ndarray:
    """Give the deviation that the grid of each free unit is allowed, shape (n,).

    inf for oversize units and in pieces where nobody lives, whose grids are never off; a cause's
    bound where one is known; 0 otherwise.
    """
    allowed = np.zeros(len(load))
    for cause in known:
        if cause.everywhere:
            where, room = pieces == pieces[cause.unit], ROOM * tolerance
        else:
            where, room = np.array([cause.unit]), 0.001 * cause.bound
        allowed[where] = np.maximum(allowed[where], cause.bound + room)
    oversize = load > (1 + tolerance) * _ceilings(labels, pieces, goals) * (1 + SLACK)
    allowed[oversize | (np.bincount(pieces, weights=load)[pieces] == 0)] = np.inf
    return allowed


@dataclass(frozen=True)
class Verdict:
    """What is forced in a finished plan.

    Parameters
    ----------
    rows : DataFrame
        ``kind``, ``id``, ``reason``, ``bound``.
    grids : ndarray of bool, shape (k,)
        Grids left out of ``max_deviation_unforced``: those with an oversize unit, those that
        large units leave too little for, those of a piece that is off as a whole, locked ones
        that are off.
    bound : float
        No plan's largest deviation can be below it.
    """

    rows: pd.DataFrame
    grids: np.ndarray
    bound: float


def verdict(
    units: pd.Index, inputs: Inputs, solved: Solved, tolerance: float, *, drawn: bool = True
) -> Verdict:
    """Name what is forced.

    Parameters
    ----------
    units : Index, shape (n,)
        Ids in canonical order.
    inputs : Inputs
    solved : Solved
    tolerance : float
    drawn : bool
        Whether the plan is the outcome of a search: deeper causes (necks, units without a
        partner) are then named only where the tolerance is broken without another cause.
    """
    labels, layout, pieces = solved.labels, solved.layout, solved.pieces
    goal = layout.targets
    grids = np.zeros(inputs.k, bool)
    rows: list[Row] = []

    ceiling = _ceilings(labels, pieces, goal, dealt=inputs.relative is not None)
    over = (ceiling > 0) & (inputs.load > (1 + tolerance) * ceiling * (1 + SLACK))
    for unit in np.flatnonzero(over):
        load, most = inputs.load[unit], ceiling[unit]
        text = f"its load of {load:g} alone is above (1 + {tolerance:g}) × target {most:g}"
        rows.append(("unit", units[int(unit)], text, float(load / most - 1)))
    grids[labels[over]] = True
    rows += _region_rows(inputs, layout, tolerance)
    for piece, share in _pieces_off(inputs.load, labels, pieces, goal, tolerance):
        nodes = np.flatnonzero(pieces == piece)
        mine = np.unique(labels[nodes])
        text = (
            f"the {len(nodes)} units that hang together with it carry {share:.0%} of the targets "
            f"of their {len(mine)} grids"
        )
        rows.append(("piece", units[int(nodes[0])], text, abs(share - 1)))
        grids[mine] = True
    load = np.bincount(labels, weights=inputs.load, minlength=inputs.k)
    deviation = np.where(goal > 0, load / np.where(goal > 0, goal, 1.0) - 1, 0.0)
    off = np.abs(deviation) > tolerance + SLACK
    for code in inputs.locked:
        grid = int(labels[int(np.argmax(inputs.today == code))])
        if off[grid]:
            text = f"locked with a load of {load[grid]:g} at a target of {goal[grid]:g}"
            rows.append(("lock", layout.names[grid], text, abs(float(deviation[grid]))))
            grids[grid] = True
    lived_in = np.bincount(pieces[pieces >= 0], weights=inputs.load[pieces >= 0]) > 0
    causes = [cause for cause in solved.causes if lived_in[pieces[cause.unit]]]
    unexplained = pieces[(off & ~grids)[labels] & (pieces >= 0)]
    for cause in causes:
        near = not drawn or pieces[cause.unit] in unexplained
        said = over[cause.unit] and not cause.everywhere
        if near and cause.bound > tolerance + SLACK and not said:
            rows.append(("piece", units[cause.unit], cause.reason, cause.bound))
            if cause.everywhere:
                mine = np.unique(labels[pieces == pieces[cause.unit]])
                short = -deviation[mine] <= cause.bound + ROOM * tolerance
                grids[mine[off[mine] & short & (deviation[mine] < 0)]] = True
    return Verdict(_table(rows), grids, _bound(inputs, solved, causes, deviation))


def _bound(inputs: Inputs, solved: Solved, causes: list[Cause], deviation: np.ndarray) -> float:
    """Give what no plan's largest deviation can be below.

    A region with several pieces could share its grids out to them otherwise: there only what
    holds however they are shared out counts.
    """
    labels, pieces, goal = solved.labels, solved.pieces, solved.layout.targets
    free = pieces >= 0
    first = np.unique(pieces[free], return_index=True)[1]
    region = inputs.region[free][first]
    alone = np.bincount(region)[region] == 1 if len(first) else np.zeros(0, bool)
    sure = [cause.bound for cause in causes if alone[pieces[cause.unit]] or not cause.everywhere]
    for code in inputs.locked:
        sure.append(abs(float(deviation[labels[int(np.argmax(inputs.today == code))]])))
    if inputs.relative is not None and len(first) == 1:
        sure += np.abs(_piece_shares(inputs.load, labels, pieces, goal) - 1).tolist()
    if inputs.relative is None:
        sure += _shared_out(inputs, labels, pieces, goal)
        for piece in np.flatnonzero(alone):
            nodes = np.flatnonzero(pieces == piece)
            sure.append(_indivisible(inputs.load[nodes], goal[np.unique(labels[nodes])]))
    greatest = max(sure, default=0.0)
    return greatest if greatest > SLACK else 0.0


def _shared_out(
    inputs: Inputs, labels: np.ndarray, pieces: np.ndarray, goal: np.ndarray
) -> list[float]:
    """Give the deviation that islands force on each region, its grids shared out at their best.

    Not as the plan shares them: within a wide tolerance that may be today's worse way.
    """
    least = []
    for region in np.unique(inputs.region[pieces >= 0]):
        nodes = np.flatnonzero((pieces >= 0) & (inputs.region == region))
        target = float(goal[labels[nodes[0]]])
        if target == 0:
            continue
        where = np.unique(pieces[nodes], return_inverse=True)[1]
        load, units = np.bincount(where, weights=inputs.load[nodes]), np.bincount(where)
        total = len(np.unique(labels[nodes]))
        grids = apportion(load, np.ones_like(units), units, total, target)
        least.append(float(np.abs(load / grids / target - 1).max()))
    return least


def _indivisible(load: np.ndarray, targets: np.ndarray) -> float:
    """Give the deviation that whole numbers force on grids of one target; 0 for other loads.

    Of m grids one carries their mean or more, and one that or less; where all loads are whole
    numbers, it is a multiple of what divides them all.
    """
    if (load % 1 != 0).any() or not 0 < load.sum() < 2**53:
        return 0.0
    grain = int(np.gcd.reduce(load.astype(np.int64)))
    steps = load.sum() / (len(targets) * grain)
    above = np.ceil(steps - SLACK) * grain / targets[0] - 1
    below = 1 - np.floor(steps + SLACK) * grain / targets[0]
    return float(max(above, below, 0.0))


def _ceilings(
    labels: np.ndarray, pieces: np.ndarray, goal: np.ndarray, *, dealt: bool = False
) -> np.ndarray:
    """Give the greatest target a unit could be under: that of its piece, locked its grid's.

    Where unequal targets were dealt out to the pieces it could be any that is not locked.
    """
    free = pieces >= 0
    where = np.zeros(free.sum(), np.int64) if dealt else pieces[free]
    greatest = np.zeros(int(where.max(initial=-1)) + 1)
    raise_to(greatest, where, goal[labels[free]])
    ceiling = goal[labels]
    ceiling[free] = greatest[where]
    return ceiling


def _piece_shares(
    load: np.ndarray, labels: np.ndarray, pieces: np.ndarray, goal: np.ndarray
) -> np.ndarray:
    """Give load ÷ targets of each piece, shape (p,); 1 where no target is."""
    free = pieces >= 0
    count = int(pieces.max(initial=-1)) + 1
    held = np.unique(np.column_stack([pieces[free], labels[free]]), axis=0)
    owed = np.bincount(held[:, 0], weights=goal[held[:, 1]], minlength=count)
    carried = np.bincount(pieces[free], weights=load[free], minlength=count)
    return np.where(owed > 0, carried / np.where(owed > 0, owed, 1.0), 1.0)


def _pieces_off(
    load: np.ndarray, labels: np.ndarray, pieces: np.ndarray, goal: np.ndarray, tolerance: float
) -> list[tuple[int, float]]:
    """Pieces whose load ÷ targets alone breaks the tolerance, with that ratio."""
    share = _piece_shares(load, labels, pieces, goal)
    off = np.flatnonzero(np.abs(share - 1) > tolerance + SLACK)
    return [(int(piece), float(share[piece])) for piece in off]


def _region_rows(inputs: Inputs, layout: Layout, tolerance: float) -> list[Row]:
    """Regions whose whole number of grids is off the global target."""
    target = inputs.load.sum() / inputs.k
    if not inputs.regions or target == 0:
        return []
    mean = np.bincount(inputs.region, weights=inputs.load) / layout.region_grids
    off = np.abs(mean / target - 1)
    return [
        (
            "region",
            inputs.regions[r],
            f"its {layout.region_grids[r]} grids carry {mean[r]:g} each; over all regions it is "
            f"{target:g}",
            float(off[r]),
        )
        for r in np.flatnonzero(off > tolerance + SLACK)
    ]


def _table(rows: list[Row]) -> pd.DataFrame:
    columns: list[list[object]] = [list(column) for column in zip(*rows, strict=True)]
    if not columns:
        columns = [[] for _ in FORCED_COLUMNS]
    table = pd.DataFrame(dict(zip(FORCED_COLUMNS, columns, strict=True)))
    return table.astype({"kind": "str", "reason": "str", "bound": "float64"})
