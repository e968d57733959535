"""How is the load shared: households per grid and per worker, today and under a plan."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.staffing import staffing
from gridgeo.analysis.workload import (
    households_of_units,
    load_per_worker,
)
from gridgeo.model.frames import APPOINTMENTS, GRIDS, UNITS, VILLAGES, WORKERS
from gridgeo.publish import Field, Scope
from gridgeo.publish.layer import Disclosure
from gridgeo.services.kept import kept
from gridgeo.services.sources import Source, need


def loads(source: Source, as_of: dt.date, load: str | None = None) -> gpd.GeoDataFrame:
    """Give the load of every grid in force.

    Parameters
    ----------
    source : Source
        Grids are needed. Households are counted where they live; without households, the units
        of each grid are summed.
    as_of : date
        The day asked about.
    load : str, optional
        A column of the grids that already holds the load; then nothing is counted.

    Returns
    -------
    GeoDataFrame
        On the grids' index and in their CRS: ``grid_code``, ``name``, ``village_code``,
        ``village_name``, ``kind``, ``households`` (Int64; NA where nothing tells), ``workers``
        (Int64; NA where no appointments are known).
    """
    grids = need(source, GRIDS, as_of=as_of)
    counts = count_households(source, grids, as_of, load)
    if counts is None:
        counts = pd.Series(pd.NA, index=grids.index)
    appointments, workers = source.frame(APPOINTMENTS), source.frame(WORKERS)
    hands = pd.Series(pd.NA, index=grids.index, dtype="Int64")
    if len(appointments) and len(workers):
        hands = staffing(grids, appointments, workers, as_of)["workers"].astype("Int64")
    villages = source.frame(VILLAGES, as_of=as_of)
    of_village = _text(grids, "village_code")
    names = of_village.map(villages["name"]) if len(villages) else None
    return gpd.GeoDataFrame(
        {
            "grid_code": grids.index.to_series(),
            "name": _text(grids, "name"),
            "village_code": of_village,
            "village_name": _none(grids) if names is None else names.astype("str"),
            "kind": _text(grids, "kind"),
            "households": counts.astype("Int64"),
            "workers": hands,
        },
        geometry=grids.geometry,
    )


def load_scope(
    grids: gpd.GeoDataFrame,
    *,
    disclosure: Disclosure,
    period: str,
    source: str,
    plan_version: str,
    as_of: str,
    proposed: bool = False,
) -> Scope:
    """Say what of ``loads`` leaves the house.

    Parameters
    ----------
    grids : GeoDataFrame
        As ``loads`` gives it.
    disclosure : {"public", "internal"}
    period, source, plan_version, as_of : str
        As ``Layer`` has them.
    proposed : bool
        The load under a proposed plan: counts are rounded to multiples of k.

    Returns
    -------
    Scope
        ``households`` is a count of residents; load per worker, target and deviation are worked
        out from it as it is published.
    """
    fields = (
        Field("grid_code"),
        Field("name"),
        Field("village_code", zh="社区/行政村代码", en="village code"),
        Field("village_name", zh="社区/行政村", en="village"),
        Field("kind"),
        Field("households", "int", is_count=True),
        Field("workers", "int"),
        Field("load_per_worker", "float", unit="households"),
        Field("target", "float", unit="households", zh="目标户数", en="target"),
        Field("deviation_share", "float", zh="偏差", en="deviation"),
    )
    parents = {"village_code": "villages"} if grids["village_code"].notna().any() else {}
    return Scope(
        layer="load-proposed" if proposed else "load",
        zh="建议方案的工作量" if proposed else "各网格工作量",
        en="Load under the proposed plan" if proposed else "Load of the grids",
        fields=fields,
        disclosure=disclosure,
        parents=parents,
        derived={
            "load_per_worker": _load_per_worker,
            "target": _target,
            "deviation_share": _deviation_share,
        },
        rounded=proposed,
        unit="households",
        period=period,
        source=source,
        plan_version=plan_version,
        as_of=as_of,
    )


def staffing_scope(as_of: str) -> Scope:
    """Say what of ``plans.placed_workers`` leaves the house."""
    return Scope(
        layer="staffing",
        zh="网格员配置",
        en="Workers as placed",
        fields=(
            Field("grid_code"),
            Field("name"),
            Field("households", "int", is_count=True),
            Field("workers", "int"),
            Field("workers_today", "int", zh="现有网格员数", en="workers today"),
            Field("load_per_worker", "float", unit="households"),
        ),
        disclosure="internal",
        derived={"load_per_worker": _load_per_worker},
        unit="workers",
        as_of=as_of,
    )


def count_households(
    source: Source, grids: gpd.GeoDataFrame, as_of: dt.date, load: str | None = None
) -> pd.Series | None:
    """Count the occupied households of each grid: where they live, or else by its units.

    Parameters
    ----------
    source : Source
    grids : GeoDataFrame
        The grids of ``source`` in force on the day, in their order.
    as_of : date
    load : str, optional
        A column of ``grids`` that already holds them, rounded to whole households.

    Returns
    -------
    Series of int or None
        On the grids; None where neither households nor units with a grid are known.
    """
    if load is not None:
        return pd.to_numeric(grids[load]).round()
    homes = kept(source).homes(as_of)
    if homes is not None:
        count = homes.count(homes.occupied, len(grids))
        return pd.Series(count, index=grids.index, name="households")
    units = source.frame(UNITS, as_of=as_of)
    if len(units) and "grid_code" in units and units["grid_code"].notna().any():
        return households_of_units(units).reindex(grids.index, fill_value=0)
    return None


def _load_per_worker(told: pd.DataFrame) -> pd.Series:
    share = load_per_worker(told["households"].astype("float64"), told["workers"].astype("float64"))
    # Where nobody is known to serve there is no figure to publish.
    return share.where(np.isfinite(share)).astype("Float64").round(1)


def _target(told: pd.DataFrame) -> pd.Series:
    """Mean of the village's general grids as published; of all grids where no village is known."""
    households = told["households"].astype("Float64").where(_judged(told))
    mean = households.groupby(told["village_code"].fillna("")).transform("mean")
    return mean.where(_judged(told)).round(1)


def _deviation_share(told: pd.DataFrame) -> pd.Series:
    target = told["target"].where(told["target"] > 0)
    return (told["households"].astype("Float64") / target - 1).round(4)


def _judged(told: pd.DataFrame) -> pd.Series:
    """Dedicated grids (a school, a park) are not judged by households."""
    return told["kind"].ne("dedicated").fillna(True).astype(bool)


def _text(frame: pd.DataFrame, column: str) -> pd.Series:
    return frame[column].astype("str") if column in frame else _none(frame)


def _none(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(np.nan, index=frame.index, dtype="str")
