"""Open any file by its extension; what cannot be opened is said by name, with the next step."""

import hashlib
import itertools
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from gridgeo.errors import GridgeoError
from gridgeo.ingest.delimited import read_delimited
from gridgeo.ingest.limits import check_size
from gridgeo.ingest.names import told
from gridgeo.ingest.parquet import read_parquet
from gridgeo.ingest.source import DETECT, How, Source, unusable
from gridgeo.ingest.spreadsheet import SPREADSHEETS, read_spreadsheet, zh_names
from gridgeo.ingest.vector import VECTORS, read_vector
from gridgeo.ingest.zipped import split_archive, unpacked

# A reader gives a file's rows in batches; one that must read the whole file gives one batch.
Reader = Callable[[Path, How], Iterator[Source]]

READERS: dict[str, Reader] = {
    **dict.fromkeys(VECTORS, read_vector),
    ".parquet": read_parquet,
    ".geoparquet": read_parquet,
    ".csv": read_delimited,
    **dict.fromkeys(SPREADSHEETS, read_spreadsheet),
}


def _read_zipped(path: Path, how: How) -> Iterator[Source]:
    """Read one member of an archive; it is unpacked as long as its rows are asked for."""
    likes = {how.layer} if how.layer else {how.prefer, *zh_names(how.prefer)} - {""}
    with unpacked(path, how.member, _PLAIN, likes) as member:
        check_size(member)
        if member.stat().st_size == 0:
            raise unusable(member, "is empty (0 bytes).", "Save it again.", code="input.empty")
        for source in READERS[member.suffix.lower()](member, how):
            yield replace(source, name=f"{path.name}/{source.name}")


_PLAIN = tuple(READERS)
READERS[".zip"] = _read_zipped
FORMATS = tuple(READERS)


def fingerprint(path: Path | str) -> str:
    """Give a file's SHA-256, so that the same file twice is known.

    Parameters
    ----------
    path : path
        Of a file, or of one in an archive (``city.zip/grids.csv``): another member, another
        fingerprint.

    Returns
    -------
    str
        64 hexadecimal digits. The file is read in pieces, never as a whole.

    Raises
    ------
    InputError
        There is no such file, it is a folder, a pipe or a device, or larger than ``limits`` allows.
    """
    archive, member = split_archive(Path(path))
    with _file(archive).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    if member:
        digest.update(b"\0" + member.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


class Batches:
    """A file, read batch by batch.

    Parameters
    ----------
    path : Path
        That it is there, regular and not too large was seen.
    how : How

    Attributes
    ----------
    headers : list of str
        As the file has them.
    crs : CRS or None
        As the format says it.
    first : Source
        The first batch, read when the file is opened.
    notes : list of Note or str
        Of the batches given so far; ``gathered`` sums them.
    """

    def __init__(self, path: Path, how: How) -> None:
        self.path, self.how = path, how
        self.notes: list[str] = []
        self._rest = self._read()
        self.first = next(self._rest)
        self.headers, self.crs = self.first.headers, self.first.crs

    def __iter__(self) -> Iterator[Source]:
        """Give each batch once, in the order of the file."""
        for source in itertools.chain([self.first], self._rest):
            self.notes += source.notes
            yield source

    def close(self) -> None:
        """Let go of the file, however far it was read."""
        self._rest.close()

    def _read(self) -> Generator[Source]:
        """Read on; what goes wrong is said by name. Batches without rows are left out."""
        rows, headers = 0, []
        try:
            for source in READERS[self.path.suffix.lower()](self.path, self.how):
                rows, headers = rows + source.rows, source.headers
                if source.rows:
                    yield source
        except GridgeoError:
            raise
        except (OSError, RuntimeError, ValueError, KeyError, pa.ArrowException) as error:
            raise unusable(
                self.path,
                f"cannot be read; it may be damaged or cut short ({_first_line(error)}).",
                "Copy or save it again from its source.",
            ) from error
        if rows == 0:
            found, hint = told(headers, "Give a file with at least one row.")
            raise unusable(
                self.path, f"has no rows, only columns; {found}.", hint, code="input.empty"
            )


def open_batches(path: Path | str, how: How | None = None) -> Batches:
    """Open a file by its extension, to be read batch by batch.

    Parameters
    ----------
    path : path
        One of ``FORMATS``. A Shapefile by its ``.shp``; its companions lie beside it. A file in
        an archive by ``city.zip/grids.csv``, or by the archive where it is the only one.
    how : How, optional

    Returns
    -------
    Batches
        Of at least one row together.

    Raises
    ------
    InputError
        Missing, a folder, a pipe or a device, larger than ``limits`` allows, of an unknown format,
        renamed, truncated, without such a layer, without rows. What is wrong further on in the
        file is said when it is come to.
    """
    path, member = split_archive(Path(path))
    path = _file(path)
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise unusable(
            path,
            f"is of an unknown format ({suffix or 'no extension'}); "
            f"gridgeo reads {', '.join(FORMATS)}.",
            "Save it as one of these.",
            code="input.format",
        )
    if path.stat().st_size == 0:
        raise unusable(path, "is empty (0 bytes).", "Save it again.", code="input.empty")
    how = how or How()
    return Batches(path, replace(how, member=member) if member else how)


def open_source(
    path: Path | str, *, layer: str | None = None, prefer: str = "", encoding: str = DETECT
) -> Source:
    """Read a file whole and as it stands, by its extension.

    Parameters
    ----------
    path : path
        As for ``open_batches``.
    layer, prefer, encoding : str
        As in ``How``.

    Returns
    -------
    Source
        With at least one row.

    Raises
    ------
    InputError
        As ``open_batches``.
    """
    batches = open_batches(path, How(layer, prefer, encoding, batch_rows=None))
    (source,) = batches
    return source


def require_file(path: Path) -> None:
    """Let a file pass that is there and regular, or one in an archive that is.

    Raises
    ------
    InputError
        There is no such file, or it is a folder, a pipe or a device.
    """
    path, _ = split_archive(path)
    if path.is_dir():
        raise unusable(
            path, "is a folder; a file is needed.", "Name a file inside it.", code="input.folder"
        )
    if not path.exists():
        raise unusable(path, "does not exist.", "Check its name and folder.", code="input.missing")
    if not path.is_file():
        raise unusable(
            path,
            "is no regular file but a pipe or device; a file is needed.",
            "Save what comes out of it as a file and name that.",
            code="input.irregular",
        )


def _file(path: Path) -> Path:
    """Give the path back of a file that is there, regular and not too large."""
    require_file(path)
    check_size(path)
    return path


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__
