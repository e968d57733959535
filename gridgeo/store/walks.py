"""Patrols from tracks: what follows from raw fixes is kept, the fixes themselves go."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from gridgeo.model.contract import Contract
from gridgeo.model.frames import FIXES, PATROLS
from gridgeo.model.records import FeedIn, FeedResult, Part, Walked
from gridgeo.store import feeds, reading
from gridgeo.store.arrivals import REJECT_COLUMNS
from gridgeo.store.connection import take_turns
from gridgeo.store.reading import UTC_MOMENT, Frame
from gridgeo.store.staging import stage, staged_types
from gridgeo.store.tables import layers, patrol_intervals

_FIXES, _PATROLS = layers[FIXES.name], layers[PATROLS.name]
INTERVALS = ["patrol_id", "street_id", "from_m", "to_m"]


class Walks:
    """Tracks about to become patrols, in one transaction; of ``Store.walks``.

    Parameters
    ----------
    connection : Connection
        Imports of fixes and patrols wait until it ends.
    """

    def __init__(self, connection: Connection) -> None:
        for contract in (FIXES, PATROLS):
            take_turns(connection, f"take in {contract.name}")
        self._connection = connection

    def frame(self, contract: Contract, *, as_of: date | None = None) -> Frame:
        """Read a layer; as ``Store.frame``."""
        return reading.read(self._connection, contract, as_of=as_of)

    def waiting(self, *, streets: bool) -> pd.DataFrame:
        """Give the tracks from which a patrol can be made that does not stand yet.

        Parameters
        ----------
        streets : bool
            Whether a patrol that covers no street counts as not yet made.

        Returns
        -------
        DataFrame
            Index ``track_id``, in its order: ``first`` and ``last`` (UTC). A track that is known
            as a patrol is there only where fixes came later than the patrol, and all that it was
            made from are here still: it has no fewer, and begins and ends no closer together.
        """
        track, t = _FIXES.c.track_id, _FIXES.c.t
        of = select(
            track,
            func.min(t).label("first"),
            func.max(t).label("last"),
            func.count().label("fixes"),
            func.max(_FIXES.c.feed_id).label("feed_id"),
        )
        here = of.group_by(track).subquery("here")
        stands = _PATROLS.c
        whole = and_(
            here.c.fixes >= func.coalesce(stands.fixes, 0),
            here.c.first <= stands.starts_at,
            here.c.last >= stands.ends_at,
        )
        newer = here.c.feed_id > func.coalesce(stands.feed_id, 0)
        if streets:
            covers = patrol_intervals.c.patrol_id == here.c.track_id
            newer = or_(newer, ~select(patrol_intervals.c.patrol_id).where(covers).exists())
        chosen = (
            select(here.c.track_id, here.c.first, here.c.last)
            .select_from(here.outerjoin(_PATROLS, stands.patrol_id == here.c.track_id))
            .where(or_(stands.patrol_id.is_(None), and_(newer, whole)))
            .order_by(here.c.track_id.collate("C"))
        )
        rows = self._connection.execute(chosen).all()
        frame = pd.DataFrame(rows, columns=["track_id", "first", "last"])
        frame = frame.astype({"track_id": "str", "first": UTC_MOMENT, "last": UTC_MOMENT})
        return frame.set_index("track_id")

    def fixes(self, tracks: Iterable[str]) -> gpd.GeoDataFrame:
        """Give the fixes of tracks, as ``Store.frame`` gives the layer, in no order."""
        columns = [_FIXES.c[name] for name in (FIXES.key, *(c.name for c in FIXES.columns))]
        wanted = bindparam("tracks", list(tracks), type_=ARRAY(Text))
        chosen = select(*columns, reading.shape_out(_FIXES.c.geometry))
        chosen = chosen.where(_FIXES.c.track_id == func.any(wanted))
        return reading.collect(self._connection, chosen, FIXES, shapes=True)

    def patrols(self, since: datetime, until: datetime) -> pd.DataFrame:
        """Give the patrols that begin in a period, by their id."""
        return patrols(self._connection, since, until)

    def keep(self, facts: pd.DataFrame, intervals: pd.DataFrame, feed: FeedIn) -> FeedResult:
        """Keep patrols and what they covered, in the place of what stood of them.

        Parameters
        ----------
        facts : DataFrame
            Keeps ``PATROLS``.
        intervals : DataFrame
            Of these patrols alone: ``patrol_id``, ``street_id``, ``from_m``, ``to_m``.
        feed : FeedIn
            Enters the register of feeds: from what, and by which standards, they were made.

        Returns
        -------
        FeedResult
        """
        part = Part(facts, pd.DataFrame(columns=REJECT_COLUMNS), len(facts))
        result = feeds.take_in(self._connection, PATROLS, [part], feed)
        made = bindparam("made", facts.index.astype("str").tolist(), type_=ARRAY(Text))
        of = patrol_intervals.c.patrol_id == func.any(made)
        self._connection.execute(delete(patrol_intervals).where(of))
        if len(intervals):
            types = staged_types(patrol_intervals, INTERVALS)
            rows = pa.Table.from_pandas(intervals[INTERVALS], preserve_index=False)
            staged = stage(self._connection, types, rows)
            order = insert(patrol_intervals).from_select(INTERVALS, select(*staged.c))
            self._connection.execute(order)
        return result

    def drop(self, before: datetime) -> int:
        """Drop the fixes taken before a moment, and say how many there were."""
        order = delete(_FIXES).where(_FIXES.c.t < before)
        return self._connection.execute(order).rowcount


def walked(connection: Connection, since: datetime, until: datetime) -> Walked:
    """Give the patrols of a period and what they covered; see ``Store.walked``."""
    any_patrol, any_stretch = (
        bool(connection.scalar(select(exists().select_from(table))))
        for table in (_PATROLS, patrol_intervals)
    )
    covered = _covered(connection, since, until) if any_stretch else None
    before = since - timedelta(days=1)
    return Walked(patrols(connection, before, until), covered, known=any_patrol)


def patrols(connection: Connection, since: datetime, until: datetime) -> pd.DataFrame:
    """Give the patrols that begin in a period, by their id."""
    columns = [_PATROLS.c[name] for name in (PATROLS.key, *(c.name for c in PATROLS.columns))]
    chosen = select(*columns).where(_begun(since, until))
    chosen = chosen.order_by(_PATROLS.c.patrol_id.collate("C"))
    return reading.collect(connection, chosen, PATROLS, shapes=False)


def _covered(connection: Connection, since: datetime, until: datetime) -> pd.DataFrame:
    """Join the stretches of one street that touch or overlap, whoever walked them."""
    table = patrol_intervals.c
    along = (table.from_m, table.to_m)
    reached = func.max(table.to_m).over(
        partition_by=table.street_id, order_by=along, rows=(None, -1)
    )
    walked = (
        select(table.street_id, table.from_m, table.to_m, reached.label("reached_m"))
        .join(_PATROLS, _PATROLS.c.patrol_id == table.patrol_id)
        .where(_begun(since, until))
        .subquery("walked")
    ).c
    apart = case((walked.from_m <= walked.reached_m, 0), else_=1)
    order = (walked.from_m, walked.to_m)
    number = func.sum(apart).over(partition_by=walked.street_id, order_by=order)
    one = select(walked.street_id, walked.from_m, walked.to_m, number.label("number")).subquery()
    from_m = func.min(one.c.from_m)
    chosen = (
        select(one.c.street_id, from_m, func.max(one.c.to_m))
        .group_by(one.c.street_id, one.c.number)
        .order_by(one.c.street_id.collate("C"), from_m)
    )
    rows = connection.execute(chosen).all()
    frame = pd.DataFrame(rows, columns=["street", "from_m", "to_m"])
    return frame.astype({"street": "str", "from_m": "float64", "to_m": "float64"})


def waiting(connection: Connection) -> tuple[int, datetime | None]:
    """Count the fixes that are here, and give when the oldest was taken."""
    row: Any = connection.execute(select(func.count(), func.min(_FIXES.c.t))).one()
    return int(row[0]), row[1]


def _begun(since: datetime, until: datetime) -> ColumnElement:
    return and_(_PATROLS.c.starts_at >= since, _PATROLS.c.starts_at < until)
