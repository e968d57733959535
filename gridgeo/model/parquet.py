"""How a Parquet file is written, and how another one was."""

import base64
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def style_of(file: pq.ParquetFile) -> dict[str, Any]:
    """Say how a file is written, as ``parquet_writer`` takes it; of its first row group.

    Parameters
    ----------
    file : ParquetFile

    Returns
    -------
    dict
        Nothing where it has no rows.
    """
    meta = file.metadata
    if not meta.num_row_groups or not meta.num_columns:
        return {}
    columns = [meta.row_group(0).column(k) for k in range(meta.num_columns)]
    codec = str(columns[0].compression).lower()
    plain = [c.path_in_schema for c in columns if "RLE_DICTIONARY" not in c.encodings]
    return {"compression": codec.replace("uncompressed", "none"), "plain": plain}


def parquet_writer(
    path: Path,
    schema: pa.Schema,
    compression: str = "snappy",
    plain: Collection[str] = (),
    text: Collection[str] = (),
) -> pq.ParquetWriter:
    """Begin a Parquet file.

    Parameters
    ----------
    path : Path
    schema : Schema
    compression : str
        As Parquet calls it.
    plain : collection of str
        Columns whose values hardly repeat: a dictionary of them would be made in vain.
    text : collection of str
        Dictionaries that Arrow shall read as the text they hold, as all other software does.

    Returns
    -------
    ParquetWriter
    """
    # The least and greatest of a dictionary's values take as long as all else together.
    counted = [field.name for field in schema if not pa.types.is_dictionary(field.type)]
    repeating = [name for name in schema.names if name not in plain]
    writer = pq.ParquetWriter(
        path,
        schema.remove_metadata(),
        compression=compression,
        use_dictionary=repeating,
        write_statistics=counted,
        store_schema=False,
    )
    read_as = pa.schema([_as_text(f) if f.name in text else f for f in schema], schema.metadata)
    said = base64.b64encode(read_as.serialize())
    writer.add_key_value_metadata({**(schema.metadata or {}), "ARROW:schema": said})
    return writer


def _as_text(field: pa.Field) -> pa.Field:
    is_dictionary = pa.types.is_dictionary(field.type)
    return field.with_type(field.type.value_type) if is_dictionary else field
