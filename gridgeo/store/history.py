"""What stood before an import changed it: every row, whole, with the feed that replaced it."""

from datetime import datetime

import pandas as pd
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    Text,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    true,
)

from gridgeo.model.contract import Contract
from gridgeo.store.reading import Frame, collect, shape_out
from gridgeo.store.tables import history, layers


def keep(
    connection: Connection,
    contract: Contract,
    which: ColumnElement,
    staged: Table | None,
    feed_id: int,
    now: datetime,
) -> None:
    """Keep rows of a layer as they stand, before they are replaced.

    Parameters
    ----------
    connection : Connection
    contract : Contract
    which : condition
        On the layer's table, and on ``staged`` where it is given.
    staged : Table or None
        What they will be replaced by.
    feed_id : int
        Of the feed that replaces them.
    now : datetime
    """
    table = layers[contract.name]
    # Every column by itself: a row as a whole would make GeoJSON of its shape, and round it.
    cells: list[ColumnElement] = []
    for column in table.c:
        shape = column.name == "geometry"
        cells += [
            literal_column(f"'{column.name}'"),
            func.ST_AsHEXEWKB(column, type_=Text) if shape else column,
        ]
    chosen = select(
        bindparam("of_layer", contract.name),
        table.c[contract.key],
        func.jsonb_build_object(*cells),
        table.c.feed_id,
        bindparam("by_feed", feed_id),
        bindparam("at", now),
    ).where(which)
    if staged is not None:
        chosen = chosen.select_from(table, staged)
    names = ["layer", "key", "row", "feed_id", "replaced_by_feed", "replaced_at"]
    connection.execute(insert(history).from_select(names, chosen))


def read(connection: Connection, contract: Contract, key: str) -> Frame:
    """Give the states of a row that were replaced; see ``Store.history``."""
    table = layers[contract.name]
    columns = [Column(c.name, c.type) for c in table.c]
    row = (
        func.jsonb_populate_record(literal_column(f"NULL::{table.fullname}"), history.c.row)
        .table_valued(*columns)
        .lateral("stood")
    )
    asked = [contract.key, *(column.name for column in contract.columns)]
    ours = (history.c.layer == contract.name, history.c.key == key)
    source = history.join(row, true())
    chosen = select(*(row.c[name] for name in asked)).select_from(source).where(*ours)
    if contract.geometry:
        chosen = chosen.add_columns(shape_out(row.c.geometry))
    order = history.c.history_id
    frame = collect(connection, chosen.order_by(order), contract, shapes=bool(contract.geometry))
    told = select(history.c.feed_id, history.c.replaced_by_feed, history.c.replaced_at)
    rows = connection.execute(told.where(*ours).order_by(order)).all()
    feed_ids, by, at = zip(*rows, strict=True) if rows else ((), (), ())
    return frame.assign(
        feed_id=pd.array(feed_ids, dtype="Int64"),
        replaced_by_feed=pd.array(by, dtype="int64"),
        replaced_at=pd.to_datetime(pd.Series(at, dtype=object), utc=True)
        .astype("datetime64[us, UTC]")
        .to_numpy(),
    )
