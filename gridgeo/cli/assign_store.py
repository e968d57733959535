"""``gridgeo assign`` without points: the store's incidents, and what a plan would do to them."""

import datetime as dt

from gridgeo import wiring
from gridgeo.cli import options as given
from gridgeo.cli.say import bar, next_step, table, tell
from gridgeo.errors import ParameterError
from gridgeo.services.assigned import assign_incidents
from gridgeo.services.assigned_planned import Reassigned, reassigned
from gridgeo.settings import Settings


def assign_stored(
    nearest_within_m: float | None = None,
    plan_id: int | None = None,
    since: str | None = None,
    until: str | None = None,
) -> None:
    """Answer on the store: all incidents, or with a plan what it would do to them.

    Parameters
    ----------
    nearest_within_m : float, optional
    plan_id : int, optional
        Nothing is changed then.
    since, until : str, optional
        With a plan: first day counted, and first day no more.
    """
    settings = Settings()
    if plan_id is not None:
        period = (None if day is None else given.day(day, settings) for day in (since, until))
        _foretell(settings, plan_id, nearest_within_m, *period)
    elif since is not None or until is not None:
        raise ParameterError(
            "A period is counted of a plan only; incidents of all days get their grid.",
            hint="Say --plan N, or leave --since and --until out.",
            fields=["since", "until"],
        )
    else:
        _answer(settings, nearest_within_m)


def _answer(settings: Settings, nearest_within_m: float | None) -> None:
    with bar("Incidents") as told, wiring.opened(settings) as store:
        done = assign_incidents(
            store, zone=settings.zone, nearest_within_m=nearest_within_m, told=told
        )
        stands = store.answered(settings.zone)
    tell(f"{stands.answered:,} incidents have the grid that was in force when they happened.")
    for n, said in (
        (done.new, "are new"),
        (done.moved, "were answered again: their place or day is another"),
        (done.looked_at, "were answered again: " + (_ANEW if done.anew else _BORDERS)),
        (done.regridded, "of these have another grid now"),
        (done.gone, "are no more, and neither is their answer"),
    ):
        if n:
            tell(f"  {n:,} {said}")
    if stands.waiting or stands.borders_moved:
        tell(f"  {stands.waiting:,} came, or grids changed, while this was done")
        next_step("`gridgeo assign` once more")
    else:
        next_step("`gridgeo assign` again after the next import: only what changed is answered")


_BORDERS = "a border changed where they lie"
_ANEW = "nearest is asked for otherwise than before"


def _foretell(
    settings: Settings,
    plan_id: int,
    nearest_within_m: float | None,
    since: dt.date | None,
    until: dt.date | None,
) -> None:
    with bar(f"Plan {plan_id}") as told, wiring.opened(settings) as store:
        found = reassigned(
            store,
            plan_id,
            zone=settings.zone,
            since=since,
            until=until,
            nearest_within_m=nearest_within_m,
            told=told,
        )
    _show(found)
    next_step(f"`gridgeo plan show {plan_id}` tells where the plan stands")


def _show(found: Reassigned) -> None:
    moves = found.moves.fillna("–")
    rows = [[str(row.before), str(row.after), str(row.incidents)] for row in moves.itertuples()]
    table("Incidents with another grid", ["before 原网格", "after 新网格", "incidents 事件"], rows)
    last = found.until - dt.timedelta(days=1)
    tell(
        f"{found.incidents} incidents from {found.since} to {last} would have another grid by "
        f"version {found.version_no} of plan {found.plan_id} than by the grids of {found.day}; "
        "nothing is changed."
    )
