"""How many people any choice of stations can reach at most, without solving an integer program.

Candidates that share people are put together in clusters, and each cluster is solved exactly, for
any number of stations in it. People between clusters are the difficulty: the clusters bid for them
at prices, and whatever the prices are, the sum is a bound.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.sparse import csr_array

from gridgeo.analysis.near_pairs import Floats, Ints

_SIZE = 10  # candidates in a cluster: all 2¹⁰ choices are looked at
_STEPS = 400  # of the prices; each costs half a millisecond at 400 candidates
_MOST = 4000  # candidates whose overlaps are compared: 128 MB
_PATIENCE = 8  # steps without a better bound until steps become shorter


class Clusters(NamedTuple):
    """Candidates in clusters, and what each of them reaches.

    Parameters
    ----------
    size : int64, shape (c,)
        Candidates in each cluster.
    start : int64, shape (c + 1,)
        Where the parts of each cluster begin.
    choice : int64, shape (e,)
        Bits of the candidates in the cluster that reach a group, one part for each.
    group : int64, shape (e,)
    """

    size: Ints
    start: Ints
    choice: Ints
    group: Ints


def most_reached(rows: csr_array, weight: Floats, p: int, reached: float, enough: float) -> float:
    """Give a weight that no choice of ``p`` candidates exceeds.

    Parameters
    ----------
    rows : csr_array of 0 and 1, shape (g, m)
        No group without a candidate.
    weight : float64, shape (g,)
    p : int
        From 1 to ``m``.
    reached : float
        What the best choice known reaches; says how far to go with the prices.
    enough : float
        A bound as low as this ends the search.

    Returns
    -------
    float
        At most the weight of all groups. The same for the same input.

    Notes
    -----
    Clusters of a covering problem with relaxed ties between them: Senne, Pereira and Lorena, "A
    decomposition heuristic for the maximal covering location problem", Advances in Operations
    Research 2010, 120756. Prices go by subgradients with memory (Camerini, Fratta and Maffioli,
    Mathematical Programming Study 3, 1975) and Polyak's length.
    """
    everything = float(weight.sum())
    if rows.shape[1] > _MOST:
        return everything
    made = _clusters(rows, weight)
    shared = np.bincount(made.group, minlength=len(weight))
    price = weight / np.maximum(shared, 1)
    found = _cheapest(made, weight, price, p, reached, enough, _STEPS) * (1 + 1e-10)
    if (weight == np.floor(weight)).all():
        found = float(np.floor(found))  # whole people: what was added for roundings goes again
    return min(everything, found)


def _clusters(rows: csr_array, weight: Floats) -> Clusters:
    """Put candidates together that reach the same people, beginning at the margins."""
    overlap = (rows.T @ (rows * weight[:, None])).toarray()
    np.fill_diagonal(overlap, 0)
    left = np.ones(len(overlap), bool)
    members: list[list[int]] = []
    while left.any():
        margin = np.where(left, overlap[:, left].sum(axis=1), np.inf)
        one = [int(margin.argmin())]
        left[one] = False
        pull = overlap[one[0]].copy()
        while len(one) < _SIZE and left.any():
            one.append(int(np.where(left, pull, -1).argmax()))
            left[one[-1]] = False
            pull += overlap[one[-1]]
        members.append(one)
    columns = rows.tocsc()
    choices, groups = [], []
    for one in members:
        bits = np.zeros(len(weight), np.int64)
        for bit, j in enumerate(one):
            bits[columns.indices[columns.indptr[j] : columns.indptr[j + 1]]] |= 1 << bit
        groups.append(np.flatnonzero(bits))
        choices.append(bits[groups[-1]])
    start = np.cumsum([0, *map(len, groups)])
    size = np.array([len(one) for one in members])
    return Clusters(size, start, np.concatenate(choices), np.concatenate(groups))


@njit(cache=True, nogil=True)
def _cheapest(
    made: Clusters, weight: Floats, price: Floats, p: int, reached: float, enough: float, steps: int
) -> float:
    """Move the prices until the bound is low enough or no longer falls."""
    now, kept = price.copy(), price.copy()
    way = np.zeros(len(weight))
    cover = np.zeros(len(weight), np.int64)
    best, length, since = np.inf, 1.0, 0
    for _ in range(steps):
        bound = _bound(made, weight, now, p, cover)
        since = 0 if bound < best * (1 - 1e-6) else since + 1
        if bound < best:
            best = bound
            kept[:] = now
        if best <= enough:
            break
        if since >= _PATIENCE:
            length, since = length * 0.6, 0
            now[:] = kept
        norm = 0.0
        for g in range(len(weight)):
            way[g] = 0.6 * (cover[g] - 1) + 0.4 * way[g]
            stuck = (now[g] <= 0 and way[g] > 0) or (now[g] >= weight[g] and way[g] < 0)
            norm += 0.0 if stuck else way[g] * way[g]
        if norm == 0 or bound <= reached:
            break
        step = length * (bound - reached) / norm
        for g in range(len(weight)):
            now[g] = min(max(now[g] - step * way[g], 0.0), weight[g])
    return best


@njit(cache=True, nogil=True)
def _bound(made: Clusters, weight: Floats, price: Floats, p: int, cover: Ints) -> float:
    """Give the bound at prices; write how many clusters reach each group in the best bids."""
    count, most = len(made.size), made.size.max()
    value = np.full((count, most + 1), -np.inf)
    choice = np.zeros((count, most + 1), np.int64)
    lost = np.empty(1 << most)
    for c in range(count):
        _bids(made, c, price, lost, value[c], choice[c])
    # The best numbers of stations in the clusters, p together.
    total = np.full((count + 1, p + 1), -np.inf)
    total[0, 0] = 0.0
    taken = np.zeros((count, p + 1), np.int64)
    for c in range(count):
        for have in range(p + 1):
            if total[c, have] == -np.inf:
                continue
            for k in range(min(made.size[c], p - have) + 1):
                worth = total[c, have] + value[c, k]
                if worth > total[c + 1, have + k]:
                    total[c + 1, have + k] = worth
                    taken[c, have + k] = k
    cover[:] = 0
    have = p
    for c in range(count - 1, -1, -1):
        k = taken[c, have]
        have -= k
        for e in range(made.start[c], made.start[c + 1]):
            if made.choice[e] & choice[c, k]:
                cover[made.group[e]] += 1
    return total[count, p] + (weight - price).sum()


@njit(cache=True, nogil=True)
def _bids(made: Clusters, c: int, price: Floats, lost: Floats, value: Floats, choice: Ints) -> None:
    """Find for every number of stations the choice in a cluster that reaches most, at prices."""
    size = 1 << made.size[c]
    lost[:size] = 0
    whole = 0.0
    for e in range(made.start[c], made.start[c + 1]):
        worth = price[made.group[e]]
        lost[made.choice[e]] += worth
        whole += worth
    # Sums over all subsets: what only candidates in a set reach is lost when none of them is taken.
    for bit in range(made.size[c]):
        half = 1 << bit
        for base in range(0, size, 2 * half):
            for some in range(base, base + half):
                lost[some + half] += lost[some]
    for some in range(size):
        k, rest = 0, some
        while rest:
            rest &= rest - 1
            k += 1
        worth = whole - lost[size - 1 - some]
        if worth > value[k]:
            value[k], choice[k] = worth, some


def warm_bound() -> None:
    """Compile the kernels, or load them from numba's disk cache."""
    most_reached(csr_array(np.eye(3)), np.ones(3), 1, 0.5, 0.5)
