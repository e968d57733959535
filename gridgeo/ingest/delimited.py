"""Read CSV as text, so that a code keeps its zeros and 14 digits stay 14 digits."""

import csv
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from gridgeo.errors import InputError
from gridgeo.ingest.source import Source, numbered, unusable

# One row must fit into a block; the border of a village in WKT can take megabytes.
BLOCK_BYTES = 64 * 2**20


def read_delimited(path: Path, encoding: str) -> Source:
    """Read a CSV file; comma, semicolon or tab is told from its header.

    Parameters
    ----------
    path : Path
    encoding : str
        As Python names it; the byte order mark of UTF-8 is skipped.

    Returns
    -------
    Source
        Every cell as text without outer white space, empty ones as missing. The apostrophe
        that a reject file writes before ``= + - @`` is taken off again. Blank lines are no rows.

    Raises
    ------
    InputError
        Nothing inside, another encoding, or a quote that is never closed.
    """
    try:
        headers, delimiter = _header(path, encoding)
        cells, ragged, torn = _cells(path, encoding, len(headers), delimiter)
    except (UnicodeError, LookupError, csv.Error, pa.ArrowInvalid) as error:
        raise _not_csv(path, encoding, error) from error
    frame = cells.to_pandas()
    rows = len(frame) + len(ragged)
    torn |= len(frame) > 0 and any("\n" in str(cell) for cell in frame.iloc[-1])
    if torn and _quotes(path) % 2:
        raise unusable(
            path,
            f"has a quotation mark that is never closed: data row {rows} runs to the end of "
            "the file.",
            "Close it, or double it where it belongs to the text.",
        )
    frame.columns = pd.Index(headers, dtype=object)
    frame = numbered(frame)
    if ragged:
        frame.index = pd.Index(
            [row for row in range(1, rows + 1) if row not in ragged], name="row", dtype="int64"
        )
    return Source(path.name, frame, ragged=ragged)


def _header(path: Path, encoding: str) -> tuple[list[str], str]:
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


def _cells(
    path: Path, encoding: str, width: int, delimiter: str
) -> tuple[pa.Table, dict[int, tuple[int, int]], bool]:
    """Give the cells under the header by place, the rows of another width, any of several lines."""
    ragged: dict[int, tuple[int, int]] = {}
    torn: list[bool] = []

    def keep_out(row: pacsv.InvalidRow) -> str:
        ragged[row.number - 1] = (row.expected_columns, row.actual_columns)
        torn.append("\n" in row.text)
        return "skip"

    places = [str(place) for place in range(width)]
    # Rows are numbered only while one thread reads: 200,000 of them take 0.2 s.
    table = pacsv.read_csv(
        path,
        read_options=pacsv.ReadOptions(
            use_threads=False, block_size=BLOCK_BYTES, encoding=encoding, column_names=places
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep_out
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(places, pa.string()), strings_can_be_null=False
        ),
    )
    if 0 in ragged:
        raise pa.ArrowInvalid("its header cannot be told apart from its rows")
    below = table.slice(1)
    return pa.table([_clean(column) for column in below.columns], names=places), ragged, any(torn)


def _clean(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = pc.utf8_trim_whitespace(column)
    text = pc.replace_substring_regex(text, pattern=r"^'([=+\-@])", replacement=r"\1")
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _quotes(path: Path) -> int:
    """Count the quotation marks; an odd one may have swallowed the rows behind it."""
    with path.open("rb") as file:
        return sum(block.count(b'"') for block in iter(lambda: file.read(2**20), b""))


def _not_csv(path: Path, encoding: str, error: Exception) -> InputError:
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
