"""Kernels that exchange stations: some out, others in, as long as that reaches more."""

from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.sparse import csr_array

from gridgeo.analysis.balance.dice import below, seeded, step
from gridgeo.analysis.near_pairs import Floats, Ints


class Sets(NamedTuple):
    """Who can be reached from where, both ways round.

    Parameters
    ----------
    start, group : int64
        The groups in reach of candidate j: ``group[start[j]:start[j + 1]]``.
    first, candidate : int64
        The candidates in reach of group g: ``candidate[first[g]:first[g + 1]]``.
    weight : float64, shape (g,)
    """

    start: Ints
    group: Ints
    first: Ints
    candidate: Ints
    weight: Floats


class Choice(NamedTuple):
    """A choice of stations and what follows from it.

    Parameters
    ----------
    at : int64, shape (p,)
        The candidates chosen.
    chosen : bool, shape (m,)
    stations : int64, shape (g,)
        How many reach each group.
    gain : float64, shape (m,)
        Weight that a candidate would add.
    """

    at: Ints
    chosen: np.ndarray
    stations: Ints
    gain: Floats


def sets_of(rows: csr_array, weight: Floats) -> Sets:
    """Make rows of groups and candidates ready for the kernels."""
    columns = rows.tocsc()
    parts = columns.indptr, columns.indices, rows.indptr, rows.indices
    start, group, first, candidate = (part.astype(np.int64) for part in parts)
    return Sets(start, group, first, candidate, np.ascontiguousarray(weight, np.float64))


@njit(cache=True, nogil=True)
def search(
    sets: Sets, start: Ints, rounds: int, most_out: int, slack: float, cycle: int, seed: int
) -> Ints:
    """Shake a choice and exchange, round after round.

    Parameters
    ----------
    sets : Sets
    start : int64, shape (p,)
        At least one candidate, and not all.
    rounds : int
    most_out : int
        Neighbours taken out at a time, at most.
    slack : float
        How much less than the best so far may be gone on with, a share; it falls to 0 within a
        cycle, and starts again.
    cycle : int
        Rounds.
    seed : int
        Of the dice.

    Returns
    -------
    int64, shape (p,)
        The best choice met, no worse than ``start``.
    """
    m, p, total = len(sets.start) - 1, len(start), sets.weight.sum()
    now = Choice(
        start.copy(), np.zeros(m, np.bool_), np.zeros(len(sets.weight), np.int64), np.zeros(m)
    )
    for g in range(len(sets.weight)):
        for e in range(sets.first[g], sets.first[g + 1]):
            now.gain[sets.candidate[e]] += sets.weight[g]
    worth = 0.0
    for j in start:
        worth += _put(sets, now, j)
    least = 1e-9 * total
    both = np.zeros(m)
    worth += _exchange(sets, now, both, least)
    best, best_worth = now.at.copy(), worth
    before, near, barred = now.at.copy(), np.zeros(p, np.int64), np.full(m, -1)
    dice = seeded(seed)
    for turn in range(rounds):
        if best_worth >= total - least:
            break
        before[:] = now.at
        before_worth = worth
        # Stations that reach the same people are taken out together: so exchanges become possible
        # that no single one leads to.
        dice = step(dice)
        count = _neighbours(sets, now, now.at[below(dice, p)], near)
        dice = step(dice)
        out = 1 + int(below(dice, min(count, most_out)))
        for k in range(out):
            dice = step(dice)
            other = k + below(dice, count - k)
            near[k], near[other] = near[other], near[k]
        for k in range(out):
            barred[now.at[near[k]]] = turn
            worth -= _take(sets, now, now.at[near[k]])
        for k in range(out):
            j = _most(now, barred, turn)
            worth += _put(sets, now, j)
            now.at[near[k]] = j
        worth += _exchange(sets, now, both, least)
        if worth > best_worth + least:
            best[:] = now.at
            best_worth = worth
        bearable = best_worth * (1 - slack * (1 - (turn % cycle) / cycle))
        if worth < min(before_worth, bearable) - least:
            for k in range(p):
                if now.at[k] != before[k]:
                    _take(sets, now, now.at[k])
            for k in range(p):
                if now.at[k] != before[k]:
                    _put(sets, now, before[k])
            now.at[:] = before
            worth = before_worth
    return best


@njit(cache=True, nogil=True)
def _put(sets: Sets, now: Choice, j: int) -> float:
    """Put a station at j; give the weight that it adds."""
    added = now.gain[j]
    now.chosen[j] = True
    for e in range(sets.start[j], sets.start[j + 1]):
        g = sets.group[e]
        now.stations[g] += 1
        if now.stations[g] == 1:
            for f in range(sets.first[g], sets.first[g + 1]):
                now.gain[sets.candidate[f]] -= sets.weight[g]
    return added


@njit(cache=True, nogil=True)
def _take(sets: Sets, now: Choice, j: int) -> float:
    """Take the station at j out; give the weight that is lost with it."""
    now.chosen[j] = False
    for e in range(sets.start[j], sets.start[j + 1]):
        g = sets.group[e]
        now.stations[g] -= 1
        if now.stations[g] == 0:
            for f in range(sets.first[g], sets.first[g + 1]):
                now.gain[sets.candidate[f]] += sets.weight[g]
    return now.gain[j]


@njit(cache=True, nogil=True)
def _neighbours(sets: Sets, now: Choice, j: int, near: Ints) -> int:
    """Write the places in the choice of all stations that share people with j; give their number.

    j is one of them, also where it reaches nobody.
    """
    shares = np.zeros(len(now.chosen), np.bool_)
    shares[j] = True
    for e in range(sets.start[j], sets.start[j + 1]):
        g = sets.group[e]
        if now.stations[g] > 1:
            for f in range(sets.first[g], sets.first[g + 1]):
                shares[sets.candidate[f]] = True
    count = 0
    for k in range(len(now.at)):
        if shares[now.at[k]]:
            near[count] = k
            count += 1
    return count


@njit(cache=True, nogil=True)
def _most(now: Choice, barred: Ints, turn: int) -> int:
    """Give the candidate that adds most; of those barred in this turn only if nothing is left."""
    best, most = -1, -np.inf
    for j in range(len(now.chosen)):
        if not now.chosen[j]:
            value = now.gain[j] if barred[j] != turn else now.gain[j] - 1e300
            if value > most:
                best, most = j, value
    return best


@njit(cache=True, nogil=True)
def _exchange(sets: Sets, now: Choice, both: Floats, least: float) -> float:
    """Make the best of all exchanges of one station for another until none adds anything.

    Parameters
    ----------
    both : float64, shape (m,)
        Overwritten.
    least : float
        Weight that an exchange must add.

    Returns
    -------
    float
        What all of them added.
    """
    added = 0.0
    while True:
        most, out, into = least, -1, -1
        for k in range(len(now.at)):
            # People who have this station only: lost with it, unless the new one reaches them.
            j, lost = now.at[k], 0.0
            both[:] = 0
            for e in range(sets.start[j], sets.start[j + 1]):
                g = sets.group[e]
                if now.stations[g] == 1:
                    lost += sets.weight[g]
                    for f in range(sets.first[g], sets.first[g + 1]):
                        both[sets.candidate[f]] += sets.weight[g]
            for i in range(len(both)):
                if not now.chosen[i] and now.gain[i] + both[i] - lost > most:
                    most, out, into = now.gain[i] + both[i] - lost, k, i
        if out < 0:
            return added
        _take(sets, now, now.at[out])
        _put(sets, now, into)
        now.at[out] = into
        added += most


def warm_exchange() -> None:
    """Compile the kernels, or load them from numba's disk cache."""
    rows = csr_array(np.eye(3))
    search(sets_of(rows, np.ones(3)), np.array([0, 1]), 2, 1, 0.0, 2, 0)
