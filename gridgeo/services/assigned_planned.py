"""What if a plan were in force: how many incidents would belong to another grid?"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import geopandas as gpd
import pandas as pd

from gridgeo.analysis.border_changes import border_changes, in_turn
from gridgeo.analysis.in_time import GridsInTime
from gridgeo.errors import NotFoundError, ParameterError
from gridgeo.model.answered import Asked, Where
from gridgeo.publish import roughly
from gridgeo.publish.layer import K
from gridgeo.services.assigned import CHUNK_ROWS, Progress, where_of
from gridgeo.services.plan_keeping import PlanRegister
from gridgeo.services.planned import borders

DAYS = 365


class IncidentRegister(PlanRegister, Protocol):
    """The parts of the store that know plans, and where and when incidents happened."""

    def incidents_in(
        self, zone: str, where: Where, chunk_rows: int = CHUNK_ROWS
    ) -> Iterator[Asked]:
        """Give the incidents of some days and places."""
        ...

    def last_incident_day(self, zone: str) -> dt.date | None:
        """Give the day of the latest incident."""
        ...


@dataclass(frozen=True, eq=False)
class Reassigned:
    """What a plan would do to the incidents of a period.

    Parameters
    ----------
    plan_id, version_no : int
    day : date or None
        The grids of this day are what the plan changes.
    since, until : date
        First day counted, and first day no more.
    moves : DataFrame
        ``before`` and ``after`` (grid, NA for none) and ``incidents``, no closer than a multiple
        of k: see ``gridgeo.publish.roughly``. Most first.
    incidents : str
        How many would have another grid, in all; "0" for none.
    """

    plan_id: int
    version_no: int
    day: dt.date | None
    since: dt.date
    until: dt.date
    moves: pd.DataFrame
    incidents: str


def reassigned(
    store: IncidentRegister,
    plan_id: int,
    version_no: int | None = None,
    *,
    zone: str,
    since: dt.date | None = None,
    until: dt.date | None = None,
    nearest_within_m: float | None = None,
    told: Progress | None = None,
) -> Reassigned:
    """Count the incidents that would belong to another grid were a plan in force.

    Parameters
    ----------
    store : IncidentRegister
        Nothing in it is changed, nor need incidents have their grid yet.
    plan_id : int
    version_no : int, optional
        The newest without it.
    zone : str
        Time zone whose days are meant.
    since, until : date, optional
        First day counted, and first day no more; without them the 365 days up to the latest
        incident.
    nearest_within_m : float, optional
        As for ``assign_incidents``.
    told : callable, optional
        Told the share done, 0 to 1, and a sentence.

    Returns
    -------
    Reassigned
        All incidents of the period are asked of the grids of the plan's day, without it and
        with it. Only those are read that lie where it moves a border.

    Raises
    ------
    ConflictError
        The plan does not fit the units that stand.
    NotFoundError
        There is no such plan or version, or no incident.
    ParameterError
        The period has no day, or the distance is none.
    """
    plan = store.plan(plan_id, version_no)
    first, end = _period(store, zone, since, until)
    found = borders(store, plan.assignment, plan.base_date)
    before, after = _always(found.today), _always(found.grids)
    asking = [GridsInTime(grids, nearest_within_m) for grids in (before, after)]
    pairs: Counter[tuple[str | None, str | None]] = Counter()
    done = 0
    for change in in_turn(border_changes(before, after, nearest_within_m), asking[0].breaks):
        places = where_of(change)
        where = Where(first, end, places.places, places.within)
        for asked in store.incidents_in(zone, where):
            pairs.update(_moved(asking, asked))
            done += len(asked)
            if told is not None:
                told(0.5, f"({done:,} incidents)")
    least = K["internal"]
    ranked = sorted(pairs.items(), key=lambda one: (-one[1], str(one[0])))
    moves = pd.DataFrame(
        [(*codes, roughly(n, least)) for codes, n in ranked],
        columns=["before", "after", "incidents"],
        dtype="str",
    )
    return Reassigned(
        plan_id,
        plan.version_no or 1,
        plan.base_date,
        first,
        end,
        moves,
        roughly(pairs.total(), least) or "0",
    )


def _period(
    store: IncidentRegister, zone: str, since: dt.date | None, until: dt.date | None
) -> tuple[dt.date, dt.date]:
    if until is None:
        last = store.last_incident_day(zone)
        if last is None:
            raise NotFoundError(
                "The store has no incidents.",
                hint="Take some in with `gridgeo import incidents FILE`.",
                fields=["incidents"],
            )
        until = last + dt.timedelta(days=1)
    first = until - dt.timedelta(days=DAYS) if since is None else since
    if first >= until:
        raise ParameterError(
            f"The period from {first} up to {until} has no day.",
            hint="until is the first day no longer counted; name a later one.",
            fields=["since", "until"],
        )
    return first, until


def _always(grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Let grids be in force on any day, in the order of their codes."""
    never = pd.Series(pd.NaT, index=grids.index, dtype="datetime64[us]")
    bare = gpd.GeoDataFrame(
        {"valid_from": never, "valid_to": never}, geometry=grids.geometry, crs=grids.crs
    )
    return bare.sort_index()


def _moved(asking: list[GridsInTime], asked: Asked) -> Iterator[tuple[str | None, str | None]]:
    """Give the grids before and after of each incident whose grid differs."""
    before, after = (
        pd.array(grids.codes, "str")
        .take(grids.at(asked.x, asked.y, asked.day).position, allow_fill=True)
        .to_numpy(object, na_value=None)
        for grids in asking
    )
    return zip(*(side[before != after] for side in (before, after)), strict=True)
