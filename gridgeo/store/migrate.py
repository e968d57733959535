"""Bring a database to the tables of this version, or back to none."""

from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.schema import SchemaItem

from gridgeo.store import roles
from gridgeo.store.connection import OWNER, take_turns, transaction
from gridgeo.store.tables import PUBLISHED, WORKING


def migrate(store: Engine, target: Literal["head", "base"] = "head") -> None:
    """Migrate a database up to the newest tables, or down to none.

    Extensions and roles are made where they are missing. All happens in one transaction, and two
    programs that migrate at once wait for each other.

    Parameters
    ----------
    store : Engine
        Of ``engine(url)``. A login that may not create extensions or roles passes if an
        administrator made them.
    target : {"head", "base"}
        ``base`` drops every table and all that is in them.

    Raises
    ------
    StoreError
        Not reachable, or a right is missing; the hint holds the SQL for an administrator.
    """
    with transaction(store) as connection:
        take_turns(connection, "migrate")
        connection.execute(text("SET LOCAL ROLE NONE"))
        roles.bootstrap(connection)
        connection.execute(text(f"SET LOCAL ROLE {OWNER}"))
        for schema in (WORKING, PUBLISHED):
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        if target == "head":
            command.upgrade(_config(connection), target)
        else:
            command.downgrade(_config(connection), target)
    # Sessions opened before the owner's role existed still act as the login.
    store.dispose()


def revision(store: Engine) -> str | None:
    """Give the revision a database stands at, None before the first migration."""
    with transaction(store) as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": WORKING})
        return context.get_current_revision()


def newest() -> str | None:
    """Give the revision that this version of gridgeo needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def ours(
    item: SchemaItem, _name: str | None, kind: str, _reflected: bool, _other: SchemaItem | None
) -> bool:
    """Tell Alembic which tables are gridgeo's; a queue or a neighbour may live beside them."""
    return kind != "table" or getattr(item, "schema", None) in (WORKING, PUBLISHED)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    return config
