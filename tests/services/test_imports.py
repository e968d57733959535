"""Files taken into a real store as a stream: places looked up, offsets suspected, feeds told."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gridgeo.errors import InputError
from gridgeo.ingest.known import plain_address
from gridgeo.ingest.offset import shifted
from gridgeo.ingest.rejects import RejectFile
from gridgeo.model.frames import ADDRESSES, GRIDS, HOUSEHOLDS, INCIDENTS
from gridgeo.services import imports
from gridgeo.services.imports import Asked, import_file, import_new, understand

pytestmark = pytest.mark.db

NOW = dt.datetime(2026, 7, 2, 9, tzinfo=dt.UTC)


@pytest.fixture
def take(store):
    def take(layer, path, **more):
        how = {name: more.pop(name) for name in ("told", "rejects") if name in more}
        asked = Asked(layer, path, more.pop("mapping", {}), **more)
        return import_file(store, asked, now=NOW, who="clerk", **how)

    return take


@pytest.fixture
def town(take, samples):
    """The sample town's grids and addresses, in the store."""
    for layer in ("grids", "villages", "streets", "addresses"):
        (path,) = (samples / "town").glob(f"{layer}.*")
        take(layer, path)
    return samples / "town"


@pytest.fixture
def homes(samples):
    (path,) = (samples / "town").glob("households.*")
    return gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path)


def in_pieces(monkeypatch, rows):
    whole = imports.Reading

    def reading(*given, **more):
        return whole(*given, **more, batch_rows=rows)

    monkeypatch.setattr(imports, "Reading", reading)


def test_a_file_in_many_parts_is_one_feed(take, store, tmp_path, monkeypatch):
    rows = [f"h{n},{120 + n / 1e4},32,{'9' if n % 10 == 0 else '1'}" for n in range(95)]
    path = tmp_path / "h.csv"
    path.write_text("household_id,lon,lat,size_band\n" + "\n".join([*rows, rows[1]]))
    in_pieces(monkeypatch, 10)
    shares = []
    done = take("households", path, told=lambda share, said: shares.append((share, said)))
    assert (done.result.inserted, done.result.rejected) == (85, 11)
    assert done.reading.rows_read == 96
    assert shares == sorted(shares, key=lambda told: told[0])
    assert shares[-1] == (0.9, "96 rows")
    (feed,) = store.feeds().itertuples()
    assert (feed.rows_read, feed.accepted, feed.rejected) == (96, 85, 11)
    refused = store.rejects(done.result.feed_id)
    assert refused["row"].tolist() == [*range(1, 96, 10), 96]
    assert refused["code"].tolist() == ["not-a-choice"] * 10 + ["duplicate-key"]


def test_what_goes_wrong_in_a_later_part_leaves_nothing(take, store, tmp_path, monkeypatch):
    path = tmp_path / "h.csv"
    path.write_text("household_id,lon,lat\n" + "a,120,32\n" * 9 + '"never closed,120,32\n' * 3)
    in_pieces(monkeypatch, 2)
    rejects = RejectFile(tmp_path / "rejects.csv")
    with pytest.raises(InputError, match="never closed"), rejects.whole():
        take("households", path, rejects=rejects)
    rejects.drop()
    assert rejects.lines == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["h.csv"]
    assert len(store.feeds()) == 0
    assert store.counts()["gridgeo.rejects"] == 0


def test_incidents_without_coordinates_are_placed_by_what_the_town_knows(
    take, town, store, tmp_path
):
    doors = store.frame(ADDRESSES)
    once = doors[~doors["address"].duplicated(keep=False)].head(3)
    codes = store.frame(GRIDS).index[:2]
    said = ["靖江市 " + plain_address(a) for a in once["address"]]
    table = pd.DataFrame(
        {
            "工单号": range(6),
            "事件类别": "01",
            "上报时间": "2026-06-01 08:00",
            "地址": [*said, "说不清", "说不清", None],
            "所属网格": [None, None, None, codes[0], "没有", codes[1]],
        }
    )
    table.to_excel(tmp_path / "工单.xlsx", index=False)
    done = take("incidents", tmp_path / "工单.xlsx")
    assert (done.result.inserted, done.result.rejected) == (5, 1)
    found = store.frame(INCIDENTS)
    assert found["placed_by"].tolist() == ["address"] * 3 + ["grid"] * 2
    assert found.geometry.iloc[:3].geom_equals(once.geometry.set_axis(found.index[:3])).all()
    assert store.rejects(done.result.feed_id)["code"].tolist() == ["address-unknown"]
    again = import_new(
        store,
        Asked("incidents", tmp_path / "工单.xlsx", {}),
        now=NOW,
        who="clerk",
    )
    assert again.repeated


def test_a_file_refused_for_its_addresses_comes_in_once_they_are_known(
    take, store, samples, tmp_path
):
    addresses = samples / "town" / "addresses.parquet"
    door = gpd.read_parquet(addresses)["address"].iloc[0]
    path = tmp_path / "i.csv"
    path.write_text(f"工单号,事件类别,上报时间,地址\n1,01,2026-06-01 08:00,{door}\n")
    assert take("incidents", path).result.rejected == 1
    assert take("incidents", path).result.repeated
    take("addresses", addresses)
    again = take("incidents", path).result
    assert (again.repeated, again.inserted, again.rejected) == (False, 1, 0)
    assert take("incidents", path).result.repeated
    assert store.frame(INCIDENTS)["placed_by"].tolist() == ["address"]


def test_a_dry_run_looks_places_up_and_takes_nothing_in(town, store, tmp_path):
    door = store.frame(ADDRESSES)["address"].drop_duplicates(keep=False).iloc[0]
    path = tmp_path / "i.csv"
    path.write_text(f"工单号,事件类别,上报时间,地址\n1,01,2026-06-01 08:00,{door}\n")
    before = store.counts()
    asked = Asked("incidents", path, {})
    day = dt.date(2026, 7, 2)
    reading = understand(asked, directory=lambda: imports.known_places(store, day, asked.prefixes))
    assert (reading.rows_accepted, reading.rows_rejected) == (1, 0)
    assert store.counts() == before


@pytest.mark.parametrize("offset", ["gcj02", "bd09"])
def test_an_offset_nobody_said_is_said_and_not_applied(take, town, store, homes, tmp_path, offset):
    some = homes.sample(1500, random_state=1)
    lon, lat = shifted(some.geometry.x, some.geometry.y, offset)
    moved = some.set_geometry(gpd.points_from_xy(lon, lat, crs=4490))
    moved.to_parquet(tmp_path / "h.parquet")
    done = take("households", tmp_path / "h.parquet")
    (note,) = [n for n in done.notes if f"--offset {offset}" in n]
    assert "高德" in note.zh or "百度" in note.zh
    kept = store.frame(HOUSEHOLDS)
    assert np.allclose(sorted(kept.geometry.x), sorted(lon), atol=1e-9)


def test_with_the_offset_said_places_come_back_and_nothing_is_suspected(
    take, town, store, homes, tmp_path
):
    some = homes.sample(1500, random_state=1)
    lon, lat = shifted(some.geometry.x, some.geometry.y, "gcj02")
    some.set_geometry(gpd.points_from_xy(lon, lat, crs=4490)).to_parquet(tmp_path / "h.parquet")
    done = take("households", tmp_path / "h.parquet", offset="gcj02")
    assert not [n for n in done.notes if "--offset" in n]
    assert [n for n in done.notes if "brought back from GCJ-02 to CGCS2000: 1,500." in n]
    keys = "household_id"
    truth = some.set_index(keys).geometry if keys in some else some.geometry
    kept = store.frame(HOUSEHOLDS).geometry
    off_m = kept.to_crs(4549).distance(truth.to_crs(4549).reindex(kept.index))
    assert off_m.max() < 0.001


def test_the_planted_shifted_households_are_told_and_clean_layers_are_not(take, town, samples):
    (homes,) = (samples / "town").glob("households.*")
    (incidents,) = (samples / "town").glob("incidents.*")
    (note,) = [n for n in take("households", homes).notes if "--offset" in n or "GCJ-02" in n]
    assert "20" in note
    assert not [n for n in take("incidents", incidents).notes if "GCJ-02" in n or "BD-09" in n]


def test_a_feed_tells_its_basis_and_how_old_its_data_is(take, store, tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("worker_id,employment\nw,full-time\n")
    take(
        "workers",
        path,
        department="民政",
        purpose="网格管理",
        basis="靖政发〔2025〕1号",
        data_as_of=dt.date(2026, 6, 30),
    )
    (feed,) = store.feeds().itertuples()
    assert (feed.department, feed.purpose) == ("民政", "网格管理")
    assert feed.lawful_basis == "靖政发〔2025〕1号"
    assert feed.data_to == pd.Timestamp("2026-06-30", tz="Asia/Shanghai")


def test_another_sheet_of_one_workbook_is_another_feed(take, store, tmp_path):
    path = tmp_path / "城.xlsx"
    with pd.ExcelWriter(path) as book:
        for sheet, worker in (("东", "a"), ("西", "b")):
            table = pd.DataFrame({"worker_id": [worker], "employment": "full-time"})
            table.to_excel(book, sheet_name=sheet, index=False)
    assert take("workers", path, sheet="西").result.inserted == 1
    assert take("workers", path, sheet="东").result.inserted == 1
    assert take("workers", path, sheet="东").result.repeated


def test_a_repeated_file_still_gives_its_refused_rows(take, tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("worker_id,employment\nw,full-time\nv,sometimes\n")
    take("workers", path)
    rejects = RejectFile(tmp_path / "rejects.csv")
    assert take("workers", path, rejects=rejects).result.repeated
    rejects.keep()
    assert pd.read_csv(tmp_path / "rejects.csv")["worker_id"].tolist() == ["v"]
