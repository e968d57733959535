import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gridgeo.analysis.silence import silent_grids
from gridgeo.analysis.silent_group import LIKELY, SilentGroup, fit_silent_group, silent_chance
from gridgeo.errors import ParameterError
from tests.analysis.test_silence import city

GROUPS = st.builds(
    SilentGroup,
    st.floats(0.3, 60),
    st.floats(0.5, 2),
    st.floats(0.001, 0.26),
    st.floats(0.01, 0.29),
)


# --- the chance of one grid, counted another way ----------------------------------------------


@given(O=st.integers(0, 80), E=st.floats(0.01, 200), group=GROUPS)
def test_the_chance_is_that_of_two_negative_binomials(O, E, group):  # noqa: E741
    a, mu = group.shape, group.mean * E
    full = (1 - group.share) * stats.nbinom(a, a / (a + mu)).pmf(O)
    faint = group.share * stats.nbinom(a, a / (a + group.rate * mu)).pmf(O)
    if full + faint > 1e-280:
        assert group.chance([O], [E])[0] == pytest.approx(faint / (full + faint), abs=1e-9)


@given(O=st.integers(0, 50), E=st.floats(0, 100), group=GROUPS)
def test_one_more_report_never_makes_a_grid_more_likely_silent(O, E, group):  # noqa: E741
    less, more = group.chance([O, O + 1], [E, E])
    assert 0 <= more <= less <= 1


def test_nothing_expected_tells_nothing():
    group = SilentGroup(4.0, 1.0, 0.02, 0.1)
    assert group.chance([0], [0])[0] == pytest.approx(0.02)


# --- the fit ----------------------------------------------------------------------------------


def test_a_planted_group_is_found():
    rng = np.random.default_rng(4)
    expected = rng.uniform(50, 300, 20_000)
    rates = rng.gamma(5.0, 1 / 5.0, 20_000) * np.where(np.arange(20_000) < 1000, 0.1, 1.0)
    group = fit_silent_group(rng.poisson(expected * rates), expected)
    assert group.shape == pytest.approx(5, rel=0.05)
    assert group.mean == pytest.approx(1, rel=0.03)
    assert group.share == pytest.approx(0.05, rel=0.15)
    assert group.rate == pytest.approx(0.1, rel=0.15)


def precision_and_recall(observed, expected, silent):
    found = silent_grids(observed, expected)["verdict"].eq("silent")
    found = (found & (silent_chance(observed, expected) > LIKELY)).to_numpy()
    return (found & silent).sum() / found.sum(), (found & silent).sum() / silent.sum()


@pytest.mark.parametrize("seed", range(4))
def test_silent_grids_are_told_from_others_of_shape_6(seed):
    precision, recall = precision_and_recall(*city(seed, 6.0, 0.1))
    assert precision >= 0.8
    assert recall >= 0.8


def test_silent_grids_are_told_from_others_of_shape_4():
    # Where every thirtieth grid lies below 0.3 by nature: silent_grids alone is right in 47 %.
    cities = [precision_and_recall(*city(seed, 4.0, 0.1)) for seed in range(6)]
    precision, recall = np.mean(cities, axis=0)
    assert precision >= 0.65
    assert recall >= 0.8


@pytest.mark.parametrize("seed", range(3))
def test_where_nobody_is_silent_hardly_anybody_is_blamed(seed):
    observed, expected, _ = city(seed, 4.0, 1.0)
    assert silent_grids(observed, expected)["verdict"].eq("silent").sum() > 30
    assert (silent_chance(observed, expected) > LIKELY).sum() <= 5


# --- edges ------------------------------------------------------------------------------------


def test_order_and_index_do_not_matter():
    observed, expected, _ = city(0, 6.0, 0.1)
    some = observed.iloc[:200]
    shuffled = some.sample(frac=1, random_state=3)
    found = silent_chance(some, expected.iloc[:200])
    again = silent_chance(shuffled, expected.iloc[:200])
    assert again.index.tolist() == shuffled.index.tolist()
    np.testing.assert_allclose(again.reindex(found.index), found, atol=1e-4)


def test_fewer_than_thirty_grids_are_not_told():
    observed, expected, _ = city(0, 6.0, 0.1)
    assert silent_chance(observed.iloc[:29], expected.iloc[:29]).isna().all()
    assert silent_chance(observed.iloc[:30], expected.iloc[:30]).notna().all()
    none = pd.Series(dtype="float64")
    assert len(silent_chance(none, none)) == 0


def test_counts_without_any_spread_name_nobody():
    observed = pd.Series(np.full(100, 20.0))
    assert (silent_chance(observed, observed) < 0.01).all()


def test_refuses_missing_counts():
    counts = pd.Series(np.full(40, 3.0))
    with pytest.raises(ParameterError, match="1 of 40 figures of observed"):
        silent_chance(counts.where(counts.index != 3), counts)
    with pytest.raises(ParameterError, match="no grid has an expected count above 0"):
        fit_silent_group([1, 2], [0, 0])
