"""From a draft to borders in force: what the solver proposed, persons confirm step by step."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from gridgeo.errors import ConflictError, InputError, ParameterError
from gridgeo.ingest.names import recognise, spellings
from gridgeo.ingest.plain import load
from gridgeo.model.frames import GRIDS, UNITS
from gridgeo.model.plan_states import PUBLICITY_DAYS
from gridgeo.model.records import PlanStep, StoredPlan, named
from gridgeo.services.plan_codes import breaks_rule, is_placeholder, proposed_codes
from gridgeo.services.plan_keeping import PlanRegister
from gridgeo.services.planned import Borders, borders, village_of
from gridgeo.services.plans import Progress, propose


@dataclass(frozen=True)
class Filed:
    """What filing did.

    Parameters
    ----------
    step : PlanStep
    borders : Borders or None
        None where the plan had been filed before: then nothing was changed.
    """

    step: PlanStep
    borders: Borders | None

    @property
    def repeated(self) -> bool:
        """Whether the plan had been filed before."""
        return self.borders is None


def draft(
    store: PlanRegister,
    day: dt.date,
    *,
    now: dt.datetime,
    note: str = "",
    tolerance: float = 0.05,
    seed: int = 0,
    time_limit_s: float = 60.0,
    progress: Progress | None = None,
) -> int:
    """Let the solver make a draft of the grids in force; it is kept, and applied nowhere.

    Parameters
    ----------
    store : PlanRegister
    day : date
    now : datetime
        With a time zone.
    note : str
    tolerance, seed, time_limit_s, progress
        As for ``plans.propose``.

    Returns
    -------
    int
        Its ``plan_id``.
    """
    # Before the solver reads: what moves while it works is found when the plan is proposed.
    base_id = store.keep_base(day)
    plan = propose(
        store,
        day,
        tolerance=tolerance,
        seed=seed,
        time_limit_s=time_limit_s,
        progress=progress,
    )
    params = {"tolerance": tolerance, "stopped": plan.stopped}
    kept = StoredPlan(
        plan.assignment, now, seed, params, plan.scores, day, note=note, base_id=base_id
    )
    return store.save_plan(kept)


def save_file(
    store: PlanRegister,
    path: Path,
    day: dt.date,
    *,
    now: dt.datetime,
    by: str,
    note: str = "",
    plan_id: int | None = None,
) -> tuple[int, int]:
    """Keep a plan that stands in a file: one row a unit, with its grid.

    Parameters
    ----------
    store : PlanRegister
    path : Path
        Such as ``gridgeo balance -o plan.csv`` writes: ``unit_id`` and ``grid_code``.
    day : date
        The grids in force then are what it was made from.
    now : datetime
    by, note : str
    plan_id : int, optional
        Of a draft, which gets a new version; a new plan without it.

    Returns
    -------
    plan_id, version_no : int

    Raises
    ------
    InputError
        The file has no such columns, a row without a grid, or a unit twice.
    ConflictError
        It names units that the store has not, or ``plan_id`` is no draft.
    """
    base_id = store.keep_base(day)
    assignment = assignment_of(path)
    borders(store, assignment, day)
    plan = StoredPlan(
        assignment,
        now,
        params={"file": path.name},
        base_date=day,
        by=by,
        note=note,
        base_id=base_id,
    )
    if plan_id is None:
        return store.save_plan(plan), 1
    return plan_id, store.add_plan_version(plan_id, plan)


def assignment_of(path: Path) -> pd.Series:
    """Read unit → grid from a file.

    Raises
    ------
    InputError
        The file has no such columns, a row without a grid, or a unit twice.
    """
    table = load(path)
    headers = [str(header) for header in table.columns]
    known = {name: spellings(UNITS)[name] for name in ("unit_id", "grid_code")}
    found = recognise(headers, known, {}, path.name)
    missing = [name for name in known if name not in found]
    if missing:
        raise InputError(
            f"{path.name} has no column {' nor '.join(missing)}; a plan needs both.",
            hint="Write unit_id,grid_code as `gridgeo balance -o plan.csv` does.",
            fields=missing,
        )
    units = table[found["unit_id"]].astype("str")
    grids = table[found["grid_code"]].astype("str")
    faulty = units.isna() | grids.isna() | units.duplicated()
    if faulty.any() or table.empty:
        raise InputError(
            f"{path.name}: of {len(table):,} rows {int(faulty.sum()):,} lack unit or grid, or "
            f"repeat a unit{_rows(table.index[faulty])}.",
            hint="A plan gives each unit exactly one grid.",
            fields=["unit_id"],
        )
    return pd.Series(grids.to_numpy(), pd.Index(units, name="unit_id"), dtype="str")


def advance(
    store: PlanRegister,
    plan_id: int,
    to: str,
    *,
    now: dt.datetime,
    by: str,
    note: str = "",
    publicity_days: int = PUBLICITY_DAYS,
) -> PlanStep:
    """Take the next step of a plan's newest version.

    Parameters
    ----------
    store : PlanRegister
    plan_id : int
    to : str
        See ``gridgeo.model.plan_states``.
    now : datetime
    by, note : str
    publicity_days : int

    Returns
    -------
    PlanStep

    Raises
    ------
    ConflictError
        The plan is not where this step begins, does not fit what stands, or opens grids that have
        no code yet.
    ParameterError
        As for ``Store.advance_plan``.
    """
    plan = store.plan(plan_id)
    if to == "proposed" and plan.state == "draft":
        check_codes(plan_id, borders(store, plan.assignment, plan.base_date))
    return store.advance_plan(
        plan_id,
        to,
        now=now,
        by=by,
        note=note,
        publicity_days=publicity_days,
        version_no=plan.version_no,
    )


def file(
    store: PlanRegister,
    plan_id: int,
    valid_from: dt.date,
    *,
    today: dt.date,
    now: dt.datetime,
    by: str,
    note: str = "",
    allow_past: bool = False,
) -> Filed:
    """Put the borders of an approved plan in force from a day on: all of them, or none.

    Parameters
    ----------
    store : PlanRegister
    plan_id : int
    valid_from : date
        First day of the new borders; the old ones end that day.
    today : date
    now : datetime
        With a time zone.
    by, note : str
    allow_past : bool
        Let the day lie before today.

    Returns
    -------
    Filed
        Filing a plan again from the same day changes nothing.

    Raises
    ------
    ConflictError
        The plan is not approved, what it was made from moved, it opens grids that have no code,
        a grid of it changes on that day or later already, or it was filed from another day.
    ParameterError
        The day lies before today.
    """
    with store.filing(plan_id) as filing:
        before = filing.step.valid_from
        if before is not None and before == valid_from:
            return Filed(filing.step, None)
        if before is not None:
            raise ConflictError(
                f"Plan {plan_id} is filed already, from {before}.",
                hint="What is filed stays; change the borders by another plan.",
                code="plan.step",
                fields=["valid_from"],
            )
        filing.check()
        if valid_from < today and not allow_past:
            raise ParameterError(
                f"{valid_from} is before today, {today}: incidents of the days between would "
                "change their grid.",
                hint="Name a day from today on, or allow a past one (--allow-past).",
                fields=["valid_from"],
            )
        assignment = filing.plan.assignment
        found = borders(filing, assignment, valid_from)
        check_codes(plan_id, found)
        concerned = {*assignment, *found.changed, *found.new, *found.closed}
        step = filing.write(
            found.drawn, found.closed, concerned, valid_from, now=now, by=by, note=note
        )
    return Filed(step, found)


def check_codes(plan_id: int, found: Borders) -> None:
    """See that the grids a plan opens have codes.

    Raises
    ------
    ConflictError
        They are called ``new-1`` still, or have a code of another village.
    """
    wrong = [
        code
        for code in found.new
        if is_placeholder(code) or breaks_rule(code, village_of(found, code))
    ]
    if wrong:
        raise ConflictError(
            f"Plan {plan_id} opens {len(wrong):,} grids without a code of their village "
            f"({named(wrong)}).",
            hint=f"Run `gridgeo plan codes {plan_id}`: it proposes them.",
            code="plan.codes",
            fields=["grid_code"],
        )


def codes_for(store: PlanRegister, plan_id: int) -> dict[str, str]:
    """Propose codes for the grids of a plan that have none, by the village's numbers.

    Returns
    -------
    dict of str to str
        What a grid is called so far → code; empty where none is needed or can be told.
    """
    plan = store.plan(plan_id)
    found = borders(store, plan.assignment, plan.base_date)
    wanting = [code for code in found.new if is_placeholder(code)]
    used = {*store.frame(GRIDS).index, *found.new}
    villages = {code: village_of(found, code) for code in wanting}
    return proposed_codes(found.drawn.geometry[wanting], villages, used)


def recode(
    store: PlanRegister,
    plan_id: int,
    codes: Mapping[str, str],
    *,
    now: dt.datetime,
    by: str,
) -> int:
    """Give grids of a draft their codes, in a new version of it.

    Parameters
    ----------
    store : PlanRegister
    plan_id : int
    codes : mapping of str to str
        What a grid is called so far → code.
    now : datetime
    by : str

    Returns
    -------
    int
        The ``version_no``.

    Raises
    ------
    ParameterError
        No such grid in the plan, or a code that another grid has or once had.
    ConflictError
        The plan is no draft any more.
    """
    plan = store.plan(plan_id)
    moved = store.plan_moved(plan_id)
    if moved:
        raise ConflictError(
            f"Plan {plan_id}, made for {plan.base_date}, stands on an old base: {moved.said()}.",
            hint=f"Run `gridgeo plan rebase {plan_id}` first.",
            code="plan.base-moved",
            fields=["plan_id"],
        )
    known = set(plan.assignment)
    unknown = sorted(set(codes) - known)
    taken = sorted((known | set(store.frame(GRIDS).index)) & set(codes.values()))
    if unknown or taken or len(set(codes.values())) < len(codes) or not codes:
        said = f"the plan has no {named(unknown)}" if unknown else ""
        said = said or (f"{named(taken)} means another grid already" if taken else "")
        raise ParameterError(
            f"Plan {plan_id} cannot be given these codes: "
            f"{said or 'each grid needs one of its own'}.",
            hint=f"Run `gridgeo plan codes {plan_id}`: it proposes them.",
            fields=["codes"],
        )
    changed = replace(
        plan,
        assignment=plan.assignment.replace(dict(codes)),
        created_at=now,
        by=by,
        note=f"codes: {', '.join(f'{old} = {new}' for old, new in codes.items())}",
        state="draft",
    )
    return store.add_plan_version(plan_id, changed)


def _rows(faulty: pd.Index) -> str:
    return f" (row {named([str(row) for row in faulty])})" if len(faulty) else ""
