"""Each layer a city shows, made from its source: one function a layer."""

from dataclasses import replace

import geopandas as gpd

from gridgeo.errors import ParameterError
from gridgeo.model.frames import GRIDS, STATIONS, VILLAGES
from gridgeo.model.plan import Plan
from gridgeo.publish import Field, Layer, Scope, release
from gridgeo.publish.findings import release_findings
from gridgeo.publish.layer import Disclosure, K
from gridgeo.services.about import About
from gridgeo.services.assessment import appraise, assessment_layer
from gridgeo.services.coverage import BlindSpots, blind_spots
from gridgeo.services.coverage_layers import (
    coverage_layer,
    quality_layer,
)
from gridgeo.services.hotspots import hotspots_layer
from gridgeo.services.incidents import incident_cells, incident_scope
from gridgeo.services.incidents_by_time import incidents_by_time_layer
from gridgeo.services.kept import kept
from gridgeo.services.plans import placed_workers, proposed_loads
from gridgeo.services.posts import posts_layer
from gridgeo.services.sources import Source, need
from gridgeo.services.workload import load_scope, loads, staffing_scope
from gridgeo.words import say


def villages_layer(source: Source, about: About) -> Layer:
    """Publish the villages with the households of their grids.

    Not those that lie in the village: the difference to the grids would tell how many live in
    its gaps, and they are often fewer than k.
    """
    villages = need(source, VILLAGES, as_of=about.as_of)
    grids = loads(source, about.as_of)
    counts = grids.groupby("village_code")["households"].sum(min_count=1)
    counts = counts.reindex(villages.index).astype("Int64")
    frame = gpd.GeoDataFrame(
        {
            "village_code": villages.index,
            "name": villages["name"],
            "kind": villages["kind"],
            "households": counts,
        },
        geometry=villages.geometry,
    )
    scope = Scope(
        layer="villages",
        zh="社区/行政村",
        en="Villages",
        fields=(
            Field("village_code", zh="社区/行政村代码", en="village code"),
            Field("name"),
            Field("kind"),
            Field("households", "int", is_count=True),
        ),
        unit="households",
        **about.said(),
    )
    return release(frame, scope, about.ledger)


def grids_layer(source: Source, about: About) -> Layer:
    """Publish the grids in force with their duty lines; nothing in it counts residents."""
    grids = need(source, GRIDS, as_of=about.as_of)
    villages = source.frame(VILLAGES, as_of=about.as_of)
    frame = grids.reindex(columns=["name", "village_code", "kind", "duty_phone", "geometry"])
    names = villages["name"] if len(villages) else {}
    frame.insert(0, "grid_code", frame.index)
    frame["village_name"] = frame["village_code"].map(names).astype("str")
    scope = Scope(
        layer="grids",
        zh="网格",
        en="Grids",
        fields=(
            Field("grid_code"),
            Field("name"),
            Field("village_code", zh="社区/行政村代码", en="village code"),
            Field("village_name", zh="社区/行政村", en="village"),
            Field("kind"),
            Field("duty_phone"),
        ),
        **about.said(),
    )
    return release(frame, scope, about.ledger)


def stations_layer(source: Source, about: About) -> Layer:
    """Publish the stations, which the city put there itself."""
    stations = need(source, STATIONS, as_of=about.as_of)
    scope = Scope(
        layer="stations",
        zh="服务站点",
        en="Stations",
        fields=(Field("name"), Field("kind")),
        **about.said(),
    )
    return release(stations[["name", "kind", "geometry"]], scope, about.ledger)


def load_layer(
    source: Source, about: About, disclosure: Disclosure = "public", load: str | None = None
) -> Layer:
    """Publish how the load is shared today; ``load`` as in ``workload.loads``."""
    frame = loads(source, about.as_of, load)
    return release(frame, load_scope(frame, disclosure=disclosure, **about.said()), about.ledger)


def proposed_layer(
    plan: Plan, source: Source, about: About, disclosure: Disclosure = "public"
) -> Layer:
    """Publish how the load would be shared under a proposed plan, rounded to multiples of k.

    ``about`` names the proposal as its plan version.
    """
    frame = proposed_loads(plan, loads(source, about.as_of))
    scope = load_scope(frame, disclosure=disclosure, proposed=True, **about.said())
    return release(frame, scope, about.ledger)


def staffing_layer(source: Source, about: About, workers: int, load: str | None = None) -> Layer:
    """Place workers, borders as they are, and publish where; as ``plans.placed_workers``.

    The layer is ``placement``: ``staffing`` is what ``posts_layer`` says of the posts as they are.
    """
    frame = placed_workers(source, workers, about.as_of, load)
    scope = replace(
        staffing_scope(about.as_of.isoformat()),
        layer="placement",
        zh=say("placement", "zh"),
        en=say("placement", "en"),
    )
    return release(frame, scope, about.ledger)


def blind_spots_layer(
    found: BlindSpots,
    about: About,
    disclosure: Disclosure = "internal",
    told: Layer | None = None,
) -> Layer:
    """Publish the blind-spot register: households only as cells of at least k.

    Parameters
    ----------
    found : BlindSpots
    about : About
    disclosure : {"public", "internal"}
    told : Layer, optional
        The load as it is published, so that the register says no other figure of a grid.
    """
    return release_findings(
        found.findings,
        disclosure=disclosure,
        told=None if told is None else told.features["households"],
        by_grid=found.by_grid,
        ledger=about.ledger,
        **about.said(),
    )


def incidents_layer(source: Source, about: About, disclosure: Disclosure = "public") -> Layer:
    """Publish where incidents gather, as cells of at least k."""
    cells, first, last, by_grid = incident_cells(source, K[disclosure], zone=about.zone)
    period = f"{first.isoformat()}/{last.isoformat()}"
    scope = incident_scope(period, about.as_of.isoformat(), about.source, disclosure, by_grid)
    return release(cells.frame, scope, about.ledger, () if cells.withheld == 0 else ("incident",))


def layers_of_map(
    kind: str, source: Source, about: About, load: str | None = None
) -> dict[str, Layer]:
    """Make the layers that a map of files shows.

    Parameters
    ----------
    kind : {"load", "blind-spots", "incidents", "incidents-by-time", "hotspots",
        "assessment", "coverage", "quality", "staffing"}
    source : Source
    about : About
    load : str, optional
        As in ``workload.loads``.

    Returns
    -------
    dict of str to Layer
        By id; internal, since a file goes to whoever made it.

    Raises
    ------
    ParameterError
        A layer that the map needs has no row, or there is no such map.
    """
    source = kept(source)
    made: dict[str, Layer] = {}
    if kind == "load":
        made["load"] = load_layer(source, about, "internal", load)
    elif kind == "blind-spots":
        found = blind_spots(source, about.as_of, about.standards, load=load, zone=about.zone)
        told = load_layer(source, about, "internal", load)
        made["blind-spots"] = blind_spots_layer(found, about, told=told)
    elif kind == "incidents":
        made["incident-cells"] = incidents_layer(source, about, "internal")
    elif kind == "incidents-by-time":
        told = incidents_layer(source, about, "internal")
        made["incidents-by-time"] = incidents_by_time_layer(source, about, told)
    elif kind == "hotspots":
        told = load_layer(source, about, "internal", load)
        made["hotspots"] = hotspots_layer(source, about, told)
    elif kind == "assessment":
        appraisal = appraise(source, about.as_of, about.standards, zone=about.zone)
        made["assessment"] = assessment_layer(source, about, appraisal)
    elif kind == "coverage":
        made["coverage"] = coverage_layer(source, about)
    elif kind == "quality":
        made["quality"] = quality_layer(source, about)
    elif kind == "staffing":
        made["staffing"] = posts_layer(source, about)
    else:
        raise ParameterError(f"There is no map {kind!r} of files.", fields=["kind"])
    if kind != "load" and len(source.frame(GRIDS, as_of=about.as_of)):
        made["grids"] = grids_layer(source, about)
    return made
