"""What ``gridgeo doctor`` looks at: is all there, and do the walls stand."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, text

from gridgeo.errors import StoreError
from gridgeo.store import binaries
from gridgeo.store.connection import transaction
from gridgeo.store.local import LocalCluster
from gridgeo.store.migrate import newest, revision
from gridgeo.store.server import PORT
from gridgeo.store.walls import walls

_LEAST_FREE_MB = 500


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Parameters
    ----------
    name : str
    ok : bool
    said : str
        What was found.
    next_step : str
        Empty when all is well.
    """

    name: str
    ok: bool
    said: str
    next_step: str = ""


def examine(
    cluster: LocalCluster | None, owner: Engine | None, api: Engine | None = None
) -> list[Check]:
    """Look at everything the store stands on; nothing is changed or started.

    Parameters
    ----------
    cluster : LocalCluster or None
        None when ``DATABASE_URL`` names another server.
    owner, api : Engine or None
        The city's database as owner and as the API reaches it.

    Returns
    -------
    list of Check
        Every check, passed or not, from the ground up.
    """
    asked: list[tuple[str, Callable[[], Check]]] = []
    if cluster is not None:
        asked += [
            ("binaries", lambda: _binaries(cluster)),
            ("disk", lambda: _disk(cluster)),
            ("socket", lambda: _socket(cluster)),
            ("server", lambda: _server(cluster)),
        ]
    if owner is not None:
        asked += [
            ("postgis", lambda: _postgis(owner)),
            ("migrations", lambda: _migrations(owner)),
            ("walls", lambda: _walls("walls", owner)),
        ]
    if api is not None:
        asked.append(("api walls", lambda: _walls("api walls", api)))
    return [_safely(name, look) for name, look in asked]


def _safely(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except StoreError as error:
        return Check(name, False, error.message, error.hint)


def _binaries(cluster: LocalCluster) -> Check:
    found = binaries.find(cluster.packages, cluster.kept_major())
    if found is None:
        return Check("binaries", False, "no PostgreSQL with PostGIS found", "Run `gridgeo up`.")
    return Check("binaries", True, f"PostgreSQL {found.version} in {found.folder}")


def _disk(cluster: LocalCluster) -> Check:
    place = next(folder for folder in (cluster.folder, *cluster.folder.parents) if folder.exists())
    free_mb = shutil.disk_usage(place).free / 1e6
    said = f"{free_mb:,.0f} MB free at {place}"
    if free_mb < _LEAST_FREE_MB:
        return Check("disk", False, said, "Free some space, or set GRIDGEO_HOME elsewhere.")
    return Check("disk", True, said)


def _socket(cluster: LocalCluster) -> Check:
    length = len(os.fsencode(cluster.socket / f".s.PGSQL.{PORT}"))
    return Check("socket", True, f"{cluster.socket}, {length} bytes of at most 103")


def _server(cluster: LocalCluster) -> Check:
    status = cluster.status()
    if status.state != "running":
        return Check("server", False, f"the private server is {status.state}", "Run `gridgeo up`.")
    return Check("server", True, f"PostgreSQL {status.version} runs as process {status.pid}")


def _postgis(owner: Engine) -> Check:
    with transaction(owner) as connection:
        version = connection.scalar(
            text("SELECT extversion FROM pg_extension WHERE extname = 'postgis'")
        )
    if version is None:
        return Check("postgis", False, "the database has no PostGIS", "Run `gridgeo migrate`.")
    return Check("postgis", True, f"PostGIS {version}")


def _migrations(owner: Engine) -> Check:
    stands, needed = revision(owner), newest()
    if stands != needed:
        said = f"the tables are at {stands or 'nothing'}, {needed} is needed"
        return Check("migrations", False, said, "Run `gridgeo migrate`.")
    return Check("migrations", True, f"the tables are at {stands}")


def _walls(name: str, store: Engine) -> Check:
    holes = walls(store)
    if holes:
        step = "Close the holes as owner or administrator, then run `gridgeo doctor` again."
        return Check(name, False, "; ".join(holes), step)
    return Check(name, True, "row security stands, and the API's role cannot pass it")
