"""Is a station near enough to every household (R1)?"""

from gridgeo.analysis.reach import reach_faults
from gridgeo.model.frames import STATIONS
from gridgeo.publish import exactly_placed
from gridgeo.services.detectors.day import Day, Found

KINDS = ("reach",)


def detect(day: Day) -> Found:
    """Judge the way to the nearest station.

    Households known only by their grid have no place that a way could begin at.
    """
    found = Found()
    stations = day.source.frame(STATIONS, as_of=day.as_of)
    missing = ("" if day.homes is not None else "households", "" if len(stations) else "stations")
    if found.can_judge(KINDS, *missing) and day.homes is not None:
        exact = day.homes.frame[exactly_placed(day.homes.frame)]
        faults = reach_faults(exact, stations, day.standards.reach_within_m, day.as_of)
        found.findings.append(faults)
    return found
