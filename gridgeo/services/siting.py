"""Where should stations stand: the fewest that reach everybody, or the best of a number."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import coo_array

from gridgeo.analysis.near_pairs import Pairs, pairs_given, pairs_within, places
from gridgeo.analysis.network import street_distances
from gridgeo.analysis.siting import Siting, best_stations, fewest_stations
from gridgeo.errors import ParameterError
from gridgeo.model.crs import to_crs_of, to_metric
from gridgeo.model.frames import HOUSEHOLDS, STATIONS
from gridgeo.model.people import lived_in, persons_of
from gridgeo.publish import Field, Layer, Scope, exactly_placed, release, roughly
from gridgeo.publish.layer import K
from gridgeo.services.about import About
from gridgeo.services.sources import Source, need
from gridgeo.services.ways import streets_of

_K = K["internal"]


@dataclass(frozen=True, eq=False)
class Sited:
    """Where stations should stand, and how good that is known to be.

    Parameters
    ----------
    layer : Layer
        ``sites``, internal: the places chosen by ``station_id`` and ``name``, whether a station
        ``stays`` there, and the ``persons`` within reach of each, rounded to k. One person may be
        within reach of several. A candidate named like a station that stays is "new-" and the name.
    siting : Siting
        On positions of the places, those that stay first; its ``unreachable`` names households
        and stays in the house.
    stays : int
        Stations that stay.
    persons : float
        All that were to be reached.
    unreachable : str
        How many occupied households no place can reach, as ``roughly`` says it; empty for none.
    by_grid : str
        How many households are known only by their grid and were left out.
    """

    layer: Layer
    siting: Siting
    stays: int
    persons: float
    unreachable: str
    by_grid: str

    def about(self, persons: float) -> int:
        """Round a number of persons to a multiple of k, as it may be told."""
        return round(persons / _K) * _K


def sited(
    source: Source,
    candidates: gpd.GeoDataFrame,
    about: About,
    p: int | None = None,
    *,
    keep: bool = True,
    gap: float = 1e-3,
    time_limit_s: float = 60.0,
) -> Sited:
    """Choose where stations should stand.

    Parameters
    ----------
    source : Source
        Households are needed, and streets where the standard is meant along them.
    candidates : GeoDataFrame of Point
        Places where a station may stand. ``name`` may be absent.
    about : About
        Its standards say how far reach is, and by which way.
    p : int, optional
        Stations in all, those that stay counted: the ones that reach most persons. Without it
        the fewest that reach every occupied household that can be reached.
    keep : bool
        Whether the stations of ``source`` stay.
    gap, time_limit_s : float
        As for ``best_stations``.

    Returns
    -------
    Sited

    Raises
    ------
    ParameterError
        There are no households, or no streets and the standard needs them; ``p`` is more than
        there are places or less than stations that stay.
    """
    every = to_metric(need(source, HOUSEHOLDS, as_of=about.as_of), "households")
    placed = exactly_placed(every)
    homes = every[placed & lived_in(every)]
    streets, missing = streets_of(source, about.standards)
    if missing:
        raise ParameterError(
            "The standard is meant along streets; there are none.",
            hint="Say --streets FILE, or a standard without -walk.",
            fields=["streets"],
        )
    stations = source.frame(STATIONS, as_of=about.as_of)
    if not keep:
        stations = stations.iloc[:0]
    spots = _together(stations, candidates, homes)
    stays = np.arange(len(spots)) < len(stations)
    persons = persons_of(homes)
    pairs = _pairs(homes, spots, about.standards.reach_within_m, streets)
    metres = coo_array(
        (pairs.metres, (pairs.household, pairs.station)), shape=(len(homes), len(spots))
    )
    asked = pd.DataFrame({"persons": persons}, index=homes.index)
    within_m, told = about.standards.reach_within_m, {"distances": metres, "gap": gap}
    told |= {"fixed": stays, "time_limit_s": time_limit_s}
    if p is None:
        siting = fewest_stations(asked, spots, within_m, **told)
    else:
        siting = best_stations(asked, spots, within_m, p, **told)
    spots["persons"] = np.bincount(pairs.station, persons[pairs.household], len(spots)).round()
    by_grid = roughly(int((~placed).sum()), _K)
    layer = release(spots.loc[siting.chosen], _scope(about, by_grid), about.ledger)
    lost = roughly(len(siting.unreachable), _K)
    return Sited(layer, siting, int(stays.sum()), float(persons.sum()), lost, by_grid)


def _together(
    stations: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, homes: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Put what stays before what may come, in the CRS of the homes, by position."""
    parts: list[gpd.GeoDataFrame] = []
    for layer, name, stays in ((stations, "stations", True), (candidates, "candidates", False)):
        if len(layer):
            here = to_crs_of(layer, homes, name, "households")
            called = here["name"] if "name" in here else pd.Series(pd.NA, here.index, dtype="str")
            ids = here.index.astype("str")
            if parts:  # two places of one name are two
                ids = ids.where(~ids.isin(parts[0]["station_id"]), "new-" + ids)
            columns = {"station_id": ids, "name": called.to_numpy(), "stays": stays}
            parts.append(gpd.GeoDataFrame(columns, geometry=here.geometry.array, crs=homes.crs))
    if not parts:
        columns = {"station_id": [], "name": [], "stays": []}
        return gpd.GeoDataFrame(columns, geometry=[], crs=homes.crs)
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry")


def _pairs(
    homes: gpd.GeoDataFrame,
    spots: gpd.GeoDataFrame,
    within_m: float,
    streets: gpd.GeoDataFrame | None,
) -> Pairs:
    """Find who is within reach of which place."""
    if streets is None:
        return pairs_within(places(homes, "households"), places(spots, "candidates"), within_m)
    metres = street_distances(homes, spots, streets, within_m)
    return pairs_given(metres, (len(homes), len(spots)), within_m)


def _scope(about: About, by_grid: str) -> Scope:
    return Scope(
        layer="sites",
        zh="服务站点选址",
        en="Sites of stations",
        fields=(
            Field("station_id", zh="站点编号", en="station id"),
            Field("name"),
            Field("stays", "bool", zh="现有站点", en="stands there already"),
            Field("persons", "int", zh="可及人数", en="persons in reach", is_count=True),
        ),
        disclosure="internal",
        additive=False,
        rounded=True,
        by_grid=by_grid,
        unit="persons",
        **about.said(),
    )
