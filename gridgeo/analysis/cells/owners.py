"""Small sets of polygons, kept in the front of an array."""

import numpy as np
from numba import njit

from gridgeo.analysis.cells.segments import Ints, Segments


@njit(inline="always")
def flip(members: Ints, n: int, segments: Segments, s: int) -> int:
    """Toggle the owners of segment s in the set ``members[:n]`` and give its new size."""
    for t in range(segments.start[s], segments.start[s + 1]):
        polygon = segments.owner[t]
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
