"""Assign the points of a Parquet file: its columns are copied as bytes, three are set beside them.

Only the columns that hold the points are decoded. All others come out as they went in, compressed
as they were, whatever their types; so does what the file says of itself.
"""

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gridgeo.analysis.assign import HOW, Assigner
from gridgeo.analysis.assign_table import ANSWERS, Place, answer_schema, answers
from gridgeo.errors import InputError
from gridgeo.model.parquet_group import as_group, as_read, compact
from gridgeo.model.parquet_pieces import (
    MAGIC,
    Chunk,
    chunks_of,
    footer_in,
    footer_of,
    groups_of,
    leaves_of,
    placed,
    rows_of,
    widened,
)
from gridgeo.model.thrift import Struct
from gridgeo.services.unfinished import Step

BATCH_ROWS = 2**20
_PIECE_BYTES = 2**23
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
    def _footer(self) -> Struct:
        return footer_in(self.path)

    @property
    def rows_read(self) -> int:
        """Count the rows as the file's own footer does."""
        return sum(rows_of(group) for group in groups_of(self._footer))

    def steps(self, at: int, _rows: int, size: int) -> Iterator[Step]:
        """Go on at a row group, behind ``size`` bytes that are written."""
        kept = set(leaves_of(self._footer, self._without))
        whole = len(kept) == len(leaves_of(self._footer))
        groups, total, rows = groups_of(self._footer), max(self.rows_read, 1), 0
        if size == 0:
            yield Step(0, 0, (0,) * len(HOW), 0, [MAGIC])
            size = len(MAGIC)
        with (
            pq.ParquetFile(self.path, buffer_size=_BUFFER_BYTES) as file,
            self.path.open("rb") as source,
        ):
            rows = sum(rows_of(group) for group in groups[:at])
            for number, group in enumerate(groups[at:], at):
                if not rows_of(group):
                    continue
                made = _Answers(self, file, number, rows_of(group))
                old = chunks_of(group, kept)
                said = placed([*old, *made.chunks], group, size, whole)
                size += sum(chunk.size for chunk in (*old, *made.chunks))
                rows += rows_of(group)
                yield Step(
                    rows_of(group),
                    number + 1,
                    tuple(made.counts.tolist()),
                    made.unplaced,
                    _bytes(source.fileno(), old, made),
                    base64.b64encode(said).decode(),
                    rows / total,
                )

    def tail(self, kept: list[str], rows: int) -> bytes:
        """End the file, given what its steps kept."""
        schema = answer_schema(self.assigner, self.key)
        _, more = as_group(schema.empty_table())
        footer = widened(self._footer, more, self._without, as_read(schema))
        return footer_of(footer, [base64.b64decode(one) for one in kept], rows)

    @staticmethod
    def rows_in(path: Path) -> int:
        """Count the rows of a finished file."""
        return sum(rows_of(group) for group in groups_of(footer_in(path)))

    @property
    def _without(self) -> tuple[str, ...]:
        return (self.key, *ANSWERS)


class _Answers:
    """The answers to one row group, as columns of a file of their own in memory."""

    def __init__(self, job: ParquetCopy, file: pq.ParquetFile, number: int, rows: int) -> None:
        self.counts, self.unplaced = np.zeros(len(HOW), np.int64), 0
        tables = []
        batches = file.iter_batches(
            BATCH_ROWS, row_groups=[number], columns=list(job.place.columns), use_threads=False
        )
        for batch in batches:
            found = answers(job.assigner, batch, job.place, job.key, job.threads)
            self.counts += found.counts
            self.unplaced += found.unplaced
            tables.append(found.table)
        table = pa.concat_tables(tables)
        if rows <= BATCH_ROWS:
            table = table.set_column(0, table.schema.field(0), compact(table.column(0)))
        self.data, footer = as_group(table)
        group = groups_of(footer)[0]
        if rows_of(group) != rows:
            raise InputError(
                f"{job.path.name} has {rows_of(group):,} of the {rows:,} rows that its footer "
                "promises for a row group, or more than a group may have.",
                hint="Write it again, with row groups of some million rows.",
                code="input.unreadable",
            )
        self.chunks = chunks_of(group)


def _bytes(source: int, old: list[Chunk], made: _Answers) -> Iterator[bytes | memoryview]:
    """Give the bytes of a row group: columns of the file, piece by piece, then those made."""
    for chunk in old:
        at, end = chunk.start, chunk.start + chunk.size
        while at < end:
            piece = os.pread(source, min(_PIECE_BYTES, end - at), at)
            if not piece:
                raise EOFError("the file ends within a column")
            yield piece
            at += len(piece)
    for chunk in made.chunks:
        yield made.data[chunk.start : chunk.start + chunk.size]
