"""What no plan can do: a lower bound on the best largest deviation, with its causes."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gridgeo.analysis.balance.extremes import raise_to
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.necks import necks


class Cause(NamedTuple):
    """One reason why a deviation cannot be avoided.

    Parameters
    ----------
    bound : float
        The largest deviation of a plan is at least this.
    unit : int
        Position of the unit concerned.
    everywhere : bool
        True when any grid may be the one that is off, False when it is the unit's or, behind a
        neck, one beside it.
    reason : str
        In the planner's words.
    """

    bound: float
    unit: int
    everywhere: bool
    reason: str


def causes(
    graph: Graph, targets: np.ndarray, tolerance: float, elsewhere: np.ndarray | None = None
) -> list[Cause]:
    """Find what alone forces a deviation beyond the tolerance, greatest bound first.

    Parameters
    ----------
    graph : Graph
        Connected.
    targets : ndarray of float64, shape (k,)
        In the unit of the loads. Of unequal ones only the least and the greatest are used.
    tolerance : float
    elsewhere : ndarray of float64, optional
        Targets in other pieces that could stand here instead: every cause then holds however
        targets are dealt out.

    Returns
    -------
    list of Cause
        Each true of every contiguous plan with k grids; empty proves nothing.

    Notes
    -----
    Four arguments, each checked against brute force on small graphs: a unit above every target;
    large units that leave too little for the other grids; a unit too small alone and too large
    with any neighbour; a neck that must take in what lies behind it.
    """
    pool = targets if elsewhere is None else np.concatenate([targets, elsewhere])
    least, greatest = float(pool.min()), float(pool.max())
    found = [
        *_oversize(graph, greatest),
        *_too_little_left(graph, len(targets), least, greatest),
        *_no_partner(graph, least, greatest),
        *_necks(graph, least, greatest, tolerance),
    ]
    found = [cause for cause in found if cause.bound > tolerance + 1e-9]
    return sorted(found, key=lambda cause: (-cause.bound, cause.unit))


def _oversize(graph: Graph, greatest: float) -> list[Cause]:
    over = graph.net.load / greatest - 1
    return [
        Cause(float(over[u]), int(u), False, "alone above its target")
        for u in np.flatnonzero(over > 0)
    ]


def _too_little_left(graph: Graph, k: int, least: float, target: float) -> list[Cause]:
    """At most j grids hold the j largest units; the others share what is left."""
    large = np.sort(graph.net.load[graph.net.load > target])[::-1][: k - 1]
    if len(large) == 0 or not np.isclose(least, target):
        return []
    j = np.arange(1, len(large) + 1)
    short = 1 - (graph.net.load.sum() - np.cumsum(large)) / ((k - j) * target)
    worst = int(np.argmax(short))
    reason = f"{worst + 1} large units leave too little for the others"
    return [Cause(float(short[worst]), int(np.argmax(graph.net.load)), True, reason)]


def _no_partner(graph: Graph, least: float, greatest: float) -> list[Cause]:
    net = graph.net
    lightest = np.full(graph.n, -np.inf)
    raise_to(lightest, net.tail, -net.load[net.to])
    lightest = -lightest
    bound = np.minimum(1 - net.load / least, (net.load + lightest) / greatest - 1)
    reason = "too small alone, too large with any neighbour"
    hit = np.flatnonzero((bound > 0) & np.isfinite(lightest))
    return [Cause(float(bound[u]), int(u), False, reason) for u in hit]


def _necks(graph: Graph, least: float, greatest: float, tolerance: float) -> list[Cause]:
    """Reckon that parts behind a neck hold whole grids, and the neck's grid takes the rest."""
    units, behind = necks(graph.net.start, graph.net.to, graph.net.load)
    if len(units) == 0:
        return []
    unit, of = np.unique(units, return_inverse=True)
    own = graph.net.load[unit]
    behind = np.maximum(behind, 0.0)  # a difference of sums: nobody can be a little below nobody

    def fits(d: np.ndarray) -> np.ndarray:
        whole = np.floor(behind / np.maximum(1e-12, (1 - d[of]) * least) + 1e-9)
        rest = np.maximum(0.0, behind - whole * (1 + d[of]) * greatest)
        taken = own + np.bincount(of, weights=rest, minlength=len(unit))
        return taken <= (1 + d) * greatest * (1 + 1e-12)

    reason = "a neck that must take in what lies behind it"
    bound = _least(fits, len(unit))
    hit = np.flatnonzero(~fits(np.full(len(unit), tolerance)))
    return [Cause(float(bound[neck]), int(unit[neck]), False, reason) for neck in hit]


def _least(fits: Callable[[np.ndarray], np.ndarray], count: int) -> np.ndarray:
    """Give the greatest d seen not to fit; a neck's answer turns from False to True once."""
    low, high = np.zeros(count), np.ones(count)
    while not (good := fits(high)).all():
        low = np.where(good, low, high)
        high = np.where(good, high, 2 * high)
    for _ in range(50):
        middle = (low + high) / 2
        good = fits(middle)
        low, high = np.where(good, low, middle), np.where(good, middle, high)
    return low
