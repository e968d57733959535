"""The inside of one top cell."""

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.lattice import Lattice, widening
from gridgeo.analysis.cells.owners import flip, lowest_label
from gridgeo.analysis.cells.records import Words, words_needed, write_clean, write_dirty
from gridgeo.analysis.cells.segments import Floats, Ints, Segments, ends_of
from gridgeo.analysis.cells.sides import AWAY, crossing, side_of, x_range
from gridgeo.analysis.cells.sweep import Desk, Sides, cell_is_clean

# What filling came to: it does not fit / an anchor lies exactly on a segment / it is done.
FULL, UNUSABLE, DONE = 0, 1, 2


@njit(inline="always")
def step(
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
    ends, start, owner, _ = segments
    for k in range(n):
        ax, ay, bx, by = ends_of(ends, here[k])
        met = crossing(x, y, ax, ay, bx, by, sides[k])
        if met < 0:
            return -1
        if met == 1:
            size = flip(members, size, start, owner, here[k])
    return size


@njit(cache=True)
def divide(
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
        ``DONE``, ``FULL`` or ``UNUSABLE``.
    """
    m = 1 << depth
    width = lattice.width / m
    eps = widening(width, lattice.ulp) / 2
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
        size = step(segments, here, sides, n, right, bottom, members, n_anchor)
        if size < 0:
            return used_words, UNUSABLE
        label = lowest_label(members, size)
        n_own = 0
        for i in range(m - 1, -1, -1):
            left = x0 + i * width - eps
            right = x0 + (i + 1) * width + eps
            if n_own > 0:  # own still lists the right neighbour's segments
                size = step(segments, own, own_sides, n_own, right, bottom, members, size)
                if size < 0:
                    return used_words, UNUSABLE
                label = lowest_label(members, size)
            n_own = 0
            k = last[j * m + i]
            while k >= 0:
                own[n_own] = link_segment[k]
                own_sides[n_own] = link_side[k]
                n_own += 1
                k = link[k]
            if n_own == 0:
                sub[j * m + i] = label
                continue
            if used_words + words_needed(segments, own, n_own, size) > len(words):
                return used_words, FULL
            code = -used_words - 1
            if cell_is_clean(
                segments, own, own_sides, n_own, left, right, bottom, top, members, size, desk
            ):
                used_words = write_clean(
                    segments, own, own_sides, n_own, members, size, words, used_words
                )
                counts[0] += 1
            else:
                used_words, whole = write_dirty(
                    segments, own, own_sides, n_own, members, size, words, used_words, suspect
                )
                if whole >= 0:
                    code = whole
                counts[1] += 1
            sub[j * m + i] = code
    return used_words, DONE


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
    room = 0
    for k in range(n):  # every sub cell of its box, and two columns for rounding
        ax, ay, bx, by = ends_of(ends, here[k])
        rows = _clamp((by + 2 * eps - y0) / width, m) - _clamp((ay - 2 * eps - y0) / width, m) + 1
        xa, xb = min(ax, bx), max(ax, bx)
        room += rows * (
            _clamp((xb + 2 * eps - x0) / width, m) - _clamp((xa - 2 * eps - x0) / width, m) + 3
        )
    link = np.empty(room, np.int32)
    segment = np.empty(room, np.int32)
    side = np.empty(room, np.int8)
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
                link[q] = last[j * m + i]
                segment[q] = here[k]
                side[q] = kind
                last[j * m + i] = q
                q += 1
    return last, link, segment, side


@njit(inline="always")
def _clamp(place: float, m: int) -> int:
    return int(min(max(np.floor(place), 0.0), m - 1.0))
