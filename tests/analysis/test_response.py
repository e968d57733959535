from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gridgeo.analysis.response import hours_until, response_curve
from gridgeo.errors import ParameterError

REMISSION = Path(__file__).parents[1] / "golden" / "remission"
START = pd.Timestamp("2026-06-01T00:00", tz="UTC")
NOW = START + pd.Timedelta(hours=1000)

WAITS = st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=30)


def waited(*hours, closed=None, index=None):
    """Incidents that had waited so long at NOW or when closed; None is open since START."""
    wait = pd.to_timedelta(
        pd.Series([1000 if h is None else h for h in hours], dtype="float64"), "h"
    )
    done = pd.Series([h is not None for h in hours] if closed is None else list(closed), dtype=bool)
    reported = pd.Series(NOW - wait).astype("datetime64[us, UTC]")
    frame = pd.DataFrame(
        {
            "reported_at": reported,
            "closed_at": pd.Series(NOW)
            .repeat(len(done))
            .reset_index(drop=True)
            .astype("datetime64[us, UTC]")
            .where(done),
        }
    )
    return frame if index is None else frame.set_axis(index)


# --- published figures ------------------------------------------------------------------------


def test_weeks_in_remission():
    weeks = pd.read_csv(REMISSION / "weeks.csv")
    published = pd.read_csv(REMISSION / "curve.csv")
    curve = response_curve(waited(*weeks["weeks"], closed=weeks["relapsed"] == 1), NOW)
    assert curve.index.tolist() == published["weeks"].tolist()
    assert curve["waiting"].tolist() == published["at_risk"].tolist()
    assert curve["closed"].tolist() == published["relapsed"].tolist()
    assert curve["open_share"].to_numpy() == pytest.approx(published["in_remission"], abs=5e-4)
    stay = np.cumprod([18 / 21, 16 / 17, 14 / 15, 11 / 12, 10 / 11, 6 / 7, 5 / 6])
    assert curve["open_share"].to_numpy() == pytest.approx(stay)
    # Greenwood by hand after six weeks: 6/7 · √(3 / (21 · 18)).
    assert curve["se"].iloc[0] == pytest.approx(6 / 7 * np.sqrt(3 / (21 * 18)))
    assert hours_until(curve) == 23


# --- laws -------------------------------------------------------------------------------------


@given(WAITS)
def test_the_curve_is_the_product_of_what_stays(cases):
    curve = response_curve(waited(*(h for h, _ in cases), closed=[c for _, c in cases]), NOW)
    share = 1.0
    times = sorted({h for h, c in cases if c})
    assert curve.index.tolist() == times
    for hours, row in zip(times, curve.itertuples(), strict=True):
        waiting = sum(h >= hours for h, _ in cases)
        closed = sum(h == hours and c for h, c in cases)
        share *= 1 - closed / waiting
        assert (row.waiting, row.closed) == (waiting, closed)
        assert row.open_share == pytest.approx(share, abs=1e-12)
        assert np.isnan(row.low) or row.low <= row.open_share <= row.high


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_where_all_are_closed_the_curve_is_the_share_that_waited_longer(hours):
    curve = response_curve(waited(*hours), NOW)
    expected = [sum(h > at for h in hours) / len(hours) for at in curve.index]
    assert curve["open_share"].to_numpy() == pytest.approx(expected, abs=1e-12)


@given(WAITS, st.integers(0, 50))
def test_one_more_that_still_waits_never_makes_the_answer_look_quicker(cases, hours):
    closed = [c for _, c in cases]
    before = response_curve(waited(*(h for h, _ in cases), closed=closed), NOW)
    more = waited(*(h for h, _ in cases), hours, closed=[*closed, False])
    after = response_curve(more, NOW)
    assert hours_until(after) >= hours_until(before)
    assert (after["open_share"] >= before["open_share"] - 1e-12).all()


def test_the_median_of_the_closed_alone_would_flatter():
    rng = np.random.default_rng(1)
    true = rng.exponential(40.0, 20_000)
    age = rng.uniform(0, 60, 20_000)  # how long ago reported: the watch ends before many answers
    closed = true <= age
    curve = response_curve(waited(*np.where(closed, true, age), closed=closed), NOW)
    assert hours_until(curve) == pytest.approx(40 * np.log(2), rel=0.05)
    assert np.median(true[closed]) < 20


def test_the_interval_holds_the_truth_as_often_as_said():
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(300):
        true, age = rng.exponential(20.0, 60), rng.uniform(0, 60, 60)
        closed = true <= age
        curve = response_curve(waited(*np.where(closed, true, age), closed=closed), NOW)
        row = curve[curve.index <= 15].iloc[-1]
        held += row["low"] <= np.exp(-15 / 20) <= row["high"]
    assert stats.binomtest(held, 300, 0.95).pvalue > 0.001


# --- edges ------------------------------------------------------------------------------------


def test_what_was_closed_later_still_waited_then():
    incidents = pd.DataFrame(
        {
            "reported_at": [START, START, NOW],
            "closed_at": [START + pd.Timedelta(hours=5), START + pd.Timedelta(hours=50), pd.NaT],
        }
    )
    curve = response_curve(incidents, START + pd.Timedelta(hours=10))
    assert curve["waiting"].tolist() == [2]
    assert curve["open_share"].tolist() == [0.5]


def test_the_time_zone_of_the_question_changes_nothing():
    incidents = waited(3, 5, None)
    there = response_curve(incidents, NOW.tz_convert("Asia/Shanghai"))
    pd.testing.assert_frame_equal(there, response_curve(incidents, NOW))


def test_where_nothing_is_closed_there_is_no_curve_and_no_median():
    for incidents in (waited(None, None), waited()):
        curve = response_curve(incidents, NOW)
        assert curve.columns.tolist() == ["waiting", "closed", "open_share", "se", "low", "high"]
        assert len(curve) == 0
        assert hours_until(curve) == np.inf


def test_half_is_reached_at_the_moment_itself():
    assert hours_until(response_curve(waited(1, 2, 3, 4), NOW)) == 2
    assert hours_until(response_curve(waited(1, 2, 3, 4), NOW), 1.0) == 4
    assert hours_until(response_curve(waited(1, 2, 3, None), NOW), 1.0) == np.inf


def test_refuses_what_cannot_be_timed():
    incidents = waited(3, 5, None, index=["a", "b", "c"])
    with pytest.raises(ParameterError, match=r"as_of is .* without a time zone"):
        response_curve(incidents, NOW.tz_localize(None))
    with pytest.raises(ParameterError, match="incidents has no column closed_at"):
        response_curve(incidents[["reported_at"]], NOW)
    back = incidents.assign(closed_at=incidents["reported_at"] - pd.Timedelta(hours=1))
    with pytest.raises(ParameterError, match=r"3 of 3 incidents were closed before .* a, b, c"):
        response_curve(back, NOW)
    with pytest.raises(ParameterError, match="1 of 3 incidents have no reported_at, such as b"):
        response_curve(
            incidents.assign(reported_at=incidents["reported_at"].where([True, False, True])), NOW
        )
    with pytest.raises(ParameterError, match="level is 1; it must lie between 0 and 1"):
        response_curve(incidents, NOW, level=1)
    with pytest.raises(ParameterError, match="share is 0; it must be above 0"):
        hours_until(response_curve(incidents, NOW), 0)
