"""The second wall: row security, and an API role that owns nothing and cannot pass it."""

from sqlalchemy import Connection, Engine, text

from gridgeo.store.connection import API, OWNER, transaction
from gridgeo.store.tables import PUBLISHED, WORKING

# Each asks for what must not be; every row it answers is a hole, said as a sentence.
_HOLES = (
    """
    SELECT n.nspname || '.' || c.relname || ' has no row security'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
    AND n.nspname IN (:working, :published) AND c.relname <> 'alembic_version'
    """,
    """
    SELECT n.nspname || '.' || c.relname || ' does not hold its owner to row security (FORCE)'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relforcerowsecurity
    AND n.nspname IN (:working, :published) AND c.relname <> 'alembic_version'
    """,
    """
    SELECT rolname || ' may ' || power FROM pg_roles, LATERAL (VALUES
        (rolsuper, 'do everything (SUPERUSER)'),
        (rolbypassrls, 'pass row security (BYPASSRLS)'),
        (rolcreaterole, 'make roles (CREATEROLE)'),
        (rolreplication, 'copy the whole server (REPLICATION)')
    ) AS powers (held, power)
    WHERE held AND rolname IN (:api, :owner)
    """,
    """
    SELECT :api || ' is a member of ' || other.rolname
    FROM pg_auth_members m JOIN pg_roles other ON other.oid = m.roleid
    WHERE m.member = CAST(:api AS regrole)
    """,
    """
    SELECT :api || ' owns ' || pg_describe_object(classid, objid, objsubid)
    FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid
    WHERE d.refobjid = CAST(:api AS regrole) AND d.deptype = 'o' AND b.datname = current_database()
    """,
    """
    SELECT :api || ' may enter or fill schema ' || nspname FROM pg_namespace
    WHERE (nspname = :working AND has_schema_privilege(:api, oid, 'USAGE'))
    OR (nspname IN (:working, :published) AND has_schema_privilege(:api, oid, 'CREATE'))
    """,
    """
    SELECT :api || ' may read or change ' || n.nspname || '.' || c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (
        n.nspname = :working AND (
            has_table_privilege(:api, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
            OR has_any_column_privilege(:api, c.oid, 'SELECT, INSERT, UPDATE'))
        OR n.nspname = :published
        AND has_table_privilege(:api, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
    """,
    """
    SELECT policyname || ' lets more than the owner into ' || schemaname || '.' || tablename
    FROM pg_policies WHERE schemaname = :working AND roles <> ARRAY[CAST(:owner AS name)]
    """,
)

_NAMES = {"api": API, "owner": OWNER, "working": WORKING, "published": PUBLISHED}


def walls(store: Engine) -> list[str]:
    """Look for holes in the second wall.

    Parameters
    ----------
    store : Engine
        As owner or as API; both can see what is needed.

    Returns
    -------
    list of str
        One sentence a hole; empty when the wall stands.

    Raises
    ------
    StoreError
        The database is not reachable.
    """
    with transaction(store) as connection:
        roles = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
        missing = [f"the role {role} does not exist" for role in (OWNER, API) if role not in roles]
        if missing:
            return missing
        found = [hole for query in _HOLES for hole in connection.scalars(text(query), _NAMES)]
        return found + _login_holes(connection)


def _login_holes(connection: Connection) -> list[str]:
    """Tell whether the session behind the API's role could turn into somebody mightier."""
    current, login, mighty = connection.execute(
        text(
            "SELECT current_user, session_user,"
            " (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user)"
            " OR pg_has_role(session_user, :owner, 'MEMBER')"
        ),
        {"owner": OWNER},
    ).one()
    if current == API and mighty:
        return [f"the API signs in as {login}, which could leave {API} and read everything"]
    return []
