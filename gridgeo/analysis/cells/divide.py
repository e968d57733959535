"""The inside of one cell: a block of smaller ones, and blocks within it where segments crowd."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.lattice import LEVELS, Lattice, depth_of, reach_of, widening
from gridgeo.analysis.cells.members import Bits, Members, lowest_label, toggle_owners
from gridgeo.analysis.cells.records import (
    RECORD,
    line_of,
    room_for,
    room_needed,
    write_clean,
    write_dirty,
)
from gridgeo.analysis.cells.segments import Floats, Ints, Segments, ends_of
from gridgeo.analysis.cells.sides import AWAY, crossing, side_of, x_range
from gridgeo.analysis.cells.sweep import CLEAN, Desk, Sides, look_at_cell

# What filling came to: it does not fit / an anchor lies exactly on a segment / it is done.
FULL, UNUSABLE, DONE = 0, 1, 2

_CROWD = 24  # a cell with so many segments is divided once more, if they are short beside it
_MOST_LINKS = 2.0  # per segment, when a cell is divided once more
_SUB, _RECORDS = 0, 1  # places in ``Sheet.used``


class Sheet(NamedTuple):
    """What is written while cells are filled.

    Parameters
    ----------
    sub, records : int32
        As in ``Cells``, with room to spare.
    used : int64, shape (2,)
        What is in use of ``sub`` and of ``records``.
    found : int64, shape (4,)
        Cells with segments, by what a look at them came to.
    suspect : uint64
        Candidates of dirty cells, as the bits of ``Members``.
    members : Members
        Polygons that cover the anchor of the cell at hand.
    desk : Desk
    """

    sub: Ints
    records: Ints
    used: npt.NDArray[np.int64]
    found: npt.NDArray[np.int64]
    suspect: Bits
    members: Members
    desk: Desk


class Block(NamedTuple):
    """A cell to be divided.

    Parameters
    ----------
    level, depth : int
        Blocks around its sub cells, this one included; how often it is halved.
    x0, y0, width : float
        Lower left corner and width.
    here, sides : int32, int8, shape (n,)
        Its segments and how they stand to it.
    crossed : int32
        Segments crossed on the way from the anchor of the top cell to its own.
    place : int
        Where its code stands in ``Sheet.sub``; −1 for a top cell.
    """

    level: int
    depth: int
    x0: float
    y0: float
    width: float
    here: Ints
    sides: Sides
    crossed: Ints
    place: int


@njit(inline="always")
def step(
    segments: Segments,
    here: Ints,
    sides: Sides,
    n: int,
    x: float,
    y: float,
    members: Members,
    crossed: Ints,
    m: int,
) -> int:
    """Carry the set of polygons that cover a cell's anchor to the point (x, y) of that cell.

    Segments crossed on the way are put behind ``crossed[:m]``. Gives their number, those before
    included; or −1 if the point lies on a segment.
    """
    table, start, owner = segments
    for k in range(n):
        ax, ay, bx, by = ends_of(table, here[k])
        met = crossing(x, y, ax, ay, bx, by, sides[k])
        if met < 0:
            return -1
        if met == 1:
            toggle_owners(members, start, owner, here[k])
            crossed[m] = here[k]
            m += 1
    return m


@njit(cache=True)
def divide(
    segments: Segments, lattice: Lattice, block: Block, sheet: Sheet, crowds: list[Block]
) -> tuple[int, int]:
    """Fill the block of a cell, row by row, each from right to left.

    Parameters
    ----------
    segments : Segments
    lattice : Lattice
    block : Block
    sheet : Sheet
        ``members`` belong to the anchor of the cell, before and afterwards.
    crowds : list of Block
        Sub cells that must be divided themselves are put here; they have no code yet.

    Returns
    -------
    outcome : int
        ``DONE``, ``FULL`` or ``UNUSABLE``.
    offset : int
        Where the block begins in ``sheet.sub``.
    """
    level, depth, x0, y0, width, here, sides, way, _ = block
    n = len(here)
    table, start, owner = segments
    sub, records, used, found, suspect, members, desk = sheet
    offset = used[_SUB]
    if offset + room_for(depth) > len(sub):
        return FULL, offset
    used[_SUB] += room_for(depth)
    m = 1 << depth
    width /= m
    eps = widening(width, lattice.ulp, level)
    last, link, link_segment, link_side = _deal(table, here, n, x0, y0, width, eps, m)
    own = np.empty(n, np.int32)
    own_sides = np.empty(n, np.int8)
    crossed = np.empty(n + len(link), np.int32)  # in a row
    for j in range(m):
        bottom = y0 + j * width - eps
        top = y0 + (j + 1) * width + eps
        right = x0 + m * width + eps
        n_crossed = step(segments, here, sides, n, right, bottom, members, crossed, 0)
        if n_crossed < 0:
            return UNUSABLE, offset
        label = lowest_label(members)
        n_own = 0
        for i in range(m - 1, -1, -1):
            left = x0 + i * width - eps
            right = x0 + (i + 1) * width + eps
            if n_own > 0:  # own still lists the right neighbour's segments
                n_crossed = step(
                    segments, own, own_sides, n_own, right, bottom, members, crossed, n_crossed
                )
                if n_crossed < 0:
                    return UNUSABLE, offset
                label = lowest_label(members)
            n_own = 0
            k = last[j * m + i]
            while k >= 0:
                own[n_own] = link_segment[k]
                own_sides[n_own] = link_side[k]
                n_own += 1
                k = link[k]
            place = offset + j * m + i
            if n_own == 0:
                sub[place] = label
                continue
            if n_own >= _CROWD and level < LEVELS:
                reach = 0.0
                for k in range(n_own):
                    ax, ay, bx, by = ends_of(table, own[k])
                    reach += reach_of(ax, ay, bx, by, left, right, bottom, top) / width
                deeper = depth_of(n_own, reach, _MOST_LINKS * n_own, width, lattice)
                if deeper > 1:
                    crowds.append(
                        Block(
                            level + 1, deeper, x0 + i * width, y0 + j * width, width,
                            own[:n_own].copy(), own_sides[:n_own].copy(),
                            np.concatenate((way, crossed[:n_crossed])), place,
                        )
                    )  # fmt: skip
                    continue
            at = used[_RECORDS]
            if at + room_needed(segments, own, n_own) > len(records):
                return FULL, offset
            seen = look_at_cell(
                segments, own, own_sides, n_own, left, right, bottom, top, label,
                members.size[0], desk,
            )  # fmt: skip
            found[seen] += 1
            if seen == CLEAN:
                kind = RECORD
                if n_own == 1:
                    kind = line_of(table, own[0], left, right, bottom, top, label)
                if kind != RECORD:
                    sub[place] = -(own[0] << 2 | kind) - 1
                    continue
                used[_RECORDS] = write_clean(own, own_sides, n_own, label, records, at)
            else:
                used[_RECORDS], whole = write_dirty(
                    segments, own, own_sides, n_own, members, records, at, suspect
                )
                if whole >= 0:
                    sub[place] = whole
                    continue
            sub[place] = -(at << 2 | RECORD) - 1
        for k in range(n_crossed):  # back to the anchor of the cell
            toggle_owners(members, start, owner, crossed[k])
    return DONE, offset


@njit(cache=True)
def _deal(
    table: Floats,
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
        ax, ay, bx, by = ends_of(table, here[k])
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
        ax, ay, bx, by = ends_of(table, here[k])
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
