import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from gridgeo.analysis.emerging import emerging_hotspots, mann_kendall
from gridgeo.analysis.hotspots import hotspots
from gridgeo.errors import CRSError, ParameterError

METRES = 4549
LATTICE = gpd.GeoSeries.from_xy(
    np.tile(range(0, 2000, 100), 20), np.repeat(range(0, 2000, 100), 20), crs=METRES
)
SERIES = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(0, 12)),
    elements=st.integers(0, 6).map(float) | st.just(np.nan),
)

# --- trend ------------------------------------------------------------------------------------


@given(SERIES)
def test_mann_kendall_counts_pairs(series):
    z, p = mann_kendall(series)
    for row, found, chance in zip(series, z, p, strict=True):
        x = row[~np.isnan(row)]
        t = len(x)
        S = sum(np.sign(x[j] - x[i]) for i in range(t) for j in range(i + 1, t))
        ties = sum(u * (u - 1) * (2 * u + 5) for u in np.unique(x, return_counts=True)[1])
        variance = (t * (t - 1) * (2 * t + 5) - ties) / 18
        if variance == 0:
            assert np.isnan(found)
            assert chance == 1
        else:
            assert found == pytest.approx((S - np.sign(S)) / np.sqrt(variance))
            assert chance == pytest.approx(2 * stats.norm.sf(abs(found)))


def test_mann_kendall_of_an_environmental_handbook():
    # US EPA QA/G-9S (2006), example of the test for few values: 5, 6, 11, 8, 10 have 8 rising
    # and 2 falling pairs, S = 6; Var S = 5·4·15/18.
    z, _ = mann_kendall(np.array([[5.0, 6.0, 11.0, 8.0, 10.0]]))
    assert z[0] == pytest.approx(5 / np.sqrt(300 / 18))


def test_mann_kendall_agrees_with_kendalls_tau():
    # Without ties the variance is that of scipy's asymptotic test, which does not move S by 1.
    rng = np.random.default_rng(2)
    x = rng.normal(size=(5, 60)).cumsum(axis=1)
    z, _ = mann_kendall(x)
    for row, found in zip(x, z, strict=True):
        S = stats.kendalltau(np.arange(60), row).statistic * 60 * 59 / 2
        assert found == pytest.approx((S - np.sign(S)) / np.sqrt(60 * 59 * 125 / 18))


@given(SERIES)
def test_turning_time_round_turns_the_trend(series):
    z, p = mann_kendall(series)
    back, same = mann_kendall(series[:, ::-1])
    assert back == pytest.approx(-z, nan_ok=True)
    assert same == pytest.approx(p)


def test_refuses_a_single_series_without_its_row():
    with pytest.raises(ParameterError, match="series has 1 dimensions"):
        mann_kendall(np.arange(4.0))


# --- categories -------------------------------------------------------------------------------


def city(seed, **spots):
    """20 × 20 grids and 20 periods of noise; each spot is a corner's heat by period."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (20, 20, 20))
    corners = {"nw": (0, 0), "ne": (0, 16), "sw": (16, 0), "se": (16, 16)}
    for name, heat in spots.items():
        r, c = corners[name]
        values[r : r + 4, c : c + 4] += np.asarray(heat, float)
    frame = pd.DataFrame(values.reshape(400, 20))
    verdict = emerging_hotspots(frame, LATTICE, 150)["verdict"].to_numpy().reshape(20, 20)
    return {name: verdict[r + 1, c + 1] for name, (r, c) in corners.items()}


def on(*periods, level=6.0):
    heat = np.zeros(20)
    heat[list(periods)] = level
    return heat


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spots_are_named_as_they_came_and_went(seed):
    assert city(
        seed,
        nw=on(19),
        ne=on(15, 16, 17, 18, 19),
        sw=on(1, 4, 5, 11, 16, 19),
        se=on(19) - on(2, 3),
    ) == {"nw": "new hot", "ne": "consecutive hot", "sw": "sporadic hot", "se": "oscillating hot"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lasting_spots_are_named_by_their_trend(seed):
    assert city(
        seed,
        nw=np.linspace(4, 16, 20),
        sw=np.linspace(-16, -4, 20),
        ne=on(*range(19), level=-9.0),
    ) == {"nw": "intensifying hot", "sw": "diminishing cold", "ne": "historical cold", "se": ""}


def test_a_steady_spot_persists():
    rng = np.random.default_rng(9)
    values = np.tile(rng.normal(0, 1, 400)[:, None], 20)
    values[:3] += 9
    values[20:23] += 9
    values[40:43] += 9
    found = emerging_hotspots(pd.DataFrame(values), LATTICE, 150)
    assert found["verdict"].iloc[21] == "persistent hot"
    assert found["hot_periods"].iloc[21] == 20
    assert found["trend_p"].eq(1).all()


# --- laws and edges ---------------------------------------------------------------------------


def test_one_period_calls_the_grids_that_gi_star_calls():
    values = pd.Series(np.random.default_rng(5).normal(0, 1, 400))
    values[:60] += 2
    found = emerging_hotspots(values.to_frame(), LATTICE, 150)
    alone = hotspots(values, LATTICE, 150)["verdict"]
    assert alone.eq("hot").any()
    assert found["hot_periods"].eq(1).tolist() == alone.eq("hot").tolist()
    assert found["verdict"].eq("new hot").tolist() == alone.eq("hot").tolist()


@given(seed=st.integers(0, 2**32 - 1))
def test_turning_values_over_turns_hot_into_cold(seed):
    rng = np.random.default_rng(seed)
    values = pd.DataFrame(rng.gamma(1, 1, (400, 6)))
    values.iloc[:50] *= rng.gamma(2, 1, 6)
    hot, cold = (emerging_hotspots(v, LATTICE, 150) for v in (values, -values))
    turned = hot["verdict"].str.replace("hot", "COLD").str.replace("cold", "hot").str.lower()
    assert cold["verdict"].tolist() == turned.tolist()
    assert cold["trend"].to_numpy() == pytest.approx(-hot["trend"].to_numpy(), nan_ok=True)


def test_no_periods_and_missing_values():
    none = emerging_hotspots(pd.DataFrame(index=LATTICE.index), LATTICE, 150)
    assert none["verdict"].eq("").all()
    values = pd.DataFrame(np.random.default_rng(6).normal(size=(400, 4)))
    values.iloc[7] = np.nan
    found = emerging_hotspots(values, LATTICE, 150).iloc[7]
    assert (found["hot_periods"], found["verdict"], found["trend_p"]) == (0, "", 1)


def test_refuses_degrees_and_levels_out_of_range():
    values = pd.DataFrame(np.ones((400, 2)))
    with pytest.raises(CRSError, match=r"to_metric\(geometry\)"):
        emerging_hotspots(values, LATTICE.set_crs(4490, allow_override=True), 150)
    with pytest.raises(ParameterError, match="alpha is 0; it must lie between 0 and 1"):
        emerging_hotspots(values, LATTICE, 150, alpha=0)


def test_two_years_of_months_take_a_fraction_of_a_second():
    rng = np.random.default_rng(0)
    places = gpd.GeoSeries.from_xy(*rng.uniform(0, 25_000, (2, 2000)), crs=METRES)
    values = pd.DataFrame(rng.poisson(10, (2000, 24)))
    took = []
    for _ in range(3):
        began = time.process_time()
        emerging_hotspots(values, places, 1500)
        took.append(time.process_time() - began)
    assert min(took) <= 0.2
