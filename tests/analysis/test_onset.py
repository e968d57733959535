import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.onset import (
    decision_interval,
    in_control_run_length,
    reference_value,
    silence_onset,
)
from gridgeo.errors import ParameterError


def counts(rows, **columns):
    return pd.DataFrame(rows, index=[f"g{n}" for n in range(len(rows))], **columns)


# --- run lengths in closed form -----------------------------------------------------------------


@given(mean=st.floats(0.05, 3), r=st.integers(1, 5))
def test_small_k_waits_for_a_run_of_empty_periods(mean, r):
    # With r·k <= 1 one report wipes C out, so h = r·k is r empty periods on end. The mean wait
    # for a run of r successes of probability p: (1 − p^r) / ((1 − p) p^r), Feller, "An
    # introduction to probability theory and its applications" I, 3rd ed. (1968), XIII.7.
    k = 1 / 5
    p = np.exp(-mean)
    expected = (1 - p**r) / ((1 - p) * p**r)
    assert in_control_run_length(mean, k, r * k) == pytest.approx(expected, rel=1e-9)


@given(mean=st.floats(0.5, 6))
def test_h_up_to_1_with_whole_k_waits_for_one_low_count(mean):
    # C is whole: 0 before the alarm, and the alarm is any count below k.
    p = np.exp(-mean) * (1 + mean)
    assert in_control_run_length(mean, 2.0, 1.0) == pytest.approx(1 / p)


@pytest.mark.parametrize(("mean", "k", "h"), [(3.0, 1.75, 3.5), (1.0, 0.6, 2.0), (5.0, 3.0, 3.0)])
def test_run_lengths_are_those_of_playing_it(mean, k, h):
    rng = np.random.default_rng(11)
    c, ran, alive = np.zeros(20_000), np.zeros(20_000), np.ones(20_000, bool)
    while alive.any():
        c = np.maximum(0, c + k - rng.poisson(mean, len(c)))
        ran += alive
        alive &= c < h - 1e-9
    assert in_control_run_length(mean, k, h) == pytest.approx(ran.mean(), rel=0.03)


# --- laws -------------------------------------------------------------------------------------


@given(mean=st.floats(0.1, 20), k=st.floats(0.1, 10), h=st.floats(0.1, 8))
def test_a_higher_threshold_and_a_busier_grid_alarm_less_often(mean, k, h):
    usual = in_control_run_length(mean, k, h)
    assert usual >= 1
    assert in_control_run_length(mean, k, h + 0.5) >= usual * (1 - 1e-9)
    assert in_control_run_length(mean * 1.2, k, h) >= usual * (1 - 1e-9)


@given(mean=st.floats(0.3, 12), share=st.sampled_from([0.25, 0.5, 0.75]), n=st.floats(2, 3000))
def test_h_is_the_smallest_that_keeps_false_alarms_apart(mean, share, n):
    k = max(0.25, round(mean * share * 4) / 4) if mean > 0.5 else mean / 2
    h = decision_interval(mean, k, n)
    assert in_control_run_length(mean, k, h) >= n
    # A tenth less: less apart, unless no lower C exists (one alarming count is rare enough).
    if h > 1:
        assert in_control_run_length(mean, k, h * 0.5) < n


@given(mean=st.floats(0.01, 1e3), ratio=st.floats(0.05, 0.95))
def test_the_reference_value_is_where_both_rates_are_as_likely(mean, ratio):
    k = float(reference_value(mean, ratio))
    # log-likelihood of a count k under mean and under ratio·mean
    assert k * np.log(mean) - mean == pytest.approx(k * np.log(ratio * mean) - ratio * mean)
    assert ratio * mean < k < mean


# --- onset ------------------------------------------------------------------------------------


def test_a_planted_fall_is_found_and_dated():
    rng = np.random.default_rng(2)
    expected = counts(np.full((200, 300), 4.0))
    observed = counts(rng.poisson(4.0, (200, 300)))
    observed.iloc[:20, 200:] = rng.poisson(0.4, (20, 100))
    found = silence_onset(observed, expected, run_length=20_000.0)
    fallen = found.iloc[:20]
    assert fallen["alarm"].between(200, 212).all()
    assert (fallen["since"].astype(int) - 200).abs().median() <= 1
    assert found.iloc[20:]["alarm"].notna().mean() < 0.05


def test_false_alarms_come_as_often_as_asked_for():
    # A wait with no memory: after t periods a share exp(−t / run length) has had no alarm. The
    # run length asked for is a lower bound, for h moves in steps.
    rng = np.random.default_rng(4)
    observed = counts(rng.poisson(3.1, (3000, 300)))
    found = silence_onset(observed, observed * 0 + 3.1, run_length=200.0)
    assert 0.6 < found["alarm"].notna().mean() < 1 - np.exp(-300 / 200) + 0.02


def test_by_hand():
    # μ = 5, ratio 0.3: k = 3.5 / −ln 0.3 = 2.907. 20/7 is the first fraction within 2.5 % (3 is
    # 3.2 % away, 17/6 2.53 %); so C: 0, 0, 0, 20/7, 40/7.
    reports = counts([[4, 6, 5, 0, 0]], columns=list("abcde"))
    found = silence_onset(reports, reports * 0 + 5.0).iloc[0]
    assert found["cusum"] == pytest.approx(40 / 7)
    assert (found["since"], found["alarm"]) == ("d", "e")
    assert 20 / 7 < found["threshold"] <= 40 / 7


def test_a_season_of_little_is_no_silence():
    # Nothing reported where nothing was expected; the fall comes later.
    expected = counts([[5.0] * 10 + [0.0] * 10 + [5.0] * 3])
    observed = counts([[5] * 10 + [0] * 10 + [5] * 3])
    assert silence_onset(observed, expected)["alarm"].isna().all()


def test_where_nothing_is_expected_nothing_is_alarming():
    found = silence_onset(counts([[0, 0, 0]]), counts([[0.0, 0.0, 0.0]]))
    assert found["threshold"].tolist() == [np.inf]
    assert found["alarm"].isna().all()


def test_no_periods_and_no_grids():
    assert silence_onset(counts([]), counts([])).shape == (0, 4)
    empty = pd.DataFrame(index=["g1"])
    assert silence_onset(empty, empty)["cusum"].tolist() == [0.0]


# --- what is refused --------------------------------------------------------------------------


def test_refuses_what_cannot_be():
    one = counts([[1, 2]])
    with pytest.raises(ParameterError, match="same rows and columns"):
        silence_onset(one, one.rename(index={"g0": "g9"}))
    with pytest.raises(ParameterError, match="1 of 2 figures of expected"):
        silence_onset(one, one * [1, -1])
    with pytest.raises(ParameterError, match=r"ratio is 1.0; it must lie between 0 and 1"):
        silence_onset(one, one, ratio=1.0)
    with pytest.raises(ParameterError, match=r"run_length is 1.0; it must be above 1"):
        silence_onset(one, one, run_length=1.0)
    with pytest.raises(ParameterError, match=r"k is 5.0 and the mean 4.0"):
        decision_interval(4.0, 5.0, 100.0)
    with pytest.raises(ParameterError, match=r"h is 0.0; it must be above 0"):
        in_control_run_length(4.0, 2.0, 0.0)
