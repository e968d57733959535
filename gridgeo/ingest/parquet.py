"""Read Parquet, with geometry (GeoParquet) or without."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from gridgeo.ingest.limits import check_rows, check_unpacked
from gridgeo.ingest.source import (
    How,
    Source,
    check_text,
    closed_note,
    numbered,
    regrouped,
    shapes_from,
)


def read_parquet(path: Path, how: How) -> Iterator[Source]:
    """Read a Parquet file; a named index is a column like the others.

    Parameters
    ----------
    path : Path
    how : How

    Yields
    ------
    Source

    Raises
    ------
    InputError
        More rows or bytes than ``limits`` allows, or text that is not UTF-8.
    """
    with pq.ParquetFile(path) as file:
        meta = file.metadata
        check_rows(path, meta.num_rows)
        groups = (meta.row_group(place) for place in range(meta.num_row_groups))
        check_unpacked(path, sum(group.total_byte_size for group in groups))
        schema = file.schema_arrow
        rows = 0
        for arrow in regrouped(_unpacked(path, file), schema, how.batch_rows):
            check_text(path, arrow)
            before, rows = rows, rows + arrow.num_rows
            yield _source(path, arrow, before, rows / max(meta.num_rows, 1))


def _unpacked(path: Path, file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """Read on, but stop where the bytes grow too large.

    The metadata counts a text that all rows share once; memory counts it in every row.
    """
    size = 0
    for batch in file.iter_batches():
        size += batch.nbytes
        check_unpacked(path, size)
        yield batch


def _source(path: Path, arrow: pa.Table, before: int, share: float) -> Source:
    said = json.loads((arrow.schema.metadata or {}).get(b"geo", "null"))
    column = None if said is None else said["primary_column"]
    table = _table(arrow if column is None else arrow.drop_columns([column]), before)
    if column is None:
        return Source(path.name, table, share=share)
    geometry = said["columns"][column]
    wkb = _wkb(arrow.column(column), geometry["encoding"])
    shapes, unreadable, closed = shapes_from(wkb, shapely.from_wkb)
    # GeoParquet: a CRS that is left out is CRS84, one that is null is unknown.
    crs = gpd.GeoSeries([], crs=geometry.get("crs", "OGC:CRS84")).crs
    return Source(
        path.name, table, shapes, unreadable, crs, notes=(closed_note(closed),), share=share
    )


def _table(arrow: pa.Table, before: int) -> pd.DataFrame:
    """Give the columns, a named index or one that does not merely count among them."""
    counted = _counting_index(arrow.schema)
    table = arrow.to_pandas(integer_object_nulls=True, ignore_metadata=counted is not None)
    if counted is None:
        plain = isinstance(table.index, pd.RangeIndex) and table.index.name is None
        table = table.reset_index(drop=plain)
    elif counted["name"] is not None:  # kept as three numbers for the whole file, not in its rows
        first = counted["start"] + before * counted["step"]
        table.insert(
            0, counted["name"], first + counted["step"] * np.arange(len(table), dtype="int64")
        )
    return numbered(table, before)


def _counting_index(schema: pa.Schema) -> dict[str, Any] | None:
    pandas = json.loads((schema.metadata or {}).get(b"pandas", "null")) or {}
    for index in pandas.get("index_columns", ()):
        if isinstance(index, dict) and index.get("kind") == "range":
            return index
    return None


def _wkb(column: pa.ChunkedArray, encoding: str) -> np.ndarray:
    if encoding == "WKB":
        return column.to_numpy()
    named = {b"ARROW:extension:name": f"geoarrow.{encoding}".encode()}
    field = pa.field("geometry", column.type, metadata=named)
    table = pa.table([column], schema=pa.schema([field]))
    return gpd.GeoDataFrame.from_arrow(table).geometry.to_wkb().to_numpy()
