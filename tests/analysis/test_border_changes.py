from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.assign import BORDER, INSIDE
from gridgeo.analysis.border_changes import HAIR, border_changes, in_turn, places_between
from gridgeo.analysis.in_time import EVER, GridsInTime
from tests.analysis.lives import STEP, block, frame, lattice, spots, versions

WITHIN = st.sampled_from([None, 0.0, 40.0])


def concerned(changes, x, y, day, covered=None):
    """Which points lie in a change; each also lies in what is asked of a database."""
    found = np.zeros(len(x), bool)
    covered = found if covered is None else covered
    for one in changes:
        here = (one.since <= day) & (day < one.until) & one.touches(x, y, covered)
        if one.places is not None:
            around = shapely.STRtree(one.around())
            asked = around.query(shapely.points(x, y), predicate="dwithin", distance=HAIR)[0]
            assert np.isin(np.flatnonzero(here), asked).all()
        found |= here
    return found


def answers(grids, within, x, y, day):
    """Code, how and metres of each point."""
    position, how, distance_m = GridsInTime(grids, within).at(x, y, day)
    codes = np.append(grids.index.to_numpy(object), "")[position]
    return pd.DataFrame({"code": codes, "how": how, "m": distance_m}).fillna(-1)


@given(before=versions(), after=versions(), seed=st.integers(0, 999), within=WITHIN)
def test_whose_answer_differs_lies_in_a_change(before, after, seed, within):
    x, y, day = spots(np.random.default_rng(seed))
    old, new = (answers(grids, within, x, y, day) for grids in (before, after))
    differs = (old != new).any(axis=1).to_numpy()
    covered = new["how"].isin([INSIDE, BORDER]).to_numpy()
    changes = border_changes(before, after, within)
    assert not (differs & ~concerned(changes, x, y, day, covered)).any()


@given(grids=versions(), within=WITHIN)
def test_the_same_grids_in_another_order_changed_nowhere(grids, within):
    assert border_changes(grids, grids.iloc[::-1], within) == []


@given(before=versions(), after=versions(), seed=st.integers(0, 999))
def test_changes_in_turn_are_the_same_places_and_no_day_comes_twice(before, after, seed):
    x, y, day = spots(np.random.default_rng(seed))
    changes = border_changes(before, after)
    breaks = GridsInTime(after).breaks
    turns = list(in_turn(changes, breaks))
    assert all(a.until <= b.since for a, b in pairwise(turns))
    assert not any(one.since < day < one.until for one in turns for day in breaks)
    assert (concerned(turns, x, y, day) == concerned(changes, x, y, day)).all()


def test_a_block_that_changes_hands_is_the_whole_change_whatever_corners_others_have():
    before = frame([("a", None, None, block(0, 0, 2)), ("b", None, None, block(2, 0, 2))])
    after = frame(
        [
            ("a", None, 10, block(0, 0, 2)),
            ("a", 10, None, block(0, 0)),
            ("b", None, 10, block(2, 0, 2)),
            ("b", 10, None, block(1, 0, 3)),
        ]
    )
    (change,) = in_turn(border_changes(before, after), np.array([10]))
    assert (change.since, change.until) == (10, EVER)
    assert shapely.area(change.places).sum() == pytest.approx(2 * STEP**2)  # lost and won
    x = lattice(np.array([0.5, 1, 1.5, 2, 2.5, 1.5, 1.5]))
    y = lattice(np.array([0.5, 0.5, 0.5, 0.5, 0.5, 1.1, -0.1])) - 88
    touched = change.touches(x, y, np.ones(7, bool))
    assert touched.tolist() == [False, True, True, True, False, False, False]


def test_one_grid_s_loss_is_another_s_gain_and_comes_once():
    corner = [block(0, 0), block(1, 0), block(2, 0)]
    one, two = shapely.coverage_union_all(corner[:2]), shapely.coverage_union_all(corner[1:])
    before = frame([("a", None, None, one), ("b", None, None, corner[2])])
    after = frame([("a", None, None, corner[0]), ("b", None, None, two)])
    (change,) = in_turn(border_changes(before, after), np.array([], np.int64))
    assert len(change.places) == 1
    assert change.places.iloc[0].equals(corner[1])
    assert shapely.get_num_geometries(change.places.iloc[0]) == 1


def test_land_that_a_grid_has_before_and_after_is_left_alone_though_no_corner_stays():
    places = border_changes(*(frame([("a", None, None, block(n, 0, 9))]) for n in (0, 1)))
    x, y = lattice(np.array([0.5, 5.0, 9.5])), np.full(3, lattice(0.5) - 88)
    assert concerned(places, x, y, np.zeros(3)).tolist() == [True, False, True]


def test_a_border_that_moves_by_one_bit_is_a_change():
    bit = np.nextafter(lattice(1), 999)
    old, new = block(0, 0), shapely.box(lattice(0), lattice(0) - 88, bit, lattice(1) - 88)
    places = places_between(np.array([old]), np.array([new]))
    edge = shapely.Point(bit, lattice(0.3) - 88)
    assert shapely.dwithin(shapely.boundary(places), edge, HAIR).any()


@pytest.mark.parametrize("nearest", [0.0, 30.0, 1000.0])
def test_who_is_in_no_grid_is_looked_at_within_reach_of_a_grid_that_changed(nearest):
    """One thousandth of a degree is 94.5 m at 32° N."""
    before, after = (frame([("a", None, None, block(0, 0, w))]) for w in (1, 2))
    changes = border_changes(before, after, nearest)
    metres = np.array([0.9 * nearest, 1.2 * nearest + 1])
    x, y = lattice(2) + metres / 94_500, np.full(2, lattice(0.5) - 88)
    nobody, other = np.zeros(2, bool), np.ones(2, bool)
    assert concerned(changes, x, y, np.zeros(2), nobody).tolist() == [True, False]
    assert concerned(changes, x[1:], y[1:], np.zeros(1), other[1:]).tolist() == [False]


def test_grids_measured_in_another_zone_are_asked_anew_everywhere():
    before = frame([("a", None, None, shapely.box(120, 32, 121, 33))])
    after = frame([("a", None, None, shapely.box(117, 32, 118, 33))])
    (change,) = border_changes(before, after, 50.0)
    assert change.places is None
    assert border_changes(before, after)[0].places is not None
