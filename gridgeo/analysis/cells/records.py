"""The index in memory: cells and records, how they are written and how they are read.

A record is a run of 8-byte words, integers and floats mixed (layout in the package's docstring)::

    clean   n << 32 | anchor label
            n times     ax ay bx by    (lowest owner's label) << 32 | toggle << 2 | side
    dirty   -(number of candidates)
            each        segments << 33 | polygon << 1 | covers the anchor
                        its segments   ax ay bx by side
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.owners import lowest_label
from gridgeo.analysis.cells.segments import Ints, Segments
from gridgeo.analysis.cells.sides import CLEAR, RISES_LEFT, crossing
from gridgeo.analysis.cells.sweep import Sides
from gridgeo.analysis.orientation import ERROR_FLOOR, ERROR_SHARE

Words = npt.NDArray[np.int64]

PER_SEGMENT = 5  # words
UNSURE = -1
_NO_LABEL = 2**31 - 1
_LOW_31 = 0x7FFFFFFF
_LOW_32 = 0xFFFFFFFF


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
        Codes of the sub cells, one square block for each divided top cell.
    words : int64
        Records.
    """

    x0: float
    y0: float
    per_unit: float
    side: int
    top: Ints
    sub: Ints
    words: Words


@njit(inline="always")
def words_needed(segments: Segments, here: Ints, n: int, n_anchor: int) -> int:
    """Bound the length of a record, clean or dirty, for ``here[:n]``."""
    start = segments.start
    owners = 0
    for i in range(n):
        owners += start[here[i] + 1] - start[here[i]]
    return 1 + n_anchor + (PER_SEGMENT + 1) * owners


@njit(inline="always")
def write_clean(
    segments: Segments,
    here: Ints,
    sides: Sides,
    n: int,
    anchor: Ints,
    n_anchor: int,
    words: Words,
    at: int,
) -> int:
    """Write a clean record at ``words[at:]`` and give the place after it."""
    ends, start, owner, toggle = segments
    floats = words.view(np.float64)
    words[at] = (np.int64(n) << 32) | np.int64(lowest_label(anchor, n_anchor))
    p = at + 1
    for k in range(n):
        s = here[k]
        for e in range(4):
            floats[p + e] = ends[s, e]
        first_label = np.int64(owner[start[s]] + 1)
        words[p + 4] = (first_label << 32) | (np.int64(toggle[s]) << 2) | sides[k]
        p += PER_SEGMENT
    return p


@njit(cache=True)
def write_dirty(
    segments: Segments,
    here: Ints,
    sides: Sides,
    n: int,
    anchor: Ints,
    n_anchor: int,
    words: Words,
    at: int,
    suspect: npt.NDArray[np.bool_],
) -> tuple[int, int]:
    """Write a dirty record at ``words[at:]``; mark its candidates in ``suspect``.

    Returns
    -------
    place : int
        After the record.
    label : int
        −1; or the label of the whole cell when the lowest candidate covers all of it, and then
        nothing is written.
    """
    ends, start, owner, _ = segments
    floats = words.view(np.float64)
    total = 0
    for i in range(n):
        total += start[here[i] + 1] - start[here[i]]
    by_owner = np.empty(total, np.int64)
    q = 0
    for i in range(n):
        for t in range(start[here[i]], start[here[i] + 1]):
            suspect[owner[t]] = True
            by_owner[q] = (np.int64(owner[t]) << 32) | i
            q += 1
    by_owner.sort()
    covers = np.sort(anchor[:n_anchor])
    for i in range(n_anchor):
        suspect[covers[i]] = True
    p = at + 1
    candidates = 0
    q = 0
    c = 0
    while q < total or c < n_anchor:
        polygon = np.int64(_NO_LABEL)
        if c < n_anchor:
            polygon = np.int64(covers[c])
        if q < total:
            polygon = min(polygon, by_owner[q] >> 32)
        inside = 0
        if c < n_anchor and covers[c] == polygon:
            inside = 1
            c += 1
        head = p
        p += 1
        own = 0
        while q < total and by_owner[q] >> 32 == polygon:
            i = by_owner[q] & _LOW_32
            for e in range(4):
                floats[p + e] = ends[here[i], e]
            words[p + 4] = sides[i]
            p += PER_SEGMENT
            own += 1
            q += 1
        words[head] = (np.int64(own) << 33) | (polygon << 1) | inside
        candidates += 1
        if own == 0:  # it covers the whole cell: nobody behind it is ever asked
            if candidates == 1:
                return at, int(polygon + 1)
            break
    words[at] = -candidates
    return p, -1


@njit(inline="always")
def read_fast(words: Words, floats: npt.NDArray, at: int, qx: float, qy: float) -> np.int32:
    """Label of a point by a clean record, in floating point and without branches.

    Returns ``UNSURE`` for a dirty record, for a point on or near a segment's line within its
    height, and at the height of a segment's upper end.
    """
    head = words[at]
    label = head & _LOW_31
    unsure = np.int64(head < 0)
    p = at + 1
    for _ in range(head >> 32):
        ax = floats[p] - qx
        ay = floats[p + 1]
        bx = floats[p + 2] - qx
        by = floats[p + 3]
        tag = words[p + 4]
        left = ax * (by - qy)
        right = (ay - qy) * bx
        det = left - right
        above_a = np.int64(qy >= ay)
        above_b = np.int64(qy >= by)
        beside = above_a & (1 - above_b)
        near = 1 - np.int64(abs(det) > abs(left + right) * ERROR_SHARE + ERROR_FLOOR)
        unsure |= (beside & near) | np.int64(qy == by)
        side = tag & 3
        is_left = np.int64(det > 0.0)
        crossed = (beside & (is_left ^ (side >> 1))) | (above_b & ((side | (side >> 1)) & 1))
        label ^= ((tag & _LOW_32) >> 2) & (-crossed)
        p += PER_SEGMENT
    return np.int32(UNSURE) if unsure != 0 else np.int32(label)


@njit(cache=True)
def read_exact(
    words: Words, floats: npt.NDArray, at: int, qx: float, qy: float
) -> tuple[np.int32, bool]:
    """Label of a point by any record, and whether it lies on that polygon's boundary."""
    head = words[at]
    p = at + 1
    if head < 0:
        for _ in range(-head):
            candidate = words[p]
            p += 1
            polygon = (candidate >> 1) & _LOW_32
            inside = candidate & 1
            for _ in range(candidate >> 33):
                met = crossing(
                    qx, qy, floats[p], floats[p + 1], floats[p + 2], floats[p + 3], words[p + 4]
                )
                if met < 0:
                    return np.int32(polygon + 1), True
                inside ^= met
                p += PER_SEGMENT
            if inside != 0:
                return np.int32(polygon + 1), False
        return np.int32(0), False
    label = head & _LOW_31
    on = np.int64(_NO_LABEL)  # lowest label that owns a segment under the point
    for _ in range(head >> 32):
        tag = words[p + 4]
        side = tag & 3
        top = floats[p + 3]
        met = crossing(qx, qy, floats[p], floats[p + 1], floats[p + 2], top, side)
        if met < 0:
            # The owners cover q, and so does the polygon of the face that is met when q moves
            # a little to the right, and less so up: carry the label to that face.
            on = min(on, tag >> 32)
            met = int(side != CLEAR) if qy >= top else int(side == RISES_LEFT)
        if met == 1:
            label ^= (tag & _LOW_32) >> 2
        p += PER_SEGMENT
    # A face's polygon below every owner has no segment here: q lies inside it.
    if on == _NO_LABEL or (label != 0 and label < on):
        return np.int32(label), False
    return np.int32(on), True
