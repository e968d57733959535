"""Which hot spots are new, growing, lasting or gone: Gi* by period and its trend."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridgeo.analysis.hotspots import discovery_rate, require_share, two_sided
from gridgeo.analysis.neighbours import Neighbours, observed_values, place_of
from gridgeo.errors import ParameterError

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_LASTING = 0.9  # share of the periods that makes a spot lasting


def emerging_hotspots(
    values: pd.DataFrame,
    geometry: gpd.GeoDataFrame | gpd.GeoSeries,
    band_m: float,
    fdr: float = 0.05,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Tell how hot and cold spots came and went over the periods.

    Parameters
    ----------
    values : DataFrame of float, shape (n, t)
        A rate or a count by grid and period, oldest period first; ``nan`` where not known.
    geometry : GeoDataFrame or GeoSeries, shape (n,)
        The grids, on the same index in any order. Metric CRS.
    band_m : float
        Grids whose centroids are up to so many metres apart are neighbours.
    fdr : float
        Share of the hot and cold grids of all periods together that may be so by chance.
    alpha : float
        Level of the test of a trend in a grid's Gi*.

    Returns
    -------
    DataFrame, shape (n, 5)
        On the index of ``values``: ``hot_periods`` and ``cold_periods``, how many; ``trend``,
        the z of Mann and Kendall's test over the grid's Gi*; its two-sided ``trend_p``; and
        ``verdict``: "" or, with " hot" or " cold" after it,

        - "intensifying", "persistent", "diminishing": in at least 90 % of the periods and the
          last, with a trend away from 0, without one, or with one towards 0;
        - "oscillating": in the last period, and the opposite in some period before;
        - "new": in the last period for the first time;
        - "consecutive": in one run up to the last period, of two or more, and never before;
        - "sporadic": in the last period, and off and on before;
        - "historical": not in the last period, but in at least 90 % of all.

        Of several the first named holds.

    Raises
    ------
    CRSError, GeometryError, ParameterError
        As ``hotspots``.

    Notes
    -----
    The categories are those that space-time pattern mining has made usual. Gi*: Ord and Getis
    1995, see ``hotspots``; each period is compared with itself alone, so a rise of the whole
    city is none. Trend: see ``mann_kendall``.

    Examples
    --------
    >>> row = gpd.GeoSeries.from_xy(range(0, 5000, 100), [0] * 50, crs=4549)
    >>> calm = pd.DataFrame(np.tile(np.arange(50) % 2, (6, 1)).T)
    >>> calm.iloc[10:15, 5] = 20
    >>> emerging_hotspots(calm, row, band_m=200)["verdict"].iloc[12]
    'new hot'
    """
    require_share(fdr, "fdr")
    require_share(alpha, "alpha")
    x = observed_values(values)
    z = Neighbours(place_of(geometry, values.index), band_m, star=True).z(x)
    called = discovery_rate(two_sided(z)) <= fdr
    hot, cold = called & (z > 0), called & (z < 0)
    trend, p = mann_kendall(z)
    rising = np.where(p <= alpha, np.sign(trend), 0)
    verdict = np.full(len(x), "", dtype="U20")
    for spot, other, name, away in ((hot, cold, "hot", 1), (cold, hot, "cold", -1)):
        said = _category(spot, other, rising * away)
        verdict = np.where(said != "", np.char.add(np.char.add(said, " "), name), verdict)
    return pd.DataFrame(
        {
            "hot_periods": hot.sum(axis=1),
            "cold_periods": cold.sum(axis=1),
            "trend": trend,
            "trend_p": p,
            "verdict": pd.array(verdict, dtype="str"),
        },
        index=values.index,
    )


def mann_kendall(series: Floats) -> tuple[Floats, Floats]:
    """Test each series for a trend.

    Parameters
    ----------
    series : ndarray of float64, shape (n, t)
        A row for each series, oldest value first; ``nan`` is passed over.

    Returns
    -------
    tuple of ndarray of float64, shape (n,)
        z, above 0 where later values are higher, and its two-sided p. ``nan`` and 1 where all
        values are the same or fewer than two are known.

    Raises
    ------
    ParameterError
        ``series`` has not two dimensions.

    Notes
    -----
    S is the number of rising pairs less that of falling ones; z is S moved by 1 towards 0 over
    the square root of (t(t−1)(2t+5) − Σ u(u−1)(2u+5)) / 18, u the sizes of groups of equal
    values. Mann, "Nonparametric tests against trend", Econometrica 13 (1945) 245–259; Kendall,
    "Rank correlation methods" (1975). Values that lean on those before them look like trends.

    Examples
    --------
    >>> z, p = mann_kendall(np.array([[5.0, 6.0, 11.0, 8.0, 10.0]]))
    >>> round(float(z[0]), 4), round(float(p[0]), 4)
    (1.2247, 0.2207)
    """
    x = np.asarray(series, dtype=np.float64)
    if x.ndim != 2:
        raise ParameterError(
            f"series has {x.ndim} dimensions; it must have a row for each series.",
            hint="Give series[None, :] for a single one.",
            fields=["series"],
        )
    known = np.isfinite(x)
    rising = np.zeros(len(x))
    alike = known.astype(np.float64)  # how many values equal this one, itself too
    for lag in range(1, x.shape[1]):
        step = x[:, lag:] - x[:, :-lag]
        rising += np.nansum(np.sign(step), axis=1)
        alike[:, lag:] += step == 0
        alike[:, :-lag] += step == 0
    t = known.sum(axis=1).astype(np.float64)
    # Summed over values, (u − 1)(2u + 5) gives u(u − 1)(2u + 5) for each group.
    tied = np.where(known, (alike - 1) * (2 * alike + 5), 0).sum(axis=1)
    variance = (t * (t - 1) * (2 * t + 5) - tied) / 18
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(variance > 0, (rising - np.sign(rising)) / np.sqrt(variance), np.nan)
    return z, np.where(np.isfinite(z), two_sided(z), 1.0)


def _category(spot: Flags, other: Flags, away: Floats) -> npt.NDArray[np.str_]:
    """Name how each row's spot came and went; "" where it is none."""
    n, periods = spot.shape
    if not periods:
        return np.full(n, "", dtype="U12")
    times = spot.sum(axis=1)
    last = spot[:, -1]
    run = np.cumprod(spot[:, ::-1], axis=1).sum(axis=1)  # periods in a row up to the last
    lasting = times >= max(2, _LASTING * periods)
    cases = [
        last & lasting & (away > 0),
        last & lasting & (away < 0),
        last & lasting,
        last & other.any(axis=1),
        last & (times == 1),
        last & (run == times),
        last,
        lasting,
    ]
    names = [
        "intensifying",
        "diminishing",
        "persistent",
        "oscillating",
        "new",
        "consecutive",
        "sporadic",
        "historical",
    ]
    return np.select(cases, names, default="")
