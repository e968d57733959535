"""Lists of calls made from the sample town."""

import datetime as dt

import pandas as pd
import pytest

from gridgeo.analysis.due import due_list
from gridgeo.analysis.staffing import appointments_in_force
from gridgeo.errors import DisclosureError, NotFoundError, ParameterError
from gridgeo.model.frames import APPOINTMENTS, GRIDS, HOUSEHOLDS, STATIONS, VISITS
from gridgeo.services.demo import DAY
from gridgeo.services.due import calls_of
from gridgeo.services.kept import kept
from gridgeo.services.sources import Files

LAYERS = ("grids", "households", "visits", "appointments", "stations", "streets")


@pytest.fixture(scope="module")
def town(samples):
    files = {name: next((samples / "town").glob(f"{name}.*")) for name in LAYERS}
    return kept(Files(files))


@pytest.fixture(scope="module")
def everybody(town):
    """All lists of the town at once, made without the service."""
    homes = town.homes(DAY)
    names = pd.Series(town.frame(GRIDS, as_of=DAY).index.astype("str"))
    codes = names.reindex(homes.position).set_axis(homes.frame.index)
    codes = codes.fillna(homes.frame["grid_code"])
    visits, appointments = town.frame(VISITS), town.frame(APPOINTMENTS)
    return due_list(
        homes.frame,
        visits,
        appointments,
        DAY,
        most=10,
        stations=town.frame(STATIONS, as_of=DAY),
        grid_code=codes,
    )


def test_a_worker_s_list_is_that_of_the_whole_town(town, everybody):
    workers = sorted(everybody.calls["worker_id"].unique())
    for worker in workers[:: len(workers) // 5]:
        calls = calls_of(town, DAY, worker=worker, most=10)
        theirs = everybody.calls[everybody.calls["worker_id"] == worker]
        pd.testing.assert_frame_equal(calls.rows.drop(columns="only_for"), theirs)
        assert set(calls.rows["only_for"]) == {f"{worker}, 2026-07-01"}
        assert sum(calls.counts[why] for why in ("never", "overdue", "soon")) == len(theirs)


def test_a_grid_s_list_is_that_of_all_its_workers(town):
    grid = town.frame(GRIDS, as_of=DAY).index[0]
    calls = calls_of(town, DAY, grid=grid)
    force = appointments_in_force(town.frame(APPOINTMENTS), DAY)
    crew = force[(force["grid_code"] == grid) & (force["role"] == "worker")]["worker_id"]
    assert set(calls.rows["worker_id"]) == set(crew)
    assert calls.walk_m == calls.rows["leg_m"].sum() > 0
    alone = [calls_of(town, DAY, worker=worker).rows for worker in sorted(crew)]
    assert sorted(calls.rows.index) == sorted(pd.concat(alone).index)


def test_overdue_households_are_those_recorded(town, samples):
    truth = pd.read_json(samples / "town" / "truth.json", typ="series")["defects"]
    waiting = {
        kind: {s for d in truth if d["kind"] == kind for s in d["subjects"]}
        for kind in ("visit-overdue", "never-visited")
    }
    one = next(d["grid_code"] for d in truth if d["kind"] == "visit-overdue")
    calls = calls_of(town, DAY, grid=one)
    listed = set(calls.rows.index[calls.rows["why"] == "overdue"])
    recorded = {
        s for d in truth if d["kind"] == "visit-overdue" and d["grid_code"] == one
        for s in d["subjects"]
    }  # fmt: skip
    assert listed <= waiting["visit-overdue"]
    assert len(recorded - listed) <= calls.counts["contacted"]
    assert set(calls.rows.index[calls.rows["why"] == "never"]) <= waiting["never-visited"]


def test_streets_make_the_way_longer(town):
    straight = calls_of(town, DAY, worker="W00002")
    streets = calls_of(town, DAY, worker="W00002", along_streets=True)
    assert sorted(straight.rows.index) == sorted(streets.rows.index)
    assert streets.walk_m > straight.walk_m


def test_without_grids_those_on_record_count(town, samples):
    files = {n: next((samples / "town").glob(f"{n}.*")) for n in LAYERS[1:4]}
    grid = "32128240100101"
    bare = calls_of(Files(files), DAY, grid=grid).rows
    recorded = town.frame(HOUSEHOLDS, as_of=DAY)["grid_code"]
    assert len(bare) > 0
    assert set(recorded.loc[bare.index]) == {grid} == set(bare["grid_code"])


def test_no_list_is_of_a_whole_city(town):
    for whose in ({}, {"worker": "W00002", "grid": "32128240100101"}):
        with pytest.raises(DisclosureError, match="never for a whole city"):
            calls_of(town, DAY, **whose)


def test_says_what_is_missing(town, samples):
    with pytest.raises(NotFoundError, match="Worker W9 calls in no grid"):
        calls_of(town, DAY, worker="W9")
    with pytest.raises(NotFoundError, match="no grid 99"):
        calls_of(town, DAY, grid="99")
    with pytest.raises(NotFoundError):
        calls_of(town, dt.date(2020, 1, 1), worker="W00002")
    files = {n: next((samples / "town").glob(f"{n}.*")) for n in ("households", "appointments")}
    with pytest.raises(ParameterError, match="There are no visits"):
        calls_of(Files(files), DAY, worker="W00002")


def test_the_store_gives_the_same_list(town, town_store):
    ours = calls_of(town_store, DAY, worker="W00002", most=6)
    theirs = calls_of(town, DAY, worker="W00002", most=6)
    assert ours.rows.index.tolist() == theirs.rows.index.tolist()
    assert ours.counts == theirs.counts
    assert ours.walk_m == pytest.approx(theirs.walk_m, abs=0.1)
