"""On how many days each grid was walked as it should be."""

import datetime as dt

from gridgeo.analysis.tracks import patrol_days
from gridgeo.model.frames import FIXES, GRIDS, PATROLS
from gridgeo.services.assessment.tally import Missing, Tallies, tally
from gridgeo.services.kept import Kept
from gridgeo.services.patrols import judged
from gridgeo.services.sources import need
from gridgeo.services.standards import Standards
from gridgeo.services.track_sums import sum_up


def patrol_tallies(
    source: Kept, as_of: dt.date, standards: Standards, days: int, zone: str
) -> tuple[Tallies, Missing]:
    """Count the days with as many valid patrols as the standard asks, two unless said otherwise.

    Parameters
    ----------
    source : Kept
        Patrols, or else fixes that they are made of.
    as_of : date
        The days before it are counted.
    standards : Standards
        Say which patrols are valid, and how many a day there should be.
    days : int
        How many; no more than have passed since the first patrol of anybody.
    zone : str

    Returns
    -------
    tallies, missing
        As ``household_tallies``; "patrolled".
    """
    patrols = source.frame(PATROLS)
    fixes = source.frame(FIXES) if not len(patrols) else patrols.iloc[:0]
    if len(fixes):
        patrols = sum_up(source, fixes, standards, zone).patrols
    last = as_of - dt.timedelta(days=1)
    if len(patrols):
        began = patrols["starts_at"].min().tz_convert(zone).date()
        first = max(began, as_of - dt.timedelta(days=days))
    if not len(patrols) or first > last:
        return {}, {"patrolled": "patrols or fixes"}
    grids = need(source, GRIDS, as_of=as_of)
    sound = patrols[judged(patrols, standards)["valid"]]
    by_day = patrol_days(sound, grids, first, last, zone)
    met = (by_day >= standards.patrols_per_day).sum(axis=1)
    return {"patrolled": tally(met, by_day.shape[1], 0, grids.index)}, {}
