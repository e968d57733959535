"""Units around points: each place belongs to the nearest point that no barrier hides."""

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.units.faces import borders, dissolved, faces_of, grown
from gridgeo.analysis.units.frame import ordered, unit_frame
from gridgeo.analysis.units.layers import Layer, loads, read_ground, read_points, require_size
from gridgeo.analysis.units.linked import groups
from gridgeo.analysis.units.noding import ON_M, merged, noded

# A wall this near to a cell may move its corners.
_NEAR_M = 1e-5


def units_from_points(
    points: Layer, boundary: Layer, barriers: Layer | None = None, *, same_m: float = 0.001
) -> gpd.GeoDataFrame:
    """Divide a place into units around points, such as addresses or buildings.

    Parameters
    ----------
    points : GeoDataFrame or GeoSeries of Point, shape (n,)
        Brought into the CRS of ``boundary``; ``n`` may be 0. A column ``households`` (counts of
        0 or more, missing counts 0) is summed by unit.
    boundary : GeoDataFrame or GeoSeries of Polygon or MultiPolygon
        Metric CRS. Holes and several parts are kept. No unit crosses the border of a row: give
        villages, and every unit is in one.
    barriers : GeoDataFrame or GeoSeries of lines or areas, optional
        Rivers, canals, railways. No unit crosses a line or a bank, unless it ends before it
        parts anything. Brought into the CRS of ``boundary``.
    same_m : float
        Points this near to each other are one place and share a unit.

    Returns
    -------
    GeoDataFrame, shape (u, …)
        Index ``unit_id``: "U0001", … along a Hilbert curve. A partition of ``boundary``: every
        unit one valid Polygon, no gap, no overlap, corners shared to the bit. It depends neither
        on the order of rows nor on the direction of lines.

        points : int. How many points lie in it; 0 only where a barrier cuts off a place
            without any.
        households : float. Only where ``points`` has it.
        kind : "land", or "water" in a barrier area.
        piece : int. Land that hangs together without crossing a barrier has one number, from 1
            on; water has 0.

        ``attrs["report"]`` is a dict of plain numbers and lists: ``units``, ``points`` (placed),
        ``coincident`` (points beyond the first of their place), ``outside`` (of the boundary: in
        no unit), ``unusable`` (points or barriers without finite geometry), ``moved_pieces``
        (parts of a cell that a barrier or bend cut off, given to a neighbour), ``without_point``
        (units), ``islands`` (ids of land units without a neighbour on their side of the
        barriers) and ``pieces`` (how many). Bridges are what ``unit_edges`` finds.

    Raises
    ------
    CRSError
        ``boundary`` does not measure metres, or a layer has no CRS.
    GeometryError
        ``boundary`` has no area; a row is of the wrong kind.
    ParameterError
        A count of households is negative; ``same_m`` is no number of 0.001 or more.

    Notes
    -----
    Cells: Voronoi, J. reine angew. Math. 134 (1908). A part that lost its point goes to the
    neighbour with which it shares the longest border on its side of every barrier.
    A point on a border belongs to one of the units that touch it; within 1 µm of the boundary it
    is inside. Corners move by less than a micrometre. 100,000 points take 5 s, and cost grows
    hardly faster than their number.

    Examples
    --------
    >>> square = gpd.GeoSeries([shapely.box(0, 0, 100, 100)], crs=4549)
    >>> homes = gpd.GeoSeries.from_xy([20, 60, 60], [50, 50, 50], crs=4549)
    >>> units = units_from_points(homes, square)
    >>> list(zip(units["points"].tolist(), units.area.tolist(), strict=True))
    [(1, 4000.0), (2, 6000.0)]
    """
    require_size(same_m, "same_m", 0.001)
    ground = read_ground(boundary, barriers)
    spots, position, dropped = read_points(points, boundary)
    inside = shapely.dwithin(ground.area, spots, ON_M)
    xy = shapely.get_coordinates(spots[inside])
    # Sites in an order of their own, so that the order of rows decides nothing.
    rank = np.lexsort((xy[:, 1], xy[:, 0]))
    xy, position = xy[rank], position[inside][rank]
    site_of = _places(xy, same_m)
    sites, site_of = _first_of_each(xy, site_of)

    faces, label, moved = _cells(sites, ground.area, ground.walls)
    shapes, of_face = dissolved(faces, label)
    unit_of_label = dict(zip(label.tolist(), of_face.tolist(), strict=True))
    order = ordered(shapes)
    number = np.argsort(order)
    home = number[np.array([unit_of_label[site] for site in range(len(sites))], int)[site_of]]

    columns = {"points": np.bincount(home, minlength=len(shapes))}
    if "households" in getattr(points, "columns", ()):
        count = loads(points, "points")[position]
        columns["households"] = np.bincount(home, weights=count, minlength=len(shapes))
    none = np.empty(0, object)
    units, report = unit_frame(shapes[order], columns, boundary, ground.barriers, none)
    told = {key: report[key] for key in ("units", "islands", "pieces")}
    units.attrs["report"] = told | {
        "points": len(xy),
        "coincident": len(xy) - len(sites),
        "outside": int((~inside).sum()),
        "unusable": dropped + ground.barriers.dropped,
        "moved_pieces": moved,
        "without_point": int((units["points"] == 0).sum()),
    }
    return units


def voronoi(sites: np.ndarray, area: BaseGeometry) -> np.ndarray:
    """Give the cell of each of the distinct sites, far beyond the area."""
    west, south, east, north = shapely.bounds(area)
    middle = np.array([west + east, south + north]) / 2
    far = 20 * max(east - west, north - south)
    turn = np.arange(8) * np.pi / 4 + 0.1
    # Far sites keep one, two or collinear points from being a special case; small numbers keep
    # the digits for the corners.
    ring = far * np.column_stack([np.cos(turn), np.sin(turn)])
    cloud = shapely.multipoints(np.concatenate([sites - middle, ring]))
    cells = shapely.get_parts(shapely.voronoi_polygons(cloud, ordered=True))[: len(sites)]
    return shapely.transform(cells, lambda xy: xy + middle)


def _places(xy: np.ndarray, same_m: float) -> np.ndarray:
    """Give each point the number of its place; near ones are at one."""
    if len(xy) == 0:
        return np.empty(0, int)
    return groups(len(xy), cKDTree(xy).query_pairs(same_m, output_type="ndarray"))


def _first_of_each(xy: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let the first point of each place stand for it; number places by these."""
    _, first, of_point = np.unique(place, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return xy[np.sort(first)], rank[of_point]


def _cells(
    sites: np.ndarray, area: BaseGeometry, walls: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Cut an area into cells of sites.

    Returns
    -------
    faces : ndarray of Polygon, shape (f,)
    label : ndarray of int, shape (f,)
        The site whose unit each face is part of; beyond the sites, places without any.
    moved : int
        Faces that are not in the unit of their nearest site.
    """
    if len(sites) == 0:
        faces, _ = faces_of(noded(walls, area), area)
        pair, ends = borders(faces)
        return faces, grown(np.full(len(faces), -1), pair, ends, walls), 0
    cells = voronoi(sites, area)
    cells = shapely.remove_repeated_points(shapely.transform(cells, merged))
    # Most cells of a city meet no wall: they are right as they are, and only the rest is noded.
    pieces = shapely.get_parts(walls)
    cut = np.zeros(len(cells), bool)
    near = shapely.STRtree(cells).query(pieces, predicate="dwithin", distance=_NEAR_M)[1]
    cut[near] = True
    faces, nearest = _cut(cells, cut, sites, pieces, area)
    if not shapely.coverage_is_valid(np.concatenate([cells[~cut], faces])):
        cut[:] = True  # cells like needles, that pass each other's corners
        faces, nearest = _cut(cells, cut, sites, pieces, area)
    label = np.full(len(faces), -1)
    broken = np.flatnonzero(cut)
    near, at = shapely.STRtree(faces).query(
        shapely.points(sites[broken]), predicate="dwithin", distance=ON_M
    )
    own = nearest[at] == broken[near]
    # A site on a wall has a piece on both sides; the first, to the west, is its own.
    order = np.lexsort((at[own], broken[near[own]]))
    mine, first = np.unique(broken[near[own]][order], return_index=True)
    label[at[own][order][first]] = mine
    faces = np.concatenate([cells[~cut], faces])
    label = np.concatenate([np.flatnonzero(~cut), label])
    nearest = np.concatenate([np.flatnonzero(~cut), nearest])
    if (label < 0).any():
        label = grown(label, *borders(faces), walls)
    return faces, label, int(((label != nearest) & (label < len(sites))).sum())


def _cut(
    cells: np.ndarray, cut: np.ndarray, sites: np.ndarray, walls: np.ndarray, area: BaseGeometry
) -> tuple[np.ndarray, np.ndarray]:
    """Cut some of the cells along walls: the faces, and the nearest site of each."""
    net = noded(np.concatenate([shapely.boundary(cells[cut]), walls]), area)
    faces, _ = faces_of(net, area)
    nearest = cKDTree(sites).query(shapely.get_coordinates(shapely.point_on_surface(faces)))[1]
    return faces[cut[nearest]], nearest[cut[nearest]]
