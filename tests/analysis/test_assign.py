import pickle
import tracemalloc

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.partitions import partition
from gridgeo.analysis.assign import BORDER, INSIDE, NEAREST, NONE, Assigner, _coordinates, assign
from gridgeo.errors import CRSError, GeometryError, ParameterError

METRES = "EPSG:4549"


def grids_of(shapes, ids=None, crs=METRES):
    return gpd.GeoSeries(shapes, index=ids, crs=crs)


def points_of(x, y, crs=METRES):
    return gpd.GeoSeries.from_xy(x, y, crs=crs)


LEFT, RIGHT = shapely.box(0, 0, 2, 2), shapely.box(2, 0, 4, 2)
TWO = grids_of([LEFT, RIGHT], ["G1", "G2"])


def row(answer, k=0):
    return answer.iloc[k].tolist()


def test_a_point_on_a_shared_border_goes_to_the_first_grid_as_border():
    assert row(assign(points_of([2], [1]), TWO)) == ["G1", "border", 0.0]
    assert row(assign(points_of([2], [1]), TWO.iloc[::-1])) == ["G2", "border", 0.0]


def test_border_speaks_of_the_grid_given_and_of_no_other():
    overlapping = grids_of([shapely.box(0, 0, 3, 2), RIGHT], ["A", "B"])
    # x = 2 is the border of B, yet well inside A; x = 3 is the border of A, yet well inside B.
    answer = assign(points_of([2, 3], [1, 1]), overlapping)
    assert answer["grid_id"].tolist() == ["A", "A"]
    assert answer["how"].tolist() == ["inside", "border"]


def test_the_border_of_a_hole_is_border_and_the_hole_is_no_grid():
    ring = grids_of(
        [shapely.Polygon(shapely.box(0, 0, 9, 9).exterior, [shapely.box(3, 3, 6, 6).exterior])]
    )
    answer = assign(points_of([3, 4, 1], [4, 4, 1]), ring)
    assert answer["how"].tolist() == ["border", "none", "inside"]


@given(st.integers(0, 10**6))
def test_how_and_grid_agree_with_geos_on_any_partition(seed):
    rng = np.random.default_rng(seed)
    shapes = partition(20, seed, steps=20, holes=0.3)
    corners = shapely.get_coordinates(shapes)
    x, y = np.concatenate([rng.random((200, 2)) * 1100 - 50, corners]).T
    answer = assign(points_of(x, y), grids_of(shapes))
    spots = shapely.points(x, y)
    met = shapely.intersects(shapes[:, None], spots)
    first = np.where(met.any(axis=0), met.argmax(axis=0), -1)
    edge = shapely.intersects(shapely.boundary(shapes)[first], spots)
    how = np.where(first < 0, "none", np.where(edge, "border", "inside"))
    assert answer["grid_id"].fillna(-1).tolist() == first.tolist()
    assert answer["how"].tolist() == how.tolist()
    assert answer["distance_m"].isna().tolist() == (first < 0).tolist()
    assert (answer["distance_m"].dropna() == 0).all()


@given(st.integers(0, 10**6), st.floats(0, 200))
def test_the_nearest_grid_is_the_one_at_the_least_measured_distance(seed, within_m):
    rng = np.random.default_rng(seed)
    shapes = rng.permutation(partition(12, seed, steps=12))[:8]
    x, y = rng.random((2, 60)) * 1400 - 200
    answer = assign(points_of(x, y), grids_of(shapes), nearest_within_m=within_m)
    distances = shapely.distance(shapes[:, None], shapely.points(x, y))
    least, nearest = distances.min(axis=0), distances.argmin(axis=0)
    reached = least <= within_m
    assert answer["grid_id"].isna().tolist() == (~reached).tolist()
    assert answer["grid_id"][reached].tolist() == nearest[reached].tolist()
    np.testing.assert_array_equal(answer["distance_m"], np.where(reached, least, np.nan))
    assert (answer["how"] == "nearest").tolist() == (reached & (least > 0)).tolist()


def test_a_point_exactly_at_the_tolerance_is_given_and_one_beyond_is_not():
    points = points_of([4 + 3, np.nextafter(4 + 3, 9), -0.3], [1, 1, 1])
    answer = assign(points, TWO, nearest_within_m=3)
    assert answer["how"].tolist() == ["nearest", "none", "nearest"]
    assert answer["distance_m"].tolist()[0] == 3.0
    assert assign(points, TWO, nearest_within_m=0)["how"].tolist() == ["none"] * 3
    assert assign(points, TWO, nearest_within_m=np.inf)["how"].tolist() == ["nearest"] * 3


def test_of_equally_near_grids_the_first_is_given():
    apart = grids_of([shapely.box(6, 0, 8, 2), LEFT, LEFT], ["far", "near", "twin"])
    answer = assign(points_of([4], [1]), apart, nearest_within_m=2)
    assert row(answer) == ["far", "nearest", 2.0]
    assert row(assign(points_of([3], [1]), apart, nearest_within_m=2)) == ["near", "nearest", 1.0]


def test_the_answer_stands_on_the_index_of_the_points_whatever_it_is():
    points = points_of([1, 3, 9], [1, 1, 1])
    points.index = pd.Index(["b", "a", "b"], name="household_id")
    answer = assign(points, TWO)
    pd.testing.assert_index_equal(answer.index, points.index)
    assert answer["grid_id"].tolist()[:2] == ["G1", "G2"]
    assert answer["grid_id"].isna().tolist() == [False, False, True]
    assert list(answer.columns) == ["grid_id", "how", "distance_m"]


@pytest.mark.parametrize(
    "ids", [[7, 2**60], ["321282001", "G"], [1.5, 2.5], [("a", 1), ("b", 2)], ["x", 3]]
)
def test_grid_ids_keep_their_values_beside_points_in_no_grid(ids):
    index = pd.MultiIndex.from_tuples(ids) if isinstance(ids[0], tuple) else pd.Index(ids)
    found = assign(points_of([3, 9, 1], [1, 1, 1]), grids_of([LEFT, RIGHT], index))["grid_id"]
    assert [found.iloc[0], found.iloc[2]] == [ids[1], ids[0]]
    assert found.isna().tolist() == [False, True, False]


def test_frames_are_taken_like_series_and_come_back_without_other_columns():
    points = gpd.GeoDataFrame({"phone": ["1"]}, geometry=points_of([1], [1]))
    answer = assign(points, TWO.to_frame("area").assign(leader=["a", "b"]))
    assert list(answer.columns) == ["grid_id", "how", "distance_m"]
    assert row(answer) == ["G1", "inside", 0.0]


def test_points_are_brought_into_the_crs_of_the_grids():
    village = gpd.GeoSeries([shapely.box(120.2, 32.0, 120.3, 32.1)], ["V"], crs=4490)
    inside = points_of([120.25, 120.35], [32.05, 32.05], crs=4326)
    answer = assign(inside.to_crs(4549), village)
    assert answer["how"].tolist() == ["inside", "none"]
    metric = assign(inside, village.to_crs(4549), nearest_within_m=5000)
    assert metric["how"].tolist() == ["inside", "nearest"]
    assert metric["distance_m"].iloc[1] == pytest.approx(4721, abs=2)  # 0.05° at 32.05° N


def test_missing_empty_and_unprojectable_points_are_in_no_grid():
    points = gpd.GeoSeries(
        [None, shapely.Point(), shapely.Point(500, 95), shapely.Point(120, 32)], crs=4326
    )
    everywhere = grids_of([shapely.box(-1e9, -1e9, 1e9, 1e9)])
    answer = assign(points, everywhere, nearest_within_m=1e12)
    assert answer["how"].tolist() == ["none", "none", "none", "inside"]
    assert answer["distance_m"].isna().tolist() == [True, True, True, False]


def test_nothing_is_assigned_to_no_grids_and_no_points_to_grids():
    nowhere = assign(points_of([1], [1]), TWO.iloc[:0], nearest_within_m=9)
    assert nowhere["how"].tolist() == ["none"]
    assert nowhere["grid_id"].isna().all()
    nobody = assign(points_of([], []), TWO, nearest_within_m=9)
    assert len(nobody) == 0
    assert list(nobody.columns) == ["grid_id", "how", "distance_m"]


def test_missing_grids_are_never_nearest():
    holed = grids_of([None, shapely.Polygon(), LEFT], ["a", "b", "c"])
    assert row(assign(points_of([3], [1]), holed, nearest_within_m=5)) == ["c", "nearest", 1.0]


def test_an_assigner_is_asked_again_and_again_and_answers_as_assign_does():
    grids = grids_of(partition(30, 1, holes=0.3))
    assigner = Assigner(grids, nearest_within_m=40)
    rng = np.random.default_rng(1)
    for n in (0, 1, 500, 40_000):
        points = points_of(*rng.random((2, n)) * 1200 - 100)
        answer = assign(points, grids, nearest_within_m=40)
        pd.testing.assert_frame_equal(assigner.assign(points), answer)
        pd.testing.assert_frame_equal(assigner.assign(points, threads=3), answer)
        far = points.to_crs(4490)
        assert (assigner.assign(far)["how"] == answer["how"]).mean() > 0.9 or not n


def test_an_assigner_answers_coordinates_of_any_kind_with_positions():
    assigner = Assigner(grids_of([LEFT, None, RIGHT]), nearest_within_m=2)
    x, y = [1, 2, 5, 9, np.nan, np.inf, 3], [1, 1, 1, 1, 1, 1, 1]
    for of in (list, np.float32, np.asarray, pd.Series):
        position, how, distance_m = assigner.at(of(x), of(y))
        assert position.tolist() == [0, 0, 2, -1, -1, -1, 2]
        assert how.tolist() == [INSIDE, BORDER, NEAREST, NONE, NONE, NONE, INSIDE]
        np.testing.assert_array_equal(distance_m, [0, 0, 1, np.nan, np.nan, np.nan, 0])
        assert [position.dtype, how.dtype, distance_m.dtype] == [np.int32, np.int8, np.float64]
    assert assigner.at(5, 1).distance_m.tolist() == [1]
    with pytest.raises(ParameterError, match="x holds something that is no number"):
        assigner.at(["a"], [1])
    with pytest.raises(ParameterError, match="threads is 0"):
        assigner.at(x, y, threads=0)


def test_a_pickled_assigner_answers_the_same_and_holds_no_shapes():
    grids = grids_of(partition(300, 1, holes=0.3))
    points = points_of(*np.random.default_rng(1).random((2, 500)) * 1200 - 100)
    vertices = shapely.get_num_coordinates(grids.to_numpy()).sum()
    for within_m in (None, 40):
        assigner = Assigner(grids, nearest_within_m=within_m)
        data = pickle.dumps(assigner)
        assert b"shapely" not in data
        answer = pickle.loads(data).assign(points)
        pd.testing.assert_frame_equal(answer, assigner.assign(points))
        if within_m is None:
            without = len(data)
    assert len(data) - without < 26 * vertices  # two coordinates of each vertex, and the tree


def test_what_finds_the_nearest_is_made_when_a_place_in_no_grid_asks_for_it():
    assigner = Assigner(TWO, nearest_within_m=3)
    assigner.at([1, 2, np.nan], [1, 1, 1])
    assert assigner._nearest.nbytes == 0
    assert assigner.at([5], [1]).distance_m.tolist() == [1.0]
    assert assigner._nearest.nbytes > 0
    assert Assigner(TWO)._nearest is None


def test_a_point_takes_little_more_memory_than_its_answer():
    assigner = Assigner(TWO, nearest_within_m=1)
    x, y = np.random.default_rng(1).random((2, 500_000)) * 6  # two in three in no grid
    points = shapely.points(x, y)
    for call, bytes_each in ((lambda: assigner.at(x, y), 13), (lambda: _coordinates(points), 16)):
        call()
        tracemalloc.start()
        call()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert bytes_each <= peak / len(x) < bytes_each + 4


def test_missing_points_keep_their_rows_wherever_they_are_among_many():
    rng = np.random.default_rng(1)
    x, y = rng.random((2, 20_000)) * 4
    shapes = shapely.points(x, y)
    gone = rng.permutation(len(x))[:50]
    shapes[gone[:25]], shapes[gone[25:]] = None, shapely.Point()
    answer = assign(gpd.GeoSeries(shapes, crs=METRES), TWO, nearest_within_m=5)
    assert (answer["how"] == "none").to_numpy().nonzero()[0].tolist() == sorted(gone)
    rest = np.setdiff1d(np.arange(len(x)), gone)
    pd.testing.assert_frame_equal(
        answer.iloc[rest], assign(points_of(x, y), TWO, nearest_within_m=5).iloc[rest]
    )
    shapes[19_999] = shapely.LineString([(0, 0), (1, 1)])
    with pytest.raises(GeometryError, match="a LineString at position 19999"):
        assign(gpd.GeoSeries(shapes, crs=METRES), TWO)


def test_a_layer_without_crs_is_refused():
    with pytest.raises(CRSError, match="points has no CRS"):
        assign(points_of([1], [1], crs=None), TWO)
    with pytest.raises(CRSError, match="grids has no CRS"):
        assign(points_of([1], [1]), grids_of([LEFT], crs=None))


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:3857"])
def test_nearest_is_refused_where_coordinates_are_not_metres(crs):
    grids = grids_of([LEFT], crs=crs)
    assert assign(points_of([1], [1], crs=crs), grids)["how"].tolist() == ["inside"]
    with pytest.raises(CRSError, match=r"to_metric\(grids\)"):
        assign(points_of([1], [1], crs=crs), grids, nearest_within_m=5)


def test_shapes_that_are_no_points_are_refused_by_position():
    lines = gpd.GeoSeries([shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)])], crs=METRES)
    with pytest.raises(GeometryError, match="a LineString at position 1"):
        assign(lines, TWO)


@pytest.mark.parametrize("within_m", [-1, np.nan])
def test_a_tolerance_that_is_no_distance_is_refused(within_m):
    with pytest.raises(ParameterError, match="0 or more metres"):
        assign(points_of([1], [1]), TWO, nearest_within_m=within_m)


def test_layers_that_are_no_geometry_frames_are_refused():
    with pytest.raises(ParameterError, match="points is a DataFrame"):
        assign(pd.DataFrame({"x": [1]}), TWO)
