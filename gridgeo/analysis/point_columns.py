"""Coordinates of points out of the columns of an Arrow table, at the speed of memory."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gridgeo.analysis.cells.segments import Floats
from gridgeo.errors import GeometryError, ParameterError
from gridgeo.model.contract import numbers

# A point in WKB as all software writes it today: little-endian, two dimensions, no SRID.
_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
_LITTLE, _IS_POINT = 1, 1
_DISARMED = r"^'([=+\-@])"  # as files for spreadsheets write what begins like a formula


@dataclass(frozen=True)
class Place:
    """Where the points of a table stand.

    Parameters
    ----------
    columns : tuple of str
        Two: x (or longitude) and y (or latitude), numbers or text. One: points as WKB (binary),
        as WKT (text), or as GeoArrow has them (a struct of x and y, or a list of fixed size).
    crs : CRS
        Of the coordinates, x before y.
    """

    columns: tuple[str, ...]
    crs: Any


def coordinates_of(table: pa.Table | pa.RecordBatch, place: Place) -> tuple[Floats, Floats]:
    """Give the coordinates of a table's points.

    Parameters
    ----------
    table : Table or RecordBatch, shape (n, …)
    place : Place

    Returns
    -------
    x, y : float64, shape (n,)
        NaN where a row has no point or one that cannot be read. Heights are passed over; a
        MultiPoint of one point is that point.

    Raises
    ------
    GeometryError
        A row holds something else than a point.
    ParameterError
        The table has no such column, or one of a type that holds no points.
    """
    unknown = [name for name in place.columns if name not in table.schema.names]
    if unknown:
        raise ParameterError(
            f"The table has no column {', '.join(unknown)}; its points are said to stand there.",
            hint="Name the columns of the points.",
            fields=list(place.columns),
        )
    if len(place.columns) == 2:
        x, y = (_numbers(table.column(name), name) for name in place.columns)
        return x, y
    (name,) = place.columns
    column = table.column(name)
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts: list[tuple[Floats, Floats]] = []
    before = 0
    for chunk in chunks:
        parts.append(_points(chunk, name, before))
        before += len(chunk)
    if len(parts) == 1:
        return parts[0]
    empty: Floats = np.empty(0)
    x, y = (np.concatenate([empty, *(part[axis] for part in parts)]) for axis in (0, 1))
    return x, y


def coordinates_of_shapes(
    shapes: npt.NDArray[np.object_], before: int = 0
) -> tuple[Floats, Floats]:
    """Give the coordinates of shapes, as ``coordinates_of``; ``before`` rows stand before these."""
    return _from_shapes(shapes, before)


def points_as_wkb(x: Floats, y: Floats) -> pa.Array:
    """Write points as WKB, in the order of the coordinates.

    Parameters
    ----------
    x, y : float64, shape (n,)

    Returns
    -------
    BinaryArray, shape (n,)
        Null where a coordinate is not finite.
    """
    n = len(x)
    rows = np.empty(n, _POINT)
    rows["order"], rows["kind"], rows["x"], rows["y"] = _LITTLE, _IS_POINT, x, y
    there = pa.array(np.isfinite(x) & np.isfinite(y))
    ends = pa.py_buffer(np.arange(n + 1, dtype=np.int32) * np.int32(_POINT.itemsize))
    buffers = [there.buffers()[1], ends, pa.py_buffer(rows)]
    return pa.Array.from_buffers(pa.binary(), n, buffers)


def _numbers(column: pa.Array | pa.ChunkedArray, name: str) -> Floats:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if _is_text(kind):
        text = pc.utf8_trim_whitespace(column)
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, text.type), text)
        with suppress(pa.ArrowInvalid):  # one that is no number stops the whole cast
            return _floats(pc.cast(text, pa.float64()))
        text = pc.replace_substring_regex(text, pattern=_DISARMED, replacement=r"\1")
        return numbers(text.to_pandas()).to_numpy(np.float64, na_value=np.nan)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise _no_points(name, kind)
    return _floats(column.cast(pa.float64(), safe=False))


def _floats(column: pa.Array | pa.ChunkedArray) -> Floats:
    """Give numbers as NumPy has them, without a copy where there is one whole piece of them."""
    if isinstance(column, pa.ChunkedArray) and column.num_chunks == 1:
        column = column.chunk(0)
    if isinstance(column, pa.ChunkedArray):
        return column.to_numpy()
    return column.to_numpy(zero_copy_only=False)


def _points(column: pa.Array, name: str, before: int) -> tuple[Floats, Floats]:
    """Read points of any encoding; ``before`` rows stand before these, for messages."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    kind = column.type
    if pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind):
        column, kind = column.cast(pa.large_binary()), pa.large_binary()
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _from_wkb(column, before)
    if _is_text(kind):
        return _from_shapes(_decoded(column, shapely.from_wkt), before)
    if pa.types.is_struct(kind) and {"x", "y"} <= {field.name for field in kind}:
        # flatten, unlike field, hands the gaps of the whole down to the parts
        parts = dict(zip([field.name for field in kind], column.flatten(), strict=True))
        return _floats(parts["x"]), _floats(parts["y"])
    if pa.types.is_fixed_size_list(kind) and kind.list_size >= 2:
        return _from_pairs(column)
    raise _no_points(name, kind)


def _from_pairs(column: pa.FixedSizeListArray) -> tuple[Floats, Floats]:
    size = column.type.list_size
    # values, unlike flatten, keeps a place for gaps; it keeps what was sliced off, too
    inside = column.values.slice(column.offset * size, len(column) * size)
    pairs = _floats(inside).reshape(-1, size)
    x, y = np.array(pairs[:, 0]), np.array(pairs[:, 1])
    if column.null_count:
        gone = np.asarray(column.is_null())
        x[gone] = y[gone] = np.nan
    return x, y


def _from_wkb(column: pa.Array, before: int) -> tuple[Floats, Floats]:
    """Read WKB: plain points by their bytes, all other rows by GEOS."""
    n = len(column)
    wide = pa.types.is_large_binary(column.type)
    _, offsets, data = column.buffers()
    if n == 0 or data is None:
        return np.full(n, np.nan), np.full(n, np.nan)
    ends = np.frombuffer(offsets, np.int64 if wide else np.int32)
    ends = ends[column.offset : column.offset + n + 1]
    plain = np.diff(ends) == _POINT.itemsize
    if column.null_count:
        plain &= np.asarray(column.is_valid())
    octets = np.frombuffer(data, np.uint8)
    if plain.all():
        rows = octets[ends[0] : ends[-1]].view(_POINT)
    else:
        starts = ends[:-1][plain].astype(np.int64)
        rows = octets[starts[:, None] + np.arange(_POINT.itemsize)].reshape(-1).view(_POINT)
    sound = (rows["order"] == _LITTLE) & (rows["kind"] == _IS_POINT)
    if plain.all() and sound.all():
        return np.ascontiguousarray(rows["x"]), np.ascontiguousarray(rows["y"])
    x, y = np.full((2, n), np.nan)
    easy = np.flatnonzero(plain)[sound]
    x[easy], y[easy] = rows["x"][sound], rows["y"][sound]
    hard = np.ones(n, np.bool_)
    hard[easy] = False
    others = np.flatnonzero(hard & np.asarray(column.is_valid()))
    shapes = _decoded(column.take(pa.array(others)), shapely.from_wkb)
    x[others], y[others] = _from_shapes(shapes, before, others)
    return x, y


def _from_shapes(
    shapes: npt.NDArray[np.object_], before: int, rows: npt.NDArray[np.intp] | None = None
) -> tuple[Floats, Floats]:
    """Give the coordinates of points; NaN where one is missing or empty."""
    kinds = shapely.get_type_id(shapes)
    single = (kinds == shapely.GeometryType.MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)
    fine = single | (kinds <= shapely.GeometryType.POINT) | shapely.is_empty(shapes)
    odd = np.flatnonzero(~fine)
    if len(odd):
        row = before + int(odd[0] if rows is None else rows[odd[0]])
        raise GeometryError(
            f"points holds a {shapes[odd[0]].geom_type} at position {row} "
            f"({len(odd):,} in all that are no points); only a Point can be assigned.",
            hint="Take points first, such as points.representative_point().",
            code="geometry.kind",
            fields=["geometry"],
        )
    x, y = np.full((2, len(shapes)), np.nan)
    found, point = shapely.get_coordinates(shapes, return_index=True)
    x[point], y[point] = found.T
    return x, y


def _decoded(column: pa.Array, decode: Any) -> npt.NDArray[np.object_]:  # noqa: ANN401
    """Decode WKB or WKT; None where no geometry comes out of it."""
    cells = np.asarray(column.to_pylist(), dtype=object)
    with np.errstate(invalid="ignore"):  # NaN among the coordinates
        try:
            return np.array(decode(cells, on_invalid="ignore"), dtype=object)
        except NotImplementedError:  # one curve stops the whole array: go one by one
            shapes = np.full(len(cells), None, dtype=object)
            for row, cell in enumerate(cells):
                with suppress(NotImplementedError):
                    shapes[row] = decode(cell, on_invalid="ignore")
            return shapes


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _no_points(name: str, kind: pa.DataType) -> ParameterError:
    return ParameterError(
        f"Column {name} is {kind}, which holds no points.",
        hint="Give two columns of numbers, or one of WKB, WKT or GeoArrow points.",
        fields=[name],
    )
