"""Write rows as one row group of a Parquet file, in memory."""

from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gridgeo.model.parquet_pieces import read_footer
from gridgeo.model.thrift import Struct

_DICTIONARY_BYTES = 2**26  # as many codes as there may be: else they are written in every row


def as_group(table: pa.Table) -> tuple[memoryview, Struct]:
    """Write a table as a Parquet file of one row group.

    Parameters
    ----------
    table : Table, shape (n, …)
        At most 64 million rows: of more, the file would have several.

    Returns
    -------
    data : memoryview
        The file.
    footer : Struct
        What stands at its end.
    """
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, dictionary_pagesize_limit=_DICTIONARY_BYTES) as out:
        out.write_table(table, row_group_size=max(table.num_rows, 1))
    data = memoryview(sink.getvalue())
    return data, read_footer(BytesIO(data))


def compact(column: pa.ChunkedArray) -> pa.Array:
    """Leave out of a dictionary what no row has; other columns are given back.

    A small row group would otherwise hold the codes of all grids, which are more than its rows.
    """
    array = column.combine_chunks()
    if not pa.types.is_dictionary(array.type):
        return array
    many = len(array.dictionary)
    indices = array.indices.fill_null(many).to_numpy()
    used = np.zeros(many + 1, np.bool_)
    used[indices] = True
    used[many] = False
    narrow = (np.cumsum(used) - 1).astype(np.int32)[indices]
    words = array.dictionary.filter(pa.array(used[:many]))
    return pa.DictionaryArray.from_arrays(pa.array(narrow, mask=~used[indices]), words)


def as_read(schema: pa.Schema) -> pa.Schema:
    """Say dictionaries as what stands in them: a code shall be read as text."""
    return pa.schema(
        [
            field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
            for field in schema
        ],
        metadata=schema.metadata,
    )
