"""Open any file by its extension; what cannot be opened is said by name, with the next step."""

import hashlib
import re
import warnings
from pathlib import Path

import geopandas as gpd
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.raw import read_arrow

from gridgeo.errors import GridgeoError, InputError
from gridgeo.ingest.delimited import read_delimited
from gridgeo.ingest.limits import check_rows, check_size
from gridgeo.ingest.names import told
from gridgeo.ingest.parquet import read_parquet
from gridgeo.ingest.source import (
    Source,
    check_text,
    closed_note,
    listed,
    numbered,
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
PARQUETS = (".parquet", ".geoparquet")
FORMATS = (*VECTORS, *PARQUETS, ".csv")
HEAD_BYTES = 4096


def fingerprint(path: Path | str) -> str:
    """Give a file's SHA-256, so that the same file twice is known.

    Parameters
    ----------
    path : path

    Returns
    -------
    str
        64 hexadecimal digits. The file is read in pieces, never as a whole.

    Raises
    ------
    InputError
        There is no such file, it is a folder, a pipe or a device, or larger than ``limits`` allows.
    """
    with _file(Path(path)).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_source(
    path: Path | str, *, layer: str | None = None, prefer: str = "", encoding: str = "utf-8"
) -> Source:
    """Read a file as it stands, by its extension.

    Parameters
    ----------
    path : path
        One of ``FORMATS``. A Shapefile by its ``.shp``; its companions lie beside it.
    layer : str, optional
        Layer of a file that has several.
    prefer : str
        Layer to take when none is named and one is called like this.
    encoding : str
        Of a CSV file.

    Returns
    -------
    Source
        With at least one row.

    Raises
    ------
    InputError
        Missing, a folder, a pipe or a device, larger than ``limits`` allows, of an unknown format,
        renamed, truncated, without such a layer, without rows.
    """
    path = _file(Path(path))
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise unusable(
            path,
            f"is of an unknown format ({suffix or 'no extension'}); "
            f"gridgeo reads {', '.join(FORMATS)}.",
            "Save it as one of these.",
            code="input.format",
        )
    try:
        if path.stat().st_size == 0:
            raise unusable(path, "is empty (0 bytes).", "Save it again.", code="input.empty")
        if suffix == ".csv":
            source = read_delimited(path, encoding)
        elif suffix in PARQUETS:
            source = read_parquet(path)
        else:
            source = _read_vector(path, layer, prefer)
    except GridgeoError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, pa.ArrowException) as error:
        raise unusable(
            path,
            f"cannot be read; it may be damaged or cut short ({_first_line(error)}).",
            "Copy or save it again from its source.",
        ) from error
    if source.rows == 0:
        found, hint = told(source.headers, "Give a file with at least one row.")
        raise unusable(path, f"has no rows, only columns; {found}.", hint, code="input.empty")
    return source


def _file(path: Path) -> Path:
    """Give the path back of a file that is there, regular and not too large."""
    if path.is_dir():
        raise unusable(
            path, "is a folder; a file is needed.", "Name a file inside it.", code="input.folder"
        )
    if not path.exists():
        raise unusable(path, "does not exist.", "Check its name and folder.", code="input.missing")
    if not path.is_file():
        raise unusable(
            path,
            "is no regular file but a pipe or device; a file is needed.",
            "Save what comes out of it as a file and name that.",
            code="input.irregular",
        )
    check_size(path)
    return path


def _read_vector(path: Path, layer: str | None, prefer: str) -> Source:
    """Read what GDAL reads, by way of Arrow, so that no whole number becomes a float."""
    kind, magic = VECTORS[path.suffix.lower()]
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").startswith(magic):
        raise unusable(
            path,
            f"is no {kind}: it does not begin like one.",
            "If it was renamed, give it back its own extension.",
        )
    # Of a cut Shapefile GDAL says only that the rows behind the cut have no geometry.
    if kind == "Shapefile" and path.stat().st_size < 2 * int.from_bytes(head[24:28], "big"):
        raise _cut_short(path, "is shorter than its header says")
    options = {"DATE_AS_STRING": "YES"} if kind == "GeoJSON" else {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        layer = _layer(path, layer, prefer)
        promised = pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"]
        check_rows(path, promised)
        meta, arrow = read_arrow(path, layer=layer, datetime_as_string=True, **options)
    if arrow.num_rows != promised:
        raise _cut_short(path, f"promises {promised} rows and holds {arrow.num_rows}")
    check_text(path, arrow)
    notes = tuple(f"GDAL: {w.message}".replace(str(path), path.name) for w in caught)
    if meta["geometry_type"] is None:
        return Source(path.name, numbered(arrow.to_pandas(integer_object_nulls=True)), notes=notes)
    column = meta["geometry_name"] or "wkb_geometry"
    wkb = arrow.column(column).to_numpy()
    shapes, unreadable, closed = shapes_from(wkb, shapely.from_wkb)
    crs = gpd.GeoSeries([], crs=meta["crs"]).crs
    return Source(
        path.name,
        numbered(arrow.drop_columns([column]).to_pandas(integer_object_nulls=True)),
        shapes,
        unreadable,
        crs,
        crs_is_default=kind == "GeoJSON" and not _states_crs(path),
        notes=(*notes, *closed_note(closed)),
    )


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


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__
