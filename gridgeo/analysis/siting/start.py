"""Good choices without a proof: where the search for the best one starts."""

import numpy as np
from scipy.sparse import csr_array

from gridgeo.analysis.near_pairs import Floats, Ints
from gridgeo.analysis.siting.task import counts

_ROUNDS = 300  # shakes; each costs some milliseconds at 400 candidates
_SHAKEN = 5  # stations taken out at a time


def good_choice(rows: csr_array, weight: Floats, fixed: Ints, p: int) -> Ints:
    """Choose stations that reach much, by greedy choice, exchange, and shaking.

    Parameters
    ----------
    rows : csr_array of 0 and 1, shape (g, m)
    weight : float64, shape (g,)
    fixed : int64
        Positions that stay.
    p : int
        How many to choose with them, at most ``m``.

    Returns
    -------
    int64, shape (p,)
        The same for the same input: the dice are part of the method.

    Notes
    -----
    Exchange: Teitz and Bart, "Heuristic methods for estimating the generalized vertex median of a
    weighted graph", Operations Research 16, 1968; the best of all exchanges each time.
    """
    by_station = rows.T.tocsr()
    best = _exchanged(rows, by_station, weight, fixed, greedy(rows, weight, fixed, p))
    worth = weight[counts(rows, best) > 0].sum()
    free = p - len(fixed)
    if free < 2 or free == rows.shape[1] - len(fixed) or worth >= weight.sum():
        return best
    dice = np.random.default_rng(0)
    # Stations that reach the same people are taken out together: so exchanges become possible
    # that no single one leads to.
    near = (by_station @ rows).toarray() > 0
    for _ in range(_ROUNDS):
        movable = np.setdiff1d(best, fixed)
        one = dice.choice(movable)
        around = movable[near[one, movable]]
        out = dice.permutation(around)[:_SHAKEN] if len(around) > 1 else movable[:0]
        out = np.union1d(out, dice.choice(movable, 1))
        rest = np.setdiff1d(best, out)
        tried = greedy(rows, weight, rest, p, barred=out)
        tried = _exchanged(rows, by_station, weight, fixed, tried)
        now = weight[counts(rows, tried) > 0].sum()
        if now >= worth:
            best, worth = tried, now
    return best


def greedy(
    rows: csr_array, weight: Floats, fixed: Ints, p: int, barred: Ints | None = None
) -> Ints:
    """Add the station that reaches most of those not reached, until there are ``p``.

    Parameters
    ----------
    rows, weight, p
        As for ``good_choice``.
    fixed : int64
        Those to add to.
    barred : int64, optional
        Taken only when nothing else is left.

    Returns
    -------
    int64, shape (p,)
        Of stations that add the same the first is taken.
    """
    by_station = rows.T.tocsr()
    left = np.where(counts(rows, fixed) > 0, 0.0, weight)
    gain = by_station @ left
    chosen = list(fixed)
    penalty = np.zeros(rows.shape[1])
    if barred is not None:
        penalty[barred] = weight.sum() + 1
    while len(chosen) < p:
        value = gain - penalty
        value[chosen] = -np.inf
        j = int(value.argmax())
        chosen.append(j)
        own = by_station.indices[by_station.indptr[j] : by_station.indptr[j + 1]]
        new = own[left[own] > 0]
        gain -= left[new] @ rows[new]
        left[new] = 0
    return np.sort(np.array(chosen, np.int64))


def _exchanged(
    rows: csr_array, by_station: csr_array, weight: Floats, fixed: Ints, chosen: Ints
) -> Ints:
    """Exchange one station for another as long as that reaches more."""
    chosen = np.concatenate([fixed, np.setdiff1d(chosen, fixed)])
    movable = np.arange(len(fixed), len(chosen))
    if not len(movable):
        return chosen
    count = counts(rows, chosen)
    while True:
        gain = by_station @ np.where(count == 0, weight, 0.0)
        # People who have one station only: lost with it, unless the new one reaches them.
        sole = by_station[chosen[movable]]
        sole.data = np.where(count[sole.indices] == 1, weight[sole.indices], 0.0)
        change = gain - np.asarray(sole.sum(axis=1))[:, None] + (sole @ rows).toarray()
        change[:, chosen] = -np.inf
        out, into = np.unravel_index(int(change.argmax()), change.shape)
        if change[out, into] <= 1e-9 * weight.sum():
            return np.sort(chosen)
        for j, sign in ((chosen[movable[out]], -1), (into, 1)):
            count[by_station.indices[by_station.indptr[j] : by_station.indptr[j + 1]]] += sign
        chosen[movable[out]] = into


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
