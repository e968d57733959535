"""Streets that cross a barrier, and the units they tie."""

import numpy as np
import pandas as pd
import shapely

from gridgeo.analysis.units.layers import Barriers
from gridgeo.analysis.units.linked import groups

# So far from a barrier line a street is asked which units it runs between, and so near is
# touching.
_STEP_M, _AT_M = 0.5, 0.02


def bridged(
    shapes: np.ndarray, wet: np.ndarray, across: np.ndarray, barriers: Barriers, roads: np.ndarray
) -> np.ndarray:
    """Pair the units that a street ties over a barrier.

    Parameters
    ----------
    shapes : ndarray of Polygon or MultiPolygon, shape (n,)
    wet : ndarray of bool, shape (n,)
        Which of them lie in a barrier area; no bridge ends there.
    across : ndarray of int, shape (a, 2)
        Pairs that share a border on barriers only.
    barriers : Barriers
    roads : ndarray of lines

    Returns
    -------
    ndarray of int, shape (m, 2)
        Positions in ``shapes``, the lower first, each pair once.
    """
    lines = shapely.get_parts(roads)
    tree = shapely.STRtree(shapes)
    n = len(shapes)
    over_line = _tied(tree, wet, *_stubs(lines, barriers))
    # The two on the same side of the street face each other; the other two meet in a point.
    over_line = over_line[np.isin(over_line @ [n, 1], across @ [n, 1])]
    over_area = _tied(tree, wet, *_bridgeheads(lines, barriers))
    return np.unique(np.concatenate([over_line, over_area]), axis=0)


def _stubs(lines: np.ndarray, barriers: Barriers) -> tuple[np.ndarray, np.ndarray]:
    """Give points on the streets around each place where some meet a barrier line.

    Returns
    -------
    points : ndarray of Point, shape (p,)
    crossing : ndarray of int, shape (p,)
    """
    wall, road = shapely.STRtree(lines).query(barriers.lines, predicate="intersects")
    met = shapely.intersection(barriers.lines[wall], lines[road])
    # A street may end on the line and another go on, and it may follow the line before it leaves.
    rings = shapely.boundary(shapely.get_parts(shapely.buffer(shapely.union_all(met), _STEP_M)))
    ring, road = shapely.STRtree(lines).query(rings, predicate="intersects")
    points, of = shapely.get_parts(
        shapely.intersection(rings[ring], lines[road]), return_index=True
    )
    beside = np.ones(len(points), bool)
    on = shapely.STRtree(points).query(barriers.lines, predicate="dwithin", distance=_AT_M)[1]
    beside[on] = False
    return points[beside], ring[of[beside]]


def _bridgeheads(lines: np.ndarray, barriers: Barriers) -> tuple[np.ndarray, np.ndarray]:
    """Give the ends, on the banks, of each connected net of streets over barrier areas.

    Returns
    -------
    points : ndarray of Point, shape (p,)
    net : ndarray of int, shape (p,)
    """
    reach = np.unique(shapely.STRtree(lines).query(barriers.banks, predicate="intersects")[1])
    inside = shapely.STRtree(lines).query(barriers.water, predicate="contains")
    over = shapely.intersection(lines[np.union1d(reach, inside)], barriers.water)
    # A street along a bank is no bridge.
    quay = shapely.union_all(barriers.banks)
    spans = shapely.get_parts(shapely.union_all(shapely.difference(over, quay)))
    spans = spans[(shapely.get_type_id(spans) == 1) & ~shapely.is_empty(spans)]
    tips = np.stack([shapely.get_point(spans, 0), shapely.get_point(spans, -1)], axis=1)
    xy, node = np.unique(shapely.get_coordinates(tips), axis=0, return_inverse=True)
    net = groups(len(xy), node.reshape(-1, 2))
    points = shapely.points(xy)
    bank = np.unique(
        shapely.STRtree(points).query(barriers.banks, predicate="dwithin", distance=_AT_M)[1]
    )
    return points[bank], net[bank]


def _tied(
    tree: shapely.STRtree, wet: np.ndarray, points: np.ndarray, bridge: np.ndarray
) -> np.ndarray:
    """Pair units outside the water that touch different points of one bridge."""
    at, unit = tree.query(points, predicate="dwithin", distance=_AT_M)
    ends = pd.DataFrame({"bridge": bridge[at], "at": at, "unit": unit})[~wet[unit]]
    both = ends.merge(ends, on="bridge")
    both = both[(both["at_x"] != both["at_y"]) & (both["unit_x"] < both["unit_y"])]
    return np.unique(both[["unit_x", "unit_y"]].to_numpy(), axis=0)
