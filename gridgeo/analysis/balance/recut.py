"""The recut kernel: merge two neighbouring grids and split them again along a random tree.

Recombination by spanning trees: DeFord, Duchin and Solomon, Harvard Data Science Review
3(1), 2021. Here every edge of several trees is tried and the cheapest split is taken.
"""

import numpy as np
from numba import njit

from gridgeo.analysis.balance.anneal import Schedule, penalty
from gridgeo.analysis.balance.dice import below, seeded, share, step
from gridgeo.analysis.balance.graph import Net

NEVER = 1e300


@njit(cache=True)
def random_tree(
    net: Net,
    nodes: np.ndarray,
    place: np.ndarray,
    count: int,
    parent: np.ndarray,
    order: np.ndarray,
    frontier: np.ndarray,
    state: np.uint64,
) -> tuple[np.uint64, bool]:
    """Grow a spanning tree over the ``count`` units of ``nodes`` from a random root.

    ``parent`` and ``order`` are filled in place; False when the units are not one piece.
    """
    for i in range(count):
        parent[i] = -2
    state = step(state)
    root = below(state, count)
    parent[root] = -1
    order[0] = root
    reached = 1
    size = 0
    u = nodes[root]
    for e in range(net.start[u], net.start[u + 1]):
        if place[net.to[e]] >= 0:
            frontier[size] = e
            size += 1
    while size > 0:
        state = step(state)
        p = below(state, size)
        e = frontier[p]
        size -= 1
        frontier[p] = frontier[size]
        v = place[net.to[e]]
        if parent[v] != -2:
            continue
        parent[v] = place[net.tail[e]]
        order[reached] = v
        reached += 1
        u = nodes[v]
        for f in range(net.start[u], net.start[u + 1]):
            x = place[net.to[f]]
            if x >= 0 and parent[x] == -2:
                frontier[size] = f
                size += 1
    return state, reached == count


@njit(cache=True)
def split_cost(
    net: Net,
    nodes: np.ndarray,
    place: np.ndarray,
    count: int,
    side: np.ndarray,
    today: np.ndarray,
    targets: np.ndarray,
    moving: float,
) -> float:
    """Price a split of two grids without its balance; NEVER when units that stay apart share.

    ``side`` holds the grid of each of the ``count`` units.
    """
    cost = 0.0
    for i in range(count):
        u = nodes[i]
        for e in range(net.start[u], net.start[u + 1]):
            j = place[net.to[e]]
            if j >= 0 and side[j] != side[i]:
                cost += 0.5 * net.price[e]
        for q in range(net.apart_start[u], net.apart_start[u + 1]):
            j = place[net.apart[q]]
            if j >= 0 and side[j] == side[i]:
                return NEVER
        if moving > 0 and today[u] >= 0 and today[u] != side[i]:
            cost += moving * net.load[u] / targets[today[u]]
    return cost


@njit(cache=True)
def recut(
    net: Net,
    labels: np.ndarray,
    today: np.ndarray,
    targets: np.ndarray,
    loads: np.ndarray,
    plan: Schedule,
    rounds: int,
    trees: int,
    seed: int,
) -> int:
    """Recut random pairs of neighbouring grids, those out of band first; in place.

    Each split is taken by Metropolis at temperature ``plan.hot``. Gives the splits taken.
    """
    n = len(labels)
    m = len(net.to)
    state = seeded(seed)
    place = np.full(n, -1, np.int32)
    nodes = np.empty(n, np.int32)
    parent = np.empty(n, np.int32)
    order = np.empty(n, np.int32)
    below_load = np.empty(n)
    frontier = np.empty(m, np.int32)
    side = np.empty(n, np.int32)
    best_side = np.empty(n, np.int32)
    square, hinge, band = plan.square, plan.hinge, plan.band
    taken = 0
    for _ in range(rounds):
        edge = np.int64(-1)
        for _ in range(200):
            state = step(state)
            e = below(state, m)
            if labels[net.tail[e]] != labels[net.to[e]]:
                edge = e
                break
        if edge < 0:
            break
        a = labels[net.tail[edge]]
        b = labels[net.to[edge]]
        state = step(state)
        inside = abs(loads[a] / targets[a] - 1) <= band and abs(loads[b] / targets[b] - 1) <= band
        if inside and below(state, 4) != 0:
            continue
        count = 0
        for u in range(n):
            if labels[u] == a or labels[u] == b:
                nodes[count] = u
                place[u] = count
                side[count] = labels[u]
                count += 1
        total = loads[a] + loads[b]
        old = split_cost(net, nodes, place, count, side, today, targets, plan.moving)
        old += penalty(loads[a] / targets[a] - 1, square, hinge, band, 0.0)
        old += penalty(loads[b] / targets[b] - 1, square, hinge, band, 0.0)
        best = NEVER
        best_load = 0.0
        for _ in range(trees):
            state, whole = random_tree(net, nodes, place, count, parent, order, frontier, state)
            if not whole:
                break
            for i in range(count):
                below_load[i] = net.load[nodes[i]]
            for i in range(count - 1, 0, -1):
                below_load[parent[order[i]]] += below_load[order[i]]
            least = NEVER
            where = -1
            branch = a
            for i in range(1, count):
                x = below_load[order[i]]
                state = step(state)
                jitter = 4e-3 * share(state)  # equal edges must not always fall to the first
                for grid, other in ((a, b), (b, a)):
                    cost = (
                        jitter
                        + penalty(x / targets[grid] - 1, square, hinge, band, 0.0)
                        + penalty((total - x) / targets[other] - 1, square, hinge, band, 0.0)
                    )
                    if cost < least:
                        least = cost
                        where = i
                        branch = grid
            if where < 0 or least >= best:
                continue
            rest = b if branch == a else a
            for i in range(count):
                side[i] = rest
            side[order[where]] = branch
            for i in range(where + 1, count):
                if side[parent[order[i]]] == branch:
                    side[order[i]] = branch
            in_a = 0.0
            for i in range(count):
                if side[i] == a:
                    in_a += net.load[nodes[i]]
            cost = split_cost(net, nodes, place, count, side, today, targets, plan.moving)
            cost += penalty(in_a / targets[a] - 1, square, hinge, band, 0.0)
            cost += penalty((total - in_a) / targets[b] - 1, square, hinge, band, 0.0)
            if cost < best:
                best = cost
                best_load = in_a
                best_side[:count] = side[:count]
        state = step(state)
        if best < old or (best < NEVER and share(state) < np.exp(-(best - old) / plan.hot)):
            taken += 1
            for i in range(count):
                labels[nodes[i]] = best_side[i]
            loads[a] = best_load
            loads[b] = total - best_load
        for i in range(count):
            place[nodes[i]] = -1
    return taken
