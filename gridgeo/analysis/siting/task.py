"""Who can be reached from where, and what an answer says."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csr_array

from gridgeo.analysis.near_pairs import (
    Floats,
    Ints,
    amounts,
    pairs_given,
    pairs_within,
    places,
    require_radius,
)
from gridgeo.errors import NotFoundError, ParameterError
from gridgeo.model.crs import require_metric

PROVEN = 1e-6  # a gap that only roundings leave


@dataclass(frozen=True)
class Siting:
    """Which stations to have, and how good that is known to be.

    Parameters
    ----------
    chosen : Index
        Of candidates, in their order, the fixed ones among them. There may be other choices that
        are as good.
    reached : float
        Demand within the radius of a chosen station.
    unreachable : Index
        Of households that no candidate can reach, and those without a point.
    objective : float
        What was asked for: the number of stations (``fewest_stations``), or the demand reached
        (``best_stations``).
    bound : float
        No choice has an objective better than this: a proof.
    gap : float
        |bound − objective| / objective; 0 where both are 0.
    optimal : bool
        Whether the bound proves that no choice is better, but for roundings.
    """

    chosen: pd.Index
    reached: float
    unreachable: pd.Index
    objective: float
    bound: float
    gap: float
    optimal: bool


class Task(NamedTuple):
    """Households put together by the candidates that reach them.

    Parameters
    ----------
    rows : csr_array of float64, shape (g, m)
        1 where a candidate reaches a group; each set of candidates once, none of them empty.
    weight : float64, shape (g,)
        Demand of each group.
    fixed : int64, shape (f,)
        Positions of candidates that are there already, ascending.
    candidates, unreachable : Index
    """

    rows: csr_array
    weight: Floats
    fixed: Ints
    candidates: pd.Index
    unreachable: pd.Index

    def answer(self, at: Ints, objective: float, bound: float) -> Siting:
        """Say what a choice is worth.

        Parameters
        ----------
        at : int64, shape (k,)
            Positions of the candidates chosen.
        objective, bound : float
        """
        at = np.sort(at)
        gap = abs(bound - objective) / objective if objective > 0 else float(bound > 0)
        return Siting(
            chosen=self.candidates[at],
            reached=float(self.weight[counts(self.rows, at) > 0].sum()),
            unreachable=self.unreachable,
            objective=float(objective),
            bound=float(bound),
            gap=float(gap),
            optimal=bool(gap <= PROVEN),
        )


def counts(rows: csr_array, at: Ints) -> Floats:
    """Count how many of the candidates ``at`` reach each group."""
    chosen = np.zeros(rows.shape[1])
    chosen[at] = 1
    return rows @ chosen


def read_task(
    households: pd.DataFrame | pd.Series,
    candidates: pd.DataFrame | pd.Series,
    radius_m: float,
    fixed: Iterable[Any] | None,
    demand: str | None,
    distances: Any,  # noqa: ANN401 - an array or any sparse matrix
) -> Task:
    """Check what is given and put the households together.

    Parameters
    ----------
    households, candidates, radius_m, fixed, demand, distances
        As ``best_stations`` takes them.

    Raises
    ------
    CRSError, GeometryError, InputError, NotFoundError, ParameterError
        As ``best_stations``.
    """
    radius_m = require_radius(radius_m)
    persons = amounts(households, demand, "households", "demand")
    shape = len(households), len(candidates)
    if distances is None:
        homes = places(require_metric(households, "households"), "households")
        bases = places(candidates, "candidates", households, "households")
        home, base, _ = pairs_within(homes, bases, radius_m)
    else:
        home, base, _ = pairs_given(distances, shape, radius_m, "candidates")
    group, first = _groups(home, base, *shape)
    far = group < 0
    weight = np.bincount(group[~far], weights=persons[~far], minlength=len(first))
    kept = np.isin(home, first)
    rows = csr_array((np.ones(kept.sum()), (group[home[kept]], base[kept])), (len(first), shape[1]))
    rows.sum_duplicates()
    rows.data[:] = 1
    at = _positions(fixed, candidates.index)
    return Task(rows, weight.astype("float64"), at, candidates.index, households.index[far])


def _groups(home: Ints, base: Ints, n: int, m: int) -> tuple[Ints, Ints]:
    """Give households that the same candidates reach the same number.

    Returns
    -------
    group : int64, shape (n,)
        −1 where no candidate does.
    first : int64, shape (g,)
        The first household of each group.
    """
    # Two sums of random words for each set: equal sums of unequal sets are less likely than a
    # fault of the machine (2⁻¹²⁸ a pair).
    words = np.random.default_rng(0).integers(0, 2**64, (2, m), dtype=np.uint64)
    # The pairs in the order of the households, by counting: sorting them took most of the time.
    table = coo_array((np.ones(len(home), np.int8), (home, base)), shape=(n, m)).tocsr()
    reached = np.flatnonzero(np.diff(table.indptr))
    if not len(reached):
        return np.full(n, -1), reached
    sums = np.add.reduceat(words[:, table.indices], table.indptr[reached], axis=1)
    order = np.lexsort(sums)
    new = np.append(True, (sums[:, order[1:]] != sums[:, order[:-1]]).any(axis=0))
    number = np.empty(len(reached), np.int64)
    number[order] = np.cumsum(new) - 1
    first = np.full(number.max() + 1, n)
    np.minimum.at(first, number, reached)
    # In the order of their first households, so that the answer hangs on the data alone.
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    group = np.full(n, -1)
    group[reached] = rank[number]
    return group, np.sort(first)


def _positions(fixed: Iterable[Any] | None, index: pd.Index) -> Ints:
    """Find the candidates that are there already."""
    if fixed is None:
        return np.empty(0, np.int64)
    given: npt.NDArray[Any] = np.asarray(fixed if isinstance(fixed, np.ndarray) else list(fixed))
    if given.dtype == bool and index.dtype != bool:
        if len(given) != len(index):
            raise ParameterError(
                f"fixed is a mask of {len(given)}; there are {len(index)} candidates.",
                hint="Give one truth value for each candidate, or their ids.",
                fields=["fixed"],
            )
        return np.flatnonzero(given)
    unknown = [one for one in given.tolist() if one not in index]
    if unknown:
        raise NotFoundError(
            f"fixed names {len(unknown)} ids that are no candidates "
            f"({', '.join(map(str, unknown[:3]))}).",
            hint="Give ids of the index of candidates; put the stations that exist among them.",
            fields=["fixed"],
        )
    return np.flatnonzero(index.isin(given.tolist()))
