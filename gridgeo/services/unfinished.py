"""A file that is written in steps: whole in its place or not at all, and gone on with when killed.

Beside its place lies a folder with what is written so far and a journal of the steps. The same work
begun anew goes on behind the last step that the journal tells of; other work begins afresh.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

from gridgeo.errors import ConflictError, GridgeoError, InputError

_SPARE_BYTES = 2**20  # that must be left on the disk when the file is whole
_UNWRITABLE = "input.unwritable"
_WORTH_ROWS = 1_000_000  # what is made again in a second is not left lying when something failed


@dataclass(frozen=True)
class Step:
    """What is done next: some rows of the input, answered and encoded.

    Parameters
    ----------
    rows : int
    at : int
        Where the input goes on behind them, as its reader counts.
    counts : tuple of int
        Rows by how they were answered.
    unplaced : int
        Rows without a readable point.
    data : bytes
        What is written for them.
    share : float
        How much of the input is done behind them, 0 to 1.
    """

    rows: int
    at: int
    counts: tuple[int, ...]
    unplaced: int
    data: bytes | memoryview
    share: float = 0.0


@dataclass
class Done:
    """What is done so far."""

    rows: int = 0
    at: int = 0
    size: int = 0
    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    unplaced: int = 0
    ends: list[int] = field(default_factory=list)

    def add(self, told: Mapping[str, Any]) -> None:
        """Add a step that the journal tells of."""
        self.rows += told["rows"]
        self.at, self.size = told["at"], told["size"]
        self.counts = [a + b for a, b in zip(self.counts, told["counts"], strict=True)]
        self.unplaced += told["unplaced"]
        self.ends.append(told["size"])


class Unfinished:
    """The folder beside a file's place.

    Parameters
    ----------
    place : Path
        Where the file will stand.
    identity : mapping
        What the work depends on, as JSON has it. Another identity begins afresh.
    restart : bool
        Begin afresh in any case.

    Attributes
    ----------
    done : Done
    gone_on : bool
        Earlier steps were found.

    Raises
    ------
    ConflictError
        Another program is writing this file now.
    InputError
        Nothing can be written there.
    """

    def __init__(self, place: Path, identity: Mapping[str, Any], restart: bool = False) -> None:
        self.place = place
        self.done = Done()
        self._folder = place.with_name(f".{place.name}.unfinished")
        self._identity = json.dumps({**identity, "boot": _boot()}, sort_keys=True)
        with _sayable(place):
            if place.is_dir():
                raise IsADirectoryError(21, "Is a directory")
            self._folder.mkdir(exist_ok=True)
            self._journal = (self._folder / "journal").open("a+b", buffering=0)
            self._lock()
            self._data = (self._folder / "data").open("a+b", buffering=0)
            if restart or not self._take_up():
                self._begin()
        self.gone_on = bool(self.done.ends)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, *__: object) -> None:
        """Leave what is done where it is worth going on with; otherwise nothing."""
        self._data.close()
        # What is wrong with the input or the question is not mended by asking once more.
        asked_wrongly = isinstance(error, GridgeoError) and error.code != _UNWRITABLE
        if error is not None and (asked_wrongly or self.done.rows < _WORTH_ROWS):
            self.forget()
        self._journal.close()  # with which the lock goes

    def forget(self) -> None:
        """Leave nothing to go on with."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, step: Step) -> None:
        """Write what a step has made, then note that it is done."""
        with _sayable(self.place, self._going_on):
            size = self.done.size + _write(self._data, step.data)
            told = {
                "rows": step.rows,
                "at": step.at,
                "size": size,
                "counts": list(step.counts),
                "unplaced": step.unplaced,
            }
            _write(self._journal, json.dumps(told).encode() + b"\n")
        self.done.add(told)

    def finish(
        self,
        made: Callable[[Path, list[int]], Path],
        rows_read: int,
        rows_in: Callable[[Path], int],
    ) -> None:
        """Put the file in its place.

        Parameters
        ----------
        made : callable
            Makes the file of what the steps wrote, given where each ended; gives that back where
            it is the file already.
        rows_read : int
            Rows that the input has.
        rows_in : callable
            Counts the rows of the finished file by reading it again.

        Raises
        ------
        InputError
            There is no room, or the three counts are not one.
        """
        with _sayable(self.place, self._going_on):
            whole = made(self._folder / "data", self.done.ends)
            with whole.open("ab", buffering=0) as file:
                size = file.tell()
                _write(file, bytes(_SPARE_BYTES))
                file.truncate(size)
                os.fsync(file.fileno())
            found = rows_in(whole)
            if not rows_read == self.done.rows == found:
                raise InputError(
                    f"{rows_read:,} rows were read, {self.done.rows:,} written and {found:,} are "
                    f"in {self.place.name} as written; nothing was put in its place.",
                    hint="See whether the disk is sound and nobody else writes there, then run "
                    "it again.",
                    code="output.rows",
                )
            whole.replace(self.place)
        self.forget()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(self._journal.fileno()), self._stands()):
                raise BlockingIOError  # whoever had it has just finished and taken it away
        except (BlockingIOError, FileNotFoundError) as error:
            self._journal.close()
            raise ConflictError(
                f"{self.place.name} is being written by another gridgeo.",
                hint="Wait for it, or name another file.",
                code="output.busy",
                fields=["path"],
            ) from error

    def _stands(self) -> os.stat_result:
        return (self._folder / "journal").stat()

    def _take_up(self) -> bool:
        """Find where the same work stood; False where there is none."""
        self._journal.seek(0)
        first, *lines = self._journal.read().split(b"\n")
        if first.decode("utf-8", "replace") != self._identity:
            return False
        there = self._data.seek(0, os.SEEK_END)
        good = len(first) + 1
        for line in lines[:-1]:  # behind the last line end stands what was not written whole
            told = json.loads(line)
            if told["size"] > there:
                break
            self.done.add(told)
            good += len(line) + 1
        self._journal.truncate(good)
        self._data.truncate(self.done.size)
        return True

    def _begin(self) -> None:
        try:
            self._data.truncate(0)
            self._journal.truncate(0)
            _write(self._journal, self._identity.encode() + b"\n")
        except OSError:
            self.forget()
            raise

    def _going_on(self) -> str:
        if self.done.rows < _WORTH_ROWS:
            return ""
        return f"Make room and run it again: it goes on behind {self.done.rows:,} rows."


def changed(path: Path) -> InputError:
    """Make the error for an input that is another file now."""
    return InputError(
        f"{path.name} changed while it was read; nothing was written.",
        hint="Wait until nobody writes it, or copy it, then run it again.",
        code="input.changed",
    )


@contextmanager
def _sayable(place: Path, hint: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Say why a file cannot be written."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{place.name} cannot be written: {error.strerror or error}; what stood there is "
            "untouched.",
            hint=hint() or "Name a folder that exists and has room.",
            code=_UNWRITABLE,
            fields=["path"],
        ) from error


def _write(file: BinaryIO, data: bytes | memoryview) -> int:
    """Write all of it: a file without buffer may take a part."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    return len(data)


def _boot() -> str:
    """Tell one run of the machine from another: what a crash left may have holes."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""
