import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.partitions import partition
from gridgeo.analysis.locate import coordinates
from gridgeo.analysis.nearest import index as made
from gridgeo.analysis.nearest import search
from gridgeo.analysis.nearest.index import FARTHEST_M, NearestIndex, warm_nearest
from gridgeo.analysis.nearest.rings import read_rings
from gridgeo.analysis.nearest.tree import FAN, build_tree

WITHIN_M = [0.0, 0.5, 1.0, 2**0.5, 3.0, 4.75, 1e3, np.inf]


def ask(index, x, y, threads=1):
    """Position and metres of the nearest polygon, as if every point lay in none."""
    x, y = coordinates(x, "x"), coordinates(y, "y")
    position, distance_m = np.full(len(x), -1, np.int32), np.full(len(x), np.nan)
    index.fill(x, y, position, distance_m, threads)
    return position, distance_m


def nearest(polygons, x, y, within_m=np.inf, threads=1):
    return ask(NearestIndex(np.array(polygons, dtype=object), within_m), x, y, threads)


def by_measuring_all(polygons, x, y, within_m=np.inf):
    """The same by GEOS: every point against the borders of every polygon."""
    lines = [shapely.multilinestrings(list(rings_of(p))) if p else None for p in polygons]
    metres = shapely.distance(np.array(lines, dtype=object)[:, None], shapely.points(x, y))
    metres = np.where(np.isnan(metres), np.inf, metres)
    least, first = metres.min(axis=0), metres.argmin(axis=0)
    near = (least <= within_m) & (least < np.inf)
    return np.where(near, first, -1), np.where(near, least, np.nan)


def rings_of(polygon):
    return shapely.get_rings(shapely.get_parts(polygon))


def same(ours, theirs):
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])  # to the bit


def lattice_soup(rng, grain):
    """Polygons that keep to no rule but a lattice: rings that cross, lids, copies, nothing."""

    def ring():
        corners = rng.integers(0, 13, 2) + rng.integers(-3, 4, (rng.integers(3, 9), 2))
        return corners * grain

    def one():
        return shapely.Polygon(ring(), [ring() for _ in range(rng.integers(0, 3))])

    made = [one()]
    for kind in rng.integers(0, 6, rng.integers(0, 12)):
        if kind == 0:
            made.append(rng.choice([None, shapely.Polygon(), shapely.MultiPolygon()]))
        elif kind == 1:
            made.append(made[rng.integers(len(made))])
        elif kind == 2:
            made.append(shapely.MultiPolygon([one() for _ in range(3)]))
        elif kind == 3:
            west, south = rng.integers(0, 13, 2)
            made.append(shapely.box(*(np.array([west, south, west + 3, south + 2]) * grain)))
        else:
            made.append(one())
    return made


@given(st.integers(0, 10**6), st.sampled_from(WITHIN_M), st.sampled_from([1.0, 0.1, 1 / 3]))
def test_of_any_polygons_on_a_lattice_the_first_of_the_nearest_is_given(seed, within_m, grain):
    rng = np.random.default_rng(seed)
    polygons = lattice_soup(rng, grain)
    x, y = rng.integers(-16, 48, (2, 150)) / 2 * grain
    within_m *= grain
    same(nearest(polygons, x, y, within_m), by_measuring_all(polygons, x, y, within_m))


@given(st.integers(0, 10**6), st.floats(0, 400), st.sampled_from([0.0, 4e6, -3.3e7]))
def test_of_any_partition_the_first_of_the_nearest_is_given(seed, within_m, away):
    rng = np.random.default_rng(seed)
    polygons = rng.permutation(partition(15, seed, steps=16, holes=0.4))[:9]
    polygons = shapely.transform(polygons, lambda c: c + away)
    x, y = rng.random((2, 100)) * 1600 - 300 + away
    same(nearest(polygons, x, y, within_m), by_measuring_all(polygons, x, y, within_m))


@given(st.integers(0, 10**6))
def test_the_order_of_points_threads_and_slices_change_nothing(seed):
    rng = np.random.default_rng(seed)
    polygons = partition(30, 3, holes=0.3)
    x, y = rng.random((2, 70_000)) * 1400 - 200
    index = NearestIndex(polygons, 150.0)
    position, distance_m = ask(index, x, y)
    order = rng.permutation(len(x))
    same(ask(index, x[order], y[order]), (position[order], distance_m[order]))
    same(ask(index, x, y, threads=3), (position, distance_m))
    few = np.flatnonzero(rng.random(len(x)) < 0.001)
    same(ask(index, x[few], y[few]), (position[few], distance_m[few]))


def test_points_with_a_polygon_keep_it_and_those_too_far_away_have_none():
    index = NearestIndex(np.array([shapely.box(0, 0, 1, 1)]), 2.0)
    x, y = coordinates([3, 3, 3.5, 0.5], "x"), coordinates([0, 0, 0, 0.5], "y")
    position, distance_m = np.array([7, -1, -1, -1], np.int32), np.array([9.0, 9, 9, 9])
    index.fill(x, y, position, distance_m)
    assert position.tolist() == [7, 0, -1, 0]
    assert distance_m.tolist() == [9, 2, 9, 0.5]


def test_distances_worked_by_hand_come_out_as_they_are():
    ring = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(3, 3), (6, 3), (6, 6), (3, 6)]])
    inner = shapely.box(4, 4, 5, 5)  # an island in the hole of the first
    x = [4.5, 3.25, 12, 13, -3, 4.5, 7]
    y = [3.25, 4.5, 5, 13, -4, 3.5, 4.5]
    position, distance_m = nearest([ring, inner], x, y)
    assert position.tolist() == [0, 0, 0, 0, 0, 0, 0]
    assert distance_m.tolist() == [0.25, 0.25, 3, 32**0.5, 5, 0.5, 1]
    assert nearest([inner, ring], [4.5], [3.5])[0].tolist() == [0]  # level with both


def test_a_ring_that_geos_passes_over_by_rounding_is_passed_over():
    # By x the point is level with the first part and with the last. As GEOS measures, the last is
    # nearer by a few roundings; but its box is not, and so GEOS does not look at it.
    scale = 0.1
    corners = [(3, 0, 6, 7), (47, 14, 54, 15), (52, 50, 56, 53), (2, 50, 9, 53), (2, 5, 9, 12)]
    parts = [shapely.box(*(np.array(c) * scale)) for c in corners]
    x, y = 5 / 2 * scale, 9 / 2 * scale
    away = [shapely.distance(part, shapely.Point(x, y)) for part in parts]
    several = shapely.MultiPolygon(parts)
    distance_m = shapely.distance(several, shapely.Point(x, y))
    assert min(away) == away[4] < away[0] == distance_m
    assert nearest([several], [x], [y]) == ([0], [distance_m])
    twin = shapely.box(*(np.array([-1, 0, 2, 7]) * scale))  # as near as GEOS takes the first to be
    assert shapely.distance(twin, shapely.Point(x, y)) <= distance_m
    same(nearest([several, twin], [x], [y]), by_measuring_all([several, twin], [x], [y]))
    same(nearest([several], [x], [y], away[4]), ([-1], [np.nan]))


def test_missing_empty_and_flat_polygons_and_rings_of_one_point_are_no_trouble():
    flat = shapely.Polygon([(5, 0), (9, 0), (5, 0)])
    dot = shapely.Polygon([(2, 3)] * 4)
    odd = shapely.MultiPolygon([shapely.Polygon(), shapely.box(20, 0, 21, 1)])
    polygons = [None, shapely.Polygon(), dot, flat, odd]
    position, distance_m = nearest(polygons, [2, 7, 30], [7, -2, 1])
    assert position.tolist() == [2, 3, 4]
    assert distance_m.tolist() == [4, 2, 9]
    for nothing in ([], [None], [shapely.Polygon(), None]):
        same(nearest(nothing, [1.0], [1.0]), ([-1], [np.nan]))


def test_points_that_are_no_places_and_those_beyond_all_measure_have_none():
    box = [shapely.box(0, 0, 1, 1)]
    x = [np.nan, np.inf, 0, -np.inf, 1e300, 2 * FARTHEST_M, 1e12 + 1]
    position, distance_m = nearest(box, x, [0, 0, np.nan, 0, 0, 0, 0])
    assert position.tolist() == [-1] * 6 + [0]
    assert distance_m[-1] == 1e12
    same(nearest([shapely.box(-1e200, 0, 1e200, 1e200)], [0.0], [-1e190]), ([-1], [np.nan]))


def test_points_far_away_are_measured_as_geos_does():
    polygons = partition(40, 2, holes=0.2)
    turn = np.random.default_rng(1).random(40) * 2 * np.pi
    for away in (1e5, 1e9, 1e12):
        x, y = away * np.cos(turn), away * np.sin(turn)
        same(nearest(polygons, x, y), by_measuring_all(polygons, x, y))


def test_a_vertex_gone_astray_changes_only_what_is_near_it():
    polygons = [*partition(40, 2, holes=0.2), shapely.Polygon([(0, -9), (1, -9), (1e17, -1e17)])]
    x, y = np.random.default_rng(1).random((2, 200)) * 2000 - 500
    same(nearest(polygons, x, y), by_measuring_all(polygons, x, y))


def test_nothing_is_read_before_a_point_asks_and_then_only_once(monkeypatch):
    read = []

    def counted(polygons):
        read.append(len(polygons))
        return read_rings(polygons)

    monkeypatch.setattr(made, "read_rings", counted)
    index = NearestIndex(partition(200, 1), 50.0)
    place = coordinates([500.0, np.nan], "x")
    index.fill(place, place, np.array([0, -1], np.int32), np.zeros(2))
    assert read == []
    assert index.nbytes == 0
    x, y = np.random.default_rng(1).random((2, 500)) * 1200 - 100
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(index, x, y), range(8)))
    assert len(read) == 1
    assert index.nbytes > 0
    for answer in answers:
        same(answer, answers[0])


def test_a_pickled_index_answers_the_same_and_compiles_nothing_anew():
    polygons = partition(60, 1, holes=0.3)
    x, y = np.random.default_rng(1).random((2, 500)) * 1200 - 100
    index = NearestIndex(polygons, 50.0)
    answer = ask(pickle.loads(pickle.dumps(index)), x, y)  # pickled before the first point
    before = len(search.nearest_slice.signatures)
    same(ask(index, x, y), answer)
    same(ask(pickle.loads(pickle.dumps(index)), x, y), answer)
    buffers = []
    data = pickle.dumps(index, protocol=5, buffer_callback=buffers.append)
    sent = [bytes(b.raw()) for b in buffers]  # read-only, as they come over a wire
    same(ask(pickle.loads(data, buffers=sent), x, y), answer)
    assert len(search.nearest_slice.signatures) == before == 1


def test_the_tree_holds_every_edge_once_in_boxes_that_hold_it():
    rings = read_rings(partition(300, 1, holes=0.3))
    tree = build_tree(rings)
    seen = np.zeros(len(rings.x), int)
    todo = [(-len(tree.below), tree.extent)]
    while todo:
        code, box = todo.pop()
        if code < 0:
            block = -code - 1
            below = tree.below[block]
            inner = tree.boxes[block].T
            inner = inner[np.isfinite(inner).all(axis=1)]
            assert (inner[:, :2] >= box[:2]).all()
            assert (inner[:, 2:] <= box[2:]).all()
            step = 1 if below >= 0 else -1
            todo += [(int(below) + step * k, inner[k]) for k in range(len(inner))]
            continue
        first, end = tree.first[code], tree.first[code] + tree.edges[code]
        assert 0 < end - first <= FAN
        seen[first:end] += 1
        assert (rings.start[:-1] <= first)[tree.ring[code]]
        assert end < rings.start[tree.ring[code] + 1]
        for values, low, high in ((rings.x, 0, 2), (rings.y, 1, 3)):
            assert (values[first : end + 1] > box[low]).all()
            assert (values[first : end + 1] < box[high]).all()
    last = rings.start[1:] - 1
    assert (np.delete(seen, last) == 1).all()
    assert (seen[last] == 0).all()


def test_warming_leaves_nothing_to_compile():
    warm_nearest()
    before = len(search.nearest_slice.signatures)
    ask(NearestIndex(partition(5, 1), 9.0), np.zeros(9), np.zeros(9), threads=2)
    assert len(search.nearest_slice.signatures) == before == 1


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 64, 65])
def test_trees_of_every_height_answer(n):
    polygons = [shapely.box(3 * k, 0, 3 * k + 1, 1) for k in range(n)]
    x = np.arange(n) * 3 + 1.25
    position, distance_m = nearest(polygons, x, np.full(n, 0.5))
    assert position.tolist() == list(range(n))
    assert (distance_m == 0.25).all()
