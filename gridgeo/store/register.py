"""The blind-spot register: findings open, stay open while they are found, and close."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import cast

import geopandas as gpd
import pandas as pd
from sqlalchemy import Connection, and_, func, or_, select, true, update

from gridgeo.errors import ConflictError
from gridgeo.model.findings import FINDINGS, lasting
from gridgeo.store.connection import take_turns
from gridgeo.store.reading import Frame, collect, shape_out
from gridgeo.store.staging import merge, stage, staged_types
from gridgeo.store.tables import REGISTER, findings
from gridgeo.store.wire import arrow_of


@dataclass(frozen=True)
class RegisterChange:
    """What a run of the detectors changed.

    Parameters
    ----------
    opened, kept, closed : int
        Findings that are new, found again, no longer found.
    """

    opened: int
    kept: int
    closed: int


def record(
    connection: Connection, frame: Frame, as_of: date, kinds: Collection[str] | None
) -> RegisterChange:
    """Bring the register to what was found on a day; see ``Store.record_findings``."""
    FINDINGS.check(frame)
    take_turns(connection, "record findings")
    table = findings
    concerned = table.c.kind.in_(list(kinds)) if kinds is not None else true()
    last = connection.scalar(
        select(func.max(func.greatest(table.c.opened_on, table.c.closed_on))).where(concerned)
    )
    if last is not None and as_of < last:
        raise ConflictError(
            f"The register stands at {last}; findings of {as_of} would rewrite what was known.",
            hint=f"Record findings of {last} or later.",
            fields=["as_of"],
        )
    open_now = table.c.closed_on.is_(None)
    dated = lasting(frame, _opened(connection), as_of).assign(as_of=pd.Timestamp(as_of))
    rows = arrow_of(FINDINGS, dated, shapes=True)
    staged = stage(connection, staged_types(table, rows.column_names), rows)
    same = and_(table.c.finding_id == staged.c.finding_id, open_now)
    gone = ~select(staged.c.finding_id).where(same).exists()
    closed = connection.execute(
        update(table).where(open_now, concerned, gone).values(closed_on=as_of)
    ).rowcount
    opened, _ = merge(connection, table, staged, same, {}, {"opened_on": as_of})
    return RegisterChange(opened, len(frame) - opened, closed)


def episodes(connection: Connection) -> pd.DataFrame:
    """Give every finding that ever was, with its life; see ``Store.episodes``."""
    table = findings
    columns = [table.c[column.name] for column in REGISTER.columns]
    chosen = select(table.c.finding_id, *columns).order_by(table.c.episode_id)
    return cast(pd.DataFrame, collect(connection, chosen, REGISTER, shapes=False))


def _opened(connection: Connection) -> pd.Series:
    """Give the day on which each finding that is open was first found."""
    chosen = select(findings.c.finding_id, findings.c.opened_on).where(
        findings.c.closed_on.is_(None)
    )
    rows = connection.execute(chosen).all()
    ids, days = ([row[n] for row in rows] for n in (0, 1))
    return pd.Series(pd.to_datetime(days), index=pd.Index(ids, dtype="str"), dtype="datetime64[us]")


def read(connection: Connection, on: date | None) -> gpd.GeoDataFrame:
    """Give the findings open on a day; see ``Store.findings``."""
    table = findings
    columns = [table.c[column.name] for column in REGISTER.columns]
    chosen = select(table.c.finding_id, *columns, shape_out(table.c.geometry))
    if on is None:
        chosen = chosen.where(table.c.closed_on.is_(None))
    else:
        still = or_(table.c.closed_on.is_(None), table.c.closed_on > on)
        chosen = chosen.where(table.c.opened_on <= on, still)
    chosen = chosen.order_by(table.c.finding_id.collate("C"))
    return collect(connection, chosen, REGISTER, shapes=True)
