"""The streets and waters of a sample: borders of blocks, joined and named."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from gridgeo.sample.ground import Course, Floats, Ground
from gridgeo.sample.plan import Plan
from gridgeo.sample.registers import short_name

_METRES = "EPSG:4549"
_ASIDE_M = 25.0  # a way this far from its course counts double
_CORRIDOR_M = 1200.0  # and keeps within this
_DOT_M = 10.0
_STRAIGHT_ON = np.cos(np.radians(66.0))  # a lane goes on over a crossing that bends it less
_RIVER_M = 2400.0


def lay_streets(
    ground: Ground, plan: Plan, register: pd.DataFrame
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64]]:
    """Join the borders of blocks into streets.

    Parameters
    ----------
    ground, plan
        The blocks and their villages.
    register : DataFrame
        The villages; lanes are named after them.

    Returns
    -------
    streets : GeoDataFrame
        As its contract says, in EPSG:4549: ``kind`` is "trunk", "main" or "lane". Every border
        of two blocks that no canal parts belongs to exactly one.
    street : ndarray of int, shape (m,)
        Position in ``streets`` of each of ``ground.pairs``; -1 where a canal runs.
    """
    land = np.flatnonzero(~ground.water)
    ends, node = np.unique(ground.borders[land].reshape(-1, 2), axis=0, return_inverse=True)
    node = node.reshape(-1, 2)
    label = np.full(len(land), -1)
    drawn: list[Course] = []
    for course in ground.courses:
        if course.kind in ("trunk", "main"):
            way = _follow(course, ends, node, ground.borders[land])
            fresh = way[label[way] < 0]
            if len(fresh):
                label[fresh] = len(drawn)
                drawn.append(course)
    lane = np.flatnonzero(label < 0)
    label[lane] = len(drawn) + _strokes(ends, node[lane])
    count = int(label.max()) + 1
    place = plan.village[ground.pairs[land, 0]]
    first = pd.Series(place).groupby(label).first().to_numpy()[len(drawn) :]
    number = pd.Series(first).groupby(first).cumcount().to_numpy() + 1
    names = [short_name(name) for name in register["name"]]
    urban = (register["kind"] == "community").to_numpy()
    lanes = [
        f"{names[p].removesuffix('社区')}{n}{'巷' if urban[p] else '号路'}"
        for p, n in zip(first, number, strict=True)
    ]
    streets = gpd.GeoDataFrame(
        {
            "name": [c.name for c in drawn] + lanes,
            "kind": [c.kind for c in drawn] + ["lane"] * len(lanes),
        },
        index=pd.Index([f"R{n + 1:05d}" for n in range(count)], name="street_id"),
        geometry=_joined(ground.borders[land], label, count),
        crs=_METRES,
    )
    street = np.full(len(ground.pairs), -1)
    street[land] = label
    return streets, street


def lay_waters(ground: Ground) -> gpd.GeoDataFrame:
    """Give the river beside the ground and the canals through it.

    Parameters
    ----------
    ground : Ground

    Returns
    -------
    GeoDataFrame
        As its contract says, in EPSG:4549: the Yangtze as a polygon that shares the ground's
        bank vertex for vertex, canals as lines along the borders of blocks.
    """
    shores = [course for course in ground.courses if course.kind == "shore"]
    canals = [course for course in ground.courses if course.kind == "canal"]
    land = shapely.coverage_union_all(ground.blocks)
    wet = ground.borders[ground.water]
    middles = shapely.points(wet.mean(axis=1))
    away = np.array([shapely.distance(canal.line, middles) for canal in canals])
    shapes = _joined(wet, away.argmin(axis=0), len(canals))
    rows = [
        (canal.name, "canal", shape)
        for canal, shape in zip(canals, shapes, strict=True)
        if not shape.is_empty
    ]
    for shore in shores:
        wide = shapely.buffer(shore.line, _RIVER_M, cap_style="flat", quad_segs=4)
        outside = shapely.get_parts(shapely.difference(wide, land))
        rows.insert(0, (shore.name, "river", outside[int(np.argmax(shapely.area(outside)))]))
    name, kind, shape = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"name": name, "kind": kind},
        index=pd.Index([f"C{n + 1:02d}" for n in range(len(rows))], name="water_id"),
        geometry=list(shape),
        crs=_METRES,
    )


def _follow(
    course: Course, ends: Floats, node: NDArray[np.int64], borders: Floats
) -> NDArray[np.int64]:
    """Find the way along borders of blocks that keeps closest to a course."""
    dots = shapely.get_coordinates(shapely.segmentize(course.line, _DOT_M))
    trail = cKDTree(dots)
    off, _ = trail.query(ends, distance_upper_bound=_CORRIDOR_M)
    near = np.flatnonzero(off < 4 * _ASIDE_M)
    if len(near) < 2:
        return np.empty(0, dtype="int64")
    edges = np.flatnonzero(np.isfinite(off[node]).all(axis=1))
    node, borders = node[edges], borders[edges]
    metres = np.linalg.norm(borders[:, 0] - borders[:, 1], axis=1)
    aside, _ = trail.query(borders.mean(axis=1))
    cost = metres * (1 + (aside / _ASIDE_M) ** 2)
    n = len(ends)
    graph = coo_array((cost, (node[:, 0], node[:, 1])), shape=(n, n)).tocsr()
    along = shapely.line_locate_point(course.line, shapely.points(ends[near]))
    start, stop = int(near[along.argmin()]), int(near[along.argmax()])
    _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    edge_of = csr_array(
        (np.arange(1, len(node) + 1), (node.min(axis=1), node.max(axis=1))), shape=(n, n)
    )
    way = []
    while stop != start and before[stop] >= 0:
        ahead = int(before[stop])
        way.append(int(edge_of[min(stop, ahead), max(stop, ahead)]) - 1)
        stop = ahead
    return edges[np.array(way, dtype="int64")]


def _strokes(ends: Floats, node: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join edges that go on over a crossing, straightest first; give each edge its lane."""
    count = len(node)
    edge = np.tile(np.arange(count), 2)
    here, there = np.concatenate([node, node[:, ::-1]]).T
    away = ends[there] - ends[here]
    away = away / np.linalg.norm(away, axis=1)[:, None]
    order = np.argsort(here, kind="stable")
    edge, here, away = edge[order], here[order], away[order]
    degree = np.bincount(here)
    longest = int(degree.max())
    pairs = []
    for step in range(1, longest):
        left = np.arange(len(here) - step)
        left = left[here[left] == here[left + step]]
        pairs.append(np.column_stack([left, left + step]))
    pair = np.vstack(pairs)
    straight = -np.einsum("ij,ij->i", away[pair[:, 0]], away[pair[:, 1]])
    pair, straight = pair[straight > _STRAIGHT_ON], straight[straight > _STRAIGHT_ON]
    taken = np.zeros(len(here), dtype=bool)
    links = []
    for one, other in pair[np.argsort(-straight, kind="stable")].tolist():
        if not taken[one] and not taken[other]:
            taken[one] = taken[other] = True
            links.append((edge[one], edge[other]))
    link = np.array(links, dtype="int64").reshape(-1, 2)
    joined = coo_array((np.ones(len(link)), (link[:, 0], link[:, 1])), shape=(count, count))
    _, lane = connected_components(joined, directed=False)
    # Number the lanes by their first edge, whatever order the components came in.
    return np.asarray(pd.factorize(lane)[0], dtype="int64")


def _joined(borders: Floats, label: NDArray[np.int64], count: int) -> NDArray[np.object_]:
    """Merge the borders of each label; a MultiLineString of one line where they all meet."""
    order = np.argsort(label, kind="stable")
    shapes = np.full(count, shapely.MultiLineString(), dtype=object)
    lines = shapely.linestrings(borders[order])
    used = np.unique(label)
    shapes[used] = shapely.multilinestrings(lines, indices=np.searchsorted(used, label[order]))
    parts, owner = shapely.get_parts(shapely.line_merge(shapes), return_index=True)
    merged = np.full(count, shapely.MultiLineString(), dtype=object)
    merged[used] = shapely.multilinestrings(parts, indices=np.searchsorted(used, owner))
    return merged


def street_of_block(ground: Ground, street: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each block the street it has its doors on: the most important along its border.

    Blocks that canals and the city's border enclose have the street of their nearest neighbour.
    """
    known = street >= 0
    count = len(ground.blocks)
    best = np.full(count, street.max() + 1)
    for side in (0, 1):
        np.minimum.at(best, ground.pairs[known, side], street[known])
    without = best > street.max()
    if without.any():
        _, nearest = cKDTree(ground.centres[~without]).query(ground.centres[without])
        best[without] = best[~without][nearest]
    return best
