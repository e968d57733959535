import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.balance import UnitGraph
from tests.analysis.balance.cities import lattice
from tests.analysis.balance.optimum import least_deviation
from tests.analysis.balance.test_exact import every_plan, path, ranks


@given(st.data())
def test_the_oracle_proves_what_brute_force_finds(data):
    n = data.draw(st.integers(2, 6))
    k = data.draw(st.integers(1, min(n, 4)))
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    edges = [pair for pair in pairs if data.draw(st.integers(0, 1)) == 0]
    load = np.array(data.draw(st.lists(st.integers(1, 9), min_size=n, max_size=n)), float)
    plans = every_plan(n, k, edges)
    found = least_deviation(np.array(edges, int).reshape(-1, 2), load, k)
    if len(plans) == 0:
        assert found == np.inf
        return
    _, largest = ranks(plans, load, np.full(k, load.sum() / k))
    assert found == (pytest.approx(largest.min()) if largest.min() <= 2 else np.inf)


def test_the_oracle_knows_worked_cases():
    # A row of five can only be cut at two places: 6 | 10 10 | 14 is the best of three.
    assert least_deviation(path(0, 4), np.array([6.0, 10, 10, 10, 4]), 3) == pytest.approx(1 / 4)
    # Two halves of a board of ones, and a board that no three equal grids can share.
    assert least_deviation(UnitGraph(lattice(4, 4)).pairs, np.ones(16), 2) == 0
    assert least_deviation(UnitGraph(lattice(4, 4)).pairs, np.ones(16), 3) == pytest.approx(1 / 8)
