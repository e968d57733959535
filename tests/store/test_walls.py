import pytest
from sqlalchemy import text

from gridgeo.errors import StoreError
from gridgeo.model.frames import HOUSEHOLDS, INCIDENTS, VISITS
from gridgeo.store.connection import engine, transaction
from gridgeo.store.store import Store
from gridgeo.store.tables import metadata
from gridgeo.store.walls import walls
from tests.store.frames import feed, households, part

pytestmark = pytest.mark.db


def execute(admin_engine, order):
    with transaction(admin_engine) as connection:
        connection.execute(text(order))


def test_the_walls_stand_after_migration(owner_engine, api_engine):
    assert walls(owner_engine) == []
    assert walls(api_engine) == []


@pytest.mark.parametrize("contract", [HOUSEHOLDS, INCIDENTS, VISITS], ids=lambda c: c.name)
def test_the_api_cannot_read_residents(api_engine, contract):
    with pytest.raises(StoreError, match="permission denied") as caught:
        Store(api_engine).frame(contract)
    assert caught.value.code == "store.refused"


@pytest.mark.parametrize("table", [t.fullname for t in metadata.sorted_tables])
def test_the_api_can_change_no_table(api_engine, table):
    with pytest.raises(StoreError, match="permission denied"):
        execute(api_engine, f"DELETE FROM {table}")


def test_row_security_holds_even_where_a_grant_slips_through(store, admin_engine, api_engine):
    store.take_in(HOUSEHOLDS, part(households()), feed())
    execute(admin_engine, "GRANT USAGE ON SCHEMA gridgeo TO gridgeo_api")
    execute(admin_engine, "GRANT SELECT ON gridgeo.households TO gridgeo_api")
    assert len(Store(api_engine).frame(HOUSEHOLDS)) == 0
    assert len(store.frame(HOUSEHOLDS)) == 3


def test_the_scope_ends_with_the_transaction(api_engine):
    asked = text("SELECT current_setting('gridgeo.scope', true)")
    with transaction(api_engine, "internal") as connection:
        assert connection.scalar(asked) == "internal"
    with transaction(api_engine) as connection:
        assert not connection.scalar(asked)


def test_the_api_plans_small_queries_without_jit_or_helpers(api_engine):
    with transaction(api_engine) as connection:
        settings = {
            name: connection.scalar(text(f"SHOW {name}"))
            for name in ("jit", "max_parallel_workers_per_gather", "statement_timeout")
        }
    assert settings == {
        "jit": "off",
        "max_parallel_workers_per_gather": "0",
        "statement_timeout": "10s",
    }


@pytest.mark.parametrize(
    ("breach", "said"),
    [
        ("ALTER TABLE gridgeo.visits DISABLE ROW LEVEL SECURITY", "visits has no row security"),
        ("ALTER TABLE gridgeo.workers NO FORCE ROW LEVEL SECURITY", r"workers .* \(FORCE\)"),
        ("GRANT USAGE ON SCHEMA gridgeo TO gridgeo_api", "may enter or fill schema gridgeo"),
        ("GRANT CREATE ON SCHEMA published TO gridgeo_api", "may enter or fill schema published"),
        ("GRANT SELECT ON gridgeo.households TO gridgeo_api", "read or change gridgeo.households"),
        ("GRANT SELECT (kind) ON gridgeo.units TO PUBLIC", "read or change gridgeo.units"),
        ("GRANT INSERT ON published.layers TO gridgeo_api", "read or change published.layers"),
        ("CREATE POLICY p ON gridgeo.incidents USING (true)", "p lets more than the owner"),
        ("ALTER TABLE published.layers OWNER TO gridgeo_api", "owns table published.layers"),
        ("CREATE TABLE gridgeo.extra ()", "extra has no row security"),
    ],
)
def test_each_hole_is_named(owner_engine, admin_engine, breach, said):
    breach = breach.replace("(kind)", "(households)")
    execute(admin_engine, breach)
    holes = walls(owner_engine)
    assert holes
    with pytest.raises(AssertionError, match=said):
        raise AssertionError("; ".join(holes))


@pytest.mark.parametrize(
    ("breach", "mend", "said"),
    [
        (
            "ALTER ROLE gridgeo_api SUPERUSER",
            "ALTER ROLE gridgeo_api NOSUPERUSER",
            "gridgeo_api may do everything",
        ),
        (
            "ALTER ROLE gridgeo_api BYPASSRLS",
            "ALTER ROLE gridgeo_api NOBYPASSRLS",
            "gridgeo_api may pass row security",
        ),
        (
            "GRANT gridgeo_owner TO gridgeo_api",
            "REVOKE gridgeo_owner FROM gridgeo_api",
            "gridgeo_api is a member of gridgeo_owner",
        ),
    ],
)
def test_a_mighty_api_role_is_named(owner_engine, admin_engine, breach, mend, said):
    execute(admin_engine, breach)
    try:
        assert any(hole.startswith(said) for hole in walls(owner_engine))
    finally:
        execute(admin_engine, mend)


def test_an_api_that_signs_in_as_somebody_mightier_is_named(cluster, database):
    masked = engine(cluster.url(database, "admin"), "api", pooled=False)
    with transaction(masked) as connection:
        assert connection.scalar(text("SELECT current_user")) == "gridgeo_api"
    assert walls(masked) == [
        "the API signs in as postgres, which could leave gridgeo_api and read everything"
    ]
