"""The detectors of blind spots: one file a question, each ``detect(Day) -> Found``.

A new one is a file here with its ``KINDS``, and a place in ``DETECTORS``.
"""

from gridgeo.services.detectors import (
    households,
    patrols,
    reach,
    records,
    response,
    rounds,
    seams,
    silence,
    staffing,
    territory,
)
from gridgeo.services.detectors.day import Day, Found

DETECTORS = (
    territory,
    households,
    staffing,
    reach,
    rounds,
    patrols,
    records,
    silence,
    response,
    seams,
)

# The kinds that are looked for, in the order of the detectors.
KINDS: tuple[str, ...] = tuple(kind for detector in DETECTORS for kind in detector.KINDS)

# Reasons why something could not be counted → the kinds it concerns.
STRAYS: dict[str, tuple[str, ...]] = {
    reason: detector.KINDS for detector in DETECTORS for reason in getattr(detector, "STRAYS", ())
}

__all__ = ["DETECTORS", "KINDS", "STRAYS", "Day", "Found"]
