"""The best places for a given number of stations."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, eye_array, hstack, vstack

from gridgeo.analysis.near_pairs import Floats, Ints
from gridgeo.analysis.siting.bound import most_reached
from gridgeo.analysis.siting.highs import solve
from gridgeo.analysis.siting.reduce import useful_candidates
from gridgeo.analysis.siting.start import better_choice, good_choice, greedy
from gridgeo.analysis.siting.task import Siting, counts, read_task
from gridgeo.errors import ParameterError


def best_stations(
    households: pd.DataFrame | pd.Series,
    candidates: pd.DataFrame | pd.Series,
    radius_m: float,
    p: int,
    fixed: Iterable[Any] | None = None,
    demand: str | None = "persons",
    distances: Any = None,  # noqa: ANN401 - an array or any sparse matrix
    gap: float = 1e-6,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose the ``p`` stations that reach most persons.

    Parameters
    ----------
    households : GeoDataFrame or GeoSeries of Point, shape (n,)
        Metric CRS, with a column of persons; in a GeoSeries each household counts 1. With
        ``distances`` any frame will do.
    candidates : GeoDataFrame or GeoSeries of Point, shape (m,)
        Places where a station may stand, and those where one stands. Brought into the CRS of
        ``households``. With ``distances`` any frame will do.
    radius_m : float
        Who is exactly so far away is reached.
    p : int
        Stations in all, the fixed ones counted.
    fixed : sequence of ids, or of bool, optional
        Candidates that are chosen in any case: ids of their index, or one truth value for each.
    demand : str or None
        Column of ``households``; None: each counts 1.
    distances : array or sparse matrix of float, shape (n, m), optional
        Metres from each household to each candidate instead of the straight line, such as
        ``street_distances`` gives. ``inf`` or NaN, and what a sparse matrix does not store, cannot
        be reached; a stored 0 is 0 m.
    gap : float
        Stop when no choice can reach more than (1 + ``gap``) times as many persons.
    time_limit_s : float
        Stop then, whatever the gap: the choice found so far, with its bound.

    Returns
    -------
    Siting
        ``objective`` is the demand reached. The same call gives the same answer unless the time
        limit cuts it short.

    Raises
    ------
    CRSError
        ``households`` does not measure metres, or a layer has no CRS.
    GeometryError
        A row is no point.
    InputError
        The column of persons is missing, or has values that are missing, negative or not finite.
    NotFoundError
        ``fixed`` names an id that is no candidate.
    ParameterError
        ``p`` is more than there are candidates or less than there are fixed ones; ``distances``
        has another shape or negative entries; a number cannot be used.

    Notes
    -----
    Maximal covering: Church and ReVelle, "The maximal covering location problem", Papers of the
    Regional Science Association 32, 1974. Households with the same candidates in reach are put
    together, candidates that another one makes up for are left out, exchanges and shaking give a
    start, clusters of candidates a first bound, and HiGHS proves how far from the best it may be.

    Examples
    --------
    >>> import geopandas as gpd
    >>> homes = gpd.GeoSeries.from_xy([0, 300, 600, 900, 5000], [0] * 5, crs=4549)
    >>> found = best_stations(homes, homes, radius_m=300, p=1)
    >>> found.chosen.tolist(), found.reached, found.unreachable.tolist(), found.optimal
    ([1], 3.0, [], True)
    """
    require_limits(gap, time_limit_s)
    task = read_task(households, candidates, radius_m, fixed, demand, distances)
    _require_p(p, task.fixed, len(task.candidates))
    done = counts(task.rows, task.fixed) > 0
    left = np.flatnonzero(~done & (task.weight > 0))
    at = useful_candidates(task.rows[left])
    free = min(p - len(task.fixed), len(at))
    base = float(task.weight[done].sum())
    chosen, most = at, float(task.weight[left].sum())
    if free < len(at):
        chosen_at, most = _best(task.rows[left][:, at], task.weight[left], free, gap, time_limit_s)
        chosen = at[chosen_at]
    # Places that add nothing fill up the number asked for.
    everything = np.concatenate([task.fixed, chosen])
    everything = greedy(task.rows, task.weight, everything, p)
    reached = float(task.weight[counts(task.rows, everything) > 0].sum())
    return task.answer(everything, reached, max(base + most, reached))


def _best(
    rows: csr_array, weight: Floats, p: int, gap: float, time_limit_s: float
) -> tuple[Ints, float]:
    """Give ``p`` columns that reach much, and a bound on what any ``p`` reach."""
    chosen = good_choice(rows, weight, p)
    reached = float(weight[counts(rows, chosen) > 0].sum())
    most = float(weight.sum()) if p else 0.0
    if 0 < reached * (1 + gap) < most:
        most = most_reached(rows, weight, p, reached, reached * (1 + gap))
    if most <= reached * (1 + gap) or time_limit_s == 0:
        return chosen, most
    chosen = better_choice(rows, weight, chosen)
    if most <= weight[counts(rows, chosen) > 0].sum() * (1 + gap):
        return chosen, most
    # Who can be reached from one place only is part of what that place is worth.
    few = np.asarray(rows.sum(axis=1)) == 1
    own = rows[few].T @ weight[few]
    shared, worth = rows[~few], weight[~few]
    groups, m = shared.shape
    matrix = vstack(
        [
            hstack([shared, -eye_array(groups)]),
            csr_array(np.append(np.ones(m), np.zeros(groups))[None, :]),
        ]
    ).tocsr()
    low = np.zeros(groups + 1)
    high = np.append(np.full(groups, np.inf), p)
    start = np.zeros(m + groups)
    start[chosen] = 1
    start[m:] = counts(shared, chosen) > 0
    cost = -np.concatenate([own, worth])
    values, bound = solve(cost, matrix, low, high, m, start, gap, time_limit_s)
    return np.flatnonzero(values[:m] > 0.5), min(most, -bound)


def require_limits(gap: float, time_limit_s: float) -> None:
    """Refuse a gap or a time limit that cannot be used.

    Raises
    ------
    ParameterError
        It is negative, or no number.
    """
    for name, value in (("gap", gap), ("time_limit_s", time_limit_s)):
        if isinstance(value, bool) or not (isinstance(value, int | float) and value >= 0):
            raise ParameterError(
                f"{name} is {value!r}; it must be a number of 0 or more.",
                hint=f"Leave {name} out for its default.",
                fields=[name],
            )


def _require_p(p: int, fixed: Ints, candidates: int) -> None:
    """Refuse a number of stations that no choice has.

    Raises
    ------
    ParameterError
        It is.
    """
    whole = isinstance(p, int | np.integer) and not isinstance(p, bool)
    if not (whole and len(fixed) <= p <= candidates):
        raise ParameterError(
            f"p is {p!r}; there are {candidates} candidates, {len(fixed)} of them fixed.",
            hint="Give a whole number from the fixed ones to all candidates.",
            fields=["p"],
        )
