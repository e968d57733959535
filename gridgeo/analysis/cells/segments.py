"""Polygons as a list of distinct segments, each with the polygons that own it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from gridgeo.errors import GeometryError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

LARGEST_COORDINATE = 1e300  # above it, differences of coordinates overflow
_CHUNK = 2000
_POLYGON_TYPES = (-1, 3, 6)  # missing, Polygon, MultiPolygon


class Segments(NamedTuple):
    """Distinct segments and who owns them.

    Parameters
    ----------
    table : float64, shape (s, 5)
        ``ax, ay, bx, by``; a is the lower end, of equally high ones the left. The fifth is no
        number but the bits of (label of the lowest owner) << 32 | toggle, where ``toggle`` is
        what crossing the segment does to a label: the exclusive or of the owners' labels.
    start : int32, shape (s + 1,)
        Owners of segment i are ``owner[start[i]:start[i + 1]]``.
    owner : int32, shape (e,)
        Polygon positions, ascending within a segment; twice when a polygon runs along it twice.
    """

    table: Floats
    start: Ints
    owner: Ints


def read_segments(polygons: npt.NDArray[np.object_]) -> Segments:
    """Collect the distinct segments of polygons.

    Parameters
    ----------
    polygons : object array, shape (n,)
        Polygon, MultiPolygon or None; empty ones have no segments; Z and M are not read.

    Returns
    -------
    Segments

    Raises
    ------
    GeometryError
        Another kind of geometry, or a coordinate that is not finite or beyond 1e300.
    """
    count = int(shapely.get_num_coordinates(polygons).sum())
    if count >= 2**31:
        raise GeometryError(
            f"grids has {count:,} vertices; one index holds at most {2**31 - 1:,}.",
            hint="Split the layer and make an index of each part.",
            code="geometry.too-many-vertices",
        )
    # In chunks: shapely's lists of parts and rings never stand for the whole layer at once.
    xy = np.empty((count, 2))
    polygon = np.empty(count, np.int32)
    key = np.zeros(count, np.uint64)
    at = 0
    for first in range(0, len(polygons), _CHUNK):
        chunk = polygons[first : first + _CHUNK]
        _refuse_other_kinds(chunk, first)
        parts, polygon_of_part = shapely.get_parts(chunk, return_index=True)
        rings, part_of_ring = shapely.get_rings(parts, return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        polygon_of_ring = (polygon_of_part[part_of_ring] + first).astype(np.int32)
        _refuse_wild_coordinates(points, polygon_of_ring[ring])
        end = at + len(points)
        xy[at:end] = points + 0.0  # −0.0 and 0.0 are one coordinate but two bit patterns
        _mark_edges(xy[:end], ring, polygon_of_ring, at, polygon, key)
        at = end
    order = np.argsort(key).astype(np.int32)
    same_as = _match(xy, polygon, key, order)
    # Made by numpy, which asks for huge pages, as numba does not: points look into it at random.
    table = np.empty((np.count_nonzero(same_as == np.arange(count)), 5))
    return Segments(table, *_gather(xy, polygon, same_as, table))


def _refuse_other_kinds(chunk: npt.NDArray[np.object_], first: int) -> None:
    odd = np.flatnonzero(~np.isin(shapely.get_type_id(chunk), _POLYGON_TYPES))
    if len(odd):
        raise GeometryError(
            f"grids holds a {chunk[odd[0]].geom_type} at position {first + odd[0]}; "
            "a grid is a Polygon or a MultiPolygon.",
            hint="Drop that row, or build its area first.",
            code="geometry.kind",
            fields=["geometry"],
        )


def _refuse_wild_coordinates(points: Floats, polygon: Ints) -> None:
    wild = np.flatnonzero(~(np.abs(points) <= LARGEST_COORDINATE).all(axis=1))
    if len(wild):
        raise GeometryError(
            f"grids has the coordinates {tuple(points[wild[0]].tolist())} at position "
            f"{polygon[wild[0]]}; they must be finite and at most {LARGEST_COORDINATE:g} in size.",
            hint="Mend or drop that row.",
            code="geometry.not-finite",
            fields=["geometry"],
        )


@njit(inline="always")
def ends_of(table: Floats, s: int) -> tuple[float, float, float, float]:
    """Give ax, ay, bx, by of segment s."""
    return table[s, 0], table[s, 1], table[s, 2], table[s, 3]


@njit(inline="always")
def _lower_upper(xy: Floats, i: int) -> tuple[int, int]:
    """Vertices of edge i → i + 1, lower (then left) one first."""
    j = i + 1
    if xy[i, 1] < xy[j, 1] or (xy[i, 1] == xy[j, 1] and xy[i, 0] <= xy[j, 0]):
        return i, j
    return j, i


@njit(cache=True)
def _mark_edges(
    xy: Floats, ring: Ints, polygon_of_ring: Ints, at: int, polygon: Ints, key: npt.NDArray
) -> None:
    """Say of each vertex at, at + 1, … whose edge starts there (−1: none) and hash its ends.

    An edge of no length is left out, unless the whole ring is one point, which GEOS calls covered.
    """
    n = len(ring)
    bits = xy.view(np.uint64)
    first = 0
    for q in range(n):
        i = at + q
        polygon[i] = -1
        if q > 0 and ring[q] != ring[q - 1]:
            first = q
        if q + 1 == n or ring[q + 1] != ring[q]:
            continue
        if xy[i, 0] == xy[i + 1, 0] and xy[i, 1] == xy[i + 1, 1]:
            if q != first:
                continue
            k = q
            while (
                k < n
                and ring[k] == ring[q]
                and xy[at + k, 0] == xy[i, 0]
                and xy[at + k, 1] == xy[i, 1]
            ):
                k += 1
            if k < n and ring[k] == ring[q]:
                continue
        polygon[i] = polygon_of_ring[ring[q]]
        a, b = _lower_upper(xy, i)
        h = bits[a, 0] * np.uint64(0x9E3779B97F4A7C15)
        h ^= h >> np.uint64(29)
        h = (h + bits[a, 1]) * np.uint64(0xBF58476D1CE4E5B9)
        h ^= h >> np.uint64(32)
        h = (h + bits[b, 0]) * np.uint64(0x94D049BB133111EB)
        h ^= h >> np.uint64(29)
        h = (h + bits[b, 1]) * np.uint64(0x9E3779B97F4A7C15)
        h ^= h >> np.uint64(32)
        key[i] = h


@njit(cache=True)
def _match(xy: Floats, polygon: Ints, key: npt.NDArray, order: Ints) -> Ints:
    """Give each edge the first edge with the same ends (−1: no edge); ``order`` sorts ``key``."""
    n = len(order)
    same_as = np.full(n, -1, np.int32)
    i = 0
    while i < n:
        j = i
        while j < n and key[order[j]] == key[order[i]]:
            j += 1
        for t in range(i, j):  # nearly always one edge or two; equal keys may still differ
            q = order[t]
            if polygon[q] < 0 or same_as[q] >= 0:
                continue
            a, b = _lower_upper(xy, q)
            lowest = q
            for writing in range(2):
                for s in range(t, j):
                    r = order[s]
                    if polygon[r] < 0:
                        continue
                    c, d = _lower_upper(xy, r)
                    if (
                        xy[a, 0] == xy[c, 0]
                        and xy[a, 1] == xy[c, 1]
                        and xy[b, 0] == xy[d, 0]
                        and xy[b, 1] == xy[d, 1]
                    ):
                        if writing == 1:
                            same_as[r] = lowest
                        elif r < lowest:
                            lowest = r
        i = j
    return same_as


@njit(cache=True)
def _gather(xy: Floats, polygon: Ints, same_as: Ints, table: Floats) -> tuple[Ints, Ints]:
    """Lay out the distinct segments in the order of the rings; give ``start`` and ``owner``."""
    n = len(polygon)
    distinct = len(table)
    edges = 0
    for i in range(n):
        if same_as[i] >= 0:
            edges += 1
    tags = table.view(np.int64)
    start = np.zeros(distinct + 1, np.int32)
    owner = np.empty(edges, np.int32)
    number = np.empty(n, np.int32)
    k = 0
    for i in range(n):
        first = same_as[i]
        if first < 0:
            continue
        if first == i:
            a, b = _lower_upper(xy, i)
            table[k, 0] = xy[a, 0]
            table[k, 1] = xy[a, 1]
            table[k, 2] = xy[b, 0]
            table[k, 3] = xy[b, 1]
            tags[k, 4] = np.int64(polygon[i] + 1) << 32
            number[i] = k
            k += 1
        start[number[first] + 1] += 1
    for s in range(distinct):
        start[s + 1] += start[s]
    for i in range(n):  # start[s] runs ahead while it fills, and is set back below
        if same_as[i] >= 0:
            s = number[same_as[i]]
            owner[start[s]] = polygon[i]
            start[s] += 1
            tags[s, 4] ^= np.int64(polygon[i] + 1)
    for s in range(distinct, 0, -1):
        start[s] = start[s - 1]
    start[0] = 0
    return start, owner
