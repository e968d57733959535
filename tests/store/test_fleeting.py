"""Layers whose rows may stand for a while only leave nothing behind that outlasts them."""

import geopandas as gpd
import pandas as pd
import pytest

from gridgeo.ingest.intake import read
from gridgeo.model.frames import FIXES, LAYERS, ROSTERS
from tests.store.frames import feed, part

pytestmark = pytest.mark.db


def fixes(lon=120.25, n=3):
    moments = pd.date_range("2026-06-24T08:00Z", periods=n, freq="min")
    return gpd.GeoDataFrame(
        {"track_id": "t1", "worker_id": "w1", "t": moments},
        geometry=gpd.points_from_xy([lon] * n, [32.0] * n, crs=4490),
        index=pd.Index([f"f{i}" for i in range(n)], name="fix_id"),
    )


def rosters():
    moment = pd.to_datetime(["2026-06-24T08:00Z"])
    return pd.DataFrame(
        {"worker_id": ["w1"], "starts_at": moment, "ends_at": moment + pd.Timedelta("8h")},
        index=pd.Index(["r1"], name="roster_id"),
    )


def test_only_raw_tracks_are_fleeting():
    assert [name for name, contract in LAYERS.items() if contract.fleeting] == ["fixes"]


def test_what_a_feed_replaces_is_not_kept(store):
    store.take_in(FIXES, part(fixes()), feed("a"))
    result = store.take_in(FIXES, part(fixes(120.5)), feed("b"))
    assert result.updated == 3
    assert store.counts()["gridgeo.history"] == 0
    assert len(store.history(FIXES, "f0")) == 0
    assert set(store.frame(FIXES).geometry.x) == {120.5}


def test_refused_rows_keep_their_reasons_and_not_their_cells(store, tmp_path):
    path = tmp_path / "fixes.csv"
    header = "track_id,worker_id,t,lon,lat\n"
    path.write_text(f"{header}t1,w1,2026-06-24T08:00Z,120.25,95\nt1,w1,soon,120.26,32\n")
    intake = read(path, FIXES)
    assert len(intake.accepted) == 0
    told = store.take_in(FIXES, part(intake.accepted, intake.rejects), feed("a"))
    kept = store.rejects(told.feed_id)
    assert kept["row"].tolist() == [1, 2]
    assert kept["code"].tolist() == intake.rejects["code"].tolist()
    assert kept["content"].tolist() == [{}, {}]


def test_a_file_of_fixes_counts_as_repeated_only_until_duty_hours_change(store):
    store.take_in(FIXES, part(fixes()), feed("a"))
    assert store.repeated(FIXES, feed("a")).repeated
    store.take_in(ROSTERS, part(rosters()), feed("rosters"))
    assert store.repeated(FIXES, feed("a")) is None


@pytest.mark.parametrize(
    "header",
    ["轨迹编号,工号,定位时间,经度,纬度", "巡查编号,网格员编号,采集时间,lng,lat"],
)
def test_files_of_offices_are_recognised(tmp_path, header):
    path = tmp_path / "轨迹.csv"
    path.write_text(f"{header}\nt1,w1,2026-06-24 08:00,120.25,32\n", encoding="utf-8")
    found = read(path, FIXES).accepted
    assert found.index.tolist() == ["t1@2026-06-24 00:00:00.000"]
    assert found["worker_id"].tolist() == ["w1"]
