"""Open a file that lies zipped: one member, unpacked for as long as it is read."""

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from gridgeo.errors import InputError
from gridgeo.ingest.limits import check_unpacked
from gridgeo.ingest.source import listed, unusable

# Deflate can pack 1,032 to 1. Tables of a city pack some 10 to 50 to 1; small files may do as
# they like, for they harm nobody.
MOST_RATIO = 200
HARMLESS_BYTES = 64 * 2**20
MOST_MEMBERS = 10_000
UTF8_NAME, ENCRYPTED = 0x800, 0x1
BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError)


def split_archive(path: Path) -> tuple[Path, str]:
    """Split ``city.zip/grids.csv`` into the archive and the member; none is the empty text."""
    for parent in path.parents:
        if parent.suffix.lower() == ".zip" and parent.is_file():
            return parent, path.relative_to(parent).as_posix()
    return path, ""


@contextmanager
def unpacked(
    path: Path, inner: str, suffixes: Collection[str], prefer: Collection[str] = ()
) -> Iterator[Path]:
    """Unpack one readable member, with its companions, into a folder of its own.

    Parameters
    ----------
    path : Path
        The archive.
    inner : str
        Member to take, as it is called inside; empty: the only one that can be read.
    suffixes : collection of str
        What can be read.
    prefer : collection of str
        Stems to take when several can be read and one is called like this.

    Yields
    ------
    Path
        The member under its own name, without the folders it has inside. It is removed
        afterwards, also after an error.

    Raises
    ------
    InputError
        No archive, encrypted, larger unpacked than ``limits`` allows, packed as only a zip bomb
        is, without a member that can be read, or with several.

    Notes
    -----
    Nothing is unpacked before all sizes are known, and no more than was promised. Members are
    written under their last name only, so no ``..`` or absolute name leaves the folder; links
    are left out.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: one for one in archive.infolist() if (name := _name(one))}
            chosen = _chosen(path, members, inner, suffixes, prefer)
            parts = [one for name, one in members.items() if _beside(name, chosen)]
            check_packed(path, parts)
            with tempfile.TemporaryDirectory(prefix="gridgeo-") as folder:
                for one in parts:
                    target = Path(folder) / _last(_name(one))
                    with archive.open(one) as packed, target.open("wb") as file:
                        shutil.copyfileobj(packed, file, 2**20)
                yield Path(folder) / _last(chosen)
    except BROKEN as error:
        raise unusable(
            path,
            f"is no sound zip archive ({error}).",
            "Copy or zip it again from its source.",
        ) from error


def check_packed(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Let members pass that may be unpacked; ``InputError`` otherwise, before any is.

    Parameters
    ----------
    path : Path
        The archive, for messages.
    members : sequence of ZipInfo
    """
    if any(one.flag_bits & ENCRYPTED for one in members):
        raise unusable(
            path,
            "is locked by a password.",
            "Save it again without a password.",
            code="input.encrypted",
        )
    if len(members) > MOST_MEMBERS:
        raise unusable(
            path,
            f"holds {len(members):,} files; at most {MOST_MEMBERS:,} are opened.",
            "Zip the one file that is needed.",
            code="input.too-large",
        )
    size, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    check_unpacked(path, size)
    if size > HARMLESS_BYTES and size > MOST_RATIO * max(packed, 1):
        raise unusable(
            path,
            f"would unpack {packed:,} bytes to {size:,}, as only a zip bomb does; "
            "nothing was unpacked.",
            "Unpack it yourself if you trust it, and hand in what is inside.",
            code="input.too-large",
        )


def _name(member: zipfile.ZipInfo) -> str:
    """Give the name of a member that is a file of its own; empty for folders, links and debris."""
    name = member.filename
    if not member.flag_bits & UTF8_NAME:
        # zipfile reads unmarked names as cp437; Windows in Chinese writes them as GBK.
        for encoding in ("utf-8", "gb18030"):
            try:
                name = name.encode("cp437").decode(encoding)
                break
            except UnicodeError:
                continue
    name = name.replace("\\", "/")
    linked = stat.S_ISLNK(member.external_attr >> 16)
    hidden = _last(name).startswith(".") or name.startswith("__MACOSX/")
    return "" if member.is_dir() or linked or hidden else name


def _last(name: str) -> str:
    return PurePosixPath(name).name


def _beside(name: str, chosen: str) -> bool:
    """Tell whether a member is the chosen one, or belongs to its Shapefile."""
    one, other = PurePosixPath(name), PurePosixPath(chosen)
    of_shapefile = other.suffix.lower() == ".shp" and one.parent == other.parent
    return name == chosen or (of_shapefile and one.stem == other.stem)


def _chosen(
    path: Path,
    members: Collection[str],
    inner: str,
    suffixes: Collection[str],
    prefer: Collection[str],
) -> str:
    readable = [m for m in members if PurePosixPath(m).suffix.lower() in suffixes]
    if inner:
        wanted = [m for m in readable if inner == m] or [m for m in readable if inner == _last(m)]
    else:
        liked = [m for m in readable if PurePosixPath(m).stem in prefer]
        wanted = readable if len(readable) == 1 else liked
    if len(wanted) == 1:
        return wanted[0]
    raise _no_choice(path, list(members), readable, inner)


def _no_choice(path: Path, members: list[str], readable: list[str], inner: str) -> InputError:
    if not readable:
        nested = any(name.lower().endswith(".zip") for name in members)
        return unusable(
            path,
            f"holds no file that can be read; found: {listed(members)}.",
            "Unpack the zip inside and hand that in." if nested else "Zip a file such as a .csv.",
            code="input.format",
        )
    found = f"no single {inner!r}" if inner else f"{len(readable)} files that can be read"
    return unusable(
        path,
        f"holds {found}; found: {listed(readable)}.",
        f"Name one of them: {path.name}/{readable[0]}.",
        code="input.layer",
    )
