import itertools
import pickle
from fractions import Fraction

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.partitions import partition
from gridgeo.analysis.cells import build, lattice
from gridgeo.analysis.locate import GridIndex, warm_locate
from gridgeo.errors import GeometryError, ParameterError

LEFT, RIGHT = shapely.box(0, 0, 2, 2), shapely.box(2, 0, 4, 2)


def index_of(polygons):
    return GridIndex(gpd.GeoSeries(list(polygons)))


def first_by_geos(polygons, x, y):
    """Lowest position whose prepared polygon meets the point, asked of GEOS one by one."""
    answer = np.full(len(x), -1)
    for k in reversed(range(len(polygons))):
        if polygons[k] is None or polygons[k].is_empty:
            continue
        shapely.prepare(polygons[k])
        # GEOS answers the first question of a prepared polygon by its plain predicate.
        corner = np.full((2, 3), shapely.get_coordinates(polygons[k])[0, :, None])
        shapely.intersects_xy(polygons[k], *corner)
        answer[shapely.intersects_xy(polygons[k], x, y)] = k
    return answer


def first_by_fractions(polygons, x, y):
    """The same by rational arithmetic, from the definition: on a segment, or an odd crossing."""
    rings = [shapely.get_rings(shapely.get_parts(p)) if p else [] for p in polygons]
    exact = [[[*map(_rational, shapely.get_coordinates(r))] for r in own] for own in rings]
    points = [_rational(q) for q in zip(x, y, strict=True)]
    return [next((k for k, own in enumerate(exact) if _covers(own, q)), -1) for q in points]


def _rational(point):
    return Fraction(float(point[0])), Fraction(float(point[1]))


def _covers(rings, q):
    odd = False
    for (ax, ay), (bx, by) in itertools.chain.from_iterable(map(itertools.pairwise, rings)):
        turn = (ax - q[0]) * (by - q[1]) - (ay - q[1]) * (bx - q[0])
        if turn == 0 and min(ax, bx) <= q[0] <= max(ax, bx) and min(ay, by) <= q[1] <= max(ay, by):
            return True
        if (ay > q[1]) != (by > q[1]):
            odd ^= (turn > 0) == (by > ay)
    return odd


def hard_points(index, polygons, seed):
    """Points where an index may go wrong: on, beside and level with vertices, edges and cells."""
    rng = np.random.default_rng(seed)
    rings = shapely.get_rings(shapely.get_parts(np.array(polygons, dtype=object)))
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    ends = np.flatnonzero(ring[1:] == ring[:-1])
    a, b = vertices[ends], vertices[ends + 1]
    on_edges = np.concatenate([(a + b) / 2, a + rng.random((len(a), 1)) * (b - a)])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    anywhere = low + (rng.random((400, 2)) * 1.2 - 0.1) * (high - low)
    cells = index._built.cells
    corners = rng.integers(0, cells.side * 8, (300, 2)) / 8 / cells.per_unit
    corners += [cells.x0, cells.y0]
    pick = rng.integers(0, len(vertices), (2, 300))
    # Beside vertices, on the borders of cells of every depth.
    finer = cells.per_unit * 2.0 ** rng.integers(0, 25, (300, 1))
    origin = np.array([cells.x0, cells.y0])
    deep = np.floor((vertices[pick[0]] - origin) * finer) / finer + origin
    level = np.column_stack([vertices[pick[0], 0], vertices[pick[1], 1]])
    mixed = np.column_stack([corners[:, 0], vertices[pick[0], 1]])
    beside = [
        np.nextafter(p, p + s) for p in (vertices, on_edges) for s in ([1, 0], [0, 1], [-1, -1])
    ]
    # Below 1e-300 GEOS loses the sign to underflow; there the oracle is rational arithmetic.
    beside = [p[((p == 0) | (np.abs(p) > 1e-300)).all(axis=1)] for p in beside]
    wild = np.array([[np.nan, 1], [1, np.nan], [np.inf, 1], [1, -np.inf], [1e308, -1e308]])
    return np.concatenate(
        [vertices, on_edges, anywhere, corners, deep, level, mixed, *beside, wild]
    ).T.copy()


def assert_agrees_with_geos(polygons, seed=0):
    index = index_of(polygons)
    x, y = hard_points(index, polygons, seed)
    found, on_border = index.locate_with_border(x, y)
    np.testing.assert_array_equal(found, first_by_geos(polygons, x, y))
    np.testing.assert_array_equal(found, index.locate(x, y))
    for k in range(len(polygons)):
        mine = found == k
        edge = shapely.boundary(polygons[k]) if mine.any() else None
        np.testing.assert_array_equal(
            on_border[mine], shapely.intersects_xy(edge, x[mine], y[mine])
        )


# Whole numbers force shared, touching, crossing and overlapping edges; 1 … 9 keeps GEOS exact.
corner = st.tuples(st.integers(1, 9), st.integers(1, 9))
any_ring = (
    st.lists(corner, min_size=3, max_size=8)
    .map(shapely.Polygon)
    # GEOS takes a path along two sides of a box and back for the box itself.
    .filter(lambda ring: ring.area > 0 or len(ring.exterior.coords) != 5)
)
boxes = st.builds(lambda a, b: shapely.box(*a, *b), corner, corner)
with_hole = st.builds(
    lambda hole: shapely.Polygon([(0, 0), (0, 10), (10, 10), (10, 0)], [hole]),
    st.lists(corner, min_size=3, max_size=5),
)
several = st.lists(any_ring | boxes, min_size=2, max_size=3).map(shapely.MultiPolygon)
nothing = st.sampled_from([None, shapely.Polygon(), shapely.MultiPolygon()])
soups = st.lists(any_ring | boxes | with_hole | several | nothing, min_size=1, max_size=9).flatmap(
    lambda soup: st.permutations(soup + soup[:2])
)
places = st.sampled_from([(1.0, 0.0), (0.3, 3.5e6), (1e-7, 120.0), (1 / 3, -7.0), (16.0, 1e15)])


far_away = st.sampled_from([[], [shapely.box(1e6, -2e6, 1e6 + 1, 1e6)]])  # the soup is one crowd


@given(soups, far_away, places, st.integers(0, 99))
def test_the_first_covering_polygon_of_any_soup_is_given(soup, far, place, seed):
    scale, origin = place
    moved = shapely.transform(np.array(soup + far, dtype=object), lambda c: c * scale + origin)
    index = index_of(moved)
    if all(p is None or p.is_empty for p in moved):
        assert index.locate([1.0, np.nan], [1.0, 1.0]).tolist() == [-1, -1]
        return
    x, y = hard_points(index, moved, seed)
    np.testing.assert_array_equal(index.locate(x, y), first_by_geos(moved, x, y))


near_zero = st.sampled_from([0.0, 5e-324, -5e-324, 1e-310, 1e-170, -1e-170, 1.0, -1.0, 3.0])
tiny_corner = st.tuples(near_zero, near_zero)
tiny_soups = st.lists(
    st.lists(tiny_corner, min_size=3, max_size=5).map(shapely.Polygon), min_size=1, max_size=3
)


@given(tiny_soups, st.lists(tiny_corner, min_size=1, max_size=20))
@example([shapely.Polygon([(0.0, 0.0), (0.0, 5e-324), (-1.0, -1.0)])], [(-5e-324, 0.0)])
def test_the_answer_is_that_of_rational_arithmetic_where_doubles_run_out(soup, points):
    x, y = np.array(points).T
    assert index_of(soup).locate(x, y).tolist() == first_by_fractions(soup, x, y)


@given(st.integers(1, 80), st.integers(0, 10**6))
def test_every_point_of_a_partition_has_the_grid_geos_gives(n, seed):
    assert_agrees_with_geos(partition(n, seed, steps=20, holes=0.3), seed)


@given(st.integers(0, 10**6), st.sampled_from(["shift", "drop", "double", "swell", "straighten"]))
def test_damaged_partitions_are_answered_as_exactly(seed, damage):
    rng = np.random.default_rng(seed)
    grids = partition(40, seed, steps=20)
    for k in rng.integers(0, len(grids), 4):
        if damage == "shift":
            grids[k] = shapely.transform(grids[k], lambda c: c + rng.normal(size=2))
        elif damage == "drop":
            grids[k] = None
        elif damage == "double":
            grids[k] = grids[(k + 1) % len(grids)]
        elif damage == "swell":
            grids[k] = shapely.buffer(grids[k], 3)
        else:
            grids[k] = shapely.simplify(grids[k], 5)  # T-junctions and slivers on every side
    assert_agrees_with_geos(grids, seed)


@given(st.integers(2, 6), st.integers(0, 999))
def test_points_beside_t_junctions_fall_to_neither_or_both_as_the_digits_say(parts, seed):
    ys = np.sort(np.random.default_rng(seed).random(parts - 1))
    x = 1 / 3 + ys / 7  # no double lies exactly on the slanted line of the neighbour
    left = shapely.Polygon([(0, 0), (1 / 3, 0), (1 / 3 + 1 / 7, 1), (0, 1)])
    steps = [(1 / 3, 0.0), *zip(x, ys, strict=True), (1 / 3 + 1 / 7, 1.0)]
    right = [shapely.Polygon([a, (1, a[1]), (1, b[1]), b]) for a, b in itertools.pairwise(steps)]
    assert_agrees_with_geos([left, *right], seed)


def test_neighbours_of_zero_are_not_on_the_border_at_zero():
    index = index_of([shapely.box(0, 0, 1, 1)])
    below = np.nextafter(0.0, -1.0)
    assert index.locate([below, 0.0, -below, 0.5], [0.5, 0.5, 0.5, below]).tolist() == [
        -1,
        0,
        0,
        -1,
    ]


@pytest.mark.parametrize("size", [1e-290, 1e-150, 1e-9, 1.0, 1e9, 1e150, 1e299])
def test_coordinates_may_be_of_any_size(size):
    index = index_of(shapely.transform([LEFT, RIGHT], lambda c: c * size))
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, np.nextafter(2.0, 3.0), np.nextafter(0.0, -1.0)])
    assert index.locate(x * size, x * 0 + size).tolist()[:7] == [0, 0, 0, 1, 1, -1, 1]


def test_a_coarse_layer_is_answered_although_anchors_meet_segments():
    # 1e17: neighbouring doubles are 16 apart, so that cells and grids share the same few places.
    rng = np.random.default_rng(3)
    grids = [shapely.Polygon(1e17 + 16 * rng.integers(0, 300, (5, 2))) for _ in range(200)]
    index = index_of(grids)
    x, y = 1e17 + 16 * rng.integers(-9, 309, (2, 5000)).astype(float)
    np.testing.assert_array_equal(index.locate(x, y), first_by_geos(grids, x, y))


def test_the_last_lattice_serves_when_every_other_is_refused(monkeypatch):
    grids = partition(30, 1)
    usual = build._fill
    last = lattice.LATTICES - 1
    refuse = [None] * last
    monkeypatch.setattr(build, "_fill", lambda *a: refuse.pop() if refuse else usual(*a))
    index = index_of(grids)
    assert not refuse
    x, y = np.random.default_rng(1).random((2, 2000)) * 1000
    np.testing.assert_array_equal(index.locate(x, y), first_by_geos(grids, x, y))


def test_the_answer_does_not_depend_on_threads_nor_on_a_copy():
    index = index_of(partition(50, 4))
    x, y = np.random.default_rng(4).random((2, 50_000)) * 1000
    alone = index.locate(x, y)
    np.testing.assert_array_equal(alone, index.locate(x, y, threads=3))
    np.testing.assert_array_equal(alone, pickle.loads(pickle.dumps(index)).locate(x, y))


def test_many_layers_of_grids_are_answered_by_the_first():
    nested = [shapely.box(-k, -k, k, k) for k in range(60, 0, -1)]
    assert index_of(nested).locate([0, 60, 61], [0, 60, 0]).tolist() == [0, 0, -1]
    assert index_of(nested[::-1]).locate([0, 1.5, 60], [0, 0, 60]).tolist() == [0, 1, 59]


def test_points_may_come_as_lists_numbers_and_in_any_memory():
    index = index_of([LEFT, RIGHT])
    assert index.locate(1, 1).tolist() == [0]
    assert index.locate([], []).tolist() == []
    both = np.array([[1.0, 1.0], [3.0, 1.0]], order="F")
    both.flags.writeable = False
    assert index.locate(both[:, 0], both[:, 1]).tolist() == [0, 1]
    assert index.locate(both[:, 0].astype(">f8"), both[:, 1].astype("f4")).tolist() == [0, 1]
    assert index.locate([1, 3], [1, 1]).dtype == np.int32


@pytest.mark.parametrize("empty", [[], [None], [shapely.Polygon(), None]])
def test_grids_without_area_cover_nothing(empty):
    index = GridIndex(gpd.GeoSeries(empty))
    assert len(index) == len(empty)
    assert index.locate([0.0, np.nan], [0.0, 0.0]).tolist() == [-1, -1]
    assert index.report().overlaps == ()


def test_height_and_measure_are_ignored():
    measured = shapely.from_wkt("POLYGON ZM ((4 0 1 9, 6 0 2 9, 6 2 3 9, 4 2 4 9, 4 0 1 9))")
    index = index_of([shapely.force_3d(LEFT, 7.0), RIGHT, measured])
    assert index.locate([1, 3, 5], [1, 1, 1]).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("x", "y", "threads", "says"),
    [
        ([1, 2], [1], 1, "x has 2 coordinates and y has 1"),
        ([[1]], [1], 1, "x has 2 dimensions"),
        ([1], ["here"], 1, "y holds something that is no number"),
        ([1], [1], 0, "threads is 0"),
    ],
)
def test_coordinates_that_make_no_points_are_refused(x, y, threads, says):
    with pytest.raises(ParameterError, match=says):
        index_of([LEFT]).locate(x, y, threads=threads)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        (shapely.Point(1, 1), "a Point at position 1"),
        (shapely.GeometryCollection([LEFT]), "a GeometryCollection at position 1"),
        (shapely.Polygon([(0, 0), (np.inf, 0), (1, 1)]), "at position 1; they must be finite"),
    ],
)
def test_shapes_that_are_no_area_are_refused_by_position(shape, says):
    with pytest.raises(GeometryError, match=says):
        index_of([LEFT, shape])


def test_something_that_is_no_geometry_frame_is_refused():
    with pytest.raises(ParameterError, match="grids is a list"):
        GridIndex([LEFT])
    with pytest.raises(GeometryError, match="no geometry column"):
        GridIndex(gpd.GeoDataFrame({"name": ["a"]}))


def test_the_report_names_overlaps_duplicates_gaps_and_invalid_shapes():
    bowtie = shapely.Polygon([(10, 0), (12, 2), (12, 0), (10, 2)])
    around = shapely.Polygon(
        shapely.box(20, 0, 30, 10).exterior, [shapely.box(24, 4, 26, 6).exterior]
    )
    report = index_of([LEFT, shapely.box(1, 0, 4, 2), LEFT, bowtie, around]).report()
    assert [(o.first, o.second, o.area, o.duplicate) for o in report.overlaps] == [
        (0, 1, 2.0, False),
        (0, 2, 4.0, True),
        (1, 2, 2.0, False),
    ]
    assert [(g.area, g.beside) for g in report.gaps] == [(4.0, (4,))]
    assert report.invalid == (3,)
    assert report.grids == 5
    assert report.dirty_cells > 0
    assert report.nbytes > 0
    assert report.build_seconds > 0


def test_a_clean_partition_has_no_faults_but_its_lakes():
    grids = partition(60, 5, holes=0.3)
    report = index_of(grids).report()
    assert report.overlaps == report.invalid == ()
    lakes = shapely.get_num_interior_rings(shapely.get_parts(shapely.coverage_union_all(grids)))
    assert len(report.gaps) == lakes.sum() > 0


def test_warming_leaves_nothing_to_compile():
    warm_locate()
    kernels = [build._fill_rows, build.register]
    before = [len(k.signatures) for k in kernels]
    index_of(partition(5, 1)).locate(np.zeros(9), np.zeros(9), threads=2)
    assert [len(k.signatures) for k in kernels] == before == [1, 1]


def test_a_bare_index_answers_the_same_in_a_smaller_pickle_and_refuses_to_report():
    polygons = partition(60, 1)
    index = index_of(polygons)
    bare = index.bare()
    x, y = np.random.default_rng(1).random((2, 200)) * 1000
    assert bare.locate(x, y).tolist() == index.locate(x, y).tolist()
    assert len(bare) == len(index) == len(polygons)
    assert len(pickle.dumps(bare)) < len(pickle.dumps(index)) - 16 * 60 * 60
    with pytest.raises(ParameterError, match=r"index is bare.*Call report\(\) on the index"):
        bare.report()
    assert index.report().grids == len(polygons)
