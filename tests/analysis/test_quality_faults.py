"""Grids whose records are poor beyond chance."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from gridgeo.analysis.quality_faults import ASKED, record_faults
from gridgeo.errors import ParameterError

DAY = dt.date(2026, 7, 1)
NAMES = [name for pair in ASKED.values() for name in pair]
COUNTS = st.lists(st.integers(0, 500), min_size=6, max_size=6)


def faults(rows, least=0.8, households=None):
    index = pd.Index([f"g{n}" for n in range(len(rows))], name="grid_code", dtype="str")
    grids = gpd.GeoDataFrame(geometry=[box(n, 0, n + 1, 1) for n in range(len(rows))], crs=4549)
    counts = pd.DataFrame(rows, columns=NAMES, index=index, dtype="float64")
    return record_faults(grids.set_index(index), counts, least, DAY, households)


def test_half_of_the_records_are_stale_and_that_is_no_chance():
    found = faults([[400, 0, 100, 0, 30, 70], [400, 0, 100, 0, 90, 10]])
    assert found["subject"].tolist() == ["g0"]
    row = found.iloc[0]
    assert row["value"] == round(0.3 ** (1 / 3), 2) == 0.67
    assert (row["kind"], row["unit"], row["standard"]) == ("records", "share", "quality>=0.8")


def test_the_same_shares_of_a_few_records_are_no_proof():
    few = [4, 0, 1, 0, 3, 7]
    assert len(faults([few])) == 0
    assert len(faults([[100 * count for count in few]])) == 1


def test_what_cannot_be_judged_is_not_found():
    assert len(faults([[400, 0, 0, 0, 0, 100], [0, 400, 0, 100, 0, 0]])) == 0
    assert len(faults([])) == 0


def test_all_wrong_is_found_however_good_the_rest():
    assert faults([[400, 0, 100, 0, 0, 100]])["value"].tolist() == [0.0]


@given(counts=COUNTS, more=st.integers(0, 200), which=st.sampled_from([0, 2, 4]))
def test_another_good_record_never_makes_a_fault(counts, more, which):
    better = list(counts)
    better[which] += more
    if len(faults([counts])) == 0 and counts[which] + counts[which + 1] > 0:
        assert len(faults([better])) == 0


@given(counts=COUNTS)
def test_what_meets_the_standard_is_never_found(counts):
    y, n = np.array(counts[::2]), np.array(counts[::2]) + np.array(counts[1::2])
    if (n > 0).all() and np.prod(y / n) ** (1 / 3) >= 0.8:
        assert len(faults([counts])) == 0


def test_households_of_the_grid_are_concerned():
    found = faults([[0, 400, 0, 100, 0, 100]], households=pd.Series({"g0": 120}))
    assert found["households"].tolist() == [120]
    assert found.geometry.iloc[0].equals(box(0, 0, 1, 1))


@pytest.mark.parametrize("least", [0, 1.1, float("nan")])
def test_a_standard_that_is_no_share_is_refused(least):
    with pytest.raises(ParameterError, match="The least quality is"):
        faults([[1] * 6], least)


def test_counts_of_other_grids_are_refused():
    grids = gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=4549)
    with pytest.raises(ParameterError, match="without stale"):
        record_faults(grids, pd.DataFrame({name: [1] for name in NAMES[:-1]}), 0.8, DAY)
