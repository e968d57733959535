"""The benchmark of territory measures what it says, on a small town."""

import numpy as np
import shapely

from benchmarks.coverage_territory import by_overlay, households, rows, summed, town
from gridgeo.analysis.tiling import tiling_faults


def test_a_town_is_damaged_where_it_says_and_ours_are_the_areas_of_overlay():
    whole, duty = town(60, seed=1, damaged=0.0)
    lakes = tiling_faults(whole, duty)
    assert not lakes["kind"].isin(["overlap", "invalid"]).any()
    grids, duty = town(60, seed=1, damaged=0.3)
    faults = tiling_faults(grids, duty, min_area_m2=1e-3)
    assert (faults["kind"] == "overlap").any()
    shared, missing, beyond = by_overlay(grids, duty)
    assert np.allclose(summed(faults), [shared + missing, beyond], atol=0.01 * len(faults))


def test_households_lie_in_the_grid_on_record_but_for_some():
    grids, duty = town(60, seed=2, damaged=0.0)
    homes = households(duty, grids, 2000, seed=2)
    told = homes.dropna(subset="grid_code")
    covered = shapely.covers(grids.geometry.loc[told["grid_code"]].to_numpy(), told.geometry)
    assert 0.95 < covered.mean() < 1


def test_rows_name_what_was_measured_with_target_and_agreement():
    found = rows(quick=True)
    assert [row.what for row in found].count("gaps and overlaps with areas") == 2
    assert [row.target for row in found[::2][:2]] == [0.5, 5.0]
    assert all(np.median(row.ours) > 0 for row in found)
    assert all("0 left to a person" in row.difference for row in found[1:4:2])
