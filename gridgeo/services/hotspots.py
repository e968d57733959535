"""Where do incidents lie together more, or less, than elsewhere, and how did that come about?

What leaves is a verdict, never a count. Verdicts are worked out from counts that are rounded to
multiples of k, 0 below k, over whole weeks from Monday on, and from households as the load tells
them: whoever turned a z round would come out at these, and no change of one incident shows but
where a rounded count steps.
"""

import datetime as dt

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridgeo.analysis.assign import assign
from gridgeo.analysis.emerging import emerging_hotspots
from gridgeo.analysis.hotspots import hotspots, local_moran
from gridgeo.analysis.neighbours import usual_band_m
from gridgeo.analysis.rates import shrink_rates
from gridgeo.errors import ParameterError
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import GRIDS, INCIDENTS, VILLAGES
from gridgeo.publish import Field, Layer, Scope, exactly_placed, release
from gridgeo.publish.layer import K
from gridgeo.services.about import About
from gridgeo.services.sources import Source, need

HOT_WEEKS, TREND_WEEKS = 4, 12
_LEAST_WEEKS = 4  # a trend of fewer says nothing
_WEEK = dt.timedelta(days=7)
_K = K["internal"]


def hotspots_layer(source: Source, about: About, told: Layer | None = None) -> Layer:
    """Publish which grids are hot or cold spots of incidents, and how they came to be.

    Parameters
    ----------
    source : Source
        Grids and incidents are needed.
    about : About
        Weeks end before its day, or with it where it is a Sunday; its zone says which day it was.
    told : Layer, optional
        The load as it is published: its households are what incidents are compared with. Without
        it, or where it tells of no household, incidents are compared by area.

    Returns
    -------
    Layer
        ``hotspots``, internal, every grid in force: ``spot``, "hot", "cold", "not-significant"
        or "not_judgeable", by Gi* of the last four whole weeks, and its ``z`` (one decimal);
        ``moran``, "high-high", "low-low", "high-low", "low-high" (the grid first, then its
        neighbours) or as before; ``trend``, how its weekly Gi* came and went over up to twelve
        weeks, such as "new-hot", or "no-pattern"; ``hot_weeks`` and ``cold_weeks``. No count.

    Raises
    ------
    ParameterError
        There are no grids or no incidents, or these span no whole week.
    """
    grids = to_metric(need(source, GRIDS, as_of=about.as_of), "grids")
    counts, first = _weekly(need(source, INCIDENTS), grids, about)
    weeks = counts.shape[1]
    recent = min(weeks, HOT_WEEKS)
    by, households = _compared(grids, told)
    last = _rates(counts[:, -recent:].sum(axis=1), by)
    band_m = usual_band_m(grids.geometry)
    now = hotspots(last, grids, band_m)
    beside = local_moran(last, grids, band_m)
    frame = grids.reindex(columns=["name", "village_code", grids.geometry.name]).copy()
    villages = source.frame(VILLAGES, as_of=about.as_of)
    frame.insert(0, "grid_code", frame.index)
    frame["village_name"] = (
        frame["village_code"].map(villages["name"] if len(villages) else {}).astype("str")
    )
    frame["spot"] = _said(now["verdict"], now["z"], last)
    frame["z"] = now["z"].round(1)
    frame["moran"] = _said(beside["verdict"], beside["z"], last)
    frame["trend"], frame["hot_weeks"], frame["cold_weeks"] = "not_judgeable", pd.NA, pd.NA
    if weeks >= _LEAST_WEEKS:
        each = pd.DataFrame({week: _rates(counts[:, week], by) for week in range(weeks)})
        came = emerging_hotspots(each, grids, band_m)
        known = each.notna().any(axis=1)
        named = came["verdict"].str.replace(" ", "-").replace("", "no-pattern")
        frame["trend"] = named.where(known, "not_judgeable")
        for name in ("hot", "cold"):
            frame[f"{name}_weeks"] = came[f"{name}_periods"].astype("Int64").where(known)
    return release(frame, _scope(about, first, weeks, recent, band_m, households), about.ledger)


def _scope(
    about: About, first: dt.date, weeks: int, recent: int, band_m: float, households: bool
) -> Scope:
    """Say what leaves; the labels carry the weeks and the band, so that no reader has to guess."""
    end = first + weeks * _WEEK
    period = f"{end - recent * _WEEK}/{end - dt.timedelta(days=1)}"
    near = f"{band_m:,.0f}"
    zh, en = ("按户数", "for its households") if households else ("按面积", "for its area")
    return Scope(
        layer="hotspots",
        zh="事件冷热点",
        en="Hot and cold spots of incidents",
        fields=(
            Field("grid_code"),
            Field("name"),
            Field("village_name", zh="社区/行政村", en="village"),
            Field(
                "spot",
                zh=f"近{recent}周热点/冷点({zh})",
                en=f"hot or cold {en}, last {recent} weeks",
            ),
            Field("z", "float", zh=f"Gi* 的 z 值(邻近{near}米)", en=f"z of Gi* (within {near} m)"),
            Field("moran", zh="与邻近网格比较", en="beside its neighbours"),
            Field("trend", zh=f"{weeks}周演变", en=f"how it came about, {weeks} weeks"),
            Field("hot_weeks", "int", zh="热点周数", en="weeks hot"),
            Field("cold_weeks", "int", zh="冷点周数", en="weeks cold"),
        ),
        disclosure="internal",
        rounded=True,
        **about.said() | {"period": period},
    )


def _weekly(
    incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, about: About
) -> tuple[npt.NDArray[np.int64], dt.date]:
    """Count incidents by grid and whole week, and say on which Monday the first begins."""
    day = incidents["reported_at"].dt.tz_convert(about.zone).dt.tz_localize(None)
    next_day = about.as_of + dt.timedelta(days=1)
    end = next_day - dt.timedelta(days=next_day.weekday())
    begun = day.min().date()
    weeks = min((end - begun).days // 7, TREND_WEEKS)  # the week of the first is half known
    if weeks < 1:
        raise ParameterError(
            f"incidents from {begun} on hold no whole week before {end}.",
            hint="Hot spots are told for weeks from Monday to Sunday; import more incidents.",
            fields=["incidents"],
        )
    first = end - weeks * _WEEK
    week = ((day - pd.Timestamp(first)).dt.days // 7).to_numpy()
    grid = _grid_of(incidents, grids)
    there = (week >= 0) & (week < weeks) & (grid >= 0)
    counts = np.bincount(grid[there] * weeks + week[there], minlength=len(grids) * weeks)
    return counts.reshape(len(grids), weeks), first


def _grid_of(incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> npt.NDArray[np.int64]:
    """Give the position of each incident's grid: the one on record, else the one it lies in."""
    recorded = incidents.reindex(columns=["grid_code"])["grid_code"]
    grid = np.asarray(grids.index.get_indexer(recorded))
    lost = (grid < 0) & exactly_placed(incidents)
    if lost.any():
        found = assign(incidents[lost][[incidents.geometry.name]], grids)["grid_id"]
        grid[lost] = grids.index.get_indexer(found)
    return grid


def _compared(grids: gpd.GeoDataFrame, told: Layer | None) -> tuple[pd.Series, bool]:
    """Give what incidents are compared with: households as told (True), else km² (False)."""
    if told is not None and "households" in told.features:
        households = told.features["households"].astype("float64").reindex(grids.index)
        households = households.where(households >= _K)
        if households.notna().any():
            return households, True
    return grids.area / 1e6, False


def _rates(counts: npt.NDArray[np.int64], by: pd.Series) -> pd.Series:
    """Give rounded counts over what they are compared with, few drawn towards all; nan if unknown.

    Below k there are none: half of k and more would else be told from less.
    """
    rounded = np.where(counts < _K, 0, (counts + _K // 2) // _K * _K).astype(np.float64)
    known = by.notna()
    rates = pd.Series(np.nan, index=by.index)
    if known.any():
        rates[known] = shrink_rates(pd.Series(rounded, by.index)[known], by[known])
    return rates


def _said(verdict: pd.Series, z: pd.Series, rates: pd.Series) -> pd.Series:
    """Name what is no spot: for want of a figure or a neighbour, or since it is like the rest."""
    judged = z.notna() | (rates.notna() & (rates.nunique() == 1))
    return verdict.replace("", "not-significant").where(judged, "not_judgeable")
