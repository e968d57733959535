import pytest
from sqlalchemy import text

from gridgeo.errors import StoreError
from gridgeo.store.connection import engine, transaction
from gridgeo.store.migrate import migrate, newest, revision
from gridgeo.store.store import Store

SECRET = "s3cret-word"


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", f"mysql://me:{SECRET}@host/db", f"postgresql+asyncpg://x:{SECRET}@h"],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(address):
    with pytest.raises(StoreError, match="PostgreSQL address") as caught:
        engine(address)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("prefix", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_common_spelling_of_the_address_is_understood(prefix):
    made = engine(f"{prefix}://me@host/city")
    assert made.url.drivername == "postgresql+psycopg"
    assert made.url.database == "city"


def test_an_unreachable_server_is_said_without_the_password():
    store = Store(engine(f"postgresql://me:{SECRET}@127.0.0.1:1/city", pooled=False))
    with pytest.raises(StoreError, match="'city' cannot be reached") as caught:
        store.ping()
    assert caught.value.code == "store.unreachable"
    assert SECRET not in str(caught.value)
    assert "gridgeo up" in caught.value.hint


@pytest.mark.db
def test_a_missing_database_is_said(cluster):
    store = Store(engine(cluster.url("gridgeo_nowhere"), pooled=False))
    with pytest.raises(StoreError, match="gridgeo_nowhere"):
        store.ping()


@pytest.mark.db
def test_an_error_never_repeats_values_of_rows(store):
    order = text("INSERT INTO gridgeo.workers VALUES ('w-secret', 'full-time', NULL)")
    with transaction(store.engine) as connection:
        connection.execute(order)
    with pytest.raises(StoreError) as caught, transaction(store.engine) as connection:
        connection.execute(order)
    assert "w-secret" not in str(caught.value)
    assert "duplicate key" in caught.value.message


@pytest.mark.db
def test_counts_names_every_table(store):
    counts = store.counts()
    assert counts["gridgeo.households"] == 0
    assert counts["published.layers"] == 0


@pytest.fixture
def elsewhere(cluster, admin_engine):
    """A database on a server that is not ours: made by somebody, owned by a plain login."""
    admin = admin_engine.execution_options(isolation_level="AUTOCOMMIT")
    orders = ["CREATE ROLE clerk LOGIN", "CREATE DATABASE elsewhere OWNER clerk TEMPLATE template0"]
    with admin.connect() as connection:
        for order in orders:
            connection.execute(text(order))
    yield cluster.url("elsewhere", "admin").replace("postgres@", "clerk@", 1)
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE elsewhere WITH (FORCE)"))
        connection.execute(text("DROP ROLE clerk"))


@pytest.mark.db
def test_a_login_without_rights_gets_the_sql_for_an_administrator(elsewhere):
    clerk = engine(elsewhere, pooled=False)
    with pytest.raises(StoreError, match="only an administrator") as caught:
        migrate(clerk)
    assert "CREATE EXTENSION IF NOT EXISTS postgis" in caught.value.hint


@pytest.mark.db
def test_what_an_administrator_prepared_is_enough_for_a_plain_login(cluster, elsewhere):
    admin = engine(cluster.url("elsewhere", "admin"), "admin", pooled=False)
    with admin.begin() as connection:
        for order in (
            "CREATE EXTENSION postgis",
            "CREATE EXTENSION btree_gist",
            "GRANT gridgeo_owner, gridgeo_api TO clerk",
        ):
            connection.execute(text(order))
    clerk = engine(elsewhere, pooled=False)
    migrate(clerk)
    assert revision(clerk) == newest()
    with transaction(clerk) as connection:
        owners = text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'gridgeo'")
        assert connection.scalars(owners).all() == ["gridgeo_owner"]
    assert Store(engine(elsewhere, "api", pooled=False)).published("load") is None
