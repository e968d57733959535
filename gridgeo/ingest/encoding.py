"""Tell in which encoding a text is; where two are possible, say so instead of guessing."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gridgeo.ingest.notes import Note
from gridgeo.ingest.source import DETECT, unusable

PIECE_BYTES = 2**22

# A mark that begins a file says its encoding; UTF-32 first, its mark begins like UTF-16's.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Office texts keep to the 6,763 common characters of GB 2312, names add a rare one; Latin or
# Japanese bytes read as GB18030 give mostly rare ones.
MOST_RARE_SHARE = 0.2
MOST_ZERO_SHARE = 0.1  # in UTF-16 every letter and digit brings a zero byte along
ASCII_ONLY = re.compile(r"[\x00-\x7f]+")
IDEOGRAPH = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")

EITHER = Note(
    "Its text is read as UTF-8; it could be GB18030 too: if so, say --encoding gb18030.",
    "文本按UTF-8读取,但也可能是GB18030;如是,请加 --encoding gb18030。",
)
CHINESE = Note(
    "Its text is read as GB18030 (GBK), for it is not UTF-8; --encoding says otherwise.",
    "文本不是UTF-8,按GB18030(GBK)读取;如不对,请用 --encoding 指明。",
)


@dataclass(frozen=True)
class Encoding:
    """How a text is encoded.

    Parameters
    ----------
    name : str
        As Python names it; ``utf-8`` also where a byte order mark is to be skipped.
    notes : tuple of Note
        What was assumed; empty where the text is ASCII or says its encoding itself.
    cut : bool
        Some text ends within a character, as a field of a ``.dbf`` may leave it.
    """

    name: str
    notes: tuple[Note, ...] = ()
    cut: bool = False


@dataclass
class _Trial:
    """What a text looks like when read in one encoding."""

    fits: bool = True
    beyond_ascii: int = 0
    rare: int = 0
    ideographs: bool = False
    bytes_read: int = 0
    zeros: int = 0

    @property
    def looks_chinese(self) -> bool:
        return self.fits and self.rare <= MOST_RARE_SHARE * self.beyond_ascii


def encoding_of(path: Path, asked: str = DETECT) -> Encoding:
    """Tell in which encoding a text file is.

    Parameters
    ----------
    path : Path
        Read in pieces to its end: a letter beyond ASCII may stand in the last row.
    asked : str
        ``detect``, or an encoding that goes before all detection.

    Returns
    -------
    Encoding

    Raises
    ------
    InputError
        No encoding fits: the sentence names ``--encoding``.
    """
    if asked != DETECT:
        return Encoding(asked)
    with path.open("rb") as file:
        head = file.read(4)
    for mark, name in MARKS:
        if head.startswith(mark):
            return Encoding(name)
    return told_apart(lambda: pieces(path), path)


def pieces(path: Path) -> Iterator[bytes]:
    """Give a file's bytes in pieces of ``PIECE_BYTES``."""
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def told_apart(texts: Callable[[], Iterable[bytes]], path: Path, whole: bool = True) -> Encoding:
    """Tell UTF-8 and GB18030 apart by reading strictly, the second only where it is in question.

    Parameters
    ----------
    texts : callable giving an iterable of bytes
        Called once or twice. Pieces of one text, cut anywhere; with ``whole=False``
        texts of their own, whose last character may be cut.
    path : Path
        For messages.
    whole : bool
        The pieces are one text: a character may lie across their border.

    Returns
    -------
    Encoding
        UTF-8 where it decodes. GB18030 where only that does and it looks Chinese.

    Raises
    ------
    InputError
        Neither decodes, or what GB18030 gives does not look like Chinese.
    """
    utf8 = _trial("utf-8", texts(), whole)
    if whole and utf8.zeros > MOST_ZERO_SHARE * utf8.bytes_read:
        raise unusable(
            path,
            "has zero bytes, as UTF-16 without a byte order mark has.",
            "Save it as UTF-8, or say its encoding: --encoding utf-16-le.",
            code="input.encoding",
        )
    if utf8.fits and (utf8.ideographs or not utf8.beyond_ascii):
        return Encoding("utf-8")
    gb = _trial("gb18030", texts(), whole)
    if utf8.fits:
        return Encoding("utf-8", (EITHER,) if gb.looks_chinese else ())
    if gb.looks_chinese:
        return Encoding("gb18030", (CHINESE,))
    raise unusable(
        path,
        "is neither UTF-8 nor Chinese text in GB18030.",
        "Save it as UTF-8 (in Excel: CSV UTF-8), or say its encoding, such as --encoding big5.",
        code="input.encoding",
    )


def check_name(path: Path, name: str) -> str:
    """Give the name of an encoding back; ``InputError`` where Python knows none of it."""
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise unusable(
            path,
            f"cannot be read: no encoding is called {name!r}.",
            "Try utf-8 or gb18030.",
            code="input.encoding",
        ) from error
    return name


def _trial(name: str, texts: Iterable[bytes], whole: bool) -> _Trial:
    trial, reader = _Trial(), codecs.getincrementaldecoder(name)()
    try:
        for text in texts:
            trial.bytes_read += len(text)
            trial.zeros += text.count(b"\0")
            if text.isascii() and not reader.getstate()[0]:
                continue
            _look(trial, reader.decode(text), name)
            if not whole:
                reader.reset()
        reader.decode(b"", final=whole)
    except UnicodeDecodeError:
        trial.fits = False
    return trial


def _look(trial: _Trial, text: str, name: str) -> None:
    """Note what stands in a text beyond ASCII; once UTF-8 gives Chinese, nothing is in question."""
    if trial.ideographs and name == "utf-8":
        return
    beyond = ASCII_ONLY.sub("", text)
    trial.beyond_ascii += len(beyond)
    trial.ideographs |= IDEOGRAPH.search(beyond) is not None
    if name != "utf-8":
        trial.rare += len(beyond) - len(beyond.encode("gb2312", "ignore")) // 2
