"""What an import replaces is kept, exactly, and cannot be rewritten."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from shapely import Point
from sqlalchemy import text

from gridgeo.errors import StoreError
from gridgeo.model.frames import GRIDS, HOUSEHOLDS, VISITS
from gridgeo.store.connection import transaction
from tests.store.frames import feed, grids, households, part, visits

pytestmark = pytest.mark.db

FEED_COLUMNS = ["feed_id", "replaced_by_feed", "replaced_at"]


def test_a_row_that_changes_leaves_what_stood_exactly(store):
    before = households(2)
    # Digits that GeoJSON would round away.
    before.loc["h000000", "geometry"] = Point(np.nextafter(120.1, 121), np.nextafter(32.1, 33))
    first = store.take_in(HOUSEHOLDS, part(before), feed("one"))
    stood = store.frame(HOUSEHOLDS).loc[["h000000"]]
    at = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    second = store.take_in(HOUSEHOLDS, part(households(2)), feed("two", imported_at=at))
    assert second.updated == 1
    found = store.history(HOUSEHOLDS, "h000000")
    assert_geodataframe_equal(found.drop(columns=FEED_COLUMNS), stood)
    assert found["feed_id"].tolist() == [first.feed_id]
    assert found["replaced_by_feed"].tolist() == [second.feed_id]
    assert found["replaced_at"].tolist() == [pd.Timestamp(at)]
    assert len(store.history(HOUSEHOLDS, "h000001")) == 0


def test_every_state_of_a_row_is_kept_in_order(store):
    for n, band in enumerate(("1", "2", "3-4", "5+")):
        store.take_in(HOUSEHOLDS, part(households(1, band)), feed(str(n)))
    found = store.history(HOUSEHOLDS, "h000000")
    assert found["size_band"].tolist() == ["1", "2", "3-4"]
    assert store.frame(HOUSEHOLDS)["size_band"].tolist() == ["5+"]


def test_what_changes_nothing_leaves_nothing(store):
    for name in ("one", "two", "one"):
        store.take_in(VISITS, part(visits()), feed(name))
    assert store.counts()["gridgeo.history"] == 0
    found = store.history(VISITS, "v0")
    assert len(found) == 0
    assert set(FEED_COLUMNS) < set(found.columns)


def test_moments_and_gaps_come_back_as_they_stood(store):
    store.take_in(VISITS, part(visits()), feed("one"))
    store.take_in(VISITS, part(visits().assign(worker_id="w2", outcome="met")), feed("two"))
    (stood,) = store.history(VISITS, "v0").itertuples()
    assert stood.visited_at == visits()["visited_at"].iloc[0]
    assert stood.worker_id == "w1"
    assert pd.isna(stood.outcome)


def test_a_grid_ended_or_corrected_leaves_what_stood(store):
    old, new = dt.date(2025, 1, 1), dt.date(2026, 1, 1)
    store.take_in(GRIDS, part(grids()), feed("one", valid_from=old))
    store.take_in(GRIDS, part(grids("a", wide=2.0)), feed("two", valid_from=new))
    store.take_in(GRIDS, part(grids("b").assign(name="mended")), feed("three"))
    (ended,) = store.history(GRIDS, "a").itertuples()
    assert pd.isna(ended.valid_to)
    assert ended.geometry.equals(grids("a").geometry.iloc[0])
    (mended,) = store.history(GRIDS, "b").itertuples()
    assert mended.name == "grid b"


def test_an_import_that_fails_leaves_no_history(store):
    store.take_in(HOUSEHOLDS, part(households(1, "1")), feed("one"))

    def broken():
        yield from part(households(1, "2"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.take_in(HOUSEHOLDS, broken(), feed("two"))
    assert store.counts()["gridgeo.history"] == 0
    assert len(store.feeds()) == 1


@pytest.mark.parametrize(
    "order", ["UPDATE gridgeo.history SET key = ''", "DELETE FROM gridgeo.history"]
)
def test_history_cannot_be_rewritten(store, order):
    with pytest.raises(StoreError), transaction(store.engine) as connection:
        connection.execute(text(order))
