"""Which places lie near which, and whether the sum of what is near is unusual."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.spatial import KDTree

from gridgeo.analysis.rates import named
from gridgeo.errors import GeometryError, ParameterError
from gridgeo.model.crs import require_metric

Floats = npt.NDArray[np.float64]


class Neighbours:
    """Which places lie within a band of which, made ready once for many periods.

    Parameters
    ----------
    xy : ndarray of float64, shape (n, 2)
    band : float
        In the unit of ``xy``, above 0; a place exactly so far away is a neighbour.
    star : bool
        Whether a place is its own neighbour.
    """

    def __init__(self, xy: Floats, band: float, star: bool) -> None:
        if not (band > 0 and np.isfinite(band)):
            raise ParameterError(
                f"band_m is {band}; it must be above 0.",
                hint="Give it in metres, such as 500.",
                fields=["band_m"],
            )
        n = len(xy)
        pairs = KDTree(xy).query_pairs(band, output_type="ndarray") if n else np.empty((0, 2), int)
        itself = np.arange(n if star else 0)
        rows = np.concatenate([pairs[:, 0], pairs[:, 1], itself])
        columns = np.concatenate([pairs[:, 1], pairs[:, 0], itself])
        self.weights = csr_array((np.ones(len(rows)), (rows, columns)), shape=(n, n))
        self.star = star

    def counts(self, known: npt.NDArray[np.bool_]) -> Floats:
        """Count the neighbours with a value, shape (n, t)."""
        return self.weights @ known.astype(np.float64)

    def z(self, values: Floats) -> Floats:
        """Standardise the sum of the neighbours' values.

        Parameters
        ----------
        values : ndarray of float64, shape (n, t)
            A column for each period; ``nan`` where not known: such a place is no neighbour then.

        Returns
        -------
        ndarray of float64, shape (n, t)
            Gi* or Gi as z; ``nan`` where it cannot be said.
        """
        known = np.isfinite(values)
        n = known.sum(axis=0).astype(np.float64)
        some = np.maximum(n, 1)
        # From the mean, so that large values with small differences keep their digits.
        x = np.where(known, values - np.where(known, values, 0).sum(axis=0) / some, 0.0)
        total, squares = x.sum(axis=0), (x * x).sum(axis=0)
        lag, W = self.weights @ x, self.counts(known)
        if not self.star:
            total, squares, n = total - x, squares - x * x, n - 1
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = total / n
            variance = squares / n - mean**2
            spread = variance * W * (n - W) / (n - 1)
            z = (lag - W * mean) / np.sqrt(spread)
        alike = spread <= 1e-12 * np.maximum(squares, np.finfo(float).tiny)
        return np.where(known & ~alike, z, np.nan)


def place_of(
    geometry: gpd.GeoDataFrame | gpd.GeoSeries, index: pd.Index, layer: str = "geometry"
) -> Floats:
    """Give the centroid of each grid.

    Parameters
    ----------
    geometry : GeoDataFrame or GeoSeries, shape (n,)
        Metric CRS.
    index : Index, shape (n,)
        Order in which they are wanted.
    layer : str
        The layer's name, used in messages.

    Returns
    -------
    ndarray of float64, shape (n, 2)

    Raises
    ------
    CRSError
        No metric CRS.
    GeometryError
        A grid has no place.
    ParameterError
        ``geometry`` has not the same labels as ``index``.
    """
    require_metric(geometry, layer)
    shapes = geometry.geometry
    if not shapes.index.equals(index):
        unlike = len(shapes) != len(index) or not (shapes.index.is_unique and index.is_unique)
        if unlike or not index.isin(shapes.index).all():
            raise ParameterError(
                f"{layer} has {len(shapes)} rows, values {len(index)}; "
                "both must have the same index, each label once.",
                fields=["values", layer],
            )
        shapes = shapes.reindex(index)
    xy = shapely.get_coordinates(shapely.centroid(np.asarray(shapes.array)))
    placed = np.isfinite(shapely.bounds(np.asarray(shapes.array))).all(axis=1)
    if not placed.all():
        raise GeometryError(
            f"{(~placed).sum()} rows of {layer} have no place, such as {named(index[~placed])}.",
            hint="Leave them out, of values too.",
            fields=[layer],
        )
    return xy


def observed_values(values: pd.Series | pd.DataFrame) -> Floats:
    """Take values that may be missing, but not infinite."""
    try:
        x = values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ParameterError("values holds something that is no number.", fields=["values"]) from (
            error
        )
    if np.isinf(x).any():
        raise ParameterError(
            f"{np.isinf(x).sum()} of {x.size} values are infinite; a mean of them is none.",
            hint="Leave them out, or give them as missing.",
            fields=["values"],
        )
    return x


def usual_band_m(geometry: gpd.GeoSeries, neighbours: int = 8) -> float:
    """Give a band in which half the places have at least so many neighbours.

    Parameters
    ----------
    geometry : GeoSeries, shape (n,)
        Metric CRS; distances run between centroids.
    neighbours : int
        The normal approximation of Gi* asks for some eight.

    Returns
    -------
    float
        Metres, a multiple of 100, at least 100. With no more places than ``neighbours`` it
        reaches the farthest.

    Raises
    ------
    CRSError, GeometryError
        As ``place_of``.

    Examples
    --------
    >>> row = gpd.GeoSeries.from_xy(range(0, 3000, 150), [0] * 20, crs=4549)
    >>> usual_band_m(row, neighbours=2)
    200.0
    """
    xy = place_of(geometry, geometry.index)
    if len(xy) < 2:
        return 100.0
    nth = min(neighbours, len(xy) - 1) + 1  # the first is the place itself
    away = KDTree(xy).query(xy, k=[nth])[0][:, 0]
    return float(max(np.ceil(np.median(away) / 100), 1) * 100)
