"""Which grid a unit belongs to on a day: what its file said, or a plan filed since.

A units file says the grids of the day it comes in; a filed plan says those from its first day on.
Of the two the later word counts: a plan that was filed after the file, or begins after it.
"""

from datetime import date

from sqlalchemy import Date, Label, and_, cast, func, or_, select

from gridgeo.model.frames import UNITS
from gridgeo.store.tables import feeds, layers, plan_steps, plan_units


def grid_of_unit(day: date | None) -> Label:
    """Give the grid of each row of ``units`` on a day.

    Parameters
    ----------
    day : date or None
        None looks as far ahead as plans were filed.

    Returns
    -------
    Label
        ``grid_code``, for a statement that reads ``units``.
    """
    units = layers[UNITS.name]
    step = plan_steps.alias()
    came = select(cast(feeds.c.imported_at, Date)).where(feeds.c.feed_id == units.c.feed_id)
    later_word = or_(
        units.c.feed_id.is_(None),
        step.c.feed_id > units.c.feed_id,
        step.c.valid_from > came.correlate(units).scalar_subquery(),
    )
    of_plan = and_(
        plan_units.c.plan_id == step.c.plan_id, plan_units.c.version_no == step.c.version_no
    )
    said = (
        select(plan_units.c.grid_code)
        .select_from(plan_units.join(step, of_plan))
        .where(plan_units.c.unit_id == units.c.unit_id, step.c.state == "filed", later_word)
        .order_by(step.c.valid_from.desc(), step.c.feed_id.desc())
        .limit(1)
    )
    if day is not None:
        said = said.where(step.c.valid_from <= day)
    plan = said.correlate(units).scalar_subquery()
    return func.coalesce(plan, units.c.grid_code).label("grid_code")
