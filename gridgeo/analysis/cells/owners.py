"""Small sets of polygons, kept in the front of an array."""

import numpy as np
from numba import njit

from gridgeo.analysis.cells.segments import Ints


@njit(inline="always")
def flip(members: Ints, n: int, start: Ints, owner: Ints, s: int) -> int:
    """Toggle the owners of segment s in the set ``members[:n]`` and give its new size.

    ``start`` and ``owner`` are those of ``Segments``, taken out of it once by each kernel: within
    a loop every look into a tuple of arrays costs numba an atomic count.
    """
    for t in range(start[s], start[s + 1]):
        polygon = owner[t]
        found = False
        for i in range(n):
            if members[i] == polygon:
                n -= 1
                members[i] = members[n]
                found = True
                break
        if not found:
            members[n] = polygon
            n += 1
    return n


@njit(inline="always")
def lowest_label(members: Ints, n: int) -> np.int32:
    """Label of the lowest polygon in ``members[:n]``; 0 if the set is empty."""
    if n == 0:
        return np.int32(0)
    lowest = members[0]
    for i in range(1, n):
        if members[i] < lowest:
            lowest = members[i]
    return np.int32(lowest + 1)
