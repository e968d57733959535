"""Feeds: what was imported, when, by whom, with which rejects; and the taking in itself."""

from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection, LargeBinary, bindparam, func, insert, select, update

from gridgeo.model.contract import Contract
from gridgeo.model.frames import GRIDS
from gridgeo.model.records import FeedIn, FeedResult
from gridgeo.store.connection import take_turns
from gridgeo.store.lives import Changes, Version, changes
from gridgeo.store.plain import plain, records
from gridgeo.store.reading import shape_out
from gridgeo.store.staging import Frame, merge, rows_of, shape_from, stage
from gridgeo.store.tables import feeds, layers, rejects

REJECT_COLUMNS = ["row", "field", "code", "reason_zh", "reason_en", "content"]


def take_in(
    connection: Connection,
    contract: Contract,
    accepted: Frame,
    refused: pd.DataFrame,
    feed: FeedIn,
) -> FeedResult:
    """Take in one file within the caller's transaction; see ``Store.take_in``."""
    # Two imports of one layer take turns; imports of different layers do not wait.
    take_turns(connection, f"take in {contract.name}")
    known = _known(connection, contract, feed)
    if known is not None and known.latest:
        return _repeated(known)
    contract.check(accepted)
    rejected = int(refused["row"].nunique()) if len(refused) else 0
    # An earlier file handed in again may undo what came between; if it does not, it is no feed.
    with connection.begin_nested() as attempt:
        feed_id = _record(connection, contract, feed, len(accepted), rejected)
        _record_rejects(connection, feed_id, refused)
        write = _write_grids if contract is GRIDS else _write
        inserted, updated = write(connection, contract, accepted, feed_id, feed.valid_from)
        if known is not None and inserted == updated == 0:
            attempt.rollback()
            return _repeated(known)
    unchanged = len(accepted) - inserted - updated
    return FeedResult(feed_id, inserted, updated, unchanged, rejected)


def repeated(connection: Connection, contract: Contract, feed: FeedIn) -> FeedResult | None:
    """Tell whether taking a file in would repeat the latest feed; see ``Store.repeated``."""
    known = _known(connection, contract, feed)
    return _repeated(known) if known is not None and known.latest else None


def list_feeds(connection: Connection) -> pd.DataFrame:
    """Give the register of feeds; see ``Store.feeds``."""
    names = [column.name for column in feeds.c if column.name != "params_digest"]
    rows = connection.execute(select(*(feeds.c[name] for name in names)).order_by("feed_id")).all()
    frame = pd.DataFrame(rows, columns=names).set_index("feed_id")
    return frame.astype({"imported_at": "datetime64[us, UTC]"})


def list_rejects(connection: Connection, feed_id: int) -> pd.DataFrame:
    """Give the refused rows of a feed; see ``Store.rejects``."""
    _, *others = REJECT_COLUMNS
    chosen = select(rejects.c.row_no, *(rejects.c[name] for name in others))
    chosen = chosen.where(rejects.c.feed_id == feed_id).order_by(rejects.c.reject_id)
    return pd.DataFrame(connection.execute(chosen).all(), columns=REJECT_COLUMNS)


def _known(connection: Connection, contract: Contract, feed: FeedIn) -> Any:  # noqa: ANN401
    """Give the last feed of this file read this way, and whether it is the layer's latest."""
    before = feeds.c.layer == contract.name
    latest = select(func.max(feeds.c.feed_id)).where(before).scalar_subquery()
    return connection.execute(
        select(feeds, (feeds.c.feed_id == latest).label("latest"))
        .where(before, feeds.c.sha256 == feed.sha256, feeds.c.params_digest == feed.digest())
        .order_by(feeds.c.feed_id.desc())
        .limit(1)
    ).one_or_none()


def _repeated(known: Any) -> FeedResult:  # noqa: ANN401  # a row of feeds
    return FeedResult(known.feed_id, 0, 0, known.accepted, known.rejected, repeated=True)


def _record(
    connection: Connection, contract: Contract, feed: FeedIn, accepted: int, rejected: int
) -> int:
    row = {
        "layer": contract.name,
        "file_name": feed.file_name,
        "sha256": feed.sha256,
        "params": plain(feed.reading()),
        "params_digest": feed.digest(),
        "department": feed.department,
        "rows_read": accepted + rejected if feed.rows_read is None else feed.rows_read,
        "accepted": accepted,
        "rejected": rejected,
        "imported_at": feed.imported_at,
        "imported_by": feed.imported_by,
    }
    return connection.execute(insert(feeds).values(row).returning(feeds.c.feed_id)).scalar_one()


def _record_rejects(connection: Connection, feed_id: int, refused: pd.DataFrame) -> None:
    rows = records(refused.reindex(columns=REJECT_COLUMNS).rename(columns={"row": "row_no"}))
    if rows:
        connection.execute(insert(rejects), [{**row, "feed_id": feed_id} for row in rows])


def _write(
    connection: Connection, contract: Contract, frame: Frame, feed_id: int, _day: date | None
) -> tuple[int, int]:
    """Insert new rows and update changed ones; give how many of each."""
    table = layers[contract.name]
    staged = stage(connection, contract, frame, table)
    same = table.c[contract.key] == staged.c[contract.key]
    return merge(connection, table, staged, same, {"feed_id": feed_id})


def _write_grids(
    connection: Connection, contract: Contract, frame: Frame, feed_id: int, day: date | None
) -> tuple[int, int]:
    """Write grids as versions; a city has hundreds, so they are weighed in Python, not in SQL."""
    names, rows = rows_of(contract, frame, shapes=True)
    described = [_version(dict(zip(names, row, strict=True))) for row in rows]
    table = layers[contract.name]
    content = [column for column in table.c if column.name not in ("feed_id", "geometry")]
    shape = shape_out(table.c.geometry).label("geometry")
    standing = connection.execute(
        select(*content, shape).where(table.c.grid_code.in_([new.code for new in described]))
    )
    versions = [_version(dict(row)) for row in standing.mappings()]
    found = changes(versions, described, day)
    _write_versions(connection, found, feed_id)
    stood = {version.code for version in versions}
    inserted = sum(version.code not in stood for version in found.opened)
    return inserted, len(described) - found.unchanged - inserted


def _write_versions(connection: Connection, found: Changes, feed_id: int) -> None:
    table = layers[GRIDS.name]
    wkb = bindparam("geometry", type_=LargeBinary)
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
        }
        row["geometry"] = shape_from(wkb)
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
