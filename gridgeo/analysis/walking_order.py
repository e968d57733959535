"""In which order to call on places, so that little is walked."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gridgeo.analysis.near_pairs import Floats, Ints, Layer, places
from gridgeo.analysis.network import street_distances
from gridgeo.analysis.shorten import by_nearest, legs, shorten
from gridgeo.errors import ParameterError
from gridgeo.model.crs import require_metric, to_crs_of

SHAKES = 3  # a place: within 1 % of the shortest on TSPLIB, at 40 µs a place
_NEAR = 10
_MM = 1000.0
_NO_WAY_MM = 1 << 40  # over a million kilometres: such a leg is walked when no other is left
_NO_TABLE = np.zeros((0, 0), np.int64)


def walking_order(
    points: Layer,
    start: shapely.Point | None = None,
    metres: npt.ArrayLike | None = None,
    back: bool = False,
) -> pd.DataFrame:
    """Put places in an order in which they can be walked to, each once, on a short way.

    Parameters
    ----------
    points : GeoSeries or GeoDataFrame of Point, shape (n,)
        Metric CRS. Those at one point, to the millimetre, are called on together.
    start : Point, optional
        Where the walk begins, in the same CRS. Without it it begins at one of its ends, the more
        western one.
    metres : array of float, shape (n, n), or (n + 1, n + 1) with ``start`` last, optional
        Metres from place to place instead of the straight line, as ``street_metres`` gives them;
        of two ways the shorter counts. ``inf`` or NaN: there is no way.
    back : bool
        Whether the walk comes back to where it began; then it begins with the nearer of its two
        ends, and no ``leg_m`` counts the way back.

    Returns
    -------
    DataFrame, shape (n, 2)
        On the index of ``points``: ``turn`` (1 … n) and ``leg_m``, metres from the place before
        or the start: 0 for the first without one, ``inf`` where there is no way. A place without
        a point is last and its ``leg_m`` NaN.

    Raises
    ------
    CRSError
        ``points`` is in no metric CRS.
    GeometryError
        A row is no point.
    ParameterError
        ``metres`` has another shape or negative entries, or ``start`` is empty.

    Notes
    -----
    A local search, see ``shorten``: within 1 % of the shortest tour on five TSPLIB instances, and
    never longer than in the order of the index. It counts whole millimetres and starts from an
    order of its own, so neither the machine, nor the order of the rows, nor where the city lies
    changes the answer. 100 places take 4 ms, 5,000 a quarter of a second; at more the square of
    their number counts.

    No library does all of this: fast-tsp and pyvrp stop by the clock or need far longer, elkai is
    for non-commercial use alone, python-tsp is plain Python, pyvroom takes 2 s for 160 places.

    Examples
    --------
    >>> doors = gpd.GeoSeries.from_xy([0, 20, 10], [0, 0, 0], crs=4549)
    >>> walking_order(doors, shapely.Point(-5, 0))
       turn  leg_m
    0     1    5.0
    1     3   10.0
    2     2   10.0
    """
    xy = places(require_metric(points, "points"), "points")
    size = len(xy) + (start is not None)
    begin = None
    if start is not None:
        if start.is_empty:
            raise ParameterError("start is an empty point; a place is needed.", fields=["start"])
        begin = to_mm(np.array([[start.x, start.y]]))[0]
    table = _NO_TABLE
    if metres is not None:
        table = _table(np.asarray(metres, dtype=np.float64), size)
    placed = np.flatnonzero(np.isfinite(xy[:, 0]))
    rank = ranks(points.index)
    if len(table):
        kept = placed if begin is None else np.append(placed, len(xy))
        table = table[np.ix_(kept, kept)]
    order, leg = walk(to_mm(xy[placed]), rank[placed], begin, table, back)
    lost = np.flatnonzero(np.isnan(xy[:, 0]))
    turn = np.empty(len(xy), np.int64)
    turn[placed[order]] = np.arange(1, len(placed) + 1)
    turn[lost[np.argsort(rank[lost])]] = np.arange(len(placed) + 1, len(xy) + 1)
    leg_m = np.full(len(xy), np.nan)
    leg_m[placed[order]] = to_metres(leg)
    return pd.DataFrame({"turn": turn, "leg_m": leg_m}, index=points.index)


def street_metres(points: Layer, streets: Layer, start: shapely.Point | None = None) -> Floats:
    """Measure how far places are from each other along streets.

    Parameters
    ----------
    points : GeoSeries or GeoDataFrame of Point, shape (n,)
        Metric CRS.
    streets : GeoSeries or GeoDataFrame of LineString or MultiLineString
        As ``reach`` takes them, in any CRS.
    start : Point, optional
        Added as the last place.

    Returns
    -------
    float64, shape (n, n) or (n + 1, n + 1)
        Metres, with the way to the street and from it; 0 between places at one point, ``inf``
        where there is no way.

    Raises
    ------
    CRSError, GeometryError
        As ``reach``.
    """
    shapes = require_metric(points, "points").geometry
    streets = to_crs_of(streets, points, "streets", "points")
    if start is not None:
        shapes = gpd.GeoSeries([*shapes, start], crs=shapes.crs)
    xy = places(shapes, "points")
    metres = np.full((len(xy), len(xy)), np.inf)
    if not len(xy):
        return metres
    own, other = shapes.total_bounds, streets.total_bounds
    all_of_them = np.append(np.fmin(own[:2], other[:2]), np.fmax(own[2:], other[2:]))
    near_m, wide_m = (float(np.hypot(*(box[2:] - box[:2]))) for box in (own, all_of_them))
    # Most ways are short; where one is not, all streets are looked at.
    for far_m in (3 * near_m + 1000, float(streets.length.sum()) + 2 * wide_m):
        near = street_distances(shapes, shapes, streets, far_m).tocoo()
        metres[near.coords] = near.data
        if np.isfinite(metres).all():
            break
    dx, dy = (xy[:, None] - xy[None]).transpose(2, 0, 1)
    metres[(dx == 0) & (dy == 0)] = 0.0
    return metres


def walk(
    xy: Ints,
    rank: Ints,
    begin: Ints | None = None,
    table: Ints = _NO_TABLE,
    back: bool = False,
    shakes: int = SHAKES,
) -> tuple[Ints, Ints]:
    """Find a short walk through places given by whole millimetres.

    Parameters
    ----------
    xy : int64, shape (n, 2)
    rank : int64, shape (n,)
        All different: decides among places at one point, and says which order is not to be beaten.
    begin : int64, shape (2,), optional
        Where the walk begins.
    table : int64, shape (n, n), or (n + 1, n + 1) with ``begin`` last, or (0, 0)
        Millimetres from place to place; (0, 0): the straight line counts.
    back : bool
        Whether it goes back to where it began, which no leg of the answer counts.
    shakes : int
        Effort, see ``shorten``: so many a place.

    Returns
    -------
    order : int64, shape (n,)
        Positions in turn.
    leg : int64, shape (n,)
        Millimetres to each of them in that order, from ``begin`` for the first, or 0.
    """
    n = len(xy)
    if n == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    by_place = np.lexsort((rank, xy[:, 1], xy[:, 0]))
    new = np.append(True, (np.diff(xy[by_place], axis=0) != 0).any(axis=1))
    head = by_place[new]  # who stands for each stop: the lowest rank there
    spots = xy[head]
    whole = table[np.ix_(head, head)] if len(table) else table
    first = free = -1
    if begin is not None:
        first = len(head)
        spots = np.concatenate([spots, begin[None]])
        if len(table):
            kept = np.append(head, n)
            whole = table[np.ix_(kept, kept)]
    if not back:
        free = len(spots)
    tour = _tour(spots, whole, first, free, np.argsort(rank[head]), shakes)
    stops, leg = _from_its_start(tour, spots, whole, first, free)
    starts = np.append(np.flatnonzero(new), n)
    order = np.concatenate([by_place[starts[s] : starts[s + 1]] for s in stops])
    legs = np.zeros(n, np.int64)
    legs[np.append(0, np.cumsum(np.diff(starts)[stops])[:-1])] = leg
    return order, legs


def _tour(spots: Ints, table: Ints, first: int, free: int, by_rank: Ints, shakes: int) -> Ints:
    """Find a short round tour of all spots and of the free end where there is one."""
    real = len(spots)
    begin = max(first, 0)
    ends = np.arange(free, free + 1) if free >= 0 else np.empty(0, np.int64)
    if real < 3:
        return np.concatenate([np.roll(np.arange(real), -begin), ends])
    n = real + len(ends)
    near = np.full((n, min(_NEAR, real - 1)), -1, np.int64)
    if len(table):
        others = table + np.diag(np.full(real, 4 * _NO_WAY_MM))
        near[:real] = np.argsort(others, axis=1, kind="stable")[:, : near.shape[1]]
    else:
        near_by = spots - spots.min(axis=0)
        found = cKDTree(near_by).query(near_by, k=near.shape[1] + 1)[1]
        near[:real] = found[found != np.arange(real)[:, None]].reshape(real, -1)
    asked = (spots, table, first, free)
    tour = by_nearest(begin, n, *asked)
    shorten(tour, near, *asked, shakes * n)
    starts = np.arange(first, first + 1) if first >= 0 else np.empty(0, np.int64)
    plain = np.concatenate([starts, by_rank, ends])
    if legs(plain, *asked).sum() < legs(tour, *asked).sum():
        shorten(plain, near, *asked, 0)
        return plain
    return tour


def _from_its_start(
    tour: Ints, spots: Ints, table: Ints, first: int, free: int
) -> tuple[Ints, Ints]:
    """Turn a round tour into the stops from its start on, with the way to each of them."""
    head = first if first >= 0 else max(free, 0)
    tour = np.roll(tour, -int(np.flatnonzero(tour == head)[0]))
    turned = np.append(tour[0], tour[:0:-1])
    leg, back = legs(tour, spots, table, first, free), legs(turned, spots, table, first, free)
    if free < 0:
        backwards = (back[1:2].sum(), turned[1:2].sum()) < (leg[1:2].sum(), tour[1:2].sum())
    elif first < 0:
        backwards = turned[1] < tour[1]
    else:
        backwards = tour[1] == free
    if backwards:
        tour, leg = turned, back
    stops = (tour != free) & (tour != first)
    leg = leg[stops]
    if first < 0:
        leg[0] = 0
    return tour[stops], leg


def to_mm(xy: Floats) -> Ints:
    """Give whole millimetres."""
    return np.rint(xy * _MM).astype(np.int64)


def to_metres(legs: Ints) -> Floats:
    """Give metres; ``inf`` where there was no way."""
    return np.where(legs >= _NO_WAY_MM, np.inf, legs / _MM)


def ranks(index: pd.Index) -> Ints:
    """Give each row its number in the order of the ids as text; rows of one id as they stand."""
    rank = np.empty(len(index), np.int64)
    rank[np.argsort(index.astype("str").to_numpy(), kind="stable")] = np.arange(len(index))
    return rank


def _table(metres: Floats, size: int) -> Ints:
    """Give whole millimetres, the same there and back."""
    if metres.shape != (size, size):
        raise ParameterError(
            f"metres has shape {metres.shape}; {size} places with the start need {(size, size)}.",
            hint="Give a row and a column for each place in its order, the start last.",
            fields=["metres"],
        )
    if (metres < 0).any():
        raise ParameterError(
            f"metres has {int((metres < 0).sum())} negative entries; 0 or more are needed.",
            hint="Write inf where there is no way.",
            fields=["metres"],
        )
    both = np.fmin(metres, metres.T)
    known = np.isfinite(both)
    return np.where(known, to_mm(np.where(known, both, 0.0)), _NO_WAY_MM)


def warm_walking_order() -> None:
    """Compile the kernels, or load them from numba's disk cache."""
    square = np.array([[0, 0], [9, 9], [0, 9], [9, 0], [5, 0], [0, 5]])
    walk(square, np.arange(6))
