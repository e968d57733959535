"""Where PostgreSQL with PostGIS lies on this machine, and how it gets there when it does not."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gridgeo.errors import StoreError
from gridgeo.store.processes import run

Say = Callable[[str], None]

_NEEDED = ("initdb", "pg_ctl", "postgres", "pg_config")
_EXTENSIONS = ("postgis", "btree_gist")
_INSTALLED = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat with the PostgreSQL project's packages
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
_DROP_IN = Path("/etc/postgresql-common/createcluster.d/gridgeo.conf")


class _RefusedError(Exception):
    """A program of the packaging system failed; the message is its last line."""


@dataclass(frozen=True)
class Binaries:
    """The programs of one PostgreSQL that has PostGIS.

    Parameters
    ----------
    folder : Path
        Holds ``initdb``, ``pg_ctl``, ``postgres``.
    version : str
        As in "15.18".
    environment : mapping of str to str
        What the programs need beside a plain environment: library path and PROJ data when
        the packages were only unpacked.
    """

    folder: Path
    version: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def major(self) -> int:
        """The number that a data folder is bound to."""
        return int(re.match(r"\d+", self.version)[0])  # type: ignore[index]  # found by pattern


def find(cache: Path, major: int | None = None) -> Binaries | None:
    """Find PostgreSQL with PostGIS on this machine.

    Parameters
    ----------
    cache : Path
        Where an earlier ``ensure`` may have unpacked packages.
    major : int, optional
        Only this version will do, because data of it exist.

    Returns
    -------
    Binaries or None
        From PATH first, then the places of the system's packages (newest first), then ``cache``.
    """
    for folder in _candidates(cache):
        found = _inspect(folder, unpacked=folder.is_relative_to(cache))
        if found is not None and major in (None, found.major):
            return found
    return None


def ensure(cache: Path, say: Say, major: int | None = None) -> Binaries:
    """Find PostgreSQL with PostGIS, or fetch it from the system's packages.

    Parameters
    ----------
    cache : Path
        Packages are unpacked here when we may not install them.
    say : callable
        Told what is being done.
    major : int, optional
        Only this version will do.

    Returns
    -------
    Binaries

    Raises
    ------
    StoreError
        None here and none to be had; the hint is the command that an administrator types.
    """
    found = find(cache, major)
    if found is not None:
        return found
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise _not_here(major)
    try:
        if os.geteuid() == 0:
            _install(say, major)
        else:
            _unpack(cache, say, major)
    except (_RefusedError, OSError) as error:
        raise _not_here(major, str(error)) from error
    found = find(cache, major)
    if found is None:
        raise _not_here(major)
    return found


def _candidates(cache: Path) -> Iterator[Path]:
    for entry in os.get_exec_path():
        if os.path.exists(os.path.join(entry, "initdb")):  # also where we may not look
            yield Path(entry)
    for pattern in (*_INSTALLED, str(cache / "postgis-*/usr/lib/postgresql/*/bin")):
        folders = Path("/").glob(pattern.lstrip("/"))
        yield from sorted(folders, key=lambda f: _numbers(str(f)), reverse=True)


def _numbers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text)]


def _inspect(folder: Path, *, unpacked: bool) -> Binaries | None:
    """Give the binaries in ``folder`` if all are there and PostGIS belongs to them."""
    if not all((folder / name).exists() for name in _NEEDED):
        return None
    environment = _unpacked_environment(folder.parents[4]) if unpacked else {}
    asked = run(
        [folder / "pg_config", "--version", "--sharedir"],
        environment={**os.environ, **environment},
    )
    told = asked.stdout.splitlines()
    if asked.returncode or len(told) < 2:
        return None
    extensions = Path(told[1], "extension")
    if not all((extensions / f"{name}.control").exists() for name in _EXTENSIONS):
        return None
    version = re.search(r"\d+(\.\d+)*", told[0])
    return Binaries(folder, version[0], environment) if version else None


def _unpacked_environment(root: Path) -> dict[str, str]:
    libraries = {file.parent for file in root.glob("usr/lib/*/**/*.so*")}
    libraries |= {file.parent for file in root.glob("lib/*/*.so*")}
    return {
        "LD_LIBRARY_PATH": os.pathsep.join(sorted(map(str, libraries))),
        "PROJ_DATA": str(root / "usr/share/proj"),
        "PROJ_LIB": str(root / "usr/share/proj"),
    }


def _install(say: Say, major: int | None) -> None:
    """Install the system's packages, which needs root."""
    quiet = ["-y", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    if _packaged(major) is None:
        say("refreshing the list of packages")
        _run(["apt-get", *quiet, "update"])
    chosen = _packaged(major)
    if chosen is None:
        raise _not_here(major)
    say(f"installing PostgreSQL {chosen} with PostGIS")
    with _no_cluster_of_the_package():
        _run(["apt-get", *quiet, "--no-install-recommends", "install", *_packages(chosen)])


@contextmanager
def _no_cluster_of_the_package() -> Iterator[None]:
    """Keep Debian's package from making and starting a cluster of its own.

    The note is taken away afterwards, so that an administrator who installs another
    PostgreSQL later gets what they expect.
    """
    _DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    _DROP_IN.write_text("create_main_cluster = false\n")
    try:
        yield
    finally:
        _DROP_IN.unlink(missing_ok=True)


def _unpack(cache: Path, say: Say, major: int | None) -> None:
    """Download the packages and unpack them into ``cache``, which needs nobody's leave."""
    cache.mkdir(parents=True, exist_ok=True)
    # A folder of our own name first: two programs may unpack at once, and one may be killed.
    with tempfile.TemporaryDirectory(prefix="unpack-", dir=cache) as scratch:
        lists, archives, root = (Path(scratch, name) for name in ("lists", "archives", "root"))
        for folder in (lists / "partial", archives / "archives/partial", root):
            folder.mkdir(parents=True)
        ours = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={archives}"]
        say("reading the list of packages")
        _run(["apt-get", *ours, "-qq", "update"])
        chosen = _packaged(major, ours)
        if chosen is None:
            raise _not_here(major)
        say(f"downloading PostgreSQL {chosen} with PostGIS")
        # --reinstall: parts that the system has must lie beside the rest all the same.
        wanted = [*_packages(chosen), f"postgresql-client-{chosen}"]
        simulate = ["-s", "--no-install-recommends", "--reinstall", "install"]
        plan = _run(["apt-get", *ours, *simulate, *wanted])
        _run(["apt-get", *ours, "-qq", "download", *planned(plan)], folder=archives)
        for package in sorted(archives.glob("*.deb")):
            say(f"unpacking {package.name.split('_')[0]}")
            _run(["dpkg-deb", "-x", str(package), str(root)])
        _link_controls(root)
        kept = cache / f"postgis-{chosen}"
        shutil.rmtree(kept, ignore_errors=True)
        root.rename(kept)


def planned(plan: str) -> list[str]:
    r"""List what ``apt-get -s install`` would install, as ``name=version``.

    Examples
    --------
    >>> planned("Inst libgeos [3.0] (3.1 Debian:12 [amd64])\nConf libgeos (3.1)")
    ['libgeos=3.1']
    """
    found = re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", plan, re.MULTILINE)
    return [f"{name}={version}" for name, version in found]


def _link_controls(root: Path) -> None:
    """Give extensions their plain names, which only an installed package gets from its scripts."""
    for versioned in root.glob("usr/share/postgresql/*/extension/*-3.control"):
        plain = versioned.with_name(f"{versioned.stem.removesuffix('-3')}.control")
        plain.symlink_to(versioned.name)


def _packaged(major: int | None, options: list[str] | None = None) -> int | None:
    """Give the newest PostgreSQL that the system's packages bring with PostGIS."""
    names = _run(["apt-cache", *(options or []), "pkgnames", "postgresql-"])
    found = re.findall(r"^postgresql-(\d+)-postgis-3$", names, re.MULTILINE)
    return max((int(n) for n in found if major in (None, int(n))), default=None)


def _packages(major: int) -> list[str]:
    return [f"postgresql-{major}", f"postgresql-{major}-postgis-3"]


def _run(command: list[str], folder: Path | None = None) -> str:
    plain = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    answer = run(command, folder=folder, environment=plain)
    if answer.returncode:
        raise _RefusedError((answer.stderr.strip().splitlines() or ["no reason given"])[-1])
    return answer.stdout


def _not_here(major: int | None, reason: str = "") -> StoreError:
    number = str(major or "")
    if sys.platform == "darwin":
        command = f"brew install postgresql{'@' + number if number else ''} postgis"
    elif shutil.which("dnf"):
        command = "sudo dnf install postgresql-server postgresql-contrib postgis"
    else:
        package = f"postgresql-{number}-postgis-3" if number else "postgresql postgis"
        command = f"sudo apt-get update && sudo apt-get install -y {package}"
        if not number:
            command += " postgresql-postgis"
    found = f"no PostgreSQL {number}".rstrip() + " with PostGIS was found"
    because = f" and none could be fetched ({reason})" if reason else ""
    return StoreError(
        f"On this machine {found}{because}; gridgeo keeps its data in one.",
        hint=f"Run `{command}`, or set DATABASE_URL to a PostGIS that exists.",
        code="store.no-postgis",
    )
