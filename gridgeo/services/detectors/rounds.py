"""Was every household visited in time (V1), and nobody too often?"""

import pandas as pd

from gridgeo.analysis.contacts import over_contact
from gridgeo.analysis.rounds import round_faults, stray_visits
from gridgeo.model.frames import VISITS
from gridgeo.services.detectors.day import Day, Found

KINDS = ("visit-overdue", "never-visited", "over-contact")
STRAYS = ("unknown-household", "later-visit")


def detect(day: Day) -> Found:
    """Judge the days since each household was last met, and those between two visits."""
    found = Found()
    visits = day.source.frame(VISITS)
    missing = ("" if day.homes is not None else "households", *visits_missing(visits))
    if not found.can_judge(KINDS, *missing) or day.homes is None:
        return found
    homes = day.homes.frame
    lost = stray_visits(homes, visits, day.as_of, day.zone)["reason"].value_counts()
    found.strays = {str(reason): int(n) for reason, n in lost.items()}
    rule = day.standards
    within, outcomes = rule.visit_within_days, rule.visit_outcomes
    found.findings += [
        round_faults(homes, visits, within, day.as_of, outcomes, day.zone),
        over_contact(
            homes,
            visits,
            day.as_of,
            rule.contacts_within_days,
            rule.contacts_most,
            max(within, 1),
            rule.visits_in_vain,
            day.zone,
        ),
    ]
    return found


def visits_missing(visits: pd.DataFrame) -> list[str]:
    """Say what is missing to judge the rounds: visits at all, or what came of any of them."""
    if not len(visits):
        return ["visits"]
    told = "outcome" in visits and visits["outcome"].notna().any()
    return [] if told else ["visits with an outcome"]
