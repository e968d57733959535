"""Cells with a weight, put together to connected parts of no more than a load."""

import heapq

import numpy as np

from gridgeo.analysis.units.linked import groups

# Cells that share no more than this touch in a point, as far as a plan is concerned.
_BORDER_M = 0.01
_Beside = list[dict[int, float]]


def grouped(
    weight: np.ndarray, middle: np.ndarray, pair: np.ndarray, length: np.ndarray, most: float
) -> np.ndarray:
    """Put cells together to parts that hang together and weigh at most ``most``.

    Parameters
    ----------
    weight : ndarray of float, shape (c,)
    middle : ndarray of float, shape (c, 2)
    pair : ndarray of int, shape (s, 2)
        Neighbours, once for each straight stretch of border.
    length : ndarray of float, shape (s,)
        Metres of each stretch.
    most : float

    Returns
    -------
    ndarray of int, shape (c,)
        The part of each cell, 0 … without gaps. A part heavier than ``most`` is one cell.
    """
    beside = _neighbours(len(weight), pair, length)
    part = np.full(len(weight), -1)
    waiting = _connected(np.arange(len(weight)), beside)
    done = 0
    while waiting:
        cells = waiting.pop()
        total = weight[cells].sum()
        if total <= most or len(cells) == 1:
            part[cells] = done
            done += 1
        else:
            waiting += _halved(cells, total, weight, middle, beside, most)
    return _joined_up(part, weight, beside, most)


def _neighbours(n: int, pair: np.ndarray, length: np.ndarray) -> _Beside:
    key, of_stretch = np.unique(np.sort(pair, axis=1) @ [n, 1], return_inverse=True)
    metres = np.bincount(of_stretch, weights=length, minlength=len(key))
    beside: _Beside = [{} for _ in range(n)]
    for k, shared in zip(key.tolist(), metres.tolist(), strict=True):
        if shared > _BORDER_M:
            beside[k // n][k % n] = shared
            beside[k % n][k // n] = shared
    return beside


def _halved(
    cells: np.ndarray,
    total: float,
    weight: np.ndarray,
    middle: np.ndarray,
    beside: _Beside,
    most: float,
) -> list[np.ndarray]:
    """Part connected cells: grow from one end along the longer way, and what that leaves."""
    spread = middle[cells] - middle[cells].mean(axis=0)
    way = np.linalg.eigh(spread.T @ spread)[1][:, 1]
    way = way * np.sign(way[np.argmax(np.abs(way))])
    along = dict(zip(cells.tolist(), np.round(spread @ way, 6).tolist(), strict=True))
    k = int(np.ceil(total / most)) if most > 0 else len(cells)
    goal = total * (max(k // 2, 1) / max(k, 2))
    start = min(along, key=lambda c: (along[c], c))
    taken, have = {start}, weight[start]
    met = {start}
    edge: list[tuple[float, int]] = []

    def meet(cell: int) -> None:
        for other in beside[cell]:
            if other in along and other not in met:
                met.add(other)
                heapq.heappush(edge, (along[other], other))

    meet(start)
    while edge and len(taken) < len(cells) - 1:
        best = heapq.heappop(edge)[1]
        if have + weight[best] / 2 > goal:
            break
        taken.add(best)
        have += weight[best]
        meet(best)
    first = np.array(sorted(taken))
    return [first, *_connected(np.setdiff1d(cells, first), beside)]


def _connected(cells: np.ndarray, beside: _Beside) -> list[np.ndarray]:
    """Take cells, ascending, apart into connected pieces."""
    place = {c: i for i, c in enumerate(cells.tolist())}
    links = [(i, place[o]) for c, i in place.items() for o in beside[c] if o > c and o in place]
    group = groups(len(cells), np.array(links, int).reshape(-1, 2))
    order = np.argsort(group, kind="stable")
    return np.split(cells[order], np.flatnonzero(np.diff(group[order])) + 1)


def _joined_up(part: np.ndarray, weight: np.ndarray, beside: _Beside, most: float) -> np.ndarray:
    """Join the least part with the neighbour of the longest border, while both fit in one."""
    load = np.bincount(part, weights=weight).tolist()
    shared: _Beside = [{} for _ in load]
    for c, row in enumerate(beside):
        mine = shared[part[c]]
        for other, metres in row.items():
            if part[c] != part[other]:
                mine[int(part[other])] = mine.get(int(part[other]), 0.0) + metres
    into = np.arange(len(load))
    # What fits nowhere now never will: neighbours only grow.
    least = [(had, p) for p, had in enumerate(load)]
    heapq.heapify(least)
    while least:
        had, p = heapq.heappop(least)
        if into[p] != p or load[p] != had:
            continue
        fits = [q for q in shared[p] if had + load[q] <= most]
        if not fits:
            continue
        q = max(fits, key=lambda q: (round(shared[p][q], 6), -q))
        into[p] = q
        load[q] += had
        heapq.heappush(least, (load[q], q))
        for other, metres in shared[p].items():
            del shared[other][p]
            if other != q:
                shared[other][q] = shared[other].get(q, 0.0) + metres
                shared[q][other] = shared[q].get(other, 0.0) + metres
    while (into != into[into]).any():
        into = into[into]
    return np.unique(into[part], return_inverse=True)[1]
