"""Ten million points where an index may go wrong, on clean partitions and on damaged ones.

The oracle is GEOS: of each grid its prepared predicate, of several the first.
"""

import numpy as np
import pytest
import shapely

from benchmarks.assign_damage import WAYS, damaged
from benchmarks.partitions import partition
from tests.analysis.test_locate import hard_points, index_of
from tests.trial.conftest import effort

pytestmark = pytest.mark.trial

PLACES = [(1.0, 0.0), (30.0, [5e5, 3.4e6]), (1e-4, [114.0, 30.0]), (1e-9, [-1e3, 1e6])]


def in_strips(polygons, x, y):
    """Give, from the last polygon to the first, its position and the points in its box."""
    order = np.argsort(x)
    xs, ys = x[order], y[order]
    west, south, east, north = shapely.bounds(polygons).T
    first, end = np.searchsorted(xs, west, "left"), np.searchsorted(xs, east, "right")
    for k in np.flatnonzero(np.isfinite(west))[::-1]:
        strip = ys[first[k] : end[k]]
        yield k, order[first[k] + np.flatnonzero((strip >= south[k]) & (strip <= north[k]))]


def meets(shape, x, y):
    """Ask GEOS's prepared predicate; the first question to it is answered by the plain one."""
    shapely.prepare(shape)
    corner = shapely.get_coordinates(shape)[0]
    shapely.intersects_xy(shape, [corner[0]] * 2, [corner[1]] * 2)
    return shapely.intersects_xy(shape, x, y)


def assert_no_difference(polygons, seed):
    """Compare grid and border of every hard point with GEOS; give how many there are."""
    index = index_of(polygons)
    x, y = hard_points(index, [p for p in polygons if p is not None], seed)
    position, on_border = index.locate_with_border(x, y, threads=2)
    np.testing.assert_array_equal(position, index.locate(x, y))
    expected = np.full(len(x), -1)
    expected_border = np.zeros(len(x), np.bool_)
    for k, inside_box in in_strips(polygons, x, y):
        met = inside_box[meets(polygons[k], x[inside_box], y[inside_box])]
        expected[met] = k
        expected_border[met] = meets(shapely.boundary(polygons[k]), x[met], y[met])
    np.testing.assert_array_equal(position, expected)
    np.testing.assert_array_equal(on_border, expected_border)
    return len(x)


@pytest.mark.parametrize("seed", range(4))
def test_no_hard_point_of_a_clean_partition_differs_from_geos(seed):
    scale, origin = PLACES[seed]
    grids = partition(effort(3000), seed)
    moved = shapely.transform(grids, lambda corners: corners * scale + origin)
    assert assert_no_difference(moved, seed) > effort(2_500_000)


@pytest.mark.parametrize("way", WAYS)
def test_no_hard_point_of_a_damaged_partition_differs_from_geos(way):
    grids = damaged(partition(effort(2000), 7), way, 0.05, 7)
    assert_no_difference(grids, 7)
