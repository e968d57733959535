"""The sample town, taken in and published once for all tests that only look at it."""

import datetime as dt

import pytest

from gridgeo import wiring
from gridgeo.services.demo import DAY, SOURCE, fill
from gridgeo.services.publication import publish_all
from gridgeo.settings import Settings

NOW = dt.datetime(2026, 7, 1, 8, tzinfo=dt.UTC)


def quiet(share, text):
    """A progress that says nothing."""


@pytest.fixture(scope="session")
def town_settings(cluster, postgis_home):
    """Settings of a city whose store holds the published sample town."""
    return Settings(home=postgis_home, city="town", database_url=None)


@pytest.fixture(scope="session")
def town_store(town_settings, samples):
    """The store of the sample town: taken in and published. Look, do not write."""
    store = wiring.open_store(town_settings)
    fill(store, samples / "town", now=NOW, who="tests", told=quiet)
    publish_all(store, DAY, now=NOW, source=SOURCE, told=quiet)
    yield store
    store.engine.dispose()
