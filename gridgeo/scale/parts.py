"""A data set of Parquet files cut into parts, and what has become of each."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gridgeo.errors import ConflictError, InputError
from gridgeo.model.parquet import parquet_writer, style_of

ROWS = 2_000_000  # of a part: enough to keep a worker busy for a second
_MARK = "_gridgeo.json"  # readers of data sets pass over names that begin like this
_DIGEST, _TOLD = b"gridgeo.digest", b"gridgeo.told"


@dataclass(frozen=True)
class Part:
    """Row groups of one file that are read, answered and written together.

    Parameters
    ----------
    number : int
        Counts the parts in the order of the rows.
    path : str
        The file, as every worker can open it.
    groups : tuple of int
        Row groups, one after the other.
    first_row : int
        Rows of the file before them.
    rows : int
    """

    number: int
    path: str
    groups: tuple[int, ...]
    first_row: int
    rows: int

    @property
    def name(self) -> str:
        """Give the name of its file in the output."""
        return f"part-{self.number:06}.parquet"


def cut(files: Sequence[Path], rows: int = ROWS) -> list[Part]:
    """Cut Parquet files into parts.

    Parameters
    ----------
    files : sequence of Path
        In the order in which their rows shall stand.
    rows : int
        A part ends with the row group that reaches so many.

    Returns
    -------
    list of Part
        A file without rows is one part without rows.

    Raises
    ------
    InputError
        A file is no Parquet, or its columns are not those of the first.
    """
    parts: list[Part] = []
    first: pa.Schema | None = None
    for path in files:
        try:
            with pq.ParquetFile(path) as file:
                meta, schema = file.metadata, file.schema_arrow.remove_metadata()
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(
                f"{path.name} cannot be read as Parquet.",
                hint="A cluster reads Parquet; `gridgeo assign` without --cluster reads more.",
                code="input.unreadable",
            ) from error
        first = schema if first is None else first
        if schema != first:
            raise InputError(
                f"{path.name} has other columns than {files[0].name}.",
                hint="Give files with the same columns, or one call each.",
                code="input.columns",
            )
        groups: list[int] = []
        before = held = 0
        for group in range(meta.num_row_groups):
            groups.append(group)
            held += meta.row_group(group).num_rows
            if held >= rows:
                parts.append(Part(len(parts), str(path.resolve()), tuple(groups), before, held))
                groups, before, held = [], before + held, 0
        if groups or not meta.num_row_groups:
            parts.append(Part(len(parts), str(path.resolve()), tuple(groups), before, held))
    return parts


def digest_of(parts: Sequence[Part], *more: bytes | str) -> str:
    """Tell work from other work: the files as they lie there now, their parts, and what else.

    Parameters
    ----------
    parts : sequence of Part
    *more : bytes or str
        Whatever else the answers depend on.

    Returns
    -------
    str
    """
    said = hashlib.sha256()
    for part in parts:
        state = os.stat(part.path)
        said.update(f"{part} {state.st_size} {state.st_mtime_ns}\n".encode())
    for one in more:
        said.update(one.encode() if isinstance(one, str) else one)
        said.update(b"\0")
    return said.hexdigest()


class Output:
    """A folder that stands there whole or not at all, and is filled by many.

    Until it is finished it lies beside its place, under its name and ``.part``; every part in it is
    whole, so that the same work done again goes on from there.

    Parameters
    ----------
    place : Path
        Of the folder.
    digest : str
        Of the work; parts of other work are not taken.

    Raises
    ------
    ConflictError
        Something stands there that gridgeo did not write as a data set.
    """

    def __init__(self, place: Path, digest: str) -> None:
        self.place, self.digest = place, digest
        self.folder = place.with_name(place.name + ".part")
        if place.exists() and not (place / _MARK).is_file():
            raise ConflictError(
                f"{place.name} is there already and is no data set that gridgeo wrote.",
                hint="Name another folder, or move it away.",
                code="output.exists",
                fields=["output"],
            )

    def prepare(self) -> None:
        """Make the folder; what other work left in it goes. Finished work is left in its place."""
        if _digest_in(self.place) == self.digest:
            self.folder = self.place
            return
        if self.folder.exists() and _digest_in(self.folder) != self.digest:
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        mark = self.folder / f"{_MARK}.{uuid4().hex}"
        mark.write_text(json.dumps({"digest": self.digest}), encoding="utf-8")
        mark.replace(self.folder / _MARK)

    def told(self, part: Part) -> dict[str, int] | None:
        """Give what a part told when it was written; None where it has to be made."""
        return told_in(self.folder / part.name, self.digest, part.rows)

    def finish(self, parts: Sequence[Part]) -> None:
        """Put the folder in its place, once every part is there with its rows.

        Raises
        ------
        InputError
            A part is missing or has not its rows: nothing is put in its place.
        """
        odd = [part.name for part in parts if self.told(part) is None]
        if odd:
            raise InputError(
                f"{len(odd):,} parts of {self.place.name} are not what was written ({odd[0]}).",
                hint="See whether the storage is full or was changed, then run it again.",
                code="output.rows",
            )
        mine = {part.name for part in parts}
        for path in self.folder.glob("*"):
            if path.name not in mine and path.name != _MARK:
                path.unlink()  # half-written by a worker that was lost
        if self.folder == self.place:
            return
        before = self.place.with_name(f"{self.place.name}.{uuid4().hex}.old")
        if self.place.exists():
            self.place.rename(before)
        self.folder.rename(self.place)
        shutil.rmtree(before, ignore_errors=True)


class PartReader:
    """Reads one part, so many rows at a time.

    Parameters
    ----------
    part : Part
    """

    def __init__(self, part: Part) -> None:
        self._part = part
        self._file = pq.ParquetFile(part.path)

    def __enter__(self) -> "PartReader":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def style(self) -> dict[str, Any]:
        """Say how the file is written, as ``PartWriter`` takes it."""
        return style_of(self._file)

    def tables(self, rows: int) -> Iterator[pa.Table]:
        """Give the rows as tables of at most ``rows`` rows; one without rows where there are none.

        An index that pandas keeps only as the count of all rows becomes a column: it would begin
        anew in every part.
        """
        schema = self._file.schema_arrow
        at = self._part.first_row
        empty = pa.RecordBatch.from_pylist([], schema)
        batches = self._file.iter_batches(rows, row_groups=list(self._part.groups))
        for batch in batches if self._part.rows else [empty]:
            yield _with_counted_index(pa.Table.from_batches([batch], schema), at)
            at += batch.num_rows


def _with_counted_index(table: pa.Table, at: int) -> pa.Table:
    said = json.loads((table.schema.metadata or {}).get(b"pandas", "null")) or {}
    counted = [i for i in said.get("index_columns", ()) if isinstance(i, dict)]
    if not counted:
        return table
    kept = {k: v for k, v in table.schema.metadata.items() if k != b"pandas"}
    table = table.replace_schema_metadata(kept)
    if counted[0]["name"] is None:
        return table
    values = counted[0]["start"] + counted[0]["step"] * (at + np.arange(table.num_rows))
    return table.add_column(0, counted[0]["name"], pa.array(values, pa.int64()))


class PartWriter:
    """Writes one part: whole, under its name, or not at all.

    Two workers may write the same part at once, when one was thought lost: both write the same, and
    the last one stands.

    Parameters
    ----------
    folder : Path
    part : Part
    digest : str
        Of the work it belongs to.
    **style
        How to write, as ``gridgeo.model.parquet.parquet_writer`` takes it.
    """

    def __init__(
        self,
        folder: Path,
        part: Part,
        digest: str,
        **style: Any,  # noqa: ANN401
    ) -> None:
        self._target = folder / part.name
        self._own = folder / f".{part.name}.{uuid4().hex}"
        self._digest, self._style = digest, style
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
        self._own.unlink(missing_ok=True)

    def write(self, table: pa.Table) -> None:
        """Add rows; every table has the columns of the first."""
        if self._writer is None:
            self._writer = parquet_writer(self._own, table.schema, **self._style)
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))

    def finish(self, told: dict[str, int]) -> None:
        """Put the file in its place; it keeps what the part has to tell."""
        if self._writer is None:
            raise ValueError("a part has at least one table, be it without rows")
        self._writer.add_key_value_metadata({_DIGEST: self._digest, _TOLD: json.dumps(told)})
        self._writer.close()
        self._writer = None
        self._own.replace(self._target)


def told_in(path: Path, digest: str, rows: int) -> dict[str, int] | None:
    """Give what a part's file keeps; None unless it is whole, of this work and has its rows."""
    try:
        meta = pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError):
        return None
    kept = meta.metadata or {}
    if kept.get(_DIGEST) != digest.encode() or meta.num_rows != rows:
        return None
    said: dict[str, int] = json.loads(kept[_TOLD])
    return said


def _digest_in(folder: Path) -> str | None:
    try:
        said: str = json.loads((folder / _MARK).read_text(encoding="utf-8"))["digest"]
    except (OSError, ValueError, KeyError):
        return None
    return said
