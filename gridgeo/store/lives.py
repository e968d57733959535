"""A grid has a life: what a new description of it does to the versions that stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gridgeo.errors import InputError

_START = date.min


@dataclass(frozen=True)
class Version:
    """One version of a grid.

    Parameters
    ----------
    code : str
    start : date or None
        First day in force; None when it always was.
    end : date or None
        First day no longer in force; None while open.
    content : mapping
        All else: name, village, shape as WKB.
    version_id : int or None
        None for one that does not stand yet.
    """

    code: str
    start: date | None
    end: date | None
    content: Mapping[str, Any]
    version_id: int | None = None


@dataclass
class Changes:
    """What has to be written; what is in none of the lists stays.

    Parameters
    ----------
    closed, amended, opened : list of Version
        Ended where a new version begins; changed in place; new.
    unchanged : int
    """

    closed: list[Version] = field(default_factory=list)
    amended: list[Version] = field(default_factory=list)
    opened: list[Version] = field(default_factory=list)
    unchanged: int = 0


def changes(
    standing: Iterable[Version], described: Iterable[Version], day: date | None = None
) -> Changes:
    """Work out what new descriptions change.

    Parameters
    ----------
    standing : iterable of Version
        All that stands of the grids concerned.
    described : iterable of Version
        At most one a grid. ``content`` may lack entries: those stay as they are.
    day : date, optional
        Start of descriptions that say none. Without either, a description corrects the last
        version in place: it claims no day on which the grid changed.

    Returns
    -------
    Changes
        A description equal to the version in force at its start changes nothing. A different one
        with the same start amends that version; with a later start it closes it that day and
        opens a new one, which lasts until its own end, the end of the version it replaces or the
        start of the next one, whichever is first.

    Raises
    ------
    InputError
        A description ends before it begins; at most three grids are named.
    """
    lives: dict[str, list[Version]] = {}
    for version in standing:
        lives.setdefault(version.code, []).append(version)
    found, dead = Changes(), []
    for new in described:
        life = sorted(lives.get(new.code, ()), key=lambda v: v.start or _START)
        start = new.start or day or (life[-1].start if life else None)
        if new.end is not None and new.end <= (start or _START):
            dead.append(new.code)
            continue
        now = next((v for v in life if _covers(v, start)), None)
        _weigh(found, new, start, now, _next_start(life, start))
    if dead:
        named = ", ".join(dead[:3]) + (", …" if len(dead) > 3 else "")
        raise InputError(
            f"{len(dead)} grids end on or before the day they begin ({named}).",
            hint="Mend valid_to; it is the first day no longer in force.",
            fields=["valid_from", "valid_to"],
        )
    return found


def _weigh(
    found: Changes, new: Version, start: date | None, now: Version | None, following: date | None
) -> None:
    if now is None:
        found.opened.append(Version(new.code, start, _first(new.end, following), new.content))
        return
    content = {**now.content, **new.content}
    end = _first(new.end or now.end, following)
    if content == now.content and end == now.end:
        found.unchanged += 1
    elif start == now.start:
        found.amended.append(Version(new.code, start, end, content, now.version_id))
    else:
        found.closed.append(Version(new.code, now.start, start, now.content, now.version_id))
        found.opened.append(Version(new.code, start, end, content))


def _covers(version: Version, day: date | None) -> bool:
    begun = (version.start or _START) <= (day or _START)
    return begun and (version.end is None or (day or _START) < version.end)


def _next_start(life: list[Version], day: date | None) -> date | None:
    starts = (v.start for v in life if v.start is not None)
    return min((s for s in starts if s > (day or _START)), default=None)


def _first(*days: date | None) -> date | None:
    return min((d for d in days if d is not None), default=None)
