"""Distances as GEOS computes them, to the bit.

Each formula rounds in its own way, and points level with two grids are common where coordinates
are whole numbers: another formula, though as good, would decide their ties otherwise. So these
follow GEOS step by step. (Where GEOS is compiled to fused multiply-adds, as for some processors
other than x86-64, its last bit may differ.)
"""

import numpy as np
from numba import njit

from gridgeo.analysis.nearest.rings import Floats, Rings


@njit(inline="always", error_model="numpy")
def to_segment(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Measure from p to the segment walked from a to b; NaN where products overflow."""
    if ax == bx and ay == by:
        return np.sqrt((px - ax) * (px - ax) + (py - ay) * (py - ay))
    squared = (bx - ax) * (bx - ax) + (by - ay) * (by - ay)
    along = ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / squared
    if along <= 0.0:
        return np.sqrt((px - ax) * (px - ax) + (py - ay) * (py - ay))
    if along >= 1.0:
        return np.sqrt((px - bx) * (px - bx) + (py - by) * (py - by))
    aside = ((ay - py) * (bx - ax) - (ax - px) * (by - ay)) / squared
    return abs(aside) * np.sqrt(squared)


@njit(inline="always")
def to_box(px: float, py: float, box: Floats, k: int) -> float:
    """Measure from p to box k; its rounding grows with the size of the box."""
    x0, y0, x1, y1 = box[k, 0], box[k, 1], box[k, 2], box[k, 3]
    dx = max(0.0, max(x1, px) - min(x0, px) - (x1 - x0))
    dy = max(0.0, max(y1, py) - min(y0, py) - (y1 - y0))
    return np.sqrt(dx * dx + dy * dy)


@njit(cache=True, nogil=True, error_model="numpy")
def to_polygon(px: float, py: float, ring: int, rings: Rings) -> float:
    """Measure from p to the borders of the polygon that has this ring.

    Ring by ring; one whose box is farther away than the rings before it is passed over, though
    by rounding it may be nearer.
    """
    polygon = rings.polygon[ring]
    r = ring
    while r > 0 and rings.polygon[r - 1] == polygon:
        r -= 1
    least = np.inf
    while r < len(rings.polygon) and rings.polygon[r] == polygon:
        if to_box(px, py, rings.box, r) <= least:
            for i in range(rings.start[r], rings.start[r + 1] - 1):
                j = i + 1
                distance = to_segment(px, py, rings.x[i], rings.y[i], rings.x[j], rings.y[j])
                if distance < least:
                    least = distance
        r += 1
    return least
