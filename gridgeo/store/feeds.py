"""Feeds: what was imported, when, by whom, with which rejects; and the taking in itself."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from sqlalchemy import (
    Connection,
    LargeBinary,
    Select,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.types import NullType

from gridgeo.model.contract import Contract
from gridgeo.model.frames import ADDRESSES, FIXES, GRIDS, ROSTERS, UNITS
from gridgeo.model.records import FeedIn, FeedResult, Part
from gridgeo.store import history
from gridgeo.store.arrivals import REJECT_COLUMNS, Arrivals
from gridgeo.store.connection import take_turns
from gridgeo.store.lives import Changes, Version, changes
from gridgeo.store.plain import plain
from gridgeo.store.plans_in_force import grid_of_unit
from gridgeo.store.reading import UTC_MOMENT, shape_out
from gridgeo.store.staging import differs, merge
from gridgeo.store.tables import REST_SRID, feeds, layers, rejects


def take_in(
    connection: Connection, contract: Contract, parts: Iterable[Part], feed: FeedIn
) -> FeedResult:
    """Take in one file within the caller's transaction; see ``Store.take_in``."""
    # Two imports of one layer take turns; imports of different layers do not wait.
    take_turns(connection, f"take in {contract.name}")
    known = _known(connection, contract, feed)
    if known is not None and known.latest:
        return _repeated(known)
    # An earlier file handed in again may undo what came between; if it does not, it is no feed.
    with connection.begin_nested() as attempt:
        feed_id = _open(connection, contract, feed)
        intake = Arrivals(connection, contract, feed_id)
        for part in parts:
            intake.add(part)
        write = _write_grids if contract is GRIDS else _write
        inserted, updated = write(connection, contract, intake, feed_id, feed)
        if known is not None and inserted == updated == 0:
            attempt.rollback()
            return _repeated(known)
        _close(connection, feed_id, intake, feed)
    unchanged = intake.accepted - inserted - updated
    return FeedResult(feed_id, inserted, updated, unchanged, intake.rejected)


def repeated(connection: Connection, contract: Contract, feed: FeedIn) -> FeedResult | None:
    """Tell whether taking a file in would repeat the latest feed; see ``Store.repeated``."""
    known = _known(connection, contract, feed)
    return _repeated(known) if known is not None and known.latest else None


def list_feeds(connection: Connection) -> pd.DataFrame:
    """Give the register of feeds; see ``Store.feeds``."""
    names = [column.name for column in feeds.c if column.name != "params_digest"]
    rows = connection.execute(select(*(feeds.c[name] for name in names)).order_by("feed_id")).all()
    frame = pd.DataFrame(rows, columns=names).set_index("feed_id")
    return frame.astype(dict.fromkeys(("data_from", "data_to", "imported_at"), UTC_MOMENT))


def list_rejects(connection: Connection, feed_id: int) -> pd.DataFrame:
    """Give the refused rows of a feed; see ``Store.rejects``."""
    _, *others = REJECT_COLUMNS
    chosen = select(rejects.c.row_no, *(rejects.c[name] for name in others))
    chosen = chosen.where(rejects.c.feed_id == feed_id).order_by(rejects.c.reject_id)
    return pd.DataFrame(connection.execute(chosen).all(), columns=REJECT_COLUMNS)


def _known(connection: Connection, contract: Contract, feed: FeedIn) -> Any:  # noqa: ANN401
    """Give the last feed of this file read this way, and whether nothing came since."""
    before = feeds.c.layer == contract.name
    deciding = feeds.c.layer.in_(_deciding(contract))
    latest = select(func.max(feeds.c.feed_id)).where(deciding).scalar_subquery()
    return connection.execute(
        select(feeds, (feeds.c.feed_id == latest).label("latest"))
        .where(before, feeds.c.sha256 == feed.sha256, feeds.c.params_digest == feed.digest())
        .order_by(feeds.c.feed_id.desc())
        .limit(1)
    ).one_or_none()


def _deciding(contract: Contract) -> list[str]:
    """Name the layers that decide what a file comes to.

    Its own, what may place its rows, and of fixes the hours in which they may be kept.
    """
    placed = any(column.name == "placed_by" for column in contract.columns)
    hours = [ROSTERS.name] if contract is FIXES else []
    return [contract.name, *([ADDRESSES.name, GRIDS.name] if placed else []), *hours]


def _repeated(known: Any) -> FeedResult:  # noqa: ANN401  # a row of feeds
    return FeedResult(known.feed_id, 0, 0, known.accepted, known.rejected, repeated=True)


def _open(connection: Connection, contract: Contract, feed: FeedIn) -> int:
    """Enter a feed before its rows, which name it; they are counted when all are in."""
    row = {
        "layer": contract.name,
        "file_name": feed.file_name,
        "sha256": feed.sha256,
        "params": plain(feed.reading()),
        "params_digest": feed.digest(),
        "department": feed.department,
        "purpose": feed.purpose,
        "lawful_basis": feed.lawful_basis,
        "rows_read": 0,
        "accepted": 0,
        "rejected": 0,
        "imported_at": feed.imported_at,
        "imported_by": feed.imported_by,
    }
    return connection.execute(insert(feeds).values(row).returning(feeds.c.feed_id)).scalar_one()


def _close(connection: Connection, feed_id: int, intake: Arrivals, feed: FeedIn) -> None:
    counted = {
        "rows_read": intake.rows_read,
        "accepted": intake.accepted,
        "rejected": intake.rejected,
        "data_from": intake.first,
        "data_to": intake.last or feed.data_as_of,
    }
    connection.execute(update(feeds).where(feeds.c.feed_id == feed_id).values(counted))


def _write(
    connection: Connection, contract: Contract, intake: Arrivals, feed_id: int, feed: FeedIn
) -> tuple[int, int]:
    """Insert new rows and update changed ones; give how many of each."""
    staged = intake.settled()
    if staged is None:
        return 0, 0
    table = layers[contract.name]
    if contract is UNITS:
        _settle(connection, feed_id, feed)
    same = table.c[contract.key] == staged.c[contract.key]
    if not contract.fleeting:
        changed = same & differs(table, staged)
        history.keep(connection, contract, changed, staged, feed_id, feed.imported_at)
    return merge(connection, table, staged, same, {"feed_id": feed_id})


def _settle(connection: Connection, feed_id: int, feed: FeedIn) -> None:
    """Write into the units what plans in force say of them, before a file is compared with them.

    A file would otherwise change the rows that it counts anew and leave the others to the plan.
    """
    units = layers[UNITS.name]
    said = grid_of_unit(feed.imported_at.date()).element
    other = said.is_distinct_from(units.c.grid_code)
    history.keep(connection, UNITS, other, None, feed_id, feed.imported_at)
    connection.execute(update(units).where(other).values(grid_code=said, feed_id=feed_id))


def _write_grids(
    connection: Connection, contract: Contract, intake: Arrivals, feed_id: int, feed: FeedIn
) -> tuple[int, int]:
    """Write grids as versions; a city has hundreds, so they are weighed in Python, not in SQL."""
    staged = intake.settled()
    if staged is None:
        return 0, 0
    table = layers[contract.name]
    names = [column.name for column in staged.c]
    described = [_version(dict(row)) for row in connection.execute(_bare(staged, names)).mappings()]
    names = [column.name for column in table.c if column.name != "feed_id"]
    standing = connection.execute(
        _bare(table, names).where(table.c.grid_code.in_(select(staged.c.grid_code)))
    )
    versions = [_version(dict(row)) for row in standing.mappings()]
    found = changes(versions, described, feed.valid_from)
    touched = [version.version_id for version in (*found.closed, *found.amended)]
    history.keep(
        connection, contract, table.c.version_id.in_(touched), None, feed_id, feed.imported_at
    )
    _write_versions(connection, found, feed_id)
    stood = {version.code for version in versions}
    inserted = sum(version.code not in stood for version in found.opened)
    return inserted, len(described) - found.unchanged - inserted


def _bare(table: Table, names: list[str]) -> Select[Any]:
    """Choose columns, the shape as WKB."""
    return select(
        *(shape_out(table.c[n]).label(n) if n == "geometry" else table.c[n] for n in names)
    )


def _write_versions(connection: Connection, found: Changes, feed_id: int) -> None:
    table = layers[GRIDS.name]
    shape = func.ST_GeomFromWKB(
        bindparam("geometry", type_=LargeBinary), REST_SRID, type_=NullType()
    )
    this = table.c.version_id == bindparam("version")
    if found.closed:
        connection.execute(
            update(table).where(this).values(valid_to=bindparam("end")),
            [{"version": v.version_id, "end": v.end} for v in found.closed],
        )
    for version in (*found.amended, *found.opened):
        row = {
            **version.content,
            "grid_code": version.code,
            "valid_from": version.start,
            "valid_to": version.end,
            "feed_id": feed_id,
            "geometry": shape,
        }
        known = version.version_id
        order = insert(table) if known is None else update(table).where(this)
        values = {"geometry": version.content["geometry"], "version": known}
        connection.execute(order.values(row), values)


def _version(row: dict[str, Any]) -> Version:
    return Version(
        row.pop("grid_code"),
        row.pop("valid_from", None),
        row.pop("valid_to", None),
        version_id=row.pop("version_id", None),
        content=row,
    )
