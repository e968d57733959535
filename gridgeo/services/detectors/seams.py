"""Is an incident near a border answered by one grid, or sent from one to the other (B)?"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridgeo.analysis.seams import bounces, seams
from gridgeo.model.findings import make_findings
from gridgeo.model.frames import DISPATCHES, INCIDENTS
from gridgeo.services.detectors.day import Day, Found

KINDS = ("seam",)
STRAYS = ("unknown-incident",)


def detect(day: Day) -> Found:
    """Judge the borders between the grids of today.

    Incidents known by their grid alone lie near no border. ``value`` is the number of incidents
    sent from one grid to the other; ``days`` since one first went between the two.
    """
    found, standards = Found(), day.standards
    within = standards.incidents_within_days
    reports = day.source.reports(day.as_of, day.zone)
    sent = day.source.frame(DISPATCHES)
    known = reports is not None and len(reports.frame) > 0
    missing = ("" if known else "incidents", "" if len(sent) else "dispatches")
    if not found.can_judge(KINDS, *missing) or reports is None:
        return found
    sent = sent[(sent["dispatched_at"] < reports.moment).to_numpy(dtype=bool)]
    strange = ~_among(sent["incident_id"], day.source.frame(INCIDENTS).index)
    found.strays = {"unknown-incident": int(strange.sum())} if strange.any() else {}
    grids = day.grids[~day.grids.index.duplicated()]
    recent = reports.frame[reports.since(within) & reports.exact]
    told = seams(recent, sent, grids, standards.seam_within_m)
    told = told[told["seam"]]
    pairs = ["+".join(sorted((a, b))) for a, b in zip(told["grid_a"], told["grid_b"], strict=True)]
    waited = pd.Timestamp(day.as_of) - _first_day(sent, recent.index, day.zone).reindex(pairs)
    homes = None
    if day.counts is not None:
        of_grid = day.counts[~day.counts.index.duplicated()]
        homes = (of_grid[told["grid_a"]].to_numpy() + of_grid[told["grid_b"]].to_numpy()).tolist()
    found.findings.append(
        make_findings(
            "seam",
            pairs,
            f"{standards.seam_within_m:.10g}m, {within}d",
            value=told["bounces"].tolist(),
            unit="incidents",
            households=homes,
            days=waited.dt.days.clip(lower=1).tolist(),
            geometry=told.geometry,
            crs=day.grids.crs,
            as_of=day.as_of,
        )
    )
    return found


def _first_day(sent: pd.DataFrame, incidents: pd.Index, zone: str) -> pd.Series:
    """Give the day on which one of the incidents first went from one grid to another, by pair."""
    hops = bounces(sent)
    hops = hops[_among(hops["incident_id"], incidents)]
    two = hops[["grid_from", "grid_to"]].astype("str")
    first = hops.groupby(two.min(axis=1) + "+" + two.max(axis=1))["bounced_at"].min()
    return first.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()


def _among(ids: pd.Series, known: pd.Index) -> npt.NDArray[np.bool_]:
    """Tell which ids are known; ``isin`` takes each text in its hands and ten times as long."""
    return np.asarray(known.get_indexer(pd.Index(ids)) >= 0)
