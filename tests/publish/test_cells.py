import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.errors import CRSError, ParameterError
from gridgeo.publish import Field, Scope, k_safe_cells, release
from tests.publish.layers import Shelf

near = st.floats(0, 3000)
far = st.floats(-60_000, 60_000)
places = st.lists(st.tuples(st.one_of(near, far), st.one_of(near, far)), max_size=60)
# How many stand in each of the squares of a small neighbourhood, on two days.
square = st.tuples(st.integers(-3, 20), st.integers(-3, 20))
days = st.tuples(*[st.dictionaries(square, st.integers(1, 12), max_size=12)] * 2)


def homes(xy, crs=4549):
    xy = np.array(xy, float).reshape(-1, 2)
    return gpd.GeoSeries.from_xy(xy[:, 0], xy[:, 1], crs=crs)


@given(places, st.sampled_from([5, 10]))
def test_cells_are_disjoint_hold_k_each_and_lose_nobody(xy, k):
    cells = k_safe_cells(homes(xy), k)
    frame = cells.frame
    assert (frame["count"] >= k).all()
    lost = 0 if cells.withheld == 0 else len(xy)
    assert frame["count"].sum() + lost == len(xy)
    assert (cells.withheld is None) == (0 < len(xy) < k)
    shapes = frame.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    # Sides are sums of powers of two times 250: areas are exact.
    assert shapely.area(shapely.union_all(shapes)) == pytest.approx(shapely.area(shapes).sum())


@given(places)
def test_each_cell_counts_the_points_that_lie_in_it(xy):
    points = homes(xy)
    cells = k_safe_cells(points, 5).frame
    inner = points[~np.isclose(np.mod([points.x, points.y], 250), 0, atol=1e-6).any(axis=0)]
    hits = inner.sindex.query(cells.geometry, predicate="contains")[0]
    assert (np.bincount(hits, minlength=len(cells)) <= cells["count"]).all()
    if len(inner) == len(points):
        assert np.bincount(hits, minlength=len(cells)).tolist() == cells["count"].tolist()


def cells_of(squares, least_m=250.0, k=5):
    xy = (np.array([*squares], float).reshape(-1, 2) + 0.5) * least_m
    return k_safe_cells(homes(xy), k, least_m, weights=pd.Series([*squares.values()], dtype=int))


@given(days)
def test_an_id_means_one_shape_on_every_day_and_a_shape_has_one_id(two_days):
    frame = pd.concat([cells_of(day).frame for day in two_days])
    names, shapes = frame.index.to_numpy(), frame.geometry.to_numpy()
    same_shape = shapely.equals(shapes[:, None], shapes[None, :])
    assert np.array_equal(names[:, None] == names[None, :], same_shape)


@given(days, st.sampled_from([250.0, 0.7, 333.3]))
def test_an_id_without_outline_is_the_whole_square_it_says(two_days, least_m):
    for name, shape in cells_of(two_days[0], least_m).frame.geometry.items():
        said = re.fullmatch(r"([\d.]+)mE(-?\d+)N(-?\d+)(-[0-9a-f]{8})?", name)
        side, column, row = map(float, said.groups()[:3])
        assert side >= least_m
        whole = shapely.box(column * side, row * side, (column + 1) * side, (row + 1) * side)
        apart = shapely.area(shapely.symmetric_difference(whole, shape)) / side**2
        assert (apart < 1e-6) == (said.group(4) is None)


def test_a_square_filled_up_again_has_its_plain_name():
    filled = cells_of({(0, 0): 30, (15, 15): 3}, k=10).frame
    sparse = cells_of({(0, 0): 8, (15, 0): 8, (0, 15): 8, (15, 15): 9}, k=10).frame
    assert filled["count"].to_dict() == sparse["count"].to_dict() == {"4000mE0N0": 33}


def test_a_square_with_a_part_cut_out_is_not_held_at_the_figure_of_the_whole():
    told, shelf = [], Shelf()
    scope = Scope("incident-cells", "事件", "incidents", (Field("count", "int", is_count=True),))
    for day in ({(0, 0): 9, (1, 0): 4, (1, 1): 8}, {(0, 0): 10, (1, 0): 4, (1, 1): 8}):
        layer = release(cells_of(day, k=10).frame, scope, shelf)
        shelf.record(layer)
        told.append(layer.features["count"].tolist())
        assert layer.withheld.held == 0
    assert told == [[21], [10, 12]]


@given(places)
def test_the_order_of_points_changes_nothing(xy):
    one, other = k_safe_cells(homes(xy), 5).frame, k_safe_cells(homes(xy[::-1]), 5).frame
    pd.testing.assert_series_equal(one["count"], other["count"])
    assert shapely.equals(one.geometry.to_numpy(), other.geometry.to_numpy()).all()


def test_no_cell_is_smaller_than_the_least_square():
    rng = np.random.default_rng(0)
    cells = k_safe_cells(homes(rng.uniform(0, 1000, (5000, 2))), 10, least_m=500).frame
    assert cells["area_km2"].tolist() == [0.25] * 4
    assert cells.index.tolist() == ["500mE0N0", "500mE0N1", "500mE1N0", "500mE1N1"]


def test_a_sparse_square_waits_for_its_neighbours_without_the_dense_one():
    dense, sparse = [(10, 10)] * 30, [(260, 10)] * 6 + [(260, 260)] * 6
    cells = k_safe_cells(homes(dense + sparse), 10).frame
    assert cells["count"].to_dict() == {"250mE0N0": 30, "500mE0N0-3f0e7464": 12}
    assert cells["area_km2"].tolist() == [0.0625, 0.1875]


def test_what_is_left_joins_the_nearest_cell():
    cells = k_safe_cells(homes([(10, 10)] * 30 + [(9000, 10)] * 3), 10).frame
    assert cells["count"].tolist() == [33]
    assert cells.geometry.iloc[0].covers(shapely.box(8000, 0, 12000, 4000))


def test_fewer_than_k_in_all_show_no_cell():
    cells = k_safe_cells(homes([(0, 0)] * 9), 10)
    assert cells.frame.empty
    assert cells.withheld is None
    assert k_safe_cells(homes([]), 10).withheld == 0


def test_a_point_may_stand_for_several():
    points = homes([(10, 10), (9000, 9000)])
    cells = k_safe_cells(points, 10, weights=pd.Series([12, 0])).frame
    assert cells["count"].to_dict() == {"250mE0N0": 12}


@pytest.mark.parametrize(
    "wrong", [{"k": 1}, {"least_m": 0}, {"weights": pd.Series([-1])}, {"least_m": np.nan}]
)
def test_arguments_that_cannot_protect_are_refused(wrong):
    with pytest.raises(ParameterError, match="cells need"):
        k_safe_cells(homes([(0, 0)]), **({"k": 10} | wrong))


def test_a_point_without_a_place_is_refused():
    with pytest.raises(ParameterError, match="1 points without a place"):
        k_safe_cells(gpd.GeoSeries([None], crs=4549), 10)
    with pytest.raises(CRSError):
        k_safe_cells(homes([(120, 32)], crs=4326), 10)
