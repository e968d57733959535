"""Faces between lines, which of them touch, and how they grow together to units.

Everything is drawn from one noded set of lines, so neighbours share every corner to the bit
and whatever is put together afterwards is again a partition.
"""

import heapq

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.adjacency import segments_of
from gridgeo.analysis.units.linked import groups
from gridgeo.analysis.units.noding import ON_M, noded


def closed_gaps(net: BaseGeometry, within: BaseGeometry, snap_m: float) -> tuple[BaseGeometry, int]:
    """Lead loose ends on to a line they miss by no more than ``snap_m``; nothing else moves.

    Returns
    -------
    net : MultiLineString or LineString
        Noded again.
    closed : int
        How many ends were led on.
    """
    edges = shapely.get_parts(net)
    tips = np.stack(
        [shapely.get_coordinates(shapely.get_point(edges, end)) for end in (0, -1)], axis=1
    )
    corner, node, degree = np.unique(
        tips.reshape(-1, 2), axis=0, return_inverse=True, return_counts=True
    )
    node = node.reshape(-1, 2)
    loose = np.flatnonzero(degree == 1)
    end, edge = shapely.STRtree(edges).query(
        shapely.points(corner[loose]), predicate="dwithin", distance=snap_m
    )
    apart = (node[edge] != loose[end][:, None]).all(axis=1)
    end, edge = loose[end[apart]], edge[apart]
    if len(end) == 0:
        return net, 0
    tip = shapely.points(corner[end])
    at = shapely.line_interpolate_point(edges[edge], shapely.line_locate_point(edges[edge], tip))
    links = shapely.linestrings(np.stack([corner[end], shapely.get_coordinates(at)], axis=1))
    return noded(np.append(links, edges), within), len(np.unique(end))


def faces_of(net: BaseGeometry, within: BaseGeometry) -> tuple[np.ndarray, float]:
    """Give the faces of a noded net inside an area, in an order of their own.

    Returns
    -------
    faces : ndarray of Polygon, shape (f,)
        From west to east by their lower left corner, then by their middle.
    dangling_m : float
        Metres of lines inside that part nothing: dead ends, and links to rings within a face.
    """
    made, cuts, dangles, _ = shapely.polygonize_full(np.atleast_1d(net))
    faces = shapely.get_parts(made)
    faces = faces[shapely.intersects(within, shapely.point_on_surface(faces))]
    bounds, middle = shapely.bounds(faces), shapely.get_coordinates(shapely.centroid(faces))
    order = np.lexsort((middle[:, 1], middle[:, 0], bounds[:, 1], bounds[:, 0]))
    rest = np.concatenate([shapely.get_parts(cuts), shapely.get_parts(dangles)])
    rest = rest[
        shapely.intersects(within, shapely.line_interpolate_point(rest, 0.5, normalized=True))
    ]
    return faces[order], float(shapely.length(rest).sum())


def borders(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the segments that two faces of one net share.

    Returns
    -------
    pair : ndarray of int, shape (s, 2)
        Positions of the two faces, the lower first.
    ends : ndarray of float64, shape (s, 2, 2)
    """
    parts, of_face = shapely.get_parts(faces, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    corners, number = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    here = np.flatnonzero((ring[1:] == ring[:-1]) & (number[1:] != number[:-1]))
    a, b = number[here], number[here + 1]
    key = np.minimum(a, b) * len(corners) + np.maximum(a, b)
    owner = of_face[of_part[ring[here]]]
    order = np.lexsort((owner, key))
    twin = np.flatnonzero(key[order[1:]] == key[order[:-1]])
    first, second = order[twin], order[twin + 1]
    pair = np.column_stack([owner[first], owner[second]])
    ends = np.stack([xy[here[first]], xy[here[first] + 1]], axis=1)
    good = pair[:, 0] != pair[:, 1]
    return pair[good], ends[good]


def grown(
    label: np.ndarray, pair: np.ndarray, ends: np.ndarray, walls: np.ndarray | None
) -> np.ndarray:
    """Let every face without a label join the neighbour it shares the longest border with.

    Parameters
    ----------
    label : ndarray of int, shape (f,)
        0 or more, or −1: to be decided.
    pair, ends
        As ``borders`` gives them.
    walls : ndarray of lines, optional
        Border on these does not count.

    Returns
    -------
    ndarray of int, shape (f,)
        Longest borders first, so a face beyond others waits for them. Faces that reach no label
        get one new label for each connected group.
    """
    label = label.copy()
    open_ = (label[pair] < 0).any(axis=1)
    pair, ends = pair[open_], ends[open_]
    if walls is not None and len(walls) and len(pair):
        middle = shapely.points(ends.mean(axis=1))
        on = np.zeros(len(pair), bool)
        tree = shapely.STRtree(shapely.linestrings(segments_of(shapely.get_parts(walls))))
        on[tree.query(middle, predicate="dwithin", distance=ON_M)[0]] = True
        pair, ends = pair[~on], ends[~on]
    beside: dict[int, dict[int, float]] = {}
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    for (i, j), metres in zip(pair.tolist(), length.tolist(), strict=True):
        for one, other in ((i, j), (j, i)):
            row = beside.setdefault(one, {})
            row[other] = row.get(other, 0.0) + metres
    shared: dict[tuple[int, int], float] = {}
    heap: list[tuple[float, int, int]] = []

    def offer(face: int, to: int, metres: float) -> None:
        shared[face, to] = shared.get((face, to), 0.0) + metres
        # Micrometres decide no tie: they come from rounding.
        heapq.heappush(heap, (-round(shared[face, to], 6), face, to))

    waiting = sorted(face for face in beside if label[face] < 0)
    for face in waiting:
        for other, metres in sorted(beside[face].items()):
            if label[other] >= 0:
                offer(face, int(label[other]), metres)
    while heap:
        _, face, to = heapq.heappop(heap)
        if label[face] < 0:
            label[face] = to
            for other, metres in sorted(beside[face].items()):
                if label[other] < 0:
                    offer(other, to, metres)
    left = np.flatnonzero(label < 0)
    among = pair[(label[pair] < 0).all(axis=1)]
    label[left] = label.max(initial=-1) + 1 + groups(len(label), among)[left]
    return label


def dissolved(faces: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put the faces of each label together.

    Returns
    -------
    shapes : ndarray of Polygon, shape (u,)
        In the order of the labels.
    of_face : ndarray of int, shape (f,)
        Which shape each face went into.
    """
    order = np.argsort(label, kind="stable")
    _, start, of_face, size = np.unique(
        label[order], return_index=True, return_inverse=True, return_counts=True
    )
    back = np.empty(len(label), int)
    back[order] = of_face
    shapes = faces[order[start]].copy()
    for u in np.flatnonzero(size > 1):
        shapes[u] = shapely.coverage_union_all(faces[order[start[u] : start[u] + size[u]]])
    return shapes, back


def width_m(shapes: np.ndarray) -> np.ndarray:
    """Measure how wide shapes are on average: 2A/P, the width of a long strip."""
    return 2 * shapely.area(shapes) / shapely.length(shapes)
