"""Who is in post where on a given day, and which grids lack a leader or workers."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.errors import ParameterError
from gridgeo.model.findings import make_findings


def appointments_in_force(appointments: pd.DataFrame, on: dt.date) -> pd.DataFrame:
    """Keep the appointments that count on a day.

    Parameters
    ----------
    appointments : DataFrame
        As ``APPOINTMENTS`` promises.
    on : date

    Returns
    -------
    DataFrame
        The rows in state "filed" with ``valid_from`` <= ``on`` < ``valid_to``; an empty or
        absent ``valid_to`` is open.
    """
    day = pd.Timestamp(on)
    counts = appointments["state"].eq("filed") & (appointments["valid_from"] <= day)
    if "valid_to" in appointments:
        until = pd.to_datetime(appointments["valid_to"])
        counts &= until.isna() | (day < until)
    return appointments[counts]


def stray_appointments(
    grids: pd.DataFrame, appointments: pd.DataFrame, workers: pd.DataFrame, on: dt.date
) -> pd.DataFrame:
    """Name the appointments in force that point to nobody or nowhere.

    Parameters
    ----------
    grids, appointments, workers, on
        As for ``staffing``.

    Returns
    -------
    DataFrame
        Rows of ``appointments`` with a column ``reason``: "unknown-grid" (it helps no grid
        given here) or "unknown-worker" (it fills the post, but never as full-time). A row that
        is both is named for its grid.
    """
    force = appointments_in_force(appointments, on)
    nowhere = ~force["grid_code"].isin(grids.index)
    nobody = ~force["worker_id"].isin(workers.index)
    stray = force[nowhere | nobody]
    return stray.assign(
        reason=np.where(nowhere[nowhere | nobody], "unknown-grid", "unknown-worker")
    )


def staffing(
    grids: pd.DataFrame,
    appointments: pd.DataFrame,
    workers: pd.DataFrame,
    on: dt.date,
    leaders: int = 1,
    workers_min: int = 2,
    full_time_min: int = 1,
    leader_counts_as_worker: bool = False,
    leader_counts_as_full_time: bool = False,
) -> pd.DataFrame:
    """Count who serves each grid on a day, and the fewest people to hire.

    Parameters
    ----------
    grids : DataFrame, shape (m, …)
        Indexed by ``grid_code``: the grids of the plan in force on that day.
    appointments, workers : DataFrame
        As ``APPOINTMENTS`` and ``WORKERS`` promise.
    on : date
        The day asked about.
    leaders, workers_min, full_time_min : int
        Least numbers of grid leaders, of workers, and of full-time ones among these.
    leader_counts_as_worker, leader_counts_as_full_time : bool
        Whether a grid leader also counts as a worker, a full-time leader also as full-time.

    Returns
    -------
    DataFrame of int, shape (m, 4)
        On the index of ``grids``: ``leaders``, ``workers``, ``full_time`` (persons, each once a
        grid, leaders among them where the switches say so) and ``hires``.

    Notes
    -----
    ``hires`` = max(2 − W, 1[F = 0], 0) + 1[L = 0] with the default numbers. A leader to be
    hired counts towards the workers where the switches say so.
    Appointments to grids or of workers not given here: see ``stray_appointments``.
    """
    for name, least in (
        ("leaders", leaders),
        ("workers_min", workers_min),
        ("full_time_min", full_time_min),
    ):
        if least < 0:
            raise ParameterError(
                f"{name} is {least}; a least number is 0 or more.",
                hint="0 means that the rule is not asked for.",
                fields=[name],
            )
    force = appointments_in_force(appointments, on)
    leads, serves = force["role"].eq("leader"), force["role"].eq("worker")
    full = force["worker_id"].map(workers["employment"]).eq("full-time")

    def persons(which: pd.Series) -> np.ndarray:
        each = force.loc[which, ["grid_code", "worker_id"]].drop_duplicates()
        return each["grid_code"].value_counts().reindex(grids.index, fill_value=0).to_numpy()

    L = persons(leads)
    W = persons(serves | leads if leader_counts_as_worker else serves)
    F = persons((serves | leads if leader_counts_as_full_time else serves) & full)
    new = np.maximum(leaders - L, 0)
    short = np.maximum(
        workers_min - W - new * leader_counts_as_worker,
        full_time_min - F - new * leader_counts_as_full_time,
    )
    counts = {"leaders": L, "workers": W, "full_time": F, "hires": new + np.maximum(short, 0)}
    return pd.DataFrame(counts, index=grids.index)


def staffing_faults(
    grids: pd.DataFrame,
    appointments: pd.DataFrame,
    workers: pd.DataFrame,
    on: dt.date,
    leaders: int = 1,
    workers_min: int = 2,
    full_time_min: int = 1,
    leader_counts_as_worker: bool = False,
    leader_counts_as_full_time: bool = False,
    households: pd.Series | None = None,
) -> gpd.GeoDataFrame:
    """Find the grids that lack a leader, workers or a full-time worker on a day (S1–S4).

    Parameters
    ----------
    grids, appointments, workers, on, leaders, workers_min, full_time_min
        As for ``staffing``.
    leader_counts_as_worker, leader_counts_as_full_time : bool
        As for ``staffing``.
    households : Series of int, optional
        Occupied households by grid: those concerned. Left out, severity is not known.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS`` of kinds "no-leader", "few-workers", "no-full-time", by grid: ``value`` the
        persons there are, ``standard`` such as "workers>=2", ``as_of`` the day asked about, the
        grid as evidence.
    """
    counts = staffing(
        grids,
        appointments,
        workers,
        on,
        leaders,
        workers_min,
        full_time_min,
        leader_counts_as_worker,
        leader_counts_as_full_time,
    )
    there = counts[["leaders", "workers", "full_time"]].to_numpy()
    least = np.array([leaders, workers_min, full_time_min])
    at, rule = np.nonzero(there < least)
    codes = grids.index[at].astype("str").tolist()
    geo = isinstance(grids, gpd.GeoDataFrame)
    return make_findings(
        [("no-leader", "few-workers", "no-full-time")[r] for r in rule],
        codes,
        [f"{('leaders', 'workers', 'full-time')[r]}>={least[r]}" for r in rule],
        grid_code=codes,
        value=there[at, rule],
        unit="persons",
        households=None if households is None else households.reindex(grids.index[at]).fillna(0),
        geometry=grids.geometry.iloc[at] if geo else None,
        crs=grids.crs if geo else None,
        as_of=on,
    )
