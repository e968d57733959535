"""What a plan was made from: every grid and unit of a day, condensed, and what moved since."""

from datetime import date

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    cast,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from gridgeo.model.frames import GRIDS, UNITS
from gridgeo.model.records import Moved
from gridgeo.store.plans_in_force import grid_of_unit
from gridgeo.store.tables import layers, plan_base_rows, plan_bases


def keep(connection: Connection, day: date) -> int:
    """Keep what stands of grids and units on a day.

    Parameters
    ----------
    connection : Connection
    day : date

    Returns
    -------
    int
        The ``base_id``; the same as before where nothing moved since.
    """
    now = _now(day)
    each = now.c.layer + literal(" ") + now.c.key + literal(" ") + now.c.digest
    order = (now.c.layer.collate("C"), now.c.key.collate("C"))
    whole = func.md5(
        func.coalesce(func.string_agg(each, aggregate_order_by(literal("\n"), *order)), "")
    )
    condensed = select(whole.label("digest")).cte("condensed")
    # One statement, so that digest and rows tell of the same moment.
    made = (
        insert_or_not(plan_bases)
        .from_select(["digest"], select(condensed.c.digest))
        .on_conflict_do_nothing()
        .returning(plan_bases.c.base_id)
        .cte("made")
    )
    rows = (
        insert(plan_base_rows)
        .from_select(
            ["base_id", *now.c.keys()],
            select(made.c.base_id, *now.c).select_from(made.join(now, true())),
        )
        .returning(plan_base_rows.c.base_id)
        .cte("kept")
    )
    digest = connection.scalar(select(condensed.c.digest).add_cte(rows))
    asked = select(plan_bases.c.base_id).where(plan_bases.c.digest == digest)
    return connection.execute(asked).scalar_one()


def moved(connection: Connection, base_id: int | None, day: date | None) -> Moved:
    """Tell what is not as it was when a plan was made.

    Parameters
    ----------
    connection : Connection
    base_id : int or None
    day : date or None
        The day the plan was made for.

    Returns
    -------
    Moved
    """
    if base_id is None or day is None:
        return Moved(known=False)
    now = _now(day)
    then = select(plan_base_rows).where(plan_base_rows.c.base_id == base_id).cte("then")
    same = and_(now.c.layer == then.c.layer, now.c.key == then.c.key)
    layer = func.coalesce(now.c.layer, then.c.layer).label("layer")
    key = func.coalesce(now.c.key, then.c.key).label("key")
    chosen = (
        select(layer, key)
        .select_from(now.join(then, same, full=True))
        .where(now.c.digest.is_distinct_from(then.c.digest))
    )
    found: dict[str, list[str]] = {GRIDS.name: [], UNITS.name: []}
    for name, one in connection.execute(chosen):
        found[name].append(one)
    return Moved(tuple(sorted(found[GRIDS.name])), tuple(sorted(found[UNITS.name])))


def grids_then(connection: Connection, base_id: int) -> tuple[dict[str, str | None], set[str]]:
    """Give what a plan was made from.

    Returns
    -------
    units : dict of str to str or None
        Unit → its grid that day.
    grids : set of str
        Codes of the grids in force that day, or later.
    """
    rows = connection.execute(
        select(plan_base_rows.c.layer, plan_base_rows.c.key, plan_base_rows.c.grid_code).where(
            plan_base_rows.c.base_id == base_id
        )
    ).all()
    units = {key: code for layer, key, code in rows if layer == UNITS.name}
    return units, {key for layer, key, _ in rows if layer == GRIDS.name}


def _now(day: date) -> CTE:
    """Condense every row: names and duty lines do not matter to a border, all else does."""
    return union_all(_grids(day), _units(day)).cte("now")


def _grids(day: date) -> Select:
    table = layers[GRIDS.name]
    # Versions to come count, too: whoever files between them would cut them short.
    version = _digest(
        table.c.village_code,
        table.c.kind,
        cast(table.c.valid_from, Text),
        cast(table.c.valid_to, Text),
        shape=table.c.geometry,
    )
    life = func.string_agg(
        version, aggregate_order_by(literal(","), table.c.valid_from.asc().nulls_first())
    )
    return (
        select(
            literal(GRIDS.name).label("layer"),
            table.c.grid_code.label("key"),
            func.md5(life).label("digest"),
            cast(null(), Text).label("grid_code"),
        )
        .where(or_(table.c.valid_to.is_(None), table.c.valid_to > day))
        .group_by(table.c.grid_code)
    )


def _units(day: date) -> Select:
    table = layers[UNITS.name]
    grid = grid_of_unit(day)
    digest = _digest(
        cast(table.c.households, Text), table.c.village_code, grid, shape=table.c.geometry
    )
    return select(
        literal(UNITS.name),
        table.c.unit_id,
        digest,
        grid,
    )


def _digest(*texts: ColumnElement, shape: ColumnElement) -> ColumnElement:
    told = cast(func.jsonb_build_array(*texts), Text)
    return func.md5(told + func.md5(func.ST_AsBinary(shape, "NDR")))
