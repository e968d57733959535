"""Laws of plans near today's: at every stability, with regions and locks, cut short or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.balance import UnitGraph, balance
from tests.analysis.balance.cities import assert_whole, lattice, pieces_of

STABILITIES = st.sampled_from([1.0, 0.9, 0.5, 0.1, 0.0])


@st.composite
def drifted(draw):
    """A plan of yesterday, within villages or not, whose loads have changed since."""
    width, height = draw(st.integers(2, 8)), draw(st.integers(2, 5))
    units = lattice(width, height)
    units["village"] = [f"v{name[1] >= str(width // 2)}" for name in units.index]
    k = draw(st.integers(2, min(6, len(units))))
    yesterday = balance(units, "load", k, region="village", seed=draw(st.integers(0, 3)))
    units["today"] = yesterday.assignment.map("g{}".format)
    loads = st.sampled_from([0, 1, 1, 2, 3, 9])
    units["load"] = np.array(draw(st.lists(loads, min_size=len(units), max_size=len(units))), float)
    return units


@given(drifted(), STABILITIES, st.booleans(), st.data())
def test_a_changed_plan_keeps_locks_regions_names_and_load(units, stability, regional, data):
    grids = sorted(set(units["today"]))
    locked = data.draw(st.lists(st.sampled_from(grids), unique=True, max_size=len(grids) - 1))
    asked = {"region": "village"} if regional else {}
    # What is left of a village or of the town hangs together only by chance.
    free = ~units["today"].isin(locked).to_numpy()
    pairs = UnitGraph(units).pairs
    if regional:
        village = units["village"].to_numpy()
        pairs = pairs[village[pairs[:, 0]] == village[pairs[:, 1]]]
    if pieces_of(units, free, pairs) > len(grids) - len(locked):
        return
    plan = balance(
        units, "load", current="today", locked=locked, stability=stability, seed=1, **asked
    )
    assert_whole(plan, units, len(grids), pairs)
    for grid in locked:
        assert plan.assignment.eq(grid).equals(units["today"].eq(grid).rename("grid_id"))
    assert set(plan.assignment) <= {*grids, *(f"new-{i}" for i in range(1, len(grids) + 1))}
    assert plan.loads().sum() == pytest.approx(units["load"].sum())
    moved = units["today"] != plan.assignment
    assert plan.moved.equals(units.index[moved])
    share = units["load"][moved].sum() / max(units["load"].sum(), 1)
    assert plan.scores["moved_load_share"] == pytest.approx(share)
    if regional:
        assert plan.scores["region_crossings"] == 0
    assert plan.scores["bound"] <= plan.scores["max_deviation"] + 1e-9


@given(drifted(), STABILITIES, st.permutations(range(6)), st.randoms(use_true_random=False))
def test_neither_names_nor_order_nor_unit_of_load_change_a_plan(units, stability, names, dice):
    asked = {"current": "today", "stability": stability, "together": "village", "seed": 2}
    plan = balance(units, "load", **asked)
    renamed = {f"g{i}": 100 + names[i] for i in range(6)}
    order = list(units.index)
    dice.shuffle(order)
    other = units.loc[order].assign(load=units["load"] * 8)
    other["today"] = other["today"].map(renamed)
    found = balance(other, "load", **asked).assignment.reindex(units.index)
    assert found.tolist() == [renamed.get(grid, grid) for grid in plan.assignment]


@given(drifted(), STABILITIES, st.integers(1, 4), st.booleans())
def test_a_plan_cut_short_is_whole(units, stability, calls, near):
    asked = {"current": "today", "stability": stability} if near else {"k": 2}
    heard = []

    def interrupt(share, text):
        heard.append(share)
        if len(heard) == calls and text != "done":
            raise KeyboardInterrupt

    plan = balance(units, "load", progress=interrupt, tolerance=0.0, **asked)
    assert_whole(plan, units)
    assert plan.stopped in ("", "interrupt")
    late = balance(units, "load", time_limit_s=0.0, tolerance=0.0, **asked)
    assert_whole(late, units)
