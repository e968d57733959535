"""Plans: which unit belongs to which grid, version by version, and who made it of what."""

from datetime import date

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Subquery, Table, Text, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from gridgeo.errors import ConflictError, NotFoundError, ParameterError
from gridgeo.model.records import PlanStep, StoredPlan
from gridgeo.store import plan_bases, plan_steps
from gridgeo.store.plain import plain
from gridgeo.store.reading import UTC_MOMENT
from gridgeo.store.staging import stage
from gridgeo.store.tables import plan_steps as steps
from gridgeo.store.tables import plan_units, plan_versions, plans


def save(connection: Connection, plan: StoredPlan) -> int:
    """Keep a new plan as a draft; see ``Store.save_plan``."""
    _check(plan)
    row = {"created_at": plan.created_at}
    plan_id = connection.execute(insert(plans).values(row).returning(plans.c.plan_id)).scalar_one()
    _add(connection, plan_id, 1, plan)
    plan_steps.write(
        connection, PlanStep(plan_id, 1, 1, "draft", plan.created_at, plan.by, plan.note)
    )
    return plan_id


def add_version(connection: Connection, plan_id: int, plan: StoredPlan) -> int:
    """Keep a new version of a draft; see ``Store.add_plan_version``."""
    _check(plan)
    stands = plan_steps.locked(connection, plan_id)
    if stands.state != "draft":
        raise ConflictError(
            f"Plan {plan_id} is {stands.state}; only a draft can be changed.",
            hint="Save the change as a plan of its own, and withdraw or reject this one.",
            code="plan.step",
            fields=["plan_id"],
        )
    newest = plan_steps.latest_version(connection, plan_id)
    if plan.version_no is not None and plan.version_no != newest:
        raise ConflictError(
            f"Version {newest} of plan {plan_id} was made meanwhile; this change was made to "
            f"version {plan.version_no}.",
            hint="Look at the new version, then change that.",
            code="plan.version",
            fields=["version_no"],
        )
    _add(connection, plan_id, newest + 1, plan)
    return newest + 1


def read(connection: Connection, plan_id: int, version_no: int | None = None) -> StoredPlan:
    """Give a version of a plan; see ``Store.plan``."""
    stands = plan_steps.last(connection, plan_id)
    newest = plan_steps.latest_version(connection, plan_id)
    wanted = newest if version_no is None else version_no
    of_version = (plan_versions.c.plan_id == plan_id, plan_versions.c.version_no == wanted)
    found = connection.execute(select(plan_versions).where(*of_version)).one_or_none()
    if found is None:
        raise NotFoundError(
            f"Plan {plan_id} has no version {wanted}.",
            hint=f"`gridgeo plan show {plan_id}` tells which it has.",
            fields=["version_no"],
        )
    chosen = select(plan_units.c.unit_id, plan_units.c.grid_code)
    chosen = chosen.where(plan_units.c.plan_id == plan_id, plan_units.c.version_no == wanted)
    rows = connection.execute(chosen.order_by(plan_units.c.unit_id.collate("C"))).all()
    units, grids = zip(*rows, strict=True)
    assignment = pd.Series(
        grids, index=pd.Index(units, name="unit_id", dtype="str"), name="grid_code", dtype="str"
    )
    row = dict(found._mapping)
    row["note"] = row["note"] or ""
    return StoredPlan(assignment=assignment, state=stands.state, **row)


def listing(connection: Connection) -> pd.DataFrame:
    """List the plans; see ``Store.plans``."""
    newest = _newest(plan_versions, "version_no")
    stands = _newest(steps, "step_no")
    units = (
        select(func.count())
        .select_from(plan_units)
        .where(
            plan_units.c.plan_id == newest.c.plan_id,
            plan_units.c.version_no == newest.c.version_no,
        )
        .scalar_subquery()
    )
    names = ("seed", "params", "scores", "base_date")
    chosen = (
        select(
            plans.c.plan_id,
            plans.c.created_at,
            stands.c.state,
            *(newest.c[name] for name in names),
            newest.c.version_no,
            newest.c.by,
            newest.c.note,
            stands.c.valid_from,
            units.label("units"),
        )
        .join(newest, newest.c.plan_id == plans.c.plan_id)
        .join(stands, stands.c.plan_id == plans.c.plan_id)
    )
    result = connection.execute(chosen.order_by(plans.c.plan_id))
    frame = pd.DataFrame(result.all(), columns=list(result.keys())).set_index("plan_id")
    frame["note"] = frame["note"].fillna("").astype("str")
    days = dict.fromkeys(("base_date", "valid_from"), "datetime64[us]")
    return frame.astype({"created_at": UTC_MOMENT, **days})


def versions(connection: Connection, plan_id: int) -> pd.DataFrame:
    """List the versions of a plan; see ``Store.plan_versions``."""
    names = ["version_no", "created_at", "by", "note", "seed", "params", "scores", "base_date"]
    chosen = select(*(plan_versions.c[name] for name in names))
    chosen = chosen.where(plan_versions.c.plan_id == plan_id).order_by(plan_versions.c.version_no)
    rows = connection.execute(chosen).all()
    if not rows:
        raise plan_steps.missing(plan_id)
    frame = pd.DataFrame(rows, columns=names).set_index("version_no")
    frame["note"] = frame["note"].fillna("").astype("str")
    return frame.astype({"created_at": UTC_MOMENT, "base_date": "datetime64[us]"})


def base(connection: Connection, plan_id: int) -> tuple[int | None, date | None]:
    """Give the ``base_id`` of a plan's newest version, and its day."""
    plan_steps.last(connection, plan_id)
    newest = plan_steps.latest_version(connection, plan_id)
    chosen = select(plan_versions.c.base_id, plan_versions.c.base_date)
    of_version = (plan_versions.c.plan_id == plan_id, plan_versions.c.version_no == newest)
    base_id, day = connection.execute(chosen.where(*of_version)).one()
    return base_id, day


def _newest(table: Table, number: str) -> Subquery:
    last = select(table).ext(distinct_on(table.c.plan_id))
    return last.order_by(table.c.plan_id, table.c[number].desc()).subquery()


def _check(plan: StoredPlan) -> None:
    assignment = plan.assignment
    if plan.state != "draft":
        raise ParameterError(
            f"A plan cannot begin as {plan.state!r}; it begins as a draft.",
            hint="Save it, then take it from step to step.",
            fields=["state"],
        )
    if not plan.by.strip():
        raise ParameterError("Every plan is made by somebody.", hint="Say who.", fields=["by"])
    if not len(assignment) or assignment.isna().any() or not assignment.index.is_unique:
        raise ParameterError(
            f"A plan gives each unit exactly one grid; of {len(assignment)} rows"
            f" {int(assignment.isna().sum())} have none"
            f" and {int(assignment.index.duplicated().sum())} repeat a unit.",
            hint="Save the assignment of a whole plan.",
            fields=["assignment"],
        )


def _add(connection: Connection, plan_id: int, version_no: int, plan: StoredPlan) -> None:
    day = plan.base_date or plan.created_at.date()
    row = {
        "plan_id": plan_id,
        "version_no": version_no,
        "created_at": plan.created_at,
        "by": plan.by,
        "note": plan.note or None,
        "seed": plan.seed,
        "params": plain(plan.params),
        "scores": plain(plan.scores),
        "base_date": day,
        "base_id": plan.base_id or plan_bases.keep(connection, day),
    }
    connection.execute(insert(plan_versions).values(row))
    assignment = plan.assignment
    rows = pa.table(
        {"unit_id": assignment.index.map(str).tolist(), "grid_code": assignment.map(str).tolist()}
    )
    staged = stage(connection, {name: Text() for name in rows.column_names}, rows)
    of_version = select(
        bindparam("plan", plan_id),
        bindparam("version", version_no),
        staged.c.unit_id,
        staged.c.grid_code,
    )
    names = ["plan_id", "version_no", "unit_id", "grid_code"]
    connection.execute(insert(plan_units).from_select(names, of_version))
