"""The outline of the sample city and the courses of its roads and canals.

Jingjiang, loosely: some 47 km from west to east, the Yangtze all along its south. Drawn in
metres around the middle of the city, which lies at ``MIDDLE`` in EPSG:4549.
"""

from collections.abc import Callable

import numpy as np
import shapely
from scipy.spatial import Delaunay

from gridgeo.sample.ground import Course, Floats, wave

# 靖城, about 120.27° E, 32.01° N.
MIDDLE = (525_510.0, 3_543_220.0)
AREA_M2 = 652e6
SHORE_M = 52_000.0

# Kilometres east and north of 靖城 to the core of each town, in a city of AREA_M2.
CORES_KM = {
    "321282001": (0.0, 0.3),
    "321282101": (-13.6, -1.8),
    "321282102": (-19.0, -3.6),
    "321282103": (15.2, -1.2),
    "321282104": (18.0, 3.6),
    "321282105": (11.6, 6.0),
    "321282106": (6.3, 4.6),
    "321282108": (-12.2, 4.2),
    "321282109": (-5.6, 4.6),
    "321282401": (2.6, -3.9),
    "321282402": (11.2, -5.6),
    "321282403": (0.8, 5.2),
    "321282404": (7.2, -3.6),
    "321282406": (-4.0, -4.0),
}
_ROUND = 2.8  # how blunt the west and east ends are
_POINTS = 400
_TRUNKS = (("江平路", 2_300.0), ("沿江公路", -5_400.0))
_AVENUES = (
    ("阳光大道", -2_100.0),
    ("江洲路", 1_500.0),
    ("广靖公路", -9_300.0),
    ("新港大道", 9_900.0),
)
_CANALS = (("夹港", -16_200.0), ("上六圩港", -7_300.0), ("十圩港", 4_300.0), ("下青龙港", 13_200.0))
_CROSS_CANAL = ("横港", 1_000.0)
_STEP_M = 50.0


def draw_outline(
    area_m2: float, rng: np.random.Generator
) -> tuple[shapely.Polygon, shapely.LineString]:
    """Draw the border of a city.

    Parameters
    ----------
    area_m2 : float
        Its extent.
    rng : Generator

    Returns
    -------
    outline : Polygon
        Exactly ``area_m2`` large, around the origin.
    shore : LineString
        The southern part of its border, west to east: 52 km in a city of 652 km², and in
        proportion to the width of a smaller one.
    """
    turn = np.linspace(-1.0, 1.0, _POINTS)
    belly = np.maximum(1 - np.abs(turn) ** _ROUND, 0.0) ** 0.55
    north_bays, south_bays, bend = (wave(rng, size, 2.0) for size in (0.08, 0.07, 0.07))
    fine = wave(rng, 0.018, 0.4)
    north = belly * (0.50 + north_bays(turn)) + belly**0.5 * bend(turn)
    south = -belly * (0.50 + south_bays(turn) + fine(turn)) + belly**0.5 * bend(turn)
    unit = shapely.Polygon(np.vstack([np.column_stack([turn, south]),
                                      np.column_stack([turn, north])[-2:0:-1]]))  # fmt: skip
    shore = shapely.LineString(np.column_stack([turn, south]))
    wanted = SHORE_M * np.sqrt(area_m2 / AREA_M2)

    def stretched(line: shapely.Geometry, wide: float) -> shapely.Geometry:
        tall = area_m2 / unit.area / wide
        return shapely.transform(line, lambda xy: xy * (wide, tall))

    low, high = 0.36 * wanted, 0.5 * wanted
    for _ in range(60):
        middle = 0.5 * (low + high)
        if stretched(shore, middle).length < wanted:
            low = middle
        else:
            high = middle
    return stretched(unit, high), stretched(shore, high)


def draw_courses(
    outline: shapely.Polygon,
    shore: shapely.LineString,
    cores: Floats,
    names: list[str],
    size: float,
    rng: np.random.Generator,
) -> tuple[list[Course], Callable[[Floats], Floats]]:
    """Draw the roads and canals of a city.

    Parameters
    ----------
    outline, shore
        As ``draw_outline`` gives them.
    cores : ndarray, shape (c, 2)
        The towns' cores.
    names : list of str
        The towns' names; a road between two is called after both.
    size : float
        The city's width next to the whole one's: 1 or less.
    rng : Generator

    Returns
    -------
    courses : list of Course
        Around the origin: the shore, trunk roads, roads between neighbouring towns, canals.
    bank : callable
        Tells for points, shape (n, 2), between which canals they lie.
    """
    west, south, east, north = outline.bounds
    along_x = np.arange(1.2 * west, 1.2 * east, _STEP_M)
    along_y = np.arange(1.3 * south, 1.3 * north, _STEP_M)
    width, height = east - west, north - south
    courses = [Course("长江", "shore", shore)]
    middle = _middle_line(outline, along_x)
    for name, off in _TRUNKS:
        sway = wave(rng, 420.0 * size, width)
        line = np.column_stack([along_x, middle + off * size + sway(along_x)])
        courses.append(Course(name, "trunk", shapely.LineString(line)))
    for name, off in _AVENUES:
        sway = wave(rng, 320.0 * size, height)
        line = np.column_stack([off * size + sway(along_y), along_y])
        courses.append(Course(name, "trunk", shapely.LineString(line)))
    across = []
    for name, off in _CANALS:
        sway = wave(rng, 380.0 * size, height)
        across.append((off * size, sway))
        line = np.column_stack([off * size + sway(along_y), along_y])
        courses.append(Course(name, "canal", shapely.LineString(line)))
    name, off = _CROSS_CANAL
    ripple = wave(rng, 300.0 * size, width)
    level = middle + off * size + ripple(along_x)
    courses.append(Course(name, "canal", shapely.LineString(np.column_stack([along_x, level]))))
    courses += _between_towns(cores, names, rng)

    def bank(xy: Floats) -> Floats:
        count = np.zeros(len(xy))
        for at, sway in across:
            count += xy[:, 0] > at + sway(xy[:, 1])
        return count + 10 * (xy[:, 1] > np.interp(xy[:, 0], along_x, level))

    return courses, bank


def _middle_line(outline: shapely.Polygon, along_x: Floats) -> Floats:
    """Follow the middle between the northern and southern border, smoothed over a few km."""
    west, south, east, north = outline.bounds
    cuts = shapely.linestrings(
        [[(x, south - 1.0), (x, north + 1.0)] for x in np.linspace(0.9 * west, 0.9 * east, 25)]
    )
    inside = shapely.bounds(shapely.intersection(cuts, outline))
    return np.interp(along_x, inside[:, 0], 0.5 * (inside[:, 1] + inside[:, 3]))


def _between_towns(cores: Floats, names: list[str], rng: np.random.Generator) -> list[Course]:
    """Draw a bent road between every two neighbouring towns."""
    edges = {tuple(sorted((int(a), int(b)))) for ring in Delaunay(cores).simplices
             for a, b in zip(ring, np.roll(ring, 1), strict=True)}  # fmt: skip
    roads = []
    for first, second in sorted(edges):
        start, end = cores[first], cores[second]
        length = float(np.linalg.norm(end - start))
        between = shapely.LineString([start, end])
        others = np.delete(cores, [first, second], axis=0)
        # A third town nearly on the way already joins the two.
        if shapely.distance(between, shapely.points(others)).min() < 0.3 * length:
            continue
        share = np.linspace(0, 1, max(int(length / _STEP_M), 4))
        normal = np.array([start[1] - end[1], end[0] - start[0]]) / length
        off = rng.normal(scale=0.035) * length * np.sin(np.pi * share)
        line = start + share[:, None] * (end - start) + off[:, None] * normal
        name = f"{names[first][0]}{names[second][0]}公路"
        roads.append(Course(name, "main", shapely.LineString(line)))
    return roads
