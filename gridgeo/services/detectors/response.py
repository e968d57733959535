"""Is every incident answered within the time its class allows (P)?"""

from gridgeo.analysis.deadlines import ageing, on_time
from gridgeo.analysis.response_faults import response_faults, unanswered_faults
from gridgeo.services.detectors.day import Day, Found
from gridgeo.services.reports import named

KINDS = ("unanswered", "response")
STRAYS = ("closed-before-report", "closed-unknown-when", "without-limit")


def detect(day: Day) -> Found:
    """Judge who still waits, and how many were settled in time.

    The clock stands where the day asked about begins. Whoever waits is counted in the grid that
    has the place today: it must answer now. Those in time are counted in the grid in force when
    they were reported, where the source keeps that.
    """
    found, standards = Found(), day.standards
    reports = day.source.reports(day.as_of, day.zone)
    known = reports is not None and len(reports.frame) > 0
    settled = known and reports is not None and reports.frame["closed_at"].notna().any()
    missing = "" if settled else "incidents with closed_at" if known else "incidents"
    if not found.can_judge(KINDS, missing) or reports is None:
        return found
    judgeable, found.strays = reports.judgeable()
    frame, limits = reports.frame[judgeable], reports.limits()[judgeable]
    unlimited = int(limits.isna().sum())
    found.strays |= {"without-limit": unlimited} if unlimited else {}
    today = frame.assign(grid_code=named(day.grids.index, reports.position[judgeable]))
    waiting = ageing(today, limits, reports.moment)
    found.findings.append(unanswered_faults(waiting, day.grids, day.counts, day.as_of))

    recent = reports.since(standards.incidents_within_days)[judgeable]
    then = frame.assign(grid_code=reports.grid_code[judgeable])[recent]
    due = limits[recent]
    findings, untold = response_faults(
        on_time(then, due, reports.moment, by="grid_code"),
        on_time(then, due, reports.moment, by="department"),
        day.grids,
        day.counts,
        standards.on_time_share,
        standards.incidents_within_days,
        day.as_of,
    )
    found.findings.append(findings)
    found.not_judgeable = {"response": untold} if untold else {}
    return found
