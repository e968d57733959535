from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString

from gridgeo.analysis.balance import UnitGraph, balance
from gridgeo.errors import InfeasibleError
from tests.analysis.balance.cities import assert_whole, lattice

TOLERANCE = 0.05


def path(first, last):
    return [(i, i + 1) for i in range(first, last)]


def town(loads, edges, **columns):
    names = [f"u{i:02d}" for i in range(len(loads))]
    units = pd.DataFrame({"load": loads, **columns}, index=names)
    return UnitGraph(units, edges=np.array(edges, int).reshape(-1, 2))


def one_piece(members, edges):
    """Spread from the first member over the edges: written anew, so that it can disagree."""
    reached = {members[0]}
    while True:
        more = {b for a, b in [*edges, *[(b, a) for a, b in edges]] if a in reached}
        more = (more & set(members)) - reached
        if not more:
            return reached == set(members)
        reached |= more


def every_plan(n, k, edges):
    """All ways to give each unit a grid so that every grid is one piece; labels (plans, n)."""
    known = {}

    def whole(members):
        if members not in known:
            known[members] = bool(members) and one_piece(members, edges)
        return known[members]

    return np.array(
        [
            labels
            for labels in product(range(k), repeat=n)
            if all(whole(tuple(u for u in range(n) if labels[u] == g)) for g in range(k))
        ]
    ).reshape(-1, n)


def ranks(plans, loads, targets):
    """Deviations beyond the tolerance of each plan, greatest first."""
    sums = np.stack([(plans == g) @ np.array(loads) for g in range(len(targets))], axis=1)
    off = np.abs(sums / targets - 1)
    return -np.sort(-np.maximum(off - TOLERANCE, 0).round(9), axis=1), off.max(axis=1)


@st.composite
def towns(draw):
    """Up to six units, connected or not, with a few grids."""
    n = draw(st.integers(1, 6))
    loads = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n).filter(any))
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    edges = [pair for pair in pairs if draw(st.integers(0, 2)) == 0]
    return loads, edges, draw(st.integers(1, min(n, 4)))


@given(towns(), st.data())
def test_a_small_town_gets_the_best_plan_there_is(place, data):
    loads, edges, k = place
    shares = data.draw(st.lists(st.integers(1, 4), min_size=k, max_size=k))
    targets = np.array(shares) * sum(loads) / sum(shares)
    plans = every_plan(len(loads), k, edges)
    if len(plans) == 0:
        with pytest.raises(InfeasibleError):
            balance(town(loads, edges), "load", targets=shares)
        return
    plan = balance(town(loads, edges), "load", targets=shares, tolerance=TOLERANCE)
    every, largest = ranks(plans, loads, targets)
    found, own = ranks(plan.assignment.to_numpy()[None].astype(int), loads, targets)
    assert found[0].tolist() == min(every.tolist())
    assert plan.scores["max_deviation"] == pytest.approx(own[0])
    assert (plan.forced["bound"] <= largest[every.tolist().index(min(every.tolist()))] + 1e-6).all()
    # Of equally good plans, the one that cuts fewest edges.
    equal = plans[(every == found).all(axis=1)]
    cuts = sum((equal[:, a] != equal[:, b] for a, b in edges), np.zeros(len(equal)))
    assert plan.scores["cut_edges"] == cuts.min()


@given(towns(), st.data())
def test_a_small_plan_in_force_moves_as_little_load_as_it_can(place, data):
    loads, edges, k = place
    grids = list(range(k))
    today = data.draw(
        st.permutations(
            grids
            + data.draw(
                st.lists(st.sampled_from(grids), min_size=len(loads) - k, max_size=len(loads) - k)
            )
        )
    )
    plans = every_plan(len(loads), k, edges)
    graph = town(loads, edges, today=today)
    shares = pd.Series(data.draw(st.lists(st.integers(1, 4), min_size=k, max_size=k)), grids)
    if len(plans) == 0:
        with pytest.raises(InfeasibleError):
            balance(graph, "load", current="today", targets=shares)
        return
    plan = balance(graph, "load", current="today", targets=shares, tolerance=TOLERANCE)
    targets = shares.to_numpy() * sum(loads) / shares.sum()
    every, _ = ranks(plans, loads, targets)
    found, _ = ranks(plan.assignment.to_numpy()[None].astype(int), loads, targets)
    assert found[0].tolist() == min(every.tolist())
    equal = plans[(every == found).all(axis=1)]
    moved = (equal != np.array(today)) @ np.array(loads) / sum(loads)
    assert plan.scores["moved_load_share"] == pytest.approx(moved.min())


# --- worked cases -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loads", "edges", "k", "best"),
    [
        (
            [1, 2, 5, 5, 2, 8, 2, 8],
            [(0, 1), (0, 3), (0, 6), (0, 7), (1, 2), (1, 3), (2, 4), (2, 5), (4, 5)],
            3,
            1 / 11,
        ),
        ([1, 2, 3, 5, 5, 4, 8], [(0, 1), (1, 2), (1, 3), (2, 4), (3, 5), (5, 6)], 4, 2 / 7),
        (
            [1, 4, 3, 5, 3, 1, 2, 5],
            [
                (0, 1),
                (0, 7),
                (1, 2),
                (1, 3),
                (1, 5),
                (1, 7),
                (2, 3),
                (4, 5),
                (4, 6),
                (4, 7),
                (5, 6),
            ],
            6,
            1 / 4,
        ),
        # The third unit is an island; the others are off as a whole, and balanced all the same.
        (
            [3, 5, 5, 4, 1, 1, 2, 3],
            [(0, 3), (1, 3), (1, 5), (1, 7), (3, 4), (3, 6), (3, 7), (4, 5), (4, 7), (5, 6)],
            4,
            1 / 6,
        ),
    ],
)
def test_small_towns_where_a_search_would_stop_short(loads, edges, k, best):
    plan = balance(town(loads, edges), "load", k)
    assert plan.scores["max_deviation"] == pytest.approx(best)


def test_unequal_targets_are_exchanged_between_pieces():
    plan = balance(town([1] * 12, path(0, 5) + path(6, 11)), "load", targets=[3, 3, 2, 2, 2])
    assert plan.scores["max_deviation"] == 0
    assert plan.forced.empty


def test_a_unit_is_not_blamed_while_another_piece_has_a_target_for_it():
    plan = balance(town([4, 1, 5], [(0, 1)]), "load", targets=[1, 3, 2])
    assert plan.scores["max_deviation"] == pytest.approx(0.4)
    assert plan.assignment["u02"] == 1
    assert not plan.forced["id"].eq("u02").any()


def test_todays_grids_change_pieces_when_their_targets_demand_it():
    graph = town([1] * 12, path(0, 5) + path(6, 11), today=list("aaabbbcccdde"))
    targets = pd.Series({"a": 3, "b": 2, "c": 2, "d": 2, "e": 3})
    plan = balance(graph, "load", current="today", targets=targets)
    assert plan.scores["max_deviation"] == 0
    assert (plan.assignment[:3] == "a").all()


def test_small_pieces_of_a_large_town_get_the_best_plan_too():
    far = [(a + 20, b + 20) for a, b in [(0, 1), (1, 2), (1, 3), (2, 4), (3, 5), (5, 6)]]
    loads = [3.5] * 20 + [1, 2, 3, 5, 5, 4, 8]
    plan = balance(town(loads, path(0, 19) + far), "load", 14)
    assert plan.targets.tolist() == [7.0] * 14
    assert plan.scores["max_deviation"] == pytest.approx(2 / 7)
    today = [i // 2 for i in range(20)] + [10, 10, 11, 12, 11, 12, 13]
    plan = balance(town(loads, path(0, 19) + far, today=today), "load", current="today")
    assert plan.scores["max_deviation"] == pytest.approx(2 / 7)


@pytest.mark.parametrize("seed", [0, 1, 6, 10])
def test_a_piece_that_is_off_as_a_whole_is_balanced_about_its_own_mean(seed):
    # An island of 3 fills no grid, so four grids share the rest: too many to look at every plan.
    loads = [*np.random.default_rng(seed).integers(1, 30, 20).tolist(), 3]
    plan = balance(town(loads, UnitGraph(lattice(5, 4)).pairs.tolist()), "load", 5)
    island, *others = sorted(plan.loads())
    mean = sum(loads[:-1]) / 4
    assert island == 3
    assert mean * 0.95 <= others[0] <= others[-1] <= mean * 1.05
    assert plan.forced["kind"].tolist() == ["piece", "piece"]


def test_fixed_borders_round_whose_end_a_grid_could_reach_leave_what_is_possible():
    units = lattice(3, 2, load=[1, 1, 1, 1, 1, 1])
    line = LineString([(100, 0), (100, 100)])
    plan = balance(units, "load", 2, fixed_borders=line)
    assert_whole(plan, units, 2)
    assert plan.assignment["a00"] != plan.assignment["a10"]
    with pytest.raises(InfeasibleError):
        balance(units, "load", 1, fixed_borders=line)


def test_a_target_next_to_nothing_is_a_target_too():
    plan = balance(town([4, 1e9, 5, 0], path(0, 3)), "load", targets=[1, 1e-30, 2])
    assert set(plan.assignment) == {0, 1, 2}
    assert plan.scores["max_deviation"] >= 0
