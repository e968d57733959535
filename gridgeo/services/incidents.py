"""Where do incidents gather?"""

import datetime as dt

import pandas as pd

from gridgeo.model.crs import to_metric
from gridgeo.model.frames import INCIDENTS
from gridgeo.publish import Cells, Field, Scope, k_safe_cells
from gridgeo.publish.layer import Disclosure
from gridgeo.services.sources import Source, need


def incident_cells(
    source: Source, k: int, least_m: float = 250.0, zone: str = "Asia/Shanghai"
) -> tuple[Cells, dt.date, dt.date]:
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
        Days of the first and last report.
    """
    incidents = need(source, INCIDENTS)
    cells = k_safe_cells(to_metric(incidents, "incidents").geometry, k, least_m)
    reported = incidents["reported_at"].dt.tz_convert(zone)
    frame = cells.frame.rename(columns={"count": "incidents"})
    return Cells(frame, cells.withheld), reported.min().date(), reported.max().date()


def incident_scope(period: str, as_of: str, source: str, disclosure: Disclosure) -> Scope:
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
        unit="incidents",
        period=period,
        source=source,
        as_of=as_of,
    )


def _per_km2(told: pd.DataFrame) -> pd.Series:
    return (told["incidents"].astype("Float64") / told["area_km2"]).round(1)
