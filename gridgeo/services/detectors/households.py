"""Does every household belong to exactly one grid, and is no grid too large (T3–T5, T7, T8)?"""

from gridgeo.analysis.territory import household_faults
from gridgeo.analysis.workload import size_faults
from gridgeo.services.detectors.day import Day, Found

KINDS = ("orphan", "doubled", "mismatch", "outside-household", "size")
_OUTSIDE, _SIZE = KINDS[3:4], KINDS[4:]


def detect(day: Day) -> Found:
    """Judge where households lie and how many there are."""
    found = Found()
    no_homes = "" if day.homes is not None else "households"
    found.can_judge(_OUTSIDE, no_homes, "" if day.duty is not None else "towns")
    if found.can_judge(KINDS[:3], no_homes) and day.homes is not None:
        faults = household_faults(day.homes.frame, day.grids, day.as_of, day.duty)
        found.findings.append(faults)
    uncounted = "" if day.counts is not None else "households or units"
    if found.can_judge(_SIZE, uncounted) and day.counts is not None:
        kinds = day.villages if len(day.villages) else None
        bands = day.standards.bands
        found.findings.append(size_faults(day.grids, day.counts, kinds, bands, day.as_of))
    return found
