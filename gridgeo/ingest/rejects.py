"""Give refused rows back as a file that a clerk can mend and hand in again."""

import csv
import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from gridgeo.errors import InputError
from gridgeo.model.crs import to_rest

# A spreadsheet runs a cell that begins like this; the intake takes the apostrophe off again.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
REASONS = ("row", "field", "reason_zh", "reason_en")
OURS = {name for told in (*REASONS, "file") for name in (told, f"refused_{told}")}


class RejectFile:
    """A CSV of refused rows that grows part by part, from one file or several.

    Parameters
    ----------
    path : path
        Ends in ``.csv``. A file that stands there is replaced as a whole, by ``keep``, or not at
        all.
    many : bool
        Whether each line says the file it comes from.

    Attributes
    ----------
    lines : int
        Refused rows so far: one line each, so that a mended file has each row once.

    Raises
    ------
    InputError
        The file cannot be written there, or is not called ``.csv``.

    Notes
    -----
    UTF-8 with a byte order mark, so that Excel shows Chinese. A mended file goes in by the same
    command: its headers are the first file's, and the columns about the refusal are unused
    headers. A row whose cells do not fit the header has only its number here. The faults of a row
    are joined by ``;``. Without any, the file has only its header.
    """

    def __init__(self, path: Path | str, *, many: bool = False) -> None:
        self.path, self._many = Path(path), many
        if self.path.suffix.lower() != ".csv":
            raise InputError(
                f"{self.path.name} is no name for a reject file; it is written as CSV.",
                hint="Give it a name that ends in .csv.",
                code="input.format",
            )
        self.lines = 0
        self._headers: dict[str, None] = {}
        self._part = self.path.with_name(f".{self.path.name}.part")
        with self._writing():
            # Lines wait in a file without a name until all headers are known.
            self._waiting = TemporaryFile("w+", dir=self.path.parent, encoding="utf-8")  # noqa: SIM115

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Take back what was added in the block when it fails: the rows of one file."""
        place, lines = self._waiting.tell(), self.lines
        try:
            yield
        except BaseException:
            with self._writing():
                self._waiting.seek(place)
                self._waiting.truncate()
            self.lines = lines
            raise

    def add(self, refused: pd.DataFrame, file: str = "") -> None:
        """Add refused rows.

        Parameters
        ----------
        refused : DataFrame
            As ``Part.refused``: one row a fault.
        file : str
            The name of the file they come from.
        """
        with self._writing():
            for line in _lines(refused):
                if self._many:
                    line[_free("file", line)] = file
                self._headers |= dict.fromkeys(line)
                self._waiting.write(json.dumps(line, ensure_ascii=False) + "\n")
                self.lines += 1

    def keep(self) -> None:
        """Put the file in its place."""
        ours = [name for name in self._headers if name in OURS]
        theirs = [name for name in self._headers if name not in OURS]
        with self._writing():
            self._waiting.seek(0)
            with self._part.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.DictWriter(file, [*theirs, *ours] or REASONS, restval="")
                writer.writeheader()
                writer.writerows(map(json.loads, self._waiting))
            self._part.replace(self.path)
            self._waiting.close()

    def drop(self) -> None:
        """Leave everything as it was; after ``keep`` this does nothing."""
        self._waiting.close()
        self._part.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                f"{self.path.name} cannot be written: {error.strerror}.",
                hint="Choose a folder that exists, has room and may be written to.",
                code="input.unwritable",
            ) from error


def write_rejects(rejects: pd.DataFrame, path: Path | str) -> int:
    """Write refused rows as a ``RejectFile`` at once.

    Parameters
    ----------
    rejects : DataFrame
        Of an ``Intake``: one row a fault.
    path : path

    Returns
    -------
    int
        Lines under the header.
    """
    file = RejectFile(path)
    try:
        file.add(rejects)
        file.keep()
    finally:
        file.drop()
    return file.lines


def cells_of_shapes(shapes: gpd.GeoSeries, kinds: Sequence[str]) -> dict[Hashable, dict[str, Any]]:
    """Write the places of a vector file as cells that the intake reads without ``--crs``.

    Parameters
    ----------
    shapes : GeoSeries, shape (n,)
        With a CRS; None where a row has no shape.
    kinds : sequence of str
        Geometry kinds the layer allows.

    Returns
    -------
    dict, n entries
        Row → cells. In a layer of points whose places are degrees of WGS 84 or CGCS2000 a point
        is ``lon`` and ``lat``; everything else is ``geometry_wkt`` with its SRID. A row without a
        shape has the empty cells of the points, or of the others.
    """
    code = shapes.crs.to_epsg()
    in_degrees = tuple(kinds) == ("Point",) and code in (4326, 4490)
    if code is None:
        shapes, code = to_rest(shapes), 4490
    cells: dict[Hashable, dict[str, Any]] = {}
    for row, shape in shapes.items():
        absent = shape is None or shape.is_empty
        if in_degrees and (absent or shape.geom_type == "Point"):
            lon, lat = (None, None) if absent else (shape.x, shape.y)
            cells[row] = {"lon": lon, "lat": lat}
        else:
            wkt = None if absent else f"SRID={code};{shapely.to_wkt(shape, rounding_precision=-1)}"
            cells[row] = {"geometry_wkt": wkt}
    return cells


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
