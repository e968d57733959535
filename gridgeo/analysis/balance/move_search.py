"""The kernels of ``best_moves``: which units of one grid had best go to a neighbour.

Where a piece of a grid has at most 64 units, every connected set that touches the neighbour is
looked at, each once, as bits of one number; the search ends early where more load helps no more.
Elsewhere, and where the sets are too many, the splits along random spanning trees are.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from gridgeo.analysis.balance.dice import seeded
from gridgeo.analysis.balance.graph import Net
from gridgeo.analysis.balance.recut import random_tree

# Bits of one number.
MOST_UNITS = 64
# Falls of the excess that differ by less are equal.
EPS = 1e-9
# Powers of two leave different rests when divided by 67.
_PLACE = np.full(67, -1, np.int64)
for _bit in range(64):
    _PLACE[(1 << _bit) % 67] = _bit
PLACE = _PLACE

ONE = np.uint64(1)
NONE = np.uint64(0)


class Two(NamedTuple):
    """The grid that gives and the grid that takes.

    Parameters
    ----------
    gives, takes : float
        Load of each.
    gives_target, takes_target : float
    tolerance : float
    enough : float
        The least load that could lower the excess of both as far as any load could.
    grain : float
        Loads that differ by less are equal.
    """

    gives: float
    takes: float
    gives_target: float
    takes_target: float
    tolerance: float
    enough: float
    grain: float


@njit(cache=True, inline="always")
def beyond(load: float, target: float, tolerance: float) -> float:
    """Measure how far a grid is out of band."""
    if target <= 0:
        return 0.0 if load <= 0 else np.inf
    return max(0.0, abs(load / target - 1) - tolerance)


@njit(cache=True, inline="always")
def excess(two: Two, moved: float) -> float:
    """Sum the excess of both when so much load moves; it falls at first, and then only rises."""
    return beyond(two.gives - moved, two.gives_target, two.tolerance) + beyond(
        two.takes + moved, two.takes_target, two.tolerance
    )


@njit(cache=True, inline="always")
def ranked(
    value: float,
    load: float,
    size: int,
    best: float,
    best_load: float,
    best_size: int,
    grain: float,
) -> int:
    """Compare two sets: 1 when the first is better, −1 when worse, 0 when equal."""
    if value < best - EPS:
        return 1
    if value > best + EPS:
        return -1
    if load < best_load - grain:
        return 1
    if load > best_load + grain:
        return -1
    return int(size < best_size) - int(size > best_size)


@njit(cache=True)
def one_piece(units: np.uint64, neighbours: np.ndarray) -> bool:
    """Tell whether a set of units hangs together; the empty one does not."""
    if units == NONE:
        return False
    seen = units & (~units + ONE)
    fresh = seen
    while fresh != NONE:
        low = fresh & (~fresh + ONE)
        fresh ^= low
        more = neighbours[PLACE[low % np.uint64(67)]] & units & ~seen
        seen |= more
        fresh |= more
    return seen == units


@njit(cache=True)
def best_set(
    neighbours: np.ndarray,
    touching: np.uint64,
    load: np.ndarray,
    two: Two,
    whole: bool,
    budget: int,
) -> tuple[np.uint64, float, float, int, bool]:
    """Look at every connected set of a piece that touches the other grid.

    Parameters
    ----------
    neighbours : ndarray of uint64, shape (n,)
        The neighbours of each unit inside the piece, as bits; units ascending by id.
    touching : uint64
        Units with a neighbour in the other grid.
    load : ndarray of float64, shape (n,)
    two : Two
    whole : bool
        Whether all units may go: their grid has other pieces.
    budget : int
        Most sets to look at.

    Returns
    -------
    units : uint64
        The best set; 0 when none lowers the excess.
    value : float
        Excess of both afterwards.
    moved : float
    size : int
    sure : bool
        False when the budget ended the search.
    """
    n = len(load)
    every = NONE
    for u in range(n):
        every |= ONE << np.uint64(u)
    sets = np.empty(n * n + n + 1, np.uint64)
    open_ = np.empty(n * n + n + 1, np.uint64)
    settled = np.empty(n * n + n + 1, np.uint64)
    loads = np.empty(n * n + n + 1)
    sizes = np.empty(n * n + n + 1, np.int64)
    top = 0
    lower = NONE
    for u in range(n):
        bit = ONE << np.uint64(u)
        if touching & bit != NONE:
            lower |= bit
            sets[top], open_[top], settled[top] = bit, neighbours[u] & ~lower, lower
            loads[top], sizes[top] = load[u], 1
            top += 1
    best, best_load, best_size, chosen = excess(two, 0.0), -1.0, 0, NONE
    seen = 0
    while top > 0:
        top -= 1
        units, ext, done = sets[top], open_[top], settled[top]
        moved, size = loads[top], sizes[top]
        seen += 1
        if seen > budget:
            return chosen, best, best_load, best_size, False
        value = excess(two, moved)
        rank = ranked(value, moved, size, best, best_load, best_size, two.grain)
        if rank == 0 and chosen != NONE:  # the one whose first differing unit is in it
            differ = units ^ chosen
            rank = 1 if units & differ & (~differ + ONE) != NONE else -1
        if rank == 1:
            possible = whole if units == every else one_piece(every & ~units, neighbours)
            if possible:
                best, best_load, best_size, chosen = value, moved, size, units
                rank = 0
        # From here on more units cost more: no larger set is better than one that is worse.
        if moved >= two.enough - two.grain and rank != 1:
            continue
        while ext != NONE:
            bit = ext & (~ext + ONE)
            ext ^= bit
            done |= bit
            u = PLACE[bit % np.uint64(67)]
            sets[top] = units | bit
            open_[top] = (ext | neighbours[u]) & ~done
            settled[top] = done
            loads[top], sizes[top] = moved + load[u], size + 1
            top += 1
    return chosen, best, best_load, best_size, True


@njit(cache=True)
def best_split(
    net: Net, nodes: np.ndarray, place: np.ndarray, touching: np.ndarray, two: Two, trees: int,
    seed: int,
) -> tuple[np.ndarray, float, float, int]:  # fmt: skip
    """Look at the two sides of every edge of random spanning trees of a piece.

    Parameters
    ----------
    net : Net
    nodes : ndarray of int, shape (n,)
        The units of the piece.
    place : ndarray of int32
        The position in ``nodes`` of every unit; −1 outside.
    touching : ndarray of bool, shape (n,)
        Whether the unit has a neighbour in the other grid.
    two : Two
    trees, seed : int

    Returns
    -------
    units : ndarray of bool, shape (n,)
        The best set; all False when none lowers the excess.
    value, moved, size
        As of ``best_set``.
    """
    count = len(nodes)
    parent = np.empty(count, np.int32)
    order = np.empty(count, np.int32)
    frontier = np.empty(len(net.to), np.int32)
    below = np.empty(count)
    under = np.empty(count, np.int64)
    touched = np.empty(count, np.int64)
    side = np.zeros(count, np.bool_)
    best, best_load, best_size = excess(two, 0.0), -1.0, 0
    state = seeded(seed)
    for _ in range(trees):
        state, _ = random_tree(net, nodes, place, count, parent, order, frontier, state)
        for i in range(count):
            below[i] = net.load[nodes[i]]
            under[i] = 1
            touched[i] = touching[i]
        for i in range(count - 1, 0, -1):
            u = order[i]
            below[parent[u]] += below[u]
            under[parent[u]] += under[u]
            touched[parent[u]] += touched[u]
        root = order[0]
        for i in range(1, count):
            u = order[i]
            for inside in (True, False):
                if inside:
                    moved, size, meets = below[u], under[u], touched[u]
                else:
                    moved = below[root] - below[u]
                    size, meets = count - under[u], touched[root] - touched[u]
                if meets == 0:
                    continue
                value = excess(two, moved)
                if ranked(value, moved, size, best, best_load, best_size, two.grain) == 1:
                    best, best_load, best_size = value, moved, size
                    for j in range(count):
                        side[j] = not inside
                    side[u] = inside
                    for j in range(i + 1, count):
                        if side[parent[order[j]]] == inside:
                            side[order[j]] = inside
    return side, best, best_load, best_size
