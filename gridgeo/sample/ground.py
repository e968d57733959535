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

URBAN_STREET_M = 100.0
_RURAL_STREET_M = 190.0
COMMUNITY_M2 = 650_000.0
_VILLAGE_M2 = 2_350_000.0
ELLIPSE = 1.3  # the town proper is wider than deep
_TILT = np.radians(6.0)  # streets seldom run due north
_BENDS = 240  # corners of a town's border
_JOININGS = 20
_FEWEST_PLACES = 8  # enough ground for the planted defects, and one place or more on either bank
_FORD_M = 500.0
_CROSSING_M = 16.0  # two corners nearer than this are one street crossing

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """The course of a street or a water through the ground.

    Parameters
    ----------
    name : str
    kind : str
        "trunk" or "main" of a street, "canal" or "shore" of a water.
    line : LineString
        EPSG:4549. Borders of blocks run along it.
    """

    name: str
    kind: str
    line: shapely.LineString


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
        Whether a canal runs between the two.
    cores : ndarray, shape (c, 2)
        Where the towns are densest.
    town : ndarray of int, shape (n,)
        Position of the town each block belongs to.
    courses : tuple of Course
        The streets and waters that were drawn before the blocks.
    ford_m : float
        Metres a step across a canal counts beyond its length; infinite where canals part their
        banks.
    """

    blocks: NDArray[np.object_]
    centres: Floats
    urban: NDArray[np.bool_]
    pairs: NDArray[np.int64]
    borders: Floats
    water: NDArray[np.bool_]
    cores: Floats
    town: NDArray[np.int64]
    courses: tuple[Course, ...] = ()
    ford_m: float = np.inf

    def core_m(self) -> Floats:
        """Give the metres from each block's centre to the nearest core."""
        away, _ = cKDTree(self.cores).query(self.centres)
        return np.asarray(away)

    def graph(self) -> csr_array:
        """Give the metres between neighbouring blocks, over canals only if forded."""
        way = np.full(len(self.pairs), True) if np.isfinite(self.ford_m) else ~self.water
        near = self.pairs[way]
        metres = np.linalg.norm(self.centres[near[:, 0]] - self.centres[near[:, 1]], axis=1)
        if np.isfinite(self.ford_m):
            metres = metres + self.ford_m * self.water
        n = len(self.centres)
        half = coo_array((metres, (near[:, 0], near[:, 1])), shape=(n, n))
        return (half + half.T).tocsr()


def lay_ground(communities: int, villages: int, rng: np.random.Generator) -> Ground:
    """Lay out the ground of a town.

    Parameters
    ----------
    communities, villages : int
        How many of each the town has; its extent follows from them, but is no less than that
        of eight communities. One may be 0.
    rng : Generator

    Returns
    -------
    Ground
        Dense blocks around ``core`` on the northern edge, wide ones towards the river bank that
        is the southern edge, a canal from north to south, which fewer than eight places ford.
    """
    area = communities * COMMUNITY_M2 + villages * _VILLAGE_M2
    area = max(area, _FEWEST_PLACES * COMMUNITY_M2)
    ford_m = np.inf if communities + villages >= _FEWEST_PLACES else _FORD_M
    width = np.sqrt(area * 1.15)
    height = area / width
    canal = wave(rng, amplitude=200.0, length=height)
    road = wave(rng, amplitude=90.0, length=width)
    outline = _outline(width, height, rng)
    core = np.array([-0.05 * width, 0.5 * height])
    radius = np.sqrt(2 * communities * COMMUNITY_M2 / (np.pi * ELLIPSE))
    radius = np.inf if villages == 0 else radius

    def is_urban(xy: Floats) -> NDArray[np.bool_]:
        return np.hypot((xy[:, 0] - core[0]) / ELLIPSE, xy[:, 1] - core[1]) < radius

    def street_m(xy: Floats) -> Floats:
        return np.where(is_urban(xy), URBAN_STREET_M, _RURAL_STREET_M)

    along_y = np.arange(-0.7 * height, 0.7 * height, 20.0)
    along_x = np.arange(-0.7 * width, 0.7 * width, 20.0)
    canal_x = 0.14 * width
    lines = [
        outline.exterior,
        shapely.linestrings(canal_x + canal(along_y), along_y),
        shapely.linestrings(along_x, 0.08 * height + road(along_x)),
        shapely.linestrings(-0.2 * width + road(along_y), along_y),
    ]
    south = outline.exterior.coords[_BENDS // 2 :]
    names = (("长江", "shore"), ("十圩港", "canal"), ("江平路", "trunk"), ("城南大道", "trunk"))
    courses = tuple(
        Course(name, kind, shapely.transform(line, lambda xy: xy + MIDDLE))
        for (name, kind), line in zip(names, [shapely.LineString(south), *lines[1:]], strict=True)
    )
    points = np.empty((0, 2))
    for line in lines:
        points = add(points, both_sides(line, street_m), street_m, apart=0.62)
    for spacing, jitter in ((URBAN_STREET_M, 0.09), (_RURAL_STREET_M, 0.19)):
        tried = lattice(spacing, jitter, reach=0.8 * max(width, height), rng=rng)
        tried = tried[street_m(tried) == spacing]
        points = add(points, tried, street_m, apart=0.68)
    inside = shapely.contains_xy(outline, points)
    beside = shapely.dwithin(shapely.points(points), outline.exterior, _RURAL_STREET_M)
    points = points[inside | beside]
    inside = inside[inside | beside]
    west = points[:, 0] < canal_x + canal(points[:, 1])
    ground = lay_blocks(points, inside, is_urban(points), west, core[None], MIDDLE, courses, ford_m)
    if communities and villages:
        join_scraps(ground, np.array([[villages, communities]]))
    return ground


def lay_blocks(
    points: Floats,
    inside: NDArray[np.bool_],
    urban: NDArray[np.bool_],
    bank: Floats | NDArray[np.bool_],
    cores: Floats,
    middle: tuple[float, float],
    courses: tuple[Course, ...],
    ford_m: float = np.inf,
) -> Ground:
    """Turn generators around the origin into blocks of one town around ``middle``.

    ``bank`` differs between generators that a canal parts.
    """
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
        rings.append(shapely.polygons(shape + middle))
    position = np.full(len(points) + len(frame), -1)
    position[np.flatnonzero(inside)] = np.arange(inside.sum())
    ends = np.array(cells.ridge_vertices)
    near = position[cells.ridge_points]
    shared = (near >= 0).all(axis=1) & (ends >= 0).all(axis=1)
    borders = corner[ends]
    shared &= np.linalg.norm(borders[:, 0] - borders[:, 1], axis=1) >= _CROSSING_M / 2
    side = bank[np.minimum(cells.ridge_points, len(points) - 1)]
    return Ground(
        blocks=np.array(rings, dtype=object),
        centres=points[inside] + middle,
        urban=urban[inside],
        pairs=near[shared],
        borders=borders[shared] + middle,
        water=(side[:, 0] != side[:, 1])[shared],
        cores=cores + middle,
        town=np.zeros(len(rings), dtype="int64"),
        courses=courses,
        ford_m=ford_m,
    )


def join_scraps(ground: Ground, places: NDArray[np.int64]) -> None:
    """Let scraps of town or country follow their surroundings, in place.

    Borders and canals cut both into pieces. One smaller than a community or village of average
    extent could claim no place of its own. ``places`` has a row a town: its villages, its
    communities.
    """
    graph = ground.graph().tocoo()
    towns = len(places)
    absent = places[ground.town, ground.urban.astype("int64")] == 0
    ground.urban[absent] = ~ground.urban[absent]
    for _ in range(_JOININGS):
        kind = 2 * ground.town + ground.urban
        same = kind[graph.row] == kind[graph.col]
        own = coo_array((graph.data[same], (graph.row[same], graph.col[same])), shape=graph.shape)
        _, component = connected_components(own, directed=False)
        size = np.bincount(component)
        largest = np.zeros(2 * towns, dtype="int64")
        by_size = np.argsort(size[component], kind="stable")
        largest[kind[by_size]] = component[by_size]  # the last one written stays
        average = np.bincount(kind, minlength=2 * towns) / np.maximum(places.ravel(), 1)
        small = (size[component] < average[kind]) & (component != largest[kind])
        scrap = small & (places[ground.town, 1 - ground.urban.astype("int64")] > 0)
        if not scrap.any():
            break
        # One kind at a time: two scraps side by side would only change places.
        turn = scrap & ground.urban
        turn = turn if turn.any() else scrap
        ground.urban[turn] = ~ground.urban[turn]


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
    turn = np.linspace(0, 2 * np.pi, _BENDS, endpoint=False)
    corner = np.column_stack([np.cos(turn), np.sin(turn)])
    corner = np.sign(corner) * np.abs(corner) ** 0.5 * (0.5 * width, 0.5 * height)
    reach, bays = wave(rng, 0.09, 2 * np.pi), wave(rng, 0.05, 2 * np.pi / 3)
    return shapely.Polygon(corner * (1 + reach(turn) + bays(turn))[:, None])


def wave(rng: np.random.Generator, amplitude: float, length: float) -> Callable[[Floats], Floats]:
    """Make a smooth random curve that repeats itself after ``length``."""
    phases = rng.uniform(0, 2 * np.pi, 3)
    turns = np.array([1, 2, 4]) * 2 * np.pi / length
    sizes = amplitude * np.array([0.6, 0.3, 0.15])

    def offset(at: Floats) -> Floats:
        return np.sin(np.multiply.outer(at, turns) + phases) @ sizes

    return offset


def both_sides(line: shapely.LineString, street_m: Callable[[Floats], Floats]) -> Floats:
    """Set generators in pairs, half a street's spacing to the left and right of a line."""
    pairs = []
    along = 0.0
    while along < line.length - 0.5 * URBAN_STREET_M:
        here, ahead = (shapely.get_coordinates(line.interpolate(along + d)) for d in (0.0, 5.0))
        spacing = float(street_m(here)[0])
        normal = (ahead - here)[:, ::-1] * (-1, 1) / np.linalg.norm(ahead - here)
        pairs += [here + normal * spacing * 0.47, here - normal * spacing * 0.47]
        along += spacing
    return np.vstack(pairs)


def add(points: Floats, more: Floats, street_m: Callable[[Floats], Floats], apart: float) -> Floats:
    """Add the generators that keep their distance from those already set."""
    if len(points) == 0:
        return more
    distance, _ = cKDTree(points).query(more)
    return np.vstack([points, more[distance > apart * street_m(more)]])


def lattice(spacing: float, jitter: float, reach: float, rng: np.random.Generator) -> Floats:
    """Set generators on a tilted, shaken lattice from ``-reach`` to ``reach``."""
    steps = np.arange(-reach, reach, spacing)
    even = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    shaken = even + rng.normal(scale=jitter * spacing, size=even.shape)
    turn = np.array([[np.cos(_TILT), np.sin(_TILT)], [-np.sin(_TILT), np.cos(_TILT)]])
    return shaken @ turn
