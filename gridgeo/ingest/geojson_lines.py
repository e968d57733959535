"""Read a GeoJSON sequence of any size: one feature a line, or behind each record separator.

RFC 8142 puts a record separator (0x1E) before each feature; most software leaves it out and ends
each with a line end. Both are read.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson

from gridgeo.errors import InputError
from gridgeo.ingest.encoding import pieces
from gridgeo.ingest.source import unusable

SEQUENCES = (".geojsonl", ".geojsons", ".ndjson", ".jsonl")
SEPARATOR = b"\x1e"
BLOCK_BYTES = 2**23
MOST_BYTES = 2**26  # of one feature


@dataclass(frozen=True)
class Lines:
    """Some features of a file.

    Parameters
    ----------
    texts : list of bytes
        As they stand there, without white space and separator around them.
    at : int
        Where the next one begins, for ``read_lines``.
    share : float
        How much of the file is read behind them, 0 to 1.
    """

    texts: list[bytes]
    at: int
    share: float


def read_lines(
    path: Path, at: int = 0, rows: int = 0, block_bytes: int | None = None
) -> Iterator[Lines]:
    """Give the features of a file from a place on, block by block; blank lines are none.

    Parameters
    ----------
    path : Path
    at : int
        A place that earlier lines named.
    rows : int
        How many features stand before it, for messages.
    block_bytes : int, optional
        Default ``BLOCK_BYTES``.

    Raises
    ------
    InputError
        One feature is longer than ``MOST_BYTES``.
    """
    size = max(path.stat().st_size, 1)
    with path.open("rb") as file:
        head = file.read(4).removeprefix(b"\xef\xbb\xbf")
        parting = SEPARATOR if head.startswith(SEPARATOR) else b"\n"
        file.seek(at)
        rest = b""
        while True:
            piece = file.read(block_bytes or BLOCK_BYTES)
            text = rest + piece
            end = text.rfind(parting) if piece else len(text)
            if end > 0:
                texts, rest = _split(text[:end], parting), text[end:]
                at += end
                rows += len(texts)
                if texts:
                    yield Lines(texts, at, min(at / size, 1.0))
            else:
                rest = text
            if not piece:
                return
            if len(rest) > MOST_BYTES:
                raise _no_feature(path, rows + 1)


def count_lines(path: Path) -> int:
    """Count the line ends of a file."""
    return sum(piece.count(b"\n") for piece in pieces(path))


def _split(text: bytes, parting: bytes) -> list[bytes]:
    stripped = (
        one.strip(b" \t\r\n\x1e").removeprefix(b"\xef\xbb\xbf") for one in text.split(parting)
    )
    return [one for one in stripped if one]


def feature_of(text: bytes, path: Path, number: int, exact: bool = False) -> dict[str, Any]:
    """Read one feature.

    Parameters
    ----------
    text : bytes
        As ``Lines`` give it.
    path : Path
    number : int
        Counted from 1, for messages.
    exact : bool
        Whole numbers beyond 64 bits stay whole; that takes ten times as long.

    Raises
    ------
    InputError
        It is no GeoJSON feature.
    """
    try:
        feature = json.loads(text) if exact else orjson.loads(text)
    except ValueError as error:
        raise _no_feature(path, number) from error
    sound = isinstance(feature, dict) and feature.get("type") == "Feature"
    if not (sound and isinstance(feature.get("properties"), dict | None)):
        raise _no_feature(path, number)
    return cast(dict[str, Any], feature)


def _no_feature(path: Path, number: int) -> InputError:
    return unusable(
        path,
        f"is no GeoJSON sequence: its feature {number:,} cannot be read as one.",
        "Give one Feature a line; a FeatureCollection belongs in a .geojson.",
    )
