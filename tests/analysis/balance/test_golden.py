from functools import cache

import geopandas as gpd
import numpy as np
import pytest

from gridgeo.analysis.balance import UnitGraph, balance
from gridgeo.analysis.balance.exact import best_plan
from gridgeo.analysis.balance.graph import Graph
from tests.analysis.balance.cities import assert_whole, lattice
from tests.analysis.balance.optimum import connected_sets


def equal_partitions(side, keep):
    """Count the ways to split a square lattice into ``side`` connected parts of ``side`` cells.

    Parts are grown cell by cell, and the one with the first free cell is chosen first. With
    ``keep`` the ways come back, each a frozenset of parts in bits; otherwise None.
    """
    at = np.arange(side * side).reshape(side, side)
    across = [(at[:-1], at[1:]), (at[:, :-1], at[:, 1:])]
    pairs = np.vstack([np.column_stack([a.ravel(), b.ravel()]) for a, b in across])
    parts = {}
    for part, cells in connected_sets(pairs, np.ones(side * side), side):
        if cells == side:
            parts.setdefault(part & -part, []).append(part)
    whole = (1 << side * side) - 1

    @cache
    def count(taken):
        free = ~taken & whole
        return 1 if not free else sum(count(taken | p) for p in fitting(taken, free))

    def fitting(taken, free):
        return [part for part in parts.get(free & -free, ()) if not part & taken]

    def ways(taken):
        free = ~taken & whole
        if not free:
            return [frozenset()]
        return [way | {p} for p in fitting(taken, free) for way in ways(taken | p)]

    return count(0), ways(0) if keep else None


def drawn_parts(plan, side):
    """The grids of a plan on ``lattice(side, side)`` as bits by column and row."""
    places = np.array([side * int(name[1]) + int(name[2]) for name in plan.assignment.index])
    grids = plan.assignment.to_numpy()
    return frozenset(sum(1 << int(u) for u in places[grids == grid]) for grid in plan.targets.index)


def test_connected_sets_of_a_lattice_are_as_many_as_is_known():
    # OEIS A059525, nonempty connected subsets of the cells of an n × n lattice.
    for side, known in [(1, 1), (2, 13), (3, 218), (4, 11506)]:
        pairs = UnitGraph(lattice(side, side)).pairs
        sets = connected_sets(pairs, np.ones(side * side), side * side)
        assert len(sets) == len({units for units, _ in sets}) == known


@pytest.mark.parametrize(
    ("side", "ways"), [(1, 1), (2, 2), (3, 10), (4, 117), (5, 4006), (6, 451206)]
)
def test_a_lattice_splits_into_equal_connected_grids_in_as_many_ways_as_is_known(side, ways):
    # OEIS A172477. Counted here; balance must find one of them whatever the seed.
    counted, partitions = equal_partitions(side, keep=side <= 5)
    assert counted == ways
    units = lattice(side, side)
    graph = UnitGraph(units)
    for seed in range(20):
        plan = balance(graph, "load", side, seed=seed)
        assert plan.scores["max_deviation"] == 0
        assert_whole(plan, units, side, graph.pairs)
        assert partitions is None or drawn_parts(plan, side) in partitions


@pytest.mark.parametrize("side", [1, 2, 3])
def test_looking_at_every_plan_finds_equal_grids(side):
    pairs = UnitGraph(lattice(side, side)).pairs
    n, load = side * side, np.ones(side * side)
    graph = Graph.from_edges(pairs, np.ones(len(pairs)), load, pairs[:0])
    nowhere, one_zone = np.full(n, -1), np.zeros(n, int)
    labels = best_plan(graph, np.full(side, float(side)), 0.0, nowhere, one_zone, one_zone[:side])
    assert np.bincount(labels).tolist() == [side] * side
    assert not graph.broken(labels, side).any()


def test_real_blocks_into_150_grids_keep_five_percent_except_where_one_block_is_too_large(samples):
    blocks = gpd.read_parquet(samples / "providence" / "blocks.parquet")
    load = "pop" if "pop" in blocks else "households"
    target = blocks[load].sum() / 150
    too_large = blocks.index[blocks[load] > 1.05 * target]
    for seed in (11, 12):
        plan = balance(blocks, load, k=150, seed=seed)
        assert_whole(plan, blocks, 150)
        assert plan.scores["max_deviation_unforced"] <= 0.05
        assert plan.forced["kind"].tolist() == ["unit", "unit"]
        assert set(plan.forced["id"]) == set(too_large)
        over = plan.deviations().abs() > 0.05
        assert set(plan.targets.index[over]) == set(plan.assignment[too_large])
        assert plan.scores["over_tolerance"] == over.sum() == 2


def test_compactness_is_what_polsby_and_popper_say():
    # Polsby and Popper 1991: 4πA/P²; a 2:1 rectangle scores 2π/9.
    plan = balance(lattice(2, 1), "load", k=1)
    assert plan.scores["polsby_popper"] == pytest.approx(2 * np.pi / 9)
    assert plan.scores["border_km"] == 0
    assert balance(lattice(2, 1), "load", k=2).scores["border_km"] == pytest.approx(0.1)


def test_inequality_is_what_its_closed_forms_say():
    # One of two grids has 3/4: Gini 1/4, coefficient of variation 1/2.
    plan = balance(lattice(2, 1, load=[3, 1]), "load", k=2)
    assert plan.scores["gini"] == pytest.approx(0.25)
    assert plan.scores["cv"] == pytest.approx(0.5)
    assert plan.scores["mean_deviation"] == pytest.approx(0.5)
    assert plan.scores["over_tolerance"] == 2
    assert plan.scores["cut_edges"] == 1
