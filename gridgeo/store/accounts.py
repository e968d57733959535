"""Whose process the private server is, and whose folders it works in."""

import os
import pwd
import shlex
import stat
from pathlib import Path

from gridgeo.errors import StoreError
from gridgeo.store.processes import Account, run

SYSTEM_USER = "gridgeo"


def of_server(folder: Path) -> Account:
    """Give the unprivileged user that runs the server for root.

    Parameters
    ----------
    folder : Path
        The cluster's folder, which that user must be able to enter.

    Returns
    -------
    struct_passwd or None
        None for anybody but root: the server is then theirs.

    Raises
    ------
    StoreError
        The user is missing and cannot be made, or cannot enter ``folder``.
    """
    if os.geteuid() != 0:
        return None
    account = _system_user(folder.parent)
    if run(["test", "-x", folder], account=account).returncode:
        raise StoreError(
            f"The server's user {SYSTEM_USER!r} cannot enter {folder}.",
            hint="Set GRIDGEO_HOME to a folder below one that all may enter, such as /var/lib.",
            code="store.home",
        )
    return account


def own(folder: Path, account: Account) -> None:
    """See that a folder exists, is no link, and is the server's user's alone.

    Parameters
    ----------
    folder : Path
        Its parent exists.
    account : struct_passwd or None

    Raises
    ------
    StoreError
        Somebody else's folder, a link, or one that others may enter.
    """
    owner = os.geteuid() if account is None else account.pw_uid
    if not folder.is_symlink():
        folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if account is not None and found.st_uid == 0 and stat.S_ISDIR(found.st_mode):
        os.chown(folder, account.pw_uid, account.pw_gid)
        found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise StoreError(
            f"{folder} is not the private folder of the server's user.",
            hint="Remove it and run `gridgeo up` again.",
            code="store.home",
        )


def _system_user(home: Path) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        order = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", str(home)]
        order += ["--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        # Another program may be making it at the same time: what counts is that it is there.
        run(order)
        return pwd.getpwnam(SYSTEM_USER)
    except (KeyError, FileNotFoundError) as error:
        raise StoreError(
            "PostgreSQL refuses to run as root, and no user could be made for it.",
            hint=f"Run `{shlex.join(order)}`, or start gridgeo as an ordinary user.",
            code="store.user",
        ) from error
