"""Incidents past their limit without an answer, and grids that answer too few in time."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.model.findings import LEAST_OF_SHARE, make_findings


def unanswered_faults(
    waiting: pd.DataFrame, grids: gpd.GeoDataFrame, households: pd.Series | None, as_of: dt.date
) -> gpd.GeoDataFrame:
    """Find the grids in which incidents are past their limit without an answer.

    Parameters
    ----------
    waiting : DataFrame
        As ``deadlines.ageing`` gives it, with ``grid_code``; of no or an unknown grid a row
        counts for nothing, and neither does one without a limit.
    grids : GeoDataFrame, shape (g, …)
        Indexed by grid code.
    households : Series, shape (g,), optional
        Those somebody lives in, on ``grids``.
    as_of : date

    Returns
    -------
    GeoDataFrame
        Kind "unanswered", in the order of ``grids``: ``value`` is the number of incidents past
        their limit, ``days`` the longest time past it, begun days counted.
    """
    late = waiting[waiting["overdue_h"] > 0]
    by_grid = late.groupby("grid_code", observed=True)["overdue_h"].agg(["size", "max"])
    at = np.flatnonzero(grids.index.isin(by_grid.index))
    codes = grids.index[at]
    found = by_grid.reindex(codes)
    return make_findings(
        "unanswered",
        codes.astype("str").tolist(),
        "limit of its class",
        grid_code=codes.astype("str").tolist(),
        value=found["size"].tolist(),
        unit="incidents",
        households=None if households is None else households.iloc[at].tolist(),
        days=np.ceil(found["max"] / 24).astype("int64").tolist(),
        geometry=grids.geometry.iloc[at],
        crs=grids.crs,
        as_of=as_of,
    )


def response_faults(
    by_grid: pd.DataFrame,
    by_department: pd.DataFrame,
    grids: gpd.GeoDataFrame,
    households: pd.Series | None,
    least_share: float,
    within_days: int,
    as_of: dt.date,
) -> tuple[gpd.GeoDataFrame, int]:
    """Find the grids and departments that answer too few incidents in time.

    Parameters
    ----------
    by_grid, by_department : DataFrame
        As ``deadlines.on_time`` gives them, counted by grid and by department.
    grids : GeoDataFrame, shape (g, …)
        Indexed by grid code.
    households : Series, shape (g,), optional
        Those somebody lives in, on ``grids``.
    least_share : float
        Share answered in time that is enough, 0 to 1.
    within_days : int
        Days looked back on, as the standard says them.
    as_of : date

    Returns
    -------
    findings : GeoDataFrame
        Kind "response": the whole 95 % interval of the share lies below ``least_share``. A
        department has no geometry, no ``grid_code`` and no households; ``value`` is the share.
    not_judgeable : int
        Grids of which fewer than fifty incidents were due.
    """
    standard = f"{least_share:.10g} in {within_days}d"
    own = by_grid.reindex(grids.index)
    few = ~(own["due"] >= LEAST_OF_SHARE)
    at = np.flatnonzero(~few & (own["high"] < least_share))
    codes = grids.index[at].astype("str").tolist()
    named = by_department[by_department.index.notna()]
    low = named[(named["due"] >= LEAST_OF_SHARE) & (named["high"] < least_share)]
    nobody = [None] * len(low)
    homes = [None] * len(at) if households is None else households.iloc[at].tolist()
    findings = make_findings(
        "response",
        [*codes, *low.index.astype("str")],
        standard,
        grid_code=[*codes, *nobody],
        value=[*own["share"].iloc[at], *low["share"]],
        unit="share",
        households=[*homes, *nobody],
        geometry=[*grids.geometry.iloc[at], *nobody],
        crs=grids.crs,
        as_of=as_of,
    )
    return findings, int(few.sum())
