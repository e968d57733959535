"""Between the least change and borders drawn anew."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.balance import balance
from gridgeo.analysis.balance.naming import after_today
from gridgeo.errors import ParameterError
from tests.analysis.balance.cities import assert_whole, lattice


def strips():
    """Sixteen long grids of today, fair but for two; square ones would have shorter borders."""
    units = lattice(16, 16, load=10)
    units.index = [f"u{i:03d}" for i in range(256)]
    units["today"] = [f"g{i // 16:02d}" for i in range(256)]
    units.loc[units["today"] == "g03", "load"] = 14
    units["village"] = ["N" if i % 16 < 8 else "S" for i in range(256)]
    return units


def test_less_stability_moves_more_for_shorter_borders():
    units = strips()
    plans = [balance(units, "load", current="today", stability=s) for s in (1.0, 0.5, 0.0)]
    for plan in plans:
        assert_whole(plan, units, 16)
        assert set(plan.targets.index) == set(units["today"])
        assert plan.scores["max_deviation"] <= 0.05
    moved = [plan.scores["moved_load_share"] for plan in plans]
    border = [plan.scores["border_km"] for plan in plans]
    assert moved == sorted(moved)
    assert border == sorted(border, reverse=True)
    assert moved[0] < moved[1] < moved[2]
    assert border[0] > border[2]


def test_a_fair_plan_stays_at_full_stability_only():
    units = strips().assign(load=10.0)
    assert len(balance(units, "load", current="today").moved) == 0
    assert len(balance(units, "load", current="today", stability=0).moved) > 0


def test_a_small_plan_drawn_anew_takes_the_shortest_border():
    units = lattice(4, 2)
    units["today"] = units.index.str[2]  # the upper row, the lower row: a border of 400 m
    assert len(balance(units, "load", current="today").moved) == 0
    anew = balance(units, "load", current="today", stability=0)
    assert anew.scores["border_km"] == pytest.approx(0.2)
    assert len(anew.moved) == 4  # each half is named after the row it shares most with


def test_a_locked_grid_stays_also_in_a_plan_drawn_anew():
    units = strips()
    plan = balance(units, "load", current="today", locked=["g07"], stability=0)
    locked = units["today"] == "g07"
    assert (plan.assignment == "g07").equals(locked.rename("grid_id"))


def test_grids_keep_to_the_names_of_their_targets():
    units = strips()
    shares = {f"g{i:02d}": 1.0 + (i % 2) for i in range(16)}
    plan = balance(units, "load", current="today", targets=shares, stability=0)
    want = units["load"].sum() * np.array(list(shares.values())) / sum(shares.values())
    assert np.allclose(plan.targets.reindex(list(shares)), want)
    assert plan.scores["max_deviation"] <= 0.05


@pytest.mark.parametrize("stability", [-0.1, 1.1, np.nan, "much"])
def test_a_stability_that_is_none_is_refused(stability):
    with pytest.raises(ParameterError, match="stability"):
        balance(strips(), "load", current="today", stability=stability)


@pytest.mark.filterwarnings("error")
def test_a_plan_whose_grids_are_all_locked_is_drawn_anew_as_it_is():
    units = lattice(2, 2, today=list("AABB"))
    plan = balance(units, "load", current="today", locked=["A", "B"], stability=0)
    assert plan.assignment.tolist() == list("AABB")


@given(st.data())
def test_names_keep_the_greatest_load_they_can(data):
    k, n = data.draw(st.integers(1, 4)), data.draw(st.integers(4, 9))
    labels = np.array([*range(k), *data.draw(st.lists(st.integers(0, k - 1), max_size=n))])
    n = len(labels)
    today = np.array(data.draw(st.lists(st.integers(-1, k - 1), min_size=n, max_size=n)))
    load = np.array(data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)), float)
    kinds = np.array(data.draw(st.lists(st.integers(0, 1), min_size=k, max_size=k)))
    named = after_today(labels, today, load, kinds)
    names = {(old, new) for old, new in zip(labels.tolist(), named.tolist(), strict=True)}
    assert len(names) == len({old for old, _ in names}) == len({new for _, new in names})
    assert all(kinds[old] == kinds[new] for old, new in names)
    best = max(
        load[np.array(order)[labels] == today].sum()
        for order in permutations(range(k))
        if all(kinds[i] == kinds[order[i]] for i in range(k))
    )
    assert load[named == today].sum() == pytest.approx(best)
