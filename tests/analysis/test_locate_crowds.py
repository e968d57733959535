"""Layers that break an index: crowds, piles, stars, combs, and a hundred thousand grids.

Bounds are counts, not seconds: of what the index holds, for each distinct segment.
"""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from benchmarks.partitions import partition
from gridgeo.analysis.cells.records import BLOCK, RECORD
from gridgeo.analysis.locate import GridIndex
from tests.analysis.test_locate import assert_agrees_with_geos, first_by_geos, index_of


def around(away, centre=(0.0, 0.0)):
    """A ring whose corners, evenly turned, lie so far from the centre."""
    turn = np.linspace(0, 2 * np.pi, len(away), endpoint=False)
    way = np.column_stack([np.cos(turn), np.sin(turn)])
    return shapely.Polygon(np.array(centre) + np.asarray(away)[:, None] * way)


def circle(n, radius=1.0, centre=(0.0, 0.0), rough=0.0):
    return around(radius * (1 + rough * np.random.default_rng(n).random(n)), centre)


def star(n, inner):
    return around(np.where(np.arange(n) % 2, inner, 1.0))


def comb(n):
    x = np.linspace(0, 1, n)
    teeth = np.column_stack([x, np.where(np.arange(n) % 2, 0.01, 1.0)])
    return shapely.Polygon([*teeth, (1, 0), (0, 0)])


def wedges(n):
    turn = np.linspace(0, 2 * np.pi, n + 1)
    x, y = np.cos(turn), np.sin(turn)
    return [shapely.Polygon([(0, 0), (x[k], y[k]), (x[k + 1], y[k + 1])]) for k in range(n)]


def far_from_town(width, corner):
    town = partition(100, 1, steps=20)
    return [
        shapely.box(-1e6, -1e6, 0, 0),
        *shapely.transform(town, lambda c: c * (width / 1000) + corner),
    ]


LAYERS = {
    "a circle of very many corners": lambda n: [circle(n)],
    "a rough circle": lambda n: [circle(n, rough=0.5)],
    "a star": lambda n: [star(n, 1e-3)],
    "a star of which half the corners are in one place": lambda n: [star(n, 1e-13)],
    "a comb": lambda n: [comb(n)],
    "wedges that meet in one point": lambda n: wedges(n // 10),
    "the same box again and again": lambda n: [shapely.box(0, 0, 1, 1)] * n,
    "two circles again and again": lambda n: [circle(50), circle(50, rough=0.1)] * (n // 50),
    "boxes one within the other": lambda n: [
        shapely.box(-k, -k, k, k) for k in range(n // 5, 0, -1)
    ],
    "boxes one around the other": lambda n: [shapely.box(-k, -k, k, k) for k in range(1, n // 50)],
    "a rough circle far from a huge box": lambda n: [
        shapely.box(0, 0, 1e6, 1e6),
        circle(n, 1.0, (5e6, 5e6), rough=1e-5),
    ],
    "a town far from a huge grid": lambda _: far_from_town(30.0, 5e6),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_neither_the_index_nor_its_answers_break_by(layer):
    polygons = np.array(LAYERS[layer](20_000), dtype=object)
    index = GridIndex(gpd.GeoSeries(polygons))
    cells = index._built.cells
    # A partition holds 16 and 4 for each segment; what long teeth and rays cross costs more.
    assert len(cells.sub) < 50 * len(cells.table) + 20_000
    assert len(cells.records) < 300 * len(cells.table) + 20_000
    rng = np.random.default_rng(1)
    west, south, east, north = shapely.bounds(polygons[-1])
    x, y = west + rng.random(300) * (east - west), south + rng.random(300) * (north - south)
    vertices = shapely.get_coordinates(polygons[[0, -1]])[:300].T
    x, y = np.concatenate([np.stack([x, y]), vertices], axis=1)
    some = np.unique(
        np.append(np.linspace(0, len(polygons) - 1, 300).astype(int), index.locate(x, y))
    )
    some = some[some >= 0]  # whoever is found, and some of those who are not
    found = index.locate(x, y)
    theirs = first_by_geos(polygons[some], x, y)
    np.testing.assert_array_equal(found, np.where(theirs < 0, -1, some[theirs]))


def test_a_town_far_from_one_grid_is_divided_as_finely_as_one_alone():
    polygons = far_from_town(30.0, 5e6)
    index = index_of(polygons)
    cells = index._built.cells
    told = -(cells.sub[cells.sub < 0].astype(np.int64) + 1)
    assert (told & 3 == BLOCK).any()
    heads = cells.records[told[told & 3 == RECORD] >> 2]
    assert heads.max() < 24  # segments of one cell; a single block would leave some hundreds
    assert heads.mean() < 4
    assert_agrees_with_geos(polygons)


@pytest.mark.parametrize("place", [1, 1e3, 1e5])
def test_crowds_within_crowds_know_who_covers_them_from_afar(place):
    # Around the town lies a huge grid; who comes from a large cell's anchor crosses its border.
    town = shapely.transform(partition(30, 2, steps=20), lambda c: c * 1e-5 + place)
    huge = shapely.box(0, 0, 1e6, 1e6)
    assert_agrees_with_geos([*town, huge])
    assert_agrees_with_geos([huge, *town, shapely.box(-1, -1, place, 2e6)])


def test_a_hundred_thousand_grids_are_told_apart():
    side = 320
    column, row = np.meshgrid(np.arange(float(side)), np.arange(float(side)))
    grids = shapely.box(column, row, column + 1, row + 1).ravel()
    x, y = np.random.default_rng(1).integers(-4, 4 * side + 4, (2, 50_000)) / 4
    # On a shared border the lower position: the box to the left, the box below.
    left, below = np.maximum(np.ceil(x) - 1, 0), np.maximum(np.ceil(y) - 1, 0)
    inside = (x >= 0) & (x <= side) & (y >= 0) & (y <= side)
    expected = np.where(inside, below * side + left, -1)
    np.testing.assert_array_equal(index_of(grids).locate(x, y), expected)


def test_one_grid_is_an_index_too():
    assert index_of([circle(5)]).locate([0, 0.5, 2], [0, 0, 0]).tolist() == [0, 0, -1]


@pytest.mark.parametrize(
    ("polygons", "reason"),
    [
        ([shapely.box(0, 0, 2, 2), shapely.box(1, 0.5, 3, 1.5)], "overlap"),
        ([shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])], "crossing"),
        (wedges(40), "crowded"),
        ([shapely.box(0, 0, 1, 1)] * 5, "crowded"),
    ],
)
def test_the_report_says_why_a_cell_is_dirty(polygons, reason):
    report = index_of(polygons).report()
    assert report.dirty_because[reason] > 0
    assert sum(report.dirty_because.values()) == report.dirty_cells


def test_a_clean_layer_has_no_dirty_cell():
    report = index_of(partition(60, 5)).report()
    assert report.dirty_because == {"overlap": 0, "crossing": 0, "crowded": 0}
    assert report.clean_cells > 0
