"""When the time allowed for an incident runs out: hours, hours of work, days of work."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridgeo.errors import ParameterError
from gridgeo.model.catalogue import UNITS, class_limits

Seconds = npt.NDArray[np.int64]

_DAY_S = 86_400
_HOUR = pd.Timedelta(hours=1)


@dataclass(frozen=True)
class OfficeHours:
    """When departments work; Monday to Friday, without a break at noon.

    Parameters
    ----------
    opens_h, closes_h : float
        Hours of the day, 0 to 24.
    holidays : tuple of date
        Days without work among Monday to Friday. Days made up for at a weekend are not known.
    """

    opens_h: float = 9.0
    closes_h: float = 17.5
    holidays: tuple[dt.date, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.opens_h < self.closes_h <= 24:
            raise ParameterError(
                f"offices open at {self.opens_h} and close at {self.closes_h}; they must open "
                "before they close, from 0 to 24 h.",
                fields=["opens_h", "closes_h"],
            )


def due_at(
    reported_at: pd.Series,
    class_code: pd.Series,
    zone: str,
    hours: OfficeHours | None = None,
    limits: pd.DataFrame | None = None,
) -> pd.Series:
    """Say until when each incident is to be settled.

    Parameters
    ----------
    reported_at : Series of time with zone, shape (n,)
    class_code : Series of str, shape (n,)
        Class of the catalogue, on the same index.
    zone : str
        Time zone of the offices, such as "Asia/Shanghai".
    hours : OfficeHours, optional
    limits : DataFrame, optional
        ``value`` and ``unit`` by class, as ``class_limits`` gives and by default it.

    Returns
    -------
    Series of datetime64 in UTC, shape (n,)
        On the index of ``reported_at``; NaT where the class is not in the catalogue or no time
        was reported.

    Raises
    ------
    ParameterError
        The indexes differ, a time has no zone, or a unit is unknown.

    Notes
    -----
    "hour" runs day and night. "workhour" runs while offices are open: two of them, from 17:00
    on a Friday until closing time 17:30, end on Monday at 10:30. "workday": the day of the
    report does not count (Civil Code of the PRC, art. 201), the last one ends when the office
    closes (art. 203).

    Examples
    --------
    >>> friday = pd.Series([pd.Timestamp("2026-06-05T17:00+08:00")])
    >>> due_at(friday, pd.Series(["0104"]), "Asia/Shanghai").dt.tz_convert("Asia/Shanghai")[0]
    Timestamp('2026-06-08 10:30:00+0800', tz='Asia/Shanghai')
    """
    if not class_code.index.equals(reported_at.index):
        raise ParameterError(
            "class_code has not the index of reported_at.",
            hint="Call class_code.reindex(reported_at.index).",
            fields=["class_code"],
        )
    if not isinstance(reported_at.dtype, pd.DatetimeTZDtype):
        raise ParameterError(
            f"reported_at is of dtype {reported_at.dtype}; a time with its zone is needed.",
            fields=["reported_at"],
        )
    hours = hours or OfficeHours()
    limits = class_limits() if limits is None else limits
    strange = set(limits["unit"]) - set(UNITS)
    if strange:
        raise ParameterError(
            f"{', '.join(sorted(strange))}: no unit of time allowed; there are {', '.join(UNITS)}.",
            fields=["unit"],
        )
    row = limits.index.get_indexer(pd.Index(class_code))
    known = (row >= 0) & reported_at.notna().to_numpy()
    when = reported_at.array[known]
    second = when.tz_convert(zone).tz_localize(None).to_numpy().astype("datetime64[s]")
    second = second.astype(np.int64)
    value = limits["value"].to_numpy("float64")[row[known]]
    unit = limits["unit"].to_numpy(dtype=object)[row[known]]
    due = second.copy()
    by_hour, by_day = unit == "workhour", unit == "workday"
    due[by_hour] = _after_work(second[by_hour], value[by_hour] * 3600, hours)
    due[by_day] = _after_days(second[by_day], value[by_day].astype(np.int64), hours)
    local = pd.DatetimeIndex(due.astype("datetime64[s]").astype("datetime64[us]"))
    local = local.tz_localize(zone, ambiguous=np.ones(len(due), bool), nonexistent="shift_forward")
    ends = local.tz_convert("UTC").tz_localize(None).to_numpy().copy()
    clock = unit == "hour"  # also through a change of the clock
    utc = when.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")
    ends[clock] = utc[clock] + (value[clock] * 3.6e9).astype("timedelta64[us]")
    answer = np.full(len(reported_at), np.datetime64("NaT"), "datetime64[us]")
    answer[known] = ends
    return pd.Series(answer, index=reported_at.index, name="due_at").dt.tz_localize("UTC")


def limit_hours(
    reported_at: pd.Series,
    class_code: pd.Series,
    zone: str,
    hours: OfficeHours | None = None,
    limits: pd.DataFrame | None = None,
) -> pd.Series:
    """Say how many hours of the clock each incident may take.

    Parameters
    ----------
    reported_at, class_code, zone, hours, limits
        As for ``due_at``.

    Returns
    -------
    Series of float64, shape (n,)
        Hours from the report until ``due_at``, nights and weekends included; ``nan`` where
        there is no limit.

    Raises
    ------
    ParameterError
        As ``due_at``.
    """
    due = due_at(reported_at, class_code, zone, hours, limits)
    hours_left = (due.array - reported_at.array) / _HOUR
    return pd.Series(hours_left, index=reported_at.index, dtype="float64", name="limit_h")


def _after_work(second: Seconds, work_s: npt.NDArray[np.float64], hours: OfficeHours) -> Seconds:
    """Add seconds of work to seconds of local time since 1970."""
    opens, length = round(hours.opens_h * 3600), round((hours.closes_h - hours.opens_h) * 3600)
    day, clock = np.divmod(second, _DAY_S)
    dates = day.astype("datetime64[D]")
    first = np.datetime64("1970-01-01")
    working = np.is_busday(dates, holidays=list(hours.holidays))
    done = np.busday_count(first, dates, holidays=list(hours.holidays)) * length
    done += np.where(working, np.clip(clock - opens, 0, length), 0)
    target = done + work_s.astype(np.int64)
    whole = -(-target // length) - 1  # a limit ends at closing time, not at the next opening
    last = np.busday_offset(first, whole, roll="forward", holidays=list(hours.holidays))
    return last.astype(np.int64) * _DAY_S + opens + target - whole * length


def _after_days(second: Seconds, days: Seconds, hours: OfficeHours) -> Seconds:
    """Give closing time of the so-many-th day of work after the day of the report."""
    dates = (second // _DAY_S).astype("datetime64[D]")
    last = np.busday_offset(dates, days, roll="backward", holidays=list(hours.holidays))
    return last.astype(np.int64) * _DAY_S + round(hours.closes_h * 3600)
