"""From points to the nearest polygon."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.nearest.distance import to_box, to_polygon, to_segment
from gridgeo.analysis.nearest.order import CELLS, put_in_order
from gridgeo.analysis.nearest.rings import Floats, Ints, Rings
from gridgeo.analysis.nearest.tree import FAN, SLACK, Tree

BLOCK = 32_768  # points put in order together
_NOBODY = np.int32(2**31 - 1)  # later than every ring


class Desk(NamedTuple):
    """Room for one search at a time: boxes still to be looked into, and distances."""

    code: Ints
    squared: Floats
    box: Floats
    edge: Floats


@njit(cache=True, nogil=True, error_model="numpy")
def nearest_slice(
    x: Floats,
    y: Floats,
    first: int,
    end: int,
    within_m: float,
    rings: Rings,
    tree: Tree,
    position: Ints,
    distance_m: Floats,
) -> None:
    """Give those of the points ``first`` … ``end − 1`` that lie in no polygon the nearest one.

    Parameters
    ----------
    x, y : float64, shape (n,)
    first, end : int
    within_m : float
        Finite. A polygon at that distance is near enough.
    rings : Rings
    tree : Tree
        Of ``rings``; not empty.
    position : int32, shape (n,)
        Read, and written where it is < 0 and a polygon is near enough.
    distance_m : float64, shape (n,)
        Written where ``position`` is.
    """
    limit = _beyond(within_m)
    west, south, east, north = tree.extent
    size = min(BLOCK, end - first)
    rows = np.empty(size, np.int64)
    px, py = np.empty(size), np.empty(size)
    order, spare, key = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int32)
    begin = np.empty(CELLS + 1, np.int32)
    most = FAN * (tree.height + 1)
    desk = Desk(np.empty(most, np.int32), np.empty(most), np.empty(FAN), np.empty(FAN))
    n = 0
    for p in range(first, end):
        if position[p] < 0:
            dx = max(0.0, max(west - x[p], x[p] - east))
            dy = max(0.0, max(south - y[p], y[p] - north))
            if dx * dx + dy * dy <= limit and np.isfinite(x[p]) and np.isfinite(y[p]):
                rows[n], px[n], py[n] = p, x[p], y[p]
                n += 1
        if n == size or (p == end - 1 and n > 0):
            put_in_order(px[:n], py[:n], tree.window, order, spare, key, begin)
            _search(px, py, rows, order[:n], within_m, rings, tree, desk, position, distance_m)
            n = 0


@njit(inline="always")
def _beyond(distance: float) -> float:
    """Square above which nothing can be measured as near as that; room for underflow, too."""
    return distance * distance * (1.0 + SLACK) + 1e-300


@njit(cache=True, nogil=True, error_model="numpy")
def _search(
    x: Floats,
    y: Floats,
    rows: npt.NDArray[np.int64],
    order: Ints,
    within_m: float,
    rings: Rings,
    tree: Tree,
    desk: Desk,
    position: Ints,
    distance_m: Floats,
) -> None:
    """Find of each point the least distance of an edge, and of edges at it one of the first ring.

    That ring's polygon is the answer, but where GEOS may pass over the ring.
    """
    # By name: an array taken out of a tuple within the loop is counted as held, and let go, again
    # and again, which took two thirds of the time.
    vx, vy, ring_polygon, ring_box = rings.x, rings.y, rings.polygon, rings.box
    first, edges, leaf_ring = tree.first, tree.edges, tree.ring
    boxes, below = tree.boxes, tree.below
    code, squared, box_squared, edge_squared = desk.code, desk.squared, desk.box, desk.edge
    root = np.int32(-len(below))
    whole = _beyond(within_m)
    edge, ring = np.int32(-1), _NOBODY
    for t in range(len(order)):
        row, px, py = rows[order[t]], x[order[t]], y[order[t]]
        least, limit = np.inf, whole
        if edge >= 0:  # the answer to the point before is near this one, too
            i, j = edge, edge + 1
            least = to_segment(px, py, vx[i], vy[i], vx[j], vy[j])
            limit = min(limit, _beyond(least))
        if not least <= within_m:
            least, edge, ring = np.inf, np.int32(-1), _NOBODY
        code[0] = root
        squared[0] = 0.0
        n = 1
        while n > 0:
            n -= 1
            if squared[n] > limit:
                continue
            c = code[n]
            if c < 0:
                block = -int(c) - 1
                _square_boxes(px, py, boxes, block, box_squared)
                n = _put_on(box_squared, limit, int(below[block]), code, squared, n)
                continue
            _square_edges(px, py, vx, vy, int(first[c]), int(edges[c]), edge_squared)
            for k in range(edges[c]):
                if not edge_squared[k] > limit:  # also where products overflow
                    i = first[c] + k
                    j = i + 1
                    d = to_segment(px, py, vx[i], vy[i], vx[j], vy[j])
                    if d <= within_m and (d < least or (d == least and leaf_ring[c] < ring)):
                        least, edge, ring = d, np.int32(i), leaf_ring[c]
                        limit = min(limit, _beyond(d))
        if edge >= 0:
            position[row] = ring_polygon[ring]
            distance_m[row] = least
            if _may_be_passed_over(px, py, least, int(ring), ring_polygon, ring_box):
                _settle(px, py, row, within_m, int(ring), rings, tree, desk, position, distance_m)


@njit(inline="always")
def _square_boxes(px: float, py: float, boxes: Floats, block: int, squared: Floats) -> None:
    """Give the squares of the distances to the boxes of a block."""
    for k in range(FAN):
        dx = boxes[block, 0, k] - px
        other = px - boxes[block, 2, k]
        dx = dx if dx > other else other
        dx = dx if dx > 0.0 else 0.0
        dy = boxes[block, 1, k] - py
        other = py - boxes[block, 3, k]
        dy = dy if dy > other else other
        dy = dy if dy > 0.0 else 0.0
        squared[k] = dx * dx + dy * dy


@njit(inline="always")
def _put_on(found: Floats, limit: float, below: int, code: Ints, squared: Floats, n: int) -> int:
    """Put the boxes that are near enough on the n others to be opened, the nearest on top."""
    step = np.int32(1) if below >= 0 else np.int32(-1)
    nearest, at = np.inf, n - 1
    for k in range(FAN):
        if found[k] <= limit:
            squared[n] = found[k]
            code[n] = below + step * k
            if found[k] < nearest:
                nearest, at = found[k], n
            n += 1
    top = n - 1  # the same as ``at`` when there is nothing to swap
    code[at], code[top] = code[top], code[at]
    squared[at], squared[top] = squared[top], squared[at]
    return n


@njit(inline="always")
def _square_edges(
    px: float, py: float, x: Floats, y: Floats, first: int, edges: int, squared: Floats
) -> None:
    """Give squares that no measured distance to these edges is below; NaN: not known."""
    start = np.uint64(first)  # unsigned: an index that may count from the end is no vector code
    for k in range(np.uint64(edges)):
        i = start + k
        j = i + np.uint64(1)
        ux, uy = x[j] - x[i], y[j] - y[i]
        ax, ay = px - x[i], py - y[i]
        length = ux * ux + uy * uy
        size = ax * ax + ay * ay + length
        along = (ax * ux + ay * uy) / length
        along = along if along > 0.0 else 0.0
        along = along if along < 1.0 else 1.0
        ax -= along * ux
        ay -= along * uy
        squared[k] = ax * ax + ay * ay - SLACK * size


@njit(inline="always")
def _may_be_passed_over(
    px: float, py: float, distance: float, ring: int, polygon: Ints, box: Floats
) -> bool:
    """Whether GEOS may not look at a ring, for one before it in its polygon is nearer than its box.

    The box is around the ring, so that is a matter of rounding, and rare.
    """
    first = ring == 0 or polygon[ring - 1] != polygon[ring]
    return not first and to_box(px, py, box, ring) > distance


@njit(cache=True, nogil=True, error_model="numpy")
def _settle(
    px: float,
    py: float,
    row: int,
    within_m: float,
    ring: int,
    rings: Rings,
    tree: Tree,
    desk: Desk,
    position: Ints,
    distance_m: Floats,
) -> None:
    """Measure all polygons that may be the nearest as a whole."""
    least = to_polygon(px, py, ring, rings)
    polygon = rings.polygon[ring]
    limit = _beyond(min(least, within_m))
    seen = polygon
    desk.code[0] = -len(tree.below)
    desk.squared[0] = 0.0
    n = 1
    while n > 0:
        n -= 1
        code = desk.code[n]
        if code < 0:
            block = -code - 1
            _square_boxes(px, py, tree.boxes, block, desk.box)
            n = _put_on(desk.box, limit, tree.below[block], desk.code, desk.squared, n)
            continue
        other = rings.polygon[tree.ring[code]]
        if other != seen:
            seen = other
            d = to_polygon(px, py, tree.ring[code], rings)
            if d < least or (d == least and other < polygon):
                least, polygon = d, other
    near = least <= within_m
    position[row] = polygon if near else np.int32(-1)
    distance_m[row] = least if near else np.nan
