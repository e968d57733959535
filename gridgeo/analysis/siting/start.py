"""Good choices without a proof: where the search for the best one starts."""

import numpy as np
from scipy.sparse import csr_array

from gridgeo.analysis.near_pairs import Floats, Ints
from gridgeo.analysis.siting.exchange import search, sets_of
from gridgeo.analysis.siting.task import counts

_ROUNDS = 3000, 12_000  # of shaking, at first and again
_WORK = 600_000_000, 1_200_000_000  # pairs of group and candidate in all of them: some seconds
_OUT = 4  # stations taken out at a time, at most
_SLACK = 0.004, 0.006  # how much worse than the best may be gone on with, at first
_CYCLE = 150, 400  # rounds until it no longer may


def good_choice(rows: csr_array, weight: Floats, p: int) -> Ints:
    """Choose stations that reach much, by greedy choice, exchange, and shaking.

    Parameters
    ----------
    rows : csr_array of 0 and 1, shape (g, m)
    weight : float64, shape (g,)
    p : int
        How many to choose, at most ``m``.

    Returns
    -------
    int64, shape (p,)
        Ascending. The same for the same input.

    Notes
    -----
    Exchange: Teitz and Bart, "Heuristic methods for estimating the generalized vertex median of a
    weighted graph", Operations Research 16, 1968; the best of all exchanges each time. That what
    is a little worse is gone on with: Dueck and Scheuer, "Threshold accepting", Journal of
    Computational Physics 90, 1990. On 400 candidates of 1.5 km among 200,000 households this found
    0.4 % more than 300 shakes that went on with the best only.
    """
    return _shaken(rows, weight, greedy(rows, weight, np.empty(0, np.int64), p), again=0)


def better_choice(rows: csr_array, weight: Floats, chosen: Ints) -> Ints:
    """Shake a choice for longer, with other dice; for what is not known to be good enough.

    Parameters
    ----------
    rows, weight
        As for ``good_choice``.
    chosen : int64, shape (p,)

    Returns
    -------
    int64, shape (p,)
        Ascending; no worse than ``chosen``. The same for the same input.
    """
    return _shaken(rows, weight, chosen, again=1)


def _shaken(rows: csr_array, weight: Floats, start: Ints, again: int) -> Ints:
    if not 0 < len(start) < rows.shape[1]:
        return start
    rounds = min(_ROUNDS[again], _WORK[again] // max(rows.nnz, 1))
    sets = sets_of(rows, weight)
    return np.sort(search(sets, start, rounds, _OUT, _SLACK[again], _CYCLE[again], again))


def greedy(rows: csr_array, weight: Floats, fixed: Ints, p: int) -> Ints:
    """Add the station that reaches most of those not reached, until there are ``p``.

    Parameters
    ----------
    rows : csr_array of 0 and 1, shape (g, m)
    weight : float64, shape (g,)
    p : int
        How many to choose with those that are fixed, at most ``m``.
    fixed : int64
        Those to add to.

    Returns
    -------
    int64, shape (p,)
        Of stations that add the same the first is taken.
    """
    by_station = rows.T.tocsr()
    left = np.where(counts(rows, fixed) > 0, 0.0, weight)
    gain = by_station @ left
    chosen = list(fixed)
    while len(chosen) < p:
        value = gain.copy()
        value[chosen] = -np.inf
        j = int(value.argmax())
        chosen.append(j)
        own = by_station.indices[by_station.indptr[j] : by_station.indptr[j + 1]]
        new = own[left[own] > 0]
        gain -= left[new] @ rows[new]
        left[new] = 0
    return np.sort(np.array(chosen, np.int64))


def cover(rows: csr_array, fixed: Ints) -> Ints:
    """Choose stations that reach every group, none of them in vain.

    Parameters
    ----------
    rows : csr_array of 0 and 1, shape (g, m)
        No group without a station.
    fixed : int64
        Positions that stay.

    Returns
    -------
    int64
        Chvátal, "A greedy heuristic for the set-covering problem", Mathematics of Operations
        Research 4, 1979; then without those whose groups others reach.
    """
    by_station = rows.T.tocsr()
    left = counts(rows, fixed) == 0
    chosen = fixed.tolist()
    while left.any():
        j = int((by_station @ left.astype("float64")).argmax())
        chosen.append(j)
        left[by_station.indices[by_station.indptr[j] : by_station.indptr[j + 1]]] = False
    count = counts(rows, np.array(chosen, np.int64))
    kept = []
    for j in chosen:
        own = by_station.indices[by_station.indptr[j] : by_station.indptr[j + 1]]
        if j not in fixed and (count[own] > 1).all():
            count[own] -= 1
        else:
            kept.append(j)
    return np.array(kept, np.int64)
