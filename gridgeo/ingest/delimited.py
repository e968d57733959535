"""Read CSV as text, so that a code keeps its zeros and 14 digits stay 14 digits."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from gridgeo.errors import InputError
from gridgeo.ingest.encoding import encoding_of
from gridgeo.ingest.source import How, Source, regrouped, unusable

# One row must fit into a block; the border of a village in WKT can take megabytes.
BLOCK_BYTES = 64 * 2**20


def read_delimited(path: Path, how: How) -> Iterator[Source]:
    """Read a CSV file; comma, semicolon or tab is told from its header.

    Parameters
    ----------
    path : Path
    how : How
        ``encoding`` as Python names it, or ``detect``; a byte order mark is skipped.

    Yields
    ------
    Source
        Every cell as text without outer white space, empty ones as missing. The apostrophe
        that a reject file writes before ``= + - @`` is taken off again. Blank lines are no rows.

    Raises
    ------
    InputError
        Nothing inside, another encoding, or a quote that is never closed.
    """
    found = encoding_of(path, how.encoding)
    how = replace(how, encoding=found.name)
    try:
        headers, delimiter = header_of(path, how.encoding)
        for source in _sources(path, how, headers, delimiter):
            yield replace(source, notes=(*found.notes, *source.notes))
    except (UnicodeError, LookupError, csv.Error, pa.ArrowInvalid) as error:
        raise not_csv(path, how.encoding, error) from error


def header_of(path: Path, encoding: str) -> tuple[list[str], str]:
    """Give the headers, blank ones named by their place, and the delimiter."""
    codec = "utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding
    with path.open(encoding=codec, newline="") as lines:
        first = next((line for line in lines if line.strip("\r\n")), "")
        delimiter = max(",;\t", key=first.count)
        lines.seek(0)
        cells: list[str] = next((row for row in csv.reader(lines, delimiter=delimiter) if row), [])
    if not cells:
        raise unusable(
            path, "is empty.", "Save it again with a header and rows.", code="input.empty"
        )
    return [cell.strip() or f"column {place}" for place, cell in enumerate(cells, 1)], delimiter


class _KeptOut:
    """Rows of another width than the header's, as the parser meets them: ahead of the others."""

    def __init__(self) -> None:
        self.rows: dict[int, tuple[int, int]] = {}
        self.torn = False
        self.given = 0

    def __call__(self, row: pacsv.InvalidRow) -> str:
        self.rows[row.number - 1] = (row.expected_columns, row.actual_columns)
        self.torn |= "\n" in row.text
        return "skip"

    def index(self, rows: int) -> pd.Index:
        """Give the numbers of the next ``rows`` rows that fit."""
        if not self.rows:
            self.given += rows
            return pd.RangeIndex(self.given - rows + 1, self.given + 1, name="row")
        found: list[int] = []
        while len(found) < rows:
            self.given += 1
            if self.given not in self.rows:
                found.append(self.given)
        return pd.Index(found, name="row", dtype="int64")


def _sources(path: Path, how: How, headers: list[str], delimiter: str) -> Iterator[Source]:
    """Read the cells under the header by place, block by block."""
    kept_out = _KeptOut()
    places = [str(place) for place in range(len(headers))]
    size, told, torn = path.stat().st_size, 0, False
    with pa.OSFile(str(path)) as file:
        # Rows are numbered only while one thread reads: 200,000 of them take 0.2 s.
        reader = pacsv.open_csv(
            file,
            read_options=pacsv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                encoding=how.encoding,
                column_names=places,
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=kept_out
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(places, pa.string()), strings_can_be_null=False
            ),
        )
        pieces = regrouped(_below_header(reader, kept_out), reader.schema, how.batch_rows)
        following = next(pieces)
        while following is not None:
            piece, following = following, next(pieces, None)
            frame = pa.table([clean(c) for c in piece.columns], names=places).to_pandas()
            frame.columns = pd.Index(headers, dtype=object)
            frame.index = kept_out.index(len(frame))
            last = following is None
            ragged = {
                row: widths
                for row, widths in kept_out.rows.items()
                if row > told and (last or row <= kept_out.given)
            }
            told = kept_out.given
            if last:
                torn = kept_out.torn or (
                    len(frame) > 0 and any("\n" in str(cell) for cell in frame.iloc[-1])
                )
                rows = kept_out.given + sum(row > kept_out.given for row in ragged)
                _check_quotes(path, how.encoding, rows, torn)
            yield Source(path.name, frame, ragged=ragged, share=min(file.tell() / size, 1.0))


def _below_header(reader: pacsv.CSVStreamingReader, kept_out: _KeptOut) -> Iterator[pa.RecordBatch]:
    """Give the rows; the header is the first of them, as the parser has it."""
    header = 1
    for batch in reader:
        if 0 in kept_out.rows:
            raise pa.ArrowInvalid("its header cannot be told apart from its rows")
        if batch.num_rows:
            yield batch.slice(header)
            header = 0


def _check_quotes(path: Path, encoding: str, rows: int, torn: bool) -> None:
    if torn and _quotes(path, encoding) % 2:
        raise unusable(
            path,
            f"has a quotation mark that is never closed: data row {rows} runs to the end of "
            "the file.",
            "Close it, or double it where it belongs to the text.",
        )


def clean(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Take off outer white space and the apostrophe that disarms a formula; empty is missing."""
    text = pc.utf8_trim_whitespace(column)
    text = pc.replace_substring_regex(text, pattern=r"^'([=+\-@])", replacement=r"\1")
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _quotes(path: Path, encoding: str) -> int:
    """Count the quotation marks; an odd one may have swallowed the rows behind it."""
    with path.open(encoding=encoding, newline="") as file:
        return sum(block.count('"') for block in iter(lambda: file.read(2**20), ""))


def not_csv(path: Path, encoding: str, error: Exception) -> InputError:
    """Make the error for a text that is no CSV, or in no encoding that is known."""
    if isinstance(error, LookupError) and not isinstance(error, UnicodeError):
        return unusable(path, f"cannot be read: no encoding is called {encoding!r}.", "Try utf-8.")
    if isinstance(error, UnicodeError) or "UTF8" in str(error):
        return unusable(
            path,
            f"is not text in {encoding}.",
            "Save it as UTF-8 (in Excel: CSV UTF-8), or say its encoding: --encoding gb18030.",
            code="input.encoding",
        )
    return unusable(
        path,
        f"is not a table of comma separated values: {error}.",
        "Save it as CSV with one header line.",
    )
