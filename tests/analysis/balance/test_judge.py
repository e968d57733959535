import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.balance import UnitGraph, balance, judge
from gridgeo.analysis.balance.scores import SCORES
from gridgeo.errors import ContractError, ParameterError
from tests.analysis.balance.cities import lattice, pieces_of

# What the solver knows of its own search, and what was wished of it.
SOLVERS = {"seconds", "bound", "max_deviation_unforced", "along_share", "together_cut_share"}


@st.composite
def drawings(draw):
    """A lattice with loads and any grid for any unit, whole or not."""
    units = lattice(draw(st.integers(1, 5)), draw(st.integers(1, 4)))
    n = len(units)
    units["load"] = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    units["grid"] = draw(st.lists(st.sampled_from("pqrs"), min_size=n, max_size=n))
    return units


@given(st.integers(2, 5), st.integers(2, 5), st.integers(1, 4), st.booleans(), st.data())
def test_a_plan_of_the_solver_is_judged_as_the_solver_scores_it(width, height, k, near, data):
    units = lattice(width, height)
    n = len(units)
    units["load"] = data.draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    units["today"] = ["w" if name[1] in "01" else "e" for name in units.index]
    current = "today" if near else None
    plan = balance(units, "load", min(k, n), current=current)
    judged = judge(units, "load", plan.assignment, targets=plan.targets, current=current)
    assert tuple(judged.scores) == SCORES
    same = [name for name in SCORES if name not in SOLVERS]
    assert [judged.scores[name] for name in same] == pytest.approx(
        [plan.scores[name] for name in same]
    )
    assert judged.moved.equals(plan.moved)
    assert judged.broken.empty
    assert judged.deviations().reindex(plan.targets.index).to_numpy() == pytest.approx(
        plan.deviations().to_numpy()
    )


def test_with_regions_grids_are_held_against_their_regions_mean():
    units = lattice(6, 4, load=[1, 2, 3, 4] * 6)
    units["village"] = ["a" if name[1] in "01" else "b" for name in units.index]
    plan = balance(units, "load", 5, region="village")
    judged = judge(units, "load", plan.assignment, region="village")
    assert judged.targets.sort_index().to_numpy() == pytest.approx(
        plan.targets.sort_index().to_numpy()
    )
    assert judged.scores["region_crossings"] == 0
    whole = judge(units, "load", pd.Series("x", index=units.index), region="village")
    assert whole.scores["region_crossings"] == 1
    assert whole.targets.to_dict() == {"x": 40.0}  # village b: 16 units of 2.5


@given(drawings(), st.randoms(use_true_random=False))
def test_broken_grids_are_counted_and_named_as_they_are(units, dice):
    judged = judge(units, "load", "grid")
    pieces = {
        grid: pieces_of(units, (units["grid"] == grid).to_numpy()) for grid in set(units["grid"])
    }
    assert judged.broken.to_dict() == {grid: n for grid, n in pieces.items() if n > 1}
    assert judged.scores["noncontiguous"] == len(judged.broken)
    assert judged.assignment.tolist() == units["grid"].tolist()
    order = list(units.index)
    dice.shuffle(order)
    other = judge(units.loc[order], "load", units["grid"])
    assert other.scores == pytest.approx(judged.scores, nan_ok=True)
    assert other.broken.equals(judged.broken)


def test_four_squares_by_hand():
    units = lattice(4, 1, load=[10, 30, 20, 20], grid=["w", "e", "w", "e"])
    units["today"] = ["w", "w", None, "e"]
    judged = judge(units, "load", "grid", tolerance=0.2, current="today")
    scores = judged.scores
    assert judged.loads().to_dict() == {"e": 50.0, "w": 30.0}
    assert judged.targets.to_dict() == {"e": 40.0, "w": 40.0}
    assert scores["max_deviation"] == scores["mean_deviation"] == pytest.approx(0.25)
    assert (scores["over_tolerance"], scores["noncontiguous"], scores["cut_edges"]) == (2, 2, 3)
    assert scores["border_km"] == pytest.approx(0.3)
    # Two squares that do not touch: area 2, perimeter 8.
    assert scores["polsby_popper"] == pytest.approx(4 * np.pi * 2 / 64)
    assert scores["moved_load_share"] == pytest.approx(30 / 80)
    assert judged.moved.tolist() == ["a10"]
    assert judged.explain()["load"].tolist() == [30.0]
    shares = judge(units, "load", "grid", targets={"w": 3, "e": 5})
    assert shares.targets.to_dict() == {"e": 50.0, "w": 30.0}
    assert shares.scores["max_deviation"] == pytest.approx(0.0)


def test_a_unit_that_alone_weighs_too_much_is_named():
    units = lattice(3, 1, load=[100, 10, 10], grid=["w", "e", "e"])
    judged = judge(units, "load", "grid")
    assert judged.forced[["kind", "id"]].to_numpy().tolist() == [["unit", "a00"]]
    assert judged.forced["bound"].tolist() == pytest.approx([100 / 60 - 1])
    assert judged.scores["bound"] == pytest.approx(100 / 60 - 1)
    assert judged.scores["max_deviation_unforced"] == pytest.approx(2 / 3)


def test_numbers_text_and_mixtures_name_grids():
    units = lattice(3, 1, load=1)
    mixed = judge(units, "load", pd.Series([2, "new-1", 10], index=units.index))
    assert mixed.targets.index.tolist() == [2, 10, "new-1"]
    numbered = judge(units, "load", pd.Series([1, 0, 0], index=units.index), targets=[2, 1])
    assert numbered.targets.to_dict() == {0: 2.0, 1: 1.0}
    graph = UnitGraph(pd.DataFrame({"load": [1, 1]}, index=["a", "b"]), edges=[[0, 1]])
    assert judge(graph, "load", {"b": 7, "a": 7}).scores["max_deviation"] == 0.0


def test_what_does_not_fit_the_units_is_said_with_how_many_and_three_ids():
    units = lattice(3, 2, load=1)
    plan = pd.Series("w", index=units.index)
    with pytest.raises(ContractError, match=r"4 units are missing \(a00, a01, a10, …\)"):
        judge(units, "load", plan.iloc[4:])
    with pytest.raises(ContractError, match=r"1 units are unknown \(x\)"):
        judge(units, "load", pd.concat([plan, pd.Series({"x": "w"})]))
    with pytest.raises(ContractError, match=r"1 units stand more than once \(a00\)"):
        judge(units, "load", pd.concat([plan, plan.iloc[:1]]))
    with pytest.raises(ContractError, match=r"1 units have no grid \(a11\)"):
        judge(units.assign(grid=plan.where(plan.index != "a11")), "load", "grid")
    levels = units.set_axis(pd.MultiIndex.from_tuples([(one[:2], one[2]) for one in units.index]))
    assert judge(levels, "load", plan.set_axis(levels.index)).scores["noncontiguous"] == 0
    with pytest.raises(ContractError, match=r"6 units are unknown .* 6 units are missing"):
        judge(levels, "load", plan)
    with pytest.raises(ContractError, match="no column 'grid', which plan names"):
        judge(units, "load", "grid")
    numbers = gpd.GeoDataFrame(units.reset_index(drop=True))
    with pytest.raises(ContractError, match=r"integer, while here they are string"):
        judge(numbers, "load", pd.Series("w", index=list("012345")))
    with pytest.raises(ParameterError, match=r"plan\.assignment"):
        judge(units, "load", judge(units, "load", plan))
    with pytest.raises(ParameterError, match=r"lacks 1 \(w\) and names, .* 1 \(e\)"):
        judge(units, "load", plan, targets={"e": 1})
    with pytest.raises(ParameterError, match=r"no number above 0 \(w\)"):
        judge(units, "load", plan, targets={"w": 0})
    with pytest.raises(ParameterError, match="region and targets"):
        judge(units, "load", plan, targets={"w": 1}, region="village")
    with pytest.raises(ParameterError, match="tolerance"):
        judge(units, "load", plan, tolerance=-1)
