"""The stray kernel: what is cut off from its grid goes to the neighbour it borders longest."""

import numpy as np
from numba import njit


@njit(cache=True)
def join_strays(
    start: np.ndarray,
    to: np.ndarray,
    price: np.ndarray,
    load: np.ndarray,
    labels: np.ndarray,
    k: int,
) -> None:
    """Keep the heaviest piece of every grid and hand every other piece to a neighbour, in place.

    Labels are 0 … k−1, or k for units that have no grid yet: these are always handed over.
    Whole pieces move, never unit by unit, which can ping-pong and leave a grid broken. In a
    connected graph with at least one unit labelled below k, nothing is left over.
    """
    n = len(labels)
    stack = np.empty(n, np.int64)
    border = np.zeros(k + 1)
    changed = 1
    while changed > 0:
        piece = np.full(n, -1, np.int64)
        head = np.empty(n, np.int64)
        weight = np.zeros(n)
        count = 0
        for s in range(n):
            if piece[s] >= 0:
                continue
            top = 1
            stack[0] = s
            piece[s] = count
            head[count] = s
            while top > 0:
                top -= 1
                u = stack[top]
                weight[count] += load[u] + 1e-12
                for e in range(start[u], start[u + 1]):
                    v = to[e]
                    if piece[v] < 0 and labels[v] == labels[u]:
                        piece[v] = count
                        stack[top] = v
                        top += 1
            count += 1
        main = np.full(k + 1, -1, np.int64)
        for c in range(count):
            grid = labels[head[c]]
            if grid < k and (main[grid] < 0 or weight[c] > weight[main[grid]]):
                main[grid] = c
        changed = 0
        for c in range(count):
            if main[labels[head[c]]] == c:
                continue
            first = 0
            end = 1
            stack[0] = head[c]
            piece[head[c]] = -2 - c
            while first < end:
                u = stack[first]
                first += 1
                for e in range(start[u], start[u + 1]):
                    v = to[e]
                    if piece[v] == c:
                        piece[v] = -2 - c
                        stack[end] = v
                        end += 1
                    elif piece[v] >= 0 and piece[v] == main[labels[v]]:
                        border[labels[v]] += price[e] + 1e-12
            longest = -1
            for q in range(end):
                u = stack[q]
                for e in range(start[u], start[u + 1]):
                    grid = labels[to[e]]
                    if border[grid] > 0 and (longest < 0 or border[grid] > border[longest]):
                        longest = grid
            for q in range(end):
                u = stack[q]
                for e in range(start[u], start[u + 1]):
                    border[labels[to[e]]] = 0.0
            if longest >= 0:
                changed += 1
                for q in range(end):
                    labels[stack[q]] = longest
                    piece[stack[q]] = main[longest]
