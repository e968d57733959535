import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Polygon, box

from gridgeo.analysis.balance import UnitGraph, balance
from gridgeo.errors import ContractError, CRSError, InfeasibleError, ParameterError
from tests.analysis.balance.cities import assert_whole, lattice

# --- edges of the sensible --------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 6, 2, 5])
def test_one_grid_and_a_grid_for_each_unit_are_plans(k):
    units = lattice(2, 3, load=[1, 2, 3, 4, 5, 6])
    assert_whole(balance(units, "load", k), units, k)


def test_one_unit_is_a_town():
    units = lattice(1, 1, load=7)
    plan = balance(units, "load", 1)
    assert plan.targets.to_dict() == {0: 7.0}
    assert plan.scores["max_deviation"] == 0


def test_where_nobody_lives_units_are_shared_out():
    units = lattice(4, 4, load=0)
    plan = balance(units, "load", 4)
    assert_whole(plan, units, 4)
    assert plan.targets.tolist() == [0.0] * 4
    assert plan.scores["max_deviation"] == plan.scores["gini"] == plan.scores["cv"] == 0
    assert plan.assignment.value_counts().tolist() == [4] * 4
    assert plan.forced.empty


def test_islands_are_grids_of_their_own():
    units = gpd.GeoDataFrame(
        {"load": [5.0, 5.0, 5.0]},
        geometry=[box(9 * x, 0, 9 * x + 1, 1) for x in range(3)],
        crs=4549,
    )
    assert balance(units, "load", 3).scores["max_deviation"] == 0
    with pytest.raises(InfeasibleError, match="at least 3"):
        balance(units, "load", 2)


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_a_load_that_cannot_be_shared_names_its_unit(bad):
    units = lattice(2, 2)
    units.loc["a11", "load"] = bad
    with pytest.raises(ContractError, match="a11"):
        balance(units, "load", 2)


def test_an_id_that_stands_twice_is_refused():
    units = lattice(2, 2)
    units.index = ["a", "b", "b", "c"]
    with pytest.raises(ContractError, match="more than once"):
        balance(units, "load", 2)


@pytest.mark.parametrize("argument", ["load", "current", "region"])
def test_a_column_that_is_not_there_is_named(argument):
    arguments = {"load": "load", "k": 2} | {argument: "nowhere"}
    with pytest.raises(ContractError, match="nowhere") as refusal:
        balance(lattice(2, 2), **arguments)
    assert refusal.value.fields == (argument,)


def test_a_unit_without_a_region_is_named():
    with pytest.raises(ContractError, match="a11"):
        balance(lattice(2, 2, village=["v", "v", "v", None]), "load", 2, region="village")


@pytest.mark.parametrize("crs", [None, 4490, 3857])
def test_units_that_do_not_measure_metres_are_refused(crs):
    units = lattice(2, 2).set_crs(crs, allow_override=True)
    with pytest.raises(CRSError, match="metric"):
        balance(units, "load", 2)


def test_with_edges_degrees_will_do_and_borders_are_measured_in_metres():
    units = lattice(2, 2)
    units.geometry = units.translate(5e5, 3.5e6)
    pairs = UnitGraph(units).pairs
    graph = UnitGraph(units.to_crs(4490), edges=pairs)
    plan = balance(graph, "load", 2)
    assert plan.scores["border_km"] == pytest.approx(0.2, rel=1e-4)


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "3"])
def test_the_number_of_grids_is_a_whole_number_from_one(k):
    with pytest.raises(ParameterError, match="k is"):
        balance(lattice(2, 2), "load", k)


def test_without_a_number_of_grids_nothing_can_be_drawn():
    with pytest.raises(ParameterError, match="Neither k nor targets"):
        balance(lattice(2, 2), "load")


def test_more_grids_than_units_are_impossible():
    with pytest.raises(InfeasibleError, match="5 grids cannot be made of 4 units"):
        balance(lattice(2, 2), "load", 5)


@pytest.mark.parametrize("targets", [[], [1, 0], [1, -1], [1, np.nan], [1, None]])
def test_each_grid_needs_a_share(targets):
    with pytest.raises(ParameterError, match="targets"):
        balance(lattice(2, 2), "load", targets=targets)


def test_k_and_targets_must_agree():
    with pytest.raises(ParameterError, match="k is 3"):
        balance(lattice(2, 2), "load", 3, targets=[1, 1])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tolerance", -0.1),
        ("tolerance", np.nan),
        ("tolerance", np.inf),
        ("compactness", 1.5),
        ("compactness", -1),
        ("seed", -1),
        ("seed", 0.5),
        ("time_limit_s", -1),
        ("tolerance", "a"),
        ("tolerance", None),
        ("compactness", "round"),
        ("time_limit_s", "soon"),
        ("progress", "loud"),
        ("fixed_borders", "x"),
        ("fixed_borders", [None, 3]),
    ],
)
def test_what_is_outside_its_range_or_of_another_kind_is_refused(name, value):
    with pytest.raises(ParameterError, match=name):
        balance(lattice(2, 2), "load", 2, **{name: value})


# --- the graph --------------------------------------------------------------------------------


def test_a_graph_keeps_its_units_and_tells_of_islands_and_mended_shapes():
    shapes = [box(0, 0, 1, 1), box(1, 0, 2, 1), Polygon([(5, 0), (7, 2), (7, 0), (5, 2)])]
    units = gpd.GeoDataFrame({"load": 1.0}, geometry=shapes, index=list("abc"), crs=4549)
    graph = UnitGraph(units)
    assert graph.units is units
    assert graph.pairs.tolist() == [[0, 1]]
    assert graph.shared_m.tolist() == [1.0]
    assert graph.isolated.tolist() == ["c"]
    assert graph.mended.tolist() == ["c"]
    assert repr(graph) == "UnitGraph(3 units, 1 borders, 1 isolated, 1 mended)"


def test_given_edges_replace_what_the_shapes_say():
    units = lattice(3, 1)
    graph = UnitGraph(units, edges=[[2, 0], [0, 2], [1, 0]])
    assert graph.pairs.tolist() == [[0, 1], [0, 2]]
    assert graph.shared_m.tolist() == [100.0, 0.0]


@pytest.mark.parametrize("units", [[1, 2], None, lattice(2, 2).geometry, {"load": [1]}])
def test_what_is_no_table_is_refused_by_its_kind(units):
    for ask in (UnitGraph, lambda table: balance(table, "load", 2)):
        with pytest.raises(ParameterError, match=f"units is a {type(units).__name__}") as refusal:
            ask(units)
        assert refusal.value.fields == ("units",)


def test_the_least_shared_border_is_a_number_of_metres():
    for least in ("wide", -1, np.nan):
        with pytest.raises(ParameterError, match="min_shared_m"):
            UnitGraph(lattice(2, 2), min_shared_m=least)


def test_a_column_name_that_stands_twice_is_refused():
    units = pd.DataFrame([[1, 2], [3, 4]], columns=["load", "load"])
    with pytest.raises(ContractError, match="2 columns 'load'"):
        balance(UnitGraph(units, edges=[(0, 1)]), "load", 1)


def test_locked_is_a_list_of_ids():
    units = lattice(2, 2, today=[7, 7, 8, 8])
    with pytest.raises(ParameterError, match="locked is 7"):
        balance(units, "load", current="today", locked=7)


def test_ids_of_several_types_have_an_order_too():
    pairs = UnitGraph(lattice(6, 6)).pairs
    ids = [i if i % 3 else str(i) for i in range(36)]
    table = pd.DataFrame({"load": np.random.default_rng(3).integers(1, 99, 36)}, index=ids)
    plan = balance(UnitGraph(table, edges=pairs), "load", 5, tolerance=0.0)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(36)
        graph = UnitGraph(table.iloc[order], edges=np.argsort(order)[pairs])
        shuffled = balance(graph, "load", 5, tolerance=0.0)
        assert shuffled.assignment.reindex(table.index).equals(plan.assignment)


@pytest.mark.parametrize(
    "edges", [[[0, 3]], [[-1, 0]], [[1, 1]], [[0, 1, 2]], [[0.5, 1]], ["ab"], [(0, 1), (1,)]]
)
def test_edges_that_are_no_pairs_of_positions_are_refused(edges):
    with pytest.raises(ParameterError, match="edges"):
        UnitGraph(lattice(3, 1), edges=edges)


def test_a_table_without_shapes_needs_edges():
    table = pd.DataFrame({"load": [1.0, 1.0]})
    with pytest.raises(ContractError, match="no geometry"):
        UnitGraph(table)
    plan = balance(UnitGraph(table, edges=[(0, 1)]), "load", 2)
    assert np.isnan(plan.scores["border_km"])
    assert np.isnan(plan.scores["polsby_popper"])


def test_no_units_are_no_town():
    with pytest.raises(ContractError, match="empty"):
        UnitGraph(lattice(1, 1).iloc[:0])


@pytest.mark.parametrize("argument", ["current", "region", "together"])
@pytest.mark.parametrize("column", ["geometry", "lists"])
def test_a_column_of_no_values_is_refused(argument, column):
    units = lattice(2, 2)
    units["lists"] = [[1], [2], None, [1]]
    with pytest.raises(ContractError, match=f"{column} of units holds shapes"):
        balance(units, "load", 2, **{argument: column})
