"""What borders would rather do: run along lines, leave villages whole."""

import numpy as np
import pandas as pd
import pytest
import shapely

from gridgeo.analysis.balance import UnitGraph, balance
from gridgeo.analysis.balance.wishes import ON_A_LINE, WITHIN, read_wishes
from gridgeo.errors import ContractError, ParameterError
from tests.analysis.balance.cities import assert_whole, lattice

LOOSE = {"k": 2, "tolerance": 0.6}  # four columns: each straight cut is fair enough


def grids_of(plan):
    """The sets of units, whatever the grids are called."""
    return {frozenset(plan.assignment.index[plan.assignment == grid]) for grid in (0, 1)}


@pytest.mark.parametrize("column", [1, 2, 3])
def test_a_border_runs_along_the_street(column):
    units = lattice(4, 2)
    street = shapely.LineString([(100 * column, -50), (100 * column, 250)])
    plan = balance(units, "load", along=street, **LOOSE)
    west = frozenset(name for name in units.index if int(name[1]) < column)
    assert west in grids_of(plan)
    assert plan.scores["along_share"] == pytest.approx(1.0)


@pytest.mark.parametrize("column", [1, 2, 3])
def test_a_village_stays_whole_where_it_can(column):
    units = lattice(4, 2)
    units["village"] = np.where(units.index.str[1].astype(int) < column, "A", "B")
    plan = balance(units, "load", together="village", **LOOSE)
    assert frozenset(units.index[units["village"] == "A"]) in grids_of(plan)
    assert plan.scores["together_cut_share"] == 0
    assert np.isnan(plan.scores["along_share"])


def test_a_village_too_large_for_a_grid_is_parted_all_the_same():
    units = lattice(8, 8, village="A")
    plan = balance(units, "load", k=4, together="village")
    assert_whole(plan, units, 4)
    assert plan.scores["max_deviation"] <= 0.05
    assert 0 < plan.scores["together_cut_share"] < 1


def test_prices_are_as_said():
    units = lattice(3, 1, village=["A", "A", None])
    half = shapely.LineString([(100, 0), (100, 50)])
    wishes = read_wishes(UnitGraph(units), 0.0, half, units["village"])
    assert wishes.along.tolist() == [0.5, 0.0]
    assert wishes.price.tolist() == pytest.approx([WITHIN * (1 - (1 - ON_A_LINE) / 2), 1.0])


def test_a_line_told_twice_counts_once_and_one_beside_counts_nothing():
    graph = UnitGraph(lattice(2, 1))
    on, beside = (shapely.LineString([(x, 0), (x, 100)]) for x in (100, 110))
    assert read_wishes(graph, 0.0, [on, on, beside], None).along.tolist() == [1.0]
    assert read_wishes(graph, 0.0, [beside], None).along.tolist() == [0.0]


def test_units_that_belong_to_no_village_wish_nothing():
    units = lattice(3, 1, village=[None, np.nan, None])
    assert not read_wishes(UnitGraph(units), 0.0, None, units["village"]).within.any()


def test_wishes_that_cannot_be_read_are_refused():
    units = lattice(3, 3)
    with pytest.raises(ContractError, match="together"):
        balance(units, "load", k=2, together="village")
    with pytest.raises(ParameterError, match="along holds 'street'"):
        balance(units, "load", k=2, along="street")
    graph = UnitGraph(units)
    bare = UnitGraph(pd.DataFrame(units.drop(columns="geometry")), edges=graph.pairs)
    with pytest.raises(ParameterError, match="along needs units with geometry"):
        balance(bare, "load", k=2, along=shapely.LineString([(0, 0), (9, 9)]))


@pytest.mark.parametrize("name", ["along", "fixed_borders"])
def test_points_are_no_lines_and_none_is_no_wish(name):
    units = lattice(3, 3)
    with pytest.raises(ParameterError, match=f"{name} holds 2 shapes, but neither lines nor areas"):
        balance(units, "load", k=2, **{name: [shapely.Point(100, 100), shapely.Point(200, 100)]})
    plan = balance(units, "load", k=2)
    assert balance(units, "load", k=2, **{name: []}).assignment.equals(plan.assignment)
