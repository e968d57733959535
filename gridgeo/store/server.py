"""Make and start the server of a private cluster."""

import os
import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gridgeo.errors import StoreError
from gridgeo.store import accounts, processes
from gridgeo.store.binaries import Binaries
from gridgeo.store.processes import Account

SUPERUSER = "postgres"
PORT = 5432  # part of the socket's file name only; nothing listens on the network

# Sorts by code point, as Python does; macOS has it under the name C only.
_LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"

# fsync stays on: a leader's map must survive a power cut. Statements are not logged with their
# values, because those may be residents' data.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "60",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True)
class Server:
    """One PostgreSQL, its data and who runs it.

    Parameters
    ----------
    programs : Binaries
    account : struct_passwd or None
        None runs it as whoever we are.
    data, socket, log : Path
        Folder of the data, folder of the socket, file of the log. Their parents exist.
    """

    programs: Binaries
    account: Account
    data: Path
    socket: Path
    log: Path

    def initialise(self) -> None:
        """Make the data folder beside its place and move it there when whole.

        What a killed attempt left is swept away; a program of it that still runs cannot write
        into ours, because every attempt has a folder of its own.

        Raises
        ------
        StoreError
            ``initdb`` failed; its reason is quoted.
        """
        for half in self.data.parent.glob("half-*"):
            shutil.rmtree(half, ignore_errors=True)
        half = Path(tempfile.mkdtemp(prefix="half-", dir=self.data.parent))
        accounts.own(half, self.account)
        # Trust, because the socket lies in a folder of mode 0700: who can reach it already is
        # the server's user or root and could read the data without asking the server.
        trust = ["--auth-local=trust", "--auth-host=reject", f"--username={SUPERUSER}"]
        text = ["--encoding=UTF8", f"--locale={_LOCALE}"]
        self._run("initdb", f"--pgdata={half}", *trust, *text, "--data-checksums")
        half.rename(self.data)

    def start(self) -> None:
        """Start the server and wait until it takes connections.

        It belongs to no terminal and no program: whoever started it may be killed.

        Raises
        ------
        StoreError
            It does not start; the end of its log is quoted.
        """
        for folder in (self.socket, self.log.parent):
            accounts.own(folder, self.account)
        processes.forget_dead(self.data, self.socket)
        settings = {**_SETTINGS, "unix_socket_directories": str(self.socket)}
        options = " ".join(f"-c {shlex.quote(f'{k}={v}')}" for k, v in settings.items())
        where = [f"--pgdata={self.data}", f"--log={self.log}", f"--options={options}"]
        self._run("pg_ctl", "start", "--silent", "--wait", "--timeout=120", *where)

    def _run(self, name: str, *order: str) -> None:
        answer = processes.run(
            [self.programs.folder / name, *order],
            account=self.account,
            folder=Path("/"),
            environment={"PATH": os.defpath, "LC_ALL": _LOCALE, **self.programs.environment},
        )
        if answer.returncode:
            said = (answer.stderr or answer.stdout).strip().splitlines() or ["no reason given"]
            raise StoreError(
                f"{name} failed for {self.data}: {said[-1]}{self._end_of_log()}",
                hint="Mend the cause and run `gridgeo up` again; nothing is half-made.",
                code="store.server",
            )

    def _end_of_log(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        return f" (log: {lines[-1]})" if lines else ""
