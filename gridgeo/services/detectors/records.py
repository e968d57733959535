"""Are the household records complete, accurate and fresh enough to rely on (D)?"""

from gridgeo.analysis.quality_faults import ASKED, record_faults
from gridgeo.analysis.rounds import visit_ages
from gridgeo.model.frames import VISITS
from gridgeo.services.detectors.day import Day, Found
from gridgeo.services.detectors.rounds import visits_missing
from gridgeo.services.record_counts import record_counts

KINDS = ("records",)

_NEEDED = {
    "complete": "households",
    "accurate": "households with a grid on record and coordinates of their own",
    "fresh": "visits with an outcome, or households with the day last checked",
}


def detect(day: Day) -> Found:
    """Judge the records of each grid."""
    found = Found()
    if day.homes is None:
        found.can_judge(KINDS, "households")
        return found
    visits = day.source.frame(VISITS)
    age = None
    if not visits_missing(visits):
        outcomes = day.standards.visit_outcomes
        age = visit_ages(day.homes.frame, visits, day.as_of, outcomes, day.zone)
    counts = record_counts(day.homes, day.grids, age, day.as_of, day.standards)
    missing = [
        _NEEDED[name] for name, both in ASKED.items() if not counts[[*both]].to_numpy().any()
    ]
    if found.can_judge(KINDS, *missing):
        least = day.standards.least_record_quality
        found.findings.append(record_faults(day.grids, counts, least, day.as_of, day.counts))
    return found
