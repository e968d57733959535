"""From points to the nearest segment: boxes over boxes of segments."""

from typing import NamedTuple

import numpy as np
from numba import njit

from gridgeo.analysis.near_pairs import Floats, Ints

FAN = 8  # segments under a leaf, boxes under a box
_CELLS = 256  # along a side of the lattice by which points are ordered


class Tree(NamedTuple):
    """Segments and the boxes over them.

    Parameters
    ----------
    segments : float64, shape (s, 4)
        x and y of the two ends, in the order of ``order``.
    ends : int64, shape (s, 2)
        Node numbers of the two ends, in the order of ``order``.
    order : int64, shape (s,)
        Position in the segments given.
    boxes : float64, shape (b, 4)
        Least x, least y, greatest x, greatest y. Level by level, leaves first; box k of a level
        is over ``FAN * k`` … ``FAN * k + FAN − 1`` of the level below, that of the segments for
        the leaves.
    starts : int64, shape (levels + 1,)
        Where each level starts in ``boxes``, and their number.
    """

    segments: Floats
    ends: Ints
    order: Ints
    boxes: Floats
    starts: Ints


def plant(xy: Floats, ends: Ints) -> Tree:
    """Make segments ready to be asked which of them is nearest.

    Parameters
    ----------
    xy : float64, shape (v, 2)
    ends : int64, shape (s, 2)
        Rows of ``xy``; at least one segment.

    Returns
    -------
    Tree
        Sorted by tiles, as in Leutenegger, Edgington and Lopez, "STR", ICDE 1997.
    """
    middle = (xy[ends[:, 0]] + xy[ends[:, 1]]) / 2
    count = len(ends)
    by_x = np.argsort(middle[:, 0], kind="stable")
    column = np.empty(count, np.int64)
    wide = int(np.ceil(np.sqrt(count * FAN)))  # segments in a column of square tiles
    column[by_x] = np.arange(count) // wide
    order = np.lexsort((middle[:, 1], column))
    segments = xy[ends[order]].reshape(-1, 4)
    low = np.minimum(segments[:, :2], segments[:, 2:])
    high = np.maximum(segments[:, :2], segments[:, 2:])
    levels: list[Floats] = []
    while not levels or len(levels[-1]) > 1:
        at = np.arange(0, len(low), FAN)
        low, high = np.minimum.reduceat(low, at), np.maximum.reduceat(high, at)
        levels.append(np.column_stack([low, high]))
    starts = np.cumsum([0, *(len(level) for level in levels)]).astype(np.int64)
    return Tree(segments, ends[order], order, np.concatenate(levels), starts)


@njit(cache=True, nogil=True, error_model="numpy")
def nearest_segments(
    points: Floats,
    turn: Ints,
    tree: Tree,
    apart: Ints,
    within_m: float,
    segment: Ints,
    share: Floats,
    metres: Floats,
) -> None:
    """Find the nearest segment of each point.

    Parameters
    ----------
    points : float64, shape (n, 2)
        A point with NaN is near no segment.
    turn : int64, shape (n,)
        The order in which they are looked at: neighbours find the same boxes at hand.
    tree : Tree
    apart : int64, shape (n,)
        Segments that end at this node are passed over; −1: none are.
    within_m : float
        A segment at that distance is near enough.
    segment : int64, shape (n,)
        Written, where there is one: position of the nearest segment, the first of several.
    share : float64, shape (n,)
        Written, where there is one: how far along the segment the nearest point is, 0 to 1.
    metres : float64, shape (n,)
        Written, where there is one: how far that is.
    """
    top = len(tree.starts) - 2
    stack = np.empty(FAN * (top + 2), np.int64)
    level_of = np.empty(FAN * (top + 2), np.int64)
    squared_of = np.empty(FAN * (top + 2))
    hit = -1
    for p in turn:
        px, py = points[p, 0], points[p, 1]
        if not (np.isfinite(px) and np.isfinite(py)):
            continue
        best, along = within_m * within_m, 0.0
        # What a neighbour found is near, too, and spares most boxes.
        if hit >= 0 and not _ends_at(tree, hit, apart[p]):
            squared, t = _to_segment(px, py, tree, hit)
            if squared <= best:
                best, along = squared, t
            else:
                hit = -1
        else:
            hit = -1
        stack[0], level_of[0], squared_of[0] = 0, top, 0.0
        n = 1
        while n > 0:
            n -= 1
            if squared_of[n] > best:
                continue
            level, first = level_of[n], stack[n] * FAN
            if level == 0:
                for k in range(first, min(first + FAN, len(tree.order))):
                    if _ends_at(tree, k, apart[p]):
                        continue
                    squared, t = _to_segment(px, py, tree, k)
                    if squared < best or (
                        squared == best and (hit < 0 or tree.order[k] < tree.order[hit])
                    ):
                        best, hit, along = squared, k, t
                continue
            # The nearest box goes on top of the stack.
            start, base = tree.starts[level - 1], n
            for k in range(first, min(first + FAN, tree.starts[level] - start)):
                box = start + k
                dx = max(0.0, max(tree.boxes[box, 0] - px, px - tree.boxes[box, 2]))
                dy = max(0.0, max(tree.boxes[box, 1] - py, py - tree.boxes[box, 3]))
                squared = dx * dx + dy * dy
                # Twelve roundings of the foot may make a segment nearer than its box.
                if squared * (1 - 1e-12) > best:
                    continue
                i = n
                while i > base and squared_of[i - 1] < squared:
                    stack[i], level_of[i] = stack[i - 1], level_of[i - 1]
                    squared_of[i] = squared_of[i - 1]
                    i -= 1
                stack[i], level_of[i], squared_of[i] = k, level - 1, squared * (1 - 1e-12)
                n += 1
        if hit >= 0:
            segment[p], share[p], metres[p] = tree.order[hit], along, np.sqrt(best)


@njit(inline="always")
def _ends_at(tree: Tree, k: int, node: int) -> bool:
    """Whether a segment ends at a node; none does at −1."""
    return tree.ends[k, 0] == node or tree.ends[k, 1] == node


@njit(inline="always", error_model="numpy")
def _to_segment(px: float, py: float, tree: Tree, k: int) -> tuple[float, float]:
    """Give the square of the distance to a segment, and how far along it the nearest point is."""
    x, y = tree.segments[k, 0], tree.segments[k, 1]
    dx, dy = tree.segments[k, 2] - x, tree.segments[k, 3] - y
    whole = dx * dx + dy * dy
    t = ((px - x) * dx + (py - y) * dy) / whole if whole > 0 else 0.0
    t = min(max(t, 0.0), 1.0)
    # At the farther end t · d is off by a rounding.
    ex = px - tree.segments[k, 2] if t == 1.0 else px - x - t * dx
    ey = py - tree.segments[k, 3] if t == 1.0 else py - y - t * dy
    return ex * ex + ey * ey, t


def snap(
    points: Floats, tree: Tree, within_m: float = np.inf, apart: Ints | None = None
) -> tuple[Ints, Floats, Floats]:
    """Find the nearest point of all segments for each point.

    Parameters
    ----------
    points : float64, shape (n, 2)
    tree : Tree
    within_m : float
    apart : int64, shape (n,), optional

    Returns
    -------
    segment : int64, shape (n,)
        −1 where there is none, or no point.
    share : float64, shape (n,)
        How far along the segment, 0 to 1; NaN where there is none.
    metres : float64, shape (n,)
        To the nearest point; ``inf`` where there is none.
    """
    segment = np.full(len(points), -1, np.int64)
    share, metres = np.full(len(points), np.nan), np.full(len(points), np.inf)
    if apart is None:
        apart = np.full(len(points), -1, np.int64)
    turn = _by_cells(points, tree.boxes[-1])
    nearest_segments(points, turn, tree, apart, float(within_m), segment, share, metres)
    return segment, share, metres


def _by_cells(points: Floats, box: Floats) -> Ints:
    """Order points by the cells of a lattice over a box."""
    low, size = box[:2], np.maximum(box[2:] - box[:2], 1e-9)
    cell = np.clip(np.nan_to_num((points - low) / size), 0, 1) * [_CELLS, _CELLS - 1]
    return np.argsort(cell.astype(np.int32) @ np.array([_CELLS, 1], np.int32))


def warm_network() -> None:
    """Compile the kernel, or load it from numba's disk cache."""
    snap(np.zeros((1, 2)), plant(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0, 1]])))
