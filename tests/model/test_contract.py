from time import perf_counter

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box, points, polygons

from gridgeo.errors import ContractError
from gridgeo.model.contract import Column, not_finite
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


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_border_with_a_hole_in_its_numbers_is_no_border(hole):
    with np.errstate(invalid="ignore"):
        torn = polygons([[1, 0], [2, hole], [2, 1], [1, 0]])
    frame = units()
    frame.geometry = [box(0, 0, 1, 1), torn]
    faults = UNITS.faults(frame)
    assert faults[["position", "field", "code"]].to_numpy().tolist() == [
        [1, "geometry", "geometry-not-finite"]
    ]
    with pytest.raises(ContractError, match=r"not a finite number in 1 rows \(b\)"):
        UNITS.check(frame)


def test_shapes_that_are_missing_or_empty_have_no_endless_coordinate():
    shapes = np.array([None, Point(), Point(1, 2), Point(np.inf, 2)], dtype=object)
    assert not_finite(shapes).tolist() == [False, False, False, True]


@pytest.mark.parametrize("kind", ["int", "float"])
@pytest.mark.parametrize(
    "days",
    [
        pd.Series(pd.to_datetime(["2026-01-31", None])),
        pd.Series(pd.to_datetime(["2026-01-31", None], utc=True)),
        pd.Series(pd.to_timedelta(["1D", None])),
        pd.Series(pd.PeriodIndex(["2026-01", None], freq="M")),
    ],
    ids=["naive", "zoned", "span", "month"],
)
def test_dates_and_times_are_no_numbers_though_pandas_counts_them(kind, days):
    assert Column("n", kind).faults(days).tolist() == [f"not-{kind}", ""]


def test_the_households_of_a_city_are_judged_in_no_time():
    n = 200_000
    rng = np.random.default_rng(0)
    frame = gpd.GeoDataFrame(
        geometry=points(rng.uniform(30, 31, (n, 2))),
        index=pd.Index([f"{i:06d}" for i in range(n)], name="household_id"),
        crs=4490,
    )
    start = perf_counter()
    assert len(HOUSEHOLDS.faults(frame)) == 0
    assert perf_counter() - start < 3, "six times what a quiet machine needs"
