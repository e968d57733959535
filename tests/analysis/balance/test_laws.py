import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.balance import UnitGraph, balance
from gridgeo.analysis.balance.scores import SCORES
from gridgeo.errors import InfeasibleError
from tests.analysis.balance.cities import assert_whole, lattice, pieces_of


@st.composite
def cities(draw):
    """Lattices with holes, islands and every kind of load."""
    units = lattice(draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    n = len(units)
    kept = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))) > 0
    kept[0] = True
    loads = st.sampled_from([0, 0, 1, 3, 10, 10, 17, 200])
    units["load"] = draw(st.lists(loads, min_size=n, max_size=n))
    return units[kept]


@given(cities(), st.integers(1, 12), st.integers(0, 3))
def test_every_plan_is_whole_or_impossible(units, k, seed):
    pieces = pieces_of(units, np.ones(len(units), bool))
    if not pieces <= k <= len(units):
        with pytest.raises(InfeasibleError):
            balance(units, "load", k, seed=seed)
        return
    plan = balance(units, "load", k, seed=seed)
    assert_whole(plan, units, k)
    assert set(plan.targets.index) == set(range(k))
    assert plan.targets.sum() == pytest.approx(units["load"].sum())
    assert plan.loads().sum() == pytest.approx(units["load"].sum())
    assert tuple(plan.scores) == SCORES
    assert plan.stopped == ""
    assert len(plan.moved) == 0


@given(cities(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_unit_of_load_changes_a_plan(units, k, dice):
    k = min(len(units), pieces_of(units, np.ones(len(units), bool)) + k)
    plan = balance(units, "load", k, seed=5)
    assert balance(units, "load", k, seed=5).assignment.equals(plan.assignment)
    order = list(units.index)
    dice.shuffle(order)
    shuffled = units.loc[order].assign(load=units["load"] * 3)
    other = balance(shuffled, "load", k, seed=5)
    assert other.assignment.reindex(units.index).equals(plan.assignment)


@given(cities(), st.integers(1, 5), st.data())
def test_a_plan_near_todays_is_whole_too(units, k, data):
    grids = st.sampled_from(["p", "q", "r", None])
    units["today"] = data.draw(st.lists(grids, min_size=len(units), max_size=len(units)))
    k = min(len(units), pieces_of(units, np.ones(len(units), bool)) + k)
    plan = balance(units, "load", k, current="today", seed=1)
    assert_whole(plan, units, k)
    old = set(units["today"].dropna())
    assert all(grid in old or grid.startswith("new-") for grid in plan.targets.index)
    today = units["today"]
    assert plan.moved.equals(units.index[today.notna() & (today != plan.assignment)])


@given(cities(), st.integers(0, 3))
def test_no_grid_leaves_its_region(units, more):
    units["village"] = [name[1] in "012" for name in units.index]
    inside = UnitGraph(units).pairs
    village = units["village"].to_numpy()
    inside = inside[village[inside[:, 0]] == village[inside[:, 1]]]
    k = min(len(units), pieces_of(units, np.ones(len(units), bool), inside) + more)
    plan = balance(units, "load", k, region="village")
    assert_whole(plan, units, k, inside)
    assert (units.groupby(plan.assignment)["village"].nunique() == 1).all()
    assert plan.scores["region_crossings"] == 0
    load = units["load"].groupby(units["village"]).sum()
    grids = units.groupby("village").apply(lambda part: plan.assignment[part.index].nunique())
    own = units.groupby(plan.assignment)["village"].first()
    assert np.allclose(plan.targets, (load / grids).reindex(own).to_numpy())


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 2))
def test_unequal_targets_share_the_load_by_position(shares, seed):
    units = lattice(6, 6, load=10)
    plan = balance(units, "load", targets=shares, seed=seed)
    assert_whole(plan, units, len(shares))
    want = 360 * np.array(shares) / sum(shares)
    assert plan.targets.index.tolist() == list(range(len(shares)))
    assert np.allclose(plan.targets, want)


def test_a_plan_does_not_depend_on_how_the_graph_was_come_by():
    units = lattice(7, 7)
    graph = UnitGraph(units)
    bare = UnitGraph(pd.DataFrame(units.drop(columns="geometry")), edges=graph.pairs[::-1, ::-1])
    plan = balance(graph, "load", 7)
    assert plan.assignment.equals(balance(units, "load", 7).assignment)
    assert plan.units is units
    assert_whole(balance(bare, "load", 7), units, 7)
