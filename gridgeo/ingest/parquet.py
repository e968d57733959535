"""Read Parquet, with geometry (GeoParquet) or without."""

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from gridgeo.ingest.limits import check_rows, check_unpacked
from gridgeo.ingest.source import Source, check_text, closed_note, numbered, shapes_from


def read_parquet(path: Path) -> Source:
    """Read a Parquet file; a named index is a column like the others.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Source

    Raises
    ------
    InputError
        More rows or bytes than ``limits`` allows, or text that is not UTF-8.
    """
    arrow = _unpacked(path)
    check_text(path, arrow)
    said = json.loads((arrow.schema.metadata or {}).get(b"geo", "null"))
    column = None if said is None else said["primary_column"]
    table = (arrow if column is None else arrow.drop_columns([column])).to_pandas(
        integer_object_nulls=True
    )
    counted = isinstance(table.index, pd.RangeIndex) and table.index.name is None
    table = numbered(table.reset_index(drop=counted))
    if column is None:
        return Source(path.name, table)
    geometry = said["columns"][column]
    if geometry["encoding"] == "WKB":
        wkb = arrow.column(column).to_numpy()
    else:
        wkb = gpd.read_parquet(path, columns=[column]).geometry.to_wkb().to_numpy()
    shapes, unreadable, closed = shapes_from(wkb, shapely.from_wkb)
    # GeoParquet: a CRS that is left out is CRS84, one that is null is unknown.
    crs = gpd.GeoSeries([], crs=geometry.get("crs", "OGC:CRS84")).crs
    return Source(path.name, table, shapes, unreadable, crs, notes=closed_note(closed))


def _unpacked(path: Path) -> pa.Table:
    """Read all rows, but stop where they are too many or their bytes grow too large."""
    with pq.ParquetFile(path) as file:
        meta = file.metadata
        check_rows(path, meta.num_rows)
        groups = (meta.row_group(place) for place in range(meta.num_row_groups))
        check_unpacked(path, sum(group.total_byte_size for group in groups))
        # The metadata counts a text that all rows share once; memory counts it in every row.
        batches: list[pa.RecordBatch] = []
        size = 0
        for batch in file.iter_batches():
            size += batch.nbytes
            check_unpacked(path, size)
            batches.append(batch)
        return pa.Table.from_batches(batches, schema=file.schema_arrow)
