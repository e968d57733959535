"""Blocks that hold too many households, parted between their buildings."""

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.areas import polygon_parts
from gridgeo.analysis.units.faces import borders, dissolved, faces_of, grown
from gridgeo.analysis.units.linked import groups
from gridgeo.analysis.units.noding import ON_M, noded
from gridgeo.analysis.units.parts import grouped
from gridgeo.analysis.units.points import voronoi

# Corners along outlines, between which cells of a building are drawn: no closer than this.
_OUTLINE_M = 5.0
# Buildings that overlap no deeper share a party wall, drawn twice.
_WALL_M = 0.01
# Noding the same border twice leaves hairs some nanometres wide; no part is as small as this.
_HAIR_M2 = 1e-4


@dataclass(frozen=True)
class Split:
    """Blocks after the large ones were parted.

    Parameters
    ----------
    shapes : ndarray of Polygon, shape (u,)
    households : ndarray of float, shape (u,)
        Of the buildings that count in each.
    parted : int
        How many blocks were parted.
    outside : int
        How many buildings are in no block.
    """

    shapes: np.ndarray
    households: np.ndarray
    parted: int
    outside: int


def split_blocks(
    blocks: np.ndarray,
    buildings: np.ndarray,
    households: np.ndarray,
    max_load: float,
    area: BaseGeometry,
) -> Split:
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
    Split
        Its shapes are again such a partition.
    """
    order = np.lexsort((households, *shapely.bounds(buildings).T))
    buildings, households = buildings[order], households[order]
    spots = shapely.point_on_surface(buildings)
    tree = shapely.STRtree(blocks)
    home = _first_holder(tree, spots)
    placed = home >= 0
    load = np.bincount(home[placed], weights=households[placed], minlength=len(blocks))
    count = np.bincount(home[placed], minlength=len(blocks))
    large = np.flatnonzero((load > max_load) & (count > 1))
    reach = tree.query(buildings, predicate="intersects")
    reach = reach[:, np.argsort(reach[1], kind="stable")]
    start = np.searchsorted(reach[1], [large, large + 1])
    parts, of_building = [], []
    for b, first, last in zip(large.tolist(), *start.tolist(), strict=True):
        here = np.unique(reach[0, first:last])
        mine = home[here] == b
        pieces, piece = _parted(
            blocks[b], buildings[here], spots[here[mine]], households[here[mine]], max_load
        )
        parts.append(pieces)
        of_building.append((here[mine], piece))
    parted = sum(len(pieces) > 1 for pieces in parts)
    whole = np.ones(len(blocks), bool)
    whole[large] = False
    # Numbers of the shapes that are put together below: whole blocks, then parts.
    of_block = np.cumsum(whole) - 1
    home = np.where(placed, of_block[home], -1)
    done = whole.sum()
    for pieces, (at, piece) in zip(parts, of_building, strict=True):
        home[at] = done + piece
        done += len(pieces)
    shapes = np.concatenate([blocks[whole], *parts])
    if parted:
        shapes, home = _matched(shapes, home, spots, area)
    load = np.bincount(home[placed], weights=households[placed], minlength=len(shapes))
    return Split(shapes, load, parted, int((~placed).sum()))


def _first_holder(tree: shapely.STRtree, spots: np.ndarray) -> np.ndarray:
    """Give the first area that each point lies in or on, or −1."""
    at, holder = tree.query(spots, predicate="dwithin", distance=ON_M)
    # By point, then by area: the first of each point is the lowest.
    order = np.lexsort((holder, at))
    at, first = np.unique(at[order], return_index=True)
    found = np.full(len(spots), -1)
    found[at] = holder[order][first]
    return found


def _matched(
    shapes: np.ndarray, home: np.ndarray, spots: np.ndarray, area: BaseGeometry
) -> tuple[np.ndarray, np.ndarray]:
    """Give neighbours the corners that only one of them has, and every shape one piece.

    Returns
    -------
    shapes : ndarray of Polygon
    home : ndarray of int, shape (n,)
    """
    faces, _ = faces_of(noded(shapely.boundary(shapes), area), area)
    face, label = shapely.STRtree(shapes).query_nearest(
        shapely.point_on_surface(faces), all_matches=False
    )
    assert len(face) == len(faces)  # noqa: S101  every face has one
    pair, ends = borders(faces)
    piece = one_piece_each(label, shapely.area(faces), pair, ends)
    made, of_face = dissolved(faces, piece)
    kept = np.unique(np.column_stack([label, of_face]), axis=0)
    count = np.bincount(kept[:, 0], minlength=len(shapes))
    into = np.full(len(shapes), -1)
    into[kept[:, 0]] = kept[:, 1]
    new = np.where(home >= 0, into[home], -1)
    # A neck of nothing held some shapes together; a building follows its own piece.
    for i in np.flatnonzero((home >= 0) & (count[home] != 1)):
        options = kept[kept[:, 0] == home[i], 1]
        options = options if len(options) else np.arange(len(made))
        new[i] = options[np.argmin(shapely.distance(made[options], spots[i]))]
    return made, new


def one_piece_each(
    label: np.ndarray, area_m2: np.ndarray, pair: np.ndarray, ends: np.ndarray
) -> np.ndarray:
    """Give pieces of a label that no border joins labels of their own; hairs join a neighbour."""
    piece = groups(len(label), pair[label[pair[:, 0]] == label[pair[:, 1]]])
    size = np.bincount(piece, weights=area_m2)
    of_piece = np.empty(len(size), int)
    of_piece[piece] = label
    order = np.lexsort((size, of_piece))
    smaller = order[:-1][of_piece[order][1:] == of_piece[order][:-1]]
    hair = np.zeros(len(size), bool)
    hair[smaller] = size[smaller] < _HAIR_M2
    return grown(np.where(hair[piece], -1, piece), pair, ends, None)


def _parted(
    block: shapely.Polygon,
    buildings: np.ndarray,
    spots: np.ndarray,
    households: np.ndarray,
    max_load: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Part one block.

    Parameters
    ----------
    block : Polygon
    buildings : ndarray of Polygon or MultiPolygon
        All that reach into the block.
    spots : ndarray of Point, shape (h,)
        Where the buildings that count in the block are.
    households : ndarray of float, shape (h,)
    max_load : float

    Returns
    -------
    parts : ndarray of Polygon
    part : ndarray of int, shape (h,)
    """
    solids = _solids(block, buildings)
    if len(solids) < 2:
        return np.array([block], object), np.zeros(len(spots), int)
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
    cell = of_face[shapely.STRtree(faces).query_nearest(spots, all_matches=False)[1]]
    weight = np.bincount(cell, weights=households, minlength=len(cells))
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    pair = of_face[pair]
    apart = pair[:, 0] != pair[:, 1]
    middle = shapely.get_coordinates(shapely.centroid(cells))
    part = grouped(weight, middle, pair[apart], length[apart], max_load)
    parts, of_cell = dissolved(cells, part)
    if len(parts) == 1:  # as it was: without corners that its neighbours lack
        return np.array([block], object), np.zeros(len(spots), int)
    return parts, of_cell[cell]


def _solids(block: shapely.Polygon, buildings: np.ndarray) -> np.ndarray:
    """Give what of buildings lies in the block; those that overlap by more than a wall are one."""
    first, second = shapely.STRtree(buildings).query(buildings, predicate="intersects")
    first, second = first[first < second], second[first < second]
    common = shapely.intersection(buildings[first], buildings[second])
    thick = shapely.area(common) > 0
    first, second, common = first[thick], second[thick], common[thick]
    deep = np.zeros(len(common), bool)
    for one in (first, second):
        deep |= shapely.intersects(common, shapely.buffer(buildings[one], -_WALL_M))
    group = groups(len(buildings), np.column_stack([first, second])[deep])
    return polygon_parts(shapely.intersection(_united(buildings, group), block), 1e-6)[1]


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


def _united(buildings: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Put the buildings of each group together."""
    order = np.argsort(group, kind="stable")
    start = np.flatnonzero(np.diff(group[order], prepend=-1))
    merged = buildings[order[start]].copy()
    size = np.diff(start, append=len(order))
    for g in np.flatnonzero(size > 1):
        merged[g] = shapely.union_all(buildings[order[start[g] : start[g] + size[g]]])
    return merged
