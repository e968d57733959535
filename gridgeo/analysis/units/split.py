"""Blocks that hold too many households, parted between their buildings."""

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.areas import polygon_parts
from gridgeo.analysis.units.faces import borders, dissolved, faces_of, groups, grown, noded
from gridgeo.analysis.units.points import voronoi

# Corners along outlines, between which cells of a building are drawn: no closer than this.
_OUTLINE_M = 5.0


def split_blocks(
    blocks: np.ndarray,
    buildings: np.ndarray,
    households: np.ndarray,
    max_load: float,
    area: BaseGeometry,
) -> tuple[np.ndarray, int]:
    """Part the blocks above a load between their buildings, never through one.

    Parameters
    ----------
    blocks : ndarray of Polygon, shape (b,)
        A partition with corners shared to the bit.
    buildings : ndarray of Polygon or MultiPolygon, shape (n,)
    households : ndarray of float, shape (n,)
        A building counts where a point inside it is.
    max_load : float
    area : Polygon or MultiPolygon
        What the blocks cover. Prepared.

    Returns
    -------
    shapes : ndarray of Polygon
        Again such a partition.
    split : int
        How many blocks were parted.
    """
    order = np.lexsort((households, *shapely.bounds(buildings).T))
    buildings, households = buildings[order], households[order]
    tree = shapely.STRtree(blocks)
    at, block = tree.query(shapely.point_on_surface(buildings), predicate="intersects")
    at, first = np.unique(at, return_index=True)
    home = np.full(len(buildings), -1)
    home[at] = block[first]
    load = np.bincount(home[at], weights=households[at], minlength=len(blocks))
    count = np.bincount(home[at], minlength=len(blocks))
    large = np.flatnonzero((load > max_load) & (count > 1))
    reach = tree.query(buildings, predicate="intersects")
    parts, split = [], 0
    for b in large.tolist():
        here = np.unique(reach[0][reach[1] == b])
        own = np.where(home[here] == b, households[here], 0.0)
        pieces = _parted(blocks[b], buildings[here], own, max_load)
        parts.append(pieces)
        split += len(pieces) > 1
    if split == 0:
        return blocks, 0
    whole = np.delete(blocks, large)
    return _matched(np.concatenate([whole, *parts]), area), split


def _matched(shapes: np.ndarray, area: BaseGeometry) -> np.ndarray:
    """Give neighbours the corners that only one of them has."""
    faces, _ = faces_of(noded(shapely.boundary(shapes), area), area)
    face, label = shapely.STRtree(shapes).query_nearest(
        shapely.point_on_surface(faces), all_matches=False
    )
    assert len(face) == len(faces)  # noqa: S101  every face has one
    return dissolved(faces, label)[0]


def _parted(
    block: shapely.Polygon, buildings: np.ndarray, households: np.ndarray, max_load: float
) -> np.ndarray:
    """Part one block."""
    solids, load = _solids(block, buildings, households)
    if len(solids) < 2:
        return np.array([block], object)
    shapely.prepare(block)
    sites, owner = _outlines(solids)
    middles = _between(sites, owner, block)
    lines = np.concatenate([middles, shapely.boundary(solids), [block.boundary]])
    faces, _ = faces_of(noded(lines, block), block)
    label = np.full(len(faces), -1)
    inside = shapely.point_on_surface(faces)
    at, solid = shapely.STRtree(solids).query(inside, predicate="intersects")
    label[at] = solid
    # Around each solid lies the part of its cell that it touches; parts it does not touch, behind
    # another solid or a bend of the block, grow to the cells beside them.
    near = owner[cKDTree(sites).query(shapely.get_coordinates(inside))[1]]
    pair, ends = borders(faces)
    for one, other in (pair.T, pair.T[::-1]):
        touched = (label[one] < 0) & (label[other] == near[one])
        label[one[touched]] = near[one[touched]]
    label = grown(label, pair, ends, None)
    cells, of_face = dissolved(faces, label)
    cell_of = np.full(len(solids), -1)
    cell_of[label[label < len(solids)]] = of_face[label < len(solids)]
    weight = np.bincount(cell_of[cell_of >= 0], load[cell_of >= 0], minlength=len(cells))
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    pair = of_face[pair]
    apart = pair[:, 0] != pair[:, 1]
    middle = shapely.get_coordinates(shapely.centroid(cells))
    part = _grouped(weight, middle, pair[apart], length[apart], max_load)
    return dissolved(cells, part)[0]


def _solids(
    block: shapely.Polygon, buildings: np.ndarray, households: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give what of buildings lies in the block; those that overlap are one."""
    first, second = shapely.STRtree(buildings).query(buildings, predicate="intersects")
    both = shapely.area(shapely.intersection(buildings[first], buildings[second])) > 1e-3
    group = groups(len(buildings), np.column_stack([first, second])[both])
    merged = [shapely.union_all(buildings[group == g]) for g in range(group.max(initial=-1) + 1)]
    whose, solids = polygon_parts(shapely.intersection(np.array(merged, object), block), 1e-4)
    load = np.zeros(len(solids))
    for g in range(len(merged)):
        mine = np.flatnonzero(whose == g)
        if len(mine):  # one outside the block weighs nothing here
            load[mine[np.argmax(shapely.area(solids[mine]))]] = households[group == g].sum()
    return solids, load


def _outlines(solids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give places along the outlines of solids, and whose each is."""
    outline = shapely.segmentize(shapely.boundary(solids), _OUTLINE_M)
    small = shapely.area(solids) < 1
    outline[small] = shapely.centroid(solids[small])
    xy, owner = shapely.get_coordinates(outline, return_index=True)
    sites, first = np.unique(np.round(xy, 3), axis=0, return_index=True)
    return sites, owner[first]


def _between(sites: np.ndarray, owner: np.ndarray, block: shapely.Polygon) -> np.ndarray:
    """Give the lines midway between solids: borders of Voronoi cells of their outlines."""
    pair, ends = borders(voronoi(sites, block))
    return shapely.linestrings(ends[owner[pair[:, 0]] != owner[pair[:, 1]]])


def _grouped(
    weight: np.ndarray, middle: np.ndarray, pair: np.ndarray, length: np.ndarray, most: float
) -> np.ndarray:
    """Put cells together to connected parts of at most ``most``, one cell above it alone."""
    beside: list[dict[int, float]] = [{} for _ in weight]
    for (i, j), metres in zip(pair.tolist(), length.tolist(), strict=True):
        beside[i][j] = beside[i].get(j, 0.0) + metres
        beside[j][i] = beside[j].get(i, 0.0) + metres
    part = np.full(len(weight), -1)
    heap = [set(range(len(weight)))]
    done = 0
    while heap:
        cells = heap.pop()
        total = weight[sorted(cells)].sum()
        if total <= most or len(cells) == 1:
            part[sorted(cells)] = done
            done += 1
            continue
        heap += _halved(cells, total, weight, middle, beside, most)
    return _joined_up(part, weight, beside, most)


def _halved(
    cells: set[int],
    total: float,
    weight: np.ndarray,
    middle: np.ndarray,
    beside: list[dict[int, float]],
    most: float,
) -> list[set[int]]:
    """Part connected cells: grow from one end along the longer way, and what that leaves."""
    ids = np.array(sorted(cells))
    spread = middle[ids] - middle[ids].mean(axis=0)
    way = np.linalg.eigh(spread.T @ spread)[1][:, 1]
    way = way * np.sign(way[np.argmax(np.abs(way))])
    along = dict(zip(ids.tolist(), np.round(spread @ way, 6).tolist(), strict=True))
    k = int(np.ceil(total / most)) if most > 0 else len(cells)
    goal = total * (max(k // 2, 1) / max(k, 2))
    start = min(cells, key=lambda c: (along[c], c))
    taken, have = {start}, weight[start]
    edge = {c for c in beside[start] if c in cells}
    while edge and len(taken) < len(cells) - 1:
        best = min(edge, key=lambda c: (along[c], c))
        if have + weight[best] / 2 > goal:
            break
        taken.add(best)
        have += weight[best]
        edge = (edge | {c for c in beside[best] if c in cells}) - taken
    return [taken, *_connected(cells - taken, beside)]


def _connected(cells: set[int], beside: list[dict[int, float]]) -> list[set[int]]:
    """Take cells apart into connected pieces."""
    pieces, left = [], set(cells)
    while left:
        piece = {min(left)}
        edge = set(piece)
        while edge:
            edge = {other for c in edge for other in beside[c]} & left - piece
            piece |= edge
        pieces.append(piece)
        left -= piece
    return pieces


def _joined_up(
    part: np.ndarray, weight: np.ndarray, beside: list[dict[int, float]], most: float
) -> np.ndarray:
    """Join the least part with the neighbour of the longest border, while both fit in one."""
    load = dict(enumerate(np.bincount(part, weights=weight).tolist()))
    shared: dict[int, dict[int, float]] = {p: {} for p in load}
    for c, row in enumerate(beside):
        for other, metres in row.items():
            if part[c] != part[other]:
                mine = shared[int(part[c])]
                mine[int(part[other])] = mine.get(int(part[other]), 0.0) + metres
    while True:
        for p in sorted(load, key=lambda p: (load[p], p)):
            fits = [q for q in shared[p] if load[p] + load[q] <= most]
            if fits:
                break
        else:
            return part
        q = max(fits, key=lambda q: (round(shared[p][q], 6), -q))
        part = np.where(part == p, q, part)
        load[q] += load.pop(p)
        for other, metres in shared.pop(p).items():
            del shared[other][p]
            if other != q:
                shared[other][q] = shared[other].get(q, 0.0) + metres
                shared[q][other] = shared[q].get(other, 0.0) + metres
