"""Which units touch: by shared border length on a noded border, never by a point."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.errors import GeometryError

# Borders this near run along each other: rounded coordinates and reprojected T-junctions are
# off by millimetres, streets by metres.
NEAR_M = 0.01
# Segments that part by more than this for each metre meet at an angle: a point, no border.
PARTING = 0.02


@dataclass(frozen=True)
class Borders:
    """The borders that the units of a layer share.

    Parameters
    ----------
    pairs : ndarray of int64, shape (m, 2)
        Positions of neighbours, the lower first, in ascending order; each pair once.
    shared_m : ndarray of float64, shape (m,)
        Length of border each pair shares.
    stretches : ndarray of float64, shape (s, 2, 2)
        The straight stretches the borders consist of: two ends, x and y.
    stretch_pair : ndarray of int64, shape (s,)
        The row of ``pairs`` each stretch belongs to.
    shapes : ndarray of geometry, shape (n,)
        The units as they were measured: the invalid ones mended.
    mended : ndarray of bool, shape (n,)
        Which units were invalid.
    """

    pairs: np.ndarray
    shared_m: np.ndarray
    stretches: np.ndarray
    stretch_pair: np.ndarray
    shapes: np.ndarray
    mended: np.ndarray


def shared_borders(units: gpd.GeoSeries, min_shared_m: float = 0.01) -> Borders:
    """Find the units that share a border.

    Parameters
    ----------
    units : GeoSeries of Polygon or MultiPolygon, shape (n,)
        In metres. A MultiPolygon is one unit. Invalid shapes are mended here and nowhere else.
    min_shared_m : float
        Units are neighbours when they share more than this; a point is never enough.

    Returns
    -------
    Borders

    Raises
    ------
    GeometryError
        A unit has no shape, no area type, or a coordinate that is not finite.

    Notes
    -----
    Borders are noded by segments, so neighbours whose vertices do not match (T-junctions,
    borders digitised twice) are found: two segments run along each other when both ends of
    their common stretch are within 1 cm. Equal segments are paired by sorting; only the others
    are looked up in a search tree.

    Examples
    --------
    >>> squares = gpd.GeoSeries([shapely.box(0, 0, 1, 1), shapely.box(1, 0.5, 2, 1.5)])
    >>> shared_borders(squares).shared_m.tolist()
    [0.5]
    """
    shapes, mended = _measurable(units)
    ends, owner = _segments(shapes)
    first, second, alone = _equal_segments(ends, owner)
    stretches = [ends[first]]
    owners = [np.column_stack([owner[first], owner[second]])]
    if len(alone):
        near_first, near_second = _near_segments(ends, owner, alone)
        common, length = common_stretch(ends[near_first], ends[near_second])
        good = length > 0
        stretches.append(common[good])
        owners.append(np.column_stack([owner[near_first], owner[near_second]])[good])
    return _gathered(
        np.concatenate(stretches), np.concatenate(owners), min_shared_m, shapes, mended
    )


def common_stretch(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Measure where two segments run along each other, row by row.

    Parameters
    ----------
    first, second : ndarray of float64, shape (s, 2, 2)

    Returns
    -------
    stretches : ndarray of float64, shape (s, 2, 2)
        The common part, on the longer of the two segments.
    length : ndarray of float64, shape (s,)
        Its metres; 0 where they do not run along each other.
    """
    span_first = np.hypot(*(first[:, 1] - first[:, 0]).T)
    span_second = np.hypot(*(second[:, 1] - second[:, 0]).T)
    swap = (span_second > span_first)[:, None, None]
    base, other = np.where(swap, second, first), np.where(swap, first, second)
    span = np.maximum(span_first, span_second)
    along = (base[:, 1] - base[:, 0]) / span[:, None]
    offset = other - base[:, :1]
    t = (offset * along[:, None]).sum(axis=2)
    away = offset[..., 1] * along[:, None, 0] - offset[..., 0] * along[:, None, 1]
    clipped = np.clip(t, 0.0, span[:, None])
    reach = t[:, 1] - t[:, 0]
    flat = np.abs(reach) > 0
    slope = np.divide(away[:, 1] - away[:, 0], reach, out=np.zeros(len(t)), where=flat)
    gap = away[:, :1] + slope[:, None] * (clipped - t[:, :1])
    good = flat & (np.abs(gap) <= NEAR_M).all(axis=1) & (np.abs(slope) <= PARTING)
    length = np.where(good, np.abs(clipped[:, 1] - clipped[:, 0]), 0.0)
    return base[:, :1] + clipped[..., None] * along[:, None], length


def segments_of(lines: np.ndarray) -> np.ndarray:
    """Take rings or lines apart into straight segments with a length, shape (s, 2, 2)."""
    return _taken_apart(lines)[0]


def _measurable(units: gpd.GeoSeries) -> tuple[np.ndarray, np.ndarray]:
    shapes = np.asarray(units.array, dtype=object).copy()
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    area = np.isin(shapely.get_type_id(shapes), (3, 6))
    finite = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    for bad, fault in (
        (missing, "have no shape"),
        (~missing & ~area, "are no Polygon or MultiPolygon"),
        (~missing & area & ~finite, "have a coordinate that is not a finite number"),
    ):
        if bad.any():
            raise GeometryError(
                f"{bad.sum()} units {fault} ({_three(units.index[bad])}); a unit must be an area.",
                hint="Mend or remove these rows.",
                code="geometry.unit",
                fields=["geometry"],
            )
    mended = ~shapely.is_valid(shapes)
    shapes[mended] = [_areas_only(shape) for shape in shapely.make_valid(shapes[mended])]
    return shapes, mended


def _areas_only(shape: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.multipolygons(parts[shapely.get_type_id(parts) == 3])


def _three(ids: pd.Index) -> str:
    return ", ".join(map(str, ids[:3])) + (", …" if len(ids) > 3 else "")


def _segments(shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Segments of all rings, each with its lower end first, and the unit of each."""
    parts, unit = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    ends, ring = _taken_apart(rings)
    x, y = ends[..., 0], ends[..., 1]
    back = (x[:, 0] > x[:, 1]) | ((x[:, 0] == x[:, 1]) & (y[:, 0] > y[:, 1]))
    ends[back] = ends[back, ::-1]
    return ends, unit[part[ring]]


def _taken_apart(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    xy, line = shapely.get_coordinates(lines, return_index=True)
    ends = np.stack([xy[:-1], xy[1:]], axis=1)
    good = (line[:-1] == line[1:]) & (ends[:, 0] != ends[:, 1]).any(axis=1)
    return ends[good], line[:-1][good]


def _equal_segments(
    ends: np.ndarray, owner: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pair equal segments of different units: (first, second, segments without an equal)."""
    flat = ends.reshape(-1, 4)
    order = np.lexsort((owner, *flat.T[::-1]))
    same = (flat[order[1:]] == flat[order[:-1]]).all(axis=1)
    group = np.concatenate([[0], np.cumsum(~same)]) if len(order) else order
    size = np.bincount(group)
    pairs = []
    # In clean layers a segment has one equal; more occur where units overlap.
    for step in range(1, int(size.max(initial=1))):
        together = group[step:] == group[:-step]
        pairs.append(np.column_stack([order[:-step][together], order[step:][together]]))
    paired = np.concatenate(pairs) if pairs else np.empty((0, 2), np.int64)
    paired = paired[owner[paired[:, 0]] != owner[paired[:, 1]]]
    alone = np.ones(len(ends), bool)
    alone[paired.ravel()] = False
    return paired[:, 0], paired[:, 1], np.flatnonzero(alone)


def _near_segments(
    ends: np.ndarray, owner: np.ndarray, alone: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pair each segment without an equal with the segments of other units near it, each once."""
    lines = shapely.linestrings(ends)
    found, near = shapely.STRtree(lines).query(lines[alone], predicate="dwithin", distance=NEAR_M)
    first, second = alone[found], near
    lonely = np.zeros(len(ends), bool)
    lonely[alone] = True
    good = (owner[first] != owner[second]) & ((first < second) | ~lonely[second])
    return first[good], second[good]


def _gathered(
    stretches: np.ndarray,
    owners: np.ndarray,
    min_shared_m: float,
    shapes: np.ndarray,
    mended: np.ndarray,
) -> Borders:
    n = len(shapes)
    key = owners.min(axis=1) * np.int64(n) + owners.max(axis=1)
    keys, pair = np.unique(key, return_inverse=True)
    length = np.hypot(*(stretches[:, 1] - stretches[:, 0]).T)
    shared_m = np.bincount(pair, weights=length, minlength=len(keys))
    kept = shared_m > min_shared_m
    row = np.cumsum(kept) - 1
    inside = kept[pair]
    pairs = np.column_stack([keys // max(n, 1), keys % max(n, 1)])[kept]
    return Borders(pairs, shared_m[kept], stretches[inside], row[pair[inside]], shapes, mended)
