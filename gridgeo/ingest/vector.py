"""Read what GDAL reads: GeoJSON, GeoPackage, FlatGeobuf and Shapefile."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.raw import open_arrow

from gridgeo.errors import InputError
from gridgeo.ingest.dbf import check_companions, dbf_encoding, uncut
from gridgeo.ingest.limits import check_rows
from gridgeo.ingest.source import (
    How,
    Source,
    check_text,
    closed_note,
    listed,
    numbered,
    regrouped,
    shapes_from,
    unusable,
)

# What the first bytes must be. It tells a renamed file, and keeps GDAL from taking
# a text such as a VRT, which opens other files, for the format its name promises.
VECTORS: dict[str, tuple[str, bytes]] = {
    ".geojson": ("GeoJSON", b"{"),
    ".json": ("GeoJSON", b"{"),
    ".gpkg": ("GeoPackage", b"SQLite format 3\0"),
    ".fgb": ("FlatGeobuf", b"fgb"),
    ".shp": ("Shapefile", b"\0\0\x27\x0a"),
}
HEAD_BYTES = 4096
LATIN_1 = "ISO-8859-1"  # a letter a byte


class _Heard:
    """Collects GDAL's warnings, step by step: between the steps others' warnings are theirs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._heard: list[str] = []

    def notes(self) -> tuple[str, ...]:
        """Give what was said since the last time."""
        heard, self._heard = self._heard, []
        return tuple(heard)

    def __enter__(self) -> None:
        self._catch = warnings.catch_warnings(record=True)
        self._caught = self._catch.__enter__() or []
        warnings.simplefilter("always")

    def __exit__(self, *_: object) -> None:
        self._catch.__exit__(None, None, None)
        said = (f"GDAL: {warning.message}" for warning in self._caught)
        self._heard += (text.replace(str(self._path), self._path.name) for text in said)


def read_vector(path: Path, how: How) -> Iterator[Source]:
    """Read what GDAL reads, by way of Arrow, so that no whole number becomes a float.

    Parameters
    ----------
    path : Path
        With an extension of ``VECTORS``.
    how : How

    Yields
    ------
    Source

    Raises
    ------
    InputError
        Renamed, cut short, without such a layer, of too many rows, or with text that is not UTF-8.
    """
    kind, magic = VECTORS[path.suffix.lower()]
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").startswith(magic):
        raise unusable(
            path,
            f"is no {kind}: it does not begin like one.",
            "If it was renamed, give it back its own extension.",
        )
    # Of a cut Shapefile GDAL says only that the rows behind the cut have no geometry, and of a
    # cut GeoPackage which statement failed.
    if path.stat().st_size < _promised_bytes(kind, head):
        raise _cut_short(path, "is shorter than its header says")
    options = {"DATE_AS_STRING": "YES"} if kind == "GeoJSON" else {}
    texts = None
    if kind == "Shapefile":
        check_companions(path)
        texts = dbf_encoding(path, how.encoding)
    if texts is not None:
        # GDAL hands on half a character as it is, and nobody can read that: decode it here.
        options["encoding"] = LATIN_1 if texts.cut else texts.name
    named = {key: value for key, value in options.items() if key == "encoding"}
    assumed = () if texts is None else texts.notes
    default = kind == "GeoJSON" and not _states_crs(path)
    heard = _Heard(path)
    with heard:
        layer = _layer(path, how.layer, how.prefer)
        info = pyogrio.read_info(path, layer=layer, force_feature_count=True, **named)
        promised = info["features"]
        check_rows(path, promised)
        opened = open_arrow(path, layer=layer, datetime_as_string=True, use_pyarrow=True, **options)
        meta, reader = opened.__enter__()
    rows = 0
    try:
        for arrow in regrouped(_batches(reader, heard), reader.schema, how.batch_rows):
            check_text(path, arrow)
            source = _source(path, arrow, meta, rows)
            if texts is not None and texts.cut:
                source = replace(source, table=uncut(source.table, texts.name), arrow=None)
            rows += arrow.num_rows
            yield replace(
                source,
                crs_is_default=default and source.shapes is not None,
                notes=(*assumed, *heard.notes(), *source.notes),
                share=min(rows / max(promised, 1), 1.0),
            )
    finally:
        opened.__exit__(None, None, None)
    if rows != promised:
        raise _cut_short(path, f"promises {promised} rows and holds {rows}")


def _batches(reader: pa.RecordBatchReader, heard: _Heard) -> Iterator[pa.RecordBatch]:
    while True:
        with heard:
            batch = next(reader, None)
        if batch is None:
            return
        yield batch


def _source(path: Path, arrow: pa.Table, meta: dict[str, Any], before: int) -> Source:
    if meta["geometry_type"] is None:
        table = numbered(arrow.to_pandas(integer_object_nulls=True), before)
        return Source(path.name, table, arrow=arrow)
    column = meta["geometry_name"] or "wkb_geometry"
    shapes, unreadable, closed = shapes_from(arrow.column(column).to_numpy(), shapely.from_wkb)
    plain = arrow.drop_columns([column])
    return Source(
        path.name,
        numbered(plain.to_pandas(integer_object_nulls=True), before),
        shapes,
        unreadable,
        gpd.GeoSeries([], crs=meta["crs"]).crs,
        notes=(closed_note(closed),),
        arrow=plain,
    )


def _promised_bytes(kind: str, head: bytes) -> int:
    """Give how long a file is by its own header; 0 where it does not say."""
    if kind == "Shapefile":
        return 2 * int.from_bytes(head[24:28], "big")
    # SQLite: the number of pages counts only where the last change wrote it.
    if kind == "GeoPackage" and head[24:28] == head[92:96]:
        page = int.from_bytes(head[16:18], "big")
        return int.from_bytes(head[28:32], "big") * (65_536 if page == 1 else page)
    return 0


def _cut_short(path: Path, found: str) -> InputError:
    return unusable(path, f"{found}; it is cut short.", "Copy or save it again from its source.")


def _layer(path: Path, layer: str | None, prefer: str) -> str:
    """Choose the layer: the one named, the one called like the contract, the only one."""
    found = {str(name): kind for name, kind in pyogrio.list_layers(path)}
    drawn = [name for name, kind in found.items() if kind is not None]
    if layer is not None and layer in found:
        return layer
    if layer is None and prefer in found:
        return prefer
    if layer is None and (len(found) == 1 or len(drawn) == 1):
        return next(iter(drawn or found))
    wanted = f"no layer {layer!r}" if layer is not None else "no single layer"
    if not found:
        raise unusable(path, "has no layer inside.", "Save it again from its source.")
    raise unusable(
        path,
        f"has {wanted}; found: {listed(list(found))}.",
        "Name one of them as layer.",
        code="input.layer",
    )


def _states_crs(path: Path) -> bool:
    """Tell whether a GeoJSON file has a ``crs`` member, which stands before or after its rows."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(max(path.stat().st_size - HEAD_BYTES, 0))
        return re.search(rb'"crs"\s*:\s*\{', head + b"\n" + file.read()) is not None
