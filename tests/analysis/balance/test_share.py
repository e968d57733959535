from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gridgeo.analysis.balance import balance
from gridgeo.analysis.balance.share import apportion, deal
from gridgeo.errors import InfeasibleError, ParameterError
from tests.analysis.balance.cities import assert_whole, lattice


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
