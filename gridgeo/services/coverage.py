"""Who is being left out?"""

import datetime as dt
from dataclasses import dataclass, field, replace

import geopandas as gpd
import pandas as pd
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.quality import REQUIRED
from gridgeo.analysis.reach import reach_faults
from gridgeo.analysis.rounds import COUNTED, ZONE, round_faults, stray_visits
from gridgeo.analysis.staffing import staffing_faults, stray_appointments
from gridgeo.analysis.territory import across_faults, household_faults, territory_findings
from gridgeo.analysis.tiling import tiling_faults
from gridgeo.analysis.workload import SizeBands, size_faults
from gridgeo.model.crs import to_metric
from gridgeo.model.findings import HOUSEHOLD_KINDS, KIND_WEIGHTS, make_findings
from gridgeo.model.frames import (
    APPOINTMENTS,
    GRIDS,
    HOUSEHOLDS,
    STATIONS,
    TOWNS,
    VILLAGES,
    VISITS,
    WORKERS,
)
from gridgeo.publish import exactly_placed
from gridgeo.publish.layer import K
from gridgeo.services.kept import kept
from gridgeo.services.sources import Source, need
from gridgeo.services.workload import count_households

__all__ = ["KINDS", "BlindSpots", "SizeBands", "Standards", "blind_spots", "only", "told_counts"]

TERRITORY = ("gap", "overlap", "sliver", "invalid", "outside")
ACROSS = ("across",)
PLACED = ("orphan", "doubled", "mismatch")
SIZE = ("size",)
STAFFING = ("no-leader", "few-workers", "no-full-time")
REACH = ("reach",)
STAFF_STRAYS = ("unknown-grid", "unknown-worker")
VISITED = ("visit-overdue", "never-visited")
KINDS = tuple(KIND_WEIGHTS)


@dataclass(frozen=True)
class Standards:
    """What "covered" means.

    Parameters
    ----------
    min_area_m2 : float
        Gaps, overlaps and the like up to this area are noise.
    reach_within_m : float
        A household exactly so far from a station in a straight line is reached.
    bands : SizeBands
        Occupied households a grid should have.
    visit_within_days : int
        A household met exactly so many days ago was visited in time.
    visit_outcomes : tuple of str
        Outcomes by which a household counts as visited.
    leader_counts_as_worker, leader_counts_as_full_time : bool
        Whether a grid leader also counts as a worker, a full-time leader also as full-time.
    required_fields : tuple of str
        What the record of a household is expected to say.
    fresh_within_days : int
        A record checked exactly so many days ago is fresh.
    """

    min_area_m2: float = 1.0
    reach_within_m: float = 1000.0
    bands: SizeBands = field(default_factory=SizeBands)
    visit_within_days: int = 90
    visit_outcomes: tuple[str, ...] = COUNTED
    leader_counts_as_worker: bool = False
    leader_counts_as_full_time: bool = False
    required_fields: tuple[str, ...] = REQUIRED
    fresh_within_days: int = 90


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
        What could not be counted, by reason. Appointments in force that name an "unknown-grid"
        or an "unknown-worker", see ``analysis.staffing.stray_appointments``; visits of an
        "unknown-household" or a "later-visit", see ``analysis.rounds.stray_visits``.
    on_border : int
        Households on the border of their grid: no fault, counted once, in the lowest code.
    by_grid : Index of str
        Households known only by their grid, which no distance and no cell tells of.
    """

    findings: gpd.GeoDataFrame
    judged: tuple[str, ...]
    not_judged: dict[str, str]
    strays: dict[str, int] = field(default_factory=dict)
    on_border: int = 0
    by_grid: pd.Index = field(default_factory=lambda: pd.Index([], dtype="str"))

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
    standards = standards or Standards()
    source = kept(source)
    grids = to_metric(need(source, GRIDS, as_of=as_of), "grids")
    villages = source.frame(VILLAGES, as_of=as_of)
    placed = source.homes(as_of)
    homes = None if placed is None else placed.frame
    duty = _duty(source, villages, jurisdiction, as_of)

    faults = tiling_faults(grids, duty, min_area_m2=standards.min_area_m2)
    parts = [territory_findings(faults, homes, standards.min_area_m2, as_of)]
    judged = [*TERRITORY]
    not_judged: dict[str, str] = {}
    if duty is None:
        judged.remove("outside")
        not_judged["outside"] = "towns"

    def judge(kinds: tuple[str, ...], missing: list[str]) -> bool:
        if missing:
            not_judged.update(dict.fromkeys(kinds, ", ".join(missing)))
            return False
        judged.extend(kinds)
        return True

    if judge(ACROSS, [] if len(villages) else ["villages"]):
        parts.append(across_faults(grids, villages, standards.min_area_m2, homes, as_of))
    no_homes = [] if homes is not None else ["households"]
    judge(("outside-household",), [*no_homes, *([] if duty is not None else ["towns"])])
    if judge(PLACED, no_homes) and homes is not None:
        parts.append(household_faults(homes, grids, as_of, duty))
    counts = count_households(source, grids, as_of, load)
    if judge(SIZE, [] if counts is not None else ["households or units"]) and counts is not None:
        kinds = villages if len(villages) else None
        parts.append(size_faults(grids, counts, kinds, standards.bands, as_of))
    appointments = source.frame(APPOINTMENTS)
    workers = source.frame(WORKERS)
    absent = [n for n, f in (("appointments", appointments), ("workers", workers)) if not len(f)]
    strays: dict[str, int] = {}
    if judge(STAFFING, absent):
        lost = stray_appointments(grids, appointments, workers, as_of)["reason"].value_counts()
        strays = {str(reason): int(n) for reason, n in lost.items()}
        faults_of_staff = staffing_faults(
            grids,
            appointments,
            workers,
            as_of,
            leader_counts_as_worker=standards.leader_counts_as_worker,
            leader_counts_as_full_time=standards.leader_counts_as_full_time,
            households=counts,
        )
        parts.append(faults_of_staff)
    stations = source.frame(STATIONS, as_of=as_of)
    absent = no_homes + ([] if len(stations) else ["stations"])
    if judge(REACH, absent) and homes is not None:
        exact = homes[exactly_placed(homes)]
        parts.append(reach_faults(exact, stations, standards.reach_within_m, as_of))
    visits = source.frame(VISITS)
    if judge(VISITED, no_homes + visits_missing(visits)) and homes is not None:
        lost = stray_visits(homes, visits, as_of, zone)["reason"].value_counts()
        strays |= {str(reason): int(n) for reason, n in lost.items()}
        days, outcomes = standards.visit_within_days, standards.visit_outcomes
        parts.append(round_faults(homes, visits, days, as_of, outcomes, zone))
    border = 0 if placed is None else int((placed.on_border & placed.occupied).sum())
    by_grid = known_by_grid(source, as_of)
    return BlindSpots(_together(parts, grids), tuple(judged), not_judged, strays, border, by_grid)


def known_by_grid(source: Source, as_of: dt.date) -> pd.Index:
    """Give the ids of households known only by their grid: their points stand for no place."""
    households = source.frame(HOUSEHOLDS, as_of=as_of)
    return households.index[~exactly_placed(households)].astype("str")


def visits_missing(visits: pd.DataFrame) -> list[str]:
    """Say what is missing to judge the rounds: visits at all, or what came of any of them."""
    if not len(visits):
        return ["visits"]
    told = "outcome" in visits and visits["outcome"].notna().any()
    return [] if told else ["visits with an outcome"]


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
            reason: n
            for reason, n in found.strays.items()
            if set(STAFFING if reason in STAFF_STRAYS else VISITED) & set(kinds)
        },
    )


def _duty(
    source: Source,
    villages: gpd.GeoDataFrame,
    given: gpd.GeoDataFrame | BaseGeometry | None,
    as_of: dt.date,
) -> gpd.GeoDataFrame | BaseGeometry | None:
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
