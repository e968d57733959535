"""How the incidents of each grid and each department were handled: due, in time, closed."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from gridgeo.analysis.assign import assign
from gridgeo.analysis.deadlines import on_time
from gridgeo.analysis.office_hours import due_at
from gridgeo.model.crs import to_crs_of, to_metric
from gridgeo.model.frames import GRIDS, INCIDENTS
from gridgeo.services.kept import Kept
from gridgeo.services.sources import need

TALLY = ["numerator", "denominator", "excluded"]

_HOUR = pd.Timedelta(hours=1)
_APART = "\x1f"


@dataclass(frozen=True, eq=False)
class Handled:
    """The incidents of a period, each with its grid and its time limit.

    Parameters
    ----------
    rows : DataFrame, shape (n, …)
        As ``INCIDENTS`` promises, reported in the period. ``unit``, the grid it lies in, or else
        the one on record, None without either; ``limit_h``, hours allowed, ``nan`` where its
        class has no limit or it was closed before it was reported.
    end : datetime with time zone
        The end of the period, at which all is judged.
    nowhere : int
        How many have no grid: they count for their departments alone.
    """

    rows: pd.DataFrame
    end: pd.Timestamp
    nowhere: int


def handled(source: Kept, as_of: dt.date, days: int, zone: str) -> Handled | None:
    """Take the incidents reported in so many days before a day.

    Parameters
    ----------
    source : Kept
        Grids are needed: those in force on ``as_of``.
    as_of : date
        The first moment of this day, in ``zone``, ends the period.
    days : int
        Length of the period.
    zone : str
        Time zone of the offices.

    Returns
    -------
    Handled or None
        None where no incident was reported in the period.
    """
    end = pd.Timestamp(dt.datetime.combine(as_of, dt.time(), ZoneInfo(zone)))
    incidents = source.frame(INCIDENTS)
    if not len(incidents):
        return None
    reported = incidents["reported_at"]
    rows = incidents[(reported >= end - pd.Timedelta(days=days)) & (reported < end)].copy()
    if not len(rows):
        return None
    grids = to_metric(need(source, GRIDS, as_of=as_of), "grids")
    places = to_crs_of(rows, grids, "incidents", "grids")
    found = assign(places, grids.geometry.reset_index(drop=True))
    place = found["grid_id"].fillna(-1).to_numpy(dtype="int64")
    if "grid_code" in rows:
        codes = pd.Index(grids.index.astype("str"))
        recorded = codes.get_indexer(pd.Index(rows["grid_code"].astype("str")))
        place = np.where(place < 0, recorded, place)
    names = np.append(grids.index.astype("str").to_numpy(dtype=object), [None])
    rows["unit"] = names[place]
    closed = rows["closed_at"] if "closed_at" in rows else pd.Series(pd.NaT, rows.index)
    rows["closed_at"] = pd.to_datetime(closed, utc=True)
    limit_h = (due_at(rows["reported_at"], rows["class_code"], zone) - rows["reported_at"]) / _HOUR
    backward = rows["closed_at"] < rows["reported_at"]
    rows["limit_h"] = limit_h.where((limit_h > 0) & ~backward)
    return Handled(pd.DataFrame(rows), end, int((place < 0).sum()))


def tallies(found: Handled, by: str) -> dict[str, pd.DataFrame]:
    """Count what was due, and what of it was closed in time and closed at all.

    Parameters
    ----------
    found : Handled
    by : str
        Column to count by, "unit" or "department"; a row without it is not counted.

    Returns
    -------
    dict of str to DataFrame
        "on-time" and "closed": ``numerator``, ``denominator`` and ``excluded`` by unit, in
        order. "cells": ``due`` and ``late`` by unit and class, where any was due.
    """
    rows = found.rows
    rows = rows[rows[by].notna() if by in rows else np.zeros(len(rows), dtype=bool)]
    units = rows[by].astype("str") if by in rows else pd.Series(dtype="str")
    limited = rows["limit_h"].notna()
    cell = units + _APART + rows["class_code"].astype("str")
    counted = on_time(
        rows.assign(cell=cell)[limited], rows["limit_h"][limited], found.end.to_pydatetime(), "cell"
    )
    pairs = [tuple(name.rsplit(_APART, 1)) for name in counted.index.astype("str")]
    cells = counted[["due", "on_time", "late"]].set_axis(
        pd.MultiIndex.from_tuples(pairs, names=["unit", "class"])
        if pairs
        else pd.MultiIndex.from_arrays([[], []], names=["unit", "class"])
    )
    due = rows["reported_at"] + rows["limit_h"] * _HOUR <= found.end
    settled = due & (rows["closed_at"] <= found.end)
    by_unit = pd.DataFrame({"settled": settled, "rows": True}).groupby(units).sum()
    in_time = cells.groupby(level="unit")[["due", "on_time"]].sum().reindex(by_unit.index)
    in_time = in_time.fillna(0)
    left_out = by_unit["rows"] - in_time["due"]
    told = {"on-time": in_time["on_time"], "closed": by_unit["settled"]}
    return {
        name: pd.concat([part, in_time["due"], left_out], axis=1).set_axis(TALLY, axis=1)
        for name, part in told.items()
    } | {"cells": cells[cells["due"] > 0][["due", "late"]]}
