"""The neck kernel: units whose removal falls a graph apart, and what lies behind them."""

import numpy as np
from numba import njit


@njit(cache=True)
def necks(start: np.ndarray, to: np.ndarray, load: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """List every cut vertex with the load of each part its removal leaves: (units, loads).

    Biconnected components: Hopcroft and Tarjan, Comm. ACM 16(6), 1973.
    """
    n = len(load)
    found = np.full(n, -1, np.int64)
    low = np.zeros(n, np.int64)
    parent = np.full(n, -1, np.int64)
    root = np.empty(n, np.int64)
    under = load.copy()
    place = start[:-1].copy()
    stack = np.empty(n, np.int64)
    time = 0
    for r in range(n):
        if found[r] >= 0:
            continue
        top = 1
        stack[0] = r
        found[r] = low[r] = time
        root[r] = r
        time += 1
        while top > 0:
            u = stack[top - 1]
            if place[u] < start[u + 1]:
                v = to[place[u]]
                place[u] += 1
                if found[v] < 0:
                    parent[v] = u
                    root[v] = r
                    found[v] = low[v] = time
                    time += 1
                    stack[top] = v
                    top += 1
                elif v != parent[u]:
                    low[u] = min(low[u], found[v])
            else:
                top -= 1
                p = parent[u]
                if p >= 0:
                    low[p] = min(low[p], low[u])
                    under[p] += under[u]
    children = np.zeros(n, np.int64)
    away = np.zeros(n)
    for u in range(n):
        p = parent[u]
        if p >= 0 and low[u] >= found[p]:
            children[p] += 1
            away[p] += under[u]
    units = np.empty(2 * n, np.int64)
    loads = np.empty(2 * n)
    size = 0
    for u in range(n):
        p = parent[u]
        if p >= 0 and low[u] >= found[p] and (parent[p] >= 0 or children[p] > 1):
            units[size] = p
            loads[size] = under[u]
            size += 1
    for p in range(n):
        if children[p] > 0 and parent[p] >= 0:
            units[size] = p
            loads[size] = under[root[p]] - load[p] - away[p]
            size += 1
    return units[:size].copy(), loads[:size].copy()
