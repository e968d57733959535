"""How many grids each part gets, so that the fullest and the emptiest differ least."""

import heapq

import numpy as np

from gridgeo.errors import InfeasibleError

# One grid more or less than today is worth a change of 0.05 in grids × squared deviation.
KEEP_TODAY = 0.05


def apportion(
    loads: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    total: int,
    target: float,
    today: np.ndarray | None = None,
) -> np.ndarray:
    """Give each part a whole number of grids.

    Parameters
    ----------
    loads : ndarray of float64, shape (r,)
        Load of each part, ≥ 0.
    least, most : ndarray of int, shape (r,)
        Bounds of each part's number, ``1 <= least <= most`` or both 0.
    total : int
        Grids to give, all of them.
    target : float
        Load a grid should carry, > 0.
    today : ndarray of int, shape (r,), optional
        Numbers to stay near where it costs little.

    Returns
    -------
    ndarray of int64, shape (r,)
        Sums to ``total``; the largest ``|load / number / target − 1|`` is least. Of several
        such answers, the one with the least sum of number × squared deviation (plus 0.05 for
        every grid more or less than ``today``); then the earlier part gets the grid.

    Raises
    ------
    InfeasibleError
        ``total`` lies outside the sums of the bounds.
    """
    if not least.sum() <= total <= most.sum():
        raise InfeasibleError(
            f"{total} grids cannot be shared out: the parts need at least {least.sum()} and hold "
            f"at most {most.sum()}.",
            hint=f"Choose k from {least.sum()} to {most.sum()}.",
            fields=["k"],
        )
    low, high = _least_spread(loads / target, least, most, total)
    numbers = low.copy()
    today = low if today is None else today

    def worse_by(part: int) -> float:
        """Change of the sum when the part gets one grid more; it grows with each grid."""
        if numbers[part] == 0:
            return -np.inf
        a, q = numbers[part], loads[part] / target
        change = 1.0 - q * q / (a * (a + 1.0))
        return float(change + (KEEP_TODAY if a >= today[part] else -KEEP_TODAY))

    heap = [(worse_by(part), part) for part in range(len(loads)) if low[part] < high[part]]
    heapq.heapify(heap)
    for _ in range(total - int(numbers.sum())):
        _, part = heapq.heappop(heap)
        numbers[part] += 1
        if numbers[part] < high[part]:
            heapq.heappush(heap, (worse_by(part), part))
    return numbers


def _least_spread(
    quota: np.ndarray, least: np.ndarray, most: np.ndarray, total: int
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of each part's number within the least possible largest deviation."""
    room = total - int(least.sum())
    most = np.minimum(most, least + room)
    number = least[:, None] + np.arange(int((most - least).max(initial=0)) + 1)
    allowed = number <= most[:, None]
    deviation = np.abs(quota[:, None] / np.maximum(number, 1) - 1)
    deviation[least == 0] = 0.0
    deviation[~allowed] = np.inf
    steps = np.unique(deviation[allowed])

    def bounds(limit: float) -> tuple[np.ndarray, np.ndarray, bool]:
        good = deviation <= limit
        low = least + good.argmax(axis=1)
        high = least + good.shape[1] - 1 - good[:, ::-1].argmax(axis=1)
        fits = bool(good.any(axis=1).all() and low.sum() <= total <= high.sum())
        return low, high, fits

    first, last = 0, len(steps) - 1
    while first < last:
        middle = (first + last) // 2
        if bounds(steps[middle] + 1e-12)[2]:
            last = middle
        else:
            first = middle + 1
    low, high, _ = bounds(steps[first] + 1e-12)
    return low, high


def deal(loads: np.ndarray, least: np.ndarray, most: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Deal unequal targets out to parts.

    Parameters
    ----------
    loads : ndarray of float64, shape (r,)
    least, most : ndarray of int, shape (r,)
        Bounds of each part's number of grids.
    targets : ndarray of float64, shape (k,)

    Returns
    -------
    ndarray of int64, shape (k,)
        The part of each target: the greatest target goes where most load is without a grid.

    Raises
    ------
    InfeasibleError
        k lies outside the sums of the bounds.
    """
    k = len(targets)
    parts = np.zeros(k, np.int64)
    if not least.sum() <= k <= most.sum():
        apportion(loads, least, most, k, float(targets.mean()))
    left, numbers, owed = loads.copy(), np.zeros(len(loads), int), least.copy()
    for grid in np.argsort(-targets, kind="stable"):
        remaining = k - int(numbers.sum())
        open_parts = (owed > 0) if remaining == owed.sum() else (numbers < most)
        part = int(np.argmax(np.where(open_parts, left, -np.inf)))
        parts[grid] = part
        numbers[part] += 1
        owed[part] = max(0, owed[part] - 1)
        left[part] -= targets[grid]
    return parts


def exchange(
    parts: np.ndarray, loads: np.ndarray, most: np.ndarray, targets: np.ndarray, enough: float
) -> np.ndarray:
    """Exchange dealt targets between parts while that brings one nearer to its load.

    Parameters
    ----------
    parts : ndarray of int64, shape (k,)
        The part of each target; every part has one.
    loads : ndarray of float64, shape (r,)
    most : ndarray of int, shape (r,)
        Greatest number of targets of each part.
    targets : ndarray of float64, shape (k,)
    enough : float
        Parts with ``|load / targets − 1|`` up to this are left as they are.

    Returns
    -------
    ndarray of int64, shape (k,)
        From the part that is off most, a target goes to another part, comes from it, or two
        change places: what leaves the worse of the two off least. Each step lowers the largest
        deviation that can be lowered, so the search ends.
    """
    parts = parts.copy()
    while step := _step(parts, loads, most, targets, enough):
        for target, part in step:
            parts[target] = part
    return parts


def _step(
    parts: np.ndarray, loads: np.ndarray, most: np.ndarray, targets: np.ndarray, enough: float
) -> list[tuple[int, int]]:
    """Find the next exchange: (target, its new part) of one target or two; empty at the end."""
    off = np.abs(loads / np.bincount(parts, weights=targets, minlength=len(loads)) - 1)
    for part in np.argsort(-off, kind="stable"):
        if off[part] <= enough:
            break
        step = _best_exchange(parts, loads, most, targets, int(part))
        if step:
            return step
    return []


def _best_exchange(
    parts: np.ndarray, loads: np.ndarray, most: np.ndarray, targets: np.ndarray, one: int
) -> list[tuple[int, int]]:
    """Find the exchange of one part that helps most: rows are what it gives, columns what it gets.

    The last row and the last columns, one for each other part, are nothing.
    """
    r = len(loads)
    owed = np.bincount(parts, weights=targets, minlength=r)
    numbers, off = np.bincount(parts, minlength=r), np.abs(loads / owed - 1)
    mine, theirs = np.flatnonzero(parts == one), np.flatnonzero(parts != one)
    others = np.flatnonzero(np.arange(r) != one)
    other = np.concatenate([parts[theirs], others])
    more = np.append(np.zeros(len(theirs), np.int64), np.ones(len(others), np.int64))
    gained = 1 - more - np.append(np.ones(len(mine), np.int64), 0)[:, None]
    fits = (numbers[one] + gained >= 1) & (numbers[one] + gained <= most[one])
    fits &= (numbers[other] - gained >= 1) & (numbers[other] - gained <= most[other])
    change = np.append(targets[theirs], np.zeros(len(others)))
    change = change - np.append(targets[mine], 0.0)[:, None]
    here = np.abs(loads[one] / np.where(fits, owed[one] + change, 1.0) - 1)
    there = np.abs(loads[other] / np.where(fits, owed[other] - change, 1.0) - 1)
    worse = np.where(fits, np.maximum(here, there), np.inf)
    worse[worse > np.maximum(off[one], off[other]) - 1e-9] = np.inf
    if not np.isfinite(worse).any():
        return []
    row, column = np.unravel_index(int(np.argmin(worse)), worse.shape)
    step = [(int(mine[row]), int(other[column]))] if row < len(mine) else []
    return step + ([(int(theirs[column]), one)] if column < len(theirs) else [])
