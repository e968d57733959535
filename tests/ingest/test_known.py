"""Rows without coordinates go where their address or their grid is known to be."""

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box

from gridgeo.errors import ParameterError
from gridgeo.ingest.known import Directory, plain_address

GRIDS = gpd.GeoDataFrame(
    index=pd.Index(["G1", "G2"], name="grid_code"),
    geometry=[box(120.0, 32.0, 120.1, 32.1), box(120.1, 32.0, 120.2, 32.1)],
    crs=4490,
)
ADDRESSES = gpd.GeoDataFrame(
    {
        "address": ["人民路12号", "新村1号", "靖江市新村1号", "渔婆路3号", "渔婆路 3號"],
        "grid_code": ["G1", "G1", "G2", "G2", "G2"],
    },
    index=pd.Index(list("abcde"), name="address_id"),
    geometry=[Point(120.01, 32.01), Point(120.02, 32), Point(120.12, 32)] + [Point(120.13, 32)] * 2,
    crs=4490,
)
CITY = Directory(ADDRESSES, GRIDS)


def put(address_id=None, address=None, grid_code=None):
    cells = {"address_id": address_id, "address": address, "grid_code": grid_code}
    row = CITY.place(pd.Index([7]), **{k: pd.Series([v], index=[7]) for k, v in cells.items()})
    return row.loc[7, "lon"], row.loc[7, "placed_by"], row.loc[7, "code"]


@pytest.mark.parametrize(
    "text",
    [
        "人民路12号",
        "人民路12號",
        "江苏省泰州市靖江市人民路12号",
        "靖江市 人民路 12号",
        "人民路,12号",
    ],
)
def test_one_address_written_in_many_ways_is_one_place(text):
    assert put(address=text) == (120.01, "address", "")


@given(text=st.text("江苏省靖江市人民路一12號号 -—", max_size=12))
def test_writing_an_address_plainly_twice_changes_nothing(text):
    once = plain_address(text, ())
    assert plain_address(once, ()) == once


@pytest.mark.parametrize(
    ("said", "placed_by", "code"),
    [
        (("a", "渔婆路3号", "G2"), "address", ""),
        ((None, "渔婆路3号", None), "address", ""),  # two doors, but at one spot
        ((None, "新村1号", None), None, "address-ambiguous"),
        ((None, "新村1号", "G2"), "address", ""),
        ((None, "新村1号", "G9"), None, "address-ambiguous"),
        ((None, "无名路1号", None), None, "address-unknown"),
        ((None, "无名路1号", "G2"), "grid", ""),
        (("z", None, "G2"), "grid", ""),
        (("z", None, None), None, "address-unknown"),
        ((None, None, "G2"), "grid", ""),
        ((None, None, "G9"), None, "grid-unknown"),
        ((None, None, None), None, "missing"),
        ((None, "人民路十二号", None), None, "address-unknown"),  # numerals are not guessed
    ],
)
def test_address_goes_before_grid_and_nothing_is_guessed(said, placed_by, code):
    lon, by, why = put(*said)
    assert (by, why) == (placed_by, code)
    assert (lon == lon) == (code == "")


def test_grid_code_tells_apart_two_places_of_one_address():
    assert put(address="新村1号", grid_code="G1")[0] == 120.02
    assert put(address="新村1号", grid_code="G2")[0] == 120.12


def test_a_row_placed_by_its_grid_lies_inside_it():
    lon, _, _ = put(grid_code="G2")
    assert 120.1 < lon < 120.2


def test_with_nothing_known_every_row_comes_back_with_a_reason():
    rows = pd.Index([3, 5])
    found = Directory().place(rows, grid_code=pd.Series(["G1", None], rows))
    assert found.index.equals(rows)
    assert found["code"].tolist() == ["grid-unknown", "missing"]


def test_a_row_is_asked_about_once():
    with pytest.raises(ParameterError, match="twice"):
        CITY.place(pd.Index([1, 1]))
