"""Where and when borders changed: the places whose grid may be another one now."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridgeo.analysis.in_time import EVER, Days, lives
from gridgeo.model.crs import metric_crs

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

HAIR = 1e-9  # degrees: 0.1 mm, far above rounding and far below what anybody surveys
_SLACK_M = 0.01
_ROUND = 1.005  # a circle drawn with 8 segments a quarter is 0.5 % too small
_LONGEST_M = 200.0  # straight in metres and straight in degrees then differ by less than 1 mm


@dataclass(frozen=True, eq=False)
class Change:
    """Days and places in which the answer to "which grid?" may differ.

    Parameters
    ----------
    since, until : int
        Days since 1970-01-01: the first one, and the first one no more; −``EVER`` and ``EVER``
        where open.
    places : GeoSeries of MultiPolygon and LineString, or None
        What is in, or on the border of, one state of a grid only; by even and odd, as for
        invalid outlines. None is everywhere.
    metric : GeoSeries of Polygon, or None
        Hulls in metres of both states of the grids that changed, where nearest is asked for.
    within_m : float or None
        Distance to ``metric`` that counts for a point that no grid covers.
    """

    since: int
    until: int
    places: gpd.GeoSeries | None
    metric: gpd.GeoSeries | None = None
    within_m: float | None = None

    def touches(
        self, x: Floats, y: Floats, covered: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        """Tell of which points the answer may differ.

        Parameters
        ----------
        x, y : float64, shape (n,)
            In the CRS of ``places``.
        covered : bool, shape (n,)
            Whether a grid covers the point after the change.

        Returns
        -------
        bool, shape (n,)
        """
        if self.places is None:
            return np.ones(len(x), np.bool_)
        found = np.zeros(len(x), np.bool_)
        whole = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        points = gpd.GeoSeries.from_xy(x[whole], y[whole], crs=self.places.crs)
        within = shapely.STRtree(points.to_numpy()).query(self.places.to_numpy(), "intersects")[1]
        found[whole[within]] = True
        found[whole[_near(points, _outlines(self.places), HAIR)]] = True
        if self.metric is not None and self.within_m is not None:
            metres = points.to_crs(self.metric.crs)
            near = whole[_near(metres, self.metric, self.within_m + _SLACK_M)]
            found[near[~covered[near]]] = True
        return found

    def around(self) -> Shapes | None:
        """Give few simple shapes that hold all points of the change, up to ``HAIR``."""
        if self.places is None:
            return None
        wide = shapely.convex_hull(shapely.get_parts(self.places.to_numpy()))
        if self.metric is None or self.within_m is None:
            return wide
        reach_m = self.within_m * _ROUND + 2 * _SLACK_M
        reach = shapely.buffer(self.metric.to_numpy(), reach_m, quad_segs=8)
        reach = gpd.GeoSeries(shapely.segmentize(reach, _LONGEST_M), crs=self.metric.crs)
        return np.concatenate([wide, reach.to_crs(self.places.crs).to_numpy()])


def border_changes(
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    nearest_within_m: float | None = None,
) -> list[Change]:
    """Find where and when the answer to "which grid?" may differ.

    Parameters
    ----------
    before, after : GeoDataFrame of Polygon or MultiPolygon
        Index ``grid_code``; ``valid_from``, ``valid_to``, NaT where open. No two versions of a
        grid are in force on the same day.
    nearest_within_m : float, optional
        Both are asked with it: see ``GridsInTime``.

    Returns
    -------
    list of Change
        A point that no change touches on its day has the same answer before and after, border or
        inside and distance included. Changes may overlap: see ``in_turn``.

    Notes
    -----
    A point changes sides of a grid only if an odd number of those segments lie on a ray from it
    that the outline has in one state and not in the other. At every corner an even number of
    them meets, so they are closed walks, and the point lies within one. This holds for invalid
    outlines, too; and as no borders are intersected, no corner is rounded.
    """
    zone = None if nearest_within_m is None else metric_crs(after)
    if zone is not None and metric_crs(before) != zone:
        return [Change(int(-EVER), int(EVER), None)]
    grids = pd.concat([before.geometry, after.geometry])
    metric = grids if zone is None else grids.to_crs(zone)
    sides = np.repeat([0, 1], [len(before), len(after)])
    since, until = (np.concatenate(ends) for ends in zip(lives(before), lives(after), strict=True))
    found = []
    for rows in _changed_grids(grids, sides, since, until):
        for start, end, old, new in _states(rows, sides, since, until):
            places = _between(grids, old, new)
            reach = None if zone is None else metric.iloc[[*old, *new]].convex_hull
            if len(places) or (reach is not None and len(reach)):
                found.append(Change(start, end, places, reach, nearest_within_m))
    return found


def in_turn(changes: list[Change], breaks: Days) -> Iterator[Change]:
    """Put changes into an order in which no day comes twice.

    Parameters
    ----------
    changes : list of Change
        Of one set of grids, or of several that are compared with the same.
    breaks : int64, shape (b,)
        Days that no change may go beyond: see ``GridsInTime.breaks``.

    Yields
    ------
    Change
        From the earliest on; each place once.
    """
    edges = sorted({day for one in changes for day in (one.since, one.until)})
    inner = {int(day) for day in breaks if edges and edges[0] < day < edges[-1]}
    edges = sorted({*edges, *inner})
    for start, end in pairwise(edges):
        here = [one for one in changes if one.since <= start and end <= one.until]
        if not here:
            continue
        places = [one.places for one in here if one.places is not None]
        if len(places) < len(here):
            yield Change(start, end, None)
            continue
        metric = [one.metric for one in here if one.metric is not None]
        reach = _once(metric) if metric else None
        yield Change(start, end, _once(places), reach, here[0].within_m)


def places_between(old: Shapes, new: Shapes) -> Shapes:
    """Cover all points that are in, or on the border of, one of two states of a grid only.

    Parameters
    ----------
    old, new : array of Polygon or MultiPolygon
        The parts of the grid in each state; may be empty.

    Returns
    -------
    array of MultiPolygon and LineString
        Closed walks along the segments that only one state has, as outlines of one area: a point
        is in it by even and odd. Segments that one state has twice are lines. None where nothing
        changed.
    """
    ours, theirs = _segments(old), _segments(new)
    both, state = np.concatenate([ours, theirs]), np.repeat([1, -1], [len(ours), len(theirs)])
    kinds, of = np.unique(both, axis=0, return_inverse=True)
    surplus = np.bincount(of.reshape(-1), state, len(kinds)).astype(np.int64)
    ends = kinds.reshape(-1, 2, 2)
    closing = (surplus % 2 != 0) & (ends[:, 0] != ends[:, 1]).any(axis=1)
    lines = shapely.linestrings(ends[(surplus != 0) & ~closing])
    walks = [shapely.Polygon(walk) for walk in _closed_walks(ends[closing])]
    areas = [shapely.MultiPolygon(walks)] if walks else []
    return np.concatenate([np.array(areas, object), lines.astype(object)])


def _closed_walks(segments: Floats) -> Iterator[Floats]:
    """Walk along segments, an even number of which meets at every corner, each one once."""
    corners, end = np.unique(segments.reshape(-1, 2), axis=0, return_inverse=True)
    ties: list[list[tuple[int, int]]] = [[] for _ in corners]
    for n, (a, b) in enumerate(end.reshape(-1, 2).tolist()):
        ties[a].append((b, n))
        ties[b].append((a, n))
    walked = np.zeros(len(segments), np.bool_)
    for start in range(len(corners)):
        walk = [start]
        while ties[walk[-1]]:
            to, n = ties[walk[-1]].pop()
            if not walked[n]:
                walked[n] = True
                walk.append(to)
        if len(walk) > 1:
            yield corners[walk]


def _segments(shapes: Shapes) -> Floats:
    """Every side of every ring, its lower end first: shape (s, 4)."""
    rings = shapely.get_rings(shapely.get_parts(shapes))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    start = np.flatnonzero(ring[1:] == ring[:-1])
    a, b = xy[start] + 0.0, xy[start + 1] + 0.0  # −0.0 is 0.0
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    a[swap], b[swap] = b[swap], a[swap]
    return np.hstack([a, b])


def _near(points: gpd.GeoSeries, places: gpd.GeoSeries, distance: float) -> npt.NDArray[np.intp]:
    """Positions of the points within a distance of any place."""
    tree = shapely.STRtree(points.to_numpy())
    _, found = tree.query(places.to_numpy(), predicate="dwithin", distance=distance)
    return np.unique(found)


def _outlines(places: gpd.GeoSeries) -> gpd.GeoSeries:
    """Give the sides of areas, and lines as they are."""
    return places.boundary.where(places.geom_type == "MultiPolygon", places)


def _once(places: list[gpd.GeoSeries]) -> gpd.GeoSeries:
    """Join places and keep one of those that are the same: one grid's loss is another's gain."""
    joined = pd.concat(places, ignore_index=True)
    return joined[~joined.to_wkb().duplicated().to_numpy()]


def _changed_grids(
    grids: gpd.GeoSeries, sides: npt.NDArray[np.int64], since: Days, until: Days
) -> Iterator[npt.NDArray[np.intp]]:
    """Give the rows of each grid that has not the same versions on both sides."""
    wkb = grids.to_wkb().to_numpy()
    for rows in grids.reset_index(drop=True).groupby(grids.index.to_numpy()).indices.values():
        told: list[list[tuple[int, int, bytes]]] = [[], []]
        for row in rows:
            told[sides[row]].append((since[row], until[row], wkb[row]))
        if sorted(told[0]) != sorted(told[1]):
            yield rows


def _states(
    rows: npt.NDArray[np.intp], sides: npt.NDArray[np.int64], since: Days, until: Days
) -> Iterator[tuple[int, int, npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Give every span of days of a grid with the rows in force in both states."""
    edges = np.unique(np.concatenate([since[rows], until[rows]]))
    for start, end in pairwise(edges):
        live = rows[(since[rows] <= start) & (start < until[rows])]
        yield int(start), int(end), live[sides[live] == 0], live[sides[live] == 1]


def _between(
    grids: gpd.GeoSeries, old: npt.NDArray[np.intp], new: npt.NDArray[np.intp]
) -> gpd.GeoSeries:
    places = places_between(grids.iloc[old].to_numpy(), grids.iloc[new].to_numpy())
    return gpd.GeoSeries(places, crs=grids.crs)
