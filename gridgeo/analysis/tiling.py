"""Where grids fail to cover a place exactly once: gaps, overlaps, slivers, invalid borders.

Neighbours in a clean partition share every border segment, walked once in each direction.
Those segments cancel. What is left over is the outer border and every border where the number
of grids over a place changes, so faults are looked for only there: a clean city costs one sort.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.areas import TOUCH_M, generic_points, mended_areas, polygon_parts
from gridgeo.errors import GeometryError, ParameterError
from gridgeo.model.crs import require_metric, to_crs_of

SLIVER_BELOW = 0.05  # 4πA/P²; a square has π/4, a strip 50 times as long as wide 0.06

KINDS = ("gap", "overlap", "sliver", "invalid", "outside")


def tiling_faults(
    grids: gpd.GeoDataFrame,
    jurisdiction: gpd.GeoDataFrame | gpd.GeoSeries | BaseGeometry | None = None,
    min_area_m2: float = 1.0,
) -> gpd.GeoDataFrame:
    """Find every place that is not in exactly one grid.

    Parameters
    ----------
    grids : GeoDataFrame of Polygon or MultiPolygon, shape (n,)
        Index = ids. Metric CRS. Z is not looked at.
    jurisdiction : GeoDataFrame, GeoSeries or geometry, optional
        What the grids are to cover: a layer (brought into the CRS of ``grids``), or one
        geometry already in it. Left out, a gap is what grids enclose and none covers.
    min_area_m2 : float
        Parts up to this area are noise, not faults.

    Returns
    -------
    GeoDataFrame
        One row a part, by kind, then by position of the grids, then west to east:

        kind : "gap" (in no grid), "overlap" (in both of a pair), "sliver" (a gap or overlap
            with 4πA/P² < 0.05), "invalid", "outside" (of the jurisdiction).
        grid_ids : tuple of ids in the order of ``grids``: those that share a border
            with the gap, the pair of an overlap, the one that is invalid or outside.
        area_m2 : float. Of an invalid grid, its area once mended; 0 where nothing is left.
        geometry : Polygon; of an invalid grid what is left of it, perhaps ``None``.

    Raises
    ------
    CRSError
        ``grids`` has no CRS or does not measure metres; a jurisdiction layer has no CRS.
    GeometryError
        A grid is of points or lines, or the jurisdiction is or has no area.
    ParameterError
        ``min_area_m2`` is negative or no number.

    Notes
    -----
    An invalid grid is mended by the even-odd rule: a place is inside when a ray from it crosses
    the border an odd number of times, as in ``GridIndex``. A grid without geometry, or with a
    coordinate that is not finite, covers nothing and is named as invalid.
    Compactness: Polsby and Popper, Yale Law & Policy Review 9 (1991).

    Examples
    --------
    >>> halves = [shapely.box(0, 0, 50, 100), shapely.box(40, 0, 100, 100)]
    >>> grids = gpd.GeoDataFrame(geometry=halves, index=["a", "b"], crs=4549)
    >>> tiling_faults(grids)[["kind", "grid_ids", "area_m2"]].to_numpy().tolist()
    [['overlap', ('a', 'b'), 1000.0]]
    """
    require_metric(grids, "grids")
    if not min_area_m2 >= 0:
        raise ParameterError(
            f"min_area_m2 is {min_area_m2}; it must be 0 or more square metres.",
            hint="Leave it out for 1 m².",
            fields=["min_area_m2"],
        )
    shapes, invalid = mended_areas(np.asarray(grids.geometry.array), grids.index)
    duty = _duty(jurisdiction, grids)
    tree = shapely.STRtree(shapes)
    faces, depth, due = _faces(shapes, tree, duty)

    _, gap = _parts(faces[(depth == 0) & due], min_area_m2)
    beside = _bordering(tree, gap)
    first, second, shared = _overlaps(shapes, tree, faces[depth > 1], min_area_m2)
    stray, beyond = _outside(shapes, tree, faces[(depth > 0) & ~due], duty, min_area_m2)
    rows = [
        *(("gap", ids, part) for ids, part in zip(beside, gap, strict=True)),
        *(("overlap", (i, j), part) for i, j, part in zip(first, second, shared, strict=True)),
        *(("invalid", (i,), shapes[i]) for i in invalid),
        *(("outside", (i,), part) for i, part in zip(stray, beyond, strict=True)),
    ]
    return _table(rows, grids)


def _duty(
    jurisdiction: gpd.GeoDataFrame | gpd.GeoSeries | BaseGeometry | None, grids: gpd.GeoDataFrame
) -> BaseGeometry | None:
    """Give the area the grids are to cover as one valid geometry in their CRS, prepared."""
    if jurisdiction is None:
        return None
    if isinstance(jurisdiction, BaseGeometry):
        jurisdiction = gpd.GeoSeries([jurisdiction], crs=grids.crs)
    layer = to_crs_of(jurisdiction, grids, "jurisdiction", "grids").geometry
    duty = shapely.union_all(mended_areas(np.asarray(layer.array), layer.index, "jurisdiction")[0])
    if shapely.is_empty(duty):
        raise GeometryError(
            "jurisdiction has no area, so nothing could be told to lie in or outside it.",
            hint="Leave jurisdiction out, or give the border of the city, town or village.",
            fields=["jurisdiction"],
        )
    shapely.prepare(duty)
    return duty


def _faces(
    shapes: np.ndarray, tree: shapely.STRtree, duty: BaseGeometry | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut the plane where the number of grids, or the duty, changes.

    Returns
    -------
    faces : ndarray of Polygon, shape (f,)
        Bounded, disjoint.
    depth : ndarray of int, shape (f,)
        How many grids cover each face; constant on a face, *which* grids is not.
    due : ndarray of bool, shape (f,)
        Whether grids are to cover it.
    """
    lines = _uncancelled(shapes)
    if duty is not None:
        lines = np.append(lines, shapely.boundary(duty))
    faces = shapely.get_parts(shapely.polygonize([shapely.unary_union(lines)]))
    at = generic_points(faces)
    depth = np.bincount(tree.query(at, predicate="within")[0], minlength=len(faces))
    due = np.ones(len(faces), bool) if duty is None else shapely.intersects(duty, at)
    return faces, depth, due


def _uncancelled(shapes: np.ndarray) -> np.ndarray:
    """Give the borders that are not walked once each way, as LineStrings as long as they go on."""
    # Interior on the left of every segment: shells counter-clockwise, holes clockwise.
    rings = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(shapes)))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    # Corners get numbers, so that a segment is one integer and sorts fast.
    corners, number = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    here = np.flatnonzero((ring[1:] == ring[:-1]) & (number[1:] != number[:-1]))
    start, end = number[here], number[here + 1]
    segment = np.minimum(start, end) * len(corners) + np.maximum(start, end)
    keys, where = np.unique(segment, return_inverse=True)
    net = np.bincount(where, weights=np.where(start < end, 1, -1), minlength=len(keys))
    kept = here[net[where] != 0]
    # Long lines are cut at their crossings several times faster than as many segments.
    breaks = np.diff(kept) != 1
    line = np.cumsum(np.append(False, breaks))[: len(kept)]
    last = np.flatnonzero(np.append(breaks, True))[: len(kept)]
    point = np.append(kept, kept[last] + 1)
    order = np.argsort(point)
    return shapely.linestrings(xy[point[order]], indices=np.append(line, line[last])[order])


def _bordering(tree: shapely.STRtree, gaps: np.ndarray) -> list[tuple[int, ...]]:
    """Name, by position, the grids that share a border with each gap, never a mere point."""
    rings, gap = shapely.get_rings(gaps, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    long = np.hypot(*np.diff(xy, axis=0).T) > 2 * TOUCH_M
    here = np.flatnonzero((ring[1:] == ring[:-1]) & long)
    # Each side of a gap is (part of) a side of one grid, so its middle tells whose.
    middle = shapely.points((xy[here] + xy[here + 1]) / 2)
    side, grid = tree.query(middle, predicate="dwithin", distance=TOUCH_M)
    beside: list[set[int]] = [set() for _ in gaps]
    for g, i in zip(gap[ring[here[side]]].tolist(), grid.tolist(), strict=True):
        beside[g].add(i)
    return [tuple(sorted(ids)) for ids in beside]


def _overlaps(
    shapes: np.ndarray, tree: shapely.STRtree, deep: np.ndarray, min_area_m2: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Intersect, pair by pair, the grids that meet where more than one covers."""
    meet = np.unique(tree.query(_places(deep, min_area_m2), predicate="intersects")[1])
    left, right = shapely.STRtree(shapes[meet]).query(shapes[meet])
    left, right = meet[left[left < right]], meet[right[left < right]]
    pair, parts = _parts(shapely.intersection(shapes[left], shapes[right]), min_area_m2)
    return left[pair], right[pair], parts


def _outside(
    shapes: np.ndarray,
    tree: shapely.STRtree,
    faces: np.ndarray,
    duty: BaseGeometry | None,
    min_area_m2: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut off what each grid has beyond the duty."""
    stray = np.unique(tree.query(_places(faces, min_area_m2), predicate="intersects")[1])
    beyond = shapes[stray]
    crossing = shapely.intersects(duty, beyond)
    beyond[crossing] = shapely.difference(beyond[crossing], duty)
    owner, parts = polygon_parts(beyond, min_area_m2)
    return stray[owner], parts


def _places(faces: np.ndarray, min_area_m2: float) -> np.ndarray:
    """Keep the faces that hang together, be it at a corner, with more than an area in all."""
    # Their union would say the same, and takes longer than all the rest where faults are many.
    xy, face = shapely.get_coordinates(faces, return_index=True)
    corners, number = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    count = len(faces) + len(corners)
    touching = coo_array((np.ones(len(face)), (face, len(faces) + number)), shape=(count, count))
    place = connected_components(touching, directed=False)[1][: len(faces)]
    return faces[np.bincount(place, weights=shapely.area(faces))[place] > min_area_m2]


def _parts(shapes: np.ndarray, min_area_m2: float) -> tuple[np.ndarray, np.ndarray]:
    """Take faults apart into polygons above an area, without the hairs that hang on them."""
    owner, parts = polygon_parts(shapes, min_area_m2)
    # A hair along 500 m of border would make a sliver of a square hole, or tie two holes together.
    core = shapely.buffer(parts, -TOUCH_M, join_style="mitre")
    body = shapely.intersection(parts, shapely.buffer(core, 2 * TOUCH_M, join_style="mitre"))
    hairy = shapely.length(body) < 0.99 * shapely.length(parts)
    # What tapers off slowly is thin at its end and no hair: areas stay exact.
    hairy &= shapely.area(body) > (1 - 1e-5) * shapely.area(parts)
    parts[hairy] = body[hairy]
    member, parts = polygon_parts(parts, min_area_m2)
    return owner[member], parts


def _table(
    rows: list[tuple[str, tuple[int, ...], BaseGeometry]], grids: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Tell slivers, put the rows in order and give them the ids of the grids."""
    shapes = gpd.GeoSeries([shape for _, _, shape in rows], crs=grids.crs)
    area, length = shapes.area.fillna(0.0), shapes.length
    thin = 4 * np.pi * area < SLIVER_BELOW * length**2
    kinds = [
        "sliver" if narrow and kind in ("gap", "overlap") else kind
        for (kind, _, _), narrow in zip(rows, thin, strict=True)
    ]
    corner = shapes.bounds[["minx", "miny"]].fillna(0.0).to_numpy().tolist()
    order = sorted(range(len(rows)), key=lambda r: (KINDS.index(kinds[r]), rows[r][1], corner[r]))
    names = grids.index.tolist()
    ids = [tuple(names[i] for i in positions) for _, positions, _ in rows]
    faults = pd.DataFrame(
        {
            "kind": pd.Series([kinds[r] for r in order], dtype="str"),
            "grid_ids": pd.Series([ids[r] for r in order], dtype=object),
            "area_m2": area.to_numpy()[order],
        }
    )
    return gpd.GeoDataFrame(faults, geometry=shapes.iloc[order].array)
