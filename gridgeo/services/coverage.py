"""Who is being left out?"""

import datetime as dt
from dataclasses import dataclass, field, replace

import geopandas as gpd
import pandas as pd
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.rounds import ZONE
from gridgeo.model.crs import to_metric
from gridgeo.model.findings import HOUSEHOLD_KINDS, make_findings
from gridgeo.model.frames import GRIDS, HOUSEHOLDS, TOWNS, VILLAGES
from gridgeo.publish import exactly_placed
from gridgeo.publish.layer import K
from gridgeo.services.detectors import DETECTORS, KINDS, STRAYS, Day
from gridgeo.services.kept import kept
from gridgeo.services.sources import Source, need
from gridgeo.services.standards import Standards
from gridgeo.services.workload import count_households

__all__ = ["KINDS", "BlindSpots", "blind_spots", "only", "told_counts"]


@dataclass(frozen=True, eq=False)
class BlindSpots:
    """What was found, and what could not be judged.

    Parameters
    ----------
    findings : GeoDataFrame
        The register's rows (``FINDINGS``), in the metric CRS of the grids. It names households:
        it stays in the house; ``services.publication`` says what leaves.
    judged : tuple of str
        The kinds that were looked for.
    not_judged : dict of str to str
        Kind → the layer that is missing.
    strays : dict of str to int
        What could not be counted, by reason (``STRAYS`` of the detectors), such as appointments
        in force that name an "unknown-grid", or visits of an "unknown-household".
    on_border : int
        Households on the border of their grid: no fault, counted once, in the lowest code.
    by_grid : Index of str
        Households known only by their grid, which no distance and no cell tells of.
    not_judgeable : dict of str to int
        Kind → the grids of which too little is known to tell: neither found nor clean.
    """

    findings: gpd.GeoDataFrame
    judged: tuple[str, ...]
    not_judged: dict[str, str]
    strays: dict[str, int] = field(default_factory=dict)
    on_border: int = 0
    by_grid: pd.Index = field(default_factory=lambda: pd.Index([], dtype="str"))
    not_judgeable: dict[str, int] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Count the findings of every judged kind, also where there is none."""
        found = self.findings["kind"].value_counts()
        return {kind: int(found.get(kind, 0)) for kind in self.judged}


def blind_spots(
    source: Source,
    as_of: dt.date,
    standards: Standards | None = None,
    jurisdiction: gpd.GeoDataFrame | BaseGeometry | None = None,
    load: str | None = None,
    zone: str = ZONE,
) -> BlindSpots:
    """Find who and what is left out on a day.

    Parameters
    ----------
    source : Source
        Grids are needed; each further layer lets more kinds be judged.
    as_of : date
        The day asked about.
    standards : Standards, optional
    jurisdiction : GeoDataFrame or geometry, optional
        What the grids are to cover, a geometry in the CRS of the grids; by default the towns,
        or else the villages. Without any of them gaps are what the grids enclose.
    load : str, optional
        A column of the grids that already holds their households; then none are counted.
    zone : str
        Time zone whose days visits are counted in.

    Returns
    -------
    BlindSpots
        A kind whose layer has no row is named as not judged, never as clean.

    Raises
    ------
    ParameterError
        No grids.
    """
    source = kept(source)
    grids = to_metric(need(source, GRIDS, as_of=as_of), "grids")
    villages = source.frame(VILLAGES, as_of=as_of)
    homes = source.homes(as_of)
    day = Day(
        source,
        as_of,
        standards or Standards(),
        zone,
        grids,
        villages,
        duty_of(source, villages, jurisdiction, as_of),
        homes,
        count_households(source, grids, as_of, load),
    )
    found = [detector.detect(day) for detector in DETECTORS]
    parts = [part for one in found for part in one.findings]
    return BlindSpots(
        _together(parts, grids),
        tuple(kind for one in found for kind in one.judged),
        {kind: why for one in found for kind, why in one.not_judged.items()},
        {reason: n for one in found for reason, n in one.strays.items()},
        0 if homes is None else int((homes.on_border & homes.occupied).sum()),
        known_by_grid(source, as_of),
        {kind: n for one in found for kind, n in one.not_judgeable.items()},
    )


def known_by_grid(source: Source, as_of: dt.date) -> pd.Index:
    """Give the ids of households known only by their grid: their points stand for no place."""
    households = source.frame(HOUSEHOLDS, as_of=as_of)
    return households.index[~exactly_placed(households)].astype("str")


def told_counts(found: BlindSpots, k: int = K["internal"]) -> dict[str, str]:
    """Say how many of every judged kind were found, of households only from k upwards."""
    return {
        kind: f"< {k}" if kind in HOUSEHOLD_KINDS and 0 < n < k else f"{n:,}"
        for kind, n in found.counts().items()
    }


def only(found: BlindSpots, kinds: list[str]) -> BlindSpots:
    """Keep the kinds asked for; an empty list keeps all."""
    if not kinds:
        return found
    return replace(
        found,
        findings=found.findings[found.findings["kind"].isin(kinds)],
        judged=tuple(k for k in found.judged if k in kinds),
        not_judged={k: v for k, v in found.not_judged.items() if k in kinds},
        strays={
            reason: n for reason, n in found.strays.items() if set(STRAYS[reason]) & set(kinds)
        },
        not_judgeable={k: n for k, n in found.not_judgeable.items() if k in kinds},
    )


def duty_of(
    source: Source,
    villages: gpd.GeoDataFrame,
    given: gpd.GeoDataFrame | BaseGeometry | None,
    as_of: dt.date,
) -> gpd.GeoDataFrame | BaseGeometry | None:
    """Say what the grids are to cover: what was given, else the towns, else the villages."""
    if given is not None:
        return given
    towns = source.frame(TOWNS, as_of=as_of)
    if len(towns):
        return towns
    return villages if len(villages) else None


def _together(parts: list[gpd.GeoDataFrame], grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put the findings of all analyses into one frame, in one CRS."""
    filled = [part.set_crs(grids.crs, allow_override=True) for part in parts if len(part)]
    if not filled:
        return make_findings([], [], [], geometry=[], crs=grids.crs)
    return gpd.GeoDataFrame(pd.concat(filled), geometry="geometry", crs=grids.crs)
