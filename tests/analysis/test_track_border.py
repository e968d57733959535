"""Fixes just outside a grid: phones err, and the streets that are walked are the borders."""

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from gridgeo.analysis.tracks import track_facts
from gridgeo.errors import ParameterError

METRES = 4549
GRIDS = gpd.GeoDataFrame(
    geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)],
    index=pd.Index(["a", "b"], name="grid_code"),
    crs=METRES,
)


def walk(*xy, grid="a"):
    at = pd.date_range("2026-06-24T08:00Z", periods=len(xy), freq="min")
    return gpd.GeoDataFrame(
        {"track_id": "t", "worker_id": "w", "grid_code": grid, "t": at},
        geometry=gpd.points_from_xy(*zip(*xy, strict=True), crs=METRES),
    )


@pytest.mark.parametrize(
    ("border_m", "share"), [(0.0, 0.25), (4.9, 0.25), (5.1, 0.5), (20.0, 0.75), (1e3, 1.0)]
)
def test_a_fix_so_near_outside_its_grid_counts_as_inside(border_m, share):
    walked = walk((50, 50), (105, 50), (50, -19.9), (300, 300))
    assert track_facts(walked, GRIDS, border_m=border_m)["inside_share"].tolist() == [share]


def test_the_grid_in_which_a_nameless_track_lies_is_told_by_its_true_border():
    walked = walk((101, 50), (102, 50), (50, 50), grid=None)
    (row,) = track_facts(walked, GRIDS, border_m=10.0).itertuples()
    assert (row.grid_code, row.inside_share) == ("b", 2 / 3)


@given(
    xy=st.lists(st.tuples(st.integers(-50, 250), st.integers(-50, 150)), min_size=1, max_size=9),
    border_m=st.floats(0, 60),
)
def test_a_wider_border_never_lowers_a_share(xy, border_m):
    plain, wide = (track_facts(walk(*xy), GRIDS, border_m=m) for m in (0.0, border_m))
    assert (plain["inside_share"] <= wide["inside_share"]).all()
    assert plain.drop(columns="inside_share").equals(wide.drop(columns="inside_share"))


@pytest.mark.parametrize("border_m", [-1.0, float("nan")])
def test_refuses_a_width_that_is_none(border_m):
    with pytest.raises(ParameterError, match="border_m"):
        track_facts(walk((1, 1)), GRIDS, border_m=border_m)
