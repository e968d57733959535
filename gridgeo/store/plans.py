"""Plans: which unit belongs to which grid, how it was found, how far it has come."""

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Text, bindparam, func, insert, select

from gridgeo.errors import NotFoundError, ParameterError
from gridgeo.model.records import StoredPlan
from gridgeo.store.plain import plain
from gridgeo.store.staging import stage
from gridgeo.store.tables import PLAN_STATES, plan_units, plans


def save(connection: Connection, plan: StoredPlan) -> int:
    """Keep a plan; see ``Store.save_plan``."""
    assignment = plan.assignment
    if plan.state not in PLAN_STATES:
        raise ParameterError(
            f"A plan cannot be {plan.state!r}; it is one of {', '.join(PLAN_STATES)}.",
            hint="Save it as a draft.",
            fields=["state"],
        )
    if not len(assignment) or assignment.isna().any() or not assignment.index.is_unique:
        raise ParameterError(
            f"A plan gives each unit exactly one grid; of {len(assignment)} rows"
            f" {int(assignment.isna().sum())} have none"
            f" and {int(assignment.index.duplicated().sum())} repeat a unit.",
            hint="Save the assignment of a whole plan.",
            fields=["assignment"],
        )
    row = {
        "created_at": plan.created_at,
        "state": plan.state,
        "seed": plan.seed,
        "params": plain(plan.params),
        "scores": plain(plan.scores),
        "base_date": plan.base_date,
    }
    plan_id = connection.execute(insert(plans).values(row).returning(plans.c.plan_id)).scalar_one()
    rows = pa.table(
        {"unit_id": assignment.index.map(str).tolist(), "grid_code": assignment.map(str).tolist()}
    )
    staged = stage(connection, {name: Text() for name in rows.column_names}, rows)
    of_plan = select(bindparam("plan", plan_id), staged.c.unit_id, staged.c.grid_code)
    connection.execute(insert(plan_units).from_select(["plan_id", "unit_id", "grid_code"], of_plan))
    return plan_id


def read(connection: Connection, plan_id: int) -> StoredPlan:
    """Give a plan; see ``Store.plan``."""
    found = connection.execute(select(plans).where(plans.c.plan_id == plan_id)).one_or_none()
    if found is None:
        raise NotFoundError(
            f"There is no plan {plan_id}.",
            hint="`gridgeo status` tells how many there are; Store.plans() lists them.",
            fields=["plan_id"],
        )
    chosen = select(plan_units.c.unit_id, plan_units.c.grid_code)
    chosen = chosen.where(plan_units.c.plan_id == plan_id)
    rows = connection.execute(chosen.order_by(plan_units.c.unit_id.collate("C"))).all()
    units, grids = zip(*rows, strict=True)
    assignment = pd.Series(
        grids, index=pd.Index(units, name="unit_id", dtype="str"), name="grid_code", dtype="str"
    )
    return StoredPlan(assignment=assignment, **found._mapping)


def listing(connection: Connection) -> pd.DataFrame:
    """List the plans; see ``Store.plans``."""
    sizes = (
        select(plan_units.c.plan_id, func.count().label("units"))
        .group_by(plan_units.c.plan_id)
        .subquery()
    )
    chosen = select(plans, sizes.c.units).join(sizes, sizes.c.plan_id == plans.c.plan_id)
    result = connection.execute(chosen.order_by(plans.c.plan_id))
    frame = pd.DataFrame(result.all(), columns=list(result.keys())).set_index("plan_id")
    return frame.astype({"created_at": "datetime64[us, UTC]", "base_date": "datetime64[us]"})
