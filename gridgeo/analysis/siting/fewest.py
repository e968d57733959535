"""The fewest stations from which everybody is within reach."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from gridgeo.analysis.near_pairs import Ints
from gridgeo.analysis.siting.best import require_limits
from gridgeo.analysis.siting.highs import solve
from gridgeo.analysis.siting.reduce import decisive_groups, useful_candidates
from gridgeo.analysis.siting.start import cover
from gridgeo.analysis.siting.task import Siting, counts, read_task


def fewest_stations(
    households: pd.DataFrame | pd.Series,
    candidates: pd.DataFrame | pd.Series,
    radius_m: float,
    fixed: Iterable[Any] | None = None,
    demand: str | None = "persons",
    distances: Any = None,  # noqa: ANN401 - an array or any sparse matrix
    gap: float = 1e-6,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose the fewest stations that reach every household that can be reached.

    Parameters
    ----------
    households, candidates, radius_m, fixed, demand, distances
        As for ``best_stations``. A household without persons is reached, too.
    gap : float
        Stop when no choice with less than (1 − ``gap``) times as many stations is possible.
    time_limit_s : float
        Stop then, whatever the gap: the choice found so far, with its bound.

    Returns
    -------
    Siting
        ``objective`` is the number of stations, the fixed ones counted. Households that no
        candidate reaches are listed and hinder nothing.

    Raises
    ------
    CRSError, GeometryError, InputError, NotFoundError, ParameterError
        As ``best_stations``.

    Notes
    -----
    Location set covering: Toregas, Swain, ReVelle and Bergman, "The location of emergency service
    facilities", Operations Research 19, 1971. Groups and candidates that others make up for are
    left out until none is (Toregas and ReVelle, "Binary logic solutions to a class of location
    problem", Geographical Analysis 5, 1973); HiGHS solves what is left.

    Examples
    --------
    >>> import geopandas as gpd
    >>> homes = gpd.GeoSeries.from_xy([0, 400, 800, 5000], [0, 0, 0, 0], crs=4549)
    >>> found = fewest_stations(homes, homes.iloc[:3], radius_m=400)
    >>> found.chosen.tolist(), found.unreachable.tolist(), found.optimal
    ([1], [3], True)
    """
    require_limits(gap, time_limit_s)
    task = read_task(households, candidates, radius_m, fixed, demand, distances)
    rows = task.rows[np.flatnonzero(counts(task.rows, task.fixed) == 0)]
    at = np.arange(rows.shape[1])
    while True:
        before = rows.shape
        some = useful_candidates(rows)
        rows, at = rows[:, some], at[some]
        rows = rows[decisive_groups(rows)]
        if rows.shape == before:
            break
    none: Ints = np.empty(0, np.int64)
    chosen, least = none, 0.0
    if rows.shape[0]:
        start = np.zeros(len(at))
        start[cover(rows, none)] = 1
        ones = np.ones(len(at))
        open_end = np.full(rows.shape[0], np.inf)
        values, least = solve(
            ones, rows, np.ones(rows.shape[0]), open_end, len(at), start, gap, time_limit_s
        )
        chosen = np.flatnonzero(values > 0.5)
    bound = len(task.fixed) + np.ceil(least - 1e-6)
    all_at = np.concatenate([task.fixed, at[chosen]])
    return task.answer(all_at, len(all_at), min(bound, len(all_at)))
