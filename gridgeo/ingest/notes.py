"""What a reader of an import should know, in both languages, counted over all batches."""

from collections.abc import Iterable
from typing import Self


class Note(str):
    """A sentence in English, which it is as a text, and in Chinese.

    Parameters
    ----------
    en, zh : str
        With ``{0}``, ``{1}`` … where the counts go, if there are any.
    counts : tuple of int
        What was counted in one batch. Where the first count is zero nothing happened.
    """

    __slots__ = ("counts", "words", "zh")

    counts: tuple[int, ...]
    words: tuple[str, str]
    zh: str

    def __new__(cls, en: str, zh: str, counts: tuple[int, ...] = ()) -> Self:
        """Fill the counts into both sentences."""
        made = super().__new__(cls, en.format(*counts) if counts else en)
        made.zh = zh.format(*counts) if counts else zh
        made.words, made.counts = (en, zh), counts
        return made


def gathered(notes: Iterable[str]) -> tuple[str, ...]:
    """Sum what several batches counted, and say each thing once.

    Parameters
    ----------
    notes : iterable of Note or str
        Of all batches, those that counted nothing included.

    Returns
    -------
    tuple of Note or str
        In the order in which they came first, without those that counted nothing in all.
    """
    sums: dict[object, str] = {}
    for note in notes:
        if not isinstance(note, Note) or not note.counts:
            sums.setdefault(str(note), note)
            continue
        before = sums.get(note.words)
        counts = note.counts
        if isinstance(before, Note):
            counts = tuple(a + b for a, b in zip(before.counts, counts, strict=True))
        sums[note.words] = Note(*note.words, counts)
    return tuple(n for n in sums.values() if not (isinstance(n, Note) and n.counts[:1] == (0,)))
