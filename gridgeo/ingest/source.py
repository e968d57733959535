"""A file as its software wrote it, before anything is named or judged."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from gridgeo.errors import InputError
from gridgeo.ingest.notes import Note

# A pyproj CRS. Only gridgeo.model.crs may import pyproj, so the name says what the type cannot.
Crs = Any


DETECT = "detect"  # an encoding that is told from the bytes

# Rows and bytes that are in memory at a time; polygons reach the bytes first.
BATCH_ROWS = 131_072
BATCH_BYTES = 64 * 2**20


@dataclass(frozen=True)
class How:
    """How a file is to be read.

    Parameters
    ----------
    layer : str or None
        Layer of a file that has several.
    prefer : str
        Layer to take when none is named and one is called like this.
    encoding : str
        Of a CSV file or of the texts in a Shapefile; ``detect`` tells UTF-8 and GB18030 apart.
    member : str
        File inside a zip archive; empty: the only one that can be read.
    batch_rows : int or None
        Most rows of a ``Source``; None reads the file into one.
    """

    layer: str | None = None
    prefer: str = ""
    encoding: str = DETECT
    member: str = ""
    batch_rows: int | None = BATCH_ROWS


@dataclass(frozen=True, eq=False)
class Source:
    """What stands in one file, in one layer of it, or in one batch of its rows.

    Parameters
    ----------
    name : str
        The file's name without its folder, for messages.
    table : DataFrame, shape (n, …)
        Every column by the header the file gives it, without the geometry. The index counts
        the file's data rows from 1, leaving out those in ``ragged``, and goes on from batch to
        batch. Of a CSV all is text.
    shapes : ndarray of shapely geometry or None, shape (n,), or None
        None as a whole: the file has no geometry of its own. One None: that row has none.
    unreadable : ndarray of bool, shape (n,)
        The row has a geometry that no software can read; its shape is None.
    crs : CRS or None
        As the geometry's format says it.
    crs_is_default : bool
        ``crs`` is what the format assumes, not what the file says (GeoJSON without ``crs``).
    ragged : dict of int to (int, int)
        Data rows that have more or fewer cells than the header: row → (header's, row's).
    notes : tuple of Note or str
        What a reader should know, such as a ring that was closed. What is counted is counted in
        this batch, also when it is nothing; ``notes.gathered`` sums it.
    share : float
        How much of the file is read when this batch is, 0 to 1.
    arrow : Table or None, shape (n, …)
        The columns of ``table`` in the types of the file, where its format has any.
    """

    name: str
    table: pd.DataFrame
    shapes: np.ndarray | None = None
    unreadable: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    crs: Crs = None
    crs_is_default: bool = False
    ragged: dict[int, tuple[int, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    share: float = 1.0
    arrow: pa.Table | None = None

    @property
    def headers(self) -> list[str]:
        """Every header in the order of the file, doubled ones twice."""
        return list(self.table.columns)

    @property
    def rows(self) -> int:
        """How many data rows the file has, ragged ones included."""
        return len(self.table) + len(self.ragged)


def shapes_from(
    encoded: np.ndarray | pd.Series, decode: Callable[..., np.ndarray]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Decode WKB or WKT and close rings that were left open.

    Parameters
    ----------
    encoded : array-like of bytes, str or None, shape (n,)
    decode : callable
        ``shapely.from_wkb`` or ``shapely.from_wkt``.

    Returns
    -------
    shapes : ndarray of shapely geometry or None, shape (n,)
    unreadable : ndarray of bool, shape (n,)
        Something stands there, but no geometry comes out of it.
    closed : int
        How many shapes were mended by closing a ring.
    """
    cells = np.asarray(encoded, dtype=object)
    shapes = _decoded(cells, decode, "ignore")
    given = ~pd.isna(cells)
    bad = given & shapely.is_missing(shapes)
    shapes[bad] = _decoded(cells[bad], decode, "fix")
    unreadable = given & shapely.is_missing(shapes)
    return shapes, unreadable, int(bad.sum() - unreadable.sum())


def _decoded(cells: np.ndarray, decode: Callable[..., np.ndarray], on_invalid: str) -> np.ndarray:
    try:
        with np.errstate(invalid="ignore"):  # NaN among the coordinates is judged later
            return np.array(decode(cells, on_invalid=on_invalid), dtype=object)
    except NotImplementedError:  # one curve stops the whole array: go one by one
        shapes = np.full(len(cells), None, dtype=object)
        for place, cell in enumerate(cells):
            with suppress(NotImplementedError):
                shapes[place] = decode(cell, on_invalid=on_invalid)
        return shapes


def closed_note(closed: int) -> Note:
    """Say how many open rings were closed."""
    return Note(
        "{0} shapes had a ring that was not closed; it was closed.",
        "{0}个图形的边界环未闭合,已自动闭合。",
        (closed,),
    )


def numbered(table: pd.DataFrame, before: int = 0) -> pd.DataFrame:
    """Count the rows on from those ``before`` and make every header text."""
    table.index = pd.RangeIndex(before + 1, before + len(table) + 1, name="row")
    table.columns = pd.Index([str(header) for header in table.columns], dtype=object)
    return table


def regrouped(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, most_rows: int | None
) -> Iterator[pa.Table]:
    """Join and cut batches so that each has as many rows as are wanted.

    Parameters
    ----------
    batches : iterable of RecordBatch
    schema : Schema
    most_rows : int or None
        None makes one table of all.

    Yields
    ------
    Table
        Of at most ``most_rows`` rows; fewer at the end and where they fill ``BATCH_BYTES``. A file
        without rows gives one table without rows.
    """
    waiting: list[pa.RecordBatch] = []
    rows = size = given = 0
    for batch in batches:
        while most_rows is not None and rows + batch.num_rows > most_rows:
            head = most_rows - rows
            yield pa.Table.from_batches([*waiting, batch.slice(0, head)], schema)
            batch, waiting, rows, size, given = batch.slice(head), [], 0, 0, given + 1
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if most_rows is not None and rows and (rows == most_rows or size >= BATCH_BYTES):
            yield pa.Table.from_batches(waiting, schema)
            waiting, rows, size, given = [], 0, 0, given + 1
    if rows or not given:
        yield pa.Table.from_batches(waiting, schema)


def check_text(path: Path, arrow: pa.Table) -> None:
    """Let a table pass whose texts are all UTF-8; ``InputError`` otherwise."""
    try:
        arrow.validate(full=True)
    except pa.ArrowInvalid as error:
        raise unusable(
            path, "has text that is not UTF-8.", "Save it again as UTF-8.", code="input.encoding"
        ) from error


def listed(names: Sequence[str], most: int = 20) -> str:
    """List names for a message, at most ``most`` of them."""
    shown = ", ".join(names[:most]) or "none"
    return f"{shown}, … ({len(names)} in all)" if len(names) > most else shown


def unusable(path: Path, found: str, hint: str, code: str = "input.unreadable") -> InputError:
    """Make the error that says why a file cannot be used, by its name and not by its folder."""
    found = found.replace(str(path.parent / "_")[:-1], "")
    return InputError(f"{path.name} {found}", hint=hint, code=code)
