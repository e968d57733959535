"""Read one sheet of a spreadsheet, whose header may stand under a title."""

import io
import re
import zipfile
from collections.abc import Collection, Iterator
from copy import copy
from datetime import time, timedelta
from html import unescape
from pathlib import Path
from typing import IO, Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from gridgeo.errors import InputError
from gridgeo.ingest.limits import check_cells, check_rows
from gridgeo.ingest.names import PLACES, bare_header, spellings
from gridgeo.ingest.notes import Note
from gridgeo.ingest.source import How, Source, listed, unusable
from gridgeo.ingest.zipped import BROKEN, check_packed
from gridgeo.model.frames import LAYERS

SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
ZIPPED = (".xlsx", ".xlsm", ".ods")
HEADER_WITHIN = 20  # rows from the top among which the header is looked for

ERROR_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]+)(\d+)"[^>]*?\bt="e"[^>]*>')
UNCOUNTED = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</")
ERROR = "#N/A"
# A cell that holds something: styled empty ones may reach to the sheet's far corner.
FILLED_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*(?<!/)>')
TAG_BYTES = 1000  # within which the tag of a cell ends
BETWEEN_CELLS = re.compile(rb'(</?table:(?:[^>"]|"[^"]*")*>)\s+(?=<)')

NUMBERED = Note(
    "Row numbers are those of the sheet itself.",
    "行号即工作表自身的行号。",
)

Rows = list[list[Any]]


def read_spreadsheet(path: Path, how: How) -> Iterator[Source]:
    """Read a sheet as a table, whole: its program keeps it whole as well.

    Parameters
    ----------
    path : Path
        One of ``SPREADSHEETS``.
    how : How
        ``layer`` names the sheet; default the one called like the layer ``prefer`` in English or
        Chinese, then the only visible one with anything in it. The layer's headers tell which
        row is the header.

    Yields
    ------
    Source
        Indexed by the sheet's own row numbers, blank rows left out. Cells as the program shows
        them: formulas by their stored result, whole numbers as ``int``, dates as dates. A cell
        with an error holds its sign, such as ``#N/A``, so that it is not taken for an empty one.

    Raises
    ------
    InputError
        Locked by a password, damaged, larger unpacked than ``limits`` allows, or no single sheet
        to take.
    """
    if path.suffix.lower() in ZIPPED:
        _check_archive(path)
    try:
        with _opened(path) as book:
            name, rows = _sheet(path, book, how.layer, how.prefer)
    except PasswordError as error:
        raise _locked(path) from error
    except CalamineError as error:
        raise unusable(
            path,
            f"cannot be read; it may be damaged or cut short ({str(error)[:100]}).",
            "Open it and save it again.",
        ) from error
    check_rows(path, len(rows))
    notes = _put_errors(path, name, rows)
    if not any(map(_filled, rows)):
        raise unusable(path, "is empty.", "Save it with a header and rows.", code="input.empty")
    at = _header_row(rows, _known(how.prefer))
    if any(map(_filled, rows[:at])):
        notes += (
            Note(
                f"Sheet {name!r}: the header was found in row {at + 1}; what is above is left out.",
                f"工作表“{name}”:表头在第{at + 1}行,其上内容未读入。",
            ),
        )
    table = _table(rows, at)
    notes += (NUMBERED,)
    step = how.batch_rows or max(len(table), 1)
    for start in range(0, max(len(table), 1), step):
        share = min((start + step) / max(len(table), 1), 1.0)
        yield Source(path.name, table.iloc[start : start + step], notes=notes, share=share)


def _opened(path: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(str(path))
    except CalamineError:
        if path.suffix.lower() != ".ods":
            raise
    # GDAL breaks lines between cells, which calamine takes for text out of place.
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(packed, "w") as made:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "content.xml":
                content = BETWEEN_CELLS.sub(rb"\1", content)
            made.writestr(name, content)
    packed.seek(0)
    return CalamineWorkbook.from_filelike(packed)


def _check_archive(path: Path) -> None:
    """Unpack all members once without keeping them: what lies about its size is found out."""
    try:
        _check_locked(path)
        with zipfile.ZipFile(path) as archive:
            check_packed(path, archive.infolist())
            for member in archive.infolist():
                # One byte more than promised: what unpacks to more fails by its checksum.
                longer = copy(member)
                longer.file_size += 1
                with archive.open(longer) as packed:
                    if "/worksheets/" in member.filename:
                        _check_area(path, packed)
                    while packed.read(2**20):
                        pass
    except BROKEN as error:
        raise unusable(
            path,
            f"cannot be read; it may be damaged, cut short or locked ({error}).",
            "Open it and save it again, without a password.",
        ) from error


def _check_locked(path: Path) -> None:
    """Let a book pass that has no password: one with it is no archive but an OLE container."""
    with path.open("rb") as file:
        if file.read(4) == b"\xd0\xcf\x11\xe0" and "EncryptedPackage".encode("utf-16-le") in (
            file.read()
        ):
            raise _locked(path)


def _locked(path: Path) -> InputError:
    return unusable(
        path, "is locked by a password.", "Save it without a password.", code="input.encrypted"
    )


def _check_area(path: Path, packed: IO[bytes]) -> None:
    """See how far a sheet reaches before a grid of all its cells is made in memory."""
    rest, rows, columns = b"", 0, 0
    while piece := packed.read(2**20):
        text = rest + piece
        for letters, number in FILLED_CELL.findall(text):
            rows = max(rows, int(number))
            columns = max(columns, _column(letters.decode()) + 1)
        check_cells(path, rows, columns)
        rest = text[-TAG_BYTES:]


def _sheet(path: Path, book: CalamineWorkbook, layer: str | None, prefer: str) -> tuple[str, Rows]:
    """Choose the sheet: the one named, the one called like the layer, the only one in use."""
    shown = [s.name for s in book.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
    if layer is not None:
        called = [name for name in book.sheet_names if name == layer]
    else:
        likes = {bare_header(name) for name in (prefer, *zh_names(prefer)) if name}
        called = [name for name in shown if bare_header(name) in likes]
    if layer is None and len(called) != 1:
        called = [name for name in shown if book.get_sheet_by_name(name).height > 0]
    if len(called) != 1:
        wanted = f"no sheet {layer!r}" if layer is not None else "no single sheet"
        raise unusable(
            path,
            f"has {wanted}; found: {listed(book.sheet_names)}.",
            "Name one of them as layer, or call it like the layer.",
            code="input.layer",
        )
    sheet = book.get_sheet_by_name(called[0])
    check_rows(path, sheet.total_height)
    return called[0], sheet.to_python(skip_empty_area=False)


def zh_names(layer: str) -> tuple[str, ...]:
    """Give the Chinese names of a layer; none where there is no such layer."""
    contract = LAYERS.get(layer)
    return () if contract is None else (contract.zh, *contract.zh.split("/"))


def _known(prefer: str) -> set[str]:
    """Give the headers of a layer, or of all layers where none is asked for."""
    contracts = [LAYERS[prefer]] if prefer in LAYERS else list(LAYERS.values())
    names = [name for one in contracts for all_ in spellings(one).values() for name in all_]
    names += [name for all_ in PLACES.values() for name in all_]
    return {bare_header(name) for name in names if name}


def _header_row(rows: Rows, known: Collection[str]) -> int:
    """Find the header: the row with most known headers, else the first that is no title."""
    filled = [place for place, row in enumerate(rows) if _filled(row)]
    near = filled[:HEADER_WITHIN]
    hits = {place: sum(bare_header(str(c)) in known for c in rows[place]) for place in near}
    best = max(near, key=lambda place: (hits[place], -place))
    if hits[best] > 0:
        return best
    return next((place for place in near if len(_filled(rows[place])) > 1), filled[0])


def _table(rows: Rows, at: int) -> pd.DataFrame:
    width = max(len(row) for row in rows)
    heads = [str(cell).strip() for cell in rows[at]] + [""] * (width - len(rows[at]))
    below = {place + 1: row for place, row in enumerate(rows) if place > at and _filled(row)}
    columns = [
        place
        for place in range(width)
        if heads[place] or any(_cell(row, place) is not None for row in below.values())
    ]
    index = pd.Index(list(below), name="row", dtype="int64")
    cells = {
        place: pd.Series([_cell(row, place) for row in below.values()], index, dtype=object)
        for place in columns
    }
    table = pd.DataFrame(cells, index=index)
    table.columns = pd.Index(
        [heads[place] or f"column {place + 1}" for place in columns], dtype=object
    )
    return table


def _filled(row: list[Any]) -> list[Any]:
    return [cell for cell in row if cell not in ("", None)]


def _cell(row: list[Any], place: int) -> Any:  # noqa: ANN401
    """Give a cell as the contract's kinds take it."""
    value = row[place] if place < len(row) else None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return str(value) if isinstance(value, time | timedelta) else value


def _put_errors(path: Path, name: str, rows: Rows) -> tuple[Note, ...]:
    """Put a sign where a cell has an error, which the reader gives as empty."""
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        return ()
    with zipfile.ZipFile(path) as archive:
        xml = _sheet_xml(archive, name)
    if xml is None:
        return ()
    if b't="e"' in xml:
        for found in ERROR_CELL.finditer(xml):
            row, column = int(found[2]) - 1, _column(found[1].decode())
            if row < len(rows) and column < len(rows[row]):
                rows[row][column] = ERROR
    uncounted = len(UNCOUNTED.findall(xml)) if b"</f>" in xml or b":f>" in xml else 0
    if not uncounted:
        return ()
    return (
        Note(
            f"{uncounted} formulas have no stored result and count as empty; open the file in its "
            "program and save it.",
            f"{uncounted}个公式没有保存计算结果,按空值处理;请用表格软件打开并保存一次。",
        ),
    )


def _sheet_xml(archive: zipfile.ZipFile, name: str) -> bytes | None:
    """Give the XML of a sheet, found as the workbook and its relations say."""
    try:
        book = archive.read("xl/workbook.xml").decode("utf-8")
        relations = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return None
    for tag in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        if unescape(_attribute(tag, "name")) != name:
            continue
        wanted = _attribute(tag, r"\w+:id")
        for relation in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", relations):
            if _attribute(relation, "Id") == wanted:
                target = _attribute(relation, "Target").lstrip("/").removeprefix("xl/")
                member = f"xl/{target}"
                return archive.read(member) if member in archive.namelist() else None
    return None


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', tag)
    return found[1] if found else ""


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
