"""Whether a cell is clean: no open part of it lies inside two polygons; and if not, why."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.members import flip
from gridgeo.analysis.cells.segments import Floats, Ints, Segments, ends_of
from gridgeo.analysis.cells.sides import CLEAR, RISES_RIGHT
from gridgeo.analysis.orientation import orient

# A cell with more segments, or with a segment of more owners, is called dirty unseen: dirty is
# slower, never wrong.
MOST_SEGMENTS = 32
MOST_OWNERS = 4

# What a look at a cell comes to, in the order of ``Built.cells_found``.
CLEAN, OVERLAP, CROSSING, CROWDED = range(4)

Sides = npt.NDArray[np.int8]


class Desk(NamedTuple):
    """Room to work in, made once for all cells.

    Parameters
    ----------
    covering : int32, shape (MOST_SEGMENTS * MOST_OWNERS + 1,)
    order : int8, shape (MOST_SEGMENTS, MOST_SEGMENTS)
    row : int64, shape (MOST_SEGMENTS,)
    heights : float64, shape (2 * MOST_SEGMENTS + 2,)
    """

    covering: Ints
    order: Sides
    row: npt.NDArray[np.int64]
    heights: Floats


def make_desk() -> Desk:
    """Make room to sweep cells."""
    return Desk(
        np.empty(MOST_SEGMENTS * MOST_OWNERS + 1, np.int32),
        np.zeros((MOST_SEGMENTS, MOST_SEGMENTS), np.int8),
        np.empty(MOST_SEGMENTS, np.int64),
        np.empty(2 * MOST_SEGMENTS + 2),
    )


@njit(inline="always")
def look_at_cell(
    segments: Segments,
    here: Ints,
    sides: Sides,
    n: int,
    left: float,
    right: float,
    bottom: float,
    top: float,
    anchor_label: int,
    n_anchor: int,
    desk: Desk,
) -> int:
    """Decide by an exact sweep whether a cell is clean.

    The cell is cut into slabs at every segment end. Within a slab, segments that do not cross
    are in one order from right to left, so its faces are what a walk from the wall meets; the
    set of covering polygons is carried along. A crossing makes the cell dirty unseen.

    Parameters
    ----------
    segments : Segments
    here, sides : arrays, first n in use
        The segments of the cell and how they stand to it.
    left, right, bottom, top : float
        The widened cell.
    anchor_label, n_anchor : int
        Label of the lowest polygon that covers the anchor, and how many do.
    desk : Desk

    Returns
    -------
    int
        ``CLEAN`` only if clean; ``OVERLAP``, ``CROSSING`` or ``CROWDED`` say why not.
    """
    start, owner = segments.start, segments.owner
    if n_anchor > 1:
        return OVERLAP
    if n > MOST_SEGMENTS:
        return CROWDED
    for i in range(n):
        if start[here[i] + 1] - start[here[i]] > MOST_OWNERS:
            return CROWDED
    if n == 1:  # most cells: two faces, and neither may lie in two polygons
        desk.covering[0] = anchor_label - 1
        size = flip(desk.covering, n_anchor, start, owner, here[0])
        return CLEAN if size <= 1 else OVERLAP
    return _sweep(segments, here, sides, n, left, right, bottom, top, anchor_label, n_anchor, desk)


@njit(cache=True)
def _sweep(
    segments: Segments,
    here: Ints,
    sides: Sides,
    n: int,
    left: float,
    right: float,
    bottom: float,
    top: float,
    anchor_label: int,
    n_anchor: int,
    desk: Desk,
) -> int:
    """Walk through the faces of every slab of a cell, from right to left."""
    table, start, owner = segments
    covering, order, row, heights = desk
    if not _order_pairs(table, here, n, order):
        return CROSSING
    slabs = _slabs(table, here, n, bottom, top, heights)
    for k in range(slabs):
        low = heights[k]
        high = heights[k + 1]
        n_row, enters = _row_of_slab(table, here, n, left, right, low, high, order, row)
        size = n_anchor  # at the wall: just above low, or just below high if one enters
        covering[0] = anchor_label - 1
        for i in range(n):
            if sides[i] != CLEAR and _is_below(table, here[i], sides[i], right, low, high, enters):
                size = flip(covering, size, start, owner, here[i])
        if size > 1:
            return OVERLAP
        for p in range(n_row):
            size = flip(covering, size, start, owner, here[row[p]])
            # Collinear segments have no face between them.
            if size > 1 and (p + 1 == n_row or order[row[p], row[p + 1]] != 0):
                return OVERLAP
    return CLEAN


@njit(cache=True)
def _order_pairs(table: Floats, here: Ints, n: int, order: Sides) -> bool:
    """Set ``order[i, j]`` to 1 where i is right of j, −1 left; False if two of them cross."""
    for i in range(n):
        ax, ay, bx, by = ends_of(table, here[i])
        if ay == by:
            continue
        for j in range(i):
            cx, cy, dx, dy = ends_of(table, here[j])
            if cy == dy or max(ay, cy) >= min(by, dy):
                continue
            if min(ax, bx) > max(cx, dx):
                turn = 1
            elif max(ax, bx) < min(cx, dx):
                turn = -1
            else:
                if cy >= ay:
                    lower = orient(ax, ay, bx, by, cx, cy)
                else:
                    lower = -orient(cx, cy, dx, dy, ax, ay)
                if dy <= by:
                    upper = orient(ax, ay, bx, by, dx, dy)
                else:
                    upper = -orient(cx, cy, dx, dy, bx, by)
                if lower * upper < 0:
                    return False
                turn = lower if lower != 0 else upper
            order[i, j] = turn
            order[j, i] = -turn
    return True


@njit(cache=True)
def _slabs(table: Floats, here: Ints, n: int, bottom: float, top: float, heights: Floats) -> int:
    """Sort the distinct heights of segment ends within the cell; the number of slabs."""
    heights[0] = bottom
    m = 1
    for i in range(n):
        for end in (1, 3):
            y = table[here[i], end]
            if y <= bottom or y >= top:
                continue
            p = m
            while heights[p - 1] > y:
                p -= 1
            if heights[p - 1] == y:
                continue
            for q in range(m, p, -1):
                heights[q] = heights[q - 1]
            heights[p] = y
            m += 1
    heights[m] = top
    return m


@njit(cache=True)
def _row_of_slab(
    table: Floats,
    here: Ints,
    n: int,
    left: float,
    right: float,
    low: float,
    high: float,
    order: Sides,
    row: npt.NDArray[np.int64],
) -> tuple[int, bool]:
    """Sort the segments that meet the cell in a slab, from the right.

    Gives their number, and whether one of them comes in through the wall within the slab.
    """
    n_row = 0
    enters = False
    for i in range(n):
        ax, ay, bx, by = ends_of(table, here[i])
        if ay == by or ay > low or by < high:
            continue
        if ax >= right or bx >= right:
            at_low = orient(ax, ay, bx, by, right, low)
            at_high = orient(ax, ay, bx, by, right, high)
            if not (at_low < 0 or (at_low == 0 and bx < right)):
                if not (at_high < 0 or (at_high == 0 and ax < right)):
                    continue
                enters = True
        if (
            (ax < left or bx < left)
            and orient(ax, ay, bx, by, left, low) < 0
            and orient(ax, ay, bx, by, left, high) < 0
        ):
            continue
        p = n_row
        while p > 0 and order[i, row[p - 1]] > 0:
            row[p] = row[p - 1]
            p -= 1
        row[p] = i
        n_row += 1
    return n_row, enters


@njit(cache=True)
def _is_below(
    table: Floats, s: int, side: int, right: float, low: float, high: float, enters: bool
) -> bool:
    """Whether a segment crosses the wall below the point where a slab's walk begins."""
    ax, ay, bx, by = ends_of(table, s)
    if ay == by:
        return ay <= low
    turn = orient(ax, ay, bx, by, right, high if enters else low)
    if turn == 0:
        return not enters
    return turn > 0 if side == RISES_RIGHT else turn < 0
