import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gridgeo.analysis.balance import UnitGraph, balance
from gridgeo.analysis.balance.bounds import causes
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.limits import limits
from tests.analysis.balance.cities import lattice, pieces_of


def all_plans(n, k):
    """Labels of every split of n units into k nonempty grids, each split once."""

    def grow(labels, used):
        if len(labels) == n:
            if used == k:
                yield np.array(labels)
            return
        for grid in range(min(used + 1, k)):
            if k - max(used, grid + 1) <= n - len(labels) - 1:
                yield from grow([*labels, grid], max(used, grid + 1))

    return grow([], 0)


def best_deviation(graph, load, targets):
    """The least largest deviation of all contiguous plans, whichever target each grid gets."""
    k, best = len(targets), np.inf
    for labels in all_plans(len(load), k):
        if graph.broken(labels, k).any():
            continue
        loads = np.sort(np.bincount(labels, weights=load, minlength=k))
        # Sorted loads on sorted targets: no other dealing has a lower maximum here.
        best = min(best, np.abs(loads / np.sort(targets) - 1).max())
    return best


def graph_of(units):
    pairs = UnitGraph(units).pairs
    load = units["load"].to_numpy()
    return Graph.from_edges(pairs, np.ones(len(pairs)), load, np.empty((0, 2), np.int64))


@st.composite
def towns(draw):
    units = lattice(draw(st.integers(1, 4)), draw(st.integers(1, 2)))
    n = len(units)
    loads = st.sampled_from([0, 1, 2, 3, 5, 8, 30])
    units["load"] = np.array(draw(st.lists(loads, min_size=n, max_size=n)), float)
    kept = np.array(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))) > 0
    kept[0] = True
    units = units[kept]
    assume(units["load"].sum() > 0)
    assume(pieces_of(units, np.ones(len(units), bool)) == 1)
    return units


@given(towns(), st.integers(1, 4), st.booleans(), st.sampled_from([0.0, 0.05, 0.3]))
def test_no_plan_is_better_than_a_cause_allows(units, k, unequal, tolerance):
    k = min(k, len(units))
    shares = np.arange(1, k + 1) if unequal else np.ones(k)
    targets = shares * units["load"].sum() / shares.sum()
    graph = graph_of(units)
    found = causes(graph, targets, tolerance)
    best = best_deviation(graph, units["load"].to_numpy(), targets)
    assert all(cause.bound <= best + 1e-9 for cause in found)
    assert all(cause.bound > tolerance for cause in found)


@given(towns(), st.integers(1, 4))
def test_small_towns_get_the_best_plan_there_is(units, k):
    k = min(k, len(units))
    targets = np.full(k, units["load"].sum() / k)
    best = best_deviation(graph_of(units), units["load"].to_numpy(), targets)
    plan = balance(units, "load", k, tolerance=0.05)
    over = units["load"].max() > 1.05 * targets[0]
    if over:
        assert plan.forced["kind"].iloc[0] == "unit"
    else:
        assert plan.scores["max_deviation"] <= max(best, 0.05) + 1e-9


@given(towns(), st.integers(1, 5), st.integers(0, 2), st.booleans(), st.data())
def test_the_bound_holds_for_the_best_plan(units, k, tolerance, nearby, data):
    """Of as few units every plan is looked at, so none is better."""
    n = len(units)
    more = lattice(2, 2)
    more.geometry = more.geometry.translate(5000)
    more.index = [f"b{i}" for i in range(4)]
    loads = st.sampled_from([0, 1, 4, 9])
    more["load"] = np.array(data.draw(st.lists(loads, min_size=4, max_size=4)), float)
    islands = data.draw(st.booleans())
    units = pd.concat([units, more]) if islands else units
    units["village"] = [int(i >= n) for i in range(len(units))] if data.draw(st.booleans()) else 0
    units["today"] = [i % 2 for i in range(len(units))]
    k = min(max(k, 1 + islands), len(units))
    asked = {"region": "village"} if data.draw(st.booleans()) else {}
    asked |= {"current": "today"} if nearby else {}
    plan = balance(units, "load", k, tolerance=0.1 * tolerance, **asked)
    best = balance(units, "load", k, tolerance=0.0, **asked)
    told = limits(units, "load", k, tolerance=0.1 * tolerance, **asked)
    assert told.bound == pytest.approx(plan.scores["bound"], abs=1e-9)
    assert told.bound <= best.scores["max_deviation"] + 1e-9
    assert set(plan.forced["id"].map(str)) <= set(told.forced["id"].map(str))


# --- worked cases -----------------------------------------------------------------------------


def test_a_neck_takes_in_what_is_behind_it():
    # Five in a row: an end with 6 or 4 of 10 is a poor grid alone and too much for the next.
    units = lattice(5, 1, load=[6, 10, 10, 10, 4])
    assert [cause.unit for cause in causes(graph_of(units), np.full(2, 20.0), 0.05)] == [2]
    found = causes(graph_of(units), np.full(4, 10.0), 0.05)
    necks = [cause for cause in found if cause.reason.startswith("a neck")]
    assert {cause.unit for cause in necks} >= {1, 3}
    assert found[0].bound == pytest.approx(0.4)
    assert best_deviation(
        graph_of(units), units["load"].to_numpy(), np.full(4, 10.0)
    ) == pytest.approx(0.4)


def test_large_units_leave_too_little_for_the_others():
    units = lattice(4, 1, load=[30, 2, 2, 2])
    found = {cause.reason: cause for cause in causes(graph_of(units), np.full(2, 18.0), 0.05)}
    assert found["alone above its target"].bound == pytest.approx(30 / 18 - 1)
    left = found["1 large units leave too little for the others"]
    assert left.bound == pytest.approx(1 - 6 / 18)
    assert left.everywhere


def test_whole_households_cannot_be_halved():
    # 10 in three grids: one carries 4 or more, 20 % above the mean.
    assert limits(lattice(10, 1), "load", 3).bound == pytest.approx(0.2)
    assert limits(lattice(9, 1), "load", 3).bound == 0
    assert limits(lattice(2, 5, load=0.1), "load", 3).bound == 0
    # In tens, the mean of 50/3 is between 10 and 20.
    assert limits(lattice(5, 1, load=10), "load", 3).bound == pytest.approx(0.4)


def islands(*loads):
    """Rows of units out of reach of each other."""
    rows = [lattice(len(own), 1, load=own) for own in loads]
    for number, row in enumerate(rows):
        row.geometry = row.geometry.translate(yoff=1000 * number)
        row.index = [f"{number}{name}" for name in row.index]
    return pd.concat(rows)


@pytest.mark.parametrize(
    ("loads", "k"),
    [
        # By their means three and one; but then one of three grids has nobody.
        ([[15, 0, 15], [5, 5]], 4),
        # By their means four and one; but then three grids of 13 leave 1 for the fourth.
        ([[13, 13, 13, 1], [5, 5]], 5),
    ],
)
def test_islands_of_one_region_could_share_its_grids_otherwise(loads, k):
    few = islands(*loads)
    assert balance(few, "load", k, tolerance=0.0).scores["max_deviation"] == pytest.approx(0.5)
    # Too many units to look at every plan; the empty ones change nothing about the best.
    many = islands(loads[0], [*loads[1], *[0] * 12])
    assert limits(many, "load", k).bound <= 0.5


def test_a_plan_within_a_wide_tolerance_does_not_bound_fairer_ones():
    units = islands([1, 1, 1, 1], [1, 1, 1, 1])
    units["today"] = ["A1", "A1", "A2", "A3", "B", "B", "B", "B"]
    kept = balance(units, "load", current="today", tolerance=1.0)
    assert kept.scores["max_deviation"] == pytest.approx(1.0)
    assert balance(units, "load", current="today").scores["max_deviation"] == 0
    assert kept.scores["bound"] == limits(units, "load", current="today", tolerance=1.0).bound == 0


def test_islands_too_far_from_a_whole_number_of_grids_are_told():
    told = limits(islands([1, 1, 1], [1, 1, 1]), "load", 3)
    assert told.bound == pytest.approx(0.5)  # 3 in one grid, 3 in two
    assert set(told.forced["kind"]) == {"piece"}


def test_nobody_is_off_where_nobody_lives():
    assert limits(islands([0, 0], [0, 0]), "load", 3).bound == 0
    assert limits(islands([0, 0, 0], [2, 2]), "load", 3).bound <= 1


def test_what_stands_in_the_way_is_said_before_a_plan_is_sought():
    units = lattice(5, 1, load=[6, 10, 10, 10, 4])
    told = limits(units, "load", 2)
    assert (told.forced["kind"] == "piece").all()
    assert told.forced["id"].tolist() == ["a20"]
    plan = balance(units, "load", 2)
    assert plan.scores["max_deviation"] >= told.bound - 1e-12
    assert plan.scores["bound"] == told.bound


def test_what_stands_in_the_way_is_named_only_where_it_does():
    fair = balance(lattice(4, 4), "load", 4)
    assert fair.forced.empty
    assert fair.forced.columns.tolist() == ["kind", "id", "reason", "bound"]
    odd = balance(lattice(3, 1, load=[6, 10, 10]), "load", 2)
    assert odd.scores["over_tolerance"] == 2
    assert odd.forced["kind"].eq("piece").all()
    assert odd.forced["bound"].max() <= odd.scores["max_deviation"] + 1e-9


def test_a_unit_above_its_target_is_forced_and_so_is_what_it_leaves_too_little_for():
    units = lattice(5, 5, load=[30] + [4] * 24)
    plan = balance(units, "load", 6)
    assert plan.forced[["kind", "id"]].to_numpy().tolist() == [["unit", "a00"], ["piece", "a00"]]
    assert plan.forced["bound"].tolist() == pytest.approx([30 / 21 - 1, 1 - 96 / 5 / 21])
    # Of 24 fours one of five grids gets four: that is farther off than the large unit makes it.
    assert plan.scores["max_deviation_unforced"] == pytest.approx(1 - 16 / 21)


def test_grids_that_a_large_unit_leaves_too_little_for_are_no_fault_of_the_plan():
    units = lattice(8, 8, load=[300] + [10] * 63)
    plan = balance(units, "load", 4)
    left = 1 - 630 / 3 / 232.5
    assert plan.forced["bound"].tolist() == pytest.approx([300 / 232.5 - 1, left])
    assert plan.scores["over_tolerance"] == 4
    assert plan.scores["max_deviation_unforced"] == 0
    assert sorted(plan.loads()) == [210, 210, 210, 300]


def test_a_grid_much_shorter_than_a_large_unit_makes_it_is_not_excused():
    units = lattice(6, 1, load=[200, 60, 60, 60, 60, 20])
    plan = balance(units, "load", 6)
    assert plan.scores["max_deviation_unforced"] == pytest.approx(1 - 20 * 6 / 460)
