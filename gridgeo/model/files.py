"""Write a frame by its file's extension: the whole file, or none of it."""

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xlsxwriter
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError
from xlsxwriter.exceptions import FileCreateError

from gridgeo.errors import InputError, ParameterError
from gridgeo.model.crs import to_wgs84

# A spreadsheet runs a cell that begins like this as a formula; an apostrophe disarms it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

_DRIVERS = {
    ".geojson": "GeoJSON",
    ".gpkg": "GPKG",
    ".fgb": "FlatGeobuf",
    ".shp": "ESRI Shapefile",
}
FORMATS = (*_DRIVERS, ".parquet", ".csv", ".xlsx")
SHEET_ROWS, CELL_LETTERS = 1_048_576, 32_767  # what Excel holds
SPARE_BYTES = 2**20  # that must be left on the disk when a file is whole
EXACT = 10**15  # of a whole number Excel keeps fifteen digits


def write_frame(frame: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write a frame with its index, by the extension of the file.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        The index becomes the first column.
    path : path
        ``.geojson`` (WGS 84), ``.gpkg``, ``.fgb``, ``.shp``, ``.parquet`` (GeoParquet), ``.csv``
        (UTF-8 with a byte order mark for Excel) or ``.xlsx`` (a text stays a text, so that a code
        keeps its zeros). Those two hold points as ``lon`` and ``lat`` or ``x`` and ``y``, other
        shapes as WKT under ``geometry``. A file that stands there is replaced.

    Raises
    ------
    ParameterError
        Another extension, or a map format for a frame without geometry.
    InputError
        The file cannot be written there.
    """
    write_layers({Path(path).stem: frame}, path)


def write_layers(frames: Mapping[str, pd.DataFrame], path: str | os.PathLike[str]) -> None:
    """Write several frames as the layers of one GeoPackage; other formats hold one.

    Parameters
    ----------
    frames : mapping of layer name to frame
    path : path
        As for ``write_frame``.

    Raises
    ------
    ParameterError, InputError
        As ``write_frame``; also several frames for a format of one layer.
    """
    target = Path(path)
    require_format(target)
    kind = target.suffix.lower()
    if len(frames) != 1 and kind != ".gpkg":
        raise ParameterError(
            f"{target.name} can hold one layer; there are {len(frames)}.",
            hint="Write a .gpkg.",
            fields=["path"],
        )
    shapeless = [name for name, one in frames.items() if not isinstance(one, gpd.GeoDataFrame)]
    if shapeless and kind in _DRIVERS:
        raise ParameterError(
            f"{', '.join(shapeless)} has no places, so it cannot be written as {kind}.",
            hint="Write a .csv, .xlsx or .parquet.",
            fields=["path"],
        )

    def write(part: Path) -> None:
        for name, frame in frames.items():
            _write(frame, part, name)

    replace_with(target, write)


def require_format(path: Path) -> None:
    """Refuse a file that no frame can be written to, before work is done for it.

    Raises
    ------
    ParameterError
        Its extension is none of ``FORMATS``.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise ParameterError(
            f"Nothing can be written as {kind or 'a file without extension'}.",
            hint=f"Use one of {', '.join(FORMATS)}.",
            fields=["path"],
        )


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write a text as UTF-8: the whole file, or none of it.

    Raises
    ------
    InputError
        The file cannot be written there.
    """

    def write(part: Path) -> None:
        part.write_text(text, encoding="utf-8")

    replace_with(Path(path), write)


def replace_with(target: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` make a file elsewhere, and put it in place when it is whole.

    Parameters
    ----------
    target : Path
        Of one or, as with shapefiles, several files of that stem.
    write : callable
        Given the path to write to, of the same name as ``target``.

    Raises
    ------
    InputError
        The folder does not exist, or the file cannot be written there.
    """
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".gridgeo-") as folder:
            write(Path(folder) / target.name)
            parts = list(Path(folder).iterdir())
            for part in parts:
                _see_room(part)
            for part in parts:
                part.replace(target.parent / part.name)
    except (OSError, FileCreateError, DataSourceError, DataLayerError, FeatureError) as error:
        said = getattr(error.args[0] if error.args else error, "strerror", None)
        said = said or getattr(error, "strerror", None) or str(error).split("\n")[0]
        raise InputError(
            f"{target.name} cannot be written: {said}; what stood there is untouched.",
            hint="Name a folder that exists and has room.",
            code="input.unwritable",
            fields=["path"],
        ) from error


def _see_room(part: Path) -> None:
    """See that a file could still grow; ``OSError`` otherwise.

    Where the disk is full as it closes a file, GDAL says nothing and leaves it cut short.
    """
    with part.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.write(bytes(SPARE_BYTES))
        file.flush()
        os.fsync(file.fileno())
        file.truncate(size)


def disarmed(value: object) -> object:
    """Disarm a cell that a spreadsheet would run as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _write(frame: pd.DataFrame, path: Path, layer: str) -> None:
    kind = path.suffix.lower()
    named = frame.set_axis(frame.index.rename(frame.index.name or "id"))
    if kind == ".csv":
        table = _flat(named)
        for name in table.columns:
            if not pd.api.types.is_numeric_dtype(table[name].dtype):
                table[name] = table[name].map(disarmed)
        table.columns = pd.Index([disarmed(name) for name in table.columns])
        table.to_csv(path, index=False, encoding="utf-8-sig")
    elif kind == ".xlsx":
        _to_xlsx(_flat(named), path, layer)
    elif kind == ".parquet":
        named.to_parquet(path)
    else:
        driver = _DRIVERS[kind]
        flat = gpd.GeoDataFrame(named.reset_index())
        if driver == "GeoJSON":
            flat = to_wgs84(flat)
        options = {"layer": layer} if driver == "GPKG" else {}
        flat.to_file(path, driver=driver, **options)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the index and the places as columns."""
    table = pd.DataFrame(frame.reset_index())
    if isinstance(frame, gpd.GeoDataFrame):
        shapes = frame.geometry
        table = table.drop(columns=shapes.name)
        if len(frame) and (shapes.geom_type == "Point").all():
            east, north = ("lon", "lat") if shapes.crs.is_geographic else ("x", "y")
            table[east], table[north] = shapes.x.to_numpy(), shapes.y.to_numpy()
        else:
            table["geometry"] = shapes.to_wkt().to_numpy()
    return table


def _to_xlsx(table: pd.DataFrame, path: Path, sheet: str) -> None:
    """Write a sheet cell by cell; a text is a text, whatever it looks like."""
    if len(table) >= SHEET_ROWS:
        raise ParameterError(
            f"A sheet holds {SHEET_ROWS - 1:,} rows under its header; there are {len(table):,}.",
            hint="Write a .csv or .parquet.",
            fields=["path"],
        )
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001
        page = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", "_", sheet)[:31] or None)
        page.freeze_panes(1, 0)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        second = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        page.write_row(0, 0, [str(name) for name in table.columns])
        for row, values in enumerate(table.itertuples(index=False, name=None), 1):
            for column, value in enumerate(values):
                _put(page, (row, column), value, day, second)


def _put(page: Any, at: tuple[int, int], value: Any, day: Any, second: Any) -> None:  # noqa: ANN401
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return
    if isinstance(value, bool | np.bool_):
        page.write_boolean(*at, bool(value))
    elif isinstance(value, int | float | np.number) and abs(float(value)) < EXACT:
        page.write_number(*at, value)
    elif isinstance(value, date) and getattr(value, "tzinfo", None) is None:
        midnight = not isinstance(value, datetime) or value == datetime(*value.timetuple()[:3])  # noqa: DTZ001
        page.write_datetime(*at, value, day if midnight else second)
    else:
        text = value.isoformat() if isinstance(value, datetime) else str(value)
        if len(text) > CELL_LETTERS:
            raise ParameterError(
                f"A cell holds {CELL_LETTERS:,} letters; row {at[0]} has a text of {len(text):,}, "
                "such as the border of a large area.",
                hint="Write a .gpkg, .parquet or .csv.",
                fields=["path"],
            )
        page.write_string(*at, text)
