"""A file as its software wrote it, before anything is named or judged."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from gridgeo.errors import InputError

# A pyproj CRS. Only gridgeo.model.crs may import pyproj, so the name says what the type cannot.
Crs = Any


@dataclass(frozen=True, eq=False)
class Source:
    """What stands in one file, or in one layer of it.

    Parameters
    ----------
    name : str
        The file's name without its folder, for messages.
    table : DataFrame, shape (n, …)
        Every column by the header the file gives it, without the geometry. The index counts
        the file's data rows from 1, leaving out those in ``ragged``. Of a CSV all is text.
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
    notes : tuple of str
        What a reader should know, such as a ring that was closed.
    """

    name: str
    table: pd.DataFrame
    shapes: np.ndarray | None = None
    unreadable: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    crs: Crs = None
    crs_is_default: bool = False
    ragged: dict[int, tuple[int, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

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


def closed_note(closed: int) -> tuple[str, ...]:
    """Say how many open rings were closed; nothing when there were none."""
    return (f"{closed} shapes had a ring that was not closed; it was closed.",) if closed else ()


def numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Count the rows from 1 and make every header text."""
    table.index = pd.RangeIndex(1, len(table) + 1, name="row")
    table.columns = pd.Index([str(header) for header in table.columns], dtype=object)
    return table


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
