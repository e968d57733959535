from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gridgeo.analysis.silence import fit_shape, power_gate, silent_grids
from gridgeo.errors import ParameterError

GOLDEN = Path(__file__).parents[1] / "golden"
SHAPES = st.floats(0.2, 50)


# --- the posterior, counted another way ---------------------------------------------------------


@given(O=st.integers(0, 60), E=st.floats(0, 200), a=SHAPES, m=st.floats(0.3, 3))
def test_the_posterior_is_that_of_scipy(O, E, a, m):  # noqa: E741
    found = silent_grids(pd.Series([O]), pd.Series([E]), shape=a, mean=m).iloc[0]
    posterior = stats.gamma(a + O, scale=1 / (a / m + E))
    assert found["theta"] == pytest.approx(posterior.mean())
    assert found["p_below"] == pytest.approx(posterior.cdf(0.3), abs=1e-12)


def test_the_posterior_is_that_of_drawing_rates_and_counts():
    rng = np.random.default_rng(1)
    rates = rng.gamma(4.0, 1 / 4.0, 2_000_000)
    kept = rates[rng.poisson(12.0 * rates) == 3]
    found = silent_grids(pd.Series([3]), pd.Series([12.0]), shape=4.0).iloc[0]
    assert found["p_below"] == pytest.approx((kept < 0.3).mean(), abs=0.01)
    assert found["theta"] == pytest.approx(kept.mean(), rel=0.01)


@given(alpha=st.floats(0.001, 0.5), a=SHAPES)
def test_at_the_gate_a_grid_reports_nothing_with_probability_alpha(alpha, a):
    gate = power_gate(alpha, a)
    assert stats.nbinom(a, a / (a + gate)).pmf(0) == pytest.approx(alpha)


def test_the_gate_of_grids_that_do_not_differ_is_that_of_poisson():
    assert power_gate(0.05, 1e7) == pytest.approx(-np.log(0.05), rel=1e-6)


# --- laws -------------------------------------------------------------------------------------


@given(O=st.integers(0, 50), E=st.floats(0, 100), a=SHAPES)
def test_one_more_report_never_makes_a_grid_more_silent(O, E, a):  # noqa: E741
    found = silent_grids(pd.Series([O, O + 1]), pd.Series([E, E]), shape=a)
    assert found["p_below"].is_monotonic_decreasing
    assert found["theta"].is_monotonic_increasing


@given(E=st.floats(0, 100), a=SHAPES)
def test_below_the_gate_nothing_is_called_silent(E, a):
    verdict = silent_grids(pd.Series([0]), pd.Series([E]), shape=a)["verdict"].iloc[0]
    assert (verdict == "not judgeable") == (power_gate(0.05, a) > E)


def test_answers_stand_on_the_index_whatever_the_order_of_expected():
    observed = pd.Series([0, 40], index=["g1", "g2"])
    found = silent_grids(observed, pd.Series([2.0, 50.0], index=["g2", "g1"]))
    assert found.index.tolist() == ["g1", "g2"]
    assert found["verdict"].tolist() == ["silent", "not judgeable"]


# --- the shape --------------------------------------------------------------------------------


def test_the_shape_of_scottish_lip_cancer():
    lips = pd.read_csv(GOLDEN / "scottish_lips" / "lips.csv")
    assert fit_shape(lips["observed"], lips["expected"], 1.4220597) == pytest.approx(
        1.8794899, rel=1e-5
    )


@pytest.mark.parametrize("a", [0.5, 3.0, 12.0])
def test_a_planted_shape_is_found(a):
    rng = np.random.default_rng(5)
    expected = rng.uniform(5, 60, 20_000)
    observed = rng.poisson(expected * rng.gamma(a, 1 / a, len(expected)))
    assert fit_shape(observed, expected) == pytest.approx(a, rel=0.05)


def test_counts_of_pure_chance_have_no_spread():
    rng = np.random.default_rng(6)
    expected = np.full(300, 20.0)
    assert fit_shape(np.round(rng.normal(20, 1, 300)), expected) == pytest.approx(1e4)


def test_the_shape_is_fitted_from_thirty_grids_on():
    rng = np.random.default_rng(7)
    expected = pd.Series(np.full(30, 50.0))
    observed = pd.Series(rng.poisson(50 * rng.gamma(20, 1 / 20, 30)))
    fitted = fit_shape(observed, expected)
    few = slice(0, 29)
    given_4 = silent_grids(observed[few], expected[few], shape=4.0)
    pd.testing.assert_frame_equal(silent_grids(observed[few], expected[few]), given_4)
    fitted_by_all = silent_grids(observed, expected, shape=fitted)
    pd.testing.assert_frame_equal(silent_grids(observed, expected), fitted_by_all)


# --- the target -------------------------------------------------------------------------------


def city(seed, shape, silent_share):
    """2,000 grids of 300–500 households at 0.5 incidents each; 40 report a share of theirs."""
    rng = np.random.default_rng(seed)
    expected = pd.Series(0.5 * rng.integers(300, 501, 2000))
    silent = np.zeros(2000, bool)
    silent[rng.choice(2000, 40, replace=False)] = True
    rates = rng.gamma(shape, 1 / shape, 2000) * np.where(silent, silent_share, 1.0)
    return pd.Series(rng.poisson(expected * rates)), expected, silent


def precision_and_recall(observed, expected, silent):
    found = silent_grids(observed, expected)["verdict"].eq("silent").to_numpy()
    return (found & silent).sum() / found.sum(), (found & silent).sum() / silent.sum()


@pytest.mark.parametrize("seed", range(8))
def test_silent_grids_are_found(seed):
    # Rates of the others differ by 41 % (shape 6); the silent report a tenth, as in the sample.
    precision, recall = precision_and_recall(*city(seed, 6.0, 0.1))
    assert precision >= 0.6
    assert recall >= 0.8


def test_a_test_of_poisson_counts_would_blame_the_wrong_grids():
    # Why the rates are given a spread: Poisson with Benjamini and Hochberg on the same city.
    observed, expected, silent = city(0, 6.0, 0.1)
    found = stats.false_discovery_control(stats.poisson.cdf(observed, expected)) <= 0.05
    assert (found & silent).sum() / found.sum() < 0.1


@pytest.mark.parametrize(("shape", "precision"), [(4.0, 0.4), (5.0, 0.55), (8.0, 0.85)])
def test_how_sure_it_is_depends_on_how_much_grids_differ_by_nature(shape, precision):
    cities = [precision_and_recall(*city(seed, shape, 0.1)) for seed in range(5)]
    assert np.mean([p for p, _ in cities]) >= precision
    assert min(r for _, r in cities) >= 0.9


def test_too_few_expected_incidents_are_not_judged():
    # The same city watched for a week: 3.4 incidents expected a grid.
    rng = np.random.default_rng(3)
    expected = pd.Series(0.5 / 52 * rng.integers(300, 501, 2000))
    observed = pd.Series(rng.poisson(expected * rng.gamma(6, 1 / 6, 2000)))
    verdict = silent_grids(observed, expected)["verdict"]
    assert verdict.eq("not judgeable").mean() > 0.5
    assert verdict.eq("silent").sum() <= 2


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"alpha": 0.0}, "alpha is 0.0; it must lie between 0 and 1"),
        ({"alpha": np.nan}, "alpha is nan"),
        ({"shape": -1.0}, "shape is -1.0; it must be above 0"),
        ({"mean": 0.0}, "mean is 0.0; it must be above 0"),
    ],
)
def test_refuses_numbers_out_of_range(how, says):
    with pytest.raises(ParameterError, match=says):
        silent_grids(pd.Series([1]), pd.Series([1.0]), **how)


def test_refuses_missing_counts_and_no_expectation():
    with pytest.raises(ParameterError, match="1 of 2 figures of observed"):
        silent_grids(pd.Series([1, None]), pd.Series([1.0, 1.0]))
    with pytest.raises(ParameterError, match="no grid has an expected count above 0"):
        fit_shape([1, 2], [0, 0])


def test_no_grids_at_all():
    found = silent_grids(pd.Series(dtype="float64"), pd.Series(dtype="float64"))
    assert found.columns.tolist() == ["theta", "p_below", "verdict"]
    assert len(found) == 0
