import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.balance import UnitGraph, balance
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.leaves import follow_only_neighbour
from gridgeo.analysis.balance.strays import join_strays
from tests.analysis.balance.cities import assert_whole, lattice


def graph_of(units):
    pairs = UnitGraph(units).pairs
    load = units["load"].to_numpy()
    return Graph.from_edges(pairs, np.ones(len(pairs)), load, np.empty((0, 2), np.int64))


@given(st.lists(st.integers(0, 3), min_size=20, max_size=20))
def test_whatever_the_labels_strays_end_in_whole_grids(labels):
    graph = graph_of(lattice(5, 4))
    given_labels = np.array(labels, np.int32)
    if given_labels.min() == 3:
        given_labels[0] = 0
    mended = given_labels.copy()
    net = graph.net
    join_strays(net.start, net.to, net.price, net.load, mended, 3)
    assert mended.max() < 3
    for grid in set(given_labels.tolist()) - {3}:
        assert not graph.broken(mended, 3)[grid]


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_coarsening_keeps_load_borders_and_classes(seed, most):
    graph = graph_of(lattice(6, 5))
    classes = np.repeat([0, 1], 15).astype(np.int32)
    coarse, parent = graph.coarse(classes, np.full(2, float(most)), seed)
    assert coarse.net.load.sum() == 30
    assert coarse.net.load.max() <= most
    assert np.bincount(parent, weights=graph.net.load).tolist() == coarse.net.load.tolist()
    own = np.zeros(coarse.n, np.int32)
    own[parent] = classes
    assert (own[parent] == classes).all()
    assert coarse.cut(own) == graph.cut(classes)


def test_a_small_unit_follows_its_only_neighbour_and_a_large_one_does_not():
    # A cross: four arms of two around a middle.
    units = lattice(5, 5, load=[0.1] * 24 + [0.1]).loc[
        ["a20", "a21", "a22", "a23", "a24", "a02", "a12", "a32", "a42"]
    ]
    units.loc["a42", "load"] = 9.0
    graph = graph_of(units)
    one, none = np.array([1]), np.zeros(9, np.int64)
    parent, count = follow_only_neighbour(graph, 0.25, none, none, one)
    assert count == 9
    parent, count = follow_only_neighbour(graph, 0.25, none, none, np.array([0]))
    assert count == 3
    assert len(set(parent[:7])) == 1
    assert parent[7] != parent[8]


def test_an_empty_courtyard_never_holds_a_block_fast():
    # Each front block has an empty one behind it that nobody else touches.
    units = lattice(12, 2)
    back = [name for name in units.index if name.endswith("1") and name != "a01"]
    units.loc[back, "load"] = 0.0
    pairs = UnitGraph(units).pairs
    rows = np.array([name[-1] for name in units.index])
    graph = UnitGraph(units, edges=pairs[~((rows[pairs] == "1").all(axis=1))])
    plan = balance(graph, "load", 2, tolerance=0.1)
    assert_whole(plan, units, 2, graph.pairs)
    assert plan.scores["max_deviation"] == pytest.approx(1 / 13)
