from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.balance import balance, proposals
from gridgeo.analysis.balance.proposals import differing_share
from gridgeo.errors import ParameterError
from tests.analysis.balance.cities import assert_whole, lattice


def town():
    units = lattice(9, 9, load=10)
    units["today"] = units.index.str[1]  # nine columns
    return units


def test_near_todays_they_go_from_the_least_change_to_short_borders():
    units = town()
    plans = proposals(units, "load", current="today", count=3)
    for plan in plans:
        assert_whole(plan, units, 9)
    assert len(plans[0].moved) == 0
    moved = [plan.scores["moved_load_share"] for plan in plans]
    border = [plan.scores["border_km"] for plan in plans]
    assert moved == sorted(moved)
    assert border == sorted(border, reverse=True)
    assert border[0] > border[-1]


def test_new_plans_keep_the_tolerance_and_differ():
    units = lattice(10, 10, load=10)
    units.index = [f"u{i:02d}" for i in range(100)]
    plans = proposals(units, "load", 7, count=4, seed=3)
    assert len(plans) == 4
    for plan in plans:
        assert_whole(plan, units, 7)
        assert plan.scores["over_tolerance"] == 0
    assert plans[0].scores["cut_edges"] == min(plan.scores["cut_edges"] for plan in plans)
    apart = [differing_share(one, other) for one, other in combinations(plans, 2)]
    assert min(apart) > 0.05
    again = proposals(units, "load", 7, count=4, seed=3)
    assert all(a.assignment.equals(b.assignment) for a, b in zip(plans, again, strict=True))


def test_a_town_with_one_plan_gets_one_proposal():
    assert len(proposals(lattice(1, 1), "load", 1)) == 1
    units = lattice(2, 1, today=["a", "b"])
    assert len(proposals(units, "load", current="today")) == 1


def test_an_interrupt_keeps_the_plans_so_far():
    units = town()
    heard = []

    def interrupt(share, text):
        heard.append((share, text))
        if text.startswith("plan 2"):
            raise KeyboardInterrupt

    plans = proposals(units, "load", current="today", count=4, progress=interrupt)
    assert 1 <= len(plans) <= 2
    assert [share for share, _ in heard] == sorted(share for share, _ in heard)


@pytest.mark.parametrize("asked", [{"count": 1}, {"count": 2.5}, {"stability": 0.5}])
def test_what_makes_no_sense_is_refused(asked):
    with pytest.raises(ParameterError):
        proposals(town(), "load", 9, **asked)


@given(st.integers(1, 4), st.integers(0, 3), st.integers(0, 3))
def test_the_difference_is_the_load_that_no_renaming_saves(k, seed, other):
    units = lattice(3, 3, load=[1, 2, 3, 4, 5, 6, 7, 8, 9])
    one, two = (balance(units, "load", k, seed=s, tolerance=2.0) for s in (seed, other))
    labels, others = one.assignment.to_numpy(), two.assignment.to_numpy()
    kept = max(
        one.load[np.array(names)[labels] == others].sum() for names in permutations(range(k))
    )
    assert differing_share(one, two) == pytest.approx(1 - kept / 45)
    assert differing_share(one, two) == pytest.approx(differing_share(two, one))


def test_every_plan_keeps_the_locked_grids_however_they_are_given():
    units = lattice(6, 4)
    units["today"] = [f"g{i // 8}" for i in range(24)]
    units.loc[units["today"] == "g1", "load"] = 3.0
    plans = proposals(units, "load", current="today", count=3, locked=(g for g in ["g0"]))
    for plan in plans:
        assert plan.assignment.eq("g0").tolist() == units["today"].eq("g0").tolist()


@pytest.mark.parametrize(
    "wrong", [{"seed": "a"}, {"time_limit_s": "a"}, {"time_limit_s": -1.0}, {"progress": 5}]
)
def test_an_argument_for_all_plans_that_is_none_is_refused(wrong):
    (name, value), *_ = wrong.items()
    with pytest.raises(ParameterError, match=f"{name} is {value!r};"):
        proposals(lattice(4, 2), "load", 2, **wrong)
