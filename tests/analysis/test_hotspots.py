import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from shapely import Point, box

from gridgeo.analysis.hotspots import discovery_rate, hotspots, local_moran
from gridgeo.errors import CRSError, GeometryError, ParameterError

GOLDEN = Path(__file__).parents[1] / "golden"
METRES = 4549

# esda's own example (docstring of G_Local): six points, neighbours up to 15.
SIX = gpd.GeoSeries.from_xy([10, 20, 40, 15, 30, 30], [10, 10, 10, 20, 20, 30], crs=METRES)
Y = pd.Series([2, 3, 3.2, 5, 8, 7])

SEEDS = st.integers(0, 2**32 - 1)


def town(seed, n=30):
    rng = np.random.default_rng(seed)
    places = gpd.GeoSeries.from_xy(*rng.uniform(0, 1000, (2, n)), crs=METRES)
    return pd.Series(rng.gamma(2, 5, n)), places


# --- published figures ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("band_m", "z"), [(30, 1.221979), (60, 1.748098), (90, 1.986135), (120, 1.893374)]
)
def test_remote_sensing_example_agrees_with_spdep(band_m, z):
    pixels = pd.read_csv(GOLDEN / "getis_ord_1996" / "pixels.csv")
    places = gpd.GeoSeries.from_xy(pixels["x"], pixels["y"], crs=METRES)
    found = hotspots(pixels["val"], places, band_m, star=False)
    assert found["z"].iloc[256 - 136 - 1] == pytest.approx(z, abs=5e-7)


def test_gi_star_of_getis_and_ord():
    pixels = pd.read_csv(GOLDEN / "getis_ord_1996" / "pixels.csv")
    places = gpd.GeoSeries.from_xy(pixels["x"], pixels["y"], crs=METRES)
    found = hotspots(pixels["val"], places, 30, star=True)
    assert found["z"].iloc[256 - 136 - 1] == pytest.approx(1.45078, abs=5e-6)


def test_six_points_agree_with_esda():
    assert hotspots(Y, SIX, 15, star=False)["z"].iloc[0] == pytest.approx(-1.0136729, abs=1e-7)
    assert hotspots(Y, SIX, 15, star=True)["z"].iloc[0] == pytest.approx(-1.39727626, abs=1e-7)


@pytest.mark.parametrize("star", [True, False])
def test_a_town_agrees_with_esda(star):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from esda.getisord import G_Local
        from libpysal.weights import DistanceBand

        values, places = town(1, 200)
        band = DistanceBand(np.c_[places.x, places.y], 120, binary=True, silence_warnings=True)
        theirs = G_Local(values.to_numpy(), band, transform="B", permutations=0, star=star)
    ours = hotspots(values, places, 120, star=star)["z"].to_numpy()
    told = np.isfinite(ours)
    assert told.sum() >= 190
    assert ours[told] == pytest.approx(theirs.Zs[told], rel=1e-9)


def test_local_moran_agrees_with_the_moments_of_esda():
    # esda divides I by n − 1 where its moments divide by n; the moments are those of Sokal et
    # al. 1998, eq. A7 and A8, so I is taken with n, as there.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from esda.moran import Moran_Local
        from libpysal.weights import DistanceBand

        values, places = town(2, 200)
        band = DistanceBand(np.c_[places.x, places.y], 120, binary=True, silence_warnings=True)
        theirs = Moran_Local(values.to_numpy(), band, transformation="R", permutations=0)
    ours = local_moran(values, places, 120)
    told = ours["z"].notna().to_numpy()
    moran = theirs.Is[told] * 200 / 199
    assert told.sum() >= 190
    assert ours["moran"].to_numpy()[told] == pytest.approx(moran)
    z = (moran - theirs.EIc[told]) / np.sqrt(theirs.VIc[told])
    assert ours["z"].to_numpy()[told] == pytest.approx(z)


def test_z_is_that_of_shuffling():
    values, places = town(3)
    shuffled = np.random.default_rng(0).permuted(np.tile(values, (20_000, 1)), axis=1)
    near = np.hypot(*(np.subtract.outer(c, c) for c in (places.x.values, places.y.values))) <= 300
    lag = shuffled @ near
    z = (near @ values.to_numpy() - lag.mean(axis=0)) / lag.std(axis=0)
    assert hotspots(values, places, 300)["z"].to_numpy() == pytest.approx(z, abs=0.05)


# --- laws -------------------------------------------------------------------------------------


@given(seed=SEEDS, dx=st.floats(-1e6, 1e6), times=st.floats(0.1, 10), plus=st.floats(-50, 50))
def test_moving_the_city_and_changing_the_unit_change_nothing(seed, dx, times, plus):
    values, places = town(seed)
    here = hotspots(values, places, 250.0)
    there = hotspots(values * times + plus, places.translate(dx, -dx), 250.0)
    assert there["z"].to_numpy() == pytest.approx(here["z"].to_numpy(), abs=1e-6)


@given(seed=SEEDS, star=st.booleans())
def test_the_order_of_grids_changes_nothing(seed, star):
    values, places = town(seed)
    order = np.random.default_rng(seed).permutation(len(values))
    found = hotspots(values.iloc[order], places, 250, star=star).sort_index()
    expected = hotspots(values, places, 250, star=star)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


@given(seed=SEEDS)
def test_turning_values_over_turns_hot_into_cold(seed):
    values, places = town(seed)
    hot, cold = hotspots(values, places, 250, fdr=0.5), hotspots(-values, places, 250, fdr=0.5)
    assert cold["z"].to_numpy() == pytest.approx(-hot["z"].to_numpy())
    turned = hot["verdict"].map({"hot": "cold", "cold": "hot", "": ""})
    assert cold["verdict"].tolist() == turned.tolist()


@given(hnp.arrays(np.float64, st.integers(0, 40), elements=st.floats(0, 1) | st.just(np.nan)))
def test_false_discovery_control_is_that_of_scipy(p):
    tested = ~np.isnan(p)
    q = discovery_rate(p)
    assert np.isnan(q[~tested]).all()
    if tested.any():
        assert q[tested] == pytest.approx(stats.false_discovery_control(p[tested]))


def test_pure_chance_makes_few_hot_spots():
    rng = np.random.default_rng(8)
    places = gpd.GeoSeries.from_xy(*rng.uniform(0, 10_000, (2, 500)), crs=METRES)
    called = [
        hotspots(pd.Series(rng.normal(size=500)), places, 1200)["verdict"].ne("").any()
        for _ in range(60)
    ]
    assert np.mean(called) <= 0.15


# --- hand-worked cases and edges ----------------------------------------------------------------


def test_a_planted_hot_and_cold_spot_are_found():
    cells = [box(x, y, x + 100, y + 100) for x in range(0, 2000, 100) for y in range(0, 2000, 100)]
    grids = gpd.GeoSeries(cells, crs=METRES)
    x, y = grids.centroid.x, grids.centroid.y
    rng = np.random.default_rng(4)
    values = pd.Series(rng.normal(10, 1, 400))
    values[(x < 300) & (y < 300)] += 6
    values[(x > 1700) & (y > 1700)] -= 6
    found = hotspots(values, grids, 150)
    assert found["verdict"][(x < 300) & (y < 300)].eq("hot").all()
    assert found["verdict"][(x > 1700) & (y > 1700)].eq("cold").all()
    assert found["verdict"].value_counts().loc[["hot", "cold"]].max() <= 20
    moran = local_moran(values, grids, 150)["verdict"]
    assert moran[(x < 200) & (y < 200)].eq("high-high").all()
    assert moran[(x > 1800) & (y > 1800)].eq("low-low").all()


def test_one_grid_that_stands_out():
    cells = gpd.GeoSeries.from_xy(np.tile(range(20), 20), np.repeat(range(20), 20), crs=METRES)
    x, y = cells.x, cells.y
    values = pd.Series(np.where((x - 10) ** 2 + (y - 10) ** 2 <= 8, 30.0, 10.0) + (x + y) % 3)
    values[210] = 1.0  # in the midst of the high ones
    assert local_moran(values, cells, 1.5)["verdict"][210] == "low-high"


def test_a_neighbour_at_the_band_itself_counts():
    row = gpd.GeoSeries.from_xy([0, 300, 601], [0, 0, 0], crs=METRES)
    z = hotspots(pd.Series([1.0, 2.0, 5.0]), row, 300, star=False)["z"]
    assert z.notna().tolist() == [True, True, False]


def test_missing_values_are_no_neighbours():
    values, places = town(5)
    values.iloc[:4] = np.nan
    found = hotspots(values, places, 250)
    alone = hotspots(values.iloc[4:], places.iloc[4:], 250)
    pd.testing.assert_frame_equal(found.iloc[4:], alone, rtol=1e-9)
    assert found["z"].iloc[:4].isna().all()
    assert found["verdict"].iloc[:4].eq("").all()


@pytest.mark.parametrize("value", [0.0, 7.0, 1e9 + 0.1])
def test_values_all_the_same_say_nothing(value):
    _, places = town(6)
    same = pd.Series(np.full(30, value))
    for found in (hotspots(same, places, 250), local_moran(same, places, 250)):
        assert found["z"].isna().all()
        assert found["verdict"].eq("").all()


def test_no_neighbour_and_every_neighbour_say_nothing():
    assert hotspots(Y, SIX, 1, star=False)["z"].isna().all()
    assert hotspots(Y, SIX, 1000, star=True)["z"].isna().all()


def test_no_grids_at_all():
    empty = gpd.GeoSeries([], crs=METRES)
    found = hotspots(pd.Series([], dtype="float64"), empty, 100)
    assert found.columns.tolist() == ["z", "p", "q", "verdict"]
    assert len(found) == 0


def test_the_geometry_may_stand_in_another_order():
    found = hotspots(Y, SIX.iloc[::-1], 15)
    pd.testing.assert_frame_equal(found, hotspots(Y, SIX, 15))


def test_refuses_what_cannot_be_measured():
    with pytest.raises(CRSError, match=r"to_metric\(geometry\)"):
        hotspots(Y, SIX.set_crs(4490, allow_override=True), 15)
    with pytest.raises(GeometryError, match="1 rows of geometry have no place, such as 5"):
        hotspots(Y, gpd.GeoSeries([*SIX[:5], Point()], crs=METRES), 15)
    with pytest.raises(ParameterError, match="geometry has 6 rows, values 5"):
        hotspots(Y[:5], SIX, 15)
    with pytest.raises(ParameterError, match=r"band_m is 0; it must be above 0"):
        hotspots(Y, SIX, 0)
    with pytest.raises(ParameterError, match=r"fdr is 1\.0; it must lie between 0 and 1"):
        hotspots(Y, SIX, 15, fdr=1.0)
    with pytest.raises(ParameterError, match="1 of 6 values are infinite"):
        hotspots(Y.replace(8, np.inf), SIX, 15)
    with pytest.raises(ParameterError, match="values holds something that is no number"):
        hotspots(Y.astype("object").replace(8, "many"), SIX, 15)
