from itertools import pairwise, permutations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgeo.analysis.walking_order import street_metres, to_mm, walk, walking_order
from gridgeo.errors import CRSError, GeometryError, ParameterError

GOLDEN = Path(__file__).parents[1] / "golden" / "tsplib"
METRES = 4549

spots = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=30)
few = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6)
begins = st.none() | st.tuples(st.integers(0, 60), st.integers(0, 60)).map(shapely.Point)


def doors(xy, index=None):
    return gpd.GeoSeries.from_xy(*np.asarray(xy, float).reshape(-1, 2).T, index=index, crs=METRES)


def long(stops, start):
    """Metres of a walk through stops as they stand."""
    way = [*([] if start is None else [(start.x, start.y)]), *stops]
    return sum(np.hypot(a[0] - b[0], a[1] - b[1]) for a, b in pairwise(way))


def walked(xy, order):
    return [xy[i] for i in np.argsort(order["turn"].to_numpy())]


@given(spots, begins)
def test_each_place_has_one_turn_and_legs_add_up(xy, start):
    order = walking_order(doors(xy), start)
    assert sorted(order["turn"]) == list(range(1, len(xy) + 1))
    assert order["leg_m"].sum() == pytest.approx(long(walked(xy, order), start), abs=0.1)


@given(spots, begins)
def test_no_walk_is_longer_than_by_id(xy, start):
    ids = [f"H{n:02d}" for n in range(len(xy))]
    order = walking_order(doors(xy, ids), start)
    assert order["leg_m"].sum() <= long(xy, start) + 0.001 * len(xy)


@given(few, begins)
def test_few_places_are_walked_on_the_shortest_way(xy, start):
    best = min(long(turn, start) for turn in permutations(xy))
    assert walking_order(doors(xy), start)["leg_m"].sum() == pytest.approx(best, abs=0.01)


@given(spots, begins, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(xy, start, dice):
    shuffled = list(range(len(xy)))
    dice.shuffle(shuffled)
    places = doors(xy, [f"H{n:02d}" for n in range(len(xy))])
    order = walking_order(places, start)
    pd.testing.assert_frame_equal(order.iloc[shuffled], walking_order(places.iloc[shuffled], start))


@given(spots, begins, st.integers(-500_000, 500_000), st.integers(0, 4_000_000))
def test_moving_the_city_changes_nothing(xy, start, east, north):
    there = None if start is None else shapely.Point(start.x + east, start.y + north)
    moved = doors([(x + east, y + north) for x, y in xy])
    pd.testing.assert_frame_equal(walking_order(doors(xy), start), walking_order(moved, there))


@given(spots)
def test_those_at_one_door_follow_each_other(xy):
    stops = walked(xy, walking_order(doors(xy)))
    doors_seen = [stop for n, stop in enumerate(stops) if n == 0 or stops[n - 1] != stop]
    assert len(doors_seen) == len(set(xy))


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=40, max_size=120))
def test_a_table_of_straight_lines_gives_no_longer_walk_than_by_id(xy):
    table = np.hypot(*(np.array(xy)[:, None] - np.array(xy)[None]).transpose(2, 0, 1))
    order = walking_order(doors(xy), metres=table)
    assert order["leg_m"].sum() == pytest.approx(long(walked(xy, order), None), abs=0.1)
    assert order["leg_m"].sum() <= long(xy, None)


@pytest.mark.parametrize(
    ("instance", "shortest"),
    [("eil51", 426), ("berlin52", 7542), ("st70", 675), ("kroA100", 21282), ("ch150", 6528)],
)
def test_known_tours_come_out_nearly_as_short_as_they_can_be(instance, shortest):
    xy = pd.read_csv(GOLDEN / f"{instance}.csv").to_numpy()
    whole = np.rint(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))).astype(np.int64)
    order, _ = walk(to_mm(xy), np.arange(len(xy)), None, whole * 1000, back=True)
    assert sorted(order) == list(range(len(xy)))
    assert shortest <= whole[order, np.roll(order, -1)].sum() <= 1.02 * shortest


def test_a_row_of_doors_is_walked_from_the_start_on():
    order = walking_order(doors([(30, 0), (10, 0), (20, 0)], ["c", "a", "b"]), shapely.Point(0, 0))
    assert order["turn"].to_dict() == {"c": 3, "a": 1, "b": 2}
    assert order["leg_m"].tolist() == [10.0, 10.0, 10.0]


def test_without_a_start_it_begins_at_the_western_end():
    order = walking_order(doors([(30, 0), (20, 0), (10, 0)]))
    assert order["turn"].tolist() == [3, 2, 1]
    assert order["leg_m"].tolist() == [10.0, 10.0, 0.0]


def test_a_walk_back_is_planned_for():
    # One way the far door comes last; there and back both sides of the street are walked.
    east, start = doors([(10, 0), (10, 9), (90, 0), (90, 9)]), shapely.Point(0, 0)
    assert walking_order(east, start)["turn"].tolist() == [1, 2, 4, 3]
    assert walking_order(east, start, back=True)["turn"].tolist() == [1, 4, 2, 3]


def test_a_round_through_doors_comes_back():
    square = to_mm(np.array([[0.0, 0], [10, 10], [10, 0], [0, 10]]))
    order, leg = walk(square, np.arange(4), back=True)
    assert order.tolist() == [0, 3, 1, 2]
    assert leg.tolist() == [0, 10_000, 10_000, 10_000]
    order, leg = walk(square, np.arange(4), np.array([-10_000, 0]), back=True)
    assert (order.tolist(), leg.tolist()) == ([0, 2, 1, 3], [10_000] * 4)


def test_places_without_a_point_come_last():
    places = doors([(0, 0), (0, 0), (5, 0), (0, 0)], ["d", "c", "b", "a"])
    places.iloc[0], places.iloc[3] = None, shapely.Point()
    order = walking_order(places, shapely.Point(1, 0))
    assert order["turn"].to_dict() == {"d": 4, "c": 1, "b": 2, "a": 3}
    assert np.isnan(order["leg_m"][["a", "d"]]).all()
    assert len(walking_order(doors([]))) == 0
    assert walking_order(doors([(3, 4)]), shapely.Point(0, 0))["leg_m"].tolist() == [5.0]


def test_what_cannot_be_reached_costs_no_way_that_can():
    table = np.full((4, 4), np.inf)
    for a, b in ((0, 2), (2, 3)):
        table[a, b] = 7.0  # one way is enough to know
    order = walking_order(doors([(0, 0), (1, 0), (2, 0), (3, 0)]), metres=table)
    assert sorted(order["leg_m"]) == [0.0, 7.0, 7.0, np.inf]


def test_ways_along_streets_go_round_the_river():
    # Two streets along a river, joined by a bridge in the east.
    streets = gpd.GeoSeries.from_wkt(
        ["LINESTRING (0 0, 100 0)", "LINESTRING (0 20, 100 20)", "LINESTRING (100 0, 100 20)"],
        crs=METRES,
    )
    homes = doors([(0, 0), (0, 20), (100, 0), (100, 20), (0, 0)], list("abcde"))
    metres = street_metres(homes, streets, shapely.Point(10, -5))
    assert metres[0].tolist() == [0.0, 220.0, 100.0, 120.0, 0.0, 15.0]
    order = walking_order(homes, shapely.Point(10, -5), metres)
    assert order["turn"].to_dict() == {"a": 1, "e": 2, "c": 3, "d": 4, "b": 5}
    assert order["leg_m"].tolist() == [15.0, 100.0, 100.0, 20.0, 0.0]
    in_degrees = street_metres(homes, streets.to_crs(4490), shapely.Point(10, -5))
    assert in_degrees == pytest.approx(metres, abs=1e-3)
    island = street_metres(doors([(0, 0), (500, 500)]), streets.iloc[:1])
    assert island[0, 1] == pytest.approx(100 + np.hypot(400, 500))
    assert np.isinf(street_metres(homes, streets.iloc[:2])[0, 1])
    assert street_metres(doors([]), streets).shape == (0, 0)


def test_refuses_what_cannot_be_measured():
    with pytest.raises(CRSError, match="to_metric"):
        walking_order(doors([(0, 0)]).set_crs(4490, allow_override=True))
    with pytest.raises(GeometryError, match="no points"):
        walking_order(doors([(0, 0)]).buffer(1))
    with pytest.raises(ParameterError, match="empty point"):
        walking_order(doors([(0, 0)]), shapely.Point())
    with pytest.raises(ParameterError, match=r"\(3, 3\)"):
        walking_order(doors([(0, 0), (1, 1)]), shapely.Point(0, 0), np.zeros((2, 2)))
    with pytest.raises(ParameterError, match="1 negative"):
        walking_order(doors([(0, 0), (1, 1)]), metres=[[0, -1], [1, 0]])
