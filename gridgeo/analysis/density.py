"""How thick incidents lie: a heat map on a lattice that does not move."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.ndimage import gaussian_filter

from gridgeo.analysis.neighbours import place_of
from gridgeo.analysis.rates import figures
from gridgeo.errors import ParameterError
from gridgeo.model.crs import require_metric, to_crs_of

Floats = npt.NDArray[np.float64]

_REACH = 4.0  # bandwidths after which the kernel ends
_MOST_CELLS = 50_000_000


@dataclass(frozen=True)
class Heat:
    """Incidents per km² on a square lattice.

    Parameters
    ----------
    density : ndarray of float64, shape (rows, columns)
        Incidents per km²; the first row is the southernmost.
    west, south : float
        Corner of the lattice in metres: whole multiples of ``cell_m``.
    cell_m : float
        Side of a cell in metres.
    crs : CRS
    outside : float
        Weight of the incidents that lie outside ``within`` and are not on the map.
    """

    density: Floats
    west: float
    south: float
    cell_m: float
    crs: object
    outside: float

    @property
    def incidents(self) -> float:
        """Weight of the incidents on the map, which the smoothing conserves."""
        return float(self.density.sum() * (self.cell_m / 1000) ** 2)


def heat(
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    bandwidth_m: float,
    cell_m: float,
    within: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    weights: npt.ArrayLike | None = None,
) -> Heat:
    """Smooth incidents to a density with a Gaussian kernel of fixed bandwidth.

    Parameters
    ----------
    points : GeoDataFrame or GeoSeries of Point, shape (n,)
        Metric CRS.
    bandwidth_m : float
        Standard deviation of the kernel: keep it from period to period, or maps cannot be
        compared. The kernel ends after four of it.
    cell_m : float
        Side of a cell, at most the bandwidth; a quarter of it looks smooth.
    within : GeoDataFrame or GeoSeries, optional
        The jurisdiction. Then the lattice is that of its bounds, whatever the points; nothing is
        spread over its border, and its cells are those it touches.
    weights : array-like of float, shape (n,), optional
        0 or more, such as severities; 1 each if left out.

    Returns
    -------
    Heat
        Cells outside ``within`` hold 0. Without ``within`` the lattice reaches four bandwidths
        around the points; without points too it has no cells.

    Raises
    ------
    CRSError
        ``points`` does not measure metres, or ``within`` has no CRS.
    GeometryError
        An incident has no place.
    ParameterError
        The bandwidth is not above 0, a cell larger than it, the lattice of more than 50 million
        cells, or a weight negative or missing.

    Notes
    -----
    Counts by cell, then a Gaussian filter (Silverman, "Density estimation", 1986, ch. 4). At the
    border each incident's kernel is cut and scaled up to 1 (Jones, "Simple boundary correction
    for kernel density estimation", Statistics and Computing 3 (1993) 135–146): what lies inside
    stays inside, and none is lost.

    Examples
    --------
    >>> place = gpd.GeoSeries.from_xy([5000], [5000], crs=4549)
    >>> map_ = heat(place, bandwidth_m=200, cell_m=50)
    >>> round(map_.incidents, 9), round(float(map_.density.max()), 2)
    (1.0, 3.98)
    """
    _fitting(bandwidth_m, cell_m)
    require_metric(points, "points")
    xy = place_of(points, points.index, "points")
    weight = np.ones(len(xy)) if weights is None else figures(weights, "weights")
    if weight.shape != (len(xy),):
        raise ParameterError(
            f"weights has shape {weight.shape}; one for each of {len(xy)} points is needed.",
            fields=["weights"],
        )
    sigma = bandwidth_m / cell_m
    # One cell more than the kernel reaches, so that nothing of it is cut off.
    margin = int(_REACH * sigma + 0.5) + 1
    cells = np.floor(xy / cell_m).astype(np.int64)
    if within is None:
        if not len(xy):
            return Heat(np.zeros((0, 0)), 0.0, 0.0, cell_m, points.crs, 0.0)
        low, high = cells.min(axis=0) - margin, cells.max(axis=0) + margin + 1
        _not_too_many(high - low)
        inside = None
    else:
        place = to_crs_of(within, points, "within", "points").geometry
        low, high, inside = _cells_of(place, cell_m)
    columns, rows = high - low
    at = cells - low
    on = ((at >= 0) & (at < high - low)).all(axis=1)
    if inside is not None:
        on[on] = inside[at[on, 1], at[on, 0]]
    counts = np.zeros((rows, columns))
    np.add.at(counts, (at[on, 1], at[on, 0]), weight[on])

    def smooth(values: Floats) -> Floats:
        return gaussian_filter(values, sigma, mode="constant", truncate=_REACH)

    if inside is None:
        spread = smooth(counts)
    else:
        kept = smooth(inside.astype(np.float64))  # share of a cell's kernel that falls inside
        spread = smooth(np.divide(counts, kept, out=counts, where=inside)) * inside
    density = spread / (cell_m / 1000) ** 2
    west, south = (low * cell_m).tolist()
    return Heat(density, west, south, cell_m, points.crs, float(weight[~on].sum()))


def _cells_of(place: gpd.GeoSeries, cell_m: float) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    """Give the corner cells of the bounds of a place, and which cells between it touches."""
    bounds = np.asarray(place.total_bounds)
    if not np.isfinite(bounds).all():
        raise ParameterError("within has no shape; a jurisdiction is needed.", fields=["within"])
    low = np.floor(bounds[:2] / cell_m).astype(np.int64)
    high = np.floor(bounds[2:] / cell_m).astype(np.int64) + 1
    _not_too_many(high - low)
    x, y = np.arange(low[0], high[0]) * cell_m, np.arange(low[1], high[1]) * cell_m
    left, bottom = (part.ravel() for part in np.meshgrid(x, y))
    boxes = shapely.box(left, bottom, left + cell_m, bottom + cell_m)
    touched = np.zeros(len(boxes), dtype=bool)
    touched[shapely.STRtree(boxes).query(np.asarray(place.array), predicate="intersects")[1]] = True
    return low, high, touched.reshape(len(y), len(x))


def _fitting(bandwidth_m: float, cell_m: float) -> None:
    """Refuse a bandwidth and cells that make no map."""
    for name, value in (("bandwidth_m", bandwidth_m), ("cell_m", cell_m)):
        if not (value > 0 and np.isfinite(value)):
            raise ParameterError(f"{name} is {value}; it must be above 0.", fields=[name])
    if cell_m > bandwidth_m:
        raise ParameterError(
            f"cells of {cell_m} m are larger than the bandwidth of {bandwidth_m} m; "
            "the map would show cells, not heat.",
            hint="Take a quarter of the bandwidth.",
            fields=["cell_m"],
        )


def _not_too_many(sides: npt.NDArray) -> None:
    """Refuse a lattice that no map needs and few machines hold."""
    count = int(sides[0]) * int(sides[1])
    if count > _MOST_CELLS:
        raise ParameterError(
            f"the lattice would have {count:,} cells; at most {_MOST_CELLS:,} are made.",
            hint="Take larger cells, or leave out points that lie far off.",
            fields=["cell_m"],
        )
