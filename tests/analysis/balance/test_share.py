from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gridgeo.analysis.balance import balance
from gridgeo.analysis.balance.share import apportion, deal, exchange
from gridgeo.errors import InfeasibleError, ParameterError
from tests.analysis.balance.cities import assert_whole, lattice, pieces_of


def all_ways(least, most, total):
    ranges = [range(a, b + 1) for a, b in zip(least, most, strict=True)]
    return [np.array(way) for way in product(*ranges) if sum(way) == total]


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(1, 3), st.integers(0, 5)),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 10),
)
def test_the_largest_deviation_of_the_means_is_least(parts, more):
    loads = np.array([part[0] for part in parts], float)
    least = np.array([part[1] for part in parts])
    most = least + [part[2] for part in parts]
    total = int(least.sum()) + more
    assume(total <= most.sum() and loads.sum() > 0)
    target = loads.sum() / total

    def largest(numbers):
        return np.abs(loads / numbers / target - 1).max()

    numbers = apportion(loads, least, most, total, target)
    assert numbers.sum() == total
    assert ((least <= numbers) & (numbers <= most)).all()
    best = min(largest(way) for way in all_ways(least, most, total))
    assert largest(numbers) == pytest.approx(best)


def test_of_equally_good_numbers_todays_are_kept():
    loads, least, most = np.array([150.0, 150.0, 0.0]), np.ones(3, int), np.full(3, 9)
    for today in ([1, 2, 1], [2, 1, 1]):
        assert apportion(loads, least, most, 4, 100.0, np.array(today)).tolist() == today


def test_numbers_outside_the_bounds_are_impossible():
    one = np.ones(2, int)
    for total in (1, 5):
        with pytest.raises(InfeasibleError, match="2"):
            apportion(np.ones(2), one, 2 * one, total, 1.0)


@given(st.lists(st.integers(1, 9), min_size=3, max_size=9))
def test_every_part_is_dealt_as_many_targets_as_it_needs_and_holds(targets):
    least, most = np.array([1, 2]), np.array([3, 9])
    parts = deal(np.array([5.0, 20.0]), least, most, np.array(targets, float))
    numbers = np.bincount(parts, minlength=2)
    assert numbers.sum() == len(targets)
    assert ((least <= numbers) & (numbers <= most)).all()


# --- in plans ---------------------------------------------------------------------------------


def test_regions_get_grids_by_their_load_and_a_grid_carries_its_regions_mean():
    units = lattice(6, 2, load=10, village=["w"] * 4 + ["e"] * 8)
    plan = balance(units, "load", 3, region="village")
    assert_whole(plan, units, 3)
    village = units.groupby(plan.assignment)["village"].first()
    assert village.value_counts().to_dict() == {"e": 2, "w": 1}
    assert plan.targets.tolist() == [40.0, 40.0, 40.0]


def test_a_region_in_pieces_gets_a_grid_for_each():
    units = lattice(5, 1, load=[1, 10, 10, 10, 1], village=["a", "b", "b", "b", "a"])
    plan = balance(units, "load", 4, region="village")
    assert_whole(plan, units, 4)
    assert plan.assignment["a00"] != plan.assignment["a40"]
    forced = plan.forced.set_index("kind")
    assert forced.loc["region", "id"].tolist() == ["a", "b"]
    assert forced.loc["region", "bound"].tolist() == pytest.approx([7 / 8, 15 / 8 - 1])
    with pytest.raises(InfeasibleError, match="at least 3"):
        balance(units, "load", 2, region="village")


def test_an_island_that_cannot_fill_a_grid_is_named():
    units = lattice(7, 1, load=10).drop(index="a10")
    plan = balance(units, "load", 2)
    assert_whole(plan, units, 2)
    assert plan.forced["kind"].tolist() == ["piece", "piece"]
    assert plan.forced["id"].tolist() == ["a00", "a20"]
    assert plan.forced["bound"].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert plan.scores["max_deviation_unforced"] == 0


def test_a_region_where_nobody_lives_is_split_by_units():
    units = lattice(4, 4, load=[0] * 8 + [5] * 8, village=["park"] * 8 + ["town"] * 8)
    plan = balance(units, "load", 5, region="village")
    assert_whole(plan, units, 5)
    assert plan.scores["max_deviation_unforced"] <= 0.05


def test_region_and_targets_exclude_each_other():
    with pytest.raises(ParameterError, match="region") as refusal:
        balance(lattice(2, 2, village="v"), "load", region="village", targets=[1, 1])
    assert refusal.value.fields == ("region", "targets")


# --- unequal targets --------------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=4),
    st.lists(st.integers(1, 9), min_size=4, max_size=8),
    st.sampled_from([0.0, 0.05]),
)
def test_an_exchange_of_targets_brings_no_part_further_off_than_the_worst(loads, targets, enough):
    loads, targets = np.array(loads, float), np.array(targets, float)
    r, most = len(loads), np.full(len(loads), 6)
    parts = np.arange(len(targets)) % r

    def off(parts):
        return np.abs(loads / np.bincount(parts, weights=targets, minlength=r) - 1)

    after = exchange(parts, loads, most, targets, enough)
    assert off(after).max() <= off(parts).max() + 1e-9
    numbers = np.bincount(after, minlength=r)
    assert ((numbers >= 1) & (numbers <= most)).all()
    if off(parts).max() <= enough:
        assert after.tolist() == parts.tolist()


def test_targets_change_places_until_every_part_has_its_load():
    targets = np.array([3.0, 3.0, 2.0, 2.0, 2.0])
    parts = exchange(np.array([0, 1, 0, 1, 0]), np.array([6.0, 6.0]), np.full(2, 9), targets, 0.0)
    assert np.bincount(parts, weights=targets).tolist() == [6.0, 6.0]


def test_pieces_too_large_to_look_at_every_plan_exchange_their_targets_too():
    units = lattice(21, 2, load=10).drop(index=["a100", "a101"])
    assert pieces_of(units, np.ones(len(units), bool)) == 2
    plan = balance(units, "load", targets=[6, 6, 4, 4, 4])
    assert_whole(plan, units, 5)
    # Each piece carries 200 of 400: 100 + 100 and 66.7 × 3.
    assert plan.scores["max_deviation"] <= 0.11
    assert plan.forced.empty or not plan.forced["reason"].str.contains("hang together").any()


def test_a_grid_of_today_goes_to_another_piece_where_its_target_fits():
    units = lattice(21, 2, load=10).drop(index=["a100", "a101"])
    units["today"] = list("a" * 10 + "b" * 10 + "c" * 7 + "d" * 7 + "e" * 6)
    targets = {"a": 6, "b": 4, "c": 4, "d": 4, "e": 6}
    plan = balance(units, "load", current="today", targets=targets)
    assert_whole(plan, units, 5)
    assert plan.scores["max_deviation"] <= 0.11
    assert plan.assignment.iloc[0] in "ae"
