"""Does every grid report as much as happens in others like it (Q)?"""

import pandas as pd

from gridgeo.analysis.silence_faults import reports_by_day, silence_faults
from gridgeo.services.detectors.day import Day, Found

KINDS = ("silent",)
STRAYS = ("report-nowhere",)


def detect(day: Day) -> Found:
    """Judge how much was reported in the ground of each grid of today.

    Borders that moved meanwhile do not matter: reports and households are both counted by the
    grids in force on the day asked about. Peers are grids of the same kind in villages of the
    same kind.
    """
    found, standards = Found(), day.standards
    reports = day.source.reports(day.as_of, day.zone)
    known = reports is not None and len(reports.frame) > 0
    counted = "" if day.counts is not None else "households or units"
    judged = found.can_judge(KINDS, "" if known else "incidents", counted)
    if not judged or reports is None or day.counts is None:
        return found
    recent = reports.since(standards.incidents_within_days)
    tables = reports_by_day(
        reports.position[recent],
        reports.frame["channel"][recent].ne("patrol").fillna(True).to_numpy(dtype=bool),
        reports.days()[recent],
        day.grids.index,
        day.counts,
        _peers(day),
    )
    findings, untold = silence_faults(
        *tables, day.grids, day.counts, day.as_of, standards.incidents_within_days
    )
    found.findings.append(findings)
    found.not_judgeable = {"silent": untold} if untold else {}
    nowhere = int((reports.position[recent] < 0).sum())
    found.strays = {"report-nowhere": nowhere} if nowhere else {}
    return found


def _peers(day: Day) -> pd.Series:
    """Say of what kind each grid is, and of what kind its village."""
    kind = pd.Series("", index=day.grids.index, dtype="str")
    if "kind" in day.grids:
        kind = day.grids["kind"].astype("str").fillna("general")
    if "village_code" in day.grids and "kind" in day.villages and day.villages.index.is_unique:
        of_village = day.villages["kind"].astype("str")
        village = of_village.reindex(day.grids["village_code"].astype("str")).fillna("")
        kind = kind + "/" + village.to_numpy()
    return kind
