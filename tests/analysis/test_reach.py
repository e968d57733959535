import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, affinity

from gridgeo.analysis.reach import reach, reach_faults
from gridgeo.errors import CRSError, ParameterError
from gridgeo.model.findings import FINDINGS

METRES = 4549
PLACES = st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))


def points(places, crs=METRES):
    return gpd.GeoSeries([p and Point(p) for p in places], crs=crs)


# --- laws -------------------------------------------------------------------------------------


@given(
    homes=st.lists(PLACES, min_size=1, max_size=20),
    stations=st.lists(PLACES, max_size=8),
    extra=st.lists(PLACES, max_size=8),
)
def test_more_stations_never_push_a_household_further_away(homes, stations, extra):
    before = reach(points(homes), points(stations))
    after = reach(points(homes), points(stations + extra))
    assert (after <= before).all()


@given(
    homes=st.lists(PLACES, min_size=1, max_size=20),
    stations=st.lists(PLACES, min_size=1, max_size=8),
)
def test_reach_is_the_least_of_all_distances(homes, stations):
    # Pythagoras over every pair, without a tree.
    every = [min(np.hypot(x - a, y - b) for a, b in stations) for x, y in homes]
    assert reach(points(homes), points(stations)).to_numpy() == pytest.approx(every)


@given(homes=st.lists(PLACES, max_size=10), stations=st.lists(PLACES, max_size=5))
def test_moving_a_city_changes_no_distance(homes, stations):
    here = reach(points(homes), points(stations))
    there = reach(*(points(p).translate(4e6, -3e6) for p in (homes, stations)))
    assert there.to_numpy() == pytest.approx(here.to_numpy(), abs=1e-6)


def test_the_order_of_households_and_stations_changes_nothing():
    rng = np.random.default_rng(3)
    homes, stations = (points(rng.uniform(0, 1000, (n, 2)).tolist()) for n in (50, 9))
    forward = reach(homes, stations)
    backward = reach(homes.iloc[::-1], stations.iloc[::-1])
    pd.testing.assert_series_equal(forward, backward.sort_index())


# Streets every 100 m; a river between 200 and 300 m that one street crosses, at 600 m.
STREETS = gpd.GeoSeries(
    [LineString([(x, y) for y in range(0, 601, 100)]) for x in range(0, 601, 100)]
    + [LineString([(x, y) for x in range(0, 201, 100)]) for y in range(0, 601, 100)]
    + [LineString([(x, y) for x in range(300, 601, 100)]) for y in range(0, 601, 100)]
    + [LineString([(200, 600), (300, 600)])],
    crs=METRES,
)
CORNERS = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda p: (p[0] * 10, p[1] * 10))


@given(
    homes=st.lists(CORNERS, min_size=1, max_size=12),
    stations=st.lists(CORNERS, max_size=5),
    extra=st.lists(CORNERS, max_size=4),
    rnd=st.randoms(use_true_random=False),
)
def test_along_streets_stations_help_and_neither_order_nor_place_counts(
    homes, stations, extra, rnd
):
    found = reach(points(homes), points(stations), STREETS)
    more = reach(points(homes), points(stations + extra), STREETS)
    assert (more <= found + 1e-9).all()
    assert (found >= reach(points(homes), points(stations)) - 1e-9).all()
    order = rnd.sample(range(len(homes)), len(homes))
    mixed = reach(points([homes[k] for k in order]), points(stations[::-1]), STREETS)
    assert mixed.to_numpy() == pytest.approx(found.to_numpy()[order])
    moved = reach(*(p.translate(8192, -4096) for p in (points(homes), points(stations), STREETS)))
    assert moved.to_numpy() == pytest.approx(found.to_numpy())


@given(
    homes=st.lists(CORNERS, min_size=1, max_size=8),
    stations=st.lists(CORNERS, min_size=1, max_size=4),
    others=st.lists(CORNERS, min_size=1, max_size=8),
    more=st.lists(CORNERS, min_size=1, max_size=4),
)
def test_two_cities_far_apart_give_what_each_gives(homes, stations, others, more):
    both_streets = pd.concat([STREETS, STREETS.translate(8192, 0)], ignore_index=True)
    for streets, all_streets in ((None, None), (STREETS, both_streets)):
        one = reach(points(homes), points(stations), streets)
        two = reach(points(others), points(more), streets)
        away = [[(x + 8192, y) for x, y in some] for some in (others, more)]
        both = reach(points(homes + away[0]), points(stations + away[1]), all_streets)
        assert both.to_numpy() == pytest.approx(np.concatenate([one, two]))


# --- hand-worked cases ------------------------------------------------------------------------


def test_a_triangle_of_three_four_five():
    homes = points([(0, 0), (300, 400)])
    nearest = reach(homes, homes.iloc[:1])
    assert nearest.tolist() == [0.0, 500.0]
    assert nearest.name == "reach_m"


@pytest.mark.parametrize(("metres", "found"), [(59, 0), (60, 0), (60.001, 1)])
def test_a_standard_is_met_by_those_exactly_so_far_away(metres, found):
    faults = reach_faults(points([(metres, 0)]), points([(0, 0)]), within_m=60)
    assert len(faults) == found


def test_a_household_out_of_reach_is_a_row_of_the_register():
    homes = gpd.GeoDataFrame(
        {"grid_code": ["01", None, "02"], "lived_in": [True, True, False]},
        geometry=[Point(0, 0), Point(0, 700), Point(900, 0)],
        index=pd.Index(["a", "b", "c"], name="household_id"),
        crs=METRES,
    )
    faults = reach_faults(homes, points([(0, 0)]), 500, as_of=dt.date(2026, 6, 30))
    assert FINDINGS.check(faults) is faults
    shown = ["kind", "subject", "value", "unit", "standard", "households", "severity"]
    assert faults[shown].to_numpy().tolist() == [
        ["reach", "b", 700.0, "m", "500m", 1, 1.31],
        ["reach", "c", 900.0, "m", "500m", 0, 0.0],
    ]
    assert faults["grid_code"].isna().tolist() == [True, False]
    assert faults.geometry.tolist() == [Point(0, 700), Point(900, 0)]


def test_along_streets_who_cannot_get_there_is_listed_apart_and_after_the_others():
    # Two streets 50 m apart and no bridge between them; the station is on the first.
    streets = gpd.GeoSeries.from_wkt(
        ["LINESTRING (0 0, 1000 0)", "LINESTRING (0 50, 1000 50)"], crs=METRES
    )
    homes = points([(100, 50), (900, 0), (500, 0), (500.5, 0), None])
    faults = reach_faults(homes, points([(0, 0)]), 500, streets=streets)
    assert FINDINGS.check(faults) is faults
    assert faults[["kind", "subject", "value", "standard"]].to_numpy().tolist() == [
        ["reach", "1", 900.0, "500m-walk"],
        ["reach", "3", 500.5, "500m-walk"],
        ["unreachable", "0", np.inf, "500m-walk"],
    ]
    # In a straight line all are near enough but two: another standard, another finding.
    straight = reach_faults(homes, points([(0, 0)]), 500)
    assert straight["subject"].tolist() == ["1", "3"]
    assert set(straight["standard"]) == {"500m"}
    assert not set(straight.index) & set(faults.index)


# --- edges ------------------------------------------------------------------------------------


def test_without_stations_everybody_is_infinitely_far_away():
    homes = points([(0, 0), None])
    assert reach(homes, points([])).tolist() == pytest.approx([np.inf, np.nan], nan_ok=True)
    faults = reach_faults(homes, points([]), 500)
    assert faults[["kind", "value"]].to_numpy().tolist() == [["unreachable", np.inf]]
    assert FINDINGS.check(faults) is faults


@pytest.mark.parametrize("lost", [None, Point(), Point(np.inf, 0)])
def test_a_household_or_station_without_a_point_is_neither_near_nor_far(lost):
    homes = gpd.GeoSeries([lost, Point(3, 4)], crs=METRES)
    stations = gpd.GeoSeries([lost, Point(0, 0)], crs=METRES)
    assert reach(homes, stations).tolist() == pytest.approx([np.nan, 5.0], nan_ok=True)
    assert reach_faults(homes, stations, 1)["subject"].tolist() == ["1"]


def test_heights_are_not_looked_at():
    assert reach(points([(0, 0, 50)]), points([(3, 4)])).tolist() == [5.0]


def test_nobody_is_no_fault():
    assert reach(points([]), points([(0, 0)])).empty
    assert reach_faults(points([]), points([]), 500).empty


def test_stations_are_brought_into_the_crs_of_the_households():
    homes = points([(500_000, 3_540_000)])
    stations = homes.map(lambda p: affinity.translate(p, 30, 40)).to_crs(4490)
    assert reach(homes, stations).tolist() == pytest.approx([50.0], abs=1e-3)


@pytest.mark.parametrize("crs", [None, "EPSG:4490", "EPSG:3857"])
def test_refuses_a_crs_that_cannot_measure(crs):
    with pytest.raises(CRSError, match=r"to_metric\(households\)"):
        reach(points([(114.3, 30.6)], crs), points([(0, 0)]))


def test_refuses_stations_without_a_crs():
    with pytest.raises(CRSError, match="stations has no CRS"):
        reach(points([(0, 0)]), points([(0, 0)], crs=None))


@pytest.mark.parametrize("within_m", [-1, np.nan])
def test_refuses_a_standard_that_is_no_distance(within_m):
    with pytest.raises(ParameterError, match="within_m"):
        reach_faults(points([(0, 0)]), points([(0, 0)]), within_m)
