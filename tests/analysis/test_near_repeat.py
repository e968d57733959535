from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gridgeo.analysis.near_repeat import near_repeats
from gridgeo.errors import CRSError, GeometryError, ParameterError

GOLDEN = Path(__file__).parents[1] / "golden"
METRES = 4549
SEEDS = st.integers(0, 2**32 - 1)


def places(xy):
    return gpd.GeoSeries.from_xy(*np.reshape(np.asarray(xy, float), (-1, 2)).T, crs=METRES)


def town(seed, n=25):
    # Whole metres and days, so that distances and lags fall on the ends of bands, too.
    rng = np.random.default_rng(seed)
    return places(rng.integers(0, 12, (n, 2)) * 10), pd.Series(rng.integers(0, 30, n))


# --- published figures ------------------------------------------------------------------------


def test_burkitts_lymphoma_agrees_with_pointpats():
    cases = pd.read_csv(GOLDEN / "burkitt" / "cases.csv")
    found = near_repeats(places(cases[["x", "y"]]), cases["day"], [20], [5]).iloc[0]
    assert found["pairs"] == 13
    assert found["expected"] == pytest.approx(3429 * 52 / 17578)
    assert found["expected"] == pytest.approx(10.1438161, rel=1e-7)
    assert found["ratio"] == pytest.approx(13 / 10.1438161)
    assert found["p"] == pytest.approx(0.21, abs=0.05)
    # Theirs leaves out what was seen: P(X > 13).
    theirs = found["p_poisson"] - stats.poisson.pmf(13, found["expected"])
    assert theirs == pytest.approx(0.14624558, abs=1e-7)


# --- laws -------------------------------------------------------------------------------------


@given(seed=SEEDS)
def test_every_pair_is_counted_once_in_its_band(seed):
    points, days = town(seed)
    far, late = [20, 50, 120], [0.5, 3, 30]
    found = near_repeats(points, days, far, late, simulations=0)
    x, y, t = points.x.to_numpy(), points.y.to_numpy(), days.to_numpy()
    i, j = np.triu_indices(len(t), 1)
    away, lag = np.hypot(x[i] - x[j], y[i] - y[j]), abs(t[i] - t[j])
    for row in found.itertuples():
        near = (away <= row.to_m) & ((away > row.from_m) | (row.from_m == 0))
        soon = (lag <= row.to_days) & ((lag > row.from_days) | (row.from_days == 0))
        assert row.pairs == (near & soon).sum()
        assert row.expected == pytest.approx(near.sum() * soon.sum() / len(i))
        assert row.p == 1.0
        if row.expected:
            assert row.p_poisson == pytest.approx(
                1 - stats.poisson.cdf(row.pairs - 1, row.expected), abs=1e-12
            )


@given(seed=SEEDS)
def test_moving_and_reordering_change_nothing(seed):
    points, days = town(seed)
    here = near_repeats(points, days, [30, 60], [2, 9], simulations=0)
    moved = near_repeats(points.translate(4e6, 3e6), days + 500, [30, 60], [2, 9], simulations=0)
    pd.testing.assert_frame_equal(moved, here)
    order = np.random.default_rng(seed).permutation(len(days))
    other = near_repeats(points.iloc[order], days, [30, 60], [2, 9], simulations=0)
    pd.testing.assert_frame_equal(other, here)


def test_expected_is_the_mean_over_all_orders():
    points, days = town(3, 40)
    rng = np.random.default_rng(0)
    seen = [
        near_repeats(points, pd.Series(rng.permutation(days)), [40], [4], simulations=0)["pairs"][0]
        for _ in range(1500)
    ]
    expected = near_repeats(points, days, [40], [4], simulations=0)["expected"][0]
    assert np.mean(seen) == pytest.approx(expected, rel=0.03)


def test_p_is_right_where_place_and_time_have_nothing_to_do_with_each_other():
    p = [near_repeats(*town(seed, 40), [40], [4], 99, 1000 + seed)["p"][0] for seed in range(300)]
    assert np.mean(np.array(p) <= 0.05) <= 0.08
    assert np.mean(p) == pytest.approx(0.52, abs=0.06)


def test_planted_repeats_are_found_in_their_band_alone():
    rng = np.random.default_rng(1)
    first = rng.uniform(0, 10_000, (300, 2))
    again = first[:60] + rng.uniform(-60, 60, (60, 2))
    day = rng.uniform(0, 365, 300)
    soon = day[:60] + rng.uniform(0, 7, 60)
    stamps = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.append(day, soon), unit="D")
    found = near_repeats(
        places(np.vstack([first, again])), pd.Series(stamps), [100, 500], [7, 60], rng=3
    )
    close = (found["to_m"] == 100) & (found["to_days"] == 7)
    assert found.loc[close, "p"].item() == 0.001
    assert found.loc[close, "ratio"].item() > 10
    assert (found.loc[~close, "p"] > 0.01).all()


def test_the_seed_decides():
    one, again, other = (near_repeats(*town(4), [40], [4], rng=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert one["p"][0] != other["p"][0]


# --- edges ------------------------------------------------------------------------------------


def test_the_end_of_a_band_belongs_to_it_to_the_second():
    where = places([[0, 0], [30, 40]])
    at = pd.to_datetime(pd.Series(["2026-03-01T08:00:01Z", "2026-03-15T08:00:01Z"]))
    assert near_repeats(where, at, [50], [14], 0)["pairs"][0] == 1
    late = at + pd.to_timedelta([0, 1], unit="s")
    assert near_repeats(where, late, [50], [14], 0)["pairs"][0] == 0
    assert near_repeats(where, at, [49.999], [14], 0)["pairs"][0] == 0


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_incidents_make_no_pairs(n):
    found = near_repeats(places(np.zeros((n, 2))), pd.Series(np.zeros(n)), [10], [1]).iloc[0]
    assert (found["pairs"], found["expected"], found["p"]) == (0, 0, 1)
    assert np.isnan(found["ratio"])


def test_refuses_what_cannot_be_counted():
    points, days = town(1, 4)
    with pytest.raises(CRSError, match=r"to_metric\(points\)"):
        near_repeats(points.set_crs(4490, allow_override=True), days, [10], [1])
    with pytest.raises(GeometryError, match="1 rows of points have no place, such as 3"):
        near_repeats(gpd.GeoSeries([*points[:3], None], crs=METRES), days, [10], [1])
    with pytest.raises(ParameterError, match="1 of 4 incidents have no time"):
        near_repeats(points, days.where(days.index != 2), [10], [1])
    with pytest.raises(ParameterError, match=r"times is of type .*; dates or numbers"):
        near_repeats(points, days.astype("str"), [10], [1])
    for bands in ([], [0, 10], [20, 10], [np.nan]):
        with pytest.raises(ParameterError, match=r"bands_m is .* must rise from above 0"):
            near_repeats(points, days, bands, [1])
    with pytest.raises(ParameterError, match="simulations is -1"):
        near_repeats(points, days, [10], [1], simulations=-1)
