"""How the store is reached: engines, transactions with a scope, errors in the reader's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool

from gridgeo.errors import StoreError

Role = Literal["owner", "api", "admin"]
Scope = Literal["public", "internal"]

OWNER, API = "gridgeo_owner", "gridgeo_api"

# PostGIS function costs trigger parallel plans and JIT on tiny queries: 82–190 ms for a 2.5 ms
# tile. Set by ALTER ROLE too; here for an external server where the API takes its role on.
API_SETTINGS = {
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "statement_timeout": "10s",
}

# Disk full; and input or output that failed, as a limit on the size of a file is told.
_FULL = ("53100", "58030")

# The libpq drivers a DATABASE_URL may name; psycopg 3 speaks for all of them.
_POSTGRES = ("postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2")


def engine(url: str, role: Role = "owner", *, pooled: bool = True) -> Engine:
    """Prepare the connections to one database; nothing is opened yet.

    Parameters
    ----------
    url : str
        ``postgresql://…`` as in ``DATABASE_URL``, or what ``LocalCluster.url`` gives.
    role : {"owner", "api", "admin"}
        Whose rights every connection takes on. ``owner`` stays the login itself where the role
        does not exist yet, that is before the first migration; ``api`` never does; ``admin``
        always does.
    pooled : bool
        False opens and closes a connection each time, for one-off work.

    Returns
    -------
    Engine
        Sessions run in UTC. Parameters of statements, which may be residents' data, are kept
        out of every error.

    Raises
    ------
    StoreError
        ``url`` is no PostgreSQL address. The message does not repeat it: it may hold a password.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        address = None
    if address is None or address.drivername not in _POSTGRES:
        raise StoreError(
            "The database address cannot be read; a PostgreSQL address is needed.",
            hint="Write DATABASE_URL as postgresql://user:password@host:5432/database.",
            code="store.address",
        )
    settings = {"timezone": "UTC"} | (API_SETTINGS if role == "api" else {})
    pool: dict[str, Any] = {"poolclass": NullPool}
    if pooled:
        # Who waits longer than this for a connection is better told so.
        pool = {"pool_pre_ping": True, "pool_timeout": 3.0}
    made = create_engine(
        address.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        connect_args={
            "connect_timeout": 10,
            "application_name": "gridgeo",
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        },
        **pool,
    )

    @event.listens_for(made, "connect")
    def _take_role(session: psycopg.Connection, _record: object) -> None:
        session.autocommit = True
        if role == "api":
            session.execute(f"SET ROLE {API}")
        elif role == "owner":
            session.execute(
                "SELECT set_config('role', rolname, false) FROM pg_roles"
                " WHERE rolname = %s AND pg_has_role(session_user, oid, 'MEMBER')",
                [OWNER],
            )
        session.autocommit = False

    return made


@contextmanager
def transaction(store: Engine, scope: Scope | None = None) -> Iterator[Connection]:
    """Open one transaction: all of it is kept, or nothing.

    Parameters
    ----------
    store : Engine
    scope : {"public", "internal"}, optional
        Who is asking, for row security. It lives as long as the transaction, so a pooled
        connection never keeps one.

    Yields
    ------
    Connection

    Raises
    ------
    StoreError
        The database is not reachable, not migrated, or refuses.
    """
    with in_our_words(store), store.begin() as connection:
        if scope is not None:
            connection.execute(
                text("SELECT set_config('gridgeo.scope', :scope, true)"), {"scope": scope}
            )
        yield connection


def take_turns(connection: Connection, what: str) -> None:
    """Wait until no other transaction does ``what``; the turn ends with the transaction.

    Parameters
    ----------
    connection : Connection
    what : str
        Such as "take in households"; whoever says the same waits, nobody else does.
    """
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
    connection.execute(lock, {"what": f"gridgeo: {what}"})


@contextmanager
def in_our_words(store: Engine) -> Iterator[None]:
    """Turn what the driver raises into a ``StoreError`` that says the next step."""
    try:
        yield
    except DBAPIError as error:
        raise _said(cast("psycopg.Error", error.orig), store) from error
    except psycopg.Error as error:  # from COPY, which SQLAlchemy does not see
        raise _said(error, store) from error
    except PoolTimeoutError as error:
        raise StoreError(
            f"All connections to the database {store.url.database!r} are busy.",
            hint="Try again in a moment.",
            code="store.busy",
        ) from error


def _said(error: psycopg.Error, store: Engine) -> StoreError:
    state = error.sqlstate or ""
    place = f"database {store.url.database!r}"
    # Not str(error): its DETAIL line repeats values of rows.
    diagnosis = error.diag.message_primary or type(error).__name__
    if state in ("42P01", "3F000"):
        return StoreError(
            f"The {place} lacks gridgeo's tables ({diagnosis}).",
            hint="Run `gridgeo migrate`.",
            code="store.not-migrated",
        )
    if state == "42501":
        return StoreError(
            f"The {place} refuses: {diagnosis}.",
            hint="Run `gridgeo doctor`; it names the right that is missing.",
            code="store.refused",
        )
    if state == "57014":
        return StoreError(
            f"The {place} gave up: {diagnosis}.",
            hint="Ask for fewer rows or a smaller area.",
            code="store.timeout",
        )
    if state in _FULL:
        return StoreError(
            f"The disk of the {place} is full or cannot be written ({diagnosis}); "
            "nothing was kept.",
            hint="Make room where the database lies, then do it again.",
            code="store.full",
        )
    if state == "53300":
        return StoreError(
            f"The {place} takes no more connections ({diagnosis}).",
            hint="Try again in a moment, or end programs that hold connections.",
            code="store.busy",
        )
    if state[:2] == "53":
        return StoreError(
            f"The server of the {place} has no memory or room left ({diagnosis}); "
            "nothing was kept.",
            hint="End other programs on its machine, then do it again.",
            code="store.exhausted",
        )
    lost = isinstance(error, psycopg.OperationalError) and not state
    if lost or state[:2] in ("08", "28", "3D", "57"):
        return StoreError(
            f"The {place} cannot be reached{_why(error)}.",
            hint="Start the private one with `gridgeo up`, or look at DATABASE_URL.",
            code="store.unreachable",
        )
    return StoreError(
        f"The {place} refused a statement: {diagnosis}.",
        hint="Run `gridgeo doctor`, and report this if all is well there.",
        code="store.statement",
    )


def _why(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    reason = lines[0].rsplit("failed: ", 1)[-1].removeprefix("FATAL:").strip() if lines else ""
    return f" ({reason})" if reason else ""
