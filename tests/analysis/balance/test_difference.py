from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.balance import UnitGraph, difference, judge
from gridgeo.errors import ContractError, ParameterError
from tests.analysis.balance.cities import lattice


@st.composite
def pairs_of_plans(draw, names=("pqrs", "rstu")):
    """Two plans of one town, whole or not, whose grids are partly named alike."""
    units = lattice(draw(st.integers(1, 4)), draw(st.integers(1, 3)))
    n = len(units)
    units["load"] = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    units["households"] = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    graph = UnitGraph(units)
    plans = []
    for ids in names:
        grids = draw(st.lists(st.sampled_from(ids), min_size=n, max_size=n))
        plans.append(judge(graph, "load", pd.Series(grids, index=units.index)))
    return plans


@given(pairs_of_plans())
def test_what_one_grid_loses_another_gains(plans):
    before, after = plans
    found = difference(before, after)
    moved = before.load[before.assignment != after.assignment].sum()
    assert found.borders["load"].sum() == pytest.approx(moved)
    assert found.grids["load_lost"].sum() == pytest.approx(moved)
    assert found.grids["load_gained"].sum() == pytest.approx(moved)
    grids = found.grids
    assert np.allclose(
        grids["load_after"] - grids["load_before"], grids["load_gained"] - grids["load_lost"]
    )
    assert len(found.moved) == found.borders["units"].sum() == grids["units_lost"].sum()
    assert grids["load_after"].to_dict() == pytest.approx(
        after.loads().reindex(grids.index).fillna(0).to_dict()
    )
    assert found.borders["households"].sum() == before.units["households"][found.moved].sum()


@given(pairs_of_plans())
def test_there_is_no_difference_between_a_plan_and_itself(plans):
    found = difference(plans[0], plans[0])
    assert found.empty
    assert found.borders.empty
    assert found.grids.empty
    assert (found.scores["change"].fillna(0) == 0).all()


@given(pairs_of_plans())
def test_back_is_the_reverse_of_forth(plans):
    forth, back = difference(*plans), difference(*plans[::-1])
    turned = {"from_grid": "to_grid", "to_grid": "from_grid",
              "distance_before_m": "distance_after_m", "distance_after_m": "distance_before_m",
              "load_before": "load_after", "load_after": "load_before",
              "target_before": "target_after", "target_after": "target_before",
              "deviation_before": "deviation_after", "deviation_after": "deviation_before",
              "units_gained": "units_lost", "units_lost": "units_gained",
              "load_gained": "load_lost", "load_lost": "load_gained"}  # fmt: skip
    borders = back.borders.rename(columns=turned)[forth.borders.columns]
    by = ["from_grid", "to_grid"]
    pd.testing.assert_frame_equal(
        borders.sort_values(by, ignore_index=True),
        forth.borders.sort_values(by, ignore_index=True),
    )
    grids = back.grids.rename(columns=turned)[forth.grids.columns]
    pd.testing.assert_frame_equal(grids, forth.grids)
    change = pd.concat([back.scores["change"], -forth.scores["change"]], axis=1).fillna(0)
    assert np.allclose(change.iloc[:, 0], change.iloc[:, 1])


@given(pairs_of_plans(), st.permutations("pqrsxyz"), st.randoms(use_true_random=False))
def test_other_names_and_another_order_are_no_difference_when_matched(plans, names, dice):
    before = plans[0]
    renamed = before.assignment.map(dict(zip("pqrs", names, strict=False)))
    order = list(renamed.index)
    dice.shuffle(order)
    after = judge(before.units.loc[order], "load", renamed)
    found = difference(before, after, match=True)
    assert found.empty
    assert found.borders.empty
    assert found.grids.empty
    assert found.after.assignment.equals(before.assignment)
    assert found.after.broken.to_dict() == before.broken.to_dict()
    back = before.units.index
    assert difference(before, judge(before.units.loc[order], "load", before.assignment)).empty
    assert found.after.units.index.equals(back)


@given(pairs_of_plans())
def test_matched_grids_share_as_much_load_as_any_naming_could(plans):
    before, after = plans
    found = difference(before, after, match=True)
    shared = before.load[found.after.assignment == before.assignment].sum()
    ours, theirs = list(after.targets.index), list(before.targets.index)
    theirs += [f"none {number}" for number in range(len(ours))]
    best = max(
        before.load[
            after.assignment.map(dict(zip(ours, names, strict=True))) == before.assignment
        ].sum()
        for names in permutations(theirs, len(ours))
    )
    assert shared == pytest.approx(best)
    assert found.after.targets.index.is_unique
    again = found.after.assignment.groupby(after.assignment).nunique()
    assert (again == 1).all()


def test_three_squares_by_hand():
    units = lattice(3, 1, load=[10, 20, 30])
    units["households"] = [1, 2, 3]
    before = judge(units, "load", {"a00": "w", "a10": "w", "a20": "e"})
    after = judge(units, "load", {"a00": "w", "a10": "e", "a20": "n"})
    found = difference(before, after)
    rows = found.borders.drop(columns=["distance_before_m", "distance_after_m"]).to_numpy()
    assert rows.tolist() == [["e", "n", 1, 30.0, 3], ["w", "e", 1, 20.0, 2]]
    # a20 was alone in e and is alone in n; a10 was in w with its centre at (500 + 3000) ÷ 30.
    assert found.borders["distance_before_m"].tolist() == pytest.approx([0.0, 150 - 3500 / 30])
    assert found.borders["distance_after_m"].tolist() == pytest.approx([0.0, 0.0], abs=1e-6)
    grids = found.grids
    assert grids.index.tolist() == ["e", "n", "w"]
    assert grids["load_before"].tolist() == [30.0, 0.0, 30.0]
    assert grids["load_after"].tolist() == [20.0, 30.0, 10.0]
    assert grids["target_after"].tolist() == [20.0, 20.0, 20.0]
    assert np.isnan(grids.loc["n", ["target_before", "deviation_before"]].astype(float)).all()
    assert found.scores.loc["max_deviation"].tolist() == pytest.approx([0.0, 0.5, 0.5])
    matched = difference(before, after, match=True)
    # Grid n holds what e held; e shares a10 with w, w shares a00: the greater is named w.
    assert matched.after.assignment.tolist() == ["new-1", "w", "e"]
    assert matched.borders[["from_grid", "to_grid", "load"]].to_numpy().tolist() == [
        ["w", "new-1", 10.0]
    ]


def test_plans_of_other_units_or_loads_are_not_compared():
    units = lattice(3, 1, load=[10, 20, 30])
    one = judge(units, "load", pd.Series("w", index=units.index))
    less = judge(units.iloc[:2], "load", pd.Series("w", index=units.index[:2]))
    with pytest.raises(ContractError, match=r"1 units are only in before \(a20\)"):
        difference(one, less)
    with pytest.raises(ContractError, match=r"1 units are only in after \(a20\)"):
        difference(less, one)
    more = judge(units.assign(load=[10, 21, 30]), "load", one.assignment)
    with pytest.raises(ContractError, match=r"weigh 1 units differently \(a10\)"):
        difference(one, more)
    with pytest.raises(ParameterError, match="after is a Series; it must be a Plan"):
        difference(one, one.assignment)
