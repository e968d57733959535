"""What the store answers about incidents and the grids they belong to."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import date

import pandas as pd
from sqlalchemy import Engine, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from gridgeo.model.answered import Answered, Asked, Where
from gridgeo.store import answer_bases
from gridgeo.store.answering import Answering, answering, day_of, incidents_in, waiting
from gridgeo.store.connection import transaction
from gridgeo.store.tables import incident_grids


class AnswerStore:
    """The part of ``Store`` that knows which grid an incident belongs to.

    It is the one that was in force where and when the incident was reported, kept beside the
    grid that the incident's file put on record, which nothing here changes.
    """

    engine: Engine

    def answering(self, zone: str) -> AbstractContextManager[Answering]:
        """Give incidents their grids, a transaction for each chunk.

        Parameters
        ----------
        zone : str
            Time zone whose days are meant.

        Returns
        -------
        context manager of Answering
            Whoever comes second waits until the first is done. May be cut off at any time.
        """
        return answering(self.engine, zone)

    def incidents_in(self, zone: str, where: Where, chunk_rows: int = 100_000) -> Iterator[Asked]:
        """Give the incidents of some days and places, chunk by chunk.

        Parameters
        ----------
        zone : str
        where : Where
        chunk_rows : int

        Yields
        ------
        Asked
            As they stood at one moment, each incident once; ``known`` is False.
        """
        with transaction(self.engine) as connection:
            yield from incidents_in(connection, zone, where, chunk_rows)

    def last_incident_day(self, zone: str) -> date | None:
        """Give the day of the latest incident; None where there is none."""
        with transaction(self.engine) as connection:
            return connection.scalar(select(func.max(day_of(zone))))

    def incident_grids(self, ids: Iterable[str] | None = None) -> pd.DataFrame:
        """Give the grids that incidents belong to.

        Parameters
        ----------
        ids : iterable of str, optional
            Only these incidents; one without an answer is not an error.

        Returns
        -------
        DataFrame
            Index ``incident_id`` in its order by code point: ``grid_code`` (NA in none), ``how``
            ("inside", "border", "nearest", "none"), ``distance_m`` (NaN in none) and ``day``
            (datetime64[us]), the day whose grids were asked.
        """
        names = ["incident_id", "grid_code", "how", "distance_m", "day"]
        key = incident_grids.c.incident_id
        chosen = select(*(incident_grids.c[name] for name in names)).order_by(key.collate("C"))
        if ids is not None:
            wanted = bindparam("ids", list(ids), type_=ARRAY(Text))
            chosen = chosen.where(key == func.any(wanted))
        with transaction(self.engine) as connection:
            rows = connection.execute(chosen).all()
        frame = pd.DataFrame(rows, columns=names).astype(
            {
                **dict.fromkeys(("incident_id", "grid_code", "how"), "str"),
                "distance_m": "float64",
                "day": "datetime64[us]",
            }
        )
        return frame.set_index("incident_id")

    def incidents_by_grid(
        self, since: date | None = None, until: date | None = None
    ) -> pd.DataFrame:
        """Count the incidents of each grid and month.

        Parameters
        ----------
        since, until : date, optional
            First day, and first day no more.

        Returns
        -------
        DataFrame
            ``grid_code`` (NA: in no grid), ``month`` (its first day, datetime64[us]),
            ``incidents`` (at least 1), in the order of grid, then month.
        """
        table = incident_grids
        month = func.date_trunc("month", table.c.day)
        chosen = select(table.c.grid_code, month, func.count()).group_by(table.c.grid_code, month)
        if since is not None:
            chosen = chosen.where(table.c.day >= since)
        if until is not None:
            chosen = chosen.where(table.c.day < until)
        chosen = chosen.order_by(table.c.grid_code.collate("C"), month)
        with transaction(self.engine) as connection:
            rows = connection.execute(chosen).all()
        frame = pd.DataFrame(rows, columns=["grid_code", "month", "incidents"])
        frame["month"] = pd.to_datetime(frame["month"], utc=True).dt.tz_localize(None)
        return frame.astype({"grid_code": "str", "month": "datetime64[us]", "incidents": "int64"})

    def answered(self, zone: str) -> Answered:
        """Tell how many incidents have their grid, and how many wait for it."""
        with transaction(self.engine) as connection:
            return Answered(*waiting(connection, zone), answer_bases.moved(connection))
