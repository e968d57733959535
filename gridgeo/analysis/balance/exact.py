"""Small problems, solved to the best plan there is.

Every set of units that hangs together is weighed for every grid, and the grids are filled one
after the other: at most k × 3ⁿ comparisons. Fourteen units take some 20 ms, at worst a second.
"""

import numpy as np
from numba import njit

from gridgeo.analysis.balance.graph import Graph

# Free units up to which a problem is solved exactly; each one more takes three times as long.
EXACT_UNITS = 14
# A plan within a bound is sought first: the fewer sets come near a target, the less there is to do.
BOUNDS = (0.0, 0.1, 0.2, 0.4, 0.8, np.inf)
# Deviations and loads are compared as whole numbers, so that no order of sums decides.
GRAIN = 1e9
# No grid counts as fuller than this many times its target, so that whole numbers suffice.
MOST = 1e6


def best_plan(
    graph: Graph,
    targets: np.ndarray,
    tolerance: float,
    today: np.ndarray,
    zones: np.ndarray,
    zone_of_grid: np.ndarray,
) -> np.ndarray | None:
    """Find the best plan of at most ``EXACT_UNITS`` units, connected or not.

    Parameters
    ----------
    graph : Graph
    targets : ndarray of float64, shape (k,)
        In the unit of the loads, > 0.
    tolerance : float
        Deviation that is good enough.
    today : ndarray of int, shape (n,)
        Grid of today; −1 where moving costs nothing.
    zones : ndarray of int, shape (n,)
        No grid crosses zones, and no edge does.
    zone_of_grid : ndarray of int, shape (k,)

    Returns
    -------
    ndarray of int32, shape (n,), or None
        Of all plans with every grid one piece and nonempty: the one whose largest deviation
        beyond the tolerance is least, then the second largest and so on, then the load that
        moves, then the cut. None when there is no plan.
    """
    n, k, net = graph.n, len(targets), graph.net
    if n == 0:
        return np.empty(0, np.int32)
    masks = np.arange(1 << n)
    bits = (masks[:, None] >> np.arange(n)) & 1
    held = np.minimum(bits @ net.load, MOST * targets[:, None])
    off = np.abs(held / targets[:, None] - 1) - tolerance
    excess = np.round(np.maximum(off, 0.0) * GRAIN).astype(np.int64)
    whole = _whole(_bit_rows(net.start, net.to), _bit_rows(net.apart_start, net.apart))
    lowest = np.argmax(bits, axis=1)
    excess[~whole | (zones[lowest] != zone_of_grid[:, None])] = -1
    # A unit where nobody lives stays as well where it can.
    weight = np.round(net.load * GRAIN).astype(np.int64) + 1
    away = (today >= 0) & (today != np.arange(k)[:, None])
    moved = (away * weight) @ bits.T
    price = np.round(net.price * 1e6).astype(np.int64)
    inside = np.zeros(1 << n, np.int64)
    for tail, head, cost in zip(net.tail, net.to, price, strict=True):
        inside += cost * bits[:, tail] * bits[:, head]
    for bound in BOUNDS:
        near = np.where(excess <= bound * GRAIN, excess, -1)
        labels = _fill_grids(near, moved, inside, bits.sum(axis=1))
        if labels[0] >= 0:
            return labels
    return None


def _bit_rows(start: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Give the heads of each row as one number, bit by bit."""
    rows = np.split(1 << to.astype(np.int64), start[1:-1])
    return np.array([row.sum() for row in rows], np.int64)


@njit(cache=True)
def _whole(neighbours: np.ndarray, foes: np.ndarray) -> np.ndarray:
    """Tell which sets of units are one piece and hold no two that must stay apart."""
    n = len(neighbours)
    whole = np.zeros(1 << n, np.bool_)
    for mask in range(1, 1 << n):
        seen = mask & -mask
        grown = True
        while grown:
            grown = False
            for u in range(n):
                if mask >> u & 1 and not seen >> u & 1 and neighbours[u] & seen:
                    seen |= 1 << u
                    grown = True
        whole[mask] = seen == mask
        for u in range(n):
            if mask >> u & 1 and foes[u] & mask:
                whole[mask] = False
    return whole


@njit(cache=True)
def _better(
    first: np.ndarray, count: int, excess: int, moved: int, inside: int, best: np.ndarray
) -> bool:
    """Tell whether a plan's ranks with one grid more go before the best ones."""
    j = 0
    for i in range(count + 1):
        if j == i and (j == count or excess >= first[j]):
            rank = excess
        else:
            rank = first[j]
            j += 1
        if rank != best[i]:
            return bool(rank < best[i])
    if first[-2] + moved != best[-2]:
        return bool(first[-2] + moved < best[-2])
    return bool(first[-1] - inside < best[-1])


@njit(cache=True)
def _fill_grids(
    excess: np.ndarray, moved: np.ndarray, inside: np.ndarray, units: np.ndarray
) -> np.ndarray:
    """Fill grid after grid, keeping of each set of units the best way to divide it.

    A way's ranks are its excesses, greatest first, then moved load, then less border inside.
    More grids beside it never turn the order of two ways round, so the best stays the best.
    """
    k, size = excess.shape
    n = units[size - 1]
    none = np.iinfo(np.int64).max
    before = np.zeros((size, k + 2), np.int64)
    chosen = np.zeros((k, size), np.int64)
    for grid in range(k):
        now = np.full((size, k + 2), none)
        for part in range(1, size):
            if excess[grid, part] < 0 or units[part] > n - k + 1:
                continue
            others = (size - 1) ^ part
            rest = others
            while True:
                # What the grids before hold: a unit at least each, all that is left at the end.
                held = rest == 0 if grid == 0 else chosen[grid - 1, rest] > 0
                best = now[part | rest]
                if held and _better(
                    before[rest], grid, excess[grid, part], moved[grid, part], inside[part], best
                ):
                    chosen[grid, part | rest] = part
                    j = grid
                    while j > 0 and before[rest, j - 1] < excess[grid, part]:
                        best[j] = before[rest, j - 1]
                        j -= 1
                    best[j] = excess[grid, part]
                    best[:j] = before[rest, :j]
                    best[-2] = before[rest, -2] + moved[grid, part]
                    best[-1] = before[rest, -1] - inside[part]
                if rest == 0 or grid == k - 1:
                    break
                rest = (rest - 1) & others
        before = now
    labels = np.full(n, -1, np.int32)
    mask = size - 1
    for grid in range(k - 1, -1, -1):
        part = chosen[grid, mask]
        if part == 0:
            labels[:] = -1
            break
        for u in range(n):
            if part >> u & 1:
                labels[u] = grid
        mask ^= part
    return labels
