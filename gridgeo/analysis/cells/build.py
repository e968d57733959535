"""From segments to cells."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.arena import Arena
from gridgeo.analysis.cells.divide import DONE, FULL, UNUSABLE, divide, step
from gridgeo.analysis.cells.lattice import (
    LATTICES,
    SUB_CELLS_PER_SEGMENT,
    Lattice,
    depth_of,
    lattice_of,
    register,
    widening,
)
from gridgeo.analysis.cells.owners import lowest_label
from gridgeo.analysis.cells.records import Cells, Words
from gridgeo.analysis.cells.segments import Ints, Segments, ends_of
from gridgeo.analysis.cells.sides import AWAY, side_of
from gridgeo.analysis.cells.sweep import Desk, make_desk
from gridgeo.errors import GeometryError

_MOST_SUB_CELLS = 2**28  # codes are int32, and three bits say the depth
_MOST_WORDS = 2**31 - 1


class Built(NamedTuple):
    """Cells with what building them has shown.

    Parameters
    ----------
    cells : Cells
    suspect : bool, shape (polygons,)
        Candidates of dirty cells: every polygon that overlaps another is among them.
    clean, dirty : int
        Cells with a record of that kind.
    """

    cells: Cells
    suspect: npt.NDArray[np.bool_]
    clean: int
    dirty: int


def build_cells(segments: Segments, polygons: int) -> Built:
    """Build the index of segments.

    Parameters
    ----------
    segments : Segments
    polygons : int
        How many polygons there are.

    Returns
    -------
    Built
    """
    for attempt in range(LATTICES):
        lattice = lattice_of(segments.ends, attempt)
        built = _fill(segments, polygons, lattice)
        if built is not None:
            return built
    raise AssertionError("the last lattice has its anchors outside everything")


def _fill(segments: Segments, polygons: int, lattice: Lattice) -> Built | None:
    """Fill the cells; None if an anchor lies exactly on a segment."""
    start, ids = register(segments.ends, lattice)
    top = np.zeros(lattice.side**2, np.int32)
    sub = Arena(np.int32, int(3 * SUB_CELLS_PER_SEGMENT * len(segments.ends)) + 1024)
    words = Arena(np.int64, 30 * len(segments.ends) + 1024)
    suspect = np.zeros(polygons, np.bool_)
    members = np.empty(polygons + 2, np.int32)
    desk = make_desk(polygons)
    counts = np.zeros(2, np.int64)
    row = used_sub = used_words = 0
    while True:
        row, used_sub, used_words, outcome = _fill_rows(
            segments, lattice, start, ids, row, top, sub.array, used_sub,
            words.array, used_words, suspect, members, desk, counts,
        )  # fmt: skip
        if outcome == UNUSABLE:
            return None
        if used_sub > _MOST_SUB_CELLS or used_words > _MOST_WORDS:
            raise GeometryError(
                f"grids is too large for one index: {polygons:,} polygons with "
                f"{len(segments.ends):,} distinct segments.",
                hint="Split the layer and make an index of each part.",
                code="geometry.too-large",
            )
        if outcome == DONE:
            break
        sub.resize(len(sub.array) * 3 // 2)
        words.resize(len(words.array) * 3 // 2)
    sub.resize(used_sub)
    words.resize(used_words)
    cells = Cells(
        lattice.x0, lattice.y0, 1.0 / lattice.width, lattice.side, top, sub.array, words.array
    )
    return Built(cells, suspect, int(counts[0]), int(counts[1]))


@njit(cache=True)
def _fill_rows(
    segments: Segments,
    lattice: Lattice,
    start: Ints,
    ids: Ints,
    row: int,
    top: Ints,
    sub: Ints,
    used_sub: int,
    words: Words,
    used_words: int,
    suspect: npt.NDArray[np.bool_],
    members: Ints,
    desk: Desk,
    counts: Words,
) -> tuple[int, int, int, int]:
    """Fill rows of top cells from ``row`` on, each from right to left.

    Returns
    -------
    row, used_sub, used_words : int
        The first row not filled, and what is in use of ``sub`` and ``words`` before it.
    outcome : int
        ``DONE``; ``FULL``: the row does not fit, enlarge both and call again; ``UNUSABLE``.
    """
    ends = segments.ends
    side, width = lattice.side, lattice.width
    eps = widening(width, lattice.ulp)
    most = 1
    for c in range(side * side):
        most = max(most, start[c + 1] - start[c])
    here = np.empty(most, np.int32)  # segments of the top cell; those of its right neighbour before
    sides = np.empty(most, np.int8)
    anchor = np.empty(len(suspect) + 2, np.int32)  # polygons that cover the top cell's anchor
    while row < side:
        n = 0
        n_anchor = 0
        sub_end = used_sub
        words_end = used_words
        row_counts = np.zeros(2, np.int64)
        bottom = lattice.y0 + row * width - eps
        upper = lattice.y0 + (row + 1) * width + eps
        for i in range(side - 1, -1, -1):
            c = row * side + i
            left = lattice.x0 + i * width - eps
            right = lattice.x0 + (i + 1) * width + eps
            n_anchor = step(segments, here, sides, n, right, bottom, anchor, n_anchor)
            if n_anchor < 0:
                return row, used_sub, used_words, UNUSABLE
            n = 0
            for k in range(start[c], start[c + 1]):
                ax, ay, bx, by = ends_of(ends, ids[k])
                kind = side_of(ax, ay, bx, by, left, right, bottom, upper)
                if kind != AWAY:
                    here[n] = ids[k]
                    sides[n] = kind
                    n += 1
            if n == 0:
                top[c] = lowest_label(anchor, n_anchor)
                continue
            depth = depth_of(n, lattice)
            if sub_end + (1 << 2 * depth) > len(sub):
                return row, used_sub, used_words, FULL
            top[c] = -((sub_end << 3) | depth) - 1
            words_end, outcome = divide(
                segments, lattice, row, i, depth, here, sides, n, anchor, n_anchor,
                sub[sub_end : sub_end + (1 << 2 * depth)], words, words_end, suspect, members,
                desk, row_counts,
            )  # fmt: skip
            if outcome != DONE:
                return row, used_sub, used_words, outcome
            sub_end += 1 << 2 * depth
        used_sub = sub_end
        used_words = words_end
        counts += row_counts
        row += 1
    return row, used_sub, used_words, DONE
