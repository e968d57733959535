"""How much one file may hold; asked before it is read, so that none fills the memory."""

from pathlib import Path

from gridgeo.errors import InputError
from gridgeo.ingest.source import unusable

# A city has some 10⁶ households and 10⁷ incidents a decade: far more is no layer of a city.
MOST_ROWS = 50_000_000
MOST_BYTES = 4 * 2**30
MOST_CELLS = 50_000_000  # of a sheet, the empty ones between its first and last counted


def check_rows(path: Path, rows: int) -> None:
    """Let at most ``MOST_ROWS`` rows pass; ``InputError`` otherwise."""
    if rows > MOST_ROWS:
        raise _too_large(path, f"holds {rows:,} rows; at most {MOST_ROWS:,} can be read at once.")


def check_cells(path: Path, rows: int, columns: int) -> None:
    """Let a sheet of at most ``MOST_CELLS`` cells pass; ``InputError`` otherwise."""
    if rows * columns > MOST_CELLS:
        raise _too_large(
            path,
            f"has a sheet of {rows:,} rows and {columns:,} columns; at most {MOST_CELLS:,} cells "
            "can be read at once.",
        )


def check_size(path: Path) -> None:
    """Let a file of at most ``MOST_BYTES`` pass; ``InputError`` otherwise."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise _too_large(path, f"is {size:,} bytes; at most {MOST_BYTES:,} can be read at once.")


def check_unpacked(path: Path, size: int) -> None:
    """Let what unpacks to at most ``MOST_BYTES`` pass; ``InputError`` otherwise.

    Parameters
    ----------
    path : Path
    size : int
        Bytes that the file takes in memory, or the part of it that was read so far.

    Raises
    ------
    InputError
        Some kilobytes may unpack to any size: a value that repeats is packed once.
    """
    if size > MOST_BYTES:
        raise _too_large(
            path,
            f"unpacks to {size:,} bytes or more; at most {MOST_BYTES:,} can be read at once.",
        )


def _too_large(path: Path, found: str) -> InputError:
    return unusable(
        path, found, "Split it into several files, such as one a town.", code="input.too-large"
    )
