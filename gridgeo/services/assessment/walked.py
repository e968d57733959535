"""On how many days each grid was walked as it should be."""

import datetime as dt

from gridgeo.analysis.tracks import patrol_days, valid_patrols
from gridgeo.model.frames import GRIDS, PATROLS
from gridgeo.services.assessment.tally import Missing, Tallies, tally
from gridgeo.services.kept import Kept
from gridgeo.services.sources import need

PATROLS_A_DAY = 2


def patrol_tallies(source: Kept, as_of: dt.date, days: int, zone: str) -> tuple[Tallies, Missing]:
    """Count the days with two valid patrols.

    Parameters
    ----------
    source : Kept
    as_of : date
        The days before it are counted.
    days : int
        How many; no more than have passed since the first patrol of anybody.
    zone : str

    Returns
    -------
    tallies, missing
        As ``household_tallies``; "patrolled".
    """
    patrols = source.frame(PATROLS)
    last = as_of - dt.timedelta(days=1)
    if len(patrols):
        began = patrols["starts_at"].min().tz_convert(zone).date()
        first = max(began, as_of - dt.timedelta(days=days))
    if not len(patrols) or first > last:
        return {}, {"patrolled": "patrols"}
    grids = need(source, GRIDS, as_of=as_of)
    sound = patrols[valid_patrols(patrols)["valid"]]
    by_day = patrol_days(sound, grids, first, last, zone)
    met = (by_day >= PATROLS_A_DAY).sum(axis=1)
    return {"patrolled": tally(met, by_day.shape[1], 0, grids.index)}, {}
