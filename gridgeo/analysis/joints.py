"""Places taken from grids and joined to them, so that what floats round off leaves no seam.

A corner where borders cross is rounded and lies some nanometres beside both. A grid is given such
corners of a place before it yields or takes the place; then both have the same border to the bit.
"""

from collections.abc import Iterable

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.areas import TOUCH_M, polygon_parts

_NOISE_M2 = 1e-3  # what rounding and hairs leave over
_ROUNDING_M = 1e-6


def without(shape: BaseGeometry, place: BaseGeometry) -> np.ndarray:
    """Take a place out of an area.

    Parameters
    ----------
    shape, place : Polygon or MultiPolygon, valid

    Returns
    -------
    ndarray of Polygon, shape (p,)
        What is left, without parts of a few square centimetres.
    """
    rest = shapely.difference(_snapped(shape, place, _ROUNDING_M), place)
    return polygon_parts(rest, _NOISE_M2)[1]


def joined(shape: BaseGeometry, place: BaseGeometry) -> np.ndarray | None:
    """Join a place to an area beside it.

    Parameters
    ----------
    shape, place : Polygon or MultiPolygon, valid

    Returns
    -------
    ndarray of Polygon, shape (p,), or None
        As many parts as ``shape`` has, or fewer; None where the two do not hang together.
    """
    pieces = len(polygon_parts(shape)[1])
    for within_m in (_ROUNDING_M, TOUCH_M):
        _, parts = polygon_parts(shapely.union(_snapped(shape, place, within_m), place))
        if len(parts) <= pieces:
            return parts
    return None


def cut_apart(
    place: BaseGeometry, areas: np.ndarray, min_area_m2: float
) -> list[tuple[int, BaseGeometry]]:
    """Cut a place along the borders of areas.

    Parameters
    ----------
    place : Polygon
    areas : ndarray of Polygon or MultiPolygon, shape (m,)
        Where they overlap, the first has it.
    min_area_m2 : float
        Parts up to this area are noise.

    Returns
    -------
    list of (int, Polygon)
        Position of an area, or -1 for none of them, and a part of the place; the place itself
        where all that would be cut off is noise.
    """
    open_ = np.array([place], dtype=object)
    cut: list[tuple[int, BaseGeometry]] = []
    for at, area in enumerate(areas):
        _, parts = polygon_parts(shapely.intersection(open_, area), min_area_m2)
        cut.extend((at, part) for part in parts)
        open_ = shapely.difference(open_, area)
    cut.extend((-1, part) for part in polygon_parts(open_, min_area_m2)[1])
    return cut if len(cut) > 1 else [(cut[0][0] if cut else -1, place)]


def as_one(parts: np.ndarray) -> BaseGeometry:
    """Make one geometry of polygons, without pinholes along a border that was taken away."""
    closed = [_without_pinholes(part) for part in parts]
    return closed[0] if len(closed) == 1 else shapely.multipolygons(closed)


def count_parts(shape: BaseGeometry) -> int:
    """Count the parts of an area that are more than rounding."""
    return len(polygon_parts(shape, _NOISE_M2)[1])


def inner_border_m(place: BaseGeometry, shape: BaseGeometry) -> float:
    """Measure how far the border of a part of an area runs inside that area, in metres."""
    middle, length_m = _sides(place)
    return float(length_m[shapely.distance(shapely.boundary(shape), middle) > TOUCH_M].sum())


def borders_m(places: Iterable[BaseGeometry], shapes: np.ndarray) -> list[dict[int, float]]:
    """Measure the border that places share with the areas beside them.

    Parameters
    ----------
    places : iterable of Polygon, n values
        In none of the areas; each of their sides is (part of) a side of one area.
    shapes : ndarray of Polygon, MultiPolygon or None, shape (m,)

    Returns
    -------
    list of dict, n values
        Position in ``shapes`` and metres; who meets a place at a point is left out.
    """
    tree = shapely.STRtree(shapes)
    found: list[dict[int, float]] = []
    for place in places:
        middle, length_m = _sides(place)
        side, beside = tree.query(middle, predicate="dwithin", distance=TOUCH_M)
        # A tip that tapers to nothing lies beside two: how far it goes is rounding.
        alone = np.bincount(side, minlength=len(middle))[side] == 1
        if alone.any():
            side, beside = side[alone], beside[alone]
        shared = np.bincount(beside, weights=length_m[side])
        found.append({int(i): float(shared[i]) for i in np.flatnonzero(shared > 2 * TOUCH_M)})
    return found


def _snapped(shape: BaseGeometry, place: BaseGeometry, within_m: float) -> BaseGeometry:
    snapped = shapely.snap(shape, place, within_m)
    return snapped if shapely.is_valid(snapped) else shape


def _without_pinholes(part: BaseGeometry) -> BaseGeometry:
    holes = shapely.polygons(shapely.get_rings(part)[1:])
    kept = shapely.area(holes) > _NOISE_M2
    if kept.all():
        return part
    rings = shapely.get_exterior_ring(holes[kept])
    return shapely.Polygon(shapely.get_exterior_ring(part), list(rings))


def _sides(place: BaseGeometry) -> tuple[np.ndarray, np.ndarray]:
    """Give the middle and the length of each side of a place."""
    xy, ring = shapely.get_coordinates(
        shapely.get_rings(shapely.get_parts(place)), return_index=True
    )
    here = np.flatnonzero(ring[1:] == ring[:-1])
    a, b = xy[here], xy[here + 1]
    return shapely.points((a + b) / 2), np.hypot(*(b - a).T)
