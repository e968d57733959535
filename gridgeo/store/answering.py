"""Incidents get the grid that was in force: asked for and answered chunk by chunk."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Double,
    Engine,
    FromClause,
    Select,
    and_,
    bindparam,
    cast,
    delete,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Boolean

from gridgeo.model.answered import Asked, Basis, Where, Written
from gridgeo.model.frames import INCIDENTS
from gridgeo.store import answer_bases
from gridgeo.store.connection import in_our_words
from gridgeo.store.copied import asked_of
from gridgeo.store.staging import Shape, Staging, stage, staged_types
from gridgeo.store.tables import REST_SRID, incident_grids, layers

_ANSWER = ("grid_code", "how", "distance_m")
_QUESTION = ("incident_id", "x", "y", "day")
_INCIDENTS = layers[INCIDENTS.name]
_ONE_MOMENT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


class Answering:
    """One run of giving incidents their grids; of ``Store.answering``.

    Parameters
    ----------
    writer, reader : Connection
        Incidents are read as they stood at one moment while answers are written.
    zone : str
        Time zone whose days are meant.

    Notes
    -----
    Every call is a transaction. A run that is cut off leaves answers that are right by the grids
    of one of the bases kept; ``begin`` of the next run gives them all.

    All of a run sees incidents and answers as they stood when it began: one that is moved away
    meanwhile, and back, is either answered or looked at.
    """

    def __init__(self, writer: Connection, reader: Connection, zone: str) -> None:
        self._writer, self._reader, self._zone = writer, reader, zone

    def begin(self, nearest_within_m: float | None) -> tuple[Basis, list[Basis]]:
        """Keep the grids as they are, and give those that stand in answers so far.

        Parameters
        ----------
        nearest_within_m : float or None

        Returns
        -------
        now : Basis
            What answers are to be given by.
        earlier : list of Basis
            Others by one of which each answer was given; empty where nothing changed.
        """
        with self._writer.begin():
            now = answer_bases.keep(self._writer, nearest_within_m)
            found = answer_bases.read(self._writer)
        self._reader.begin()
        self._reader.execute(_ONE_MOMENT)
        by_id = {basis.base_id: basis for basis in found}
        return by_id.pop(now), list(by_id.values())

    def forget_gone(self) -> int:
        """Take away the answers of incidents that are no more, and say how many."""
        here = select(_INCIDENTS.c.incident_id)
        here = here.where(_INCIDENTS.c.incident_id == incident_grids.c.incident_id)
        moment = self._reader.scalar(select(func.pg_export_snapshot()))
        with self._writer.begin():
            self._writer.execute(_ONE_MOMENT)
            self._writer.execute(text(f"SET TRANSACTION SNAPSHOT '{moment}'"))
            return self._writer.execute(delete(incident_grids).where(~here.exists())).rowcount

    def lacking(self) -> int:
        """Count how many incidents more there are than answers: at least so many are new."""
        rows = select(func.count())
        incidents, answers = (
            self._reader.execute(rows.select_from(table)).scalar_one()
            for table in (_INCIDENTS, incident_grids)
        )
        return max(0, incidents - answers)

    def unanswered(self, breaks: list[date], chunk_rows: int) -> Iterator[Asked]:
        """Give the incidents that are new, or whose place or day is not what was answered.

        Parameters
        ----------
        breaks : list of date
            Days on which the grids in force may change: incidents come interval by interval.
        chunk_rows : int

        Yields
        ------
        Asked
        """
        found = _questions(self._zone).subquery("found")
        same = [incident_grids.c[name] == found.c[name] for name in _QUESTION]
        known = incident_grids.c.incident_id.is_not(None)
        chosen = (
            _copied(found, known)
            .outerjoin(incident_grids, same[0])
            .where(or_(~known, ~and_(*same[1:])))
        )
        if breaks:
            edges = bindparam("breaks", breaks, type_=ARRAY(Date))
            chosen = chosen.order_by(func.width_bucket(found.c.day, edges))
        yield from asked_of(self._reader, chosen, chunk_rows)

    def again(self, where: Where, chunk_rows: int) -> Iterator[Asked]:
        """Give incidents that are answered for the place and day they have.

        Parameters
        ----------
        where : Where
        chunk_rows : int

        Yields
        ------
        Asked
            Each incident once.
        """
        found = _found(self._reader, self._zone, where)
        same = [incident_grids.c[name] == found.c[name] for name in _QUESTION]
        chosen = _copied(found, literal(True)).join(incident_grids, and_(*same))
        yield from asked_of(self._reader, chosen, chunk_rows)

    def write(self, asked: Asked, answer: pa.Table) -> Written:
        """Keep the answers of a chunk: all of them, or none.

        Parameters
        ----------
        asked : Asked
        answer : Table
            ``grid_code`` (null for none), ``how``, ``distance_m``, in the order of ``asked``.

        Returns
        -------
        Written
            Rows that are as they were are not rewritten.
        """
        rows = pa.table(
            {
                "incident_id": asked.incident_id,
                **{name: answer[name] for name in _ANSWER},
                "x": asked.x,
                "y": asked.y,
                "day": pa.array(asked.day.astype(np.int32)).cast(pa.date32()),
            }
        )
        types = staged_types(incident_grids, rows.column_names)
        known = int(asked.known.sum())
        with self._writer.begin():
            staging = Staging(self._writer, {**types, "known": Boolean()})
            staging.add(rows.append_column("known", pa.array(asked.known)))
            if not known:
                self._insert(staging.table, rows.column_names)
                return Written(len(asked), 0, 0)
            staged = staging.settled()
            rewritten, regridded = self._rewrite(staged)
            if known < len(asked):
                self._insert(staged, rows.column_names)
            return Written(len(asked) - known, rewritten, regridded)

    def finish(self, base_id: int) -> None:
        """Say that all answers are right by one basis: the others are forgotten."""
        with self._writer.begin():
            answer_bases.keep_only(self._writer, base_id)

    def _insert(self, staged: FromClause, names: list[str]) -> None:
        new = select(*(staged.c[name] for name in names)).where(~staged.c.known)
        self._writer.execute(insert(incident_grids).from_select(names, new))

    def _rewrite(self, staged: FromClause) -> tuple[int, int]:
        table = incident_grids
        same = (table.c.incident_id == staged.c.incident_id) & staged.c.known
        other_grid = table.c.grid_code.is_distinct_from(staged.c.grid_code)
        chosen = select(func.count()).select_from(table.join(staged, same)).where(other_grid)
        regridded = self._writer.execute(chosen).scalar_one()
        values = {name: staged.c[name] for name in (*_ANSWER, *_QUESTION[1:])}
        differs = or_(false(), *(table.c[n].is_distinct_from(v) for n, v in values.items()))
        order = update(table).where(same, differs).values(values)
        return self._writer.execute(order).rowcount, regridded


@contextmanager
def answering(engine: Engine, zone: str) -> Iterator[Answering]:
    """Answer alone; see ``Store.answering``."""
    with in_our_words(engine), engine.connect() as writer, engine.connect() as reader:
        lock = text("SELECT pg_advisory_lock(hashtextextended('gridgeo: assign incidents', 0))")
        try:
            with writer.begin():
                writer.execute(lock)
            yield Answering(writer, reader, zone)
        finally:
            # Both sessions end here, however the block ends: the lock is the session's, as no
            # transaction lasts as long as a run.
            for session in (writer, reader):
                session.invalidate()


def incidents_in(
    connection: Connection, zone: str, where: Where, chunk_rows: int
) -> Iterator[Asked]:
    """Give the incidents of some days and places; see ``Store.incidents_in``."""
    chosen = _copied(_found(connection, zone, where), literal(False))
    yield from asked_of(connection, chosen, chunk_rows)


def waiting(connection: Connection, zone: str) -> tuple[int, int]:
    """Count the incidents that have the answer to what is asked of them now, and the others."""
    found = _questions(zone).subquery("found")
    same = and_(*(incident_grids.c[name] == found.c[name] for name in _QUESTION))
    known = func.count(incident_grids.c.incident_id)
    chosen = select(known, func.count()).select_from(found.outerjoin(incident_grids, same))
    answered, whole = connection.execute(chosen).one()
    return answered, whole - answered


def day_of(zone: str) -> ColumnElement[date]:
    """Give the day of each incident in a zone."""
    return cast(func.timezone(zone, _INCIDENTS.c.reported_at), Date)


def _questions(zone: str) -> Select[Any]:
    """Choose what decides about each incident: where and when it happened."""
    nowhere = literal(float("nan"))  # of an empty point; PostgreSQL holds NaN equal to itself
    x, y = (f(_INCIDENTS.c.geometry, type_=Double) for f in (func.ST_X, func.ST_Y))
    return select(
        _INCIDENTS.c.incident_id,
        func.coalesce(x, nowhere).label("x"),
        func.coalesce(y, nowhere).label("y"),
        day_of(zone).label("day"),
    )


def _copied(found: FromClause, known: ColumnElement[bool]) -> Select[Any]:
    """Choose the columns as ``asked_of`` wants them."""
    c = found.c
    return select(c.x, c.y, c.day, known, c.incident_id).select_from(found)


def _found(connection: Connection, zone: str, where: Where) -> FromClause:
    """Give the questions of some days and places, each once."""
    chosen = _questions(zone)
    day = day_of(zone)
    if where.since is not None:
        chosen = chosen.where(day >= where.since)
    if where.until is not None:
        chosen = chosen.where(day < where.until)
    if where.places is None:
        return chosen.subquery("found")
    shapes = shapely.set_srid(where.places, REST_SRID)
    rows = pa.table({"geometry": pa.array(shapely.to_wkb(shapes, include_srid=True))})
    places = stage(connection, {"geometry": Shape()}, rows)
    near = func.ST_DWithin(_INCIDENTS.c.geometry, places.c.geometry, where.within, type_=Boolean)
    chosen = chosen.join(places, near).group_by(_INCIDENTS.c.incident_id)
    # By itself, or the planner, who takes places and days to be strangers to each other, expects
    # one incident of a join with the answers, and compares a million of them with every place.
    return chosen.cte("found").prefix_with("MATERIALIZED")
