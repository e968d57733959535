import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from gridgeo.errors import StoreError
from gridgeo.model.frames import HOUSEHOLDS, LAYERS
from gridgeo.store.connection import engine, transaction
from gridgeo.store.migrate import migrate, newest, ours, revision
from gridgeo.store.store import Store
from gridgeo.store.tables import WORKING, layers, metadata
from tests.store.frames import feed, households, part

pytestmark = pytest.mark.db


@pytest.fixture
def bare(cluster, admin_engine):
    """A database of ours that was never migrated."""
    made = engine(cluster.ensure_database("gridgeo_bare"), pooled=False)
    yield made
    with admin_engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("DROP DATABASE gridgeo_bare WITH (FORCE)"))


def test_the_migrated_database_is_what_the_tables_say(owner_engine):
    options = {
        "target_metadata": metadata,
        "include_schemas": True,
        "include_object": ours,
        "version_table_schema": WORKING,
        "compare_server_default": True,
    }
    with transaction(owner_engine) as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_constraints_and_indexes_are_what_the_tables_say(owner_engine, bare):
    # Alembic compares no check and no exclusion: hence the definitions, word by word.
    def definitions(connection):
        constraints = text(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace::regnamespace::text = ANY(:schemas)"
        )
        indexes = text(
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = ANY(:schemas)"
        )
        schemas = {"schemas": ["gridgeo", "published"]}
        found = [*connection.execute(constraints, schemas), *connection.execute(indexes, schemas)]
        return {tuple(row) for row in found if "alembic_version" not in row[0]}

    with transaction(bare) as connection:
        connection.execute(text("CREATE SCHEMA gridgeo"))
        connection.execute(text("CREATE SCHEMA published"))
        metadata.create_all(connection)
        said = definitions(connection)
    with transaction(owner_engine) as connection:
        assert definitions(connection) == said


def test_every_layer_has_a_table_with_the_columns_of_its_contract():
    for name, contract in LAYERS.items():
        columns = layers[name].c
        assert contract.key in columns
        assert {column.name for column in contract.columns} <= set(columns.keys())
        assert all(columns[c.name].nullable != c.required for c in contract.columns)
        assert ("geometry" in columns) == bool(contract.geometry)


def test_down_leaves_no_table_and_up_again_works(store):
    store.take_in(HOUSEHOLDS, part(households()), feed())
    migrate(store.engine, "base")
    left = inspect(store.engine)
    assert left.get_table_names(schema="gridgeo") == ["alembic_version"]
    assert left.get_table_names(schema="published") == []
    assert revision(store.engine) is None
    migrate(store.engine)
    assert revision(store.engine) == newest()
    assert len(store.frame(HOUSEHOLDS)) == 0


def test_migrating_twice_changes_nothing(store):
    store.take_in(HOUSEHOLDS, part(households()), feed())
    migrate(store.engine)
    assert len(store.frame(HOUSEHOLDS)) == 3


def test_two_programs_may_migrate_at_once(bare):
    failed = []

    def attempt():
        try:
            migrate(bare)
        except Exception as error:
            failed.append(error)

    both = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert failed == []
    assert revision(bare) == newest()


def test_an_unmigrated_database_is_told_apart_with_the_next_step(bare):
    assert revision(bare) is None
    with pytest.raises(StoreError, match="Run `gridgeo migrate`") as caught:
        Store(bare).frame(HOUSEHOLDS)
    assert caught.value.code == "store.not-migrated"
