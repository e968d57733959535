"""Programs and the private server: run, found, stopped, cleared away after a crash."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Account = pwd.struct_passwd | None  # None: whoever we are


def run(
    command: Sequence[str | Path],
    *,
    account: Account = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, away from our terminal: Ctrl-C is ours to answer, not its.

    Parameters
    ----------
    command : sequence of str or Path
        Program and arguments; no shell reads them.
    account : struct_passwd or None
        Root may run it as somebody else.
    folder : Path, optional
        Its working directory.
    environment : mapping, optional
        Its whole environment; ours if not given.

    Returns
    -------
    CompletedProcess
        With ``returncode``, which the caller judges, and what it said.
    """
    other: dict[str, Any] = {}
    if account is not None:
        other = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return subprocess.run(  # noqa: S603  # programs of our own choosing, never a user's text
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        **other,
    )


def postmaster(data: Path) -> int | None:
    """Give the process id of the server of a data folder.

    Parameters
    ----------
    data : Path

    Returns
    -------
    int or None
        None when nothing runs, whatever ``postmaster.pid`` claims: after ``kill -9`` or a
        restart of the machine its number may belong to anybody, or to a zombie.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().split(maxsplit=1)[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if _serves(pid, data) else None


def forget_dead(data: Path, socket: Path) -> None:
    """Clear away what a killed server left behind, so that the next start is not refused.

    Its orphans first: a back end in a long query outlives the server and keeps the shared memory.
    The leftover lock files go only when no process provably is this server, for PostgreSQL takes
    any process of that number for one, a zombie included (in a container nobody buries it).

    Parameters
    ----------
    data, socket : Path
        Folder of the data, folder of the socket.
    """
    if postmaster(data) is not None:
        return
    for wait_s, order in ((0.0, signal.SIGTERM), (5.0, signal.SIGQUIT)):
        if not _gone(data, wait_s):
            for pid in _working_in(data):
                _send(pid, order)
    _gone(data, 5.0)
    for leftover in (data / "postmaster.pid", *socket.glob(".s.PGSQL.*")):
        leftover.unlink(missing_ok=True)


def stop(data: Path, patience_s: float = 60.0) -> bool:
    """Shut the server of a data folder down.

    Parameters
    ----------
    data : Path
    patience_s : float
        How long running statements may take to roll back before they are cut off; what was
        committed is kept either way.

    Returns
    -------
    bool
        False if none was running.
    """
    pid = postmaster(data)
    if pid is None:
        return False
    for order, wait_s in ((signal.SIGINT, patience_s), (signal.SIGQUIT, 10.0)):
        _send(pid, order)
        end = time.monotonic() + wait_s
        while time.monotonic() < end:
            if not _serves(pid, data):
                return True
            time.sleep(0.02)
    return True


def _serves(pid: int, data: Path) -> bool:
    """Tell whether a process lives and is a PostgreSQL of this data folder."""
    if Path("/proc/self").exists():
        # The server's working directory is its data folder; a zombie has none.
        return _working_directory(pid) == data
    return str(data) in run(["/bin/ps", "-o", "command=", "-p", str(pid)]).stdout


def _working_directory(pid: int | str) -> Path | None:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def _working_in(data: Path) -> list[int]:
    """List the living processes of a data folder; empty where there is no /proc."""
    if not Path("/proc/self").exists():
        return []
    numbers = [entry for entry in os.listdir("/proc") if entry.isdigit()]
    return [int(pid) for pid in numbers if _working_directory(pid) == data]


def _gone(data: Path, wait_s: float) -> bool:
    end = time.monotonic() + wait_s
    while _working_in(data):
        if time.monotonic() >= end:
            return False
        time.sleep(0.05)
    return True


def _send(pid: int, order: signal.Signals) -> None:
    try:
        os.kill(pid, order)
    except ProcessLookupError:
        return
