"""The ground of the whole city: towns around their cores, between roads, canals and the river."""

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components, dijkstra

from gridgeo.sample.ground import (
    COMMUNITY_M2,
    ELLIPSE,
    URBAN_STREET_M,
    Course,
    Floats,
    Ground,
    add,
    both_sides,
    join_scraps,
    lattice,
    lay_blocks,
)
from gridgeo.sample.outline import AREA_M2, CORES_KM, MIDDLE, draw_courses, draw_outline

_FORD_M = 500.0
_ROUNDS = 150
_STEP = 0.2
_CORE_M = 300.0  # nobody else comes nearer to a core
_ALL_COMMUNITIES, _ALL_VILLAGES = 76, 181
_VILLAGE_M2 = (AREA_M2 - _ALL_COMMUNITIES * COMMUNITY_M2) / _ALL_VILLAGES


def lay_city(villages: pd.DataFrame, rural_street_m: float, rng: np.random.Generator) -> Ground:
    """Lay out the ground of a city of several towns.

    Parameters
    ----------
    villages : DataFrame
        As ``all_villages`` gives it, or some of its rows. The city's extent follows from them:
        652 km² for all.
    rural_street_m : float
        Metres from street to street in the country.
    rng : Generator

    Returns
    -------
    Ground
        Towns in the order of ``villages``, each connected, of an extent that follows from its
        communities and villages; dense blocks around each core; roads and canals along borders
        of blocks; the river's bank in the south.
    """
    town, codes = pd.factorize(villages["town_code"])
    urban = (villages["kind"] == "community").to_numpy()
    places = np.column_stack([np.bincount(town[~urban], minlength=len(codes)),
                              np.bincount(town[urban], minlength=len(codes))])  # fmt: skip
    extent = places @ np.array([_VILLAGE_M2, COMMUNITY_M2])
    size = float(np.sqrt(extent.sum() / AREA_M2))
    cores = np.array([CORES_KM[code] for code in codes]) * 1000 * size
    radius = np.sqrt(places[:, 1] * COMMUNITY_M2 / (np.pi * ELLIPSE))
    outline, shore = draw_outline(float(extent.sum()), rng)
    names = villages["town"].drop_duplicates().tolist()
    courses, bank = draw_courses(outline, shore, cores, names, size, rng)
    shapely.prepare(outline)

    def is_urban(xy: Floats) -> NDArray[np.bool_]:
        off = xy[:, None, :] - cores[None]
        return np.asarray((np.hypot(off[..., 0] / ELLIPSE, off[..., 1]) < radius).any(axis=1))

    def street_m(xy: Floats) -> Floats:
        return np.where(is_urban(xy), URBAN_STREET_M, rural_street_m)

    points = both_sides(outline.exterior, street_m)
    for course in courses:
        if course.kind != "shore":
            points = add(points, both_sides(course.line, street_m), street_m, apart=0.62)
    reach = 0.55 * (outline.bounds[2] - outline.bounds[0])
    for spacing, jitter in ((URBAN_STREET_M, 0.09), (rural_street_m, 0.19)):
        tried = lattice(spacing, jitter, reach=reach, rng=rng)
        tried = tried[street_m(tried) == spacing]
        points = add(points, tried, street_m, apart=0.68)
    inside = shapely.contains_xy(outline, points)
    border = outline.exterior
    shapely.prepare(border)
    beside = shapely.dwithin(border, shapely.points(points), 1.5 * rural_street_m)
    keep = inside | beside
    points, inside = points[keep], inside[keep]
    placed = tuple(
        Course(c.name, c.kind, shapely.transform(c.line, lambda xy: xy + MIDDLE)) for c in courses
    )
    ground = lay_blocks(
        points, inside, is_urban(points), bank(points), cores, MIDDLE, placed, _FORD_M
    )
    ground.town[:] = _towns(ground, extent, places)
    join_scraps(ground, places)
    return ground


def _towns(ground: Ground, extent: Floats, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each town the blocks nearest to its core, its reach widened until its extent is met.

    The nearest along the graph, less a handicap: every block on the way to the core then belongs
    to the same town, so no town falls apart. A town without country is the ball around its core.
    """
    graph = ground.graph()
    area = shapely.area(ground.blocks)
    seeds = np.linalg.norm(ground.centres[:, None] - ground.cores[None], axis=2).argmin(axis=0)
    town = np.full(len(area), -1)
    for one in np.flatnonzero(places[:, 0] == 0):
        nearest = np.argsort(dijkstra(graph, indices=seeds[one]), kind="stable")
        town[nearest[: max(int(np.searchsorted(area[nearest].cumsum(), extent[one])), 1)]] = one
        # What the ball cuts off from the rest goes with it.
        rest = np.flatnonzero(town < 0)
        _, part = connected_components(graph[rest][:, rest], directed=False)
        town[rest[part != np.bincount(part).argmax()]] = one
    rest, wide = np.flatnonzero(town < 0), np.flatnonzero(places[:, 0] > 0)
    away = np.linalg.norm(ground.centres[rest][:, None] - ground.cores[wide][None], axis=2)
    starts = away.argmin(axis=0)
    metres = dijkstra(graph[rest][:, rest], indices=starts)
    apart = metres[:, starts]
    np.fill_diagonal(apart, np.inf)
    wanted = np.sqrt(extent[wide] / extent[wide].sum() * area[rest].sum())
    handicap = np.zeros(len(wide))
    for _ in range(_ROUNDS):
        nearest = (metres + handicap[:, None]).argmin(axis=0)
        now = np.bincount(nearest, area[rest], minlength=len(wide))
        handicap -= _STEP * (wanted - np.sqrt(now))
        # No town may swallow the core of another.
        handicap = np.minimum(handicap, (handicap[:, None] + apart - _CORE_M).min(axis=0))
    town[rest] = wide[(metres + handicap[:, None]).argmin(axis=0)]
    return town
