import datetime as dt
import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, box

from gridgeo.errors import ContractError, InputError, ParameterError
from gridgeo.model.frames import (
    APPOINTMENTS,
    GRIDS,
    HOUSEHOLDS,
    INCIDENTS,
    LAYERS,
    STATIONS,
    UNITS,
    VISITS,
    WORKERS,
)
from tests.store.frames import feed, grids, households, part, visits

pytestmark = pytest.mark.db


def widths(frame):
    return (frame.bounds["maxx"] - frame.bounds["minx"]).tolist()


def test_what_was_taken_in_is_read_back_exactly(store):
    given = households()
    store.take_in(HOUSEHOLDS, part(given), feed())
    found = store.frame(HOUSEHOLDS)
    expected = given.reindex(
        columns=[
            "address_id",
            "size_band",
            "lived_in",
            "grid_code",
            "placed_by",
            "updated_on",
            "geometry",
        ]
    )
    expected = expected.astype(
        {
            "address_id": "str",
            "grid_code": "str",
            "placed_by": "str",
            "updated_on": "datetime64[us]",
        }
    )
    assert_geodataframe_equal(found, expected)
    assert found.crs == 4490


@pytest.mark.parametrize("contract", LAYERS.values(), ids=LAYERS)
def test_an_empty_layer_is_an_empty_frame_that_keeps_its_promise(store, contract):
    found = store.frame(contract)
    assert len(found) == 0
    assert found.index.name == contract.key
    assert contract.check(found) is found
    result = store.take_in(contract, part(found), feed())
    assert (result.inserted, result.updated, result.unchanged) == (0, 0, 0)


def test_dtypes_do_not_depend_on_the_rows(store):
    store.take_in(VISITS, part(visits()), feed())
    full = store.frame(VISITS)
    assert full.dtypes.equals(store.frame(VISITS, ids=[]).dtypes)
    assert str(full["visited_at"].dtype) == "datetime64[us, UTC]"
    assert full["visited_at"].iloc[0] == pd.Timestamp("2026-01-01 00:00", tz="UTC")
    assert str(full["outcome"].dtype) == "str"
    assert full["outcome"].isna().all()


def test_rows_come_in_the_order_of_their_key_by_code_point(store):
    keys = ["b", "a", "é", "Z", "10", "9", "户"]
    workers = pd.DataFrame(
        {"employment": "full-time"}, index=pd.Index(keys, name="worker_id", dtype="str")
    )
    store.take_in(WORKERS, part(workers), feed())
    assert store.frame(WORKERS).index.tolist() == sorted(keys)


def test_the_same_file_twice_changes_nothing(store):
    first = store.take_in(HOUSEHOLDS, part(households()), feed())
    second = store.take_in(HOUSEHOLDS, part(households()), feed())
    assert not first.repeated
    assert second.repeated
    assert second.feed_id == first.feed_id
    assert (second.inserted, second.updated, second.unchanged) == (0, 0, 3)
    assert len(store.feeds()) == 1


def test_an_earlier_file_handed_in_again_undoes_what_came_between(store):
    one, two = households(3), households(3, band="5+")
    store.take_in(HOUSEHOLDS, part(one), feed("one"))
    store.take_in(HOUSEHOLDS, part(two), feed("two"))
    again = store.take_in(HOUSEHOLDS, part(one), feed("one"))
    assert not again.repeated
    assert again.updated == 3
    assert store.frame(HOUSEHOLDS)["size_band"].tolist() == one["size_band"].tolist()
    assert len(store.feeds()) == 3


def test_an_earlier_file_that_still_holds_is_no_new_feed(store):
    store.take_in(HOUSEHOLDS, part(households(3)), feed("one"))
    elsewhere = households(2, start=10)
    store.take_in(HOUSEHOLDS, part(elsewhere), feed("two"))
    again = store.take_in(HOUSEHOLDS, part(households(3)), feed("one"))
    assert again.repeated
    assert len(store.feeds()) == 2


def test_the_same_file_read_otherwise_is_another_feed(store):
    store.take_in(HOUSEHOLDS, part(households()), feed())
    again = store.take_in(HOUSEHOLDS, part(households()), feed(params={"crs": 4326}))
    assert not again.repeated
    assert again.unchanged == 3


def test_new_rows_are_inserted_changed_ones_updated_and_the_others_left(store):
    store.take_in(HOUSEHOLDS, part(households(3)), feed("one"))
    second = households(4)
    second.loc["h000001", "size_band"] = "5+"
    second.loc["h000002", "geometry"] = Point(121, 32)
    result = store.take_in(HOUSEHOLDS, part(second), feed("two"))
    assert (result.inserted, result.updated, result.unchanged) == (1, 2, 1)
    assert_geodataframe_equal(
        store.frame(HOUSEHOLDS)[["size_band", "lived_in", "geometry"]], second
    )


def test_a_column_the_file_lacks_keeps_what_stands(store):
    store.take_in(HOUSEHOLDS, part(households()), feed("one"))
    less = households()[["geometry"]]
    result = store.take_in(HOUSEHOLDS, part(less), feed("two"))
    assert result.unchanged == 3
    assert store.frame(HOUSEHOLDS)["size_band"].tolist() == ["1", "1", "1"]


def test_an_emptied_value_empties_what_stands(store):
    store.take_in(HOUSEHOLDS, part(households()), feed("one"))
    emptied = households()
    emptied["size_band"] = pd.Series([None] * 3, index=emptied.index, dtype="str")
    assert store.take_in(HOUSEHOLDS, part(emptied), feed("two")).updated == 3
    assert store.frame(HOUSEHOLDS)["size_band"].isna().all()


def test_shapes_with_the_same_box_are_told_apart(store):
    def unit(shape):
        return gpd.GeoDataFrame(
            {"households": [1]}, geometry=[shape], index=pd.Index(["u"], name="unit_id"), crs=4490
        )

    whole = box(120, 32, 121, 33)
    holed = whole.difference(box(120.4, 32.4, 120.6, 32.6))
    store.take_in(UNITS, part(unit(whole)), feed("one"))
    assert store.take_in(UNITS, part(unit(holed)), feed("two")).updated == 1
    assert store.frame(UNITS).geometry.iloc[0].equals_exact(holed, 0)


def test_places_in_another_crs_come_to_rest_in_4490(store):
    given = households().to_crs(4549)
    store.take_in(HOUSEHOLDS, part(given), feed())
    found = store.frame(HOUSEHOLDS)
    assert found.crs == 4490
    assert np.allclose(
        shapely.get_coordinates(found.geometry), shapely.get_coordinates(households().geometry)
    )


def test_kinds_of_area_are_kept_and_heights_dropped(store):
    high = MultiPolygon([box(120, 32, 121, 33)])
    given = grids("a")
    given.geometry = [high]
    tall = gpd.GeoDataFrame(
        {"capacity": [np.nan]},
        geometry=[Point(120, 32, 7)],
        index=pd.Index(["s"], name="station_id"),
        crs=4490,
    )
    store.take_in(GRIDS, part(given), feed())
    store.take_in(STATIONS, part(tall), feed())
    assert store.frame(GRIDS).geom_type.tolist() == ["MultiPolygon"]
    assert store.frame(STATIONS).geometry.tolist() == [Point(120, 32)]
    assert store.frame(STATIONS)["capacity"].isna().all()


def test_a_box_or_keys_narrow_what_is_read(store):
    store.take_in(HOUSEHOLDS, part(households(5)), feed())
    by_box = store.frame(HOUSEHOLDS, bbox=(120.001, 31, 120.002, 32))
    assert by_box.index.tolist() == ["h000001", "h000002"]
    by_key = store.frame(HOUSEHOLDS, ids=["h000004", "h000000", "not there"])
    assert by_key.index.tolist() == ["h000000", "h000004"]
    with pytest.raises(ParameterError, match="west, south, east, north"):
        store.frame(HOUSEHOLDS, bbox=(121, 31, 120, 32))
    with pytest.raises(ParameterError, match="visits have no place"):
        store.frame(VISITS, bbox=(120, 31, 121, 32))


def test_a_broken_promise_is_refused_whole(store):
    broken = households()
    broken["size_band"] = "9"
    with pytest.raises(ContractError, match="size_band"):
        store.take_in(HOUSEHOLDS, part(broken), feed())
    assert len(store.feeds()) == 0


def test_a_time_without_zone_is_refused(store):
    naive = visits()
    naive["visited_at"] = naive["visited_at"].dt.tz_localize(None)
    with pytest.raises(ContractError, match="visited_at has no time zone"):
        store.take_in(VISITS, part(naive), feed())


def test_what_postgres_has_no_place_for_is_named(store):
    workers = pd.DataFrame(
        {"employment": "full-time"}, index=pd.Index(["a", "b\0"], name="worker_id")
    )
    with pytest.raises(ContractError, match=r"worker_id holds a NUL character in 1 rows"):
        store.take_in(WORKERS, part(workers), feed())
    unit = gpd.GeoDataFrame(
        {"households": [1e30]},
        geometry=[box(120, 32, 121, 33)],
        index=pd.Index(["u"], name="unit_id"),
        crs=4490,
    )
    with pytest.raises(ContractError, match=r"households holds a number beyond 64 bits .*'u'"):
        store.take_in(UNITS, part(unit), feed())
    assert len(store.feeds()) == 0


def test_refused_rows_are_kept_with_their_reasons(store):
    refused = pd.DataFrame(
        {
            "row": [3, 3, 7],
            "field": ["size_band", "geometry", "household_id"],
            "code": ["not-a-choice", "geometry-missing", "missing"],
            "reason_zh": ["不在允许的取值中", "没有位置", "不能为空"],
            "reason_en": ["is not allowed", "has no geometry", "must not be empty"],
            "content": [{"户": "9", "n": float("nan")}, None, {"x": "a\0b"}],
        }
    )
    result = store.take_in(HOUSEHOLDS, part(households(), refused), feed())
    assert result.rejected == 2
    found = store.rejects(result.feed_id)
    assert found.drop(columns="content").equals(refused.drop(columns="content"))
    assert found["content"].tolist() == [{"户": "9", "n": None}, None, {"x": "a�b"}]
    listed = store.feeds().loc[result.feed_id]
    assert (listed["rows_read"], listed["accepted"], listed["rejected"]) == (5, 3, 2)


def test_the_register_tells_who_brought_which_file_when(store):
    given = feed(department="民政", params={"crs": 4326})
    store.take_in(HOUSEHOLDS, part(households()), given)
    listed = store.feeds().iloc[0]
    assert listed["file_name"] == "a.geojson"
    assert listed["department"] == "民政"
    assert listed["imported_by"] == "clerk"
    assert listed["imported_at"] == pd.Timestamp("2026-03-01 08:00", tz="UTC")
    assert listed["params"] == {"crs": 4326, "valid_from": None}


def test_moments_are_kept_to_the_microsecond(store):
    moment = pd.Timestamp("2026-01-31 08:30:00.123456", tz="UTC")
    given = gpd.GeoDataFrame(
        {"class_code": ["01"], "reported_at": [moment], "closed_at": [pd.NaT]},
        geometry=[Point(120, 32)],
        index=pd.Index(["i"], name="incident_id"),
        crs=4490,
    )
    given["closed_at"] = given["closed_at"].dt.tz_localize("UTC")
    store.take_in(INCIDENTS, part(given), feed())
    found = store.frame(INCIDENTS)
    assert found["reported_at"].iloc[0] == moment
    assert found["closed_at"].isna().all()


def test_a_grid_that_changes_begins_a_new_version_and_the_old_one_ends_that_day(store):
    old, new = dt.date(2025, 1, 1), dt.date(2026, 1, 1)
    store.take_in(GRIDS, part(grids()), feed("one", valid_from=old))
    wider = grids(wide=2.0)
    wider.loc["b", "geometry"] = grids().loc["b", "geometry"]
    result = store.take_in(GRIDS, part(wider), feed("two", valid_from=new))
    assert (result.inserted, result.updated, result.unchanged) == (0, 1, 1)
    before = store.frame(GRIDS, as_of=dt.date(2025, 12, 31))
    after = store.frame(GRIDS, as_of=new)
    assert widths(before) == [1, 1]
    assert widths(after) == [2, 1]
    assert before.loc["a", "valid_to"] == after.loc["a", "valid_from"] == pd.Timestamp(new)
    assert after.loc["b", "valid_from"] == pd.Timestamp(old)
    assert len(store.frame(GRIDS, as_of=dt.date(2024, 12, 31))) == 0
    assert widths(store.frame(GRIDS)) == [2, 1]


def test_a_grid_that_ends_before_it_begins_takes_nothing_in(store):
    dead = grids(valid_from=pd.Timestamp("2026-01-02"), valid_to=pd.Timestamp("2026-01-01"))
    with pytest.raises(InputError, match=r"2 grids end .* \(a, b\)"):
        store.take_in(GRIDS, part(dead), feed())
    assert len(store.feeds()) == 0


def test_a_grid_corrected_without_a_day_keeps_its_history(store):
    day = dt.date(2026, 1, 1)
    store.take_in(GRIDS, part(grids()), feed("one", valid_from=day))
    renamed = grids()
    renamed["name"] = ["grid a", "new name"]
    result = store.take_in(GRIDS, part(renamed), feed("two"))
    assert (result.inserted, result.updated, result.unchanged) == (0, 1, 1)
    assert store.frame(GRIDS, as_of=day)["name"].tolist() == ["grid a", "new name"]
    assert store.counts()["gridgeo.grids"] == 2


def test_appointments_in_force_on_a_day(store):
    posts = pd.DataFrame(
        {
            "worker_id": "w",
            "grid_code": "g",
            "role": "worker",
            "state": "filed",
            "valid_from": pd.to_datetime(["2026-01-01", "2026-02-01"]),
            "valid_to": pd.to_datetime(["2026-02-01", None]),
        },
        index=pd.Index(["p1", "p2"], name="appointment_id"),
    )
    store.take_in(APPOINTMENTS, part(posts), feed())
    assert store.frame(APPOINTMENTS, as_of=dt.date(2026, 1, 31)).index.tolist() == ["p1"]
    assert store.frame(APPOINTMENTS, as_of=dt.date(2026, 2, 1)).index.tolist() == ["p2"]
    assert store.frame(APPOINTMENTS).index.tolist() == ["p1", "p2"]


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
texts = texts.filter(str.strip)
file_numbers = itertools.count()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # one store for all examples, so that later ones also change what earlier ones brought
@given(
    rows=st.dictionaries(
        texts,
        st.tuples(
            st.one_of(st.none(), texts),
            st.one_of(st.none(), st.floats(min_value=0, allow_infinity=False)),
            st.floats(-180, 180),
            st.floats(-90, 90),
        ),
        max_size=8,
    ),
)
def test_any_text_number_and_place_comes_back_to_the_bit(store, rows):
    names, capacities, lon, lat = zip(*rows.values(), strict=True) if rows else ((),) * 4
    given_rows = gpd.GeoDataFrame(
        {
            "name": pd.array(names, dtype="str"),
            "capacity": np.array([np.nan if c is None else c for c in capacities], dtype=float),
        },
        geometry=gpd.points_from_xy(lon, lat),
        index=pd.Index(list(rows), name="station_id", dtype="str"),
        crs=4490,
    )
    store.take_in(STATIONS, part(given_rows), feed(str(next(file_numbers))))
    found = store.frame(STATIONS, ids=list(rows))
    assert_geodataframe_equal(
        found[["name", "capacity", "geometry"]], given_rows.loc[sorted(rows)], check_dtype=True
    )


def test_a_file_is_known_as_long_as_it_is_the_latest_of_its_layer(store):
    assert store.repeated(HOUSEHOLDS, feed()) is None
    first = store.take_in(HOUSEHOLDS, part(households(3)), feed())
    known = store.repeated(HOUSEHOLDS, feed())
    assert known.repeated
    assert (known.feed_id, known.unchanged) == (first.feed_id, 3)
    assert store.repeated(VISITS, feed()) is None
    store.take_in(HOUSEHOLDS, part(households(2)), feed("another"))
    assert store.repeated(HOUSEHOLDS, feed()) is None
