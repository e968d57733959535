"""Where do incidents gather?"""

import datetime as dt

import geopandas as gpd
import pandas as pd

from gridgeo.model.crs import to_metric
from gridgeo.model.frames import INCIDENTS
from gridgeo.publish import Cells, Field, Scope, exactly_placed, k_safe_cells, roughly
from gridgeo.publish.layer import Disclosure
from gridgeo.services.sources import Source, need


def incidents_in_place(source: Source) -> tuple[gpd.GeoDataFrame, int]:
    """Give the incidents whose place is known, in metres, and how many are known by grid only.

    Parameters
    ----------
    source : Source
        Incidents are needed.

    Returns
    -------
    GeoDataFrame, int
    """
    incidents = to_metric(need(source, INCIDENTS), "incidents")
    exact = exactly_placed(incidents)
    return incidents[exact], int((~exact).sum())


def incident_cells(
    source: Source, k: int, least_m: float = 250.0, zone: str = "Asia/Shanghai"
) -> tuple[Cells, dt.date, dt.date, str]:
    """Merge incidents into squares that tell of at least k each.

    Parameters
    ----------
    source : Source
        Incidents are needed.
    k : int
        Least count of a square.
    least_m : float
        Side of the smallest square.
    zone : str
        Time zone whose days are meant.

    Returns
    -------
    cells : Cells
        ``count`` renamed to ``incidents``.
    first, last : date
        Days of the first and last report, in a square or not.
    by_grid : str
        How many are in no square, known only by their grid, as ``publish.roughly`` says it.
    """
    incidents, by_grid = incidents_in_place(source)
    cells = k_safe_cells(incidents.geometry, k, least_m)
    reported = need(source, INCIDENTS)["reported_at"].dt.tz_convert(zone)
    frame = cells.frame.rename(columns={"count": "incidents"})
    days = reported.min().date(), reported.max().date()
    return Cells(frame, cells.withheld), *days, roughly(by_grid, k)


def incident_scope(
    period: str, as_of: str, source: str, disclosure: Disclosure, by_grid: str = ""
) -> Scope:
    """Say what of ``incident_cells`` leaves the house."""
    return Scope(
        layer="incident-cells",
        zh="事件分布",
        en="Incidents",
        fields=(
            Field("incidents", "int", is_count=True),
            Field("area_km2", "float", unit="km²", zh="面积(平方公里)", en="area (km²)"),
            Field("per_km2", "float", zh="每平方公里事件数", en="incidents per km²"),
        ),
        disclosure=disclosure,
        derived={"per_km2": _per_km2},
        by_grid=by_grid,
        unit="incidents",
        period=period,
        source=source,
        as_of=as_of,
    )


def _per_km2(told: pd.DataFrame) -> pd.Series:
    return (told["incidents"].astype("Float64") / told["area_km2"]).round(1)
