import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgeo.analysis.scan import scan
from gridgeo.errors import ParameterError

NEW_YORK = Path(__file__).parents[1] / "golden" / "ny_leukemia"
SEEDS = st.integers(0, 2**32 - 1)


def town(seed, n=12):
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(1, 4, n)), rng.integers(1, 90, n), rng.uniform(0, 1000, (n, 2))


def llr_of(c, e, C):
    """Kulldorff 1997, from the likelihoods of two Poisson means against one."""

    def log_l(cases, mean):
        return (cases * np.log(mean) if cases else 0.0) - mean

    return log_l(c, c) + log_l(C - c, C - c) - log_l(c, e) - log_l(C - c, C - e)


def every_circle(cases, population, xy, max_share, high):
    """All circles there are, one by one: (llr, set of areas)."""
    C, N = cases.sum(), population.sum()
    for middle in xy:
        away = np.hypot(*(xy - middle).T)
        for radius in away:
            ids = np.flatnonzero(away <= radius)
            c, n = cases[ids].sum(), population[ids].sum()
            e = C * n / N
            if n <= max_share * N and n < N and (c > e if high else c < e):
                yield llr_of(c, e, C), frozenset(ids.tolist())


def key(clusters):
    return [(frozenset(c.ids.tolist()), c.cases, round(c.llr, 8), c.p) for c in clusters]


# --- published figures ------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "max_share"), [("clusters", 0.5), ("clusters_10", 0.1)])
def test_leukaemia_in_new_york_agrees_with_satscan(name, max_share):
    tracts = pd.read_csv(NEW_YORK / "tracts.csv")
    published = pd.read_csv(NEW_YORK / f"{name}.csv")
    where = tracts[["latitude", "longitude"]]
    found = scan(tracts["cases"], tracts["population"], where, max_share)
    ranks = published["rank"] - 1 if "rank" in published else published.index
    for rank, theirs in zip(ranks, published.itertuples(), strict=True):
        ours = found[rank]
        ids = [int(tract) - 1 for tract in theirs.tracts.split()]
        assert set(ours.ids) == set(ids)
        assert ours.ids[0] == ids[0]
        assert tracts["population"].iloc[ours.ids].sum() == theirs.population
        assert ours.cases == theirs.cases
        assert ours.expected == pytest.approx(theirs.expected, abs=0.005)
        assert ours.relative_risk == pytest.approx(theirs.relative_risk, abs=0.005)
        assert ours.llr == pytest.approx(theirs.llr, abs=5e-7)
        assert ours.p == pytest.approx(theirs.p, abs=0.05)


# --- laws -------------------------------------------------------------------------------------


@given(seed=SEEDS, max_share=st.sampled_from([0.2, 0.5, 1.0]), high=st.booleans())
def test_the_first_cluster_is_the_best_of_all_circles(seed, max_share, high):
    cases, population, xy = town(seed)
    found = scan(cases, population, xy, max_share, high, simulations=0)
    circles = list(every_circle(cases, population, xy, max_share, high))
    if not circles:
        assert found == []
        return
    best = max(circles, key=lambda circle: circle[0])
    assert found[0].llr == pytest.approx(best[0])
    alike = [ids for llr, ids in circles if llr == pytest.approx(best[0])]
    assert frozenset(found[0].ids.tolist()) in alike


@given(seed=SEEDS, high=st.booleans())
def test_clusters_share_no_area_and_fall_in_likelihood(seed, high):
    cases, population, xy = town(seed)
    found = scan(cases, population, xy, high=high, simulations=9)
    ids = [i for cluster in found for i in cluster.ids]
    assert len(ids) == len(set(ids))
    llr = [cluster.llr for cluster in found]
    assert llr == sorted(llr, reverse=True)
    assert [c.p for c in found] == sorted(c.p for c in found)
    for c in found:
        assert c.cases == cases[c.ids].sum()
        assert (c.cases > c.expected) == high
        assert (c.relative_risk > 1) == high
        assert c.llr == pytest.approx(llr_of(c.cases, c.expected, cases.sum()))


@given(seed=SEEDS)
def test_moving_the_city_changes_nothing(seed):
    cases, population, xy = town(seed)
    here = scan(cases, population, xy, simulations=19)
    there = scan(cases, population, xy + np.array([4e6, -3e6]), simulations=19)
    assert key(here) == key(there)


@given(seed=SEEDS)
def test_the_order_of_areas_changes_no_cluster(seed):
    cases, population, xy = town(seed)
    order = np.random.default_rng(seed).permutation(len(cases))
    here = scan(cases, population, xy, simulations=0)
    there = scan(cases[order], population[order], xy[order], simulations=0)
    assert here[:1] == [] or here[0].llr == pytest.approx(there[0].llr)


@settings(max_examples=20)
@given(seed=SEEDS, times=st.floats(0.01, 100))
def test_the_unit_of_the_population_changes_nothing(seed, times):
    cases, population, xy = town(seed)
    here = scan(cases, population, xy, simulations=0)
    there = scan(cases, population * times, xy, simulations=0)
    assert [c.llr for c in here] == pytest.approx([c.llr for c in there])


def test_p_is_right_where_nothing_is_the_matter():
    # Under the null p is spread evenly: 5 % of random maps have p <= 0.05.
    rng = np.random.default_rng(3)
    xy, population = rng.uniform(0, 1, (40, 2)), rng.integers(100, 300, 40)
    p = []
    for seed in range(400):
        cases = np.random.default_rng(seed).multinomial(120, population / population.sum())
        p.append(scan(cases, population, xy, simulations=99, rng=seed + 1000)[0].p)
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.025)
    assert np.mean(p) == pytest.approx(0.505, abs=0.05)


def test_the_seed_decides():
    cases, population, xy = town(5, 60)
    one, again = (scan(cases, population, xy, rng=7) for _ in range(2))
    assert key(one) == key(again)
    assert key(one) == key(scan(cases, population, xy, rng=np.random.default_rng(7)))
    assert key(one) != key(scan(cases, population, xy, rng=8))


# --- hand-worked cases and edges ----------------------------------------------------------------


def test_a_cluster_by_hand():
    # 3 of 4 cases in a quarter of the people: e = 1, llr = 3 ln 3 + ln(1/3) = 2 ln 3; the rate
    # inside is 3/1, outside 1/3.
    row = [[0, 0], [9, 0], [20, 0], [32, 0]]
    found = scan([3, 1, 0, 0], [5] * 4, row, 0.25, simulations=0)
    assert found[0].ids.tolist() == [0]
    assert found[0].expected == 1.0
    assert found[0].llr == pytest.approx(2 * np.log(3))
    assert found[0].relative_risk == pytest.approx(9.0)
    assert found[0].p == 1.0


def test_all_cases_in_one_circle():
    found = scan([4, 0, 0], [1, 1, 2], [[0, 0], [1, 0], [3, 0]], simulations=0)
    assert found[0].llr == pytest.approx(4 * np.log(4))
    assert found[0].relative_risk == np.inf


def test_two_planted_clusters_are_found_with_their_areas():
    x, y = np.meshgrid(np.arange(20.0), np.arange(20.0))
    xy = np.column_stack([x.ravel(), y.ravel()])
    near = [np.hypot(*(xy - middle).T) <= 2.0 for middle in ([4, 4], [15, 14])]
    rng = np.random.default_rng(1)
    cases = rng.poisson(np.where(near[0], 40, np.where(near[1], 35, 10)))
    found = scan(cases, np.full(400, 500), xy)
    assert [set(c.ids) for c in found[:2]] == [set(np.flatnonzero(which)) for which in near]
    assert found[0].p == found[1].p == 0.001
    assert found[2].p > 0.05
    few = scan(np.where(near[0], 2, cases), np.full(400, 500), xy, high=False)
    assert set(few[0].ids) == set(np.flatnonzero(near[0]))
    assert few[0].p == 0.001


@pytest.mark.parametrize("hot", range(1, 9))
def test_areas_at_one_distance_enter_together(hot):
    # Eight areas 500 m round a ninth, whose distances differ in the last digits: no circle holds
    # the middle and the hot one alone, the smallest is one round the hot one with its neighbours.
    turn = np.array([0.1, 0.9, 1.7, 2.6, 3.3, 4.2, 5.0, 5.8])
    ring = 500 * np.column_stack([np.cos(turn), np.sin(turn)])
    xy = np.vstack([[0, 0], ring, [5000, 0]]) + np.array([5e5, 3.5e6])
    cases = np.zeros(10)
    cases[[0, hot, 9]] = 9
    found = scan(cases, [10] * 9 + [300], xy, 1.0, simulations=0)
    assert [len(cluster.ids) for cluster in found if 0 in cluster.ids] == [4]


def test_shapes_count_by_their_centroids():
    cases, population, xy = town(4)
    places = gpd.GeoSeries.from_xy(*xy.T, crs=4549)
    squares = places.buffer(5, cap_style="square")
    assert key(scan(cases, population, squares)) == key(scan(cases, population, xy))


def test_no_areas_no_cases_and_one_area():
    assert scan([], [], np.empty((0, 2))) == []
    assert scan([0, 0], [5, 5], [[0, 0], [1, 1]]) == []
    assert scan([7], [5], [[0, 0]], max_share=1.0) == []
    assert scan([1, 1], [5, 5], [[0, 0], [0, 0]]) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cases": [1.5, 1]}, "1 of 2 cases are no whole numbers"),
        ({"cases": [-1, 1]}, "1 of 2 figures of cases are negative"),
        ({"population": [0, 1]}, "1 areas have cases but nobody lives there, .* positions 0"),
        ({"population": [1]}, r"population \(1,\)"),
        ({"xy": [[0, 0], [np.nan, 1]]}, "1 areas have no place"),
        ({"max_share": 0}, "max_share is 0; it must be above 0 and at most 1"),
        ({"simulations": -1}, "simulations is -1; it must be 0 or more"),
    ],
)
def test_refuses_what_does_not_fit(change, says):
    usual = {"cases": [1, 1], "population": [1, 1], "xy": [[0, 0], [1, 1]]}
    with pytest.raises(ParameterError, match=says):
        scan(**usual | change)


def test_a_city_is_scanned_in_seconds():
    # A fifth of the target: 2,000 areas and 999 simulations in 15 s of one processor.
    rng = np.random.default_rng(1)
    population = rng.integers(200, 600, 2000)
    cases, xy = rng.poisson(population * 0.05), rng.uniform(0, 30_000, (2000, 2))
    scan(cases[:9], population[:9], xy[:9], simulations=1)
    began = time.process_time()
    scan(cases, population, xy, simulations=199)
    assert time.process_time() - began <= 3
