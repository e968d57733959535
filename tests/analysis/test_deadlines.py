import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.deadlines import ageing, on_time
from gridgeo.errors import ParameterError

NOW = pd.Timestamp("2026-07-01T12:00", tz="Asia/Shanghai")

# (hours since reported, hours it took or None, grid)
CASES = st.lists(
    st.tuples(
        st.integers(0, 100), st.none() | st.integers(0, 100), st.sampled_from(["g1", "g2", None])
    ),
    max_size=25,
)


def incidents(cases):
    reported = pd.Series(
        [NOW - pd.Timedelta(hours=age) for age, _, _ in cases], dtype="datetime64[us, UTC]"
    )
    took = pd.to_timedelta(pd.Series([t for _, t, _ in cases], dtype="float64"), unit="h")
    return pd.DataFrame(
        {
            "reported_at": reported,
            "closed_at": reported + took,
            "grid_code": pd.Series([g for _, _, g in cases], dtype="str"),
        }
    ).set_axis(pd.Index([f"i{n}" for n in range(len(cases))], name="incident_id"))


# --- laws -------------------------------------------------------------------------------------


@given(CASES, st.integers(1, 60))
def test_due_are_those_whose_limit_has_run_out(cases, limit):
    found = on_time(incidents(cases), limit, NOW).loc["all"]
    due = [(age, took) for age, took, _ in cases if age >= limit]
    met = [took for _, took in due if took is not None and took <= limit]
    assert (found["due"], found["on_time"], found["late"]) == (
        len(due),
        len(met),
        len(due) - len(met),
    )
    assert found["share"] == pytest.approx(len(met) / len(due) if due else np.nan, nan_ok=True)
    if due:
        assert found["low"] - 1e-12 <= found["share"] <= found["high"] + 1e-12


@given(CASES, st.integers(1, 60))
def test_grids_sum_to_the_whole(cases, limit):
    frame = incidents(cases)
    columns = ["due", "on_time", "late", "deferred"]
    by_grid = on_time(frame, limit, NOW, by="grid_code")[columns].sum()
    assert by_grid.tolist() == on_time(frame, limit, NOW).loc["all", columns].tolist()


@given(CASES, st.integers(1, 60), st.integers(0, 100))
def test_time_alone_never_changes_a_verdict_once_it_is_due(cases, limit, later):
    # Nothing closed after NOW is on record yet; whoever was on time or late stays so.
    frame = incidents([(a, t if t is not None and t <= a else None, g) for a, t, g in cases])
    now = on_time(frame, limit, NOW).loc["all"]
    then = on_time(frame, limit, NOW + pd.Timedelta(hours=later)).loc["all"]
    assert then["on_time"] >= now["on_time"]
    assert then["late"] >= now["late"]


@given(CASES, st.integers(1, 60))
def test_the_ageing_list_holds_whoever_still_waits(cases, limit):
    frame = incidents(cases)
    found = ageing(frame, limit, NOW)
    open_ = [f"i{n}" for n, (age, took, _) in enumerate(cases) if took is None or took > age]
    assert sorted(found.index) == sorted(open_)
    assert found["age_h"].is_monotonic_decreasing
    assert (found["overdue_h"] == found["age_h"] - limit).all()
    late = on_time(frame, limit, NOW).loc["all", "late"]
    assert (found["overdue_h"] >= 0).sum() <= late


# --- hand-worked cases ------------------------------------------------------------------------


def test_the_share_of_the_appraisal_handbook():
    # domain.md, KPI formulas: 737 in time of 972 due are 75.82 %; 28 more were deferred.
    cases = [(90, 10, "g1")] * 737 + [(90, 80, "g1")] * 235 + [(90, None, "g1")] * 28
    frame = incidents(cases)
    deferred = pd.Series([False] * 972 + [True] * 28, index=frame.index)
    found = on_time(frame, 72, NOW, deferred=deferred).loc["all"]
    assert (found["due"], found["deferred"]) == (972, 28)
    assert round(found["share"], 4) == 0.7582


def test_the_last_moment_of_the_limit_is_on_time():
    frame = incidents([(72, 72, "g1"), (72, 73, "g1"), (72, None, "g1"), (71, None, "g1")])
    found = on_time(frame, 72, NOW).loc["all"]
    assert (found["on_time"], found["due"]) == (1, 3)
    second = frame["closed_at"].iloc[[0]] + pd.Timedelta(seconds=1)
    assert on_time(frame.assign(closed_at=second), 72, NOW).loc["all", "on_time"] == 0


def test_each_incident_may_have_its_own_limit_or_none():
    frame = incidents([(50, 30, "g1"), (50, 30, "g1"), (50, None, "g2"), (9, None, "g2")])
    limit = pd.Series([24, 48, np.nan, 8], index=frame.index)
    found = on_time(frame, limit, NOW, by="grid_code")
    assert found["due"].to_dict() == {"g1": 2, "g2": 1}
    assert found["on_time"].to_dict() == {"g1": 1, "g2": 0}
    waiting = ageing(frame, limit, NOW)
    assert waiting.index.tolist() == ["i2", "i3"]
    assert np.isnan(waiting["overdue_h"].iloc[0])
    assert waiting["overdue_h"].iloc[1] == 1


def test_incidents_in_no_grid_are_counted_apart():
    found = on_time(incidents([(50, 1, "g1"), (50, None, None)]), 24, NOW, by="grid_code")
    assert found["due"].tolist() == [1, 1]
    assert found.index.isna().tolist() == [False, True]


def test_the_longest_wait_comes_first_and_of_equal_ones_the_first():
    frame = incidents([(5, None, "a"), (9, None, "b"), (5, None, "c"), (9, 2, "d")])
    assert ageing(frame, 24, NOW)["grid_code"].tolist() == ["b", "a", "c"]


def test_no_incidents():
    frame = incidents([])
    assert on_time(frame, 24, NOW).loc["all", "due"] == 0
    assert on_time(frame, 24, NOW, by="grid_code").shape == (0, 7)
    assert len(ageing(frame, 24, NOW)) == 0


def test_refuses_limits_and_columns_that_do_not_fit():
    frame = incidents([(5, None, "a"), (9, 2, "b")])
    with pytest.raises(ParameterError, match="2 limits are not above 0 hours"):
        on_time(frame, 0, NOW)
    with pytest.raises(ParameterError, match="limit_h has not the index of incidents"):
        on_time(frame, pd.Series([1, 2]), NOW)
    with pytest.raises(ParameterError, match="incidents has no column 'town'"):
        on_time(frame, 24, NOW, by="town")
    with pytest.raises(ParameterError, match=r"as_of is .* without a time zone"):
        ageing(frame, 24, NOW.tz_localize(None))
