"""Whether incidents follow one another near by and soon: Knox's test."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import KDTree
from scipy.special import gammainc

from gridgeo.analysis.neighbours import place_of
from gridgeo.errors import ParameterError

Ints = npt.NDArray[np.int64]

_DAY_US = 86_400_000_000


def near_repeats(
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    times: pd.Series,
    bands_m: Sequence[float],
    bands_days: Sequence[float],
    simulations: int = 999,
    rng: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """Count the pairs of incidents that are near in place and in time, and those to be expected.

    Parameters
    ----------
    points : GeoDataFrame or GeoSeries of Point, shape (n,)
        Where. Metric CRS.
    times : Series of datetime or float, shape (n,)
        When, on the same index in any order; numbers are days.
    bands_m, bands_days : sequence of float
        Upper ends of the bands of distance and of lag, rising from above 0: [100, 200] means 0
        to 100 m and over 100 to 200 m. An end belongs to its band.
    simulations : int
        Random orders of the times, for p; 0 or more.
    rng : int or Generator
        Seed of these.

    Returns
    -------
    DataFrame, a row for each band of distance and, within it, of lag
        ``from_m``, ``to_m``, ``from_days``, ``to_days``; ``pairs``; ``expected``, pairs if place
        and time had nothing to do with each other; ``ratio`` of the two, ``nan`` where none is
        expected; ``p`` = (1 + orders with at least so many) / (simulations + 1); ``p_poisson``,
        the chance of at least so many in a Poisson count of that mean: quick, but too small
        where incidents crowd, for pairs that share an incident are not independent.

    Raises
    ------
    CRSError
        ``points`` does not measure metres.
    GeometryError
        An incident has no place.
    ParameterError
        An incident has no time, the indexes differ, or the bands do not rise.

    Notes
    -----
    Knox, "The detection of space-time interactions", Applied Statistics 13 (1964) 25–30: with N
    pairs in all, N_s in the band of distance and N_t in that of lag, N_s · N_t / N are expected,
    which is also the mean over all orders of the times (Mantel, Cancer Research 27 (1967)
    209–220). Bands side by side: Ratcliffe and Rengert, "Near-repeat patterns in Philadelphia
    shootings", Security Journal 21 (2008) 58–76. A street under repair for a month makes near
    repeats, too: the test finds that incidents come together, not why.

    Examples
    --------
    >>> places = gpd.GeoSeries.from_xy([0, 10, 900, 2000], [0, 0, 0, 0], crs=4549)
    >>> found = near_repeats(places, pd.Series([1.0, 3.0, 40.0, 80.0]), [100], [7])
    >>> found[["pairs", "ratio", "p"]].round(2).to_numpy().tolist()
    [[1.0, 6.0, 0.17]]
    """
    far, late = _ends(bands_m, "bands_m"), _ends(bands_days, "bands_days")
    if simulations < 0:
        raise ParameterError(
            f"simulations is {simulations}; it must be 0 or more.", fields=["simulations"]
        )
    xy = place_of(points, times.index, "points")
    when, late_in = _clock(times, late)
    n = len(when)
    near = KDTree(xy).query_pairs(far[-1], output_type="ndarray") if n else np.empty((0, 2), int)
    away = np.hypot(*(xy[near[:, 0]] - xy[near[:, 1]]).T)
    # The tree squares distances; one at the end of the last band stays in it.
    space = np.minimum(np.searchsorted(far, away), len(far) - 1)
    shape = (len(far), len(late))

    def table(order: npt.NDArray) -> npt.NDArray:
        lag = np.abs(order[near[:, 0]] - order[near[:, 1]])
        time = np.searchsorted(late_in, lag)
        soon = time < len(late)
        cells = space[soon] * len(late) + time[soon]
        return np.bincount(cells, minlength=len(far) * len(late)).reshape(shape)

    pairs = table(when)
    dice = np.random.default_rng(rng)
    beaten = np.zeros(shape)
    for _ in range(simulations):
        beaten += table(dice.permutation(when)) >= pairs
    in_space = np.bincount(space, minlength=len(far))
    in_time = np.diff(_pairs_within(when, late_in), prepend=0)
    total = n * (n - 1) / 2
    expected = np.outer(in_space, in_time) / max(total, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(expected > 0, pairs / expected, np.nan)
    from_m, from_days = np.append(0.0, far[:-1]), np.append(0.0, late[:-1])
    return pd.DataFrame(
        {
            "from_m": np.repeat(from_m, len(late)),
            "to_m": np.repeat(far, len(late)),
            "from_days": np.tile(from_days, len(far)),
            "to_days": np.tile(late, len(far)),
            "pairs": pairs.ravel(),
            "expected": expected.ravel(),
            "ratio": ratio.ravel(),
            "p": ((1 + beaten) / (simulations + 1)).ravel(),
            "p_poisson": np.where(pairs > 0, gammainc(np.maximum(pairs, 1), expected), 1.0).ravel(),
        }
    )


def _ends(bands: Sequence[float], name: str) -> npt.NDArray[np.float64]:
    """Take the upper ends of bands."""
    ends = np.asarray(bands, dtype=np.float64)
    rising = ends.ndim == 1 and len(ends) > 0 and np.isfinite(ends).all()
    if not (rising and (np.diff(ends, prepend=0.0) > 0).all()):
        raise ParameterError(
            f"{name} is {list(np.atleast_1d(ends))}; the ends must rise from above 0.",
            hint="Give the upper end of each band, such as [100, 200, 400].",
            fields=[name],
        )
    return ends


def _clock(times: pd.Series, late: npt.NDArray[np.float64]) -> tuple[npt.NDArray, npt.NDArray]:
    """Give times and ends of lags in one unit: whole microseconds for dates, that ends are met."""
    missing = times.isna()
    if missing.any():
        raise ParameterError(
            f"{missing.sum()} of {len(times)} incidents have no time.",
            hint="Leave them out of points and times.",
            fields=["times"],
        )
    if pd.api.types.is_datetime64_any_dtype(times):
        stamps = pd.to_datetime(times, utc=True).dt.tz_localize(None)
        us = stamps.to_numpy(dtype="datetime64[us]").astype(np.int64)
        return us, np.rint(late * _DAY_US).astype(np.int64)
    if not pd.api.types.is_numeric_dtype(times):
        raise ParameterError(
            f"times is of type {times.dtype}; dates or numbers of days are needed.",
            hint="Convert it with pandas.to_datetime(times).",
            fields=["times"],
        )
    return times.to_numpy(dtype=np.float64, copy=True), late


def _pairs_within(when: npt.NDArray, late: npt.NDArray) -> Ints:
    """Count the pairs at most so far apart in time, for each lag."""
    order = np.sort(when)
    later = np.arange(1, len(order) + 1)
    return np.array([(np.searchsorted(order, order + d, "right") - later).sum() for d in late])
