"""The incidents reported by a day and the grids that answer for them: placed once, asked often."""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridgeo.analysis.assign import assign
from gridgeo.analysis.office_hours import limit_hours
from gridgeo.model.crs import to_crs_of
from gridgeo.publish import exactly_placed
from gridgeo.services.sources import Frame


@runtime_checkable
class Answered(Protocol):
    """A source that keeps which grid was in force where and when each incident was reported."""

    def incident_grids(self, ids: list[str] | None = None) -> pd.DataFrame:
        """Give ``grid_code`` by ``incident_id``, NA in none."""
        ...


@dataclass(frozen=True, eq=False)
class Reports:
    """The incidents reported before a moment.

    Parameters
    ----------
    frame : GeoDataFrame of Point, shape (n, …)
        In the metric CRS of the grids, every column of ``INCIDENTS`` present. One that was
        closed later still waited.
    position : ndarray of int, shape (n,)
        The grid of today that each lies in, by position; −1 in none. One known by its grid alone
        is in the grid on record, where that is in force.
    grid_code : Series of str, shape (n,)
        The grid in force when it was reported, where the source keeps that; elsewhere the grid
        of today.
    exact : ndarray of bool, shape (n,)
        Whether its place is its own.
    moment : Timestamp
        The beginning of the day asked about: what came in on the day itself is not yet told.
    zone : str
    """

    frame: gpd.GeoDataFrame
    position: npt.NDArray[np.int64]
    grid_code: pd.Series
    exact: npt.NDArray[np.bool_]
    moment: pd.Timestamp
    zone: str

    def days(self) -> npt.NDArray[np.datetime64]:
        """Give the day of each report, in the time zone, as datetime64[D]."""
        local = self.frame["reported_at"].dt.tz_convert(self.zone).dt.tz_localize(None)
        return local.to_numpy("datetime64[D]")

    def since(self, days: int) -> npt.NDArray[np.bool_]:
        """Tell which were reported within so many days before the moment."""
        first = np.datetime64(self.moment.date()) - np.timedelta64(days, "D")
        return np.asarray(self.days() >= first)

    def judgeable(self) -> tuple[npt.NDArray[np.bool_], dict[str, int]]:
        """Tell whose wait can be measured, and count the others by reason.

        Returns
        -------
        ndarray of bool, shape (n,)
        dict of str to int
            "closed-before-report", and "closed-unknown-when": at the stage "closed", without a
            time.
        """
        closed = self.frame["closed_at"]
        before = (closed < self.frame["reported_at"]).to_numpy(dtype=bool)
        ended = self.frame["stage"].eq("closed").fillna(False).to_numpy(dtype=bool)
        unknown = ended & closed.isna().to_numpy()
        lost = (("closed-before-report", before), ("closed-unknown-when", unknown))
        counts = {reason: int(which.sum()) for reason, which in lost}
        return ~before & ~unknown, {reason: n for reason, n in counts.items() if n}

    def limits(self) -> pd.Series:
        """Give the hours each may take by its class; nan without a limit."""
        return limit_hours(self.frame["reported_at"], self.frame["class_code"], self.zone)


def reports_of(
    incidents: Frame, grids: gpd.GeoDataFrame, as_of: dt.date, zone: str, source: object = None
) -> Reports:
    """Place the incidents reported before a day begins.

    Parameters
    ----------
    incidents : GeoDataFrame of Point
        As ``INCIDENTS`` promises.
    grids : GeoDataFrame
        Those in force on that day, in metres, in the order of their codes.
    as_of : date
    zone : str
        Time zone in which the day begins.
    source : object, optional
        Where it keeps the grids of incidents (``Answered``), these are those of the reports.

    Returns
    -------
    Reports
    """
    moment = pd.Timestamp(as_of).tz_localize(zone)
    told = incidents[(incidents["reported_at"] < moment).to_numpy(dtype=bool)]
    frame = to_crs_of(told, grids, "incidents", "grids")
    for name, dtype in _OPTIONAL.items():
        if name not in frame or frame[name].isna().all():
            frame = frame.assign(**{name: pd.Series(index=frame.index, dtype=dtype)})
    found = assign(frame.geometry, grids.geometry.reset_index(drop=True))
    position = found["grid_id"].fillna(-1).to_numpy(dtype="int64")
    exact = exactly_placed(frame)
    codes = pd.Index(grids.index.astype("str"))
    recorded = pd.Index(frame["grid_code"].astype("str"))
    of_code = pd.Series(np.arange(len(codes)), index=codes)
    row = of_code[~codes.duplicated()].reindex(recorded).to_numpy("float64")
    by_record = ~exact & ~np.isnan(row)
    position[by_record] = row[by_record].astype("int64")
    code = pd.Series(named(codes, position), index=frame.index, dtype="str", name="grid_code")
    if isinstance(source, Answered):
        answers = source.incident_grids()["grid_code"]
        code = answers.reindex(frame.index).astype("str").where(exact, code).fillna(code)
    return Reports(frame, position, code, exact, moment, zone)


def named(codes: pd.Index, position: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Give the codes at positions, None at −1."""
    names = np.full(len(codes) + 1, None, dtype=object)
    names[:-1] = codes
    return np.asarray(names[position])


_OPTIONAL = {
    "channel": "str",
    "closed_at": "datetime64[us, UTC]",
    "stage": "str",
    "department": "str",
    "grid_code": "str",
}
