"""Which stretches of straight streets lie within a distance of legs of tracks."""

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.near_pairs import Floats, Ints
from gridgeo.analysis.network.kernel import FAN, Tree, plant

# Boxes are made so much wider than the radius that no rounding shuts out what is inside.
PAD_M = 1e-6


@njit(cache=True, nogil=True, error_model="numpy")
def stretches(
    segments: Floats, picked: Ints, tree: Tree, radius_m: float
) -> tuple[Ints, Floats, Floats]:
    """Find the stretches of segments that lie within a radius of any leg.

    Parameters
    ----------
    segments : float64, shape (s, 4)
        x and y of the two ends, in metres.
    picked : int64, shape (k,)
        Which of them are asked about.
    tree : Tree
        Of the legs; one whose ends are the same is a disc.
    radius_m : float
        A place exactly so far away is within.

    Returns
    -------
    segment : int64, shape (p,)
        In the order of ``picked``.
    low, high : float64, shape (p,)
        Shares of the segment, 0 to 1: ascending and apart within each segment. A segment without
        length has (0, 0) where its place is within; of others nothing shorter than a rounding.
    """
    rows = max(len(picked), 16)
    segment, low, high = np.empty(rows, np.int64), np.empty(rows), np.empty(rows)
    used = 0
    lo, hi = np.empty(64), np.empty(64)
    top = len(tree.starts) - 2
    stack = np.empty(FAN * (top + 2), np.int64)
    level_of = np.empty(FAN * (top + 2), np.int64)
    for s in picked:
        n = 0  # stretches found so far: lo and hi up to here
        x, y = segments[s, 0], segments[s, 1]
        dx, dy = segments[s, 2] - x, segments[s, 3] - y
        point = dx == 0.0 and dy == 0.0
        stack[0], level_of[0] = 0, top
        waiting = 1
        if not _box_share(x, y, dx, dy, tree.boxes[-1], radius_m)[2]:
            waiting = 0
        while waiting > 0:
            waiting -= 1
            level, first = level_of[waiting], stack[waiting] * FAN
            if level == 0:
                for k in range(first, min(first + FAN, len(tree.order))):
                    a, b = _leg_share(x, y, dx, dy, tree.segments[k], radius_m)
                    if b > a or (point and b == a):
                        if n == len(lo):
                            lo, hi = _longer(lo), _longer(hi)
                        n = _add(lo, hi, n, a, b)
                if n == 1 and lo[0] == 0.0 and hi[0] == (0.0 if point else 1.0):
                    break  # nothing is left to be found
                continue
            start = tree.starts[level - 1]
            for k in range(first, min(first + FAN, tree.starts[level] - start)):
                a, b, meets = _box_share(x, y, dx, dy, tree.boxes[start + k], radius_m)
                if meets and not _known(lo, hi, n, a, b):
                    stack[waiting], level_of[waiting] = k, level - 1
                    waiting += 1
        while used + n > len(segment):
            segment, low, high = _longer(segment), _longer(low), _longer(high)
        for i in range(n):
            segment[used], low[used], high[used] = s, lo[i], hi[i]
            used += 1
    return segment[:used].copy(), low[:used].copy(), high[:used].copy()


@njit(cache=True, nogil=True)
def merge(key: Ints, start: Floats, end: Floats) -> int:
    """Merge intervals that touch or overlap, in place.

    Parameters
    ----------
    key : int64, shape (p,)
        Intervals of different keys stay apart. Sorted by key, then by start.
    start, end : float64, shape (p,)

    Returns
    -------
    int
        How many are left, at the front of the arrays.
    """
    n = 0
    for i in range(len(key)):
        if n > 0 and key[n - 1] == key[i] and start[i] <= end[n - 1]:
            end[n - 1] = max(end[n - 1], end[i])
        else:
            key[n], start[n], end[n] = key[i], start[i], end[i]
            n += 1
    return n


@njit(inline="always", error_model="numpy")
def _leg_share(
    x: float, y: float, dx: float, dy: float, leg: Floats, radius: float
) -> tuple[float, float]:
    """Give the share of a segment within a radius of a leg; the second below the first if none.

    A capsule is convex, so a straight line cuts it in one interval: from the first to the last
    place in either of its discs or in the strip between them.
    """
    ux, uy = leg[0] - x, leg[1] - y
    vx, vy = leg[2] - x, leg[3] - y
    ex, ey = leg[2] - leg[0], leg[3] - leg[1]
    ee = ex * ex + ey * ey
    dd = dx * dx + dy * dy
    if dd == 0.0:
        t = min(max(-(ux * ex + uy * ey) / ee, 0.0), 1.0) if ee > 0.0 else 0.0
        px, py = ux + t * ex, uy + t * ey
        return 0.0, 0.0 if px * px + py * py <= radius * radius else -1.0
    first, last = np.inf, -np.inf
    across = ux * dy - uy * dx
    rest = radius * radius - across * across / dd
    if rest >= 0.0:
        foot, half = (ux * dx + uy * dy) / dd, np.sqrt(rest / dd)
        first, last = foot - half, foot + half
    if ee > 0.0:
        across = vx * dy - vy * dx
        rest = radius * radius - across * across / dd
        if rest >= 0.0:
            foot, half = (vx * dx + vy * dy) / dd, np.sqrt(rest / dd)
            first, last = min(first, foot - half), max(last, foot + half)
        low, high = _between(-(ux * ex + uy * ey), dx * ex + dy * ey, 0.0, ee, -np.inf, np.inf)
        wide = radius * np.sqrt(ee)
        low, high = _between(ux * ey - uy * ex, dy * ex - dx * ey, -wide, wide, low, high)
        if low <= high:
            first, last = min(first, low), max(last, high)
    return max(first, 0.0), min(last, 1.0)


@njit(inline="always", error_model="numpy")
def _between(
    at: float, slope: float, least: float, most: float, low: float, high: float
) -> tuple[float, float]:
    """Narrow low … high to where ``at + t * slope`` is between least and most."""
    if slope == 0.0:
        return (low, high) if least <= at <= most else (np.inf, -np.inf)
    one, other = (least - at) / slope, (most - at) / slope
    return max(low, min(one, other)), min(high, max(one, other))


@njit(inline="always", error_model="numpy")
def _box_share(
    x: float, y: float, dx: float, dy: float, box: Floats, radius: float
) -> tuple[float, float, bool]:
    """Give the share of a segment in a box made wider by the radius, and whether there is one."""
    wide = radius + PAD_M
    low, high = _between(x, dx, box[0] - wide, box[2] + wide, 0.0, 1.0)
    low, high = _between(y, dy, box[1] - wide, box[3] + wide, low, high)
    return low, high, low <= high


@njit(inline="always")
def _known(lo: Floats, hi: Floats, n: int, a: float, b: float) -> bool:
    """Whether all of a stretch has been found before."""
    for i in range(n):  # noqa: SIM110
        if lo[i] <= a and b <= hi[i]:
            return True
    return False


@njit(inline="always")
def _add(lo: Floats, hi: Floats, n: int, a: float, b: float) -> int:
    """Put a stretch among those found, which stay ascending and apart; give their number."""
    i = 0
    while i < n and hi[i] < a:
        i += 1
    j = i
    while j < n and lo[j] <= b:
        a, b = min(a, lo[j]), max(b, hi[j])
        j += 1
    if j == i:
        for k in range(n, i, -1):
            lo[k], hi[k] = lo[k - 1], hi[k - 1]
    elif j > i + 1:
        for k in range(j, n):
            lo[k - j + i + 1], hi[k - j + i + 1] = lo[k], hi[k]
    lo[i], hi[i] = a, b
    return n + 1 - (j - i)


@njit
def _longer(values: npt.NDArray) -> npt.NDArray:
    """Give a copy with twice the room."""
    more = np.empty(2 * len(values), values.dtype)
    more[: len(values)] = values
    return more


def warm_tracks() -> None:
    """Compile the kernels, or load them from numba's disk cache."""
    legs = plant(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0, 1]]))
    found, low, high = stretches(np.array([[0.0, 0.0, 1.0, 0.0]]), np.array([0]), legs, 1.0)
    merge(found, low, high)
