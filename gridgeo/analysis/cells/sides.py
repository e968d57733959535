"""A segment against a cell: does it matter there, and does the way to the anchor cross it."""

from numba import njit

from gridgeo.analysis.orientation import orient

AWAY = -1  # cannot matter to a point of the cell
CLEAR = 0  # does not cross the wall
RISES_RIGHT = 1  # crosses the wall, its upper end right of it
RISES_LEFT = 2  # crosses the wall, its upper end left of it


@njit(inline="always")
def side_of(
    ax: float,
    ay: float,
    bx: float,
    by: float,
    left: float,
    right: float,
    bottom: float,
    top: float,
) -> int:
    """Tell how a segment stands to a cell.

    Parameters
    ----------
    ax, ay, bx, by : float
        The ends, a the lower one, of equally high ones the left.
    left, right, bottom, top : float
        The widened cell; its right side is the wall, its lower right corner the anchor.

    Returns
    -------
    int
        ``AWAY``, ``CLEAR``, ``RISES_RIGHT`` or ``RISES_LEFT``. ``AWAY`` only when no point of the
        cell lies on the segment and no way from such a point to the anchor crosses it.
    """
    if by < bottom or ay > top:
        return AWAY
    if ax < left and bx < left:
        return AWAY
    a_before = ax < right
    b_before = bx < right
    if not a_before and not b_before:
        return AWAY
    if a_before and b_before:
        if ay < by and (ax < left or bx < left or ay < bottom or by > top):
            lower_left = orient(ax, ay, bx, by, left, bottom)
            upper_left = orient(ax, ay, bx, by, left, top)
            if lower_left < 0 and upper_left < 0:
                return AWAY  # the whole cell lies right of the segment
            if (
                lower_left > 0
                and upper_left > 0
                and orient(ax, ay, bx, by, right, bottom) > 0
                and orient(ax, ay, bx, by, right, top) > 0
            ):
                return AWAY  # left of its line: the segment passes above or below the cell
        return CLEAR
    if ay == by:
        return RISES_RIGHT if bottom < ay and ay < top else AWAY
    at_anchor = orient(ax, ay, bx, by, right, bottom)
    at_top = orient(ax, ay, bx, by, right, top)
    if a_before:
        if at_anchor >= 0:
            return AWAY
        if at_top > 0:
            return RISES_RIGHT
    else:
        if at_top >= 0:
            return AWAY
        if at_anchor > 0:
            return RISES_LEFT
    if orient(ax, ay, bx, by, left, top) < 0 and orient(ax, ay, bx, by, left, bottom) < 0:
        return AWAY
    return CLEAR


@njit(inline="always")
def crossing(qx: float, qy: float, ax: float, ay: float, bx: float, by: float, side: int) -> int:
    """Tell whether the way from a point of the cell to the anchor crosses a segment.

    Parameters
    ----------
    qx, qy : float
        A point of the cell.
    ax, ay, bx, by : float
        The segment, lower end first.
    side : int
        How it stands to the cell, not ``AWAY``.

    Returns
    -------
    int
        1 crossed, 0 not crossed, −1 the point lies on the segment.
    """
    if qy >= by:
        if qy == by:
            if ay == by:
                if ax <= qx and qx <= bx:
                    return -1
            elif qx == bx:
                return -1
        return 1 if side != CLEAR else 0
    if qy >= ay:
        turn = orient(ax, ay, bx, by, qx, qy)
        if turn == 0:
            return -1
        if side == RISES_LEFT:
            return 1 if turn < 0 else 0
        return 1 if turn > 0 else 0
    return 0


@njit(inline="always")
def x_range(
    ax: float, ay: float, bx: float, by: float, bottom: float, top: float
) -> tuple[float, float]:
    """Give the x extent of a segment within a strip, to 1e-15 of the segment's width."""
    if ay == by:
        return ax, bx
    # Heights are divided first: their ratio is clamped to 0 … 1, while a slope may overflow. Beside
    # the strip the nearer end answers: the line of a nearly level segment runs off far away.
    at_bottom = min(max((bottom - ay) / (by - ay), 0.0), 1.0)
    at_top = min(max((top - ay) / (by - ay), 0.0), 1.0)
    xa = ax + at_bottom * (bx - ax)
    xb = ax + at_top * (bx - ax)
    return min(xa, xb), max(xa, xb)
