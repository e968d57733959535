"""The embedded PostGIS: a private cluster that needs no administrator.

One per checkout, outside of it, on a unix socket that only its own user (and root) can reach.
Programs may come and go, be killed or start it twice at once: the server stays as it is until
``down``. No other cluster of the machine is ever touched.
"""

import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs
from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import OperationalError

from gridgeo.errors import ParameterError, StoreError
from gridgeo.store import accounts, binaries, processes, roles
from gridgeo.store.connection import API, OWNER, Role, engine, in_our_words
from gridgeo.store.server import PORT, SUPERUSER, Server

Progress = Callable[[float, str], None]

_LOGINS: dict[Role, str] = {"owner": OWNER, "api": API, "admin": SUPERUSER}
_LONGEST_SOCKET = 100  # bytes; the system refuses from 108 (Linux) or 104 (macOS) on


@dataclass(frozen=True)
class ClusterStatus:
    """What ``gridgeo status`` tells about the private cluster.

    Parameters
    ----------
    state : {"absent", "stopped", "running"}
        Absent: nothing was ever started here.
    home, data, socket : Path
        Its folder, the data inside, the folder of its unix socket.
    pid : int or None
        Process id of the server; None unless it runs.
    version : str
        As in "15.18"; empty unless it runs.
    databases : tuple of str
        Our databases; empty unless it runs.
    size_mb : float
        Disk space of the data.
    """

    state: Literal["absent", "stopped", "running"]
    home: Path
    data: Path
    socket: Path
    pid: int | None = None
    version: str = ""
    databases: tuple[str, ...] = ()
    size_mb: float = 0.0


def default_home() -> Path:
    """Give the folder of private clusters when ``GRIDGEO_HOME`` is not set."""
    if os.geteuid() == 0:
        return Path("/var/lib/gridgeo")
    return Path(platformdirs.user_data_dir("gridgeo"))


class LocalCluster:
    """The private PostGIS of one checkout.

    Parameters
    ----------
    home : Path, optional
        Folder of private clusters, ``GRIDGEO_HOME``; ``default_home()`` if not given.
    checkout : Path, optional
        Whose cluster it is; the folder that holds the package if not given.

    Raises
    ------
    StoreError
        ``home`` lies inside the checkout.
    """

    def __init__(self, home: Path | None = None, checkout: Path | None = None) -> None:
        checkout = (checkout or Path(__file__).parents[2]).resolve()
        self.home = (home or default_home()).expanduser().resolve()
        if self.home.is_relative_to(checkout):
            raise StoreError(
                f"GRIDGEO_HOME is {self.home}, inside the checkout; data must lie outside of it.",
                hint="Unset GRIDGEO_HOME, or name another folder.",
                code="store.home",
            )
        mark = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:8]
        self.folder = self.home / f"{checkout.name}-{mark}"
        self.packages = self.home / "packages"
        self.data = self.folder / "data"
        self.log = self.folder / "log" / "server.log"
        self.socket = self.folder / "s"
        too_long = len(os.fsencode(self.socket / f".s.PGSQL.{PORT}")) > _LONGEST_SOCKET
        if too_long or "," in str(self.socket):  # a comma would part two folders, or two hosts
            mark = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
            # A predictable name in /tmp is safe: accounts.own insists on its owner and mode.
            self.socket = Path(f"/tmp/gridgeo-{mark}")  # noqa: S108

    def up(self, progress: Progress | None = None) -> None:
        """See that the server runs; quick and without effect when it does.

        Parameters
        ----------
        progress : callable, optional
            Called with the share done (0 to 1) and what is being done.

        Raises
        ------
        StoreError
            No PostGIS on this machine and none to be had, a folder that the server's user
            cannot enter, or a server that does not start; the end of its log is quoted.
        """
        say: Progress = progress or (lambda _share, _said: None)
        with self._locked():
            # A server killed a moment ago may still look alive: then the first answer never comes.
            while processes.postmaster(self.data) is None or not self._answers(say):
                self._start(say)
        say(1.0, "the database is ready")

    def down(self) -> bool:
        """Stop the server; what was committed is kept.

        Returns
        -------
        bool
            False if it was not running.
        """
        if not self.data.exists():
            return False
        with self._locked():
            return processes.stop(self.data)

    def destroy(self) -> None:
        """Stop the server and delete all its data."""
        self.down()
        shutil.rmtree(self.socket, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str, role: Role = "owner") -> str:
        """Give the address of a database, for ``engine`` or any other client.

        Parameters
        ----------
        database : str
        role : {"owner", "api", "admin"}
            ``admin`` is the superuser: for making databases, never for the product's own work.

        Returns
        -------
        str
            It holds no password: the socket's folder is the key.
        """
        address = URL.create(
            "postgresql+psycopg",
            username=_LOGINS[role],
            database=database,
            query={"host": str(self.socket), "port": str(PORT)},
        )
        return address.render_as_string(hide_password=False)

    def ensure_database(self, name: str) -> str:
        """See that a city's database exists, with its extensions and roles.

        Parameters
        ----------
        name : str
            Lower-case letters, digits and underscores, such as ``gridgeo_demo``.

        Returns
        -------
        str
            The owner's address of it. Tables come with ``migrate``.

        Raises
        ------
        ParameterError
            A name that is none.
        StoreError
            The server does not run.
        """
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
            raise ParameterError(
                f"{name!r} cannot name a database; lower-case letters, digits and _ are needed.",
                hint="Call it gridgeo_ and the city's name.",
                fields=["name"],
            )
        with self._locked(), self._admin("postgres") as server:
            with server.connect() as connection:
                roles.ensure_roles(connection)
                known = text("SELECT 1 FROM pg_database WHERE datname = :name")
                if connection.scalar(known, {"name": name}) is None:
                    order = f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE template0'
                    connection.execute(text(order))
            with self._admin(name) as database, database.connect() as connection:
                roles.ensure_extensions(connection)
                roles.close_database(connection, name)
        return self.url(name)

    def status(self) -> ClusterStatus:
        """Tell how the cluster is."""
        pid = processes.postmaster(self.data)
        version, databases = "", ()
        if pid is not None:
            with self._admin("postgres") as server, server.connect() as connection:
                version = str(connection.scalar(text("SHOW server_version"))).split()[0]
                listed = text(
                    "SELECT datname FROM pg_database WHERE datname <> 'postgres'"
                    " AND NOT datistemplate ORDER BY datname"
                )
                databases = tuple(connection.scalars(listed))
        present = (self.data / "PG_VERSION").exists()
        return ClusterStatus(
            state="running" if pid else "stopped" if present else "absent",
            home=self.folder,
            data=self.data,
            socket=self.socket,
            pid=pid,
            version=version,
            databases=databases,
            size_mb=_size_mb(self.data),
        )

    def _start(self, say: Progress) -> None:
        kept = self.kept_major()
        say(0.05, "looking for PostgreSQL with PostGIS")
        programs = binaries.ensure(self.packages, lambda said: say(0.1, said), kept)
        account = accounts.of_server(self.folder)
        server = Server(programs, account, self.data, self.socket, self.log)
        if kept is None:
            say(0.6, "making the database folder")
            server.initialise()
        say(0.8, "starting the server")
        server.start()

    def _answers(self, say: Progress) -> bool:
        """Wait until the server answers; False if it died meanwhile.

        After a crash it first replays its log, which takes as long as there is to replay.
        """
        say(0.95, "waiting for the first answer")
        end = time.monotonic() + 120
        with self._admin("postgres") as server:
            while True:
                try:
                    with server.connect():
                        return True
                except OperationalError:
                    if processes.postmaster(self.data) is None:
                        return False
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.1)

    @contextmanager
    def _admin(self, database: str) -> Iterator[Engine]:
        made = engine(self.url(database, "admin"), "admin", pooled=False)
        with in_our_words(made):
            yield made.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one program at a time start, stop or extend the cluster.

        The lock belongs to the open file, so the system frees it when a program is killed.
        """
        self._make_folder()
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_folder(self) -> None:
        try:
            for folder in (self.home, self.folder):
                if not folder.exists():
                    folder.mkdir(parents=True, exist_ok=True)
                    # Root's server user must pass through; nobody else gets into what is below.
                    folder.chmod(0o755 if os.geteuid() == 0 else 0o700)
        except OSError as error:
            raise StoreError(
                f"The data folder {self.folder} cannot be made: {error.strerror}.",
                hint="Set GRIDGEO_HOME to a folder that you may write.",
                code="store.home",
            ) from error
        if not os.access(self.folder, os.W_OK):
            raise StoreError(
                f"The data folder {self.folder} belongs to somebody else.",
                hint="Set GRIDGEO_HOME to a folder of your own.",
                code="store.home",
            )

    def kept_major(self) -> int | None:
        """Give the PostgreSQL version that the data are bound to, None where there are none."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None


def _size_mb(folder: Path) -> float:
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except FileNotFoundError:  # the server removes files of its own as it goes
                continue
    return total / 1e6
