"""Is every grid patrolled twice a day, and are its streets walked (V2, V3)?"""

import datetime as dt
from zoneinfo import ZoneInfo

from gridgeo.analysis.street_cover import patrol_share_faults
from gridgeo.analysis.tracks import patrol_faults
from gridgeo.model.crs import to_crs_of
from gridgeo.model.frames import STREETS
from gridgeo.services.detectors.day import Day, Found
from gridgeo.services.patrols import walked

KINDS = ("patrol", "patrol-share")
STRAYS = ("patrol-unknown-grid",)


def detect(day: Day) -> Found:
    """Judge the days before the one asked about, which is not over."""
    found, standards = Found(), day.standards
    until = dt.datetime.combine(day.as_of, dt.time(), ZoneInfo(day.zone))
    since = until - dt.timedelta(days=standards.patrol_within_days)
    known = walked(day.source, since, until, standards, day.zone)
    if found.can_judge(KINDS[:1], "" if known.known else "patrols or fixes"):
        unknown = int((~known.patrols["grid_code"].isin(day.grids.index)).sum())
        found.strays = {STRAYS[0]: unknown} if unknown else {}
        found.findings.append(
            patrol_faults(
                day.grids,
                known.patrols,
                day.as_of,
                standards.patrol_within_days,
                standards.patrols_per_day,
                standards.patrol_minutes,
                standards.patrol_fixes,
                standards.patrol_inside_share,
                standards.patrol_apart_h,
                day.zone,
                day.counts,
            )
        )
    streets, covered = day.source.frame(STREETS), known.covered
    missing = ("" if len(streets) else "streets", "fixes" if covered is None else "")
    if found.can_judge(KINDS[1:], *missing) and covered is not None:
        found.findings.append(
            patrol_share_faults(
                day.grids,
                to_crs_of(streets, day.grids, "streets", "grids"),
                covered,
                standards.streets_walked_share,
                standards.patrol_within_days,
                day.as_of,
                day.counts,
            )
        )
    return found
