"""The annealing kernel: single moves and two-step chains over the borders of a plan.

Contiguity is exact: a unit leaves a grid only when the rest stays one piece. Simulated
annealing of districts with single-unit moves goes back to Browdy, Yale Law & Policy Review
8(1), 1990; the chains, the hinge outside the band and the prices are gridgeo's own.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from gridgeo.analysis.balance.dice import below, seeded, share, step
from gridgeo.analysis.balance.graph import Net


class Schedule(NamedTuple):
    """How an annealing runs from its first step to its last; all weights are in cut prices.

    Parameters
    ----------
    hot, cold : float
        First and last temperature.
    square, square_end : float
        Weight of the squared deviation at the first and the last step.
    hinge, hinge_end : float
        Slope of the penalty outside the band, likewise.
    band : float
        Deviation that costs no hinge.
    moving : float
        Price of one target's worth of load that leaves its grid of today; 0 for a new plan.
    chain : float
        Chance to try a chain when the single move is refused, 0 to 1.
    reach : int
        Units the contiguity check may visit; beyond it the move is refused.
    """

    hot: float
    cold: float
    square: float
    square_end: float
    hinge: float
    hinge_end: float
    band: float
    moving: float
    chain: float
    reach: int


@njit(cache=True, inline="always")
def penalty(deviation: float, square: float, hinge: float, band: float, pull: float) -> float:
    """Price a deviation: a square, and a hinge outside the band.

    A pull above 0 steepens the hinge of too much load, below 0 that of too little.
    """
    size = abs(deviation)
    cost = square * deviation * deviation
    if size > band:
        if pull * deviation > 0:
            hinge += abs(pull)
        cost += hinge * (size - band)
    return cost


@njit(cache=True)
def removable(
    u: int,
    net: Net,
    labels: np.ndarray,
    stamp: np.ndarray,
    clock: np.ndarray,
    queue: np.ndarray,
    reach: int,
) -> bool:
    """Tell whether u's grid stays one piece and nonempty without u; False when too far to see."""
    grid = labels[u]
    need = 0
    first = -1
    clock[0] += 2
    now = clock[0]
    for e in range(net.start[u], net.start[u + 1]):
        v = net.to[e]
        if labels[v] == grid:
            stamp[v] = now - 1
            need += 1
            first = v
    if need <= 1:
        return need == 1
    stamp[u] = now
    stamp[first] = now
    need -= 1
    head = 0
    end = 1
    queue[0] = first
    while head < end:
        x = queue[head]
        head += 1
        for e in range(net.start[x], net.start[x + 1]):
            v = net.to[e]
            if labels[v] == grid and stamp[v] != now:
                if stamp[v] == now - 1:
                    need -= 1
                    if need == 0:
                        return True
                stamp[v] = now
                queue[end] = v
                end += 1
        if end > reach:
            return False
    return False


@njit(cache=True, inline="always")
def kept_apart(u: int, grid: int, net: Net, labels: np.ndarray) -> bool:
    """Tell whether u may join the grid as far as the pairs that stay apart are concerned."""
    for q in range(net.apart_start[u], net.apart_start[u + 1]):
        if labels[net.apart[q]] == grid:
            return False
    return True


@njit(cache=True, inline="always")
def cut_change(u: int, a: int, b: int, net: Net, labels: np.ndarray) -> float:
    """Change of the cut when u goes from a to b."""
    change = 0.0
    for e in range(net.start[u], net.start[u + 1]):
        grid = labels[net.to[e]]
        if grid == a:
            change += net.price[e]
        elif grid == b:
            change -= net.price[e]
    return change


@njit(cache=True, inline="always")
def move_change(
    u: int, a: int, b: int, today: np.ndarray, load: np.ndarray, targets: np.ndarray, moving: float
) -> float:
    """Change of the price of moved load when u goes from a to b."""
    if moving > 0:
        if today[u] == a:
            return moving * load[u] / targets[a]
        if today[u] == b:
            return -moving * load[u] / targets[b]
    return 0.0


@njit(cache=True)
def relabel(
    u: int, grid: int, net: Net, labels: np.ndarray, cut: np.ndarray, place: np.ndarray, size: int
) -> int:
    """Move u and keep the list of cut edges; gives its new length."""
    labels[u] = grid
    for e in range(net.start[u], net.start[u + 1]):
        opposite = net.back[e]
        if labels[net.to[e]] != grid:
            if place[e] < 0:
                cut[size] = e
                place[e] = size
                cut[size + 1] = opposite
                place[opposite] = size + 1
                size += 2
        elif place[e] >= 0:
            for f in (e, np.int64(opposite)):
                size -= 1
                last = cut[size]
                cut[place[f]] = last
                place[last] = place[f]
                place[f] = -1
    return size


@njit(cache=True)
def anneal(
    net: Net,
    labels: np.ndarray,
    today: np.ndarray,
    targets: np.ndarray,
    loads: np.ndarray,
    pull: np.ndarray,
    plan: Schedule,
    first: int,
    last: int,
    steps: int,
    seed: int,
) -> int:
    """Run steps ``first`` to ``last`` of an annealing of ``steps``; labels and loads in place.

    ``today`` is −1 where moving costs nothing; ``pull`` is the flow price of each grid.
    Gives the number of moves made.
    """
    n = len(labels)
    m = len(net.to)
    cut = np.empty(m + 2, np.int32)
    place = np.full(m, -1, np.int32)
    size = 0
    for e in range(m):
        if labels[net.tail[e]] != labels[net.to[e]]:
            cut[size] = e
            place[e] = size
            size += 1
    stamp = np.zeros(n, np.int64)
    clock = np.zeros(1, np.int64)
    queue = np.empty(n + 1, np.int32)
    state = seeded(seed)
    moves = 0
    block = 256 if steps < 65536 else 1024
    blocks = max(1, steps // block)
    cooler = (plan.cold / plan.hot) ** (1.0 / blocks)
    squarer = (plan.square_end / plan.square) ** (1.0 / blocks)
    steeper = (plan.hinge_end / plan.hinge) ** (1.0 / blocks)
    done = first // block
    heat = plan.hot * cooler**done
    square = plan.square * squarer**done
    hinge = plan.hinge * steeper**done
    band = plan.band
    moving = plan.moving
    for i in range(first, last):
        if size == 0:
            break
        if i % block == block - 1:
            heat *= cooler
            square *= squarer
            hinge *= steeper
        state = step(state)
        e = cut[below(state, size)]
        u = net.tail[e]
        v = net.to[e]
        a = labels[u]
        b = labels[v]
        wu = net.load[u]
        state = step(state)
        bar = -heat * np.log(share(state) + 1e-300)
        change = cut_change(u, a, b, net, labels) + move_change(
            u, a, b, today, net.load, targets, moving
        )
        pa = penalty(loads[a] / targets[a] - 1, square, hinge, band, pull[a])
        pb = penalty(loads[b] / targets[b] - 1, square, hinge, band, pull[b])
        pa1 = penalty((loads[a] - wu) / targets[a] - 1, square, hinge, band, pull[a])
        pb1 = penalty((loads[b] + wu) / targets[b] - 1, square, hinge, band, pull[b])
        if change + pa1 - pa + pb1 - pb <= bar:
            if kept_apart(u, b, net, labels) and removable(
                u, net, labels, stamp, clock, queue, plan.reach
            ):
                loads[a] -= wu
                loads[b] += wu
                size = relabel(u, b, net, labels, cut, place, size)
                moves += 1
            continue
        if plan.chain <= 0 or change - pb - pa + pa1 > bar:
            continue
        state = step(state)
        if share(state) >= plan.chain:
            continue
        # The chain a → b → c: u enters b, and some x of b near v leaves for c (c may be a).
        x = v
        state = step(state)
        hops = below(state, 4)
        for _ in range(hops):
            state = step(state)
            y = net.to[net.start[x] + below(state, net.start[x + 1] - net.start[x])]
            if labels[y] == b:
                x = y
        state = step(state)
        y = net.to[net.start[x] + below(state, net.start[x + 1] - net.start[x])]
        c = labels[y]
        if c == b or y == u:
            continue
        labels[u] = b
        change2 = cut_change(x, b, c, net, labels) + move_change(
            x, b, c, today, net.load, targets, moving
        )
        labels[u] = a
        wx = net.load[x]
        pb1 = penalty((loads[b] + wu - wx) / targets[b] - 1, square, hinge, band, pull[b])
        total = change + change2 + pb1 - pb
        if c == a:
            back = (loads[a] - wu + wx) / targets[a] - 1
            total += penalty(back, square, hinge, band, pull[a]) - pa
        else:
            more = penalty((loads[c] + wx) / targets[c] - 1, square, hinge, band, pull[c])
            total += pa1 - pa + more
            total -= penalty(loads[c] / targets[c] - 1, square, hinge, band, pull[c])
        if total > bar or not kept_apart(u, b, net, labels):
            continue
        if not removable(u, net, labels, stamp, clock, queue, plan.reach):
            continue
        labels[u] = b
        good = kept_apart(x, c, net, labels) and removable(
            x, net, labels, stamp, clock, queue, plan.reach
        )
        labels[u] = a
        if not good:
            continue
        loads[a] -= wu
        loads[b] += wu - wx
        loads[c] += wx
        size = relabel(u, b, net, labels, cut, place, size)
        size = relabel(x, c, net, labels, cut, place, size)
        moves += 1
    return moves
