import geopandas as gpd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, box

from gridgeo.analysis.balance import UnitGraph, balance
from gridgeo.analysis.balance.apart import parted
from gridgeo.errors import InfeasibleError, ParameterError
from tests.analysis.balance.cities import assert_whole, lattice


def cut(units, lines):
    graph = UnitGraph(units)
    off = parted(graph, lines)
    names = units.index.to_numpy()[graph.pairs]
    return {tuple(sorted(pair)) for pair in names[off].tolist()}


def test_a_river_through_the_town_is_never_crossed():
    units = lattice(6, 4, load=[1] * 8 + [3] * 16)
    river = LineString([(200, -50), (200, 450)])
    plan = balance(units, "load", 7, fixed_borders=river)
    assert_whole(plan, units, 7)
    west = {plan.assignment[f"a{x}{y}"] for x in (0, 1) for y in range(4)}
    east = {plan.assignment[f"a{x}{y}"] for x in range(2, 6) for y in range(4)}
    assert not west & east


def test_no_grid_reaches_round_the_end_of_a_line():
    units = lattice(6, 6)
    wall = gpd.GeoSeries([LineString([(300, 0), (300, 400)])], crs=4549).to_crs(4490)
    for k in (2, 3, 5):
        for seed in range(3):
            plan = balance(units, "load", k, fixed_borders=wall, seed=seed)
            assert_whole(plan, units, k)
            for y in range(4):
                assert plan.assignment[f"a2{y}"] != plan.assignment[f"a3{y}"]


def test_todays_grids_that_reach_round_a_new_line_are_parted():
    units = lattice(6, 6, today=["w"] * 30 + ["e"] * 6)
    wall = [LineString([(300, 0), (300, 400)])]
    plan = balance(units, "load", current="today", fixed_borders=wall)
    assert_whole(plan, units, 2)
    assert all(plan.assignment[f"a2{y}"] != plan.assignment[f"a3{y}"] for y in range(4))


@given(
    st.lists(st.tuples(*[st.floats(-50, 550, allow_nan=False)] * 4), min_size=1, max_size=2),
    st.integers(2, 9),
)
def test_neighbours_on_two_sides_of_any_line_never_share_a_grid(ends, k):
    units = lattice(5, 5)
    lines = [LineString([(a, b), (c, d)]) for a, b, c, d in ends if (a, b) != (c, d)]
    try:
        plan = balance(units, "load", k, fixed_borders=lines)
    except InfeasibleError:
        assert k < 6
        return
    assert_whole(plan, units, k)
    for one, other in cut(units, lines):
        assert plan.assignment[one] != plan.assignment[other]


# --- who is parted ----------------------------------------------------------------------------


def test_a_line_along_the_border_parts_those_who_share_it():
    units = lattice(2, 2)
    assert cut(units, LineString([(100, 0), (100, 100)])) == {("a00", "a10")}


def test_a_line_beside_the_border_or_through_a_unit_parts_by_the_inner_points():
    units = lattice(2, 1)
    assert cut(units, LineString([(103, -9), (97, 109)])) == {("a00", "a10")}
    assert cut(units, LineString([(20, -9), (20, 109)])) == set()
    assert cut(units, LineString([(80, -9), (80, 109)])) == {("a00", "a10")}
    assert cut(units, LineString([(-9, 20), (209, 20)])) == set()


def test_a_line_that_ends_before_the_border_or_only_touches_it_parts_nobody():
    units = lattice(2, 1)
    assert cut(units, LineString([(10, 10), (90, 10)])) == set()
    assert cut(units, LineString([(100, -50), (100, 0)])) == set()
    assert cut(units, []) == set()


def test_the_outline_of_an_area_is_a_border():
    units = lattice(3, 3)
    walls = cut(units, box(100, 100, 200, 200))
    assert walls == {("a01", "a11"), ("a10", "a11"), ("a11", "a12"), ("a11", "a21")}
    assert cut(units, MultiLineString([[(100, 0), (100, 300)]])) == {
        (f"a0{y}", f"a1{y}") for y in range(3)
    }


def test_a_line_needs_shapes_to_part():
    units = lattice(2, 1).drop(columns="geometry")
    graph = UnitGraph(units, edges=[(0, 1)])
    with pytest.raises(ParameterError, match="fixed_borders"):
        balance(graph, "load", 1, fixed_borders=LineString([(0, 0), (1, 1)]))


def test_fewer_grids_than_sides_are_impossible():
    with pytest.raises(InfeasibleError, match="k = 1"):
        balance(lattice(2, 2), "load", 1, fixed_borders=LineString([(100, 0), (100, 200)]))
