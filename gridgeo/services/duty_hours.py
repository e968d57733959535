"""Workers are followed in their duty hours only: other fixes do not come in."""

import datetime as dt
from dataclasses import replace
from typing import Protocol

from gridgeo.analysis.duty import on_duty
from gridgeo.ingest.notes import Note, gathered
from gridgeo.model.contract import Contract
from gridgeo.model.frames import ROSTERS
from gridgeo.model.records import Part
from gridgeo.services.sources import Frame


class Rosters(Protocol):
    """What knows the rosters."""

    def frame(self, contract: Contract) -> Frame:
        """Give a layer's rows."""
        ...


class DutyHours:
    """Keeps of a file of fixes what may be kept.

    Parameters
    ----------
    source : Rosters
        Asked once, when the first fixes come. While it knows no roster at all, duty hours are
        not known and every fix is kept; as soon as it knows one, whoever is on none has none.
    now : datetime
        With a time zone. A fix of a time to come has a wrong clock: it is not kept, for it would
        stand until its time has come and gone.
    """

    def __init__(self, source: Rosters, now: dt.datetime) -> None:
        self._source, self._now = source, now
        self._rosters: Frame | None = None
        self._notes: list[Note] = []

    def kept(self, part: Part) -> Part:
        """Give a part without the fixes that may not be kept; they are counted, not refused."""
        fixes = part.accepted
        if self._rosters is None:
            self._rosters = self._source.frame(ROSTERS)
        past = (fixes["t"] <= self._now).to_numpy()
        on = past
        if len(self._rosters):
            on = past & on_duty(fixes, self._rosters).to_numpy()
        else:
            self._notes.append(_unknown(len(fixes)))
        self._notes += [_off(int((past & ~on).sum())), _to_come(int((~past).sum()))]
        return part if on.all() else replace(part, accepted=fixes[on])

    def said(self) -> tuple[str, ...]:
        """Say how many fixes were not kept, and why."""
        return gathered(self._notes)


def _off(count: int) -> Note:
    return Note(
        "Fixes outside the duty hours of their worker, not kept: {0:,}.",
        "不在值班时间内、未保存的轨迹点:{0:,}。",
        (count,),
    )


def _to_come(count: int) -> Note:
    return Note(
        "Fixes of a time that has not come yet, not kept: {0:,}; a clock is wrong.",
        "时间晚于当前、未保存的轨迹点:{0:,};设备时钟有误。",
        (count,),
    )


def _unknown(count: int) -> Note:
    return Note(
        "No roster is known, so these fixes are kept whatever the hour: {0:,}. "
        "Import rosters first, and only duty hours are kept.",
        "尚无值班表,不论时间均已保存的轨迹点:{0:,}。请先导入值班表,之后只保存值班时间内的轨迹。",
        (count,),
    )
