"""A real PostGIS for tests: a private cluster, and a fresh database for whoever asks."""

import itertools
import shutil
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import text

from gridgeo.store.connection import engine
from gridgeo.store.local import LocalCluster
from gridgeo.store.migrate import migrate
from gridgeo.store.store import Store

_TEMPLATE = "gridgeo_template"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgis_home():
    """A short folder that the server's user may enter; pytest's own are closed to it."""
    home = Path(tempfile.mkdtemp(prefix="gg-", dir="/tmp"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(postgis_home):
    """The private cluster of this test run; it holds one migrated template database."""
    made = LocalCluster(postgis_home)
    made.up()
    try:
        # Power cuts are not what is tested, and fsync is most of the time of a fresh database.
        with _server(made).connect() as connection:
            connection.execute(text("ALTER SYSTEM SET fsync = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        owner = engine(made.ensure_database(_TEMPLATE), pooled=False)
        migrate(owner)
        yield made
    finally:
        made.destroy()


def _server(cluster):
    made = engine(cluster.url("postgres", "admin"), "admin", pooled=False)
    return made.execution_options(isolation_level="AUTOCOMMIT")


@pytest.fixture
def database(cluster):
    """The name of a fresh migrated database, dropped afterwards."""
    name = f"gridgeo_test_{next(_numbers)}"
    server = engine(cluster.url("postgres", "admin"), "admin", pooled=False)
    server = server.execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} OWNER gridgeo_owner TEMPLATE {_TEMPLATE}"))
        # Rights on the database itself are not part of a template.
        connection.execute(text(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC"))
        connection.execute(text(f"GRANT CONNECT ON DATABASE {name} TO gridgeo_api"))
    yield name
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def owner_engine(cluster, database):
    """The fresh database as its owner."""
    made = engine(cluster.url(database, "owner"))
    yield made
    made.dispose()


@pytest.fixture
def admin_engine(cluster, database):
    """The fresh database as superuser, to break walls with."""
    made = engine(cluster.url(database, "admin"), "admin")
    yield made
    made.dispose()


@pytest.fixture
def api_engine(cluster, database):
    """The fresh database as the API sees it."""
    made = engine(cluster.url(database, "api"), "api")
    yield made
    made.dispose()


@pytest.fixture
def store(owner_engine):
    """A store with all tables and no rows."""
    return Store(owner_engine)
