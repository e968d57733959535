import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from gridgeo.errors import ContractError
from gridgeo.model.frames import GRIDS, HOUSEHOLDS, UNITS


def units(**columns):
    frame = gpd.GeoDataFrame(
        {"households": [10, 20], **columns},
        geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)],
        index=pd.Index(["a", "b"], name="unit_id"),
        crs=4549,
    )
    return frame


def test_a_frame_that_keeps_its_promise_passes_unchanged():
    frame = units()
    assert UNITS.check(frame) is frame


def test_all_breaches_are_said_at_once():
    frame = units(households=[-1, 2.5]).set_crs(None, allow_override=True)
    frame.index = pd.Index(["a", "a"], name="id")
    with pytest.raises(ContractError) as caught:
        UNITS.check(frame)
    said = str(caught.value)
    for part in ("index must be unit_id", "no CRS", "below the least", "whole number", "unique"):
        assert part in said
    assert {"unit_id", "households", "geometry"} <= set(caught.value.fields)


def test_at_most_three_keys_are_shown():
    frame = gpd.GeoDataFrame(
        {"households": [-1] * 5},
        geometry=[box(i, 0, i + 1, 1) for i in range(5)],
        index=pd.Index(list("abcde"), name="unit_id"),
        crs=4549,
    )
    with pytest.raises(ContractError, match=r"in 5 rows \(a, b, c, …\)"):
        UNITS.check(frame)


@pytest.mark.parametrize(
    ("contract", "column", "value", "code"),
    [
        (HOUSEHOLDS, "size_band", "9", "not-a-choice"),
        (HOUSEHOLDS, "lived_in", "yes", "not-bool"),
        (HOUSEHOLDS, "address_id", 7, "not-text"),
        (GRIDS, "valid_from", "2026-01-31", "not-date"),
    ],
)
def test_each_kind_of_value_names_its_fault(contract, column, value, code):
    place = Point(120, 32) if contract is HOUSEHOLDS else box(120, 32, 121, 33)
    frame = gpd.GeoDataFrame(
        {column: pd.Series([value], dtype=object).to_numpy()},
        geometry=[place],
        index=pd.Index(["x"], name=contract.key),
        crs=4490,
    )
    faults = contract.faults(frame)
    assert faults[["position", "field", "code"]].to_numpy().tolist() == [[0, column, code]]


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (None, "geometry-missing"),
        (Point(), "geometry-missing"),
        (box(0, 0, 1, 1), "geometry-kind"),
        (Point(float("inf"), 0), "geometry-not-finite"),
        (Point(200, 0), "geometry-off-earth"),
    ],
)
def test_each_bad_place_names_its_fault(place, code):
    frame = gpd.GeoDataFrame(
        geometry=gpd.GeoSeries([place], crs=4490).array,
        index=pd.Index(["x"], name="household_id"),
        crs=4490,
    )
    assert HOUSEHOLDS.faults(frame)["code"].tolist() == [code]


def test_no_contract_knows_a_name_or_number_of_a_resident():
    forbidden = {"name", "phone", "id_number", "health", "religion", "risk", "ethnicity"}
    assert not forbidden & {c.name for c in HOUSEHOLDS.columns}
