"""Rows without coordinates are placed by what is known, and every row says what placed it."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from gridgeo.errors import InputError
from gridgeo.ingest.intake import Reading
from gridgeo.ingest.known import Directory
from gridgeo.model.frames import HOUSEHOLDS, INCIDENTS

GRID_A, GRID_B = box(120, 32, 121, 33), box(121, 32, 122, 33)


@pytest.fixture
def known():
    grids = gpd.GeoDataFrame(
        geometry=[GRID_A, GRID_B], index=pd.Index(["A", "B"], name="grid_code"), crs=4490
    )
    addresses = gpd.GeoDataFrame(
        {
            "address": ["人民路12号", "骥江路3号", "骥江路3号"],
            "grid_code": ["A", "A", "B"],
        },
        geometry=[Point(120.1, 32.1), Point(120.2, 32.2), Point(121.2, 32.2)],
        index=pd.Index(["d1", "d2", "d3"], name="address_id"),
        crs=4490,
    )
    asked = []

    def directory():
        asked.append(1)
        return Directory(addresses, grids)

    directory.asked = asked
    return directory


@pytest.fixture
def taken(csv, known):
    def take(text, contract=INCIDENTS, **how):
        reading = Reading(csv(text), contract, directory=known, **how)
        parts = list(reading)
        accepted = pd.concat([part.accepted for part in parts])
        refused = pd.concat([part.refused for part in parts])
        return reading, accepted, refused

    return take


HEADER = "工单编号,事件类别,上报时间,发生地址,所属网格,经度,纬度\n"


def test_each_row_is_placed_by_the_best_it_says(taken):
    reading, accepted, refused = taken(
        HEADER
        + "1,01,2026-01-01 08:00,人民路12號,B,120.5,32.5\n"
        + "2,01,2026-01-01 08:00,靖江市 人民路12号,B,,\n"
        + "3,01,2026-01-01 08:00,骥江路3号,B,,\n"
        + "4,01,2026-01-01 08:00,不知道哪里,A,,\n"
    )
    assert len(refused) == 0
    assert accepted["placed_by"].tolist() == ["coordinates", "address", "address", "grid"]
    xy = list(zip(accepted.geometry.x, accepted.geometry.y, strict=True))
    assert xy[:3] == [(120.5, 32.5), (120.1, 32.1), (121.2, 32.2)]
    assert GRID_A.contains(accepted.geometry.iloc[3])
    assert [n for n in reading.notes if "address: 2." in n and "2。" in n.zh]
    assert [n for n in reading.notes if "grid, for want of a known address: 1;" in n]
    # The words of the address are matched, and nowhere kept.
    assert ("address", "发生地址") in reading.understood
    assert not accepted.astype(str).apply(lambda c: c.str.contains("人民路")).any(axis=None)


def test_a_file_without_coordinates_is_placed_as_a_whole(taken):
    _, accepted, _ = taken("工单号,事件类型,上报时间,地址\n1,01,2026-01-01 08:00,人民路12号\n")
    assert accepted["placed_by"].tolist() == ["address"]


def test_what_cannot_be_placed_is_refused_with_what_is_wrong(taken):
    reading, accepted, refused = taken(
        HEADER
        + "1,01,2026-01-01 08:00,骥江路3号,,,\n"
        + "2,01,2026-01-01 08:00,不知道哪里,,,\n"
        + "3,01,2026-01-01 08:00,,Z,,\n"
        + "4,01,2026-01-01 08:00,,,,\n"
        + "5,01,2026-01-01 08:00,人民路12号,A,x,32\n"
    )
    assert len(accepted) == 0
    told = list(zip(refused["row"], refused["field"], refused["code"], strict=True))
    assert told == [
        (1, "address", "address-ambiguous"),
        (2, "address", "address-unknown"),
        (3, "grid_code", "grid-unknown"),
        (4, "geometry", "geometry-missing"),
        (5, "lon", "not-float"),
    ]
    assert refused["content"].iloc[0]["发生地址"] == "骥江路3号"
    assert not [note for note in reading.notes if "placed" in note]
    assert refused["reason_zh"].str.len().gt(0).all()


def test_households_are_placed_by_their_address_id(taken):
    _, accepted, refused = taken("household_id,address_id,lon,lat\na,d3,,\nb,d9,,\n", HOUSEHOLDS)
    assert accepted.geometry.x.tolist() == [121.2]
    assert refused[["field", "code"]].to_numpy().tolist() == [["address_id", "address-unknown"]]


def test_what_the_file_says_placed_a_row_stays(taken):
    _, accepted, _ = taken(
        "household_id,lon,lat,placed_by\na,120.5,32.5,grid\nb,120.5,32.5,\n", HOUSEHOLDS
    )
    assert accepted["placed_by"].tolist() == ["grid", "coordinates"]


def test_the_directory_is_asked_once_and_only_when_needed(taken, known):
    taken("household_id,lon,lat,address_id\na,120.5,32.5,d1\n", HOUSEHOLDS)
    assert known.asked == []
    taken(
        "household_id,address_id\n" + "".join(f"{n},d1\n" for n in range(5)),
        HOUSEHOLDS,
        batch_rows=1,
    )
    assert known.asked == [1]


def test_a_column_with_another_header_is_named_by_the_user(taken):
    _, accepted, _ = taken(
        "工单号,事件类型,上报时间,在哪\n1,01,2026-01-01 08:00,人民路12号\n",
        mapping={"address": "在哪"},
    )
    assert accepted["placed_by"].tolist() == ["address"]


def test_without_a_directory_a_file_needs_coordinates(csv):
    path = csv("工单号,事件类型,上报时间,地址\n1,01,2026-01-01 08:00,人民路12号\n")
    with pytest.raises(InputError, match="no columns for lon and lat"):
        Reading(path, INCIDENTS)
