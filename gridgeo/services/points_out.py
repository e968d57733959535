"""Points with their grids as the bytes of a file, piece by piece."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gridgeo.analysis.cells.segments import Floats
from gridgeo.analysis.point_columns import points_as_wkb
from gridgeo.ingest.csv_blocks import count_rows
from gridgeo.ingest.geojson_lines import SEPARATOR, count_lines
from gridgeo.model.crs import GIVE_OUT, moved
from gridgeo.model.files import disarmed
from gridgeo.services.arrow_pieces import parquet_of, piece_of
from gridgeo.services.points_in import Piece, Points

_MARK = b"\xef\xbb\xbf"  # by which Excel knows UTF-8
_FORMULA = r"^[=+\-@\t\r]"
_FEATURE = '{"type":"Feature","properties":{'
_ESCAPED = r'[\x00-\x1f"\\]'
_MARKS = (b'"', b",", b"\n", b"\r")
_QUOTED = '[",\r\n]'


class Writer(Protocol):
    """Makes the bytes of a file.

    Attributes
    ----------
    head : bytes
        What it begins with.
    """

    head: bytes

    def encode(self, piece: Piece, answers: pa.Table, /) -> bytes | memoryview:
        """Give the bytes of some rows."""
        ...

    def made(self, data: Path, ends: list[int], /) -> Path:
        """Make the file of all that was written, given where each piece ended."""
        ...

    def rows_in(self, path: Path) -> int:
        """Count the rows of a finished file by reading it again."""
        ...


class CsvWriter:
    """CSV in UTF-8, with a byte order mark for Excel; a cell is quoted where it must be.

    Parameters
    ----------
    points : Points
        Where their coordinates are in no column, ``lon`` and ``lat`` or ``x`` and ``y`` are added.
        Texts that a spreadsheet would run as formulas are disarmed, unless they stood in a CSV.
    answers : Schema
        Of the three columns of answers.
    """

    def __init__(self, points: Points, answers: pa.Schema) -> None:
        self._arm = not points.disarmed
        self._pair = () if points.shown else _pair(points.crs)
        names = [str(name) for name in points.headers]
        gone = {*answers.names, *self._pair}
        self._kept = [k for k, name in enumerate(names) if name.strip() not in gone]
        own = names if self._arm else [str(disarmed(name)) for name in names]
        header = [*(own[k] for k in self._kept), *self._pair, *answers.names]
        cells = [pa.array([name]) for name in header]
        self.head = _MARK + bytes(_lines(cells))

    def encode(self, piece: Piece, answers: pa.Table) -> bytes | memoryview:
        """Give the lines of some rows."""
        cells = [_text(piece.table.column(k), self._arm) for k in self._kept]
        if self._pair:
            cells += [_text(_known(values), True) for values in (piece.x, piece.y)]
        cells += [_text(column, False) for column in answers.columns]
        return _lines(cells)

    def made(self, data: Path, _ends: list[int]) -> Path:
        """Give the lines as they were written: they are the file."""
        return data

    def rows_in(self, path: Path) -> int:
        """Count the lines below the header."""
        return count_rows(path) - 1


class ParquetWriter:
    """GeoParquet with the points in their own CRS.

    Parameters
    ----------
    points : Points
        Empty cells of a CSV become missing ones.
    answers : Schema
        Of the three columns of answers.
    """

    head = b""

    def __init__(self, points: Points, answers: pa.Schema) -> None:
        self._text = answers.names
        names = _told_apart([name.strip() for name in points.headers])
        gone = {*answers.names, "geometry"}
        self._kept = [k for k, name in enumerate(names) if name not in gone]
        own = [points.schema.field(k).with_name(names[k]) for k in self._kept]
        self._empty_is_null = not points.disarmed
        geometry = {
            "encoding": "WKB",
            "geometry_types": ["Point"],
            "crs": points.crs.to_json_dict(),
        }
        said = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geometry}}
        self._schema = pa.schema(
            [*own, pa.field("geometry", pa.binary()), *answers],
            metadata={"geo": json.dumps(said)},
        )

    def encode(self, piece: Piece, answers: pa.Table) -> bytes | memoryview:
        """Give the rows as one piece."""
        own = [piece.table.column(k) for k in self._kept]
        if self._empty_is_null:
            own = [pc.if_else(pc.equal(c, ""), pa.scalar(None, c.type), c) for c in own]
        columns = [*own, points_as_wkb(piece.x, piece.y), *answers.columns]
        return piece_of(pa.Table.from_arrays(columns, schema=self._schema))

    def made(self, data: Path, ends: list[int]) -> Path:
        """Put the pieces together."""
        return parquet_of(data, ends, self._schema, {"text": self._text})

    def rows_in(self, path: Path) -> int:
        """Count the rows as the footer does."""
        rows: int = pq.read_metadata(path).num_rows
        return rows


class LineWriter:
    """A GeoJSON sequence in WGS 84.

    Parameters
    ----------
    points : Points
    answers : Schema
        Of the three columns of answers.
    separated : bool
        Before each feature stands a record separator, as RFC 8142 has it.
    """

    head = b""

    def __init__(self, points: Points, answers: pa.Schema, separated: bool) -> None:
        gone = {*answers.names}
        self._kept = [k for k, name in enumerate(points.headers) if name.strip() not in gone]
        names = [*(points.headers[k].strip() for k in self._kept), *answers.names]
        said = [json.dumps(name, ensure_ascii=False) for name in names]
        self._names = [f"{',' if k else ''}{name}:" for k, name in enumerate(said)]
        self._crs = points.crs
        self._head = (SEPARATOR.decode() if separated else "") + _FEATURE

    def encode(self, piece: Piece, answers: pa.Table) -> bytes | memoryview:
        """Give the features of some rows."""
        columns = [piece.table.column(k) for k in self._kept] + answers.columns
        if not len(piece.x):
            return b""
        lon, lat = (_known(v) for v in moved(piece.x, piece.y, self._crs, GIVE_OUT))
        parts: list[pa.Array | str] = [self._head]
        for name, column in zip(self._names, columns, strict=True):
            parts += [name, as_json(column)]
        spot = _joined(['{"type":"Point","coordinates":[', as_json(lon), ",", as_json(lat), "]}"])
        shape = pc.if_else(pc.and_(lon.is_valid(), lat.is_valid()), spot, "null")
        return octets(_joined([*parts, '},"geometry":', shape, "}\n"]))

    def made(self, data: Path, _ends: list[int]) -> Path:
        """Give the features as they were written: they are the file."""
        return data

    def rows_in(self, path: Path) -> int:
        """Count the features."""
        return count_lines(path)


def _pair(crs: object) -> tuple[str, str]:
    return ("lon", "lat") if getattr(crs, "is_geographic", True) else ("x", "y")


def _known(values: Floats) -> pa.Array:
    return pa.array(values, mask=~np.isfinite(values))


def _told_apart(names: Sequence[str]) -> list[str]:
    """Make names that stand once each: a file may have blank ones, and one twice."""
    seen: Counter[str] = Counter()
    made = []
    for place, name in enumerate(names, 1):
        name = name or f"column {place}"
        seen[name] += 1
        made.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return made


def _text(column: pa.Array | pa.ChunkedArray, as_it_is: bool) -> pa.Array:
    """Give cells as text, missing ones empty; what a spreadsheet would run is disarmed."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    text = column
    if pa.types.is_large_string(kind):
        text = column.cast(pa.string())
    elif not pa.types.is_string(kind):
        as_it_is = True  # what begins with a sign is a number
        if pa.types.is_floating(kind):
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
        try:
            text = column.cast(pa.string())
        except pa.ArrowException:
            said = [None if v is None else _said(v) for v in column.to_pylist()]
            text = pa.array(said, pa.string())
    if text.null_count:
        text = text.fill_null("")
    if not as_it_is and pc.any(pc.match_substring_regex(text, _FORMULA)).as_py():
        text = pc.replace_substring_regex(text, pattern=_FORMULA, replacement=r"'\0")
    return text


def _said(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(value, ensure_ascii=False, default=str)


def as_json(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Write values as JSON."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        text = column.cast(pa.string())
    elif pa.types.is_floating(kind):
        finite = pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
        text = finite.cast(pa.string())
    elif (pa.types.is_string(kind) or pa.types.is_large_string(kind)) and not pc.any(
        pc.match_substring_regex(column, _ESCAPED)
    ).as_py():
        text = pc.binary_join_element_wise('"', column.cast(pa.string()), '"', "")
    else:
        said = [orjson.dumps(_plain(value), default=str).decode() for value in column.to_pylist()]
        text = pa.array(said, pa.string())
    return text.fill_null("null") if text.null_count else text


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _lines(cells: Sequence[pa.Array]) -> memoryview:
    """Join cells as lines of a CSV."""
    parts: list[pa.Array | str] = []
    for column in cells:
        parts += [_quoted(column), ","]
    return octets(_joined([*parts[:-1], "\n"]))


def _joined(parts: Sequence[pa.Array | str]) -> pa.Array:
    """Join texts row by row; a text alone stands in every row."""
    large = [part if isinstance(part, str) else part.cast(pa.large_string()) for part in parts]
    scalars = [pa.scalar(p, pa.large_string()) if isinstance(p, str) else p for p in large]
    return pc.binary_join_element_wise(*scalars, pa.scalar("", pa.large_string()))


def octets(text: pa.Array) -> memoryview:
    """Give the bytes of texts, one behind the other."""
    _, ends, data = text.buffers()
    if not len(text) or data is None:
        return memoryview(b"")
    first, last = np.frombuffer(ends, np.int64)[[text.offset, text.offset + len(text)]]
    return memoryview(data)[first:last]


def _quoted(column: pa.Array) -> pa.Array:
    """Put cells into quotes that would be read as something else without."""
    _, _, data = column.buffers()
    if data is None or not any(mark in data.to_pybytes() for mark in _MARKS):
        return column
    doubled = pc.replace_substring(column, '"', '""')
    whole = pc.binary_join_element_wise('"', doubled, '"', "")
    return pc.if_else(pc.match_substring_regex(column, _QUOTED), whole, column)
