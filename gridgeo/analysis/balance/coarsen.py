"""Kernels that build and coarsen graphs."""

import numpy as np
from numba import njit

from gridgeo.analysis.balance.dice import below, seeded, share, step


@njit(cache=True)
def opposite_edges(start: np.ndarray, to: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find tail and opposite of every directed edge; rows must be ascending."""
    n = len(start) - 1
    place = start[:-1].copy()
    tail = np.empty(len(to), np.int32)
    back = np.empty(len(to), np.int32)
    for u in range(n):
        for e in range(start[u], start[u + 1]):
            tail[e] = u
            v = to[e]
            back[e] = place[v]
            place[v] += 1
    return tail, back


@njit(cache=True)
def match(
    start: np.ndarray,
    to: np.ndarray,
    price: np.ndarray,
    load: np.ndarray,
    classes: np.ndarray,
    most: np.ndarray,
    seed: int,
) -> tuple[np.ndarray, int]:
    """Pair neighbours of one class along the dearest edge, up to ``most[class]`` of load.

    Heavy-edge matching: Karypis and Kumar, SIAM J. Sci. Comput. 20(1), 1998.
    Gives the coarse unit of each unit, and their number.
    """
    n = len(classes)
    state = seeded(seed)
    order = np.arange(n)
    for i in range(n - 1, 0, -1):
        state = step(state)
        j = below(state, i + 1)
        order[i], order[j] = order[j], order[i]
    parent = np.full(n, -1, np.int32)
    count = 0
    for u in order:
        if parent[u] >= 0:
            continue
        dearest = -1.0
        mate = -1
        for e in range(start[u], start[u + 1]):
            v = to[e]
            if parent[v] < 0 and classes[v] == classes[u] and load[u] + load[v] <= most[classes[u]]:
                state = step(state)
                score = price[e] * (1.0 + 0.01 * share(state))
                if score > dearest:
                    dearest = score
                    mate = v
        parent[u] = count
        if mate >= 0:
            parent[mate] = count
        count += 1
    return parent, count


@njit(cache=True)
def contract(
    start: np.ndarray,
    to: np.ndarray,
    price: np.ndarray,
    load: np.ndarray,
    parent: np.ndarray,
    count: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Merge units into their parents: (start, to, price, load), rows ascending."""
    n = len(parent)
    first = np.zeros(count + 1, np.int64)
    for u in range(n):
        first[parent[u] + 1] += 1
    for c in range(count):
        first[c + 1] += first[c]
    members = np.empty(n, np.int32)
    fill = first[:-1].copy()
    for u in range(n):
        members[fill[parent[u]]] = u
        fill[parent[u]] += 1
    start2 = np.zeros(count + 1, np.int64)
    to2 = np.empty(len(to), np.int32)
    price2 = np.empty(len(to))
    load2 = np.zeros(count)
    seen = np.full(count, -1, np.int64)
    end = 0
    for c in range(count):
        begin = end
        for q in range(first[c], first[c + 1]):
            u = members[q]
            load2[c] += load[u]
            for e in range(start[u], start[u + 1]):
                d = parent[to[e]]
                if d == c:
                    continue
                if seen[d] >= begin:
                    price2[seen[d]] += price[e]
                else:
                    seen[d] = end
                    to2[end] = d
                    price2[end] = price[e]
                    end += 1
        for i in range(begin + 1, end):  # insertion sort: rows are short
            x = to2[i]
            y = price2[i]
            j = i - 1
            while j >= begin and to2[j] > x:
                to2[j + 1] = to2[j]
                price2[j + 1] = price2[j]
                j -= 1
            to2[j + 1] = x
            price2[j + 1] = y
        start2[c + 1] = end
    return start2, to2[:end].copy(), price2[:end].copy(), load2
