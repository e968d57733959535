"""Which figures of a tree of totals must be withheld, so that no small count can be worked out.

A published total minus its published parts is the sum of the withheld ones. Where a part is
itself a total that is withheld, its own parts stand in for it. So every withheld figure belongs
to exactly one *pool*, that of its lowest published ancestor, and all an onlooker learns is the
remainder of each pool. A pool is safe when nothing remains, or at least k over at least two
figures.

Source: Hundepool et al., Statistical Disclosure Control, Wiley 2012, chapter 4 (secondary cell
suppression in hierarchical tables); on a tree, the pools are its whole linear system.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

Ints = npt.NDArray[np.integer]

_TINY = 1e-6


class Level(NamedTuple):
    """A level of totals above the features.

    Parameters
    ----------
    codes : array, shape (n,)
        For each feature the code of its ancestor on this level.
    told : float64, shape (n, c)
        For each feature the total its ancestor is published with, unless withheld;
        nan where it cannot be compared with its parts.
    """

    codes: npt.NDArray
    told: Floats


def small(values: Floats, k: int) -> Bools:
    """Mark the figures that lie strictly between 0 and k, but for what sums of floats lose."""
    marked: Bools = (values > _TINY) & (values < k - _TINY)
    return marked


def withheld(values: Floats, told: Floats, levels: Sequence[Level], k: int) -> Bools:
    """Choose the features whose figures must not be published.

    Parameters
    ----------
    values : float64, shape (n, c)
        Non-negative figures of n features; the c columns tell of the same people and are
        withheld together.
    told : float64, shape (n, c)
        What would be published instead of ``values``: the same, or an earlier figure.
    levels : sequence of Level
        Coarsest first, each nested in the one before. The sum over all features is always
        taken to be known; which of the other totals are withheld follows from this same rule.
    k : int
        Least count that may be told.

    Returns
    -------
    bool, shape (n,)
        Deterministic: of equal figures the first is withheld first.
    """
    away = np.zeros(len(values), dtype=bool)
    while True:  # more is withheld every time round, so it ends
        chosen = _choose(values, told, levels, k, away)
        chosen = _shield(values, levels, k, chosen)
        if np.array_equal(chosen, away):
            return away
        away = chosen


def _choose(values: Floats, told: Floats, levels: Sequence[Level], k: int, away: Bools) -> Bools:
    """Go down the tree and make every pool safe; what is already ``away`` stays so."""
    n, c = values.shape
    whole = Level(np.zeros(n), np.full((n, c), np.nan))
    pool = np.full(n, -1)  # −1: no published total stands above
    rest = np.full((n, c), np.nan)  # what remains of the pool's total, as told
    for depth, level in enumerate((whole, *levels, Level(np.arange(n), told))):
        totals, first, node = _sum(values, level.codes)
        here = pool[first]
        hidden: Bools = np.any(small(totals, k), axis=1)
        if depth > len(levels):
            hidden |= away
        for number in np.unique(here[here >= 0]):
            mine = np.flatnonzero(here == number)
            left = rest[first[mine[0]]]
            hidden[mine] = _guard(totals[mine], level.told[first[mine]], left, hidden[mine], k)
            shown = mine[~hidden[mine]]
            rest[pool == number] = left - level.told[first[shown]].sum(axis=0)
        below: Bools = hidden[node]
        rest[~below] = level.told[~below]
        pool = np.where(below, pool, depth * n + node)
    return below


def _shield(values: Floats, levels: Sequence[Level], k: int, away: Bools) -> Bools:
    """Make safe also what remains of withheld totals: somebody may know them from elsewhere."""
    away = away.copy()
    for level in levels:
        totals, _, node = _sum(values, level.codes)
        for number in np.flatnonzero(~np.any(small(totals, k), axis=1)):
            mine = np.flatnonzero(node == number)
            unknown = np.full(values.shape[1], np.nan)
            away[mine] = _guard(values[mine], values[mine], unknown, away[mine], k)
    return away


def _sum(values: Floats, codes: npt.NDArray) -> tuple[Floats, Ints, Ints]:
    """Sum by code: totals, the first feature of each, and the total each feature is in."""
    _, first, node = np.unique(codes, return_index=True, return_inverse=True)
    totals = np.zeros((len(first), values.shape[1]))
    np.add.at(totals, node, values)
    return totals, first, node


def _guard(values: Floats, told: Floats, left: Floats, hidden: Bools, k: int) -> Bools:
    """Withhold the next smallest parts of one pool until what remains is safe."""
    parts = np.flatnonzero((values > 0).any(axis=1))
    parts = parts[np.lexsort((parts, values[parts].sum(axis=1), ~hidden[parts]))]
    zero = np.zeros((1, values.shape[1]))
    sums = np.vstack([zero, values[parts].cumsum(axis=0)])
    remainder = left - told.sum(axis=0) + np.vstack([zero, told[parts].cumsum(axis=0)])
    safe: Bools = ~np.any(small(sums, k) | small(np.abs(remainder), k), axis=1)
    safe[: hidden.sum()] = False
    safe[1:2] = False  # one alone is the remainder itself
    safe[-1] = True  # with every part withheld, only the total is known
    out = hidden.copy()
    out[parts[: np.argmax(safe)]] = True
    return out
