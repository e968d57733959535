"""From segments to cells."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.arena import Arena
from gridgeo.analysis.cells.owners import flip, lowest_label
from gridgeo.analysis.cells.records import Cells, Words, words_needed, write_clean, write_dirty
from gridgeo.analysis.cells.segments import Floats, Ints, Segments, ends_of
from gridgeo.analysis.cells.sides import AWAY, crossing, side_of, x_range
from gridgeo.analysis.cells.sweep import Desk, Sides, cell_is_clean, make_desk
from gridgeo.errors import GeometryError

SUB_CELLS_PER_SEGMENT = 5.0  # 8 is a little faster, 4 smaller
DEEPEST = 6  # sub lattices have at most 2^6 cells a side; the code has room for 7
_SEGMENTS_PER_TOP_CELL = 1.5
_MOST_TOP_CELLS = 2048  # a side
_LATTICES_TRIED = 12
_MOST_SUB_CELLS = 2**28  # codes are int32, and three bits say the depth
_MOST_WORDS = 2**31 - 1
# Row of cells did not fit / an anchor lies exactly on a segment / all rows are done.
_FULL, _UNUSABLE, _DONE = 0, 1, 2


class Lattice(NamedTuple):
    """Where the top cells lie, and how finely they may be divided."""

    x0: float
    y0: float
    width: float
    side: int
    ulp: float
    deepest: int


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
    for attempt in range(_LATTICES_TRIED):
        lattice = _lattice(segments.ends, attempt)
        built = _fill(segments, polygons, lattice)
        if built is not None:
            return built
    raise AssertionError("the last lattice has its anchors outside everything")


def _lattice(ends: Floats, attempt: int) -> Lattice:
    """Place the top cells; each further attempt is shifted and coarser, the last is one cell."""
    if len(ends) == 0:
        return Lattice(0.0, 0.0, 1.0, 4, 1e-16, 0)
    low = ends.reshape(-1, 2).min(axis=0)
    high = ends.reshape(-1, 2).max(axis=0)
    extent = float((high - low).max())
    ulp = float(np.spacing(max(np.abs(low).max(), np.abs(high).max())))
    if attempt == _LATTICES_TRIED - 1:
        width = max(1.5 * extent, 4096 * ulp, 1e-130)
        return Lattice(float(low[0]) - 1.25 * width, float(low[1]) - 1.25 * width, width, 4, ulp, 0)
    across = np.sqrt(len(ends) / _SEGMENTS_PER_TOP_CELL)
    n = int(np.clip(2 ** np.round(np.log2(across)), 16, _MOST_TOP_CELLS)) >> (attempt // 3)
    shift = attempt * 0.0137
    width = max(extent * (1 + 1e-9 + shift / n) / n, 512 * ulp, 1e-130)
    return Lattice(
        x0=float(low[0]) - width * (1.5 - 0.61803 * shift),
        y0=float(low[1]) - width * (1.5 - 0.41421 * shift),
        width=width,
        side=n + 3,  # one and a half empty cells on every side
        ulp=ulp,
        deepest=DEEPEST,
    )


def _fill(segments: Segments, polygons: int, lattice: Lattice) -> Built | None:
    """Fill the cells; None if an anchor lies exactly on a segment."""
    start, ids = _register(segments.ends, lattice)
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
        if outcome == _UNUSABLE:
            return None
        if used_sub > _MOST_SUB_CELLS or used_words > _MOST_WORDS:
            raise GeometryError(
                f"grids is too large for one index: {polygons:,} polygons with "
                f"{len(segments.ends):,} distinct segments.",
                hint="Split the layer and make an index of each part.",
                code="geometry.too-large",
            )
        if outcome == _DONE:
            break
        sub.resize(len(sub.array) * 3 // 2)
        words.resize(len(words.array) * 3 // 2)
    sub.resize(used_sub)
    words.resize(used_words)
    cells = Cells(
        lattice.x0, lattice.y0, 1.0 / lattice.width, lattice.side, top, sub.array, words.array
    )
    return Built(cells, suspect, int(counts[0]), int(counts[1]))


@njit(inline="always")
def _widening(width: float, ulp: float) -> float:
    """By how much a top cell is taken wider: more than the rounding of finding a point's cell.

    Sub cells take half of it, so that their anchors lie within the widened top cell.
    """
    return max(1e-6 * width, 64 * ulp)


@njit(cache=True)
def _register(ends: Floats, lattice: Lattice) -> tuple[Ints, Ints]:
    """List the segments near each top cell, some too many: ``ids[start[c]:start[c + 1]]``."""
    x0, y0, width, side = lattice.x0, lattice.y0, lattice.width, lattice.side
    inv = 1.0 / width
    eps = _widening(width, lattice.ulp)
    start = np.zeros(side * side + 1, np.int32)
    ids = np.empty(0, np.int32)
    for filling in range(2):  # first count, then fill; start[c] runs ahead and is set back
        for s in range(len(ends)):
            ax, ay, bx, by = ends_of(ends, s)
            for j in range(int((ay - 2 * eps - y0) * inv), int((by + 2 * eps - y0) * inv) + 1):
                bottom = y0 + j * width - eps
                xa, xb = x_range(ax, ay, bx, by, bottom, bottom + width + 2 * eps)
                for i in range(int((xa - 2 * eps - x0) * inv), int((xb + 2 * eps - x0) * inv) + 1):
                    c = j * side + i
                    if filling == 1:
                        ids[start[c]] = s
                    start[c] += 1
        if filling == 0:
            total = 0
            for c in range(side * side):
                count = start[c]
                start[c] = total
                total += count
            start[side * side] = total
            ids = np.empty(total, np.int32)
    for c in range(side * side, 0, -1):
        start[c] = start[c - 1]
    start[0] = 0
    return start, ids


@njit(cache=True)
def _step(
    segments: Segments,
    here: Ints,
    sides: Sides,
    n: int,
    x: float,
    y: float,
    members: Ints,
    size: int,
) -> int:
    """Carry the set of polygons that cover a cell's anchor to the point (x, y) of that cell.

    Gives the new size of ``members``, or −1 if the point lies on a segment.
    """
    for k in range(n):
        ax, ay, bx, by = ends_of(segments.ends, here[k])
        met = crossing(x, y, ax, ay, bx, by, sides[k])
        if met < 0:
            return -1
        if met == 1:
            size = flip(members, size, segments, here[k])
    return size


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
        ``_DONE``; ``_FULL``: the row does not fit, enlarge both and call again; ``_UNUSABLE``.
    """
    side, width = lattice.side, lattice.width
    eps = _widening(width, lattice.ulp)
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
            n_anchor = _step(segments, here, sides, n, right, bottom, anchor, n_anchor)
            if n_anchor < 0:
                return row, used_sub, used_words, _UNUSABLE
            n = 0
            for k in range(start[c], start[c + 1]):
                ax, ay, bx, by = ends_of(segments.ends, ids[k])
                kind = side_of(ax, ay, bx, by, left, right, bottom, upper)
                if kind != AWAY:
                    here[n] = ids[k]
                    sides[n] = kind
                    n += 1
            if n == 0:
                top[c] = lowest_label(anchor, n_anchor)
                continue
            depth = _depth(n, width, lattice)
            if sub_end + (1 << 2 * depth) > len(sub):
                return row, used_sub, used_words, _FULL
            top[c] = -((sub_end << 3) | depth) - 1
            words_end, outcome = _divide(
                segments, lattice, row, i, depth, here, sides, n, anchor, n_anchor,
                sub[sub_end : sub_end + (1 << 2 * depth)], words, words_end, suspect, members,
                desk, row_counts,
            )  # fmt: skip
            if outcome != _DONE:
                return row, used_sub, used_words, outcome
            sub_end += 1 << 2 * depth
        used_sub = sub_end
        used_words = words_end
        counts += row_counts
        row += 1
    return row, used_sub, used_words, _DONE


@njit(cache=True)
def _depth(n: int, width: float, lattice: Lattice) -> int:
    """How often a top cell with n segments is halved; sub cells stay wide against rounding."""
    depth = 0
    while (
        depth < lattice.deepest
        and (1 << 2 * depth) < SUB_CELLS_PER_SEGMENT * n
        and width / (1 << (depth + 1)) > 256 * lattice.ulp
    ):
        depth += 1
    return depth


@njit(cache=True)
def _divide(
    segments: Segments,
    lattice: Lattice,
    row: int,
    column: int,
    depth: int,
    here: Ints,
    sides: Sides,
    n: int,
    anchor: Ints,
    n_anchor: int,
    sub: Ints,
    words: Words,
    used_words: int,
    suspect: npt.NDArray[np.bool_],
    members: Ints,
    desk: Desk,
    counts: Words,
) -> tuple[int, int]:
    """Fill the sub cells of one top cell, row by row, each from right to left.

    Returns
    -------
    used_words : int
        What is in use of ``words`` afterwards.
    outcome : int
        ``_DONE``, ``_FULL`` or ``_UNUSABLE``.
    """
    m = 1 << depth
    width = lattice.width / m
    eps = _widening(width, lattice.ulp) / 2
    x0 = lattice.x0 + column * lattice.width
    y0 = lattice.y0 + row * lattice.width
    last, link, link_segment, link_side = _deal(segments.ends, here, n, x0, y0, width, eps, m)
    own = np.empty(n, np.int32)
    own_sides = np.empty(n, np.int8)
    for j in range(m):
        bottom = y0 + j * width - eps
        top = y0 + (j + 1) * width + eps
        for k in range(n_anchor):  # members: polygons that cover the sub cell's anchor
            members[k] = anchor[k]
        right = x0 + m * width + eps
        size = _step(segments, here, sides, n, right, bottom, members, n_anchor)
        if size < 0:
            return used_words, _UNUSABLE
        n_own = 0
        for i in range(m - 1, -1, -1):
            left = x0 + i * width - eps
            right = x0 + (i + 1) * width + eps
            # own still lists the right neighbour's segments.
            size = _step(segments, own, own_sides, n_own, right, bottom, members, size)
            if size < 0:
                return used_words, _UNUSABLE
            n_own = 0
            k = last[j * m + i]
            while k >= 0:
                own[n_own] = link_segment[k]
                own_sides[n_own] = link_side[k]
                n_own += 1
                k = link[k]
            if n_own == 0:
                sub[j * m + i] = lowest_label(members, size)
                continue
            if used_words + words_needed(segments, own, n_own, size) > len(words):
                return used_words, _FULL
            code = -used_words - 1
            if cell_is_clean(
                segments, own, own_sides, n_own, left, right, bottom, top, members, size, desk
            ):
                used_words = write_clean(
                    segments, own, own_sides, n_own, members, size, words, used_words
                )
                counts[0] += 1
            else:
                used_words, label = write_dirty(
                    segments, own, own_sides, n_own, members, size, words, used_words, suspect
                )
                if label >= 0:
                    code = label
                counts[1] += 1
            sub[j * m + i] = code
    return used_words, _DONE


@njit(cache=True)
def _deal(
    ends: Floats,
    here: Ints,
    n: int,
    x0: float,
    y0: float,
    width: float,
    eps: float,
    m: int,
) -> tuple[Ints, Ints, Ints, Sides]:
    """Deal the segments of a top cell to its sub cells, as linked lists.

    Returns
    -------
    last : int32, shape (m²,)
        Last link of each sub cell, −1 for none.
    link, segment, side : arrays, shape (links,)
        The link before (−1: none), its segment, and how that stands to the sub cell.
    """
    last = np.full(m * m, -1, np.int32)
    link = np.empty(4 * n + 2 * m, np.int32)
    segment = np.empty(4 * n + 2 * m, np.int32)
    side = np.empty(4 * n + 2 * m, np.int8)
    q = 0
    for k in range(n):
        ax, ay, bx, by = ends_of(ends, here[k])
        j0 = _clamp((ay - 2 * eps - y0) / width, m)
        j1 = _clamp((by + 2 * eps - y0) / width, m)
        for j in range(j0, j1 + 1):
            bottom = y0 + j * width - eps
            top = y0 + (j + 1) * width + eps
            xa, xb = x_range(ax, ay, bx, by, bottom, top)
            i0 = _clamp((xa - 2 * eps - x0) / width, m)
            i1 = _clamp((xb + 2 * eps - x0) / width, m)
            for i in range(i0, i1 + 1):
                left = x0 + i * width - eps
                right = x0 + (i + 1) * width + eps
                kind = side_of(ax, ay, bx, by, left, right, bottom, top)
                if kind == AWAY:
                    continue
                if q == len(link):
                    link = np.append(link, np.empty_like(link))
                    segment = np.append(segment, np.empty_like(segment))
                    side = np.append(side, np.empty_like(side))
                link[q] = last[j * m + i]
                segment[q] = here[k]
                side[q] = kind
                last[j * m + i] = q
                q += 1
    return last, link, segment, side


@njit(inline="always")
def _clamp(place: float, m: int) -> int:
    return int(min(max(np.floor(place), 0.0), m - 1.0))
