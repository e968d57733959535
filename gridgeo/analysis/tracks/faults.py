"""Which grids were patrolled on too few days."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.rounds import ZONE
from gridgeo.analysis.tracks.valid import (
    APART_H,
    MIN_FIXES,
    MIN_INSIDE_SHARE,
    MIN_MINUTES,
    patrol_days,
    valid_patrols,
)
from gridgeo.errors import ParameterError
from gridgeo.model.findings import make_findings

DAYS = 7
PER_DAY = 2


def patrol_faults(
    grids: gpd.GeoDataFrame,
    patrols: pd.DataFrame,
    as_of: dt.date,
    days: int = DAYS,
    per_day: int = PER_DAY,
    min_minutes: float = MIN_MINUTES,
    min_fixes: int = MIN_FIXES,
    min_inside_share: float = MIN_INSIDE_SHARE,
    apart_h: float = APART_H,
    zone: str = ZONE,
    households: pd.Series | None = None,
) -> gpd.GeoDataFrame:
    """Find the grids that lack valid patrols on any day of a period (V2).

    Parameters
    ----------
    grids : GeoDataFrame, shape (m, …)
        Indexed by ``grid_code``. Days before ``valid_from``, where it is said, are not asked for.
    patrols : DataFrame
        As ``track_facts`` gives it, or ``PATROLS`` promises: valid ones and others.
    as_of : date
        The day asked about. It is not over, so the period ends with the day before it.
    days : int
        Days of the period, 1 or more.
    per_day : int
        Valid patrols on a local day, at least.
    min_minutes, min_fixes, min_inside_share, apart_h
        As for ``valid_patrols``.
    zone : str
        Time zone whose days are meant.
    households : Series of int, optional
        Occupied households by grid: those concerned. Left out, severity is not known.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS`` of kind "patrol", in the order of ``grids``: ``value`` and ``days`` the days
        with fewer valid patrols than ``per_day``, ``standard`` such as "2/d,7d", the grid as
        evidence. A grid that nobody patrolled lacks all days, whoever is on the roster.

    Raises
    ------
    InputError
        A column is missing, or a patrol has no time.
    ParameterError
        ``days`` is below 1, or a standard is negative or no number.
    """
    for value, name, least in ((days, "days", 1), (per_day, "per_day", 0)):
        if isinstance(value, bool) or int(value) != value or value < least:
            raise ParameterError(
                f"{name} is {value!r}; it must be a whole number of {least} or more.",
                fields=[name],
            )
    judged = valid_patrols(patrols, min_minutes, min_fixes, min_inside_share, apart_h)
    first, last = as_of - dt.timedelta(days=days), as_of - dt.timedelta(days=1)
    count = patrol_days(patrols[judged["valid"].to_numpy()], grids, first, last, zone)
    lacking = count.to_numpy() < per_day
    if "valid_from" in grids:
        since = pd.to_datetime(grids["valid_from"]).to_numpy("datetime64[D]")
        # A comparison with an unknown day is False: such a grid was always there.
        lacking &= ~(since[:, None] > np.array(count.columns, dtype="datetime64[D]")[None, :])
    short = lacking.sum(axis=1)
    at = np.flatnonzero(short)
    codes = grids.index[at].astype("str").tolist()
    return make_findings(
        "patrol",
        codes,
        f"{per_day}/d,{days}d",
        grid_code=codes,
        value=short[at],
        unit="days",
        households=None if households is None else households.reindex(grids.index[at]).fillna(0),
        days=short[at],
        geometry=grids.geometry.iloc[at],
        crs=grids.crs,
        as_of=as_of,
    )
