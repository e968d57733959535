"""The index in memory: codes of cells, and the records behind them.

A record is a run of int32; an *entry* is (segment << 2) | side, how it stands to the cell::

    clean   n                       label of the anchor       n entries
    dirty   -(number of candidates)
            each   n << 1 | covers the anchor     label       n entries

Candidates stand in ascending order. One with the same entries as another just before it can never
be the first that covers a point, and is left out; so are all behind one that covers the whole cell.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.members import Bits, Members, mark_members, next_member
from gridgeo.analysis.cells.segments import Floats, Ints, Segments, ends_of
from gridgeo.analysis.cells.sweep import Sides
from gridgeo.analysis.orientation import orient

# What a negative code of a sub cell means; LOW_* : the lower label lies on which side of the line.
LOW_LEFT, LOW_RIGHT, RECORD, BLOCK = range(4)
MOST_PAYLOAD = 2**29 - 1  # codes are int32, and two bits say what they mean
BLOCK_UNIT = 16  # blocks begin at multiples of so many sub cells: of a line of the cache
_LOW_32 = 0xFFFFFFFF
_TWINS_SOUGHT = 8  # so many candidates back


class Cells(NamedTuple):
    """The finished index.

    Parameters
    ----------
    x0, y0 : float
        Lower left corner of the lattice.
    per_unit : float
        Top cells per unit of length.
    side : int
        Top cells along a side. Those of the rim are empty: points outside, NaN and infinite
        ones are sent there.
    top : int32, shape (side²,)
        Codes of the top cells, row by row from below.
    sub : int32
        Codes of the sub cells, one square block for each divided cell.
    records : int32
    table : float64, shape (s, 5)
        As in ``Segments``.
    """

    x0: float
    y0: float
    per_unit: float
    side: int
    top: Ints
    sub: Ints
    records: Ints
    table: Floats


@njit(inline="always")
def block_code(offset: int, depth: int) -> int:
    """Code of a top cell that is divided into a block; also the payload of a sub cell's."""
    return (offset // BLOCK_UNIT) << 3 | depth


@njit(inline="always")
def room_for(depth: int) -> int:
    """Sub cells that a block takes up."""
    return max(1 << 2 * depth, BLOCK_UNIT)


@njit(inline="always")
def room_needed(segments: Segments, here: Ints, n: int) -> int:
    """Bound the length of a record, clean or dirty, for ``here[:n]``."""
    start = segments.start
    owners = 0
    for i in range(n):
        owners += start[here[i] + 1] - start[here[i]]
    return 3 + 3 * max(owners, n)


@njit(inline="always")
def line_of(
    table: Floats,
    s: int,
    left: float,
    right: float,
    bottom: float,
    top: float,
    anchor_label: int,
) -> int:
    """Tell whether the line of segment s alone answers for a clean cell that has no other.

    Returns
    -------
    int
        ``LOW_LEFT`` or ``LOW_RIGHT``; ``RECORD`` if a record must answer: the segment ends in
        the cell, or beside it lie others than its owners.
    """
    ax, ay, bx, by = ends_of(table, s)
    if (left <= ax <= right and bottom <= ay <= top) or (
        left <= bx <= right and bottom <= by <= top
    ):
        return RECORD
    tag = table.view(np.int64)[s, 4]
    low = tag >> 32
    other = low ^ (tag & _LOW_32)
    if (anchor_label != low and anchor_label != other) or 0 < other < low:
        return RECORD
    turn = orient(ax, ay, bx, by, right, bottom)
    if turn == 0:
        return RECORD
    return LOW_LEFT if (turn > 0) == (anchor_label == low) else LOW_RIGHT


@njit(inline="always")
def write_clean(here: Ints, sides: Sides, n: int, anchor_label: int, records: Ints, at: int) -> int:
    """Write a clean record at ``records[at:]`` and give the place after it."""
    records[at] = n
    records[at + 1] = anchor_label
    for k in range(n):
        records[at + 2 + k] = here[k] << 2 | sides[k]
    return at + 2 + n


@njit(cache=True)
def write_dirty(
    segments: Segments,
    here: Ints,
    sides: Sides,
    n: int,
    anchor: Members,
    records: Ints,
    at: int,
    suspect: Bits,
) -> tuple[int, int]:
    """Write a dirty record at ``records[at:]``; mark its candidates in ``suspect``.

    Returns
    -------
    place : int
        After the record.
    label : int
        −1; or the label of the whole cell when the lowest candidate covers all of it, and then
        nothing is written.
    """
    _, start, owner = segments
    mark_members(anchor, suspect)
    total = 0
    for i in range(n):
        total += start[here[i] + 1] - start[here[i]]
    by_owner = np.empty(total, np.int64)
    q = 0
    for i in range(n):
        for t in range(start[here[i]], start[here[i] + 1]):
            suspect[owner[t] >> 6] |= np.uint64(1) << np.uint64(owner[t] & 63)
            by_owner[q] = (np.int64(owner[t]) << 32) | i
            q += 1
    by_owner.sort()
    written = np.empty(_TWINS_SOUGHT, np.int64)  # where the last candidates stand
    candidates = 0
    p = at + 1
    q = 0
    covering = next_member(anchor, -1)
    while q < total or covering >= 0:
        polygon = covering if q == total else by_owner[q] >> 32
        if 0 <= covering < polygon:
            polygon = covering
        inside = 0
        if covering == polygon:
            inside = 1
            covering = next_member(anchor, covering)
        own = 0
        while q < total and by_owner[q] >> 32 == polygon:
            i = by_owner[q] & _LOW_32
            records[p + 2 + own] = here[i] << 2 | sides[i]
            own += 1
            q += 1
        records[p] = own << 1 | inside
        records[p + 1] = polygon + 1
        if own == 0:  # it covers the whole cell: nobody behind it is ever asked
            if candidates == 0:
                return at, polygon + 1
            candidates += 1
            p += 2
            break
        if not _has_twin(records, p, written, candidates):
            written[candidates % _TWINS_SOUGHT] = p
            candidates += 1
            p += 2 + own
    records[at] = -candidates
    return p, -1


@njit(inline="always")
def _has_twin(records: Ints, p: int, written: npt.NDArray[np.int64], candidates: int) -> bool:
    """Whether one of the candidates written last has the entries of the one at ``p``."""
    for k in range(min(candidates, len(written))):
        t = written[k]
        same = records[t] == records[p]
        i = 0
        while same and i < records[p] >> 1:
            same = records[t + 2 + i] == records[p + 2 + i]
            i += 1
        if same:
            return True
    return False
