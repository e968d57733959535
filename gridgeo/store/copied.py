"""Rows out: copied in binary and turned into whole columns, a chunk at a time."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

import numpy as np
import psycopg
import pyarrow as pa
from sqlalchemy import Connection, Select

from gridgeo.model.answered import Asked

_SIGNATURE = 11 + 4 + 4  # bytes before the first row: signature, flags, length of the extension
_END = b"\xff\xff"
_EPOCH = 10_957  # PostgreSQL counts days from 2000-01-01

# A row: number of fields, then each field's length and bytes. All but the key have one length.
_KEY = 43
_ROW = np.dtype(
    {
        "names": ["x", "y", "day", "known"],
        "formats": [">f8", ">f8", ">i4", "?"],
        "offsets": [6, 18, 30, 38],
        "itemsize": _KEY,
    }
)


def asked_of(connection: Connection, chosen: Select[Any], chunk_rows: int) -> Iterator[Asked]:
    """Copy incidents out, as they stood when it began.

    Parameters
    ----------
    connection : Connection
        Has nothing else to do until the last chunk is taken.
    chosen : Select
        Of x, y (float), day (date), known (bool), incident_id (text): in that order, none empty.
    chunk_rows : int
        How many rows are in memory at once.

    Yields
    ------
    Asked
        Of at most ``chunk_rows``, in the order of ``chosen``.

    Notes
    -----
    PostgreSQL sends every row of a COPY as a message of its own, so the keys, which alone differ
    in length, are what follows the rest of each message.
    """
    session = cast(psycopg.Connection, connection.connection.driver_connection)
    order = chosen.compile(connection, compile_kwargs={"render_postcompile": True})
    statement = f"COPY ({order}) TO STDOUT (FORMAT BINARY)"
    values = cast(dict[str, Any], order.params)
    with session.cursor() as cursor, cursor.copy(statement, values) as copy:
        messages = _without_frame(bytes(message) for message in copy)
        while rows := list(islice(messages, chunk_rows)):
            yield _columns(rows)


def _without_frame(messages: Iterator[bytes]) -> Iterator[bytes]:
    """Leave out what stands before the first row and after the last."""
    first = next(messages, b"")[_SIGNATURE:]
    if first and first != _END:
        yield first
    for message in messages:
        if message != _END:
            yield message


def _columns(rows: list[bytes]) -> Asked:
    fixed = np.frombuffer(b"".join([row[:_KEY] for row in rows]), _ROW)
    keys = b"".join([row[_KEY:] for row in rows])
    ends = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)) - _KEY, out=ends[1:])
    return Asked(
        pa.LargeStringArray.from_buffers(len(rows), pa.py_buffer(ends), pa.py_buffer(keys)),
        fixed["x"].astype(np.float64),
        fixed["y"].astype(np.float64),
        fixed["day"].astype(np.int64) + _EPOCH,
        fixed["known"].astype(np.bool_),
    )
