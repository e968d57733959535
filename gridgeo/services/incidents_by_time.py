"""Where do incidents gather, by time of day?"""

import numpy as np

from gridgeo.publish import Field, Layer, Scope, k_safe_cells, release
from gridgeo.publish.periods import cells_by_period
from gridgeo.services.about import About
from gridgeo.services.incidents import incidents_in_place
from gridgeo.services.sources import Source

# Night is one band: at two hours a piece its incidents would make every cell kilometres wide.
BANDS = ((22, 6), *((hour, hour + 2) for hour in range(6, 22, 2)))


def incidents_by_time_layer(source: Source, about: About, told: Layer) -> Layer:
    """Publish incidents by cell and time of day, as cells of at least k in every band.

    Parameters
    ----------
    source : Source
        Incidents are needed.
    about : About
        Its zone says which hour it was.
    told : Layer
        ``incident-cells`` of this same publication: this layer obeys its k.

    Returns
    -------
    Layer
        ``incidents-by-time``, internal: ``h22_06``, ``h06_08`` … ``h20_22`` (from the first hour
        up to, not including, the second) and ``area_km2``. No cell where all incidents together
        are fewer than k in some band.

    Notes
    -----
    The cells are unions of whole cells of ``told``, see ``publish.periods``. Where one of these
    is told at an earlier figure, so is the union: its true sum would tell the change. It is NA
    where nothing was told of it before.
    """
    incidents, _ = incidents_in_place(source)
    points = incidents.geometry
    hour = incidents["reported_at"].dt.tz_convert(about.zone).dt.hour.to_numpy()
    band = np.where((hour >= 22) | (hour < 6), 0, hour // 2 - 2).astype(np.int64)
    cells = k_safe_cells(points, told.k).frame
    made = cells_by_period(cells, points, band, len(BANDS), told.k)
    names = [f"h{first:02d}_{last:02d}" for first, last in BANDS]
    frame = made.frame.rename(columns=dict(enumerate(names)))
    said = told.features["incidents"].reindex(cells.index).astype("float64")
    other = said.ne(cells["count"]).groupby(made.member).any()
    again = other.reindex(frame.index).astype(bool)
    fields = tuple(
        Field(name, "int", "incidents", f"{a}–{b}时", f"{a:02d}–{b:02d} h", is_count=True)
        for name, (a, b) in zip(names, BANDS, strict=True)
    )
    scope = Scope(
        layer="incidents-by-time",
        zh="事件时段分布",
        en="Incidents by time of day",
        fields=(*fields, Field("area_km2", "float", "km²", "面积(平方公里)", "area (km²)")),
        disclosure="internal",
        together=(tuple(names),),
        # As it was told: rounded another way, the two would narrow the number down.
        by_grid=told.withheld.by_grid,
        unit="incidents",
        period=told.period,
        source=about.source,
        as_of=about.as_of.isoformat(),
    )
    unseen = () if len(frame) else ("incident",)
    return release(frame, scope, about.ledger, unseen, again)
