"""Read a CSV file of any size block by block, every cell as it stands, from any row on."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv

from gridgeo.errors import InputError
from gridgeo.ingest.delimited import header_of, not_csv
from gridgeo.ingest.encoding import encoding_of, pieces
from gridgeo.ingest.source import DETECT, unusable

BLOCK_BYTES = 2**23
MOST_BYTES = 2**26  # of one row; the border of a village in WKT can take megabytes
_FIELD, _TEXT, _QUOTED, _QUOTE = range(4)  # where a byte stands


@dataclass(frozen=True)
class Block:
    """Some rows of a file.

    Parameters
    ----------
    table : Table, shape (n, …)
        Every cell as text; columns are called by their place, ``0``, ``1``, ….
    at : int
        Where the next row begins, for ``CsvBlocks.blocks``.
    share : float
        How much of the file is read behind them, 0 to 1.
    """

    table: pa.Table
    at: int
    share: float


class CsvBlocks:
    """A CSV file, read block by block.

    Parameters
    ----------
    path : Path
    encoding : str
        As in ``How``.
    block_bytes : int, optional
        Default ``BLOCK_BYTES``.

    Attributes
    ----------
    headers : list of str
        Without outer white space, blank ones named by their place: for recognising.
    written : list of str
        As they stand in the file.
    notes : tuple of Note
        What was assumed of the encoding.

    Raises
    ------
    InputError
        Nothing inside, or in another encoding.
    """

    def __init__(self, path: Path, encoding: str = DETECT, block_bytes: int | None = None) -> None:
        self.path, self._block_bytes = path, block_bytes or BLOCK_BYTES
        found = encoding_of(path, encoding)
        self._encoding, self.notes = found.name, found.notes
        try:
            self.headers, self._delimiter = header_of(path, self._encoding)
            first = next(self._blocks(0, header=True)).table
        except (UnicodeError, LookupError, csv.Error, pa.ArrowInvalid) as error:
            raise not_csv(path, self._encoding, error) from error
        self.written = [column[0].as_py() for column in first.columns]

    def blocks(self, at: int = 0, rows: int = 0) -> Iterator[Block]:
        """Give the rows from a place on that an earlier block named; 0 is below the header.

        Parameters
        ----------
        at : int
        rows : int
            How many stand before it, for messages.

        Raises
        ------
        InputError
            A row has more or fewer cells than the header, a quote is never closed, or text is
            not in the encoding of what stood before it.
        """
        try:
            yield from self._blocks(at, rows)
        except (UnicodeError, csv.Error, pa.ArrowInvalid) as error:
            raise not_csv(self.path, self._encoding, error) from error

    def _blocks(self, at: int, rows: int = 0, header: bool = False) -> Iterator[Block]:
        places = [str(place) for place in range(len(self.headers))]
        size, below = self.path.stat().st_size, int(at == 0)
        for text, end, read in self._records(at):
            table = self._parsed(text, places, rows - below)
            rows += table.num_rows - below
            table, below = table.slice(0 if header else below), 0
            yield Block(table, end, min(read / max(size, 1), 1.0))

    def _parsed(self, text: bytes, places: list[str], before: int) -> pa.Table:
        kept_out: list[pacsv.InvalidRow] = []

        def keep_out(row: pacsv.InvalidRow) -> str:
            kept_out.append(row)
            return "skip"

        table = pacsv.read_csv(
            pa.BufferReader(text),
            pacsv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=places),
            pacsv.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=keep_out
            ),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(places, pa.string()), strings_can_be_null=False
            ),
        )
        if kept_out:
            row = kept_out[0]
            raise InputError(
                f"{self.path.name} has rows that do not fit its {row.expected_columns} columns; "
                f"data row {before + row.number} has {row.actual_columns} cells.",
                hint="Mend these rows.",
                code="input.ragged",
            )
        return table

    def _records(self, at: int) -> Iterator[tuple[bytes, int, int]]:
        """Give whole rows as UTF-8: they, where the next begins, and the bytes read so far."""
        delimiter = ord(self._delimiter)
        rest = b""
        for piece, read in self._pieces(at):
            text = rest + piece
            end, _ = _whole(text, delimiter)
            if end:
                at += end
                yield text[:end], at, read
            rest = text[end:]
            if len(rest) > MOST_BYTES:
                raise _never_closed(self.path, "a row is longer than a village's border")
        if rest.strip(b"\r\n"):
            _, open_ = _whole(rest, delimiter)
            if open_:
                raise _never_closed(self.path, "its last row runs to the end of the file")
            yield rest, at + len(rest), self.path.stat().st_size

    def _pieces(self, at: int) -> Iterator[tuple[bytes, int]]:
        """Give the text as UTF-8 from a place on, piece by piece, and the bytes read so far."""
        plain = codecs.lookup(self._encoding).name == "utf-8"
        with self.path.open("rb") as file:
            if plain:
                mark = len(codecs.BOM_UTF8) if file.read(3) == codecs.BOM_UTF8 else 0
                file.seek(at + mark)
                while piece := file.read(self._block_bytes):
                    yield piece, file.tell()
                return
            # In another encoding places count its UTF-8; it is decoded anew up to there.
            decoder = codecs.getincrementaldecoder(self._encoding)()
            for piece in iter(partial(file.read, self._block_bytes), b""):
                text = decoder.decode(piece).encode()
                if at < len(text):
                    yield text[at:], file.tell()
                at = max(at - len(text), 0)
            decoder.decode(b"", final=True)


def _whole(text: bytes, delimiter: int) -> tuple[int, bool]:
    """Tell where the last whole row ends, and whether a quote is open behind it."""
    if b'"' not in text and b"\n" in text:
        return text.rfind(b"\n") + 1, False
    end, quoted = _scan(np.frombuffer(text, np.uint8), delimiter)
    return int(end), bool(quoted)


@numba.njit(cache=True, nogil=True)
def _scan(octets: npt.NDArray[np.uint8], delimiter: int) -> tuple[int, bool]:
    """Walk through rows as Arrow's parser does: a quote opens a text only where a cell begins."""
    end, state = 0, _FIELD
    for place in range(len(octets)):
        octet = octets[place]
        if state == _QUOTED:
            if octet == 34:
                state = _QUOTE
        elif octet == 34 and state != _TEXT:
            state = _QUOTED  # opened, or doubled within
        elif octet == 10:
            end, state = place + 1, _FIELD
        elif octet == 13:
            state = _FIELD
            if place + 1 < len(octets) and octets[place + 1] != 10:
                end = place + 1
        elif octet == delimiter:
            state = _FIELD
        else:
            state = _TEXT
    return end, state == _QUOTED


def warm_csv() -> None:
    """Compile the kernel, or load it from numba's disk cache."""
    _whole(b'"', 44)
    _count(np.frombuffer(b'"', np.uint8), _FIELD)


def count_rows(path: Path) -> int:
    """Count the lines of a CSV file in UTF-8 with commas, those within quotes left out."""
    lines, state = 0, _FIELD
    for piece in pieces(path):
        if state != _QUOTED and b'"' not in piece:
            lines += piece.count(b"\n")
            state = _FIELD if piece.endswith((b"\n", b",")) else _TEXT
        else:
            more, state = _count(np.frombuffer(piece, np.uint8), state)
            lines += more
    return lines


@numba.njit(cache=True, nogil=True)
def _count(octets: npt.NDArray[np.uint8], state: int) -> tuple[int, int]:
    lines = 0
    for octet in octets:
        if state == _QUOTED:
            if octet == 34:
                state = _QUOTE
        elif octet == 34 and state != _TEXT:
            state = _QUOTED
        elif octet == 10:
            lines, state = lines + 1, _FIELD
        else:
            state = _FIELD if octet == 44 else _TEXT
    return lines, state


def _never_closed(path: Path, found: str) -> InputError:
    return unusable(
        path,
        f"has a quotation mark that is never closed: {found}.",
        "Close it, or double it where it belongs to the text.",
    )
