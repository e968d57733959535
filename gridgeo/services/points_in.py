"""Files of points, read piece by piece from any row on, every row and column of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridgeo.analysis.cells.segments import Floats
from gridgeo.analysis.point_columns import Place, coordinates_of, coordinates_of_shapes
from gridgeo.errors import GeometryError, InputError
from gridgeo.ingest.csv_blocks import CsvBlocks
from gridgeo.ingest.formats import Batches, open_batches
from gridgeo.ingest.geojson_lines import SEQUENCES, Lines, feature_of, read_lines
from gridgeo.ingest.places import Placer
from gridgeo.ingest.reference import known_crs
from gridgeo.ingest.source import How, Source
from gridgeo.ingest.where import WhereInText, check_sample, where_in_schema

_BATCH_ROWS = 2**17
_SAMPLE_ROWS = 1000
_NOWHERE = (np.nan, np.nan)


@dataclass(frozen=True)
class Piece:
    """Some rows of a file.

    Parameters
    ----------
    table : Table, shape (n, …)
        Their columns, without the shapes.
    x, y : float64, shape (n,)
        NaN where a row has no readable point.
    at : int
        Where the next row stands, for ``Points.pieces``.
    share : float
        How much of the file is read behind them, 0 to 1.
    """

    table: pa.Table
    x: Floats
    y: Floats
    at: int
    share: float


class Points(Protocol):
    """A file of points.

    Attributes
    ----------
    crs : CRS
        Of the coordinates.
    shown : bool
        The coordinates stand in columns of their own, too.
    disarmed : bool
        Texts came from where a spreadsheet would not have run them as formulas.
    headers : list of str
        What the columns are called in the file.
    schema : Schema
        Of every table, in the same order; a table may call its columns otherwise.
    rows_read : int
        Of the pieces given so far, those before the place they began at among them.
    """

    crs: Any
    shown: bool
    disarmed: bool
    headers: list[str]
    schema: pa.Schema
    rows_read: int

    def pieces(self, at: int, rows: int, /) -> Iterator[Piece]:
        """Give the rows from a place on; ``rows`` stand before it."""
        ...


class CsvPoints:
    """A CSV file: every cell is text and stays as it stands."""

    shown, disarmed = True, False

    def __init__(self, path: Path, crs: int | None) -> None:
        self._file = CsvBlocks(path)
        self.headers = self._file.written
        sample = next(self._file.blocks()).table
        self.schema = sample.schema
        self._where = WhereInText(self._file.headers, sample, path.name, crs)
        self.crs = self._where.crs
        self.rows_read = 0

    def pieces(self, at: int, rows: int) -> Iterator[Piece]:
        """Give the rows from a place on."""
        self.rows_read = rows
        for block in self._file.blocks(at, rows):
            self.rows_read += block.table.num_rows
            yield Piece(block.table, *self._coordinates(block.table), block.at, block.share)

    def _coordinates(self, table: pa.Table) -> tuple[Floats, Floats]:
        places = self._where.places
        if len(places) == 1:
            return coordinates_of_shapes(self._where.from_wkt(table))
        pair = pa.table([table.column(place) for place in places], names=["x", "y"])
        return coordinates_of(pair, Place(("x", "y"), self.crs))


class ParquetPoints:
    """A Parquet file."""

    disarmed = True

    def __init__(self, path: Path, crs: int | None) -> None:
        self._path = path
        schema = pq.read_schema(path)
        where = where_in_schema(schema, path.name, crs)
        self.place = Place(where.columns, where.crs)
        self.crs = where.crs
        self.shown = len(where.columns) == 2
        self._drawn = [] if self.shown else list(where.columns)
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_SAMPLE_ROWS, columns=list(where.columns)):
                check_sample(*coordinates_of(batch, self.place), where.crs, path.name)
                break
        own = [field for field in schema if field.name not in self._drawn]
        self.schema = pa.schema(own)
        self.headers = self.schema.names
        self.rows_read = 0

    def pieces(self, at: int, rows: int) -> Iterator[Piece]:
        """Give the rows from a place on, which counts rows; whole row groups are stepped over."""
        self.rows_read = rows
        with pq.ParquetFile(self._path, buffer_size=2**20) as file:
            meta = file.metadata
            sizes = [meta.row_group(k).num_rows for k in range(meta.num_row_groups)]
            first, skip = 0, at
            while first < len(sizes) and skip >= sizes[first]:
                skip, first = skip - sizes[first], first + 1
            for batch in file.iter_batches(_BATCH_ROWS, row_groups=range(first, len(sizes))):
                gone = min(skip, batch.num_rows)
                skip -= gone
                table = pa.Table.from_batches([batch.slice(gone)])
                if not table.num_rows:
                    continue
                self.rows_read += table.num_rows
                at += table.num_rows
                x, y = coordinates_of(table, self.place)
                yield Piece(table.drop_columns(self._drawn), x, y, at, at / max(meta.num_rows, 1))


class LinePoints:
    """A GeoJSON sequence, whose properties become columns; it is read once before to know them."""

    shown, disarmed = False, True

    def __init__(self, path: Path, crs: int | None) -> None:
        self._path = path
        self.crs = line_crs(crs)
        kinds: dict[str, set[type]] = {}
        for _, properties, _ in self._features(0, 0):
            for name, value in properties.items():
                kinds.setdefault(name, set()).add(_kind(value))
        self.schema = pa.schema([(name, _type(found)) for name, found in kinds.items()])
        self.headers = self.schema.names
        self.rows_read = 0

    def pieces(self, at: int, rows: int) -> Iterator[Piece]:
        """Give the features from a place on."""
        self.rows_read = rows
        columns: list[list[object]] = [[] for _ in self.schema]
        fields = list(zip(columns, self.schema.names, self.schema.types, strict=True))
        spots: list[tuple[float, float]] = []
        for spot, properties, lines in self._features(at, rows):
            spots.append(spot)
            for column, name, kind in fields:
                column.append(_as(kind, properties.get(name)))
            if lines is None:
                continue
            self.rows_read += len(spots)
            made = [pa.array(column, kind) for column, _, kind in fields]
            table = pa.Table.from_arrays(made, schema=self.schema) if made else _rows(len(spots))
            x, y = np.array(spots, dtype=float).T
            yield Piece(table, x, y, lines.at, lines.share)
            spots.clear()
            for column in columns:
                column.clear()

    def _features(
        self, at: int, rows: int
    ) -> Iterator[tuple[tuple[float, float], dict[str, Any], Lines | None]]:
        """Give each feature's point and properties, and its lines with the last of them.

        One after the other: many at a time are what Python's collector searches again and again.
        """
        for lines in read_lines(self._path, at, rows):
            last = len(lines.texts)
            for k, text in enumerate(lines.texts, 1):
                feature = feature_of(text, self._path, rows + k)
                properties = feature.get("properties") or {}
                if any(_may_be_long(value) for value in properties.values()):
                    properties = feature_of(text, self._path, rows + k, exact=True)["properties"]
                spot = line_spot(feature, rows + k - 1)
                yield spot, properties, lines if k == last else None
            rows += last


class OtherPoints:
    """A file of any other format, batch by batch; a place in it counts rows."""

    disarmed = True

    def __init__(self, path: Path, crs: int | None) -> None:
        self._path = path
        self._opened: Batches | None = open_batches(path, How(batch_rows=_BATCH_ROWS))
        first = self._opened.first
        self._placer = Placer(first, (), {}, crs)
        self.crs = self._placer.place(first).shapes.crs
        self.shown = first.shapes is None and len(self._placer.understood) == 2
        self._drawn = [theirs for _, theirs in self._placer.understood if not self.shown]
        self.schema = self._table(first).schema
        self.headers = [str(name) for name in self.schema.names]
        self.rows_read = 0

    def pieces(self, at: int, _rows: int) -> Iterator[Piece]:
        """Give the rows from a place on; those before are read over."""
        self.rows_read = 0
        batches, self._opened = (
            self._opened or open_batches(self._path, How(batch_rows=_BATCH_ROWS)),
            None,
        )
        for source in batches:
            if source.ragged:
                row, (wide, cells) = next(iter(source.ragged.items()))
                raise InputError(
                    f"{source.name} has rows that do not fit its {wide} columns; data row {row} "
                    f"has {cells} cells.",
                    hint="Mend these rows.",
                    code="input.ragged",
                )
            self.rows_read += source.rows
            if self.rows_read <= at:
                continue
            shapes = self._placer.place(source).shapes.to_numpy()
            before = self.rows_read - source.rows
            x, y = coordinates_of_shapes(shapes, before)
            table = self._table(source).cast(self.schema)
            yield Piece(table, x, y, self.rows_read, source.share)

    def _table(self, source: Source) -> pa.Table:
        if source.arrow is not None:
            return source.arrow
        frame = source.table.drop(columns=self._drawn)
        frame.columns = frame.columns.astype(str)
        columns = [_column(frame.iloc[:, k]) for k in range(frame.shape[1])]
        if not columns:
            return _rows(len(frame))
        return pa.table(columns, names=list(frame.columns))


def open_points(path: Path, crs: int | None = None) -> Points:
    """Open a file of points by its extension.

    Parameters
    ----------
    path : Path
        That it is there is seen by ``gridgeo.ingest.formats``.
    crs : int, optional
        EPSG code where the file does not say it.

    Raises
    ------
    InputError
        It cannot be read, or nothing says where its points are.
    CRSError
        Its CRS is missing, unknown, or said twice and differently.
    """
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return CsvPoints(path, crs)
    if suffix in (".parquet", ".geoparquet"):
        return ParquetPoints(path, crs)
    if suffix in SEQUENCES:
        return LinePoints(path, crs)
    return OtherPoints(path, crs)


def line_crs(crs: int | None) -> Any:  # noqa: ANN401
    """Give the CRS of a GeoJSON sequence: WGS 84, unless the user says another."""
    return known_crs(4326 if crs is None else crs)


def line_spot(feature: dict[str, Any], row: int) -> tuple[float, float]:
    """Give the coordinates of a feature; NaN where it has none that can be read."""
    shape = feature.get("geometry")
    if not isinstance(shape, dict):
        return _NOWHERE
    kind, spot = shape.get("type"), shape.get("coordinates")
    if kind == "MultiPoint" and isinstance(spot, list) and len(spot) == 1:
        kind, spot = "Point", spot[0]
    if kind != "Point":
        raise GeometryError(
            f"points holds a {kind} at position {row}; only a Point can be assigned.",
            hint="Take points first, such as points.representative_point().",
            code="geometry.kind",
            fields=["geometry"],
        )
    if isinstance(spot, list) and len(spot) > 1 and _is_number(spot[0]) and _is_number(spot[1]):
        return spot[0], spot[1]
    return _NOWHERE


def _may_be_long(value: object) -> bool:
    """Tell what may be a whole number beyond 64 bits, or hold one: it was read as a float."""
    return isinstance(value, dict | list) or (isinstance(value, float) and abs(value) >= 2**63)


def _rows(many: int) -> pa.Table:
    """Give rows without columns."""
    return pa.table({"": pa.nulls(many)}).select([])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: object) -> type:
    """Tell what a property is; whole numbers that no column of numbers holds are like objects."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int if -(2**63) <= value < 2**63 else object
    return type(value) if isinstance(value, bool | float | str | None) else object


def _type(found: set[type]) -> pa.DataType:
    found = found - {type(None)}
    if found == {bool}:
        return pa.bool_()
    if found == {int}:
        return pa.int64()
    if found in ({float}, {int, float}):
        return pa.float64()
    return pa.string()


def _as(kind: pa.DataType, value: object) -> object:
    """Give a property as its column holds it; where kinds are mixed, as JSON writes it."""
    if value is None or not pa.types.is_string(kind) or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _column(values: pd.Series) -> pa.Array:
    """Give a column as Arrow has it; what has no one type becomes text."""
    try:
        column = pa.array(values, from_pandas=True)
    except pa.ArrowException:
        gaps = values.isna()
        said = [None if gap else str(v) for v, gap in zip(values, gaps, strict=True)]
        column = pa.array(said, pa.string())
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column
