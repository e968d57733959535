"""From tracks to patrols: what is kept of them, and what goes."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import geopandas as gpd
import pandas as pd

from gridgeo.analysis.rounds import ZONE
from gridgeo.analysis.tracks import valid_patrols
from gridgeo.analysis.tracks.legs import MAX_GAP_S, MAX_SPEED_M_S
from gridgeo.model.contract import Contract
from gridgeo.model.frames import FIXES, GRIDS, PATROLS, STREETS
from gridgeo.model.records import FeedIn, FeedResult, Walked
from gridgeo.services.kept import Kept, kept
from gridgeo.services.sources import Frame, Source, need
from gridgeo.services.standards import Standards
from gridgeo.services.track_sums import Summed, local_days, sum_up, together

Told = Callable[[float, str], None]

HELD = dt.timedelta(hours=72)  # how long a raw fix may stand
FINISHED = dt.timedelta(minutes=30)  # a track without a fix for so long is over


class Walks(Protocol):
    """Tracks about to become patrols; all of it is kept, or nothing."""

    def frame(self, contract: Contract, *, as_of: dt.date | None = None) -> Frame:
        """Give a layer's rows."""
        ...

    def waiting(self, *, streets: bool) -> pd.DataFrame:
        """Give the tracks that no patrol was made from yet, or only from a part of them."""
        ...

    def fixes(self, tracks: pd.Index) -> gpd.GeoDataFrame:
        """Give the fixes of tracks."""
        ...

    def patrols(self, since: dt.datetime, until: dt.datetime) -> pd.DataFrame:
        """Give the patrols that begin in a period."""
        ...

    def keep(self, facts: pd.DataFrame, intervals: pd.DataFrame, feed: FeedIn) -> FeedResult:
        """Keep patrols and the stretches of street that they covered."""
        ...

    def drop(self, before: dt.datetime) -> int:
        """Drop the fixes taken before a moment."""
        ...


class WalkStore(Protocol):
    """The part of the store that turns tracks into patrols."""

    def walks(self) -> AbstractContextManager[Walks]:
        """Open the work; whoever comes second waits."""
        ...


@runtime_checkable
class WalkedStore(Protocol):
    """A source that keeps patrols and gives those of a period."""

    def walked(self, since: dt.datetime, until: dt.datetime) -> Walked:
        """Give the patrols that begin in a period, and what they covered together."""
        ...


@dataclass(frozen=True, eq=False)
class PatrolsMade:
    """What became of the tracks in a store.

    Parameters
    ----------
    patrols : DataFrame
        Those made now, or made anew as fixes had come later: ``PATROLS`` with ``valid`` and
        ``reason`` as ``judged`` gives them.
    nowhere : int
        Finished tracks of which no patrol can be made: they lie in no grid.
    unfinished : int
        Tracks whose last fix is not old enough yet.
    dropped : int
        Raw fixes that were dropped for their age.
    result : FeedResult or None
        What changed; None where no track was waiting.
    """

    patrols: pd.DataFrame
    nowhere: int
    unfinished: int
    dropped: int
    result: FeedResult | None


def make_patrols(
    store: WalkStore,
    *,
    now: dt.datetime,
    who: str,
    standards: Standards | None = None,
    zone: str = ZONE,
    told: Told | None = None,
) -> PatrolsMade:
    """Make patrols of the finished tracks in a store, and drop old raw fixes.

    Parameters
    ----------
    store : WalkStore
    now : datetime
        With a time zone. Fixes taken more than 72 hours before go, whatever became of them.
    who : str
        Who makes them, for the register of feeds.
    standards : Standards, optional
    zone : str
        Time zone whose days are meant: a track is judged by the grids in force on its day.
    told : callable, optional
        Told the share done, 0 to 1, and a few words.

    Returns
    -------
    PatrolsMade

    Notes
    -----
    One transaction: facts and stretches are written and old fixes dropped together, or nothing
    is. A patrol is made anew only while all fixes it was made from are here: done twice, nothing
    changes.
    """
    standards, told = standards or Standards(), told or _quiet
    with store.walks() as work:
        source = kept(work)
        waiting = work.waiting(streets=len(source.frame(STREETS)) > 0)
        finished = waiting[waiting["last"] <= now - FINISHED]
        days = finished.groupby(local_days(finished["first"], zone)).groups
        parts = []
        for done, tracks in enumerate(days.values()):
            told(0.9 * done / len(days), f"{len(tracks):,} tracks")
            parts.append(sum_up(source, work.fixes(tracks), standards, zone))
        made = together(parts)
        result, facts = None, judged(made.patrols, standards)
        if len(made.patrols):
            result = work.keep(made.patrols, made.intervals, _feed(made, standards, now, who))
            # The patrols around them decide, too, which of them come too soon.
            begun, day = made.patrols["starts_at"], dt.timedelta(days=1)
            around = work.patrols(begun.min() - day, begun.max() + day)
            facts = judged(around, standards).loc[made.patrols.index]
        dropped = work.drop(now - HELD)
    told(1.0, "")
    unfinished = len(waiting) - len(finished)
    return PatrolsMade(facts, made.nowhere, unfinished, dropped, result)


def judged(patrols: pd.DataFrame, standards: Standards) -> pd.DataFrame:
    """Say of patrols which are valid, and why the others are not.

    Parameters
    ----------
    patrols : DataFrame
        Keeps ``PATROLS``; all of a grid and day, as one decides about the next.
    standards : Standards

    Returns
    -------
    DataFrame
        ``patrols`` with ``valid`` and ``reason``, as ``analysis.tracks.valid_patrols`` gives them.
    """
    return patrols.join(
        valid_patrols(
            patrols,
            standards.patrol_minutes,
            standards.patrol_fixes,
            standards.patrol_inside_share,
            standards.patrol_apart_h,
        )
    )


def reasons(patrols: pd.DataFrame) -> dict[str, int]:
    """Count why judged patrols are not valid; one may have several reasons.

    Parameters
    ----------
    patrols : DataFrame
        As ``judged`` gives it.

    Returns
    -------
    dict of str to int
        Reason → patrols, most frequent first.
    """
    said = patrols.loc[~patrols["valid"].astype(bool), "reason"].str.split("+")
    return dict(Counter(reason for one in said for reason in one).most_common())


def patrols_of(
    source: Source, standards: Standards | None = None, zone: str = ZONE
) -> tuple[pd.DataFrame, Summed]:
    """Sum up and judge the tracks of files.

    Parameters
    ----------
    source : Source
        Fixes and grids are needed; streets and rosters where there are any.
    standards : Standards, optional
    zone : str

    Returns
    -------
    patrols : DataFrame
        Index ``patrol_id``: ``PATROLS`` with times in ``zone``, ``minutes``, ``streets_m`` (metres
        of street along the track, NaN where no street is known), ``valid`` and ``reason``.
    summed : Summed

    Raises
    ------
    ParameterError
        There are no fixes or no grids.
    """
    standards = standards or Standards()
    fixes = need(source, FIXES)
    need(source, GRIDS)
    found = sum_up(source, fixes, standards, zone)
    facts = judged(found.patrols, standards)
    lasted = (facts["ends_at"] - facts["starts_at"]).dt.total_seconds() / 60
    along = found.intervals["to_m"] - found.intervals["from_m"]
    streets_m = along.groupby(found.intervals["patrol_id"]).sum().reindex(facts.index)
    if len(source.frame(STREETS)):
        streets_m = streets_m.fillna(0.0)
    local = {n: facts[n].dt.tz_convert(zone) for n in ("starts_at", "ends_at")}
    table = facts.assign(**local, minutes=lasted.round(1), streets_m=streets_m.round(1))
    said = ["valid", "reason"]
    return table[[*(c for c in table.columns if c not in said), *said]], found


def walked(
    source: Kept, since: dt.datetime, until: dt.datetime, standards: Standards, zone: str
) -> Walked:
    """Give the patrols of a period and what they covered: as kept, or else from fixes.

    Parameters
    ----------
    source : Kept
        A store gives what it kept. Files are those of patrols, or of fixes: then the patrols are
        made of them.
    since, until : datetime
        With a time zone; ``until`` itself is out.
    standards, zone
        As for ``sum_up``.

    Returns
    -------
    Walked
    """
    if isinstance(source.origin, WalkedStore):
        found = source.origin.walked(since, until)
        if found.known:
            return found
    patrols, fixes = source.frame(PATROLS), source.frame(FIXES)
    covered = None
    if len(fixes):
        made = sum_up(source, fixes, standards, zone)
        patrols = patrols if len(patrols) else made.patrols
        begun = made.patrols.index[_within(made.patrols, since, until)]
        intervals = made.intervals[made.intervals["patrol_id"].isin(begun)]
        covered = intervals.rename(columns={"street_id": "street"})
        covered = covered if len(made.intervals) else None
    before = since - dt.timedelta(days=1)
    return Walked(patrols[_within(patrols, before, until)], covered, known=len(patrols) > 0)


def _within(patrols: pd.DataFrame, since: dt.datetime, until: dt.datetime) -> pd.Series:
    if not len(patrols):
        return pd.Series(False, index=patrols.index)
    return (patrols["starts_at"] >= since) & (patrols["starts_at"] < until)


def _feed(made: Summed, standards: Standards, now: dt.datetime, who: str) -> FeedIn:
    """Enter the work into the register of feeds: what the figures were made from, and how."""
    params = {
        "made_from": FIXES.name,
        "border_m": standards.patrol_border_m,
        "radius_m": standards.patrol_radius_m,
        "max_gap_s": MAX_GAP_S,
        "max_speed_m_s": MAX_SPEED_M_S,
    }
    digest = hashlib.sha256()
    for frame in (made.patrols, made.intervals):
        digest.update(pd.util.hash_pandas_object(frame).to_numpy().tobytes())
    return FeedIn(FIXES.name, digest.hexdigest(), now, who, params)


def _quiet(share: float, said: str) -> None:
    """Say nothing."""
