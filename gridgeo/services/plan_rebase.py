"""A plan on today's base: what it changes is carried over, what others changed stays theirs."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from gridgeo.errors import ConflictError
from gridgeo.model.frames import GRIDS, UNITS
from gridgeo.model.records import StoredPlan
from gridgeo.services.plan_codes import is_placeholder
from gridgeo.services.plan_keeping import PlanRegister
from gridgeo.services.sources import need


@dataclass(frozen=True)
class Carried:
    """What became of a plan's assignment on another base.

    Parameters
    ----------
    assignment : Series of str
        Unit → grid on the new base.
    gone_units : tuple of str
        Units of the plan that are no more.
    new_units : tuple of str
        Units that were not there when the plan was made: they take the grid of today.
    gone_grids : tuple of str
        Grids of the plan that are no more: units it gave them take the grid of today.
    taken : tuple of str
        Codes that the plan gave to new grids and others took meanwhile: such a grid is called
        ``new-1`` … again.
    contested : tuple of str
        Units that others moved, too: they go where the plan sends them.
    nowhere : tuple of str
        Units in no grid, neither in the plan nor today: left out.
    """

    assignment: pd.Series
    gone_units: tuple[str, ...] = ()
    new_units: tuple[str, ...] = ()
    gone_grids: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    contested: tuple[str, ...] = ()
    nowhere: tuple[str, ...] = ()


def carry(
    assignment: pd.Series,
    then: tuple[Mapping[str, str | None], Collection[str]] | None,
    units_now: pd.Series,
    grids_now: Collection[str],
    ever: Collection[str],
) -> Carried:
    """Carry what a plan changes over to another base.

    Parameters
    ----------
    assignment : Series of str
        Unit → grid, of the plan.
    then : tuple of mapping and collection, or None
        Unit → grid, and all grids, when the plan was made. Without them every unit counts as
        moved by the plan.
    units_now : Series of str
        Unit → grid now.
    grids_now : collection of str
        Grids in force now.
    ever : collection of str
        All codes that are or were; tells new grids from gone ones where ``then`` is None.

    Returns
    -------
    Carried
        A unit that the plan had left where it was is where it is now.
    """
    now = {str(unit): None if pd.isna(grid) else grid for unit, grid in units_now.items()}
    units_then, grids_then = then if then is not None else ({}, set(ever))
    opened = set(assignment) - set(grids_then)
    taken = sorted(code for code in opened & set(grids_now) if then is not None)
    gone_grids = sorted(set(assignment) - opened - set(grids_now))
    names = _renamed(taken, {*assignment, *now.values()})
    wish: dict[str, str | None] = dict(now)
    contested = []
    for unit, grid in zip(map(str, assignment.index), assignment, strict=True):
        stayed = then is not None and units_then.get(unit) == grid
        if unit not in now or stayed or grid in gone_grids:
            continue
        if then is not None and now[unit] not in (units_then.get(unit), grid):
            contested.append(unit)
        wish[unit] = names.get(grid, grid)
    planned = {
        *map(str, assignment.index),
        *(unit for unit in now if then and unit not in units_then),
    }
    kept = {unit: wish[unit] for unit in sorted(planned) if unit in now}
    nowhere = tuple(unit for unit, grid in kept.items() if grid is None)
    carried = {unit: grid for unit, grid in kept.items() if grid is not None}
    return Carried(
        pd.Series(carried, dtype="str").rename_axis("unit_id"),
        tuple(sorted(set(map(str, assignment.index)) - set(now))),
        tuple(sorted(set(now) - set(units_then))) if then is not None else (),
        tuple(gone_grids),
        tuple(taken),
        tuple(sorted(contested)),
        nowhere,
    )


def rebase(
    store: PlanRegister, plan_id: int, day: dt.date, *, now: dt.datetime, by: str
) -> tuple[int, int, Carried]:
    """Make a draft of a plan on what stands now.

    Parameters
    ----------
    store : PlanRegister
    plan_id : int
    day : date
        The grids in force then, and what is known to follow, are its new base.
    now : datetime
        With a time zone.
    by : str

    Returns
    -------
    plan_id, version_no : int
        Of a draft the next version; a plan that has left its draft stays as it is, and the
        draft is a plan of its own.
    carried : Carried

    Raises
    ------
    ConflictError
        Nothing moved since the plan was made, nor will until ``day``.
    NotFoundError
        There is no such plan.
    """
    plan = store.plan(plan_id)
    base_id = store.keep_base(day)
    if base_id == plan.base_id and not store.plan_moved(plan_id):
        raise ConflictError(
            f"Nothing moved since plan {plan_id} was made for {plan.base_date}, nor is anything "
            f"known to move until {day}.",
            hint=f"Take its next step; `gridgeo plan show {plan_id}` tells which.",
            code="plan.step",
            fields=["plan_id"],
        )
    units, grids = need(store, UNITS, as_of=day), need(store, GRIDS, as_of=day)
    ever = store.frame(GRIDS).index
    carried = carry(
        plan.assignment, store.plan_base(plan_id), units["grid_code"], grids.index, ever
    )
    made = StoredPlan(
        carried.assignment,
        now,
        plan.seed,
        {**plan.params, "rebased_from": f"plan {plan_id} version {plan.version_no}"},
        base_date=day,
        by=by,
        note=f"plan {plan_id} version {plan.version_no} on the grids of {day}",
        base_id=base_id,
    )
    if plan.state != "draft":
        return store.save_plan(made), 1, carried
    newer = replace(made, version_no=plan.version_no)
    return plan_id, store.add_plan_version(plan_id, newer), carried


def _renamed(taken: list[str], known: Collection[str | None]) -> dict[str, str]:
    """Call grids ``new-1`` … again, by numbers that no other grid of the plan has."""
    used = {int(code[4:]) for code in known if code is not None and is_placeholder(code)}
    first = max(used, default=0) + 1
    return {code: f"new-{first + n}" for n, code in enumerate(taken)}
