"""The ground of a sample town: its outline, streets, canal and the blocks between them.

All in metres of EPSG:4549. Blocks are Voronoi cells, so they cover the town without gap or
overlap by construction; streets, canal and outline are drawn by generators set in pairs on both
sides of a line, whose cells then share a border along it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Voronoi, cKDTree

# South of the centre of Jingjiang, about 120.27° E, 31.98° N.
MIDDLE = (525_510.0, 3_539_900.0)

_URBAN_STREET_M = 100.0
_RURAL_STREET_M = 190.0
_COMMUNITY_M2 = 650_000.0
_VILLAGE_M2 = 2_350_000.0
_ELLIPSE = 1.3  # the town proper is wider than deep
_TILT = np.radians(6.0)  # streets seldom run due north
_CROSSING_M = 16.0  # two corners nearer than this are one street crossing

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ground:
    """Blocks and which of them touch.

    Parameters
    ----------
    blocks : ndarray of Polygon, shape (n,)
        A clean coverage: shared borders have identical vertices, on a 1 cm raster.
    centres : ndarray, shape (n, 2)
        A point inside each block.
    urban : ndarray of bool, shape (n,)
        Whether the block lies in the town proper.
    pairs : ndarray of int, shape (m, 2)
        Blocks that share a border, once each.
    borders : ndarray, shape (m, 2, 2)
        The two ends of that border, vertices of both blocks.
    water : ndarray of bool, shape (m,)
        Whether the canal runs between the two.
    core : ndarray, shape (2,)
        Where the town is densest.
    """

    blocks: NDArray[np.object_]
    centres: Floats
    urban: NDArray[np.bool_]
    pairs: NDArray[np.int64]
    borders: Floats
    water: NDArray[np.bool_]
    core: Floats

    def graph(self) -> csr_array:
        """Give the metres between neighbouring blocks; the canal parts its banks."""
        near = self.pairs[~self.water]
        metres = np.linalg.norm(self.centres[near[:, 0]] - self.centres[near[:, 1]], axis=1)
        n = len(self.centres)
        half = coo_array((metres, (near[:, 0], near[:, 1])), shape=(n, n))
        return (half + half.T).tocsr()


def lay_ground(communities: int, villages: int, rng: np.random.Generator) -> Ground:
    """Lay out the ground of a town.

    Parameters
    ----------
    communities, villages : int
        How many of each the town has; its extent follows from them. One may be 0.
    rng : Generator

    Returns
    -------
    Ground
        Dense blocks around ``core`` on the northern edge, wide ones towards the river bank that
        is the southern edge, a canal from north to south.
    """
    area = communities * _COMMUNITY_M2 + villages * _VILLAGE_M2
    width = np.sqrt(area * 1.15)
    height = area / width
    canal = _wave(rng, amplitude=200.0, length=height)
    road = _wave(rng, amplitude=90.0, length=width)
    outline = _outline(width, height, rng)
    core = np.array([-0.05 * width, 0.5 * height])
    radius = np.sqrt(2 * communities * _COMMUNITY_M2 / (np.pi * _ELLIPSE))
    radius = np.inf if villages == 0 else radius

    def is_urban(xy: Floats) -> NDArray[np.bool_]:
        return np.hypot((xy[:, 0] - core[0]) / _ELLIPSE, xy[:, 1] - core[1]) < radius

    def street_m(xy: Floats) -> Floats:
        return np.where(is_urban(xy), _URBAN_STREET_M, _RURAL_STREET_M)

    along_y = np.arange(-0.7 * height, 0.7 * height, 20.0)
    along_x = np.arange(-0.7 * width, 0.7 * width, 20.0)
    canal_x = 0.14 * width
    lines = [
        outline.exterior,
        shapely.linestrings(canal_x + canal(along_y), along_y),
        shapely.linestrings(along_x, 0.08 * height + road(along_x)),
        shapely.linestrings(-0.2 * width + road(along_y), along_y),
    ]
    points = np.empty((0, 2))
    for line in lines:
        points = _add(points, _both_sides(line, street_m), street_m, apart=0.62)
    for spacing, jitter in ((_URBAN_STREET_M, 0.09), (_RURAL_STREET_M, 0.19)):
        lattice = _lattice(spacing, jitter, reach=0.8 * max(width, height), rng=rng)
        lattice = lattice[street_m(lattice) == spacing]
        points = _add(points, lattice, street_m, apart=0.68)
    inside = shapely.contains_xy(outline, points)
    beside = shapely.dwithin(shapely.points(points), outline.exterior, _RURAL_STREET_M)
    points = points[inside | beside]
    inside = inside[inside | beside]
    west = points[:, 0] < canal_x + canal(points[:, 1])
    ground = _blocks(points, inside, is_urban(points), west, core)
    if communities and villages:
        _join_scraps(ground, communities, villages)
    return ground


def _blocks(
    points: Floats,
    inside: NDArray[np.bool_],
    urban: NDArray[np.bool_],
    west: NDArray[np.bool_],
    core: Floats,
) -> Ground:
    """Turn generators into blocks; ``west`` tells the bank of the canal."""
    far = 100_000.0
    frame = np.array([(-far, -far), (-far, far), (far, -far), (far, far)])
    cells = Voronoi(np.vstack([points, frame]))
    corner = _merge_corners(cells.vertices, cells.ridge_vertices)
    rings = []
    for one in np.flatnonzero(inside):
        ring = np.array(cells.regions[cells.point_region[one]])
        spokes = cells.vertices[ring] - points[one]
        ring = ring[np.argsort(np.arctan2(spokes[:, 1], spokes[:, 0]))]
        shape = corner[ring]
        shape = shape[np.any(shape != np.roll(shape, 1, axis=0), axis=1)]
        rings.append(shapely.polygons(shape + MIDDLE))
    position = np.full(len(points) + len(frame), -1)
    position[np.flatnonzero(inside)] = np.arange(inside.sum())
    ends = np.array(cells.ridge_vertices)
    near = position[cells.ridge_points]
    shared = (near >= 0).all(axis=1) & (ends >= 0).all(axis=1)
    borders = corner[ends]
    shared &= np.linalg.norm(borders[:, 0] - borders[:, 1], axis=1) >= _CROSSING_M / 2
    bank = west[np.minimum(cells.ridge_points, len(points) - 1)]
    return Ground(
        blocks=np.array(rings, dtype=object),
        centres=points[inside] + MIDDLE,
        urban=urban[inside],
        pairs=near[shared],
        borders=borders[shared] + MIDDLE,
        water=(bank[:, 0] != bank[:, 1])[shared],
        core=core + MIDDLE,
    )


def _join_scraps(ground: Ground, communities: int, villages: int) -> None:
    """Let scraps of town or country follow their surroundings, in place.

    The canal cuts both into pieces. One smaller than a community or village of average extent
    could claim no place of its own.
    """
    graph = ground.graph().tocoo()
    same = ground.urban[graph.row] == ground.urban[graph.col]
    own = coo_array((graph.data[same], (graph.row[same], graph.col[same])), shape=graph.shape)
    _, component = connected_components(own, directed=False)
    places = np.where(ground.urban, communities, villages)
    average = np.where(ground.urban, ground.urban.sum(), (~ground.urban).sum()) / places
    scrap = np.bincount(component)[component] < average
    ground.urban[scrap] = ~ground.urban[scrap]


def _merge_corners(vertices: Floats, ridges: list[list[int]]) -> Floats:
    """Pull the two ends of every very short border into one crossing, on a 1 cm raster."""
    ends = np.array(ridges)
    ends = ends[(ends >= 0).all(axis=1)]
    length = np.linalg.norm(vertices[ends[:, 0]] - vertices[ends[:, 1]], axis=1)
    short = ends[length < _CROSSING_M]
    n = len(vertices)
    link = coo_array((np.ones(len(short)), (short[:, 0], short[:, 1])), shape=(n, n))
    count, group = connected_components(link, directed=False)
    size = np.bincount(group, minlength=count)
    middle = np.column_stack(
        [np.bincount(group, vertices[:, axis], minlength=count) / size for axis in (0, 1)]
    )
    return np.round(middle, 2)[group]


def _outline(width: float, height: float, rng: np.random.Generator) -> shapely.Polygon:
    """Draw the border: a rounded rectangle with bays, its south side the river's bank."""
    turn = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    corner = np.column_stack([np.cos(turn), np.sin(turn)])
    corner = np.sign(corner) * np.abs(corner) ** 0.5 * (0.5 * width, 0.5 * height)
    reach, bays = _wave(rng, 0.09, 2 * np.pi), _wave(rng, 0.05, 2 * np.pi / 3)
    return shapely.Polygon(corner * (1 + reach(turn) + bays(turn))[:, None])


def _wave(rng: np.random.Generator, amplitude: float, length: float) -> Callable[[Floats], Floats]:
    """Make a smooth random curve that repeats itself after ``length``."""
    phases = rng.uniform(0, 2 * np.pi, 3)
    turns = np.array([1, 2, 4]) * 2 * np.pi / length
    sizes = amplitude * np.array([0.6, 0.3, 0.15])

    def offset(at: Floats) -> Floats:
        return np.sin(np.multiply.outer(at, turns) + phases) @ sizes

    return offset


def _both_sides(line: shapely.LineString, street_m: Callable[[Floats], Floats]) -> Floats:
    """Set generators in pairs, half a street's spacing to the left and right of a line."""
    pairs = []
    along = 0.0
    while along < line.length - 0.5 * _URBAN_STREET_M:
        here, ahead = (shapely.get_coordinates(line.interpolate(along + d)) for d in (0.0, 5.0))
        spacing = float(street_m(here)[0])
        normal = (ahead - here)[:, ::-1] * (-1, 1) / np.linalg.norm(ahead - here)
        pairs += [here + normal * spacing * 0.47, here - normal * spacing * 0.47]
        along += spacing
    return np.vstack(pairs)


def _add(
    points: Floats, more: Floats, street_m: Callable[[Floats], Floats], apart: float
) -> Floats:
    """Add the generators that keep their distance from those already set."""
    if len(points) == 0:
        return more
    distance, _ = cKDTree(points).query(more)
    return np.vstack([points, more[distance > apart * street_m(more)]])


def _lattice(spacing: float, jitter: float, reach: float, rng: np.random.Generator) -> Floats:
    steps = np.arange(-reach, reach, spacing)
    lattice = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    lattice = lattice + rng.normal(scale=jitter * spacing, size=lattice.shape)
    turn = np.array([[np.cos(_TILT), np.sin(_TILT)], [-np.sin(_TILT), np.cos(_TILT)]])
    return lattice @ turn
