"""Where high values lie beside high ones: Gi and Gi* of Getis and Ord, and local Moran."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from gridgeo.analysis.neighbours import Neighbours, observed_values, place_of
from gridgeo.errors import ParameterError

Floats = npt.NDArray[np.float64]


def hotspots(
    values: pd.Series,
    geometry: gpd.GeoDataFrame | gpd.GeoSeries,
    band_m: float,
    star: bool = True,
    fdr: float = 0.05,
) -> pd.DataFrame:
    """Find where high values lie together (hot) and where low ones do (cold).

    Parameters
    ----------
    values : Series of float, shape (n,)
        A rate or a count by grid; ``nan`` where it is not known.
    geometry : GeoDataFrame or GeoSeries, shape (n,)
        The grids, on the same index in any order; distances run between centroids. Metric CRS.
    band_m : float
        Grids up to so many metres away are neighbours, each with weight 1; above 0.
    star : bool
        Gi*, which counts the grid itself among its neighbours; False gives Gi, which does not.
    fdr : float
        Share of the grids called hot or cold that may be so by chance, 0 to 1.

    Returns
    -------
    DataFrame, shape (n, 4)
        On the index of ``values``: ``z``; its two-sided ``p``; ``q``, the smallest ``fdr`` at
        which the grid would still be called; ``verdict``, "hot", "cold" or "". ``nan`` and ""
        where the value is missing, where all values are the same, and where a grid has no
        neighbour (Gi) or every grid for one.

    Raises
    ------
    CRSError
        ``geometry`` does not measure metres.
    GeometryError
        A grid has no place.
    ParameterError
        The indexes differ, a value is infinite, or ``band_m`` or ``fdr`` is out of range.

    Notes
    -----
    Getis and Ord, "The analysis of spatial association by use of distance statistics",
    Geographical Analysis 24 (1992) 189–206, in the standardised form of Ord and Getis, "Local
    spatial autocorrelation statistics", Geographical Analysis 27 (1995) 286–306, eq. 14.2, 14.3.
    The p is that of a normal z: trust it from some eight neighbours on. Benjamini and Hochberg,
    "Controlling the false discovery rate", JRSS B 57 (1995) 289–300.

    Examples
    --------
    >>> row = gpd.GeoSeries.from_xy(range(0, 900, 100), [0] * 9, crs=4549)
    >>> found = hotspots(pd.Series([0, 0, 0, 0, 0, 0, 9, 9, 9]), row, band_m=100)
    >>> found["z"].round(2).tolist()
    [-1.07, -1.41, -1.41, -1.41, -1.41, 0.0, 1.41, 2.83, 2.14]
    """
    x = observed_values(values)
    z = Neighbours(place_of(geometry, values.index), band_m, star).z(x[:, None])[:, 0]
    return _judged(values.index, z, fdr, {"z": z}, np.where(z > 0, "hot", "cold"))


def local_moran(
    values: pd.Series, geometry: gpd.GeoDataFrame | gpd.GeoSeries, band_m: float, fdr: float = 0.05
) -> pd.DataFrame:
    """Find grids that are like their neighbours, high or low, and those that stand out.

    Parameters
    ----------
    values, geometry, band_m, fdr
        As for ``hotspots``.

    Returns
    -------
    DataFrame, shape (n, 5)
        On the index of ``values``: ``moran``, Iᵢ with row-standardised weights; ``z``; two-sided
        ``p``; ``q``; ``verdict``, "high-high", "low-low", "high-low" (the grid is high among
        low ones), "low-high" or "". Missing where ``hotspots`` is with ``star=False``.

    Raises
    ------
    CRSError, GeometryError, ParameterError
        As ``hotspots``.

    Notes
    -----
    Anselin, "Local indicators of spatial association – LISA", Geographical Analysis 27 (1995)
    93–115. The z is that of conditional randomisation (Sokal, Oden and Thomson, "Local spatial
    autocorrelation in a biological model", Geographical Analysis 30 (1998) 331–354): the grid
    keeps its value, the others are shuffled. It is therefore Gi's z, negative where the grid
    lies below the mean: both ask whether the neighbours are unusual.

    Examples
    --------
    >>> row = gpd.GeoSeries.from_xy(range(0, 500, 100), [0] * 5, crs=4549)
    >>> local_moran(pd.Series([1, 2, 3, 4, 5]), row, band_m=100)["moran"].round(2).tolist()
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """
    x = observed_values(values)
    near = Neighbours(place_of(geometry, values.index), band_m, star=False)
    known = np.isfinite(x)
    centred = np.where(known, x - (x[known].mean() if known.any() else 0.0), 0.0)
    count, lag = near.counts(known[:, None])[:, 0], near.weights @ centred
    with np.errstate(invalid="ignore", divide="ignore"):
        moran = centred * (lag / count) / (centred[known] @ centred[known] / known.sum())
    gi = near.z(x[:, None])[:, 0]
    z = np.where(centred == 0, np.nan, np.sign(centred) * gi)
    own, others = np.where(centred > 0, "high", "low"), np.where(gi > 0, "high", "low")
    verdict = np.char.add(np.char.add(own, "-"), others)
    moran[~np.isfinite(gi)] = np.nan
    return _judged(values.index, z, fdr, {"moran": moran, "z": z}, verdict)


def two_sided(z: Floats) -> Floats:
    """Give the chance of a normal deviate at least so far from 0."""
    return 2 * ndtr(-np.abs(z))


def discovery_rate(p: Floats) -> Floats:
    """Give for each p the smallest false-discovery rate at which it is called.

    Parameters
    ----------
    p : ndarray of float64, any shape
        ``nan`` where there is no test: it counts for none.

    Returns
    -------
    ndarray of float64, same shape
        Benjamini and Hochberg's adjusted p.
    """
    q = np.full(p.shape, np.nan)
    tested = np.isfinite(p)
    some = p[tested]
    order = np.argsort(some)
    rank = np.arange(1, len(some) + 1)
    adjusted = np.minimum.accumulate((some[order] * len(some) / rank)[::-1])[::-1]
    back = np.empty(len(some))
    back[order] = np.minimum(adjusted, 1.0)
    q[tested] = back
    return q


def require_share(value: float, name: str) -> None:
    """Refuse a share that is not between 0 and 1."""
    if not 0 < value < 1:
        raise ParameterError(
            f"{name} is {value}; it must lie between 0 and 1.",
            hint="0.05 lets one in twenty be called by chance.",
            fields=[name],
        )


def _judged(
    index: pd.Index, z: Floats, fdr: float, columns: dict[str, Floats], verdict: npt.NDArray
) -> pd.DataFrame:
    """Add p, q and the verdict to the columns."""
    require_share(fdr, "fdr")
    p = two_sided(z)
    q = discovery_rate(p)
    said = pd.array(np.where(q <= fdr, verdict, ""), dtype="str")
    return pd.DataFrame({**columns, "p": p, "q": q, "verdict": said}, index=index)
