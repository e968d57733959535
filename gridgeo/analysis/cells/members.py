"""Sets of polygons: one large set that is carried through the plane, small ones in an array.

The large set is a row of bits with two rows of summary above it: bit w of ``over`` says whether
word w of ``bits`` is other than zero, and so once more. To change a member, and to find the next
one, takes a few steps however many polygons lie over one another.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.segments import Ints

Bits = npt.NDArray[np.uint64]


class Members(NamedTuple):
    """A set of polygons.

    Parameters
    ----------
    bits, over, above : uint64 arrays
        Polygon k is bit k of ``bits``; ``over`` and ``above`` sum it up.
    size : int64, shape (1,)
        How many polygons are in the set.
    """

    bits: Bits
    over: Bits
    above: Bits
    size: npt.NDArray[np.int64]


def no_members(polygons: int) -> Members:
    """Make the empty set for so many polygons."""
    words = polygons // 64 + 1
    groups = words // 64 + 1
    return Members(
        np.zeros(words, np.uint64),
        np.zeros(groups, np.uint64),
        np.zeros(groups // 64 + 1, np.uint64),
        np.zeros(1, np.int64),
    )


@njit(inline="always")
def toggle(members: Members, polygon: int) -> None:
    """Take a polygon into the set, or out of it if it is there."""
    one = np.uint64(1)
    bits, over, above, size = members
    word = polygon >> 6
    bit = one << np.uint64(polygon & 63)
    before = bits[word]
    after = before ^ bit
    bits[word] = after
    size[0] += 1 if after & bit else -1
    if before == 0 or after == 0:
        before = over[word >> 6]
        after = before ^ (one << np.uint64(word & 63))
        over[word >> 6] = after
        if before == 0 or after == 0:
            above[word >> 12] ^= one << np.uint64((word >> 6) & 63)


@njit(inline="always")
def toggle_owners(members: Members, start: Ints, owner: Ints, s: int) -> None:
    """Cross segment s; ``start`` and ``owner`` are those of ``Segments``."""
    for t in range(start[s], start[s + 1]):
        toggle(members, owner[t])


@njit(cache=True)
def next_member(members: Members, after: int) -> int:
    """Give the lowest polygon of the set above ``after`` (−1: the lowest of all); −1 if none."""
    bits, over, above, _ = members
    polygon = after + 1
    word = polygon >> 6
    if word < len(bits):
        rest = bits[word] >> np.uint64(polygon & 63)
        if rest != 0:
            return polygon + _lowest_bit(rest)
    word += 1
    group = word >> 6
    if group < len(over):
        rest = over[group] >> np.uint64(word & 63)
        if rest != 0:
            word += _lowest_bit(rest)
            return (word << 6) + _lowest_bit(bits[word])
    group += 1
    for block in range(group >> 6, len(above)):
        rest = above[block]
        if block == group >> 6:
            rest = (rest >> np.uint64(group & 63)) << np.uint64(group & 63)
        if rest != 0:
            group = (block << 6) + _lowest_bit(rest)
            word = (group << 6) + _lowest_bit(over[group])
            return (word << 6) + _lowest_bit(bits[word])
    return -1


@njit(inline="always")
def lowest_label(members: Members) -> int:
    """Label of the lowest polygon of the set; 0 if it is empty."""
    return next_member(members, -1) + 1 if members.size[0] > 0 else 0


@njit(cache=True)
def mark_members(members: Members, marks: Bits) -> None:
    """Set the bit of every polygon of the set in ``marks``, a row as long as ``members.bits``."""
    bits, over, _, _ = members
    for group in range(len(over)):
        rest = over[group]
        while rest != 0:
            word = (group << 6) + _lowest_bit(rest)
            marks[word] |= bits[word]
            rest &= rest - np.uint64(1)


@njit(cache=True)
def clear(members: Members) -> None:
    """Empty the set."""
    if members.size[0] > 0:
        members.bits[:] = 0
        members.over[:] = 0
        members.above[:] = 0
        members.size[0] = 0


@njit(inline="always")
def _lowest_bit(bits: np.uint64) -> int:
    """Place of the lowest bit of a word that is not zero."""
    lowest = bits & (~bits + np.uint64(1))
    return math.frexp(float(lowest))[1] - 1


@njit(inline="always")
def flip(few: Ints, n: int, start: Ints, owner: Ints, s: int) -> int:
    """Toggle the owners of segment s in the small set ``few[:n]`` and give its new size."""
    for t in range(start[s], start[s + 1]):
        polygon = owner[t]
        found = False
        for i in range(n):
            if few[i] == polygon:
                n -= 1
                few[i] = few[n]
                found = True
                break
        if not found:
            few[n] = polygon
            n += 1
    return n
