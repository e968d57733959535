"""Units between streets: the blocks that streets, waters and borders enclose."""

import geopandas as gpd
import numpy as np
import shapely

from gridgeo.analysis.units.faces import (
    borders,
    closed_gaps,
    dissolved,
    faces_of,
    grown,
    width_m,
)
from gridgeo.analysis.units.frame import ordered, unit_frame
from gridgeo.analysis.units.layers import (
    Ground,
    Layer,
    read_buildings,
    read_ground,
    read_streets,
    require_size,
)
from gridgeo.analysis.units.noding import noded
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
        With ``households`` (missing counts 0; without the column each building counts 1). A
        point stands for a square of 10 cm.
    max_load : float
        Blocks with more households are split between buildings into connected parts of no more.
        Only with ``buildings``.
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
        piece : int. Land that hangs together without crossing a barrier has one number, from 1
            on; water has 0.
        households : float. Only with ``buildings``: of those at a point inside the unit. Each
            counts once, on a border in one of the units that touch it.

        ``attrs["report"]`` is a dict of plain numbers and lists, so tables and files with it can
        be put together and written:

        - ``units``, ``blocks`` (faces between the lines), ``merged_slivers``, ``gaps_closed``
          (line ends), ``dangling_m`` (metres of dead ends), ``unusable`` (rows without finite
          geometry);
        - ``islands`` (ids of land units without a neighbour on their side of the barriers),
          ``pieces`` (how many), ``bridges`` (pairs of ids that only a street ties across a
          barrier), ``bridged_pieces`` (pairs of pieces that bridges alone tie), ``lone_pieces``
          (of several, those that no bridge reaches);
        - with ``buildings`` only: ``split_blocks``, ``over_max_load`` (units that one building
          fills beyond ``max_load``) and ``buildings_outside`` (of the boundary: in no unit).

    Raises
    ------
    CRSError
        ``boundary`` does not measure metres, or a layer has no CRS.
    GeometryError
        ``boundary`` has no area; a row is of the wrong kind, such as the outline of a street.
    ParameterError
        A size is negative or no number; a count of households is negative.

    See Also
    --------
    unit_edges : Which units people can go between, over land or over a bridge.

    Notes
    -----
    Faces of the noded lines, as in JTS's Polygonizer (Davis). Corners move by less than a
    micrometre. Parts of a split block are Voronoi cells of the buildings' outlines, put together
    from one end of the block to the other.

    A border that splits a block goes through no building. It may follow the wall between two
    that touch; where two overlap by no more than 1 cm that is their common wall, drawn twice, and
    the border is in the strip. Buildings that overlap deeper are one and stay together; so one
    that has more than ``max_load`` stays one, and buildings that overlap may. Streets and
    barriers themselves may go through a building, whose parts then lie in several units.

    Cost grows with the number of lines and buildings: 11,000 streets of a lattice take half a
    second, 100,000 buildings in blocks of 60 half a minute.

    Examples
    --------
    >>> square = gpd.GeoSeries([shapely.box(0, 0, 100, 100)], crs=4549)
    >>> cross = [shapely.LineString([(50, 0), (50, 100)]), shapely.LineString([(0, 50), (100, 50)])]
    >>> units_from_streets(square, gpd.GeoSeries(cross, crs=4549)).area.tolist()
    [2500.0, 2500.0, 2500.0, 2500.0]

    From streets to a fair plan, over a river with one bridge:

    >>> import gridgeo as gg
    >>> x = [10, 30, 50, 70, 90, 30]
    >>> roads = [shapely.LineString([(e, 0), (e, 40 if e > 50 else 100)]) for e in x]
    >>> river = gpd.GeoSeries([shapely.box(0, 40, 100, 60)], crs=4549)
    >>> homes = gpd.GeoSeries.from_xy([5, 20, 40, 60, 80, 95, 5, 40], [20] * 6 + [80] * 2, crs=4549)
    >>> streets = gpd.GeoSeries(roads, crs=4549)
    >>> units = gg.units_from_streets(square, streets, river, buildings=homes)
    >>> units.attrs["report"]["bridged_pieces"]
    [[1, 2]]
    >>> land = units[units["kind"] == "land"]
    >>> edges = gg.unit_edges(land, river, streets)
    >>> graph = gg.UnitGraph(land, edges[["first", "second"]].to_numpy())
    >>> plan = gg.balance(graph, "households", k=2)
    >>> land["households"].groupby(plan.assignment).sum().tolist()
    [4.0, 4.0]
    """
    sizes = {"min_area_m2": min_area_m2, "min_width_m": min_width_m, "snap_m": snap_m}
    for name, value in sizes.items():
        require_size(value, name)
    require_size(max_load, "max_load")
    ground = read_ground(boundary, barriers)
    roads, dropped = read_streets(streets, boundary)
    homes = None if buildings is None else read_buildings(buildings, boundary)

    net, closed = noded(np.concatenate([ground.walls, roads]), ground.area), 0
    if snap_m > 0:
        net, closed = closed_gaps(net, ground.area, snap_m)
    blocks, dangling_m = faces_of(net, ground.area)
    shapes, merged = _without_slivers(blocks, ground, min_area_m2, min_width_m, snap_m)
    split = None if homes is None else split_blocks(shapes, *homes[:2], max_load, ground.area)
    shapes = shapes if split is None else split.shapes
    order = ordered(shapes)
    columns = {} if split is None else {"households": split.households[order]}
    units, report = unit_frame(shapes[order], columns, boundary, ground.barriers, roads)
    report |= {
        "blocks": len(blocks),
        "merged_slivers": merged,
        "gaps_closed": closed,
        "dangling_m": round(dangling_m, 3),
        "unusable": dropped + ground.barriers.dropped + (0 if homes is None else homes[2]),
    }
    if split is not None:
        report |= {
            "split_blocks": split.parted,
            "over_max_load": int((split.households > max_load).sum()),
            "buildings_outside": split.outside,
        }
    units.attrs["report"] = report
    return units


def _without_slivers(
    blocks: np.ndarray, ground: Ground, min_area_m2: float, min_width_m: float, snap_m: float
) -> tuple[np.ndarray, int]:
    """Let slivers join a neighbour, and water be one unit for each connected piece."""
    wet = ground.barriers.hold(blocks)
    wide_m = width_m(blocks)
    sliver = (shapely.area(blocks) < min_area_m2) | (wide_m < min_width_m) | (wide_m <= snap_m)
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
