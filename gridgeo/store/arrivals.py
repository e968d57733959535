"""The rows of one file on their way in: those accepted and those refused, part by part."""

from collections.abc import Iterable
from datetime import datetime

import pandas as pd
import pyarrow as pa
from sqlalchemy import BigInteger, Connection, Table, Text, bindparam, cast, insert, select
from sqlalchemy.dialects.postgresql import JSONB

from gridgeo.errors import ContractError
from gridgeo.model.contract import Contract
from gridgeo.model.records import Part
from gridgeo.store.plain import as_json
from gridgeo.store.staging import Staging, doubled, stage, staged_types
from gridgeo.store.tables import layers, rejects
from gridgeo.store.wire import arrow_of

REJECT_COLUMNS = ["row", "field", "code", "reason_zh", "reason_en", "content"]


class Arrivals:
    """What of a file is in the database so far, and not yet in its layer.

    Parameters
    ----------
    connection : Connection
    contract : Contract
    feed_id : int

    Attributes
    ----------
    rows_read, accepted, rejected : int
        Rows so far.
    first, last : datetime or None
        When the rows happened that tell it; None where the layer does not tell.
    """

    def __init__(self, connection: Connection, contract: Contract, feed_id: int) -> None:
        self._connection, self._contract, self._feed_id = connection, contract, feed_id
        self._target = layers[contract.name]
        self._staging: Staging | None = None
        self.rows_read = self.accepted = self.rejected = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        # When a row happened is the first moment that every row of the layer has to tell.
        moments = (c.name for c in contract.columns if c.kind == "time" and c.required)
        self._moment = next(moments, None)

    def add(self, part: Part) -> None:
        """Take in a part.

        Raises
        ------
        ContractError
            ``part.accepted`` breaks the promise.
        """
        frame = part.accepted
        self._contract.check(frame)
        rows = arrow_of(self._contract, frame, shapes="geometry" in self._target.c)
        if self._staging is None:
            types = staged_types(self._target, rows.column_names)
            self._staging = Staging(self._connection, types)
        self._staging.add(rows)
        self._refuse(part.refused)
        self.rows_read += part.rows_read
        self.accepted += len(frame)
        self.rejected += part.rejected
        if self._moment is not None and len(frame):
            moments = frame[self._moment]
            first, last = moments.min().to_pydatetime(), moments.max().to_pydatetime()
            self.first = first if self.first is None else min(first, self.first)
            self.last = last if self.last is None else max(last, self.last)

    def settled(self) -> Table | None:
        """Give the table of all accepted rows, each key once; None where no part came.

        Raises
        ------
        ContractError
            Two parts hold one key.
        """
        if self._staging is None:
            return None
        staged = self._staging.settled()
        found = doubled(self._connection, staged, self._contract.key)
        if found:
            named = ", ".join(found[:3]) + (", …" if len(found) > 3 else "")
            raise ContractError(
                f"{self._contract.name} breaks its promise: {self._contract.key} stands more than "
                f"once ({named}).",
                hint="Each key may stand in one row of the file only.",
                fields=[self._contract.key],
            )
        return staged

    def _refuse(self, refused: pd.DataFrame) -> None:
        """Keep refused rows; their table has row security, so COPY cannot write it.

        Of a fleeting layer the cells are left out, which would outlast its rows.
        """
        if not len(refused):
            return
        texts = REJECT_COLUMNS[1:]
        columns = {"row_no": pa.array(refused["row"], pa.int64())}
        columns |= {name: pa.array(refused[name], pa.large_string()) for name in texts[:-1]}
        content: Iterable[object] = refused["content"]
        if self._contract.fleeting:
            content = [{}] * len(refused)
        columns["content"] = pa.array(map(as_json, content), pa.large_string())
        types = {name: Text() for name in texts}
        staged = stage(self._connection, {"row_no": BigInteger(), **types}, pa.table(columns))
        values = [cast(c, JSONB) if c.name == "content" else c for c in staged.c]
        chosen = select(bindparam("feed", self._feed_id), *values)
        self._connection.execute(insert(rejects).from_select(["feed_id", *staged.c.keys()], chosen))
