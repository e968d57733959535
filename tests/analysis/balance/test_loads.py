"""Loads of several columns."""

import numpy as np
import pytest

from gridgeo.analysis.balance import balance
from gridgeo.errors import ContractError, ParameterError
from tests.analysis.balance.cities import lattice


def estate():
    """A row of eight blocks; the two in the east still grow to three times as much."""
    planned = [0, 0, 0, 0, 0, 0, 20, 20]
    return lattice(8, 1, load=10, planned=np.array(planned, float))


def test_estates_that_grow_draw_the_border_towards_them():
    units = estate()
    today = balance(units, "load", k=2)
    assert today.loads().tolist() == [40, 40]
    grown = balance(units, {"load": 1, "planned": 1}, k=2)
    assert sorted(grown.loads()) == [60, 60]
    assert grown.load.name == "load"
    assert sorted(units["load"].groupby(grown.assignment).sum()) == [20, 60]


def test_weights_are_relative_and_their_order_is_none():
    units = estate().assign(third=np.linspace(0.1, 0.7, 8))
    one = balance(units, {"load": 1, "planned": 0.5, "third": 0.3}, k=3)
    other = balance(units, {"third": 0.6, "planned": 1, "load": 2}, k=3)
    assert one.assignment.equals(other.assignment)
    assert np.allclose(2 * one.load, other.load)


def test_a_single_column_of_weight_one_is_that_column():
    units = estate()
    named = balance(units, "load", k=3)
    assert balance(units, {"load": 1}, k=3).assignment.equals(named.assignment)


@pytest.mark.parametrize(
    ("load", "said"),
    [
        ({}, "no column with a weight"),
        ({"load": 0}, "no column with a weight"),
        ({"load": -1}, "weighs load by no number"),
        ({"load": "much"}, "weighs load by no number"),
        ({"load": np.nan}, "weighs load by no number"),
        ({"load": 1e308, "planned": 1e308}, "more than a number can hold"),
    ],
)
def test_weights_that_are_none_are_refused(load, said):
    with pytest.raises(ParameterError, match=said):
        balance(estate(), load, k=2)


def test_a_column_that_is_missing_is_named():
    with pytest.raises(ContractError, match="no column 'incidents'"):
        balance(estate(), {"load": 1, "incidents": 0.2}, k=2)
