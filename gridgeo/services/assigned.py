"""Which grid does each incident in the store belong to?

The one that was in force where and when it was reported. Households and stations have no such
moment: they lie in the grid of the day they are asked about, which ``gridgeo.services.coverage``
works out anew.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from gridgeo.analysis.assign import BORDER, HOW, INSIDE, Answer
from gridgeo.analysis.border_changes import HAIR, Change, border_changes, in_turn
from gridgeo.analysis.in_time import EVER, GridsInTime
from gridgeo.model.answered import Answered, Asked, Basis, Where, Written

Progress = Callable[[float, str], None]

CHUNK_ROWS = 100_000


class OpenAnswering(Protocol):
    """A run of giving incidents their grids; each call is kept whole, or undone."""

    def begin(self, nearest_within_m: float | None) -> tuple[Basis, list[Basis]]:
        """Keep the grids as they are, and give those that stand in answers so far."""
        ...

    def forget_gone(self) -> int:
        """Take away the answers of incidents that are no more."""
        ...

    def lacking(self) -> int:
        """Count how many incidents more there are than answers."""
        ...

    def unanswered(self, breaks: list[dt.date], chunk_rows: int) -> Iterator[Asked]:
        """Give the incidents that are new, or whose place or day changed."""
        ...

    def again(self, where: Where, chunk_rows: int) -> Iterator[Asked]:
        """Give incidents that are answered, of some days and places."""
        ...

    def write(self, asked: Asked, answer: pa.Table) -> Written:
        """Keep the answers of a chunk."""
        ...

    def finish(self, base_id: int) -> None:
        """Say that all answers are right by one basis."""
        ...


class AnswerRegister(Protocol):
    """The parts of the store that keep which grid an incident belongs to."""

    def answering(self, zone: str) -> AbstractContextManager[OpenAnswering]:
        """Give incidents their grids, a transaction for each chunk."""
        ...

    def incident_grids(self, ids: list[str] | None = None) -> pd.DataFrame:
        """Give the grids that incidents belong to."""
        ...

    def incidents_by_grid(
        self, since: dt.date | None = None, until: dt.date | None = None
    ) -> pd.DataFrame:
        """Count the incidents of each grid and month."""
        ...

    def answered(self, zone: str) -> Answered:
        """Tell how many incidents have their grid, and how many wait for it."""
        ...


@dataclass(frozen=True)
class Assigned:
    """What a run did.

    Parameters
    ----------
    new : int
        Incidents answered for the first time.
    moved : int
        Answered again because their place or day changed.
    looked_at : int
        Answered again because a border changed where they lie; those that ``moved`` not counted.
    regridded : int
        Of ``moved`` and ``looked_at`` those that have another grid now.
    gone : int
        Answers taken away, as their incidents were.
    anew : bool
        Everything was answered again: nearest was asked for with another distance than before,
        or the grids are measured in another zone now.
    """

    new: int = 0
    moved: int = 0
    looked_at: int = 0
    regridded: int = 0
    gone: int = 0
    anew: bool = False


def assign_incidents(
    store: AnswerRegister,
    *,
    zone: str,
    nearest_within_m: float | None = None,
    told: Progress | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> Assigned:
    """Give every incident in the store the grid that was in force where and when it was reported.

    Parameters
    ----------
    store : AnswerRegister
    zone : str
        Time zone whose days are meant.
    nearest_within_m : float, optional
        A point in no grid goes to the nearest one so near, in metres of the grids' zone.
    told : callable, optional
        Told the share done, 0 to 1, and a sentence.
    chunk_rows : int
        Incidents in one transaction; twice as many are in memory at once.

    Returns
    -------
    Assigned
        Only what is new, what moved, and what lies where borders changed is answered; the same
        as if all were answered anew.

    Raises
    ------
    ParameterError
        ``nearest_within_m`` is negative or NaN.

    Notes
    -----
    Of several grids that cover a point the lower code answers, borders included. Covering is
    judged in degrees as points and borders rest, to the bit. An incident that is known by its
    grid only stands at the spot which it was given on its way in, and is judged there.

    A run may be killed at any time; the next one carries on. It keeps the grids that it answers
    by, compares them with all that earlier answers were given by, and forgets those when done.
    """
    if nearest_within_m is not None:
        GridsInTime(_no_grids(), nearest_within_m)  # a distance that is none is said before all
    told = told or (lambda _share, _text: None)
    with store.answering(zone) as run:
        told(0.0, "(grids)")
        now, earlier = run.begin(nearest_within_m)
        gone = run.forget_gone()
        grids = GridsInTime(now.versions, nearest_within_m)
        bar = _Bar(told, run.lacking())
        changes, anew = _changes(now, earlier)
        looked_at, by_border = _answer_again(run, grids, changes, bar, chunk_rows)
        new, moved, by_move = _answer_waiting(run, grids, bar, chunk_rows)
        run.finish(now.base_id)
    told(1.0, "")
    return Assigned(new, moved, looked_at, by_border + by_move, gone, anew and looked_at > 0)


def incidents_by_grid(
    store: AnswerRegister, since: dt.date | None = None, until: dt.date | None = None
) -> pd.DataFrame:
    """Count the incidents of each grid and month, each in the grid in force when it happened.

    Parameters
    ----------
    store : AnswerRegister
    since, until : date, optional
        First day, and first day no more.

    Returns
    -------
    DataFrame
        Index ``grid_code`` (NA: in no grid), one column a month (its first day), ascending;
        0 where there was none. Exact counts: nothing of it leaves but by ``publish.release``.
    """
    rows = store.incidents_by_grid(since, until)
    wide = rows.pivot_table(
        index="grid_code", columns="month", values="incidents", aggfunc="sum", dropna=False
    )
    return wide.fillna(0).astype("int64")


def _changes(now: Basis, earlier: list[Basis]) -> tuple[list[Change], bool]:
    """Find where answers may be another than by one of the earlier grids, and if everywhere."""
    changes: list[Change] = []
    for basis in earlier:
        if basis.nearest_within_m != now.nearest_within_m:
            changes.append(Change(int(-EVER), int(EVER), None))
        else:
            changes += border_changes(basis.versions, now.versions, now.nearest_within_m)
    return changes, any(change.places is None for change in changes)


def _answer_again(
    run: OpenAnswering, grids: GridsInTime, changes: list[Change], bar: "_Bar", chunk_rows: int
) -> tuple[int, int]:
    """Answer what lies where borders changed: how many, and how many have another grid."""
    looked_at = regridded = 0
    for change in in_turn(changes, grids.breaks):
        for asked in _ahead(run.again(where_of(change), chunk_rows)):
            answer = grids.at(asked.x, asked.y, asked.day)
            covered = np.isin(answer.how, (INSIDE, BORDER))
            concerned = change.touches(asked.x, asked.y, covered)
            if concerned.any():
                answer = _some(answer, concerned)
                written = run.write(asked.only(concerned), answer_table(grids, answer))
                regridded += written.regridded
                looked_at += int(concerned.sum())
                bar.add(int(concerned.sum()))
    return looked_at, regridded


def _answer_waiting(
    run: OpenAnswering, grids: GridsInTime, bar: "_Bar", chunk_rows: int
) -> tuple[int, int, int]:
    """Answer what is new or moved: how many of each, and how many of these have another grid."""
    new = moved = regridded = 0
    breaks = [day for day in map(day_of, grids.breaks.tolist()) if day is not None]
    for asked in _ahead(run.unanswered(breaks, chunk_rows)):
        answer = grids.at(asked.x, asked.y, asked.day)
        written = run.write(asked, answer_table(grids, answer))
        new += written.new
        moved += len(asked) - written.new
        regridded += written.regridded
        bar.add(len(asked))
    return new, moved, regridded


def _ahead(chunks: Iterator[Asked]) -> Iterator[Asked]:
    """Let the next chunk be read while this one is answered and written."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, chunks, None)
        while (chunk := following.result()) is not None:
            following = pool.submit(next, chunks, None)
            yield chunk


def _some(found: Answer, keep: npt.NDArray[np.bool_]) -> Answer:
    return Answer(found.position[keep], found.how[keep], found.distance_m[keep])


def answer_table(grids: GridsInTime, found: Answer) -> pa.Table:
    """Say an answer as the store keeps it: ``grid_code``, ``how``, ``distance_m``."""
    codes = pa.array(grids.codes, pa.large_string())
    return pa.table(
        {
            "grid_code": codes.take(pa.array(found.position, mask=found.position < 0)),
            "how": pa.array(HOW, pa.large_string()).take(pa.array(found.how)),
            "distance_m": pa.array(found.distance_m, from_pandas=True),
        }
    )


def where_of(change: Change) -> Where:
    """Say a change as the store is asked about it."""
    return Where(day_of(change.since), day_of(change.until), change.around(), HAIR)


def day_of(day: int) -> dt.date | None:
    """Give a day of ``GridsInTime`` as a date; None where open."""
    return None if abs(day) >= EVER else dt.date(1970, 1, 1) + dt.timedelta(days=day)


def _no_grids() -> gpd.GeoDataFrame:
    days = {name: pd.Series([], dtype="datetime64[us]") for name in ("valid_from", "valid_to")}
    return gpd.GeoDataFrame(days, geometry=[], crs=4490)


class _Bar:
    """Counts what is done; how much there is to do is known only in part beforehand."""

    def __init__(self, told: Progress, expected: int) -> None:
        self._told, self._expected, self._done = told, expected, 0

    def add(self, rows: int) -> None:
        self._done += rows
        share = self._done / max(self._expected, self._done, 1)
        self._told(min(share, 0.99), f"({self._done:,} incidents)")
