"""Make a walk through many places shorter, by whole millimetres: the same on every machine."""

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.near_pairs import Ints

FAR = 1 << 50  # longer than any walk; summed over all legs it stays within 63 bits
_MOVED = 3  # places that go together to another leg
_SWAPPED = 50  # places on each side of a shake


@njit(inline="always")
def between(i: int, j: int, xy: Ints, table: Ints, first: int, free: int) -> int:
    """Give the millimetres from place i to place j.

    Parameters
    ----------
    i, j : int
    xy : int64, shape (n, 2)
        Millimetres.
    table : int64, shape (n, n) or (0, 0)
        Millimetres from place to place, symmetric; (0, 0): the straight line counts.
    first, free : int
        ``free``, −1 for none, is no place but the end left open: it is 0 from every place, and
        beside ``first`` (−1: beside any) in every walk worth having.
    """
    if i == free or j == free:
        return -FAR if i + j - free == first else 0
    if len(table):
        return table[i, j]
    dx, dy = np.float64(xy[i, 0] - xy[j, 0]), np.float64(xy[i, 1] - xy[j, 1])
    return int(np.sqrt(dx * dx + dy * dy) + 0.5)


@njit(cache=True, nogil=True)
def legs(tour: Ints, xy: Ints, table: Ints, first: int, free: int) -> Ints:
    """Give the millimetres to each place of a round tour from the one before, in its order."""
    leg = np.empty(len(tour), np.int64)
    for k in range(len(tour)):
        leg[k] = between(tour[k - 1], tour[k], xy, table, first, free)
    return leg


@njit(cache=True, nogil=True)
def by_nearest(begin: int, n: int, xy: Ints, table: Ints, first: int, free: int) -> Ints:
    """Go from ``begin`` always to the nearest place not yet seen, the lowest of several."""
    tour = np.arange(n)
    tour[0], tour[begin] = begin, 0
    for k in range(1, n - 1):
        best, at = FAR, k
        for m in range(k, n):
            if tour[m] == free:
                continue
            away = between(tour[k - 1], tour[m], xy, table, first, free)
            if away < best or (away == best and tour[m] < tour[at]):
                best, at = away, m
        tour[k], tour[at] = tour[at], tour[k]
    return tour


@njit(cache=True, nogil=True)
def shorten(
    tour: Ints, near: Ints, xy: Ints, table: Ints, first: int, free: int, shakes: int
) -> None:
    """Shorten a round tour in place.

    Parameters
    ----------
    tour : int64, shape (n,)
        Every place once; never longer afterwards.
    near : int64, shape (n, k)
        Other places near each place, the nearest first; −1 behind the last.
    xy, table, first, free
        As for ``between``.
    shakes : int
        How often two neighbouring stretches are swapped and all mended from there.

    Notes
    -----
    Moves of Lin, "Computer solutions of the traveling salesman problem" (1965), and Or (1976);
    neighbour lists and marked places by Bentley, ORSA J. Computing 4 (1992); shakes by Johnson
    and McGeoch, "The traveling salesman problem: a case study" (1997). Dice: Park and Miller,
    CACM 36 (1993), always from the same seed.
    """
    n = len(tour)
    if n < 4:
        return
    place = np.empty(n, np.int64)
    for k in range(n):
        place[tour[k]] = k
    queue, queued = tour.copy(), np.ones(n, np.bool_)
    _settle(tour, place, near, xy, table, first, free, queue, queued, n)
    if n < 6:
        return
    best, stretch = tour.copy(), np.empty(2 * _SWAPPED, np.int64)
    most = min(_SWAPPED, (n - 2) // 2)
    dice = 20_260_701
    for _ in range(shakes):
        dice = dice * 48_271 % 2_147_483_647
        at = dice % n
        dice = dice * 48_271 % 2_147_483_647
        one = 1 + dice % most
        dice = dice * 48_271 % 2_147_483_647
        two = 1 + dice % most
        a, b = tour[at], tour[(at + 1) % n]
        c, d = tour[(at + one) % n], tour[(at + one + 1) % n]
        e, f = tour[(at + one + two) % n], tour[(at + one + two + 1) % n]
        change = (
            between(a, d, xy, table, first, free)
            + between(e, b, xy, table, first, free)
            + between(c, f, xy, table, first, free)
            - between(a, b, xy, table, first, free)
            - between(c, d, xy, table, first, free)
            - between(e, f, xy, table, first, free)
        )
        for k in range(one + two):
            stretch[k] = tour[(at + 1 + (one + k) % (one + two)) % n]
        for k in range(one + two):
            where = (at + 1 + k) % n
            tour[where] = stretch[k]
            place[stretch[k]] = where
        waiting = 0
        for x in (a, b, c, d, e, f):
            if not queued[x]:
                queue[waiting], queued[x] = x, True
                waiting += 1
        change -= _settle(tour, place, near, xy, table, first, free, queue, queued, waiting)
        if change <= 0:
            best[:] = tour
        else:
            tour[:] = best
            for k in range(n):
                place[tour[k]] = k


@njit(cache=True, nogil=True)
def _settle(
    tour: Ints,
    place: Ints,
    near: Ints,
    xy: Ints,
    table: Ints,
    first: int,
    free: int,
    queue: Ints,
    queued: npt.NDArray[np.bool_],
    waiting: int,
) -> int:
    """Mend around the places in ``queue`` until no move helps; give the millimetres saved."""
    n, head, saved = len(tour), 0, 0
    touched = np.empty(6, np.int64)
    while waiting > 0:
        c = queue[head]
        head = (head + 1) % n
        waiting -= 1
        queued[c] = False
        gain = _mend(c, tour, place, near, xy, table, first, free, touched)
        if gain > 0:
            saved += gain
            for x in touched:
                if x >= 0 and not queued[x]:
                    queue[(head + waiting) % n], queued[x] = x, True
                    waiting += 1
    return saved


@njit(cache=True, nogil=True)
def _mend(
    c: int,
    tour: Ints,
    place: Ints,
    near: Ints,
    xy: Ints,
    table: Ints,
    first: int,
    free: int,
    touched: Ints,
) -> int:
    """Make the first move found that takes a leg away from c; give what it saves, or 0."""
    n = len(tour)
    for way in (1, -1):
        a = tour[(place[c] - way) % n]
        leg = between(a, c, xy, table, first, free)
        for t in near[c]:
            if t < 0:
                break
            least = leg - between(c, t, xy, table, first, free)
            if least <= 0:
                break
            # Two legs for two others.
            u = tour[(place[t] - way) % n]
            gain = (
                least
                + between(u, t, xy, table, first, free)
                - between(a, u, xy, table, first, free)
            )
            if gain > 0:
                _exchange(tour, place, a, c, u)
                touched[:] = -1
                touched[0], touched[1], touched[2], touched[3] = a, c, t, u
                return gain
            # c and the places behind it to another leg.
            e = c
            for count in range(min(_MOVED, n - 3)):
                if count:
                    e = tour[(place[e] + way) % n]
                if e == t:
                    break  # t is among them, however many more there are
                b = tour[(place[e] + way) % n]
                freed = (
                    least
                    + between(e, b, xy, table, first, free)
                    - between(a, b, xy, table, first, free)
                )
                for side in (1, -1):
                    # Behind t the places keep their direction, before it they turn round.
                    u = tour[(place[t] + side * way) % n]
                    if side == -1 and t == b:
                        continue  # that leg is freed already
                    gain = (
                        freed
                        + between(t, u, xy, table, first, free)
                        - between(e, u, xy, table, first, free)
                    )
                    if gain > 0:
                        if side == 1:
                            _exchange(tour, place, a, c, t)
                            if t != b:
                                _exchange(tour, place, a, t, b)
                            _exchange(tour, place, t, e, c)
                        else:
                            _exchange(tour, place, a, c, u)
                            _exchange(tour, place, a, u, b)
                        touched[0], touched[1], touched[2] = a, b, c
                        touched[3], touched[4], touched[5] = e, t, u
                        return gain
    return 0


@njit(cache=True, nogil=True)
def _exchange(tour: Ints, place: Ints, a: int, b: int, c: int) -> None:
    """Replace the legs a–b and c–d, walked in one direction, by a–c and b–d."""
    n = len(tour)
    low, high = (b, c) if tour[(place[a] + 1) % n] == b else (c, b)
    i, j = place[low], place[high]
    inner = (j - i) % n + 1
    if 2 * inner > n:  # the other side turned round is the same round tour
        i, j, inner = (j + 1) % n, (i - 1) % n, n - inner
    for _ in range(inner // 2):
        x, y = tour[i], tour[j]
        tour[i], place[y] = y, i
        tour[j], place[x] = x, j
        i, j = (i + 1) % n, (j - 1) % n
