"""Two layers about reach: what each station serves, and how many places there are in each grid."""

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.network import service_areas
from gridgeo.errors import ParameterError
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import GRIDS, STATIONS
from gridgeo.model.people import persons_of
from gridgeo.publish import Field, Layer, Scope, exactly_placed, release, roughly
from gridgeo.publish.layer import K
from gridgeo.services.about import About
from gridgeo.services.coverage import known_by_grid
from gridgeo.services.kept import kept
from gridgeo.services.sources import Source, need
from gridgeo.services.ways import access_by_standard, capacity_missing, streets_of

BESIDE_M = 50.0  # how far from a street people still count as living on it
_ARC = 32  # corners of a quarter of a circle: its area is right to 0.04 %
_PARTS = ("persons", "places")


def service_areas_layer(source: Source, about: About, beside_m: float = BESIDE_M) -> Layer:
    """Publish the area that each station serves by the standard; no resident is counted.

    Parameters
    ----------
    source : Source
        Stations are needed, and streets where the standard is meant along them.
    about : About
        Its standards say how far reach is, and by which way.
    beside_m : float
        Along streets: what lies so near a street that is reached is drawn.

    Returns
    -------
    Layer
        ``service-areas``, public: name and kind of the station, ``within_m``, ``way`` ("straight"
        or "streets"), ``area_m2``, and along streets ``street_m``, the metres of street in reach.
        A station that no street is near enough to has an empty shape and the area 0.

    Raises
    ------
    ParameterError
        There are no stations, or no streets and the standard needs them.
    """
    stations = to_metric(need(source, STATIONS, as_of=about.as_of), "stations")
    standards = about.standards
    streets, missing = streets_of(source, standards)
    within_m = standards.reach_within_m
    if missing:
        raise _lacking(f"{within_m:.10g} m are meant along streets; there are none.", "streets")
    frame = stations.reindex(columns=["name", "kind", stations.geometry.name])
    if streets is None:
        frame = frame.set_geometry(stations.buffer(within_m, quad_segs=_ARC))
        street_m: pd.Series | float = np.nan
    else:
        areas = service_areas(stations, streets, within_m, beside_m)
        frame, street_m = frame.set_geometry(areas.geometry), areas["street_m"].round(1)
    frame = frame.assign(
        within_m=within_m,
        way=standards.reach_by,
        area_m2=frame.geometry.area.round(1),
        street_m=street_m,
    )
    scope = Scope(
        layer="service-areas",
        zh="服务范围",
        en="Service areas",
        fields=(
            Field("name"),
            Field("kind"),
            Field("within_m", "float", unit="m", zh="标准（米）", en="standard (m)"),
            Field("way", zh="路径", en="way"),
            Field("area_m2", "float", unit="m²"),
            Field("street_m", "float", unit="m", zh="可达道路（米）", en="street in reach (m)"),
        ),
        unit="m²",
        **about.said(),
    )
    return release(frame, scope, about.ledger)


def access_layer(source: Source, about: About) -> Layer:
    """Publish how many places at stations in reach there are for each person of a grid.

    Parameters
    ----------
    source : Source
        Grids, households and stations with a capacity are needed, and streets where the standard
        is meant along them.
    about : About
        Its standards say how far reach is, and by which way.

    Returns
    -------
    Layer
        ``access``, internal: ``persons`` and the ``places`` that fall to them by the two-step
        floating catchment area, both multiples of k, and ``access``, places for each person as
        it follows from these: the mean over households, by their persons. Households known only
        by their grid are left out.

    Raises
    ------
    ParameterError
        Something that is needed is missing.
    """
    source = kept(source)
    grids = need(source, GRIDS, as_of=about.as_of)
    stations = need(source, STATIONS, as_of=about.as_of)
    streets, no_streets = streets_of(source, about.standards)
    homes = source.homes(about.as_of)
    if homes is None:
        raise _lacking("There are no households; this question needs them.", "households")
    for missing in (no_streets, capacity_missing(stations)):
        if missing:
            raise _lacking(
                f"This question needs {missing}; there is none.",
                "streets" if missing == no_streets else "stations",
            )
    exact = np.flatnonzero(exactly_placed(homes.frame) & (homes.position >= 0))
    people = homes.frame.iloc[exact]
    value = access_by_standard(
        homes.frame[exactly_placed(homes.frame)], stations, about.standards, streets
    )
    places = value.reindex(people.index).fillna(0.0).to_numpy()
    persons, at = persons_of(people), homes.position[exact]
    frame = grids.reindex(columns=["name", "village_code", grids.geometry.name]).copy()
    frame.insert(0, "grid_code", frame.index)
    frame["persons"] = np.bincount(at, persons, len(grids)).round()
    frame["places"] = np.bincount(at, persons * places, len(grids)).round()
    scope = Scope(
        layer="access",
        zh="服务可及性",
        en="Access to stations",
        fields=(
            Field("grid_code"),
            Field("name"),
            Field("village_code", zh="社区/行政村代码", en="village code"),
            Field("persons", "int", is_count=True),
            Field("places", "int", zh="可及容量", en="places in reach", is_count=True),
            Field("access", "float", zh="人均容量", en="places per person"),
        ),
        disclosure="internal",
        together=(_PARTS,),
        additive=False,
        rounded=True,
        derived={"access": _ratio(*reversed(_PARTS))},
        by_grid=roughly(len(known_by_grid(source, about.as_of)), K["internal"]),
        unit="places per person",
        **about.said(),
    )
    return release(frame, scope, about.ledger)


def _ratio(part: str, whole: str) -> Callable[[pd.DataFrame], pd.Series]:
    def ratio(told: gpd.GeoDataFrame) -> pd.Series:
        of = told[whole].astype("Float64")
        return (told[part] / of.where(of > 0)).round(4)

    return ratio


def _lacking(what: str, layer: str) -> ParameterError:
    return ParameterError(
        what,
        hint=f"Say --{layer} FILE, or `gridgeo import {layer} FILE`.",
        fields=[layer],
    )
