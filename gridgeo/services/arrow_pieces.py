"""Tables that lie one behind the other in a file until all are there, and then become Parquet.

A Parquet file says at its end what stands in it, so it cannot be gone on with; a run of Arrow
streams can.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

from gridgeo.model.parquet import parquet_writer

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def piece_of(table: pa.Table) -> memoryview:
    """Give a table as the bytes of an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue())


def parquet_of(
    data: Path, ends: Sequence[int], schema: pa.Schema, style: Mapping[str, Any]
) -> Path:
    """Write pieces as one Parquet file beside them, a row group each.

    Parameters
    ----------
    data : Path
    ends : sequence of int
        Where each piece ends in it.
    schema : Schema
        Of every piece.
    style : mapping
        How to write, as ``gridgeo.model.parquet.parquet_writer`` takes it.

    Returns
    -------
    Path
    """
    path = data.with_name("whole")
    with parquet_writer(path, schema, **style) as writer, pa.OSFile(str(data)) as pieces:
        for start, end in pairwise([0, *ends]):
            pieces.seek(start)
            with pa.ipc.open_stream(pieces.read_buffer(end - start)) as stream:
                table = stream.read_all()
            writer.write_table(table, row_group_size=max(table.num_rows, 1))
    return path
