import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box

from gridgeo.analysis.workload import (
    SizeBands,
    households_of_units,
    households_per_grid,
    load_per_worker,
    size_faults,
)
from gridgeo.errors import ParameterError
from gridgeo.model.findings import FINDINGS

VILLAGES = pd.DataFrame({"kind": ["community", "village", None]}, index=["c", "v", "x"])


def grids(n, **columns):
    index = pd.Index([f"{i:02d}" for i in range(n)], name="grid_code", dtype="str")
    shapes = [box(10 * i, 0, 10 * i + 10, 10) for i in range(n)]
    return gpd.GeoDataFrame(columns, geometry=shapes, index=index, crs=4549)


def homes(places, **columns):
    return gpd.GeoDataFrame(columns, geometry=[p and Point(p) for p in places], crs=4549)


# --- counting ---------------------------------------------------------------------------------


def test_households_count_once_and_only_where_somebody_lives():
    places = [(5, 5), (5, 6), (10, 5), (15, 5), (99, 5), None]
    people = homes(places, lived_in=[True, False, True, None, True, True])
    count = households_per_grid(grids(3), people)
    assert count.to_dict() == {"00": 2, "01": 1, "02": 0}
    assert count.name == "households"


def test_without_a_record_of_occupancy_every_dwelling_counts():
    assert households_per_grid(grids(1), homes([(5, 5), (6, 5)]).geometry).tolist() == [2]


@given(st.lists(st.tuples(st.integers(-5, 35), st.integers(-5, 15)), max_size=30), st.booleans())
def test_the_sum_is_that_of_the_households_in_any_grid(places, doubled):
    town = grids(3)
    if doubled:
        town = pd.concat([town, town.iloc[[1]]])
    count = households_per_grid(town, homes(places))
    assert count.sum() == sum(0 <= x <= 30 and 0 <= y <= 10 for x, y in places)
    assert count.index.equals(town.index)


def test_nobody_and_no_grid_are_counted_too():
    assert households_per_grid(grids(2), homes([])).tolist() == [0, 0]
    assert households_per_grid(grids(0), homes([(5, 5)])).tolist() == []


def test_units_are_summed_by_grid():
    units = pd.DataFrame({"households": [10, 20, 5, 7], "grid_code": ["b", "a", "b", None]})
    assert households_of_units(units).to_dict() == {"a": 20, "b": 15}


def test_load_per_worker_is_infinite_where_work_falls_on_nobody():
    load = pd.Series({"a": 300.0, "b": 10.0, "c": 0.0, "d": 0.0, "e": 7.0})
    share = load_per_worker(load, pd.Series({"a": 2, "b": 0, "c": 0, "d": 3}))
    assert share.to_dict() == {"a": 150.0, "b": np.inf, "c": 0.0, "d": 0.0, "e": np.inf}


# --- size -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("village", "count", "standard"),
    [
        ("c", 299, "300-500"),
        ("c", 300, None),
        ("c", 500, None),
        ("c", 501, "300-500"),
        ("v", 199, "200-400"),
        ("v", 200, None),
        ("v", 400, None),
        ("v", 401, "200-400"),
        ("x", 250, None),
        ("x", 450, None),
        (None, 199, "200-500"),
        ("elsewhere", 501, "200-500"),
    ],
)
def test_a_grid_is_judged_by_the_band_of_its_village(village, count, standard):
    town = grids(1, village_code=[village])
    faults = size_faults(town, pd.Series({"00": count}), VILLAGES)
    assert faults["standard"].tolist() == ([standard] if standard else [])


def test_a_size_fault_is_a_row_of_the_register():
    faults = size_faults(grids(2), pd.Series({"00": 724}))
    assert FINDINGS.check(faults) is faults
    shown = ["kind", "subject", "grid_code", "value", "unit", "households"]
    assert faults[shown].to_numpy().tolist() == [
        ["size", "00", "00", 724.0, "households", 724],
        ["size", "01", "01", 0.0, "households", 0],
    ]
    assert faults.geometry.tolist() == grids(2).geometry.tolist()


def test_a_dedicated_grid_is_not_judged_by_households():
    town = grids(3, kind=["dedicated", "general", None])
    assert size_faults(town, pd.Series(dtype="int64"))["subject"].tolist() == ["01", "02"]


def test_a_city_may_set_its_own_bands():
    bands = SizeBands(urban=(50, 100))
    town = grids(1, village_code=["c"])
    assert size_faults(town, pd.Series({"00": 100}), VILLAGES, bands).empty
    assert len(size_faults(town, pd.Series({"00": 101}), VILLAGES, bands)) == 1


def test_a_table_without_borders_and_an_empty_one_can_be_judged():
    table = pd.DataFrame(index=pd.Index(["00"], name="grid_code"))
    assert size_faults(table, pd.Series({"00": 1})).geometry.isna().all()
    assert size_faults(grids(0), pd.Series(dtype="int64"), VILLAGES).empty


@pytest.mark.parametrize("band", [(500, 300), (-1, 5)])
def test_refuses_a_band_that_no_grid_can_meet(band):
    with pytest.raises(ParameterError, match="urban band"):
        SizeBands(urban=band)
