"""Give refused rows back as a file that a clerk can mend and hand in again."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from gridgeo.errors import InputError
from gridgeo.model.crs import to_rest

# A spreadsheet runs a cell that begins like this; the intake takes the apostrophe off again.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
REASONS = ("row", "field", "reason_zh", "reason_en")


def write_rejects(rejects: pd.DataFrame, path: Path | str) -> int:
    """Write refused rows as CSV: their cells, then the row's number and what is wrong.

    Parameters
    ----------
    rejects : DataFrame
        Of an ``Intake``: one row a fault.
    path : path
        Ends in ``.csv``. A file that stands there is replaced as a whole or not at all.

    Returns
    -------
    int
        Lines under the header: one a refused row, so that a mended file has each row once. The
        faults of a row are joined by ``;``. With none, the file has only its header.

    Raises
    ------
    InputError
        The file cannot be written there, or is not called ``.csv``.

    Notes
    -----
    UTF-8 with a byte order mark, so that Excel shows Chinese. A mended file goes in by the same
    command: its headers are the first file's, and the four columns about the refusal are unused
    headers. A row whose cells do not fit the header has only its number here.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        raise InputError(
            f"{path.name} is no name for a reject file; it is written as CSV.",
            hint="Give it a name that ends in .csv.",
            code="input.format",
        )
    lines = _lines(rejects)
    headers = list(dict.fromkeys(header for line in lines for header in line)) or REASONS
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, headers, restval="")
            writer.writeheader()
            writer.writerows(lines)
        part.replace(path)
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be written: {error.strerror}.",
            hint="Choose a folder that exists, has room and may be written to.",
            code="input.unwritable",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return len(lines)


def cells_of_shapes(shapes: gpd.GeoSeries) -> pd.DataFrame:
    """Write the places of a vector file as cells that the intake reads without ``--crs``.

    Parameters
    ----------
    shapes : GeoSeries, shape (n,)
        With a CRS; None where a row has no shape.

    Returns
    -------
    DataFrame, shape (n, 1 or 2)
        ``lon`` and ``lat`` when all are points in WGS 84 or CGCS2000 degrees; otherwise
        ``geometry_wkt`` with its SRID. Empty cells where there is no shape.
    """
    code = shapes.crs.to_epsg()
    empty = (shapes.isna() | shapes.is_empty).to_numpy()
    points = (shapes.geom_type == "Point").to_numpy()
    if code in (4326, 4490) and (points | empty).all():
        return pd.DataFrame({"lon": shapes.x, "lat": shapes.y}, index=shapes.index)
    if code is None:
        shapes, code = to_rest(shapes), 4490
    text = pd.Series(shapely.to_wkt(shapes.to_numpy(), rounding_precision=-1), shapes.index)
    return pd.DataFrame({"geometry_wkt": (f"SRID={code};" + text).mask(empty)})


def _lines(rejects: pd.DataFrame) -> list[dict[str, str]]:
    """Write each refused row once: its cells under the file's headers, then all its reasons."""
    lines = []
    for row, faults in rejects.groupby("row", sort=True):
        content = faults["content"].iloc[0]
        line = {header: _harmless(value) for header, value in content.items()}
        named = list(zip(faults["field"], faults["reason_zh"], faults["reason_en"], strict=True))
        said = {
            "row": str(row),
            "field": "; ".join(name for name, _, _ in named),
            "reason_zh": ";".join(f"{name}:{zh}" if name else zh for name, zh, _ in named),
            "reason_en": "; ".join(f"{name} {en}".strip() for name, _, en in named),
        }
        lines.append(line | {_free(name, content): text for name, text in said.items()})
    return lines


def _free(name: str, content: Mapping[str, Any]) -> str:
    """Keep a header of ours from covering one of the file's."""
    return f"refused_{name}" if name in content else name


def _harmless(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
