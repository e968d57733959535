"""Lines cut where they meet, so cleanly that what is built of them can be built again.

A line cut at a corner that had to be rounded passes it by a nanometre the next time, and hairs,
gaps and crossings come of it. Here no corner is nearer to a line than ``CLEAR_M``, unless it is
on it: then the line has that corner, and cutting again changes nothing.
"""

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.adjacency import segments_of
from gridgeo.analysis.units.linked import groups

# Doubles tell half a nanometre apart at 4,000 km, surveys a centimetre.
CLEAR_M = 1e-7
# Corners nearer than √2 times that could lead lines through each other in turn, without end.
_ONE_M = 2e-7
# What is this near to a line is on it, for corners may have moved.
ON_M = 1e-6
_DIGITS = 8
_BESIDE_M = 0.01
# Two rounds are the rule; lines that lie in each other's way by design may take some more.
_ROUNDS = 50


def noded(lines: np.ndarray, within: BaseGeometry) -> BaseGeometry:
    """Cut lines where they meet.

    Parameters
    ----------
    lines : ndarray of lines
        In any order and direction, any number of times: the answer is the same to the bit,
        because they are taken apart into segments and put in order first.
    within : Polygon or MultiPolygon
        Segments beyond 1 cm of it are left out. Prepared.

    Returns
    -------
    MultiLineString or LineString
        Corners have moved by less than a micrometre.
    """
    ends = in_order(segments_of(shapely.get_parts(lines)))
    # Corners on the border of the area may lie outside it by rounding.
    near = shapely.dwithin(within, shapely.linestrings(ends), _BESIDE_M)
    ends = in_order(np.round(ends[near], _DIGITS))
    for _ in range(_ROUNDS):
        net = shapely.union_all(shapely.linestrings(ends))
        ends, moved = _cleared(np.round(segments_of(shapely.get_parts(net)), _DIGITS))
        if not moved:
            break
    return shapely.multilinestrings(shapely.linestrings(ends))


def in_order(ends: np.ndarray) -> np.ndarray:
    """Give segments from their lower end on, sorted, each once; points are left out."""
    x, y = ends[..., 0], ends[..., 1]
    back = (x[:, 0] > x[:, 1]) | ((x[:, 0] == x[:, 1]) & (y[:, 0] > y[:, 1]))
    ends = np.where(back[:, None, None], ends[:, ::-1], ends)
    ends = ends[(ends[:, 0] != ends[:, 1]).any(axis=1)]
    return np.unique(ends.reshape(-1, 4), axis=0).reshape(-1, 2, 2)


def merged(xy: np.ndarray) -> np.ndarray:
    """Round corners, and make those one that are too near to each other.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)

    Returns
    -------
    ndarray of float, shape (n, 2)
        Of corners too near to each other the westernmost.
    """
    xy = np.round(xy, _DIGITS)
    corner, of_row = np.unique(xy, axis=0, return_inverse=True)
    near = cKDTree(corner).query_pairs(_ONE_M, output_type="ndarray")
    if len(near) == 0:
        return xy
    _, first, of_corner = np.unique(
        groups(len(corner), near), return_index=True, return_inverse=True
    )
    return corner[first][of_corner][of_row.ravel()]


def _cleared(ends: np.ndarray) -> tuple[np.ndarray, bool]:
    """Lead segments through the corners they pass too near; tell whether there were any."""
    xy = merged(ends.reshape(-1, 2)).reshape(-1, 2, 2)
    moved = bool((xy != ends).any())
    ends = in_order(xy)
    corner, node = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    node = node.reshape(-1, 2)
    at, segment = shapely.STRtree(shapely.linestrings(ends)).query(
        shapely.points(corner), predicate="dwithin", distance=CLEAR_M
    )
    passed = (node[segment] != at[:, None]).all(axis=1)
    at, segment = at[passed], segment[passed]
    if len(at) == 0:
        return ends, moved
    way = ends[segment, 1] - ends[segment, 0]
    along = ((corner[at] - ends[segment, 0]) * way).sum(axis=1)
    order = np.lexsort((along, segment))
    at, segment = at[order], segment[order]
    whole = np.ones(len(ends), bool)
    whole[segment] = False
    # Each such segment as a chain: its first end, the corners it passes, its second end.
    led = np.flatnonzero(~whole)
    of = np.concatenate([led, segment, led])
    order = np.argsort(of, kind="stable")
    chain, of = np.concatenate([node[led, 0], at, node[led, 1]])[order], of[order]
    link = of[1:] == of[:-1]
    pieces = np.stack([corner[chain[:-1][link]], corner[chain[1:][link]]], axis=1)
    return in_order(np.concatenate([ends[whole], pieces])), True
