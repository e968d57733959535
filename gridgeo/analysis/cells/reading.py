"""From a point and what its cell holds to the label of the point.

The fast readings work in floating point and without branches; where a sign is not certain they
say ``UNSURE``, and the exact ones answer.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.segments import Floats, Ints, ends_of
from gridgeo.analysis.cells.sides import CLEAR, RISES_LEFT, crossing
from gridgeo.analysis.orientation import ERROR_FLOOR, ERROR_SHARE, orient

UNSURE = -1
_NO_LABEL = 2**31 - 1
_LOW_32 = 0xFFFFFFFF

Tags = npt.NDArray[np.int64]


@njit(inline="always")
def read_line(table: Floats, tags: Tags, s: int, kind: np.int64, qx: float, qy: float) -> np.int64:
    """Label of a point by the line that divides its cell, ``kind`` as in ``records``.

    Returns ``UNSURE`` for a point on or near the line.
    """
    left = (table[s, 0] - qx) * (table[s, 3] - qy)
    right = (table[s, 1] - qy) * (table[s, 2] - qx)
    det = left - right
    tag = tags[s, 4]
    is_low = np.int64(det > 0.0) ^ kind
    near = 1 - np.int64(abs(det) > abs(left + right) * ERROR_SHARE + ERROR_FLOOR)
    return ((tag >> 32) ^ ((tag & _LOW_32) & (is_low - 1))) | -near


@njit(cache=True)
def read_line_exactly(
    table: Floats, tags: Tags, s: int, kind: np.int64, qx: float, qy: float
) -> tuple[np.int64, bool]:
    """Label of a point by that line, and whether it lies on the polygon's boundary."""
    ax, ay, bx, by = ends_of(table, s)
    turn = orient(ax, ay, bx, by, qx, qy)
    low = tags[s, 4] >> 32
    if turn == 0:
        return low, True
    if (turn > 0) == (kind == 0):
        return low, False
    return low ^ (tags[s, 4] & _LOW_32), False


@njit(inline="always")
def read_record(
    records: Ints, table: Floats, tags: Tags, at: int, qx: float, qy: float
) -> np.int64:
    """Label of a point by a clean record.

    Returns ``UNSURE`` for a dirty record, for a point on or near a segment's line within its
    height, and at the height of a segment's upper end.
    """
    n = records[at]
    label = np.int64(records[at + 1])
    unsure = np.int64(n < 0)
    for k in range(at + 2, at + 2 + n):
        entry = records[k]
        s = entry >> 2
        side = entry & 3
        ax = table[s, 0] - qx
        ay = table[s, 1]
        bx = table[s, 2] - qx
        by = table[s, 3]
        left = ax * (by - qy)
        right = (ay - qy) * bx
        det = left - right
        above_a = np.int64(qy >= ay)
        above_b = np.int64(qy >= by)
        beside = above_a & (1 - above_b)
        near = 1 - np.int64(abs(det) > abs(left + right) * ERROR_SHARE + ERROR_FLOOR)
        unsure |= (beside & near) | np.int64(qy == by)
        is_left = np.int64(det > 0.0)
        crossed = (beside & (is_left ^ (side >> 1))) | (above_b & ((side | (side >> 1)) & 1))
        label ^= (tags[s, 4] & _LOW_32) & (-crossed)
    return label | -unsure


@njit(cache=True)
def read_record_exactly(
    records: Ints, table: Floats, tags: Tags, at: int, qx: float, qy: float
) -> tuple[np.int64, bool]:
    """Label of a point by any record, and whether it lies on that polygon's boundary."""
    n = records[at]
    p = at + 1
    if n < 0:
        for _ in range(-n):
            own = records[p] >> 1
            inside = records[p] & 1
            label = np.int64(records[p + 1])
            p += 2
            for k in range(p, p + own):
                ax, ay, bx, by = ends_of(table, records[k] >> 2)
                met = crossing(qx, qy, ax, ay, bx, by, records[k] & 3)
                if met < 0:
                    return label, True
                inside ^= met
            if inside != 0:
                return label, False
            p += own
        return np.int64(0), False
    label = np.int64(records[p])
    on = np.int64(_NO_LABEL)  # lowest label that owns a segment under the point
    for k in range(p + 1, p + 1 + n):
        s = records[k] >> 2
        side = records[k] & 3
        ax, ay, bx, by = ends_of(table, s)
        met = crossing(qx, qy, ax, ay, bx, by, side)
        if met < 0:
            # The owners cover q, and so does the polygon of the face that is met when q moves
            # a little to the right, and less so up: carry the label to that face.
            on = min(on, tags[s, 4] >> 32)
            met = int(side != CLEAR) if qy >= by else int(side == RISES_LEFT)
        if met == 1:
            label ^= tags[s, 4] & _LOW_32
    # A face's polygon below every owner has no segment here: q lies inside it.
    if on == _NO_LABEL or (label != 0 and label < on):
        return label, False
    return on, True
