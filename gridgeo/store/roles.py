"""Who may do what: the extensions, the owner of the tables, and the API that owns nothing."""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gridgeo.errors import StoreError
from gridgeo.store.connection import API, API_SETTINGS, OWNER

EXTENSIONS = ("postgis", "btree_gist")

_NO_POWERS = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"


def bootstrap(connection: Connection) -> None:
    """See that extensions and roles are there, as far as the login's rights reach.

    Parameters
    ----------
    connection : Connection
        To the city's database. Nothing is asked for that exists already, so a login without
        special rights passes where an administrator prepared the database.

    Raises
    ------
    StoreError
        Something is missing and the login may not make it; the hint holds the SQL that an
        administrator runs.
    """
    ensure_extensions(connection)
    ensure_roles(connection)
    _may_create(connection)


def ensure_extensions(connection: Connection) -> None:
    """Create the extensions that are missing."""
    present = set(connection.scalars(text("SELECT extname FROM pg_extension")))
    missing = [name for name in EXTENSIONS if name not in present]
    _administer(connection, [f"CREATE EXTENSION IF NOT EXISTS {name}" for name in missing])


def ensure_roles(connection: Connection) -> None:
    """Create both roles where they are missing, and let the login take them on."""
    known = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
    if OWNER not in known:
        _administer(connection, [_create_role(f"{OWNER} LOGIN {_NO_POWERS}")])
    if API not in known:
        settings = [f"ALTER ROLE {API} SET {k} = '{v}'" for k, v in API_SETTINGS.items()]
        _administer(connection, [_create_role(f"{API} LOGIN {_NO_POWERS} NOINHERIT"), *settings])
    mine = text("SELECT session_user, pg_has_role(session_user, :role, 'MEMBER')")
    for role in (OWNER, API):
        login, member = connection.execute(mine, {"role": role}).one()
        # The owner never becomes the API nor the other way round: walls() would call it a hole.
        if not member and login not in (OWNER, API):
            _administer(connection, [f'GRANT {role} TO "{login}"'])


def close_database(connection: Connection, name: str) -> None:
    """Shut a database of our own to every role but ours."""
    connection.execute(text(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC'))
    connection.execute(text(f'GRANT CONNECT ON DATABASE "{name}" TO {API}'))
    connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))


def _may_create(connection: Connection) -> None:
    asked = text("SELECT has_database_privilege(:owner, current_database(), :right)")
    rights = ("CREATE", "TEMPORARY")
    if not all(connection.scalar(asked, {"owner": OWNER, "right": right}) for right in rights):
        name = connection.scalar(text("SELECT quote_ident(current_database())"))
        _administer(connection, [f"GRANT CREATE, TEMPORARY ON DATABASE {name} TO {OWNER}"])


def _create_role(definition: str) -> str:
    # Roles belong to the whole server: another database may be making the same one right now.
    return (
        f"DO $$ BEGIN CREATE ROLE {definition};"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


def _administer(connection: Connection, orders: list[str]) -> None:
    try:
        for order in orders:
            connection.execute(text(order))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":
            raise
        raise StoreError(
            "The database lacks what only an administrator may make.",
            hint=f"Let one run, in this database: {'; '.join(orders)};",
            code="store.rights",
        ) from error
