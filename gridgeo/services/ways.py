"""How far it is to a station, and what is there for people, by the standard of a city."""

import geopandas as gpd
import pandas as pd

from gridgeo.analysis.access import access
from gridgeo.analysis.network import street_distances
from gridgeo.analysis.reach import standard_of
from gridgeo.model.frames import STREETS
from gridgeo.model.people import persons_of
from gridgeo.services.sources import Source
from gridgeo.services.standards import Standards


def streets_of(source: Source, standards: Standards) -> tuple[gpd.GeoDataFrame | None, str]:
    """Give the streets that a standard is meant along, and what is missing.

    Returns
    -------
    streets : GeoDataFrame or None
        None where the standard is a straight line.
    missing : str
        "streets" where they are needed and there are none; otherwise empty.
    """
    if standards.reach_by == "straight":
        return None, ""
    streets = source.frame(STREETS)
    return streets, "" if len(streets) else "streets"


def capacity_missing(stations: gpd.GeoDataFrame) -> str:
    """Say that stations lack a capacity; empty where each has one."""
    known = "capacity" in stations and stations["capacity"].notna().all()
    return "" if known else "a capacity of every station"


def access_by_standard(
    homes: gpd.GeoDataFrame,
    stations: gpd.GeoDataFrame,
    standards: Standards,
    streets: gpd.GeoDataFrame | None,
) -> pd.Series:
    """Share out the capacity of stations among the people within reach of each (2SFCA).

    Parameters
    ----------
    homes : GeoDataFrame of Point, shape (n,)
        Metric CRS.
    stations : GeoDataFrame of Point, shape (m,)
        Each with a capacity.
    standards : Standards
        Say how far reach is.
    streets : GeoDataFrame or None
        As ``streets_of`` gives them.

    Returns
    -------
    Series of float64, shape (n,)
        On the index of ``homes``: places for each person; 0 where no station is in reach.
    """
    within_m = standards.reach_within_m
    persons = homes[[homes.geometry.name]].assign(persons=persons_of(homes))
    metres = None if streets is None else street_distances(homes, stations, streets, within_m)
    return access(persons, stations, within_m, distances=metres)


def access_standard(standards: Standards) -> str:
    """Name the standard of access, such as "0.5places-500m-walk"."""
    walked = standards.reach_by == "streets"
    return f"{standards.places_per_person:.10g}places-" + standard_of(
        standards.reach_within_m, walked
    )
