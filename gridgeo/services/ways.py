"""How far it is to a station, and what is there for people, by the standard of a city."""

import datetime as dt

import geopandas as gpd
import pandas as pd

from gridgeo.analysis.access import access
from gridgeo.analysis.network import street_distances
from gridgeo.analysis.reach import reach, standard_of
from gridgeo.errors import ParameterError
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import HOUSEHOLDS, STATIONS, STREETS
from gridgeo.model.people import persons_of
from gridgeo.publish import exactly_placed, roughly
from gridgeo.publish.layer import K
from gridgeo.services.sources import Source, need
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


def reach_rows(source: Source, as_of: dt.date, standards: Standards) -> pd.DataFrame:
    """Tell of every household how far it is to the nearest station.

    Parameters
    ----------
    source : Source
        Households and stations are needed, and streets where the standard is meant along them.
    as_of : date
    standards : Standards

    Returns
    -------
    DataFrame
        By ``household_id``: ``reach_m``, ``inf`` where there is no way, and ``reached``, whether
        that meets the ``standard``. NA for households known only by their grid. It names
        households and stays in the house.

    Raises
    ------
    ParameterError
        Something that is needed is missing.
    """
    homes = to_metric(need(source, HOUSEHOLDS, as_of=as_of), "households")
    stations = need(source, STATIONS, as_of=as_of)
    streets, missing = streets_of(source, standards)
    if missing:
        raise ParameterError(
            "The standard is meant along streets; there are none.",
            hint="Say --streets FILE, or a standard without -walk.",
            fields=["streets"],
        )
    reach_m = reach(homes, stations, streets).where(exactly_placed(homes))
    reached = (reach_m <= standards.reach_within_m).astype("boolean").mask(reach_m.isna())
    standard = standard_of(standards.reach_within_m, streets is not None)
    return pd.DataFrame(
        {"reach_m": reach_m.round(1), "reached": reached, "standard": standard}, homes.index
    )


def told_of_reach(rows: pd.DataFrame) -> tuple[str, str]:
    """Say of the answer of ``reach_rows`` what may be told of single households.

    Returns
    -------
    farther, by_grid : str
        How many are farther than the standard, and how many known only by their grid, as
        ``roughly`` says it; empty for none.
    """
    k, reached = K["internal"], rows["reached"]
    return roughly(int((~reached).sum()), k), roughly(int(reached.isna().sum()), k)


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
