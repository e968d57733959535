"""Units between streets: the blocks that streets, waters and borders enclose."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.analysis.units.faces import (
    borders,
    closed_gaps,
    dissolved,
    faces_of,
    grown,
    noded,
    width_m,
)
from gridgeo.analysis.units.frame import islands, ordered, unit_frame
from gridgeo.analysis.units.layers import (
    Ground,
    Layer,
    read_buildings,
    read_ground,
    read_streets,
    require_size,
)
from gridgeo.analysis.units.split import split_blocks

# So far before and after a barrier line a street is asked whom it runs between, and so near is
# touching.
_STEP_M, _AT_M = 0.5, 1e-3


def units_from_streets(
    boundary: Layer,
    streets: Layer | None,
    barriers: Layer | None = None,
    *,
    buildings: Layer | None = None,
    max_load: float = 60.0,
    min_area_m2: float = 100.0,
    min_width_m: float = 2.0,
    snap_m: float = 0.01,
) -> gpd.GeoDataFrame:
    """Divide a place into the blocks between its streets, waters and borders.

    Parameters
    ----------
    boundary : GeoDataFrame or GeoSeries of Polygon or MultiPolygon
        Metric CRS. Holes and several parts are kept. No unit crosses the border of a row: give
        villages, and every unit is in one.
    streets : GeoDataFrame or GeoSeries of lines, or None
        Brought into the CRS of ``boundary``. Lines may cross themselves, repeat and reach
        outside; dead ends part nothing. None or empty: one unit for each part of the boundary.
    barriers : GeoDataFrame or GeoSeries of lines or areas, optional
        Rivers, canals, railways: no unit lies on both sides. An area is a unit of its own,
        whatever bridges cross it. Brought into the CRS of ``boundary``.
    buildings : GeoDataFrame or GeoSeries of Point, Polygon or MultiPolygon, optional
        With ``households`` (missing counts 0; without the column each building counts 1).
    max_load : float
        Blocks with more households are split between buildings, never through one, into
        connected parts of no more; a building that has more alone stays one. Only with
        ``buildings``.
    min_area_m2, min_width_m : float
        Blocks smaller than the one or narrower (2A/P) than the other are slivers, such as the
        strip between two carriageways: they join the neighbour with which they share the longest
        border that is on no barrier.
    snap_m : float
        Lines that miss another by no more than this are led on to it; slivers no wider join a
        neighbour even across a barrier, which then was drawn twice.

    Returns
    -------
    GeoDataFrame, shape (u, …)
        Index ``unit_id``: "U0001", … along a Hilbert curve. A partition of ``boundary``: every
        unit one valid Polygon (with a hole around an enclosed block), no gap, no overlap,
        corners shared to the bit. It depends neither on the order of rows nor on the direction
        of lines.

        kind : "land", or "water" in a barrier area: a plan of service grids leaves these out,
            or lets grids reach across by keeping them.
        households : float. Only with ``buildings``, counted where a point inside the building is.

        ``attrs["report"]`` is a dict: ``units``, ``blocks`` (faces between the lines),
        ``merged_slivers``, ``split_blocks``, ``over_max_load`` (ids of units one building fills
        beyond ``max_load``), ``gaps_closed`` (line ends), ``dangling_m`` (metres of dead ends),
        ``unusable`` (rows without finite geometry), ``buildings_outside``, ``islands`` (ids of
        units without a neighbour) and ``bridges`` (pairs of ids of land units that a street
        joins across a barrier, to be added to the edges of a ``UnitGraph``).

    Raises
    ------
    CRSError
        ``boundary`` does not measure metres, or a layer has no CRS.
    GeometryError
        ``boundary`` has no area; a row is of the wrong kind.
    ParameterError
        A size is negative or no number; a count of households is negative.

    Notes
    -----
    Faces of the noded lines, as in JTS's Polygonizer (Davis). Parts of a split block are Voronoi
    cells of the buildings' outlines, put together from one end of the block to the other.

    Examples
    --------
    >>> square = gpd.GeoSeries([shapely.box(0, 0, 100, 100)], crs=4549)
    >>> cross = [shapely.LineString([(50, 0), (50, 100)]), shapely.LineString([(0, 50), (100, 50)])]
    >>> units_from_streets(square, gpd.GeoSeries(cross, crs=4549)).area.tolist()
    [2500.0, 2500.0, 2500.0, 2500.0]
    """
    sizes = {"min_area_m2": min_area_m2, "min_width_m": min_width_m, "snap_m": snap_m}
    for name, value in sizes.items():
        require_size(value, name)
    require_size(max_load, "max_load")
    ground = read_ground(boundary, barriers)
    roads, dropped = read_streets(streets, boundary)
    homes = read_buildings(buildings, boundary) if buildings is not None else None

    net, closed = noded(np.concatenate([ground.walls, roads]), ground.area), 0
    if snap_m > 0:
        net, closed = closed_gaps(net, ground.area, snap_m)
    blocks, dangling_m = faces_of(net, ground.area)
    shapes, merged = _without_slivers(blocks, ground, min_area_m2, min_width_m, snap_m)
    split = 0
    if homes is not None:
        shapes, split = split_blocks(shapes, *homes[:2], max_load, ground.area)

    shapes = shapes[ordered(shapes)]
    columns = {"kind": np.where(ground.in_water(shapes), "water", "land")}
    outside = 0
    if homes is not None:
        households, outside = _counted(shapes, *homes[:2])
        columns["households"] = households
    units = unit_frame(shapes, columns, boundary)
    alone, pairs = islands(units)
    over = units.index[units["households"] > max_load].tolist() if homes is not None else []
    units.attrs["report"] = {
        "units": len(units),
        "blocks": len(blocks),
        "merged_slivers": merged,
        "split_blocks": split,
        "over_max_load": over,
        "gaps_closed": closed,
        "dangling_m": round(dangling_m, 3),
        "unusable": dropped + ground.dropped + (homes[2] if homes is not None else 0),
        "buildings_outside": outside,
        "islands": alone,
        "bridges": _bridges(units, pairs, roads, ground),
    }
    return units


def _without_slivers(
    blocks: np.ndarray, ground: Ground, min_area_m2: float, min_width_m: float, snap_m: float
) -> tuple[np.ndarray, int]:
    """Let slivers join a neighbour, and water be one unit for each connected piece."""
    wet = ground.in_water(blocks)
    sliver = (shapely.area(blocks) < min_area_m2) | (width_m(blocks) < min_width_m)
    if not (sliver | wet).any():
        return blocks, 0
    label = np.where(sliver | wet, -1, np.arange(len(blocks)))
    pair, ends = borders(blocks)
    label = grown(label, pair, ends, ground.walls)
    shapes, label = dissolved(blocks, label)
    hair = width_m(shapes) <= snap_m
    if hair.any() and not hair.all():
        again = np.where(hair[label], -1, label)
        shapes, label = dissolved(blocks, grown(again, pair, ends, None))
    _, size = np.unique(label, return_counts=True)
    # Of each unit one block is the unit; what else is no water joined it.
    joined = sliver & ~wet & (size[label] > 1)
    return shapes, int(joined.sum())


def _counted(
    shapes: np.ndarray, buildings: np.ndarray, households: np.ndarray
) -> tuple[np.ndarray, int]:
    """Sum the households of each unit; a building counts once, where a point inside it is."""
    at, unit = shapely.STRtree(shapes).query(
        shapely.point_on_surface(buildings), predicate="intersects"
    )
    place, first = np.unique(at, return_index=True)
    load = np.bincount(unit[first], weights=households[place], minlength=len(shapes))
    return load, len(buildings) - len(place)


def _bridges(
    units: gpd.GeoDataFrame, pairs: np.ndarray, roads: np.ndarray, ground: Ground
) -> list[list[str]]:
    """Pair the land units that a street joins across a barrier line or area."""
    if len(roads) == 0 or len(ground.barriers) == 0:
        return []
    lines = shapely.get_parts(roads)
    wall, road = shapely.STRtree(lines).query(ground.barriers, predicate="intersects")
    at, of = shapely.get_parts(
        shapely.intersection(ground.barriers[wall], lines[road]), return_index=True
    )
    point = (shapely.get_type_id(at) == 0) & ~shapely.is_empty(at)
    along = lines[road[of[point]]]
    middle_m = shapely.line_locate_point(along, at[point])
    before = shapely.line_interpolate_point(along, np.maximum(middle_m - _STEP_M, 0))
    after = shapely.line_interpolate_point(along, middle_m + _STEP_M)
    over_line = _joined(units, before, after)
    # Across a line the two on the same side of the street face each other; the other two meet
    # in a point.
    n = len(units)
    over_line = over_line[np.isin(over_line @ [n, 1], pairs @ [n, 1])]
    over = shapely.get_parts(shapely.intersection(lines[np.unique(road)], ground.water))
    over = over[shapely.length(over) > 0]
    over_area = _joined(units, shapely.get_point(over, 0), shapely.get_point(over, -1))
    both = np.unique(np.concatenate([over_line, over_area]), axis=0)
    return units.index.to_numpy()[both].tolist()


def _joined(units: gpd.GeoDataFrame, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Pair, by position, land units at one end of stretches with those at the other."""
    tree, land = shapely.STRtree(units.geometry.to_numpy()), (units["kind"] == "land").to_numpy()
    ends = []
    for points in (before, after):
        stretch, unit = tree.query(points, predicate="dwithin", distance=_AT_M)
        ends.append(pd.DataFrame({"stretch": stretch, "unit": unit})[land[unit]])
    pair = ends[0].merge(ends[1], on="stretch")[["unit_x", "unit_y"]].to_numpy()
    pair = np.sort(pair[pair[:, 0] != pair[:, 1]], axis=1)
    return np.unique(pair, axis=0)
