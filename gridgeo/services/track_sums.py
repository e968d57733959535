"""What tracks come to: when, how far, how much in their grid, and along which streets."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd

from gridgeo.analysis.duty import on_duty
from gridgeo.analysis.tracks import street_intervals, track_facts
from gridgeo.model.crs import to_crs_of, to_metric
from gridgeo.model.frames import GRIDS, PATROLS, ROSTERS, STREETS
from gridgeo.services.sources import Source
from gridgeo.services.standards import Standards


@dataclass(frozen=True, eq=False)
class Summed:
    """What tracks come to.

    Parameters
    ----------
    patrols : DataFrame
        Keeps ``PATROLS``: one row a track that has a grid.
    intervals : DataFrame
        ``patrol_id``, ``street_id``, ``from_m``, ``to_m``: the stretches of street that each of
        them covered. Empty where no street is known.
    nowhere : int
        Tracks that name no grid and lie in none, or of a day without grids.
    off_duty : int
        Fixes that were left out, as they were taken outside the duty hours of their worker.
    """

    patrols: pd.DataFrame
    intervals: pd.DataFrame
    nowhere: int = 0
    off_duty: int = 0


def sum_up(source: Source, fixes: gpd.GeoDataFrame, standards: Standards, zone: str) -> Summed:
    """Sum tracks up: when, how far, how much of it in their grid and along which streets.

    Parameters
    ----------
    source : Source
        Its grids of each day are needed; streets and rosters where it has them.
    fixes : GeoDataFrame of Point
        Keeps ``FIXES``; whole tracks.
    standards : Standards
        Its border says which fixes lie in the grid, its radius which streets a track covers.
    zone : str
        A track belongs to the local day on which it begins.

    Returns
    -------
    Summed
        Without any roster every fix counts; otherwise those in duty hours alone.
    """
    rosters, before = source.frame(ROSTERS), len(fixes)
    if len(rosters):
        fixes = fixes[on_duty(fixes, rosters).to_numpy()]
    streets = source.frame(STREETS)
    first = fixes.groupby("track_id", observed=True)["t"].min()
    parts = []
    for day, tracks in first.groupby(local_days(first, zone)).groups.items():
        grids = source.frame(GRIDS, as_of=day)
        if not len(grids):
            parts.append(Summed(_none(), _no_intervals(), len(tracks)))
            continue
        parts.append(_of_day(fixes[fixes["track_id"].isin(tracks)], grids, streets, standards))
    found = together(parts)
    return Summed(found.patrols, found.intervals, found.nowhere, before - len(fixes))


def local_days(moments: pd.Series, zone: str) -> pd.Series:
    """Give the local day (``date``) of each moment."""
    return moments.dt.tz_convert(ZoneInfo(zone)).dt.date


def _of_day(
    fixes: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    standards: Standards,
) -> Summed:
    """Sum up the tracks of one day, by the grids of that day."""
    grids = to_metric(grids, "grids")
    facts = track_facts(fixes, grids, border_m=standards.patrol_border_m).rename_axis(PATROLS.key)
    placed = facts["grid_code"].notna()
    intervals = _no_intervals()
    if len(streets):
        metric = to_crs_of(streets, grids, "streets", "grids")
        found = street_intervals(fixes, metric, standards.patrol_radius_m)
        intervals = found.set_axis(intervals.columns, axis=1)
        intervals = intervals[intervals["patrol_id"].isin(facts.index[placed])]
    return Summed(facts[placed], intervals, int((~placed).sum()))


def together(parts: list[Summed]) -> Summed:
    """Put the sums of different tracks together, patrols in the order of their key."""
    return Summed(
        pd.concat([_none(), *(part.patrols for part in parts if len(part.patrols))]).sort_index(),
        pd.concat([_no_intervals(), *(part.intervals for part in parts if len(part.intervals))]),
        sum(part.nowhere for part in parts),
        sum(part.off_duty for part in parts),
    )


def _none() -> pd.DataFrame:
    kinds = {"text": "str", "time": "datetime64[us, UTC]", "int": "int64", "float": "float64"}
    columns = {c.name: pd.Series(dtype=kinds[c.kind]) for c in PATROLS.columns}
    return pd.DataFrame(columns, index=pd.Index([], dtype="str", name=PATROLS.key))


def _no_intervals() -> pd.DataFrame:
    kinds = {"patrol_id": "str", "street_id": "str", "from_m": "float64", "to_m": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
