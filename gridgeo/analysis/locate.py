"""Which grid is responsible for a point."""

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from time import perf_counter

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridgeo.analysis.cells.build import build_cells
from gridgeo.analysis.cells.query import AT_ONCE, locate_slice
from gridgeo.analysis.cells.report import IndexReport, find_gaps, find_overlaps
from gridgeo.analysis.cells.segments import Floats, Ints, read_segments
from gridgeo.errors import GeometryError, ParameterError

_SLICES_PER_THREAD = 8  # uneven slices must not leave a thread idle


class GridIndex:
    """An index of grids that answers which of them covers a point, exactly.

    A point belongs to the grid that covers it, borders included; of several, to the one first in
    ``grids``. Coordinates are taken as planar, whatever their unit; a CRS is not looked at.

    Parameters
    ----------
    grids : GeoDataFrame or GeoSeries of Polygon or MultiPolygon, shape (n,)
        Missing and empty shapes cover nothing. Invalid ones cover what lies on a segment of
        theirs or within an odd number of ring crossings. Z is ignored.

    Raises
    ------
    GeometryError
        Another kind of geometry, or coordinates not finite or beyond 1e300; the position is named.
    ParameterError
        ``grids`` is no geometry frame.

    Notes
    -----
    Same answer as GEOS's prepared ``intersects`` with the lowest position, but for two things: a
    hole that sticks out of the box of its own shell covers by the rule above, GEOS leaves it out;
    and beside 0.0, where products underflow, this index is exact and GEOS is not. Layout and
    laws: ``gridgeo.analysis.cells``. An index may be shared between threads and pickled.

    Examples
    --------
    >>> grids = gpd.GeoSeries([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> GridIndex(grids).locate([0.5, 1.0, 1.5, 9.0], [0.5, 0.5, 0.5, 0.5]).tolist()
    [0, 0, 1, -1]
    """

    def __init__(self, grids: gpd.GeoDataFrame | gpd.GeoSeries) -> None:
        began_s = perf_counter()
        polygons = geometry_of(grids, "grids").to_numpy(copy=True)
        self._polygons: npt.NDArray[np.object_] | None = polygons
        self._built = build_cells(read_segments(polygons), len(polygons))
        self._build_seconds = perf_counter() - began_s

    def __len__(self) -> int:
        """Count the grids, those that cover nothing included."""
        return len(self._built.suspect)

    def bare(self) -> "GridIndex":
        """Give this index without the shapes it was made of, smaller to keep and to send.

        It answers as before and reports nothing.
        """
        bare = copy(self)
        bare._polygons = None
        return bare

    def locate(self, x: npt.ArrayLike, y: npt.ArrayLike, threads: int = 1) -> Ints:
        """Find the grid of each point.

        Parameters
        ----------
        x, y : float64, shape (n,)
            Coordinates in the plane of the grids; a single number is one point.
        threads : int
            Cores to use, at least 1. The answer does not depend on it.

        Returns
        -------
        int32, shape (n,)
            Position in ``grids`` of the first that covers the point; −1 in none, and for NaN
            and infinite coordinates.

        Raises
        ------
        ParameterError
            ``x`` and ``y`` are not two equally long lists of numbers, or ``threads`` < 1.
        """
        return self._locate(x, y, threads, mark=False)[0]

    def locate_with_border(
        self, x: npt.ArrayLike, y: npt.ArrayLike, threads: int = 1
    ) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Find the grid of each point, and whether the point lies on the boundary of that grid.

        Parameters
        ----------
        x, y, threads
            As in ``locate``.

        Returns
        -------
        position : int32, shape (n,)
            As in ``locate``.
        on_border : bool, shape (n,)
            On the boundary of the grid given; False where there is none. A point on the border
            of some other grid that overlaps the one given lies inside.
        """
        return self._locate(x, y, threads, mark=True)

    def report(self) -> IndexReport:
        """Tell what the index found while it was built, and search its faults.

        Returns
        -------
        IndexReport
            The search looks at grids near dirty cells only, so it is fast on clean layers.

        Raises
        ------
        ParameterError
            The index is bare.
        """
        if self._polygons is None:
            raise ParameterError(
                "This index is bare; a report needs the shapes of the grids.",
                hint="Call report() on the index that bare() was called on.",
            )
        suspect = np.flatnonzero(self._built.suspect)
        clean, *dirty = self._built.found.tolist()
        return IndexReport(
            grids=len(self._polygons),
            clean_cells=clean,
            dirty_cells=sum(dirty),
            dirty_because=dict(zip(("overlap", "crossing", "crowded"), dirty, strict=True)),
            overlaps=find_overlaps(self._polygons, suspect),
            gaps=find_gaps(self._polygons, self._built.suspect, self.locate),
            invalid=tuple(np.flatnonzero(~_valid(self._polygons)).tolist()),
            nbytes=sum(a.nbytes for a in self._built.cells if isinstance(a, np.ndarray)),
            build_seconds=self._build_seconds,
        )

    def _locate(
        self, x: npt.ArrayLike, y: npt.ArrayLike, threads: int, mark: bool
    ) -> tuple[Ints, npt.NDArray[np.bool_]]:
        xs, ys = coordinates(x, "x"), coordinates(y, "y")
        n = len(xs)
        if len(ys) != n:
            raise ParameterError(
                f"x has {n:,} coordinates and y has {len(ys):,}; a point needs one of each.",
                fields=["x", "y"],
            )
        if threads < 1:
            raise ParameterError(
                f"threads is {threads}; it must be at least 1.", fields=["threads"]
            )
        position = np.empty(n, np.int32)
        on_border = np.zeros(n if mark else 0, np.bool_)
        # Few points are not worth a thread; many are cut so that threads end together.
        slices = threads * _SLICES_PER_THREAD if threads > 1 and n >= 4 * AT_ONCE else 1
        cuts = np.linspace(0, n, slices + 1).astype(np.int64).tolist()

        def fill(k: int) -> None:
            cells = self._built.cells
            locate_slice(xs, ys, cuts[k], cuts[k + 1], cells, position, mark, on_border)

        if slices == 1:
            fill(0)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(fill, range(slices)))
        return position, on_border


def warm_locate() -> None:
    """Compile every kernel of the index, or load it from numba's disk cache."""
    overlapping = [shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3), shapely.box(3, 1, 4, 3)]
    GridIndex(gpd.GeoSeries(overlapping)).locate([0.5], [0.5])


def geometry_of(layer: gpd.GeoDataFrame | gpd.GeoSeries, name: str) -> gpd.GeoSeries:
    """Give the shapes of a layer.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries
    name : str
        The layer's name, used in messages.

    Returns
    -------
    GeoSeries
        The active geometry, on the index of ``layer``.

    Raises
    ------
    GeometryError
        The frame has no active geometry column.
    ParameterError
        Neither of the two kinds.
    """
    if isinstance(layer, gpd.GeoSeries):
        return layer
    if not isinstance(layer, gpd.GeoDataFrame):
        raise ParameterError(
            f"{name} is a {type(layer).__name__}; it must be a GeoDataFrame or a GeoSeries.",
            hint="Wrap the shapes: geopandas.GeoSeries(shapes).",
            fields=[name],
        )
    if layer.active_geometry_name is None:
        raise GeometryError(
            f"{name} has no geometry column; finding a place needs one.",
            hint="Say which column it is with set_geometry(column).",
            code="geometry.missing",
            fields=["geometry"],
        )
    return layer.geometry


def _valid(polygons: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Which shapes are valid; missing ones count as valid, they cover nothing."""
    return shapely.is_valid(polygons) | shapely.is_missing(polygons)


def coordinates(values: npt.ArrayLike, name: str) -> Floats:
    """Give coordinates as kernels take them: contiguous, aligned and read-only.

    One numba type for every caller: a writable and a read-only array would be compiled apart.

    Parameters
    ----------
    values : float64, shape (n,)
        A single number is one coordinate.
    name : str
        Of the list, used in messages.

    Returns
    -------
    float64, shape (n,)
        A view of ``values`` where they are of that kind.

    Raises
    ------
    ParameterError
        It is no list of numbers.
    """
    try:
        array = np.require(np.atleast_1d(np.asarray(values, dtype=np.float64)), None, ["C", "A"])
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name} holds something that is no number.", fields=[name]) from error
    if array.ndim != 1:
        raise ParameterError(
            f"{name} has {array.ndim} dimensions; it must be one list of coordinates.",
            fields=[name],
        )
    view = array.view()
    view.flags.writeable = False
    return view
