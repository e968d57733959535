"""Puts the parts together: from settings to a store that is up, migrated and ready to ask."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gridgeo.errors import StoreError
from gridgeo.scale import cluster as compute
from gridgeo.scale.assign import Workers
from gridgeo.settings import Settings
from gridgeo.store import binaries, doctor
from gridgeo.store.connection import engine
from gridgeo.store.doctor import Check
from gridgeo.store.local import LocalCluster
from gridgeo.store.migrate import migrate
from gridgeo.store.store import Store
from gridgeo.store.walls import walls

Progress = Callable[[float, str], None]


def cluster(settings: Settings) -> LocalCluster:
    """Give the private cluster of this checkout, running or not."""
    return LocalCluster(settings.home)


@contextmanager
def workers(address: str) -> Iterator[Workers]:
    """Give the workers of a Dask cluster while the block runs; see ``gridgeo.scale.cluster``."""
    with compute.cluster(address) as engine:
        yield Workers(engine)


def database(settings: Settings) -> str:
    """Name the city's database in the private cluster."""
    return f"gridgeo_{settings.city}"


def fetch_programs(settings: Settings, progress: Progress) -> None:
    """See that PostgreSQL with PostGIS is on this machine; nothing is started."""
    local = cluster(settings)
    binaries.ensure(local.packages, lambda said: progress(0.1, said), local.kept_major())


def open_store(settings: Settings, progress: Progress | None = None) -> Store:
    """Open the store with the rights of its owner; start and migrate it where needed.

    Parameters
    ----------
    settings : Settings
        With ``database_url`` that PostGIS is used and no private one is started.
    progress : callable, optional
        Told a share from 0 to 1 and a sentence.

    Returns
    -------
    Store
        Migrated to the newest tables.

    Raises
    ------
    StoreError
        No PostGIS can be had or reached, or a right is missing.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
    else:
        local = cluster(settings)
        local.up(progress)
        url = local.ensure_database(database(settings))
    opened = engine(url)
    migrate(opened)
    return Store(opened)


def examine(settings: Settings) -> list[Check]:
    """Look at the machine and the database; nothing is changed or started.

    Returns
    -------
    list of Check
        Each with what was found and the next step.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        api = engine(_api_url(settings), "api", pooled=False)
        return doctor.examine(None, engine(url, pooled=False), api)
    local = cluster(settings)
    name = database(settings)
    if name not in local.status().databases:
        return doctor.examine(local, None)
    owner = engine(local.url(name), pooled=False)
    return doctor.examine(local, owner, engine(_api_url(settings), "api", pooled=False))


@contextmanager
def opened(settings: Settings, progress: Progress | None = None) -> Iterator[Store]:
    """Open the store as ``open_store`` does, and give its connections back afterwards."""
    store = open_store(settings, progress)
    try:
        yield store
    finally:
        close(store)


@contextmanager
def reading(settings: Settings) -> Iterator[Store]:
    """Open the store as ``open_reader`` does, and give its connections back afterwards."""
    store = open_reader(settings)
    try:
        yield store
    finally:
        close(store)


def close(store: Store) -> None:
    """Give back the store's connections."""
    store.engine.dispose()


def unready(store: Store) -> list[str]:
    """Say why the service cannot answer: the database is away, or a wall of privacy is missing.

    Returns
    -------
    list of str
        Empty when all is well.
    """
    try:
        store.ping()
        return walls(store.engine)
    except StoreError as error:
        return [error.message]


def open_reader(settings: Settings) -> Store:
    """Open the store as the API does: it owns nothing and sees what was published.

    Raises
    ------
    StoreError
        The store is not up or was never migrated.
    """
    return Store(engine(_api_url(settings), "api"))


def _api_url(settings: Settings) -> str:
    if settings.database_url is None:
        return cluster(settings).url(database(settings), "api")
    return (settings.api_database_url or settings.database_url).get_secret_value()
