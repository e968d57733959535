"""The road of a plan: every step is a row, and the last one says where the plan stands."""

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, insert, select

from gridgeo.errors import ConflictError, NotFoundError, ParameterError
from gridgeo.model.plan_states import (
    ENDS,
    PUBLICITY_DAYS,
    check_publicity,
    check_step,
)
from gridgeo.model.records import PlanStep
from gridgeo.store import plan_bases
from gridgeo.store.reading import UTC_MOMENT
from gridgeo.store.tables import plan_steps, plan_versions, plans

# Of these the base is looked at: they say that the plan fits what stands.
_ON_BASE = ("proposed", "approved", "filed")


def last(connection: Connection, plan_id: int) -> PlanStep:
    """Give the step a plan stands at.

    Raises
    ------
    NotFoundError
        There is no such plan.
    """
    chosen = select(plan_steps).where(plan_steps.c.plan_id == plan_id)
    found = connection.execute(chosen.order_by(plan_steps.c.step_no.desc()).limit(1)).one_or_none()
    if found is None:
        raise missing(plan_id)
    row = dict(found._mapping)
    del row["feed_id"]
    return PlanStep(**row | {"note": row["note"] or ""})


def locked(connection: Connection, plan_id: int) -> PlanStep:
    """Hold a plan until the transaction ends, and give the step it stands at then.

    Whoever comes second waits, and sees what the first one did.
    """
    held = select(plans.c.plan_id).where(plans.c.plan_id == plan_id).with_for_update()
    if connection.scalar(held) is None:
        raise missing(plan_id)
    return last(connection, plan_id)


def missing(plan_id: int) -> NotFoundError:
    """Say that there is no such plan."""
    return NotFoundError(
        f"There is no plan {plan_id}.",
        hint="`gridgeo plan list` shows those there are.",
        fields=["plan_id"],
    )


def advance(
    connection: Connection,
    plan_id: int,
    to: str,
    *,
    now: datetime,
    by: str,
    note: str = "",
    publicity_days: int = PUBLICITY_DAYS,
    version_no: int | None = None,
) -> PlanStep:
    """Take the next step; see ``Store.advance_plan``."""
    stands = locked(connection, plan_id)
    check_step(plan_id, stands.state, to)
    if to == "filed":
        raise ParameterError(
            f"Plan {plan_id} is filed with the first day of its borders.",
            hint=f"Run `gridgeo plan file {plan_id} --valid-from DATE`.",
            fields=["state"],
        )
    if to in ENDS and not note.strip():
        raise ParameterError(
            f"Plan {plan_id} cannot be {to} without a reason.",
            hint="Say why; it is kept with the plan.",
            fields=["note"],
        )
    if publicity_days < 0:
        raise ParameterError(
            f"A plan cannot be public for {publicity_days} days.", fields=["publicity_days"]
        )
    newest = latest_version(connection, plan_id)
    if version_no is not None and version_no != newest:
        raise ConflictError(
            f"Version {newest} of plan {plan_id} was made meanwhile; version {version_no} was "
            "meant.",
            hint="Look at the new version first.",
            code="plan.version",
            fields=["version_no"],
        )
    if to == "approved":
        check_publicity(plan_id, stands.at, stands.publicity_days or 0, now)
    check_base(connection, plan_id, newest, to)
    days = publicity_days if to == "publicised" else None
    step = PlanStep(plan_id, stands.step_no + 1, newest, to, now, by, note, days)
    return write(connection, step)


def write(connection: Connection, step: PlanStep, feed_id: int | None = None) -> PlanStep:
    """Add a step.

    Raises
    ------
    ParameterError
        Nobody took it.
    """
    if not step.by.strip():
        raise ParameterError(
            "Every step of a plan is taken by somebody.", hint="Say who.", fields=["by"]
        )
    row = {name: getattr(step, name) for name in PlanStep.__dataclass_fields__}
    connection.execute(insert(plan_steps).values(row | {"feed_id": feed_id}))
    return step


def check_base(connection: Connection, plan_id: int, version_no: int, to: str) -> None:
    """See that what a version was made from still stands.

    Raises
    ------
    ConflictError
        It moved; says what.
    """
    if to not in _ON_BASE:
        return
    version = connection.execute(
        select(plan_versions.c.base_id, plan_versions.c.base_date).where(
            plan_versions.c.plan_id == plan_id, plan_versions.c.version_no == version_no
        )
    ).one()
    found = plan_bases.moved(connection, version.base_id, version.base_date)
    if found:
        raise ConflictError(
            f"Plan {plan_id}, made for {version.base_date}, cannot become {to}: {found.said()}.",
            hint=f"Run `gridgeo plan rebase {plan_id}`, look at it, and propose that.",
            code="plan.base-moved",
            fields=["plan_id"],
        )


def latest_version(connection: Connection, plan_id: int) -> int:
    """Give the number of a plan's newest version."""
    chosen = select(plan_versions.c.version_no).where(plan_versions.c.plan_id == plan_id)
    newest = chosen.order_by(plan_versions.c.version_no.desc()).limit(1)
    return connection.execute(newest).scalar_one()


def listing(connection: Connection, plan_id: int) -> pd.DataFrame:
    """List the steps of a plan; see ``Store.plan_steps``."""
    names = [c.name for c in plan_steps.c if c.name not in ("plan_id", "feed_id")]
    chosen = select(*(plan_steps.c[name] for name in names))
    chosen = chosen.where(plan_steps.c.plan_id == plan_id).order_by(plan_steps.c.step_no)
    rows = connection.execute(chosen).all()
    if not rows:
        raise missing(plan_id)
    frame = pd.DataFrame(rows, columns=names).set_index("step_no")
    frame["note"] = frame["note"].fillna("").astype("str")
    types = {"at": UTC_MOMENT, "publicity_days": "Int64", "valid_from": "datetime64[us]"}
    return frame.astype(types)
