"""Give every point its grid."""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridgeo.analysis.cells.segments import Floats, Ints
from gridgeo.analysis.locate import GridIndex, geometry_of
from gridgeo.errors import GeometryError, ParameterError
from gridgeo.model.crs import require_metric, to_crs_of

HOW = ("inside", "border", "nearest", "none")
INSIDE, BORDER, NEAREST, NONE = range(4)
_POINT_TYPES = (-1, 0)  # missing, Point


class Answer(NamedTuple):
    """Which grid each point has, as arrays.

    Parameters
    ----------
    position : int32, shape (n,)
        Position of the grid; −1 for none.
    how : int8, shape (n,)
        Position in ``HOW``.
    distance_m : float64, shape (n,)
        Metres to the grid: 0 inside and on the border, NaN in none.
    """

    position: Ints
    how: npt.NDArray[np.int8]
    distance_m: Floats


class Assigner:
    """Grids made ready once, to be asked for any number of points.

    Parameters
    ----------
    grids : GeoDataFrame or GeoSeries of Polygon or MultiPolygon, shape (m,)
        Where several cover a point, the first in order is given.
    nearest_within_m : float, optional
        As in ``assign``.

    Attributes
    ----------
    crs : CRS or None
        Of ``grids``: the coordinates of points must be in it.
    ids : ExtensionArray, shape (m,)
        Index values of ``grids``, of a dtype that can hold NA.

    Raises
    ------
    CRSError
        Nearest is asked for and the CRS of ``grids`` is not true metres.
    GeometryError
        ``grids`` holds something else than areas.
    ParameterError
        ``nearest_within_m`` is negative or NaN, or ``grids`` is no geometry frame.

    Notes
    -----
    May be shared between threads and pickled.
    """

    def __init__(
        self, grids: gpd.GeoDataFrame | gpd.GeoSeries, nearest_within_m: float | None = None
    ) -> None:
        areas = geometry_of(grids, "grids")
        if nearest_within_m is not None:
            require_metric(areas, "grids")
            if not nearest_within_m >= 0:
                raise ParameterError(
                    f"nearest_within_m is {nearest_within_m}; it must be 0 or more metres.",
                    hint="Leave it out to give only the grids that cover a point.",
                    fields=["nearest_within_m"],
                )
        self.crs = areas.crs
        self.ids = _ids(areas.index)
        self._areas = areas.to_numpy()
        self._within_m = nearest_within_m
        self._index = GridIndex(areas)

    def at(self, x: npt.ArrayLike, y: npt.ArrayLike, threads: int = 1) -> Answer:
        """Give every point its grid.

        Parameters
        ----------
        x, y : float64, shape (n,)
            Coordinates in ``crs``; a point with NaN or an infinite one is in no grid.
        threads : int
            Cores to use, at least 1. The answer does not depend on it.

        Returns
        -------
        Answer
        """
        position, on_border = self._index.locate_with_border(x, y, threads)
        how = np.where(position < 0, NONE, np.where(on_border, BORDER, INSIDE)).astype(np.int8)
        distance_m = np.where(position < 0, np.nan, 0.0)
        if self._within_m is not None:
            x, y = np.atleast_1d(x), np.atleast_1d(y)
            lost = np.flatnonzero((position < 0) & np.isfinite(x) & np.isfinite(y))
            near, grid, metres = _nearest(x[lost], y[lost], self._areas, self._within_m)
            position[lost[near]] = grid
            how[lost[near]] = NEAREST
            distance_m[lost[near]] = metres
        return Answer(position, how, distance_m)

    def frame(self, answer: Answer, index: pd.Index) -> pd.DataFrame:
        """Say an answer as ``assign`` does: index values of ``grids`` and words, on ``index``."""
        return pd.DataFrame(
            {
                "grid_id": self.ids.take(answer.position, allow_fill=True),
                "how": pd.array(HOW, dtype="str").take(answer.how),
                "distance_m": answer.distance_m,
            },
            index=index,
        )


def assign(
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    grids: gpd.GeoDataFrame | gpd.GeoSeries,
    nearest_within_m: float | None = None,
) -> pd.DataFrame:
    """Give every point the grid that is responsible for it.

    Parameters
    ----------
    points : GeoDataFrame or GeoSeries of Point, shape (n,)
        Any index, any CRS; a missing or empty point is in no grid.
    grids : GeoDataFrame or GeoSeries of Polygon or MultiPolygon, shape (m,)
        Its index values are the answer. Where several cover a point, the first in order is given.
    nearest_within_m : float, optional
        A point in no grid goes to the nearest one that is at most so many metres away; of equally
        near ones to the first in order. ``None``: it stays in no grid.

    Returns
    -------
    DataFrame, shape (n,)
        On the index of ``points``: ``grid_id`` (index value of ``grids``; NA in none), ``how``
        ("inside", "border": on the boundary of the grid given, "nearest", "none") and
        ``distance_m`` (metres to the grid: 0 inside and on the border, NaN in none).

    Raises
    ------
    CRSError
        A layer has no CRS; or nearest is asked for and the CRS of ``grids`` is not true metres.
    GeometryError
        ``points`` holds something else than points, or ``grids`` than areas.
    ParameterError
        ``nearest_within_m`` is negative or NaN, or a layer is no geometry frame.

    Notes
    -----
    Points are brought into the CRS of ``grids``; a border is a straight line there, not in the
    CRS of the points. A point beyond that projection's reach is in no grid.

    Examples
    --------
    >>> grids = gpd.GeoSeries([shapely.box(0, 0, 9, 9)], index=["G1"], crs=4549)
    >>> assign(gpd.GeoSeries.from_xy([3, 12], [3, 9], crs=4549), grids, nearest_within_m=5)
      grid_id      how  distance_m
    0      G1   inside         0.0
    1      G1  nearest         3.0
    """
    spots = geometry_of(points, "points")
    areas = geometry_of(grids, "grids")
    spots = to_crs_of(spots, areas, "points", "grids")
    assigner = Assigner(areas, nearest_within_m)
    return assigner.frame(assigner.at(*_coordinates(spots.to_numpy())), points.index)


def _coordinates(spots: npt.NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Coordinates of points; NaN where one is missing or empty."""
    odd = np.flatnonzero(~np.isin(shapely.get_type_id(spots), _POINT_TYPES))
    if len(odd):
        raise GeometryError(
            f"points holds a {spots[odd[0]].geom_type} at position {odd[0]} "
            f"({len(odd):,} in all that are no points); only a Point can be assigned.",
            hint="Take points first, such as points.representative_point().",
            code="geometry.kind",
            fields=["geometry"],
        )
    x, y = np.full((2, len(spots)), np.nan)
    found, point = shapely.get_coordinates(spots, return_index=True)
    x[point], y[point] = found.T
    return x, y


def _nearest(
    x: Floats, y: Floats, areas: npt.NDArray[np.object_], within_m: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]:
    """Nearest area of each point that has one within reach: point, area, metres.

    Of equally near ones the lowest; distances ≤ ``within_m`` count.
    """
    (point, area), metres = shapely.STRtree(areas).query_nearest(
        shapely.points(x, y),
        max_distance=np.nextafter(within_m, np.inf),  # the tree refuses 0
        return_distance=True,
        all_matches=True,
    )
    order = np.lexsort((area, point))
    point, area, metres = point[order], area[order], metres[order]
    first = np.ones(len(point), np.bool_)
    first[1:] = point[1:] != point[:-1]
    first &= metres <= within_m
    return point[first], area[first], metres[first]


def _ids(index: pd.Index) -> pd.api.extensions.ExtensionArray:
    """Index values as an array that can hold NA without changing the others."""
    if pd.api.types.is_integer_dtype(index.dtype):
        return index.to_series().astype("UInt64" if index.dtype.kind == "u" else "Int64").array
    return index.to_series().array
