"""The table beside a Shapefile: the encoding of its texts, and whether all parts lie there."""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from gridgeo.errors import InputError
from gridgeo.ingest.encoding import Encoding, check_name, told_apart
from gridgeo.ingest.source import DETECT, unusable

ROWS_AT_ONCE = 100_000
GBK_DRIVER = 0x4D  # of the language drivers in a .dbf header: code page 936
LATIN_DRIVERS = (0x01, 0x02, 0x03, 0x57)  # DOS and Windows of Western Europe

# Code pages as .cpg files write them. GB18030 reads all of GBK and more.
CHINESE = ("gbk", "gb2312", "gb18030", "936", "cp936", "ansi936", "ansi 936", "54936", "cp54936")
CPG_NAMES = {"65001": "utf-8", "utf8": "utf-8"} | dict.fromkeys(CHINESE, "gb18030")


def check_companions(path: Path) -> None:
    """Let a ``.shp`` pass beside which its ``.shx`` and ``.dbf`` lie; ``InputError`` otherwise."""
    absent = [suffix for suffix in (".shx", ".dbf") if companion(path, suffix) is None]
    if absent:
        raise unusable(
            path,
            f"lacks {' and '.join(path.stem + suffix for suffix in absent)} beside it; "
            "a Shapefile is several files.",
            "Copy all files of that name into one folder, or zip them together.",
            code="input.companion",
        )


def companion(path: Path, suffix: str) -> Path | None:
    """Give the file of the same name with another suffix, in small or capital letters."""
    for name in (suffix, suffix.upper()):
        if (beside := path.with_suffix(name)).is_file():
            return beside
    return None


def dbf_encoding(path: Path, asked: str = DETECT) -> Encoding | None:
    """Tell in which encoding the names and texts of a Shapefile are.

    Parameters
    ----------
    path : Path
        The ``.shp``; ``.dbf`` and perhaps ``.cpg`` beside it.
    asked : str
        ``detect``, or an encoding that goes before what the file says.

    Returns
    -------
    Encoding or None
        None where the file says a Western code page and no other is likelier: GDAL knows those.

    Raises
    ------
    InputError
        The ``.cpg`` says one encoding and the bytes another, or no encoding fits.

    Notes
    -----
    The ``.cpg`` is what the file says. The language driver of the header is only believed where
    the bytes allow it: many programs write 0x57 or 0 whatever the text is in.
    """
    dbf = companion(path, ".dbf")
    if dbf is None:
        return None
    driver, texts = _texts(dbf)
    beyond_ascii = [text for text in texts if not text.isascii()]
    found = _told(path, dbf, asked, driver, beyond_ascii)
    if found is None:
        return None
    return replace(found, cut=any(_is_cut(text, found.name) for text in beyond_ascii))


def uncut(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Decode names and texts that were read byte by byte, leaving out halves of characters.

    Parameters
    ----------
    table : DataFrame
        As GDAL gives it when it is told that all is Latin-1: a letter a byte.
    name : str
        The true encoding.

    Returns
    -------
    DataFrame
    """

    def turned(text: object) -> object:
        return text.encode("latin-1").decode(name, "ignore") if isinstance(text, str) else text

    table = table.rename(columns=turned)
    for place, dtype in enumerate(table.dtypes):
        if pd.api.types.is_string_dtype(dtype) or pd.api.types.is_object_dtype(dtype):
            # By place: two names may be alike when their halves are gone.
            table.isetitem(place, table.iloc[:, place].map(turned, na_action="ignore").array)
    return table


def _told(
    path: Path, dbf: Path, asked: str, driver: int, beyond_ascii: list[bytes]
) -> Encoding | None:
    if asked != DETECT:
        return Encoding(check_name(dbf, asked))
    said = _said(path)
    if said not in (None, "utf-8", "gb18030"):
        return None
    if said is not None:
        if all(_decodes(text, said) for text in beyond_ascii):
            return Encoding(said)
        raise _contradicted(dbf, said)
    if driver == GBK_DRIVER and all(_decodes(text, "gb18030") for text in beyond_ascii):
        return Encoding("gb18030")
    try:
        return told_apart(lambda: beyond_ascii, dbf, whole=False)
    except InputError:
        if driver in LATIN_DRIVERS:
            return None
        raise


def _said(path: Path) -> str | None:
    cpg = companion(path, ".cpg")
    if cpg is None:
        return None
    word = cpg.read_bytes()[:40].decode("ascii", "replace").strip().strip("\0").casefold()
    return CPG_NAMES.get(word, word) or None


def _texts(dbf: Path) -> tuple[int, list[bytes]]:
    """Give the language driver, and every distinct name and text of the table as bytes."""
    size = dbf.stat().st_size
    with dbf.open("rb") as file:
        head = file.read(32)
        if len(head) < 32:
            raise unusable(dbf, "is shorter than its header says; it is cut short.", "Copy again.")
        start = int.from_bytes(head[8:10], "little")
        width = int.from_bytes(head[10:12], "little")
        fields = file.read(max(start - 32, 0))
        names, spans, place = [], [], 1
        for at in range(0, len(fields) - 31, 32):
            one = fields[at : at + 32]
            if one[0] == 0x0D:
                break
            names.append(one[:11].split(b"\0")[0])
            length = one[16] + (256 * one[17] if one[11:12] == b"C" else 0)
            if one[11:12] == b"C":
                spans.append((place, place + length))
            place += length
        file.seek(start)
        texts = dict.fromkeys(names)
        if width and size > start:
            for block in _blocks(file.read, width):
                for text in _beyond_ascii(block, spans):
                    texts[text] = None
    return head[29], list(texts)


def _blocks(read: Callable[[int], bytes], width: int) -> Iterator[np.ndarray]:
    while data := read(width * ROWS_AT_ONCE):
        rows = len(data) // width
        yield np.frombuffer(data, dtype=np.uint8, count=rows * width).reshape(rows, width)


def _beyond_ascii(block: np.ndarray, spans: list[tuple[int, int]]) -> Iterator[bytes]:
    for start, end in spans:
        cells = block[:, start:end]
        cells = np.ascontiguousarray(cells[(cells >= 128).any(axis=1)])
        if cells.size:
            yield from np.unique(cells.view(f"S{cells.shape[1]}")).tolist()


def _decodes(text: bytes, name: str) -> bool:
    """Tell whether a text is in an encoding; the field's end may cut its last character."""
    try:
        codecs.getincrementaldecoder(name)().decode(text, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _is_cut(text: bytes, name: str) -> bool:
    try:
        text.decode(name)
    except UnicodeDecodeError:
        return True
    return False


def _contradicted(dbf: Path, said: str) -> InputError:
    return unusable(
        dbf,
        f"has text that is not {said.upper()}, which its .cpg says.",
        "Say its encoding, such as --encoding gb18030 or --encoding utf-8, or mend the .cpg.",
        code="input.encoding",
    )
