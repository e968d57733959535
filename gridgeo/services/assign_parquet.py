"""Assign the points of a Parquet file: rows, columns and what it says of itself are kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gridgeo.analysis.assign import Assigner
from gridgeo.analysis.assign_table import ANSWERS, Assigned, Place, assign_table
from gridgeo.model.parquet import style_of
from gridgeo.services.arrow_pieces import parquet_of, piece_of
from gridgeo.services.unfinished import Step

BATCH_ROWS = 2**20
_BUFFER_BYTES = 2**20  # of a column in memory, where a row group is large


@dataclass(frozen=True)
class ParquetCopy:
    """Add the answers to a Parquet file, row group by row group.

    Parameters
    ----------
    path : Path
    place : Place
        Where its points stand.
    assigner : Assigner
    key : str
        Name of the column with the grid; earlier ones of that name, ``how`` and ``distance_m`` are
        left out.
    threads : int
    """

    path: Path
    place: Place
    assigner: Assigner
    key: str
    threads: int = 1

    @cached_property
    def _sizes(self) -> list[int]:
        """Rows of each row group, as the file's own footer says."""
        meta = pq.read_metadata(self.path)
        return [meta.row_group(k).num_rows for k in range(meta.num_row_groups)]

    @property
    def rows_read(self) -> int:
        """Count the rows as the file's own footer does."""
        return sum(self._sizes)

    def steps(self, at: int, _rows: int, _size: int) -> Iterator[Step]:
        """Go on behind so many rows; whole row groups are stepped over."""
        first = 0
        with pq.ParquetFile(self.path, buffer_size=_BUFFER_BYTES) as file:
            for number, rows in enumerate(self._sizes):
                first, before = first + rows, first
                if first <= at:
                    continue
                for batch in file.iter_batches(BATCH_ROWS, row_groups=[number]):
                    fresh = batch.slice(max(at - before, 0))
                    before += batch.num_rows
                    if not fresh.num_rows:
                        continue
                    found = self._answered(pa.Table.from_batches([fresh], file.schema_arrow))
                    yield Step(
                        fresh.num_rows,
                        before,
                        tuple(found.counts.tolist()),
                        found.unplaced,
                        piece_of(found.table),
                        before / self.rows_read,
                    )

    def made(self, data: Path, ends: list[int]) -> Path:
        """Put the pieces together, written as the file was."""
        with pq.ParquetFile(self.path) as file:
            style = {**style_of(file), "text": (self.key, *ANSWERS)}
            schema = self._answered(file.schema_arrow.empty_table()).table.schema
        return parquet_of(data, ends, schema, style)

    @staticmethod
    def rows_in(path: Path) -> int:
        """Count the rows of a finished file."""
        rows: int = pq.read_metadata(path).num_rows
        return rows

    def _answered(self, table: pa.Table) -> Assigned:
        return assign_table(self.assigner, table, self.place, self.key, self.threads)
