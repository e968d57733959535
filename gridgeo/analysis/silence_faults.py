"""Grids that report too little for who lives there and what others like them report."""

import datetime as dt

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridgeo.analysis.onset import silence_onset
from gridgeo.analysis.rates import class_rates, expected_counts
from gridgeo.analysis.silence import LOW, silent_grids
from gridgeo.analysis.silent_group import LIKELY, SURE, silent_chance
from gridgeo.model.findings import LEAST_OF_SHARE, make_findings

# Grids of one kind are compared among themselves where they are at least so many.
PEERS = 10


def reports_by_day(
    grid: npt.NDArray[np.int64],
    resident: npt.NDArray[np.bool_],
    day: npt.NDArray[np.datetime64],
    grids: pd.Index,
    households: pd.Series,
    peers: pd.Series | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count what each grid reported on each day, and what it would if it were like its peers.

    Parameters
    ----------
    grid : ndarray of int, shape (n,)
        Position in ``grids`` of each incident; −1 in none: it is not counted.
    resident : ndarray of bool, shape (n,)
        Whether residents reported it; the others were found on patrol.
    day : ndarray of datetime64[D], shape (n,)
        Of the report.
    grids : Index, shape (g,)
    households : Series of float, shape (g,)
        Those somebody lives in, on ``grids``.
    peers : Series of str, shape (g,), optional
        Kind of each grid, on ``grids``. Kinds of fewer than ten grids are taken together.

    Returns
    -------
    observed, expected : DataFrame, shape (g, t)
        On ``grids``; a column for each day from the first to the last incident.

    Notes
    -----
    E_g = Σ_c n_gc · rate_c, with a rate for each day, so that weekends and holidays explain
    themselves. Residents' reports go by occupied households; what patrols find goes by grid,
    for every grid is patrolled as often. Where none of a kind's grids has a household, residents'
    reports go by grid, too. Both are rates of peers: a school has others than a village.
    """
    m = len(grids)
    kind = _peers(peers, m)
    counted = np.flatnonzero(grid >= 0)
    group = kind[grid[counted]] * 2 + resident[counted]
    number = day[counted].astype("datetime64[D]").astype(np.int64)
    first = number.min() if len(number) else 0
    t = int(number.max() - first) + 1 if len(number) else 0
    days = pd.DatetimeIndex((first + np.arange(t)).astype("datetime64[D]").astype("M8[us]"))
    column = number - first

    groups = 2 * (int(kind.max(initial=-1)) + 1)
    observed = np.bincount(grid[counted] * t + column, minlength=m * t).reshape(m, t)
    cases = np.bincount(group * t + column, minlength=groups * t).reshape(groups, t)
    at_risk = np.zeros((m, groups))
    at_risk[np.arange(m), kind * 2] = 1.0
    homes = households.to_numpy("float64", na_value=0.0)
    lived = np.bincount(kind, homes, minlength=groups // 2) > 0
    at_risk[np.arange(m), kind * 2 + 1] = np.where(lived[kind], homes, 1.0)
    rates = class_rates(pd.DataFrame(cases, columns=days), pd.DataFrame(at_risk))
    expected = expected_counts(pd.DataFrame(at_risk, index=grids), rates)
    return pd.DataFrame(observed, index=grids, columns=days), expected


def silence_faults(
    observed: pd.DataFrame,
    expected: pd.DataFrame,
    grids: gpd.GeoDataFrame,
    households: pd.Series,
    as_of: dt.date,
    within_days: int,
) -> tuple[gpd.GeoDataFrame, int]:
    """Find the silent grids, and count those of which it cannot be told.

    Parameters
    ----------
    observed, expected : DataFrame, shape (g, t)
        By grid and day, as ``reports_by_day`` gives them.
    grids : GeoDataFrame, shape (g, …)
        On the same index.
    households : Series, shape (g,)
    as_of : date
    within_days : int
        Days looked back on, as the standard says them.

    Returns
    -------
    findings : GeoDataFrame
        Kind "silent": ``value`` is the share reported of what is expected, in tenths rounded
        up, and 0.3 where a tenth would be fewer than five incidents; ``days`` since the fall
        (``silence_onset``), or since the first day where that tells none.
    not_judgeable : int
        Grids in which too few incidents are expected (the power gate of ``silent_grids``).

    Notes
    -----
    Silent is what ``silent_grids`` calls so. Where thirty grids or more show whether the silent
    are a group of their own, ``silent_chance`` must hold it likely, too, or is enough where it
    is sure.
    """
    told = silent_grids(observed.sum(axis=1), expected.sum(axis=1))
    apart = silent_chance(observed.sum(axis=1), expected.sum(axis=1))
    verdict, likely = told["verdict"].to_numpy(), ~(apart <= LIKELY).to_numpy()
    sure = (apart > SURE).to_numpy() & (verdict != "not judgeable")
    at = np.flatnonzero(((verdict == "silent") & likely) | sure)
    usual = expected.iloc[at].sum(axis=1).to_numpy()
    share = observed.iloc[at].sum(axis=1).to_numpy() / usual
    tenths = np.maximum(np.ceil(share * 10 - 1e-9), 1.0) / 10
    since = silence_onset(observed.iloc[at], expected.iloc[at])["since"]
    first = observed.columns[0] if observed.shape[1] else pd.Timestamp(as_of)
    began = pd.to_datetime(since).fillna(first)
    findings = make_findings(
        "silent",
        grids.index[at].astype("str").tolist(),
        f"{LOW} in {within_days}d",
        grid_code=grids.index[at].astype("str").tolist(),
        value=np.where(usual >= LEAST_OF_SHARE, tenths, LOW).tolist(),
        unit="share",
        households=households.iloc[at].tolist(),
        days=np.maximum((pd.Timestamp(as_of) - began).dt.days, 1).tolist(),
        geometry=grids.geometry.iloc[at],
        crs=grids.crs,
        as_of=as_of,
    )
    return findings, int(told["verdict"].eq("not judgeable").sum())


def _peers(peers: pd.Series | None, grids: int) -> npt.NDArray[np.int64]:
    """Give each grid the number of its kind; rare kinds are one, or part of the commonest."""
    if peers is None or not grids:
        return np.zeros(grids, np.int64)
    codes = pd.factorize(peers.fillna("").astype("str"), sort=True)[0].astype(np.int64)
    size = np.bincount(codes)
    rare = size[codes] < PEERS
    codes[rare] = len(size) if rare.sum() >= PEERS else size.argmax()
    return np.asarray(np.unique(codes, return_inverse=True)[1], np.int64)
