from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.balance import place_workers
from gridgeo.errors import ContractError, InfeasibleError, ParameterError


@given(st.lists(st.integers(0, 40), min_size=1, max_size=4), st.integers(0, 5))
def test_no_other_placing_has_a_lower_greatest_load(loads, more):
    load = pd.Series(loads, index=[f"g{i}" for i in range(len(loads))])
    placed = place_workers(load, len(loads) + more)
    assert placed.index.equals(load.index)
    assert placed.dtype == np.int64
    assert placed.min() >= 1
    assert placed.sum() == len(loads) + more
    ways = product(range(1, more + 2), repeat=len(loads))
    best = min(max(np.array(loads) / way) for way in ways if sum(way) == len(loads) + more)
    assert (load / placed).max() == best


def test_of_equals_the_first_gets_the_worker():
    assert place_workers(pd.Series([6.0, 6.0, 6.0]), 5).tolist() == [2, 2, 1]


def test_no_grid_and_no_worker_is_an_empty_answer():
    assert place_workers(pd.Series([], dtype=float), 0).empty


@pytest.mark.parametrize(("k", "workers"), [(3, 2), (0, 1), (1, 0)])
def test_too_few_workers_or_no_grid_is_impossible(k, workers):
    with pytest.raises(InfeasibleError, match=f"{workers} workers"):
        place_workers(pd.Series([1.0] * k, dtype=float), workers)


@pytest.mark.parametrize("workers", [2.0, True, "2", None])
def test_workers_are_counted_in_whole_people(workers):
    with pytest.raises(ParameterError, match="whole number"):
        place_workers(pd.Series([1.0]), workers)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, None])
def test_a_load_that_is_none_names_its_grid(bad):
    with pytest.raises(ContractError, match="g7"):
        place_workers(pd.Series([1.0, bad], index=["g1", "g7"]), 2)


def test_a_grid_named_twice_is_refused():
    with pytest.raises(ContractError, match="more than once"):
        place_workers(pd.Series([1.0, 2.0], index=["a", "a"]), 2)


@pytest.mark.parametrize("load", [[1, 2], {"a": 1.0}, 3])
def test_the_load_of_grids_is_a_series(load):
    with pytest.raises(ParameterError, match=f"load is a {type(load).__name__}"):
        place_workers(load, 3)
