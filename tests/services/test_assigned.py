"""Incidents in the store get the grid in force; by and by as from scratch.

Long because the same small city and its happenings serve them all.
"""

import datetime as dt
import os
import threading
import time

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gridgeo.analysis.assign import HOW
from gridgeo.analysis.in_time import GridsInTime
from gridgeo.errors import ParameterError
from gridgeo.services.assigned import Assigned, assign_incidents, incidents_by_grid
from gridgeo.store.connection import transaction
from gridgeo.store.tables import incident_grids
from tests.analysis.lives import block, frame, lattice, spots, versions

pytestmark = pytest.mark.db

ZONE = "Asia/Shanghai"
EXAMPLES = 400 if os.environ.get("GRIDGEO_TRIAL") else 10


def put_grids(store, grids):
    """Let these be all versions of all grids."""
    rows = [
        {
            "code": code,
            "since": None if pd.isna(row.valid_from) else row.valid_from.date(),
            "until": None if pd.isna(row.valid_to) else row.valid_to.date(),
            "shape": shapely.to_wkb(row.geometry),
        }
        for code, row in grids.iterrows()
    ]
    with transaction(store.engine) as connection:
        connection.execute(text("DELETE FROM gridgeo.grids"))
        if rows:
            connection.execute(
                text(
                    "INSERT INTO gridgeo.grids (grid_code, valid_from, valid_to, geometry)"
                    " VALUES (:code, :since, :until, ST_GeomFromWKB(:shape, 4490))"
                ),
                rows,
            )


def put_incidents(store, x, y, day, start=0, hour=12):
    """Add incidents, or move those that stand."""
    rows = [
        {
            "id": f"i{n:06d}",
            "x": float(x[i]),
            "y": float(y[i]),
            "at": dt.datetime(1970, 1, 1, hour, tzinfo=dt.timezone(dt.timedelta(hours=8)))
            + dt.timedelta(days=int(day[i])),
        }
        for i, n in enumerate(range(start, start + len(x)))
    ]
    with transaction(store.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO gridgeo.incidents (incident_id, class_code, reported_at, geometry)"
                " VALUES (:id, '0101', :at, ST_SetSRID(ST_MakePoint(:x, :y), 4490))"
                " ON CONFLICT (incident_id) DO UPDATE SET"
                " reported_at = excluded.reported_at, geometry = excluded.geometry"
            ),
            rows,
        )


def empty(store):
    with transaction(store.engine) as connection:
        for table in ("incidents", "incident_grids", "incident_grid_bases", "grids"):
            connection.execute(text(f"DELETE FROM gridgeo.{table}"))


def from_scratch(grids, incidents, within=None):
    """What must stand: every incident asked anew of the grids as they were made here."""
    grids = grids.iloc[np.argsort(grids.index.to_numpy(object), kind="stable")]
    ids = sorted(incidents)
    x, y, day = np.array([incidents[n] for n in ids], float).reshape(-1, 3).T
    position, how, metres = GridsInTime(grids, within).at(x, y, day.astype(np.int64))
    codes = np.append(grids.index.to_numpy(object), None)[position]
    moments = day.astype(np.int64).astype("datetime64[D]").astype("datetime64[us]")
    return pd.DataFrame(
        {
            "grid_code": pd.array(codes, "str"),
            "how": pd.array(HOW, "str").take(how),
            "distance_m": metres,
            "day": moments,
        },
        index=pd.Index([f"i{n:06d}" for n in ids], name="incident_id", dtype="str"),
    )


def assert_stands(store, grids, incidents, within=None):
    found = store.incident_grids()
    pd.testing.assert_frame_equal(found, from_scratch(grids, incidents, within), atol=1e-9)


class CutOffError(Exception):
    pass


def cut_after(calls):
    """A listener that ends the run when it was told so many times."""
    left = [calls]

    def told(_share, _text):
        left[0] -= 1
        if left[0] < 0:
            raise CutOffError

    return told


happenings = st.lists(
    st.tuples(
        st.none() | versions("ab"),  # borders that are in force from now on, or the old ones
        st.none() | st.integers(0, 99),  # incidents that come, move or go
        st.sampled_from([None, None, None, 0.0, 40.0]),
        st.none() | st.integers(0, 8),  # the run is cut off
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.trial
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=happenings)
def test_what_is_answered_bit_by_bit_is_what_would_be_answered_from_scratch(store, happenings):
    empty(store)
    grids, incidents = frame([]), {}
    for new_grids, seed, within, cut in [*happenings, (None, None, None, None)]:
        if new_grids is not None:
            grids = new_grids
            put_grids(store, grids)
        if seed is not None:
            rng = np.random.default_rng(seed)
            x, y, day = spots(rng, 25)
            start = int(rng.integers(0, 30))
            put_incidents(store, x, y, day, start)
            incidents.update(
                zip(range(start, start + 25), zip(x, y, day, strict=True), strict=True)
            )
            if seed % 5 == 0:
                with transaction(store.engine) as connection:
                    connection.execute(
                        text("DELETE FROM gridgeo.incidents WHERE incident_id = :id"),
                        {"id": f"i{start:06d}"},
                    )
                del incidents[start]
        try:
            assign_incidents(
                store,
                zone=ZONE,
                nearest_within_m=within,
                told=None if cut is None else cut_after(cut),
                chunk_rows=7,
            )
        except CutOffError:
            continue
        assert_stands(store, grids, incidents, within)
        assert store.answered(ZONE).waiting == 0
        assert not store.answered(ZONE).borders_moved
        assert assign_incidents(store, zone=ZONE, nearest_within_m=within) == Assigned()


@pytest.fixture
def three(store):
    """Three grids side by side of 10 × 10 incidents each, a tenth of a block apart."""
    put_grids(store, blocks(1))
    at = (np.arange(10) + 0.5) / 10
    x, y = (a.ravel() for a in np.meshgrid(np.concatenate([at, at + 1, at + 2]), at))
    put_incidents(store, lattice(x), lattice(y) - 88, np.resize([5, 15], len(x)))
    return store


def blocks(first, since=None):
    """The first grid ends, and the second begins, after so many blocks."""
    return frame(
        [
            ("a", since, None, block(0, 0, first)),
            ("b", since, None, block(first, 0, 2 - first)),
            ("c", since, None, block(2, 0)),
        ]
    )


def test_a_border_that_moves_brings_back_only_what_lies_between(three):
    assert assign_incidents(three, zone=ZONE) == Assigned(new=300)
    put_grids(three, blocks(1.3))
    assert three.answered(ZONE).borders_moved
    assert assign_incidents(three, zone=ZONE) == Assigned(looked_at=30, regridded=30)
    assert three.incident_grids()["grid_code"].value_counts().to_dict() == {
        "a": 130,
        "b": 70,
        "c": 100,
    }


def test_a_border_that_moves_from_a_day_on_leaves_the_days_before_alone(three):
    assign_incidents(three, zone=ZONE)
    old = [(code, None, 10, row.geometry) for code, row in blocks(1).iterrows()]
    new = [(code, 10, None, row.geometry) for code, row in blocks(1.2).iterrows()]
    put_grids(three, frame([*old, *new]))
    assert assign_incidents(three, zone=ZONE) == Assigned(looked_at=10, regridded=10)


def test_names_and_duty_lines_of_grids_change_no_answer(three):
    assign_incidents(three, zone=ZONE)
    with transaction(three.engine) as connection:
        connection.execute(text("UPDATE gridgeo.grids SET name = 'x', duty_phone = '1'"))
    assert not three.answered(ZONE).borders_moved
    assert assign_incidents(three, zone=ZONE) == Assigned()


def test_incidents_that_come_move_or_go_are_all_that_is_answered(three):
    assign_incidents(three, zone=ZONE)
    put_incidents(three, lattice(np.array([2.5, 0.15])), [lattice(0.5) - 88] * 2, [5, 5], 299)
    with transaction(three.engine) as connection:
        connection.execute(text("DELETE FROM gridgeo.incidents WHERE incident_id = 'i000000'"))
    assert three.answered(ZONE).waiting == 2
    assert assign_incidents(three, zone=ZONE) == Assigned(new=1, moved=1, gone=1)
    put_incidents(three, [lattice(0.5)], [lattice(0.5) - 88], [5], 299)
    assert assign_incidents(three, zone=ZONE) == Assigned(moved=1, regridded=1)


def test_an_incident_that_moves_north_or_east_or_to_another_day_is_asked_again(three):
    assign_incidents(three, zone=ZONE)
    for n, (east, north, day) in enumerate([(0.5, 0.5, 5), (1.5, 0.5, 5), (1.5, 5.0, 5)]):
        put_incidents(three, [lattice(east)], [lattice(north) - 88], [day])
        assert assign_incidents(three, zone=ZONE).moved == 1
        assert three.incident_grids(["i000000"])["grid_code"].fillna("-").item() == "ab-"[n]
    put_incidents(three, [lattice(1.5)], [lattice(5.0) - 88], [6])
    assert assign_incidents(three, zone=ZONE) == Assigned(moved=1)
    assert assign_incidents(three, zone=ZONE) == Assigned()


def test_an_answer_that_stays_is_not_written_again(three):
    assign_incidents(three, zone=ZONE)
    versions = text("SELECT incident_id, xmin::text FROM gridgeo.incident_grids ORDER BY 1")
    with transaction(three.engine) as connection:
        before = connection.execute(versions).all()
    done = assign_incidents(three, zone=ZONE, nearest_within_m=10.0)
    assert done == Assigned(looked_at=300, anew=True)
    with transaction(three.engine) as connection:
        assert connection.execute(versions).all() == before


def test_the_day_is_that_of_the_city_not_of_the_server(three):
    old = [(code, None, 10, row.geometry) for code, row in blocks(1).iterrows()]
    put_grids(three, frame(old))
    spot = [lattice(0.5)], [lattice(0.5) - 88]
    put_incidents(three, *spot, [10], start=900, hour=0)  # 16:00 of the day before in UTC
    put_incidents(three, *spot, [9], start=901, hour=23)
    assign_incidents(three, zone=ZONE)
    found = three.incident_grids(["i000900", "i000901", "nobody"])
    assert found["how"].tolist() == ["none", "inside"]
    assert found["day"].dt.day.tolist() == [11, 10]
    assert assign_incidents(three, zone="UTC") == Assigned(moved=1, regridded=1)


def test_the_grid_on_record_stays_as_its_file_said(three):
    with transaction(three.engine) as connection:
        connection.execute(text("UPDATE gridgeo.incidents SET grid_code = 'c'"))
    assign_incidents(three, zone=ZONE)
    with transaction(three.engine) as connection:
        codes = connection.scalars(text("SELECT DISTINCT grid_code FROM gridgeo.incidents"))
        assert codes.all() == ["c"]


def test_a_city_without_grids_or_without_incidents_is_answered_too(store):
    assert assign_incidents(store, zone=ZONE) == Assigned()
    put_incidents(store, [120.5], [32.5], [5])
    assert assign_incidents(store, zone=ZONE, nearest_within_m=5.0) == Assigned(new=1)
    assert store.incident_grids()["how"].tolist() == ["none"]
    assert store.incident_grids()["grid_code"].isna().all()


def test_an_empty_place_is_in_no_grid_and_is_asked_once(store):
    put_grids(store, blocks(1))
    with transaction(store.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO gridgeo.incidents (incident_id, class_code, reported_at, geometry)"
                " VALUES ('e', '0101', now(), 'SRID=4490;POINT EMPTY')"
            )
        )
    assert assign_incidents(store, zone=ZONE, nearest_within_m=9.0).new == 1
    assert store.incident_grids()["how"].tolist() == ["none"]
    assert assign_incidents(store, zone=ZONE, nearest_within_m=9.0) == Assigned()


def test_odd_keys_come_back_as_they_are(store):
    keys = ["", " ", "a'b\"c", "事件1", "x\ty\nz\\N", "é" * 300]
    put_grids(store, blocks(1))
    with transaction(store.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO gridgeo.incidents (incident_id, class_code, reported_at, geometry)"
                " VALUES (:id, '0101', now(), 'SRID=4490;POINT(120.0005 32.0005)')"
            ),
            [{"id": key} for key in keys],
        )
    assign_incidents(store, zone=ZONE, chunk_rows=4)
    assert store.incident_grids().index.tolist() == sorted(keys)
    assert store.incident_grids()["grid_code"].tolist() == ["a"] * len(keys)


def test_refuses_a_distance_that_is_none_before_anything_is_kept(three):
    with pytest.raises(ParameterError, match="nearest_within_m"):
        assign_incidents(three, zone=ZONE, nearest_within_m=-1.0)
    assert three.counts()["gridgeo.incident_grid_bases"] == 0


def test_many_places_are_sought_by_their_index_not_one_by_one_in_every_incident(store):
    """Left to itself the planner compares each incident with each place."""
    n = 30_000
    with transaction(store.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO gridgeo.incidents (incident_id, class_code, reported_at, geometry)"
                " SELECT n, '0101', '1970-01-05', ST_SetSRID(ST_MakePoint(120 + n / 3e4, 32.0005),"
                " 4490) FROM generate_series(1, :n) n"
            ),
            {"n": n},
        )
    codes = [f"g{i:04d}" for i in range(1000)]
    for shift in (0.0, 0.1):
        west = [i + shift for i in range(1000)]
        rows = [(c, None, None, block(w, 0)) for c, w in zip(codes, west, strict=True)]
        put_grids(store, frame(rows))
        with store.engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.execute(text("ANALYZE gridgeo.incidents, gridgeo.incident_grids"))
        done = assign_incidents(store, zone=ZONE)
    assert 2_900 < done.looked_at < 6_100
    asked = text(
        "SELECT pg_stat_clear_snapshot(), idx_scan FROM pg_stat_user_indexes"
        " WHERE indexrelname = 'ix_incidents_geometry'"
    )
    end, sought = time.monotonic() + 20, 0
    while sought < 1000 and time.monotonic() < end:  # a session tells when it has ended
        time.sleep(0.05)
        with transaction(store.engine) as connection:
            sought = connection.execute(asked).one().idx_scan
    assert sought >= 1000


def test_two_runs_at_once_come_to_the_same_as_one(three):
    failed = []

    def run():
        try:
            assign_incidents(three, zone=ZONE, chunk_rows=10)
        except Exception as error:
            failed.append(error)

    both = [threading.Thread(target=run) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert failed == []
    assert three.answered(ZONE).answered == 300


def test_an_incident_that_is_moved_away_and_back_while_a_run_goes_on_is_not_overlooked(three):
    """It waits when the run looks where the border moved, and waits no more when its turn comes."""
    assign_incidents(three, zone=ZONE)
    n, spot = 11, (lattice(np.array([1.15])), lattice(np.array([0.05])) - 88, [15])
    put_incidents(three, *spot, start=n)
    assert assign_incidents(three, zone=ZONE) == Assigned()
    put_grids(three, blocks(1.3))
    put_incidents(three, [lattice(99.0)], [lattice(0.0) - 88], [5], start=n)

    def move_back(share, _text):
        if 0 < share < 1:
            put_incidents(three, *spot, start=n)

    done = assign_incidents(three, zone=ZONE, told=move_back, chunk_rows=10)
    assert (done.looked_at, done.moved) == (29, 1)
    assert three.answered(ZONE).waiting == 1
    assign_incidents(three, zone=ZONE)
    assert three.incident_grids([f"i{n:06d}"])["grid_code"].tolist() == ["a"]


def test_progress_goes_up_to_the_end(three):
    told = []
    assign_incidents(three, zone=ZONE, told=lambda share, _: told.append(share), chunk_rows=50)
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert len(told) == 8  # the grids, six chunks, the end


def test_incidents_are_counted_by_the_grid_in_force_and_their_month(three):
    put_incidents(three, [lattice(99)], [lattice(0) - 88], [40], start=900)
    assign_incidents(three, zone=ZONE)
    table = incidents_by_grid(three)
    assert table.index.tolist()[:3] == ["a", "b", "c"]
    assert pd.isna(table.index[3])
    assert table.to_numpy().tolist() == [[100, 0], [100, 0], [100, 0], [0, 1]]
    assert [month.month for month in table.columns] == [1, 2]
    assert incidents_by_grid(three, dt.date(1970, 1, 10), dt.date(1970, 2, 1)).shape == (3, 1)


def test_the_words_for_how_are_those_the_database_knows():
    said = next(c for c in incident_grids.constraints if c.name == "ck_incident_grids_how")
    assert str(said.sqltext) == f"how IN {HOW!r}"
