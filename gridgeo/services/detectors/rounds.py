"""Was every household visited in time (V1)?"""

import pandas as pd

from gridgeo.analysis.rounds import round_faults, stray_visits
from gridgeo.model.frames import VISITS
from gridgeo.services.detectors.day import Day, Found

KINDS = ("visit-overdue", "never-visited")
STRAYS = ("unknown-household", "later-visit")


def detect(day: Day) -> Found:
    """Judge the days since each household was last met."""
    found = Found()
    visits = day.source.frame(VISITS)
    missing = ("" if day.homes is not None else "households", *visits_missing(visits))
    if not found.can_judge(KINDS, *missing) or day.homes is None:
        return found
    homes = day.homes.frame
    lost = stray_visits(homes, visits, day.as_of, day.zone)["reason"].value_counts()
    found.strays = {str(reason): int(n) for reason, n in lost.items()}
    within, outcomes = day.standards.visit_within_days, day.standards.visit_outcomes
    found.findings.append(round_faults(homes, visits, within, day.as_of, outcomes, day.zone))
    return found


def visits_missing(visits: pd.DataFrame) -> list[str]:
    """Say what is missing to judge the rounds: visits at all, or what came of any of them."""
    if not len(visits):
        return ["visits"]
    told = "outcome" in visits and visits["outcome"].notna().any()
    return [] if told else ["visits with an outcome"]
