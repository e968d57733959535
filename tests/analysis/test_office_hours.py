import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.office_hours import OfficeHours, due_at, limit_hours
from gridgeo.errors import ParameterError
from gridgeo.model.catalogue import class_limits, incident_classes

ZONE = "Asia/Shanghai"
LIMITS = pd.DataFrame(
    {"value": [1, 2, 9, 1, 5], "unit": ["hour", "workhour", "workhour", "workday", "workday"]},
    index=["h1", "w2", "w9", "d1", "d5"],
)
TIMES = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1))  # noqa: DTZ001


def due(reported, code, hours=None, zone=ZONE):
    when = pd.Series([pd.Timestamp(reported, tz=zone)])
    found = due_at(when, pd.Series([code]), zone, hours, LIMITS)[0]
    return found.tz_convert(zone).strftime("%Y-%m-%d %H:%M")


# --- hand-worked cases: 5 June 2026 is a Friday ------------------------------------------------


@pytest.mark.parametrize(
    ("reported", "code", "until"),
    [
        ("2026-06-05 23:30", "h1", "2026-06-06 00:30"),
        ("2026-06-05 10:00", "w2", "2026-06-05 12:00"),
        ("2026-06-05 15:30", "w2", "2026-06-05 17:30"),  # closing time, not Monday's opening
        ("2026-06-05 15:31", "w2", "2026-06-08 09:01"),
        ("2026-06-05 17:00", "w2", "2026-06-08 10:30"),
        ("2026-06-06 12:00", "w2", "2026-06-08 11:00"),  # Saturday
        ("2026-06-08 03:00", "w2", "2026-06-08 11:00"),
        ("2026-06-08 09:00", "w9", "2026-06-09 09:30"),  # 8.5 hours a day
        ("2026-06-05 10:00", "d1", "2026-06-08 17:30"),
        ("2026-06-06 10:00", "d1", "2026-06-08 17:30"),
        ("2026-06-07 23:59", "d1", "2026-06-08 17:30"),
        ("2026-06-08 00:00", "d1", "2026-06-09 17:30"),
        ("2026-06-05 10:00", "d5", "2026-06-12 17:30"),
    ],
)
def test_until_when(reported, code, until):
    assert due(reported, code) == until


def test_a_holiday_is_no_day_of_work():
    hours = OfficeHours(holidays=(dt.date(2026, 6, 8),))
    assert due("2026-06-05 17:00", "w2", hours) == "2026-06-09 10:30"
    assert due("2026-06-05 17:00", "d1", hours) == "2026-06-09 17:30"


def test_an_hour_of_the_clock_is_one_also_when_the_clock_is_put_forward():
    assert due("2026-03-29 01:30", "h1", zone="Europe/Berlin") == "2026-03-29 03:30"


# --- laws -------------------------------------------------------------------------------------


@given(TIMES, st.sampled_from(LIMITS.index.tolist()))
def test_a_limit_ends_later_than_the_report_and_within_office_hours(reported, code):
    found = pd.Timestamp(due(reported, code))
    assert found > pd.Timestamp(reported.replace(second=0, microsecond=0))
    if code != "h1":
        assert found.weekday() < 5
        assert 9 <= found.hour + found.minute / 60 <= 17.5


@given(st.lists(TIMES, min_size=2, max_size=6), st.sampled_from(LIMITS.index.tolist()))
def test_who_comes_later_is_due_no_earlier(reported, code):
    when = pd.Series([pd.Timestamp(t, tz=ZONE) for t in sorted(reported)])
    found = due_at(when, pd.Series([code] * len(when)), ZONE, limits=LIMITS)
    assert found.is_monotonic_increasing


@given(TIMES, st.integers(1, 30))
def test_hours_of_work_are_counted_one_by_one(reported, n):
    # Another way: look at every minute and count those in which offices are open.
    start = pd.Timestamp(reported).floor("min")
    minutes = pd.date_range(start, periods=60 * 24 * 9, freq="min")
    clock = minutes.hour * 60 + minutes.minute
    opened = (minutes.day_of_week < 5) & (clock >= 9 * 60) & (clock < 17.5 * 60)
    last = np.flatnonzero(np.cumsum(opened) == n * 60)[0]
    limits = pd.DataFrame({"value": [n], "unit": ["workhour"]}, index=["c"])
    found = due_at(pd.Series([start.tz_localize(ZONE)]), pd.Series(["c"]), ZONE, limits=limits)[0]
    assert found == (minutes[last] + pd.Timedelta(minutes=1)).tz_localize(ZONE)


# --- edges ------------------------------------------------------------------------------------


def test_what_is_not_in_the_catalogue_has_no_limit_and_the_index_stays():
    when = pd.Series(
        [pd.Timestamp("2026-06-08T01:00Z"), pd.NaT, pd.Timestamp("2026-06-08T01:00Z")],
        index=["b", "a", "a"],
        dtype="datetime64[us, UTC]",
    )
    found = limit_hours(when, pd.Series(["0401", "0401", "9999"], index=when.index), ZONE)
    assert found.index.tolist() == ["b", "a", "a"]
    assert found.iloc[0] == 1
    assert found.iloc[1:].isna().all()


def test_no_incidents():
    none = pd.Series([], dtype="datetime64[us, UTC]")
    assert len(limit_hours(none, pd.Series([], dtype="str"), ZONE)) == 0


def test_refuses_times_without_a_zone_and_what_does_not_fit():
    naive = pd.Series([pd.Timestamp("2026-06-08")])
    with pytest.raises(ParameterError, match="a time with its zone is needed"):
        due_at(naive, pd.Series(["0101"]), ZONE)
    with pytest.raises(ParameterError, match="class_code has not the index"):
        due_at(naive.dt.tz_localize(ZONE), pd.Series(["0101"], index=[7]), ZONE)
    limits = pd.DataFrame({"value": [1], "unit": ["fortnight"]}, index=["c"])
    with pytest.raises(ParameterError, match="fortnight: no unit of time allowed"):
        due_at(naive.dt.tz_localize(ZONE), pd.Series(["c"]), ZONE, limits=limits)
    with pytest.raises(ParameterError, match="open at 18 and close at 9"):
        OfficeHours(18, 9)


# --- the catalogue ----------------------------------------------------------------------------


def test_every_class_of_the_catalogue_has_a_limit_and_a_department():
    limits, classes = class_limits(), incident_classes()
    assert len(limits) == len(classes) == 78
    assert limits.index.is_unique
    assert (limits["value"] > 0).all()
    assert limits.loc["0101"].tolist() == [15, "workday"]
    assert limits.loc["0406"].tolist() == [4, "workhour"]
    assert classes["recommended_route"].str.len().gt(0).all()
    assert (classes.index.str[:2] == classes["class_code"]).all()
    classes["sla_value"] = "0"
    assert (class_limits()["value"] > 0).all()
