"""Is a station near enough to every household, and large enough for all (R1, R2)?"""

from gridgeo.analysis.access import access_faults
from gridgeo.analysis.reach import reach_faults
from gridgeo.model.frames import STATIONS
from gridgeo.publish import exactly_placed
from gridgeo.services.detectors.day import Day, Found
from gridgeo.services.ways import (
    access_by_standard,
    access_standard,
    capacity_missing,
    streets_of,
)

KINDS = ("reach", "unreachable", "access")
_REACH, _ACCESS = KINDS[:2], KINDS[2:]


def detect(day: Day) -> Found:
    """Judge the way to the nearest station, and the places there are for each person.

    Households known only by their grid have no place that a way could begin at. Places are judged
    where a standard says how many there should be.
    """
    found, standards = Found(), day.standards
    stations = day.source.frame(STATIONS, as_of=day.as_of)
    streets, no_streets = streets_of(day.source, standards)
    no_homes = "" if day.homes is not None else "households"
    missing = (no_homes, "" if len(stations) else "stations", no_streets)
    within_m, least = standards.reach_within_m, standards.places_per_person
    can_reach = found.can_judge(_REACH, *missing)
    asked = "" if least is not None else "a standard such as 0.5places"
    can_share = found.can_judge(_ACCESS, *missing, asked, capacity_missing(stations))
    if day.homes is None or not can_reach:
        return found
    homes = day.homes.frame[exactly_placed(day.homes.frame)]
    found.findings.append(reach_faults(homes, stations, within_m, day.as_of, streets))
    if can_share and least is not None:
        value = access_by_standard(homes, stations, standards, streets)
        name = access_standard(standards)
        found.findings.append(access_faults(homes, value, least, name, day.as_of))
    return found
