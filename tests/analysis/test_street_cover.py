"""Streets by grid: hand-worked lengths, laws, and what buffers of the tracks themselves say."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, box

from gridgeo.analysis.street_cover import patrol_share_faults, streets_walked
from gridgeo.analysis.tracks import share_of_intervals, street_intervals
from gridgeo.errors import InputError, ParameterError
from gridgeo.model.findings import FINDINGS

METRES = 4549
DAY = dt.date(2026, 7, 1)


def grids(*shapes):
    codes = pd.Index([f"g{n}" for n in range(len(shapes))], name="grid_code")
    return gpd.GeoDataFrame(geometry=list(shapes), index=codes, crs=METRES)


def streets(*shapes):
    ids = pd.Index([f"s{n}" for n in range(len(shapes))], name="street_id")
    return gpd.GeoDataFrame(geometry=list(shapes), index=ids, crs=METRES)


def covered(*rows):
    return pd.DataFrame(rows, columns=["street", "from_m", "to_m"]).astype(
        {"street": "str", "from_m": "float64", "to_m": "float64"}
    )


TWO = grids(box(0, 0, 100, 100), box(100, 0, 200, 100))
ACROSS = streets(LineString([(10, 50), (60, 50), (190, 50)]))


def test_a_street_through_two_grids_is_cut_at_their_border():
    found = streets_walked(TWO, ACROSS, covered(("s0", 40, 100)), border_m=0)
    assert found["street_m"].tolist() == [90, 90]
    assert found["walked_m"].tolist() == [50, 10]
    assert found["walked_share"].tolist() == pytest.approx([5 / 9, 1 / 9])


def test_a_street_on_the_border_belongs_to_both_sides():
    found = streets_walked(TWO, streets(LineString([(100, 10), (100, 90)])), covered(("s0", 0, 40)))
    assert found["street_m"].tolist() == [80, 80]
    assert found["walked_share"].tolist() == [0.5, 0.5]


def test_the_metres_of_a_street_in_parts_run_through_its_parts():
    parts = streets(MultiLineString([[(10, 10), (40, 10)], [(110, 10), (140, 10)]]))
    found = streets_walked(TWO, parts, covered(("s0", 20, 45)), border_m=0)
    assert found["walked_m"].tolist() == [10, 15]


def test_stretches_that_overlap_count_once_and_unknown_streets_not_at_all():
    rows = covered(("s0", 0, 30), ("s0", 20, 40), ("gone", 0, 99), ("s0", 0, 30))
    assert streets_walked(TWO, ACROSS, rows, border_m=0)["walked_m"].tolist() == [40, 0]


def test_what_is_past_the_end_of_a_street_does_not_count():
    found = streets_walked(TWO, ACROSS, covered(("s0", 170, 500)), border_m=0)
    assert found["walked_m"].tolist() == [0, 10]


def test_a_grid_without_streets_has_no_share_and_is_no_finding():
    far = grids(box(0, 0, 100, 100), box(900, 900, 910, 910))
    found = streets_walked(far, ACROSS, covered())
    assert found["walked_share"].isna().tolist() == [False, True]
    assert patrol_share_faults(far, ACROSS, covered(), 0.5, 7, DAY)["subject"].tolist() == ["g0"]


def test_a_standard_is_met_exactly_and_missed_below():
    half = streets_walked(TWO, ACROSS, covered(("s0", 0, 45)), border_m=0)["walked_share"].iloc[0]
    assert half == 0.5
    one = grids(box(0, 0, 1000, 100))
    rows = covered(("s0", 0, 90))
    assert len(patrol_share_faults(one, ACROSS, rows, 0.5, 7, DAY)) == 0
    found = patrol_share_faults(one, ACROSS, rows, 0.51, 7, DAY, pd.Series([300], one.index))
    assert FINDINGS.check(found) is found
    (row,) = found.itertuples()
    assert (row.kind, row.subject, row.standard, row.unit) == (
        "patrol-share",
        "g0",
        "51%,7d",
        "share",
    )
    assert (row.value, row.households) == (0.5, 300)
    assert row.geometry.equals(one.geometry.iloc[0])


@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["s0", "s1"]), st.integers(0, 170), st.integers(0, 60)),
        max_size=8,
    ),
    border=st.integers(20, 180),
)
def test_grids_that_tile_the_streets_share_out_their_metres(rows, border):
    two = grids(box(0, 0, border, 200), box(border, 0, 200, 200))
    some = streets(
        LineString([(1, 50), (61, 50), (61, 120), (199, 120)]), LineString([(5, 10), (195, 190)])
    )
    stretches = covered(*((street, a, a + long) for street, a, long in rows))
    found = streets_walked(two, some, stretches, border_m=0)
    whole = share_of_intervals(stretches, some) * some.length
    assert found["street_m"].sum() == pytest.approx(some.length.sum())
    assert found["walked_m"].sum() == pytest.approx(whole.sum(), abs=1e-6)
    more = streets_walked(two, some, pd.concat([stretches, covered(("s0", 30, 90))]), border_m=0)
    assert (more["walked_m"] >= found["walked_m"] - 1e-6).all()


def test_shares_are_what_buffers_of_the_walk_say():
    rng = np.random.default_rng(0)
    lines = [LineString(rng.uniform(0, 1000, (3, 2))) for _ in range(40)]
    four = grids(*(box(x, y, x + 500, y + 500) for x in (0, 500) for y in (0, 500)))
    way = rng.uniform(0, 1000, (12, 2))
    at = pd.Timestamp("2026-06-24T08:00Z") + pd.to_timedelta(np.arange(12) * 1000, unit="s")
    walk = gpd.GeoDataFrame(
        {"track_id": "t", "t": at}, geometry=gpd.points_from_xy(*way.T), crs=METRES
    )
    some = streets(*lines)
    found = streets_walked(four, some, street_intervals(walk, some, 20, 1e4, 1e4), border_m=0)
    near = shapely.buffer(LineString(way), 20, quad_segs=256)
    for shape, row in zip(four.geometry, found.itertuples(), strict=True):
        inside = shapely.intersection(np.array(lines), shape)
        assert row.street_m == pytest.approx(shapely.length(inside).sum())
        walked = shapely.length(shapely.intersection(inside, near)).sum()
        assert row.walked_m == pytest.approx(walked, rel=1e-4)


def test_empty_layers_are_answered():
    none = streets_walked(grids(), ACROSS, covered(("s0", 0, 9)))
    assert none.shape == (0, 3)
    assert streets_walked(TWO, streets(), covered())["walked_share"].isna().all()


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_refuses_a_standard_that_is_no_share(share):
    with pytest.raises(ParameterError, match="a share is 0 to 1"):
        patrol_share_faults(TWO, ACROSS, covered(), share, 7, DAY)


def test_refuses_streets_that_are_not_told_apart_or_lie_in_another_crs():
    with pytest.raises(InputError, match="once"):
        streets_walked(TWO, pd.concat([ACROSS, ACROSS]), covered())
    with pytest.raises(InputError, match="CRS"):
        streets_walked(TWO, ACROSS.to_crs(4547), covered())
