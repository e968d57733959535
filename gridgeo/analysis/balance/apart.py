"""Lines: which neighbours one parts, which borders run along it, and start pieces beside it."""

from typing import TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridgeo.analysis.adjacency import NEAR_M, common_stretch, segments_of
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.unit_graph import UnitGraph
from gridgeo.errors import ParameterError
from gridgeo.model.crs import to_crs_of, to_metric

Lines: TypeAlias = gpd.GeoSeries | gpd.GeoDataFrame | shapely.Geometry | list[shapely.Geometry]

ASIDE = np.array([0.618, 0.382])
# Metres off each inner point: a line through the very middle of units has them on one side.
NUDGE = np.array([0.0137, 0.0071])


def parted(graph: UnitGraph, lines: Lines, min_shared_m: float = 0.01) -> np.ndarray:
    """Tell which neighbours stand on two sides of a fixed border.

    Parameters
    ----------
    graph : UnitGraph
        With shapes.
    lines : GeoSeries, GeoDataFrame, geometry or list of geometries
        Lines, or areas, whose outline then counts. Frames in any CRS, bare geometries in that
        of the units.
    min_shared_m : float
        A line that runs along more than this of a shared border parts it.

    Returns
    -------
    ndarray of bool, shape (m,)
        On ``graph.pairs``. A line parts two neighbours when it runs along their shared border,
        or when the way from one's inner point over their border to the other's inner point
        crosses it an odd number of times inside the two units.

    Raises
    ------
    ParameterError
        The units have no shapes, or the lines are none.
    """
    outlines = _outlines(graph, lines, "fixed_borders")
    pairs = graph.pairs
    if len(pairs) == 0 or len(outlines) == 0:
        return np.zeros(len(pairs), bool)
    stretches, row = _stretches(graph)
    along = _along_m(stretches, row, len(pairs), outlines)
    return (along > min_shared_m) | _crosses(graph, stretches, row, outlines)


def share_along(graph: UnitGraph, lines: Lines) -> np.ndarray:
    """Measure how much of the border between neighbours runs along lines.

    Parameters
    ----------
    graph : UnitGraph
        With shapes.
    lines : GeoSeries, GeoDataFrame, geometry or list of geometries
        As for ``parted``.

    Returns
    -------
    ndarray of float64, shape (m,)
        0 to 1, on ``graph.pairs``; 0 for neighbours without a shared border.

    Raises
    ------
    ParameterError
        The units have no shapes, or the lines are none.
    """
    outlines = _outlines(graph, lines, "along")
    if len(graph.pairs) == 0 or len(outlines) == 0:
        return np.zeros(len(graph.pairs))
    along = _along_m(*_stretches(graph), len(graph.pairs), outlines)
    # Lines that lie on each other count the same metres twice.
    return np.minimum(along, graph.shared_m) / np.where(graph.shared_m > 0, graph.shared_m, 1.0)


def _outlines(graph: UnitGraph, lines: Lines, name: str) -> np.ndarray:
    if graph.borders is None:
        raise ParameterError(
            f"{name} needs units with geometry and a CRS, to know which borders the lines meet.",
            hint="Give units with geometry, or leave the parted pairs out of edges.",
            fields=[name],
        )
    if isinstance(lines, gpd.GeoSeries | gpd.GeoDataFrame):
        metric = to_metric(graph.units, "units")
        shapes = np.asarray(
            to_crs_of(lines.geometry, metric.geometry, name, "units").array, dtype=object
        )
    else:
        shapes = np.atleast_1d(np.asarray(lines, dtype=object))
        strange = [
            one for one in shapes.ravel() if one is not None and not shapely.is_geometry(one)
        ]
        if strange:
            raise ParameterError(
                f"{name} holds {strange[0]!r}; it must be lines: a GeoSeries, a "
                "GeoDataFrame, a geometry or a list of geometries.",
                hint="Read a file of lines with geopandas.read_file first.",
                fields=[name],
            )
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    parts = shapely.get_parts(shapely.get_parts(shapes))
    area = shapely.get_type_id(parts) == 3
    parts[area] = shapely.boundary(parts[area])
    parts = shapely.get_parts(parts)
    kept = parts[np.isin(shapely.get_type_id(parts), (1, 2))]
    if len(shapes) and not len(kept):
        raise ParameterError(
            f"{name} holds {len(shapes)} shapes, but neither lines nor areas.",
            hint=f"Give lines, or leave {name} out.",
            fields=[name],
        )
    return kept


def _stretches(graph: UnitGraph) -> tuple[np.ndarray, np.ndarray]:
    """Give the stretches of the graph's pairs and the row of ``graph.pairs`` of each."""
    borders, n = graph.borders, len(graph.units)
    assert borders is not None  # noqa: S101  parted() refused it
    known = borders.pairs @ np.array([n, 1])
    asked = graph.pairs @ np.array([n, 1])
    place = np.searchsorted(asked, known)
    place = np.where(np.isin(known, asked), place, -1)
    row = place[borders.stretch_pair]
    return borders.stretches[row >= 0], row[row >= 0]


def _along_m(stretches: np.ndarray, row: np.ndarray, m: int, outlines: np.ndarray) -> np.ndarray:
    ends = segments_of(outlines)
    tree = shapely.STRtree(shapely.linestrings(ends))
    mine, theirs = tree.query(shapely.linestrings(stretches), predicate="dwithin", distance=NEAR_M)
    length = common_stretch(stretches[mine], ends[theirs])[1]
    return np.bincount(row[mine], weights=length, minlength=m)


def _crosses(
    graph: UnitGraph, stretches: np.ndarray, row: np.ndarray, outlines: np.ndarray
) -> np.ndarray:
    assert graph.borders is not None  # noqa: S101  parted() refused it
    shapes, pairs = graph.borders.shapes, graph.pairs
    touched = np.unique(shapely.STRtree(shapes).query(outlines, predicate="intersects")[1])
    # The line inside the units, clear of their outlines: along those, _along_m decides.
    merged = shapely.union_all(outlines)
    inner = np.full(len(shapes), shapely.GeometryCollection(), dtype=object)
    inner[touched] = shapely.intersection(merged, shapely.buffer(shapes[touched], -2 * NEAR_M))
    near = np.flatnonzero(np.isin(pairs, touched).any(axis=1))
    points = shapely.get_coordinates(shapely.point_on_surface(shapes)) + NUDGE
    gate = _gates(points, pairs, stretches, row)
    odd = np.zeros(len(pairs), bool)
    for side in (0, 1):
        unit = pairs[near, side]
        legs = shapely.linestrings(np.stack([points[unit], gate[near]], axis=1))
        met = shapely.intersection(legs, inner[unit])
        times = np.where(shapely.is_empty(met), 0, shapely.get_num_geometries(met))
        odd[near] ^= times % 2 == 1
    return odd


def _gates(
    points: np.ndarray, pairs: np.ndarray, stretches: np.ndarray, row: np.ndarray
) -> np.ndarray:
    """Find a point on each pair's longest stretch; between the units without one.

    Off the middle, where a line that crosses the border would often meet it exactly.
    """
    gate = ASIDE @ points[pairs]
    length = np.hypot(*(stretches[:, 1] - stretches[:, 0]).T)
    order = np.lexsort((length, row))
    last = np.append(row[order][1:] != row[order][:-1], True) if len(row) else row.astype(bool)
    longest = order[last]
    gate[row[longest]] = ASIDE @ stretches[longest]
    return gate


def meetings(graph: Graph, parts: np.ndarray) -> np.ndarray:
    """Give the pairs that must stay apart but stand in one part, shape (q, 2)."""
    tails = np.repeat(np.arange(graph.n), np.diff(graph.net.apart_start))
    heads = graph.net.apart.astype(np.int64)
    inside = (parts[tails] == parts[heads]) & (tails < heads)
    return np.column_stack([tails[inside], heads[inside]])


def part_apart(graph: Graph, parts: np.ndarray) -> np.ndarray:
    """Split parts until none holds two units that must stay apart.

    Parameters
    ----------
    graph : Graph
    parts : ndarray of int, shape (n,)
        Connected.

    Returns
    -------
    ndarray of int64, shape (n,)
        Connected parts without such pairs, merged again where that is possible. They are where
        a plan begins; its grids may then grow over them, only never over a fixed border.
    """
    parts = parts.astype(np.int64)
    while len(pairs := meetings(graph, parts)):
        colour = _coloured(graph.n, pairs)
        spread = _spread(graph, parts, colour)
        parts = _connected(graph, parts * (int(spread.max()) + 1) + spread)
    return _merged(graph, parts)


def _coloured(n: int, pairs: np.ndarray) -> np.ndarray:
    """Colour greedily, breadth first, so that no pair shares a colour; −1 for units in no pair."""
    neighbours: dict[int, list[int]] = {}
    for a, b in pairs.tolist():
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    colour = np.full(n, -1, np.int64)
    for first in sorted(neighbours):
        queue = [first] if colour[first] < 0 else []
        for u in queue:
            if colour[u] >= 0:
                continue
            taken = {int(colour[v]) for v in neighbours[u]}
            colour[u] = next(c for c in range(len(taken) + 1) if c not in taken)
            queue.extend(v for v in neighbours[u] if colour[v] < 0)
    return colour


def _spread(graph: Graph, parts: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Spread colours over their parts, ring by ring; 0 in parts without any."""
    spread = colour.copy()
    ring = np.flatnonzero(colour >= 0)
    net = graph.net
    while len(ring):
        following = []
        for u in ring.tolist():
            for v in net.to[net.start[u] : net.start[u + 1]].tolist():
                if spread[v] < 0 and parts[v] == parts[u]:
                    spread[v] = spread[u]
                    following.append(v)
        ring = np.array(following, np.int64)
    return np.maximum(spread, 0)


def _connected(graph: Graph, classes: np.ndarray) -> np.ndarray:
    """Tell which connected piece of its class each unit is in."""
    net = graph.net
    inside = classes[net.tail] == classes[net.to]
    matrix = csr_matrix(
        (np.ones(int(inside.sum()), np.int8), (net.tail[inside], net.to[inside])),
        shape=(graph.n, graph.n),
    )
    return connected_components(matrix, directed=False)[1].astype(np.int64)


def _merged(graph: Graph, parts: np.ndarray) -> np.ndarray:
    """Merge neighbouring parts, in order, wherever no pair that must stay apart would meet."""
    net = graph.net
    foes: dict[int, set[int]] = {}
    tails = np.repeat(np.arange(graph.n), np.diff(net.apart_start))
    for a, b in zip(parts[tails].tolist(), parts[net.apart].tolist(), strict=True):
        foes.setdefault(a, set()).add(b)
    cut = parts[net.tail] != parts[net.to]
    touching = np.unique(np.column_stack([parts[net.tail[cut]], parts[net.to[cut]]]), axis=0)
    root = list(range(int(parts.max()) + 1))

    def top(part: int) -> int:
        while root[part] != part:
            part = root[part]
        return part

    for a, b in touching[touching[:, 0] < touching[:, 1]].tolist():
        one, other = sorted((top(a), top(b)))
        if one == other or other in {top(foe) for foe in foes.get(one, ())}:
            continue
        root[other] = one
        foes[one] = foes.get(one, set()) | foes.get(other, set())
    tops = np.array([top(part) for part in range(len(root))])
    return np.unique(tops[parts], return_inverse=True)[1].astype(np.int64)
