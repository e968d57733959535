"""Polygons thrown together at random: any shape, any overlap, on and off a lattice."""

import numpy as np
import pytest
import shapely

from tests.analysis.test_locate import first_by_geos, hard_points, index_of
from tests.trial.conftest import effort

pytestmark = pytest.mark.trial


def ring(rng, grain):
    """A ring around anywhere: a star, or its corners in any order, so that it crosses itself."""
    n = rng.integers(3, 13)
    turns = np.sort(rng.random(n)) if rng.random() < 0.5 else rng.random(n)
    away = rng.random((n, 1)) * rng.choice([3, 20, 60])
    round_it = np.column_stack([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)])
    corners = rng.random(2) * 100 + away * round_it
    return np.round(corners / grain) * grain if grain else corners


def polygon(rng, grain):
    """A polygon, a third of them with holes that keep to no rule but one."""
    shell = shapely.Polygon(ring(rng, grain))
    # GEOS takes a path along two sides of a box and back for the box itself.
    if shell.area == 0 and len(shell.exterior.coords) == 5:
        return shapely.box(10, 10, 40, 30)
    # Beyond the shell's box GEOS looks no further; by the count of crossings a hole is inside.
    west, south, east, north = shell.bounds
    holes = [
        np.clip(ring(rng, grain), [west, south], [east, north])
        for _ in range(rng.integers(1, 3) if rng.random() < 0.3 else 0)
    ]
    return shapely.Polygon(shell.exterior, holes)


def soup(seed):
    """Up to 60 of them in one list: pieces of several, copies, lids on others, nothing at all."""
    rng = np.random.default_rng(seed)
    grain = rng.choice([0, 0, 0.1, 1, 5])  # lattices make borders and corners meet
    made = []
    for _ in range(rng.integers(1, 60)):
        kind = rng.choice(["one", "one", "several", "copy", "lid", "nothing"])
        if kind == "several":
            made.append(shapely.MultiPolygon([polygon(rng, grain) for _ in range(3)]))
        elif kind == "copy" and made:
            made.append(made[rng.integers(len(made))])
        elif kind == "lid" and made and made[-1] is not None:
            made.append(shapely.box(*made[-1].bounds))
        elif kind == "nothing":
            made.append(None)
        else:
            made.append(polygon(rng, grain))
    made.append(polygon(rng, grain))
    scale, origin = [(1.0, 0.0), (1 / 3, -7.0), (1e-6, 120.0), (1.0, 3.5e6)][rng.integers(4)]
    return shapely.transform(np.array(made, dtype=object), lambda c: c * scale + origin)


@pytest.mark.parametrize("seed", range(effort(400)))
def test_of_any_soup_the_first_polygon_that_geos_has_meet_the_point_is_given(seed):
    polygons = soup(seed)
    index = index_of(polygons)
    x, y = hard_points(index, polygons, seed)
    found = index.locate(x, y)
    np.testing.assert_array_equal(found, first_by_geos(polygons, x, y))
    np.testing.assert_array_equal(found, index.locate(x, y, threads=2))
