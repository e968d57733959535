"""What "covered" means: the standards a city is held to, all to be set by it."""

from dataclasses import dataclass, field
from typing import Literal

from gridgeo.analysis.contacts import IN_VAIN
from gridgeo.analysis.quality import REQUIRED
from gridgeo.analysis.rounds import COUNTED
from gridgeo.analysis.seams import WITHIN_M
from gridgeo.analysis.tracks.faults import DAYS, PER_DAY
from gridgeo.analysis.tracks.valid import APART_H, MIN_FIXES, MIN_INSIDE_SHARE, MIN_MINUTES
from gridgeo.analysis.workload import SizeBands

__all__ = ["SizeBands", "Standards"]


@dataclass(frozen=True)
class Standards:
    """What "covered" means.

    Parameters
    ----------
    min_area_m2 : float
        Gaps, overlaps and the like up to this area are noise.
    reach_within_m : float
        A household exactly so far from a station is reached.
    reach_by : {"straight", "streets"}
        Whether that is a straight line or the way along streets.
    places_per_person : float or None
        Capacity of the stations within reach that there should be for each person; None: not
        judged.
    bands : SizeBands
        Occupied households a grid should have.
    visit_within_days : int
        A household met exactly so many days ago was visited in time.
    visit_outcomes : tuple of str
        Outcomes by which a household counts as visited.
    contacts_most, contacts_within_days : int
        Unsolicited visits to a household that are allowed within so many days; a visit exactly
        so many days after another one is not too early. Those of the last ``visit_within_days``
        are looked at.
    visits_in_vain : tuple of str
        Outcomes with which nobody was disturbed.
    leader_counts_as_worker, leader_counts_as_full_time : bool
        Whether a grid leader also counts as a worker, a full-time leader also as full-time.
    required_fields : tuple of str
        What the record of a household is expected to say.
    fresh_within_days : int
        A record checked exactly so many days ago is fresh.
    patrols_per_day : int
        Valid patrols a grid should have on every day.
    patrol_within_days : int
        Days looked back on; the day asked about is not over and does not count.
    patrol_minutes, patrol_fixes, patrol_inside_share, patrol_apart_h : int or float
        What makes a patrol valid: least minutes, least fixes, least share of them in its grid,
        least hours from the start of the one before.
    patrol_border_m : float
        How far outside its grid a fix of a patrol still counts as inside.
    patrol_radius_m : float
        How near to a track a street counts as walked.
    streets_walked_share : float
        Share of the length of its streets that a grid should see walked in these days.
    least_record_quality : float
        Records of this quality are good enough, above 0 to 1: the geometric mean of the shares
        complete, accurate and fresh.
    incidents_within_days : int
        Days of incidents looked back on, up to the day asked about.
    on_time_share : float
        Share of incidents settled within the limit of their class that is enough, 0 to 1.
    seam_within_m : float
        An incident exactly so far from the border between two grids lies near it.
    """

    min_area_m2: float = 1.0
    reach_within_m: float = 1000.0
    reach_by: Literal["straight", "streets"] = "straight"
    places_per_person: float | None = None
    bands: SizeBands = field(default_factory=SizeBands)
    visit_within_days: int = 90
    visit_outcomes: tuple[str, ...] = COUNTED
    contacts_most: int = 1
    contacts_within_days: int = 30
    visits_in_vain: tuple[str, ...] = IN_VAIN
    leader_counts_as_worker: bool = False
    leader_counts_as_full_time: bool = False
    required_fields: tuple[str, ...] = REQUIRED
    fresh_within_days: int = 90
    patrols_per_day: int = PER_DAY
    patrol_within_days: int = DAYS
    patrol_minutes: float = MIN_MINUTES
    patrol_fixes: int = MIN_FIXES
    patrol_inside_share: float = MIN_INSIDE_SHARE
    patrol_apart_h: float = APART_H
    # Phones err, and streets are the borders of grids: one in a thousand of the sample's patrols
    # has half of its fixes on the far side.
    patrol_border_m: float = 10.0
    # The width of a street and the error of a phone; half of the streets in a week is our choice.
    patrol_radius_m: float = 20.0
    streets_walked_share: float = 0.5
    least_record_quality: float = 0.8
    incidents_within_days: int = 90
    # Nobody says how many is enough; where a handbook tells a share reached, it is 75.82 %.
    on_time_share: float = 0.75
    seam_within_m: float = WITHIN_M
