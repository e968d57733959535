"""Give every point its grid."""

from typing import NamedTuple, NoReturn

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridgeo.analysis.cells.segments import Floats, Ints
from gridgeo.analysis.locate import GridIndex, coordinates, geometry_of
from gridgeo.analysis.nearest.index import NearestIndex
from gridgeo.errors import GeometryError, ParameterError
from gridgeo.model.crs import moved, require_metric

HOW = ("inside", "border", "nearest", "none")
INSIDE, BORDER, NEAREST, NONE = range(4)
_CHUNK = 8192  # points whose coordinates are taken at once, while they are in the cache
_POINT = 0  # a missing one is −1


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
    May be shared between threads and pickled; a pickle holds what is needed to answer and no
    shapes. What finds the nearest grid is made ready when the first point in no grid asks for it.

    Examples
    --------
    >>> grids = gpd.GeoSeries([shapely.box(0, 0, 9, 9)], index=["G1"], crs=4549)
    >>> assigner = Assigner(grids)
    >>> assigner.assign(gpd.GeoSeries.from_xy([3, 12], [3, 9], crs=4549))
      grid_id     how  distance_m
    0      G1  inside         0.0
    1     NaN    none         NaN
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
        self._index = GridIndex(areas).bare()
        self._nearest: NearestIndex | None = None
        if nearest_within_m is not None:
            self._nearest = NearestIndex(areas.to_numpy(copy=True), nearest_within_m)

    def assign(self, points: gpd.GeoDataFrame | gpd.GeoSeries, threads: int = 1) -> pd.DataFrame:
        """Give every point of a layer its grid, as ``assign`` does.

        Parameters
        ----------
        points : GeoDataFrame or GeoSeries of Point, shape (n,)
        threads : int
            Cores to use, at least 1. The answer does not depend on it.

        Returns
        -------
        DataFrame, shape (n,)
        """
        spots = geometry_of(points, "points")
        x, y = moved(*_coordinates(spots.to_numpy()), spots.crs, self.crs)
        return self.frame(self.at(x, y, threads), points.index)

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
        x, y = coordinates(x, "x"), coordinates(y, "y")
        position, on_border = self._index.locate_with_border(x, y, threads)
        how = on_border.view(np.int8)  # INSIDE is 0 as False is, BORDER is 1 as True is
        distance_m = np.zeros(len(position))
        lost = position < 0
        if lost.any():
            how[lost] = NONE
            distance_m[lost] = np.nan
            if self._nearest is not None:
                self._nearest.fill(x, y, position, distance_m, threads)
                how[lost & (position >= 0)] = NEAREST
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
    threads: int = 1,
) -> pd.DataFrame:
    """Give every point the grid that is responsible for it.

    Parameters
    ----------
    points : GeoDataFrame or GeoSeries of Point, shape (n,)
        Any index, any CRS; a missing or empty point is in no grid.
    grids : GeoDataFrame or GeoSeries of Polygon or MultiPolygon, shape (m,)
        Its index values are the answer. Where several cover a point, the first in order is given.
    nearest_within_m : float, optional
        A point in no grid goes to the nearest one that is at most so many metres away (and at most
        10¹⁵); of equally near ones to the first in order. ``None``: it stays in no grid.
    threads : int
        Cores to use, at least 1. The answer does not depend on it.

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
        ``nearest_within_m`` is negative or NaN, ``threads`` < 1, or a layer is no geometry frame.

    See Also
    --------
    Assigner : Grids made ready once, for many calls.

    Notes
    -----
    Distances are those of ``shapely.distance`` to the borders of a grid, to the bit.
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
    geometry_of(points, "points")  # what is no layer is refused before grids are made ready
    return Assigner(grids, nearest_within_m).assign(points, threads)


def _coordinates(spots: npt.NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Coordinates of points; NaN where one is missing or empty."""
    x, y = np.empty((2, len(spots)))
    for first in range(0, len(spots), _CHUNK):
        chunk = spots[first : first + _CHUNK]
        kind = shapely.get_type_id(chunk)
        if (kind > _POINT).any():
            _refuse(spots)
        found, point = shapely.get_coordinates(chunk, return_index=True)
        there = slice(first, first + len(chunk))
        if len(found) == len(chunk):
            x[there], y[there] = found.T
        else:
            x[there] = y[there] = np.nan
            x[first + point], y[first + point] = found.T
    return x, y


def _refuse(spots: npt.NDArray[np.object_]) -> NoReturn:
    """Say which shape is no point."""
    odd = np.flatnonzero(shapely.get_type_id(spots) > _POINT)
    raise GeometryError(
        f"points holds a {spots[odd[0]].geom_type} at position {odd[0]} "
        f"({len(odd):,} in all that are no points); only a Point can be assigned.",
        hint="Take points first, such as points.representative_point().",
        code="geometry.kind",
        fields=["geometry"],
    )


def _ids(index: pd.Index) -> pd.api.extensions.ExtensionArray:
    """Index values as an array that can hold NA without changing the others."""
    if pd.api.types.is_integer_dtype(index.dtype):
        return index.to_series().astype("UInt64" if index.dtype.kind == "u" else "Int64").array
    return index.to_series().array
