"""A file comes in parts: together they are what it would be as a whole."""

import itertools

import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from sqlalchemy import text

from gridgeo.errors import ContractError, StoreError
from gridgeo.model.frames import GRIDS, HOUSEHOLDS, INCIDENTS, VISITS
from gridgeo.store import staging
from gridgeo.store.connection import transaction
from tests.store.frames import feed, grids, households, part, visits

pytestmark = pytest.mark.db


def refused(*rows):
    return pd.DataFrame(
        {
            "row": list(rows),
            "field": "size_band",
            "code": "not-a-choice",
            "reason_zh": "不在允许的取值中",
            "reason_en": "is not allowed",
            "content": [{"户": str(row)} for row in rows],
        }
    )


@pytest.mark.parametrize("cuts", [(0, 9), (0, 1, 9), (0, 3, 3, 6, 9)])
def test_parts_are_what_the_whole_would_be(store, cuts):
    whole = households(9)
    pieces = [whole.iloc[a:b] for a, b in itertools.pairwise(cuts)]
    parts = itertools.chain.from_iterable(
        part(piece, refused(100 + n, 100 + n, 200 + n)) for n, piece in enumerate(pieces)
    )
    result = store.take_in(HOUSEHOLDS, parts, feed())
    n = len(pieces)
    assert (result.inserted, result.rejected) == (9, 2 * n)
    listed = store.feeds().loc[result.feed_id]
    assert (listed["rows_read"], listed["accepted"], listed["rejected"]) == (9 + 2 * n, 9, 2 * n)
    assert len(store.rejects(result.feed_id)) == 3 * n
    found = store.frame(HOUSEHOLDS)[["size_band", "lived_in", "geometry"]]
    assert_geodataframe_equal(found, whole)


def test_grids_may_come_in_parts(store):
    store.take_in(GRIDS, [*part(grids("a")), *part(grids("b"))], feed())
    assert store.frame(GRIDS).index.tolist() == ["a", "b"]


@pytest.mark.parametrize("stands", [False, True])
def test_a_key_in_two_parts_lets_nothing_in(store, stands):
    if stands:
        store.take_in(HOUSEHOLDS, part(households(1)), feed("before"))
    parts = [*part(households(2)), *part(households(2, start=1))]
    with pytest.raises(ContractError, match=r"household_id stands more than once \(h000001\)"):
        store.take_in(HOUSEHOLDS, parts, feed())
    assert len(store.frame(HOUSEHOLDS)) == stands
    assert len(store.feeds()) == stands


def test_what_goes_wrong_further_on_undoes_what_came_before(store):
    def broken():
        yield from part(households(2), refused(7))
        raise ValueError("the file ends in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        store.take_in(HOUSEHOLDS, broken(), feed())
    assert not any(n for name, n in store.counts().items() if name.startswith("gridgeo."))


def test_a_file_that_came_before_is_not_read_again(store):
    store.take_in(HOUSEHOLDS, part(households()), feed())

    def never():
        raise AssertionError
        yield

    assert store.take_in(HOUSEHOLDS, never(), feed()).repeated


def test_the_register_tells_the_time_the_rows_tell_of(store):
    parts = [
        *part(visits()),
        *part(
            visits()
            .assign(visited_at=pd.Timestamp("2026-02-03", tz="UTC"))
            .set_axis(pd.Index(["x", "y"], name="visit_id"))
        ),
    ]
    store.take_in(VISITS, parts, feed("visits"))
    day = pd.Timestamp("2026-01-31", tz="UTC")
    store.take_in(
        HOUSEHOLDS,
        part(households()),
        feed("homes", data_as_of=day, purpose="上门服务", lawful_basis="协议"),
    )
    told = store.feeds().set_index("file_name")
    assert told.loc["visits", "data_from"] == visits()["visited_at"].min()
    assert told.loc["visits", "data_to"] == pd.Timestamp("2026-02-03", tz="UTC")
    assert told.loc["homes", "data_to"] == day
    assert pd.isna(told.loc["homes", "data_from"])
    assert told.loc["homes", ["purpose", "lawful_basis"]].tolist() == ["上门服务", "协议"]


def test_a_layer_without_rows_has_no_period(store):
    store.take_in(INCIDENTS, part(store.frame(INCIDENTS)), feed())
    assert store.feeds()[["data_from", "data_to"]].isna().all(axis=None)


def test_a_first_file_of_many_rows_leaves_the_indexes_as_they_were(store, monkeypatch):
    def indexes():
        with transaction(store.engine) as connection:
            chosen = text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'gridgeo' ORDER BY 1")
            return connection.scalars(chosen).all()

    before = indexes()
    monkeypatch.setattr(staging, "BULK", 2)
    assert store.take_in(HOUSEHOLDS, part(households(3)), feed("one")).inserted == 3
    assert store.take_in(HOUSEHOLDS, part(households(4)), feed("two")).inserted == 1
    assert indexes() == before


@pytest.mark.parametrize("order", ["DELETE FROM gridgeo.feeds", "TRUNCATE gridgeo.feeds CASCADE"])
def test_a_feed_cannot_be_taken_from_its_rows(store, order):
    store.take_in(HOUSEHOLDS, part(households(3)), feed())
    with pytest.raises(StoreError), transaction(store.engine) as connection:
        connection.execute(text(order))
