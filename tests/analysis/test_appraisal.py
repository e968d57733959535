"""Long because the shares, the ratios, the funnels and the grades share their strategies."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gridgeo.analysis.appraisal import (
    Metric,
    fit_beta,
    funnel,
    grades,
    observed_over_expected,
    over_dispersion,
    ratio_interval,
    roll_up,
    shrunk_shares,
)
from gridgeo.analysis.appraisal.grades import UNDECIDED, least_denominator
from gridgeo.errors import ParameterError

GOLDEN = Path(__file__).parents[1] / "golden"
SEEDS = st.integers(0, 2**32 - 1)


def counted(seed, units=40, mean=0.9, weight=40.0, most=150):
    """Counts of units whose true shares differ by nature."""
    rng = np.random.default_rng(seed)
    n = rng.integers(0, most, units)
    true = rng.beta(mean * weight, (1 - mean) * weight, units)
    index = pd.Index([f"g{k}" for k in range(units)])
    return pd.Series(rng.binomial(n, true), index), pd.Series(n, index)


# --- shares, known from elsewhere ---------------------------------------------------------------


def test_the_sexes_of_children_in_saxony():
    families = pd.read_csv(GOLDEN / "saxony" / "families.csv")
    boys = np.repeat(families["boys"], families["families"])
    a, b, kind = fit_beta(boys, np.full(len(boys), 12))
    assert kind == "fitted"
    assert (a, b) == pytest.approx((34.09558, 31.5715), rel=3e-4)
    chance = stats.betabinom.pmf(families["boys"], 12, a, b)
    logs = families["families"] @ np.log(chance)
    assert 4 - 2 * logs == pytest.approx(24989.74, abs=0.005)
    assert 6115 * chance == pytest.approx(families["expected"], abs=0.1)


def test_the_days_on_which_people_drink():
    days = pd.read_csv(GOLDEN / "alcohol_days" / "days.csv")
    drank = np.repeat(days["days"], days["people"])
    a, b, _ = fit_beta(drank, np.full(len(drank), 7))
    assert (a, b) == pytest.approx((0.7229420, 0.5808483), rel=1e-5)
    loss = -days["people"] @ stats.betabinom.logpmf(days["days"], 7, a, b)
    assert loss == pytest.approx(813.4571, abs=5e-5)


@given(seed=SEEDS)
def test_no_other_prior_near_by_is_likelier(seed):
    y, n = counted(seed)
    a, b, kind = fit_beta(y, n)
    if kind != "fitted":
        return

    def logs(a, b):
        return stats.betabinom.logpmf(y, n, a, b).sum()

    best = logs(a, b)
    for by_a, by_b in ((1.02, 1), (0.98, 1), (1, 1.02), (1, 0.98), (1.1, 1.1), (0.9, 0.9)):
        assert logs(a * by_a, b * by_b) <= best + 1e-9


def test_a_planted_spread_is_found():
    rng = np.random.default_rng(3)
    n = rng.integers(20, 200, 5000)
    a, b, _ = fit_beta(rng.binomial(n, rng.beta(18, 2, len(n))), n)
    assert (a, b) == pytest.approx((18, 2), rel=0.06)


def test_peers_who_differ_no_more_than_chance_count_no_more_than_is_proven():
    few = fit_beta(np.full(12, 9), np.full(12, 10))
    many = fit_beta(np.full(1200, 9), np.full(1200, 10))
    assert few.kind == many.kind == "alike"
    assert few.a / (few.a + few.b) == pytest.approx(0.9, abs=0.01)
    assert 1 <= few.a + few.b < many.a + many.b
    # At the weight given, the counts speak against it as much as a test at 5 % lets them.
    y, n, (a, b, _) = np.full(1200, 9), np.full(1200, 10), many
    drop = stats.binom.logpmf(y, n, a / (a + b)).sum() - stats.betabinom.logpmf(y, n, a, b).sum()
    assert 2 * drop == pytest.approx(stats.chi2.ppf(0.9, 1), abs=1e-3)


def test_of_fewer_than_ten_peers_nothing_is_borrowed():
    found = shrunk_shares(pd.Series([9] * 9), pd.Series([10] * 9))
    assert set(found["prior"]) == {"few"}
    assert found["shrunk"].iloc[0] == pytest.approx(9.5 / 11)


@pytest.mark.parametrize("full", [0, 1])
def test_peers_without_any_case_or_without_any_gap_are_no_trouble(full):
    n = pd.Series(range(5, 45))
    found = shrunk_shares(n * full, n)
    assert found["low"].between(0, 1).all()
    assert found["high"].between(0, 1).all()
    assert (found["shrunk"] - full).abs().max() < 0.01


# --- shares: laws -------------------------------------------------------------------------------


@given(seed=SEEDS)
def test_the_order_of_the_units_changes_nothing(seed):
    y, n = counted(seed)
    mixed = np.random.default_rng(seed).permutation(len(y))
    found = shrunk_shares(y, n)
    again = shrunk_shares(y.iloc[mixed], n)
    pd.testing.assert_frame_equal(again.loc[found.index], found, check_exact=True)


@given(seed=SEEDS)
def test_a_share_is_drawn_towards_the_peers_and_never_past_them(seed):
    found = shrunk_shares(*counted(seed)).dropna(subset="share")
    ends = found[["share", "peers_share"]]
    assert (found["shrunk"] >= ends.min(axis=1) - 1e-12).all()
    assert (found["shrunk"] <= ends.max(axis=1) + 1e-12).all()
    assert (found["low"] <= found["shrunk"]).all()
    assert (found["shrunk"] <= found["high"]).all()


@given(seed=SEEDS, times=st.integers(2, 9))
def test_more_of_the_same_evidence_narrows_the_interval(seed, times):
    y, n = counted(seed, units=9)
    once, often = shrunk_shares(y, n), shrunk_shares(y * times, n * times)
    narrow, wide = (f["high"] - f["low"] for f in (often, once))
    assert (narrow[n > 0] < wide[n > 0]).all()


@given(one=SEEDS, other=SEEDS)
def test_groups_of_peers_know_nothing_of_each_other(one, other):
    y, n = counted(one)
    y_far, n_far = (s.add_prefix("far ") for s in counted(other))
    peers = pd.Series(["here"] * len(y) + ["far"] * len(y_far), [*y.index, *y_far.index])
    whole = shrunk_shares(pd.concat([y, y_far]), pd.concat([n, n_far]), peers)
    pd.testing.assert_frame_equal(whole.loc[y.index], shrunk_shares(y, n))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(8)
    true = rng.beta(27, 3, 4000)
    n = pd.Series(rng.integers(5, 120, len(true)))
    found = shrunk_shares(pd.Series(rng.binomial(n, true)), n)
    held = (found["low"] <= true) & (true <= found["high"])
    assert held.mean() == pytest.approx(0.9, abs=0.015)


def test_what_is_not_known_stays_unknown():
    y, n = pd.Series([1, np.nan, 0, 5] * 5), pd.Series([2, 10, 0, np.nan] * 5)
    found = shrunk_shares(y, n)
    assert found["shrunk"].notna().tolist() == [True, False, False, False] * 5
    assert found["peers"].eq(5).all()
    assert grades(found, 0.9, 0.8)["grade"].iloc[1:4].isna().all()


def test_no_unit_is_no_trouble():
    none = pd.Series(dtype="float64")
    assert len(grades(shrunk_shares(none, none), 0.9, 0.8)) == 0
    assert len(funnel(none, none)) == 0


@pytest.mark.parametrize(
    ("y", "n", "said"),
    [
        ([3], [2], "exceeds its denominator in 1 of 1 units, such as 0"),
        ([-1], [2], "negative or infinite"),
        ([1], [np.inf], "negative or infinite"),
        (["many"], [2], "no number"),
        ([1], [2, 3], "same index"),
    ],
)
def test_counts_that_cannot_be_are_refused(y, n, said):
    with pytest.raises(ParameterError, match=said):
        shrunk_shares(pd.Series(y), pd.Series(n))


# --- grades -------------------------------------------------------------------------------------


def hand(y, n):
    """Shares of single units without peers."""
    index = range(len(y))
    return shrunk_shares(pd.Series(y, index), pd.Series(n, index), pd.Series(index))


def test_grades_follow_the_probabilities_of_scipy():
    shares = hand([200, 190, 90, 60, 84], [200, 200, 100, 100, 100])
    found = grades(shares, target=0.95, floor=0.8)
    posterior = stats.beta(shares["alpha"], shares["beta"])
    assert found["p_target"].to_numpy() == pytest.approx(posterior.sf(0.95))
    assert found["p_floor"].to_numpy() == pytest.approx(posterior.cdf(0.8))
    assert found["grade"].tolist() == ["A", "B", "C", "D", "C"]


@given(n=st.integers(1, 300), target=st.floats(0.5, 0.98), gap=st.floats(0.02, 0.4))
def test_a_higher_numerator_never_earns_a_worse_grade(n, target, gap):
    found = grades(hand(list(range(n + 1)), [n] * (n + 1)), target, target - gap)["grade"]
    rank = found.map({"D": 0, "C": 1, "B": 2, "A": 3, UNDECIDED: np.nan})
    assert rank.notna().all() or rank.isna().all()
    assert rank.dropna().is_monotonic_increasing


@given(seed=SEEDS)
def test_low_is_better_mirrors_high_is_better(seed):
    y, n = counted(seed)
    high = grades(shrunk_shares(y, n), 0.95, 0.8)
    low = grades(shrunk_shares(n - y, n), 0.05, 0.2, better="low")
    pd.testing.assert_series_equal(high["grade"], low["grade"])
    assert high["p_target"].to_numpy() == pytest.approx(low["p_target"], abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("target", [0.5, 0.8, 0.95, 0.99])
def test_from_the_least_denominator_on_a_clean_sheet_earns_an_a(target):
    n = least_denominator(target)
    assert stats.beta(n + 0.5, 0.5).sf(target) > 0.9
    assert stats.beta(n - 0.5, 0.5).sf(target) <= 0.9
    found = grades(hand([n, 0, n - 1, 0], [n, n, n - 1, n - 1]), target, target / 2)["grade"]
    assert found.tolist() == ["A", "D" if target > 0.5 else "C", UNDECIDED, UNDECIDED]


def test_what_the_peers_alone_decide_is_no_evidence():
    rng = np.random.default_rng(2)
    n = pd.Series([20] + [20_000] * 60)
    y = pd.Series(rng.binomial(n, 0.97))
    found = grades(shrunk_shares(y, n), 0.9, 0.8)["grade"]
    assert found.iloc[0] == UNDECIDED
    assert set(found.iloc[1:]) == {"A"}


def test_chance_moves_grades_less_than_cliff_scores():
    rng = np.random.default_rng(11)
    true = rng.beta(46, 4, 3000)  # grids are on time with 92 %, give or take 4
    n = pd.Series(rng.integers(20, 80, len(true)))
    cliffs, said = [], []
    for _ in range(2):  # two quarters in which nothing changed
        y = pd.Series(rng.binomial(n, true))
        steps = np.searchsorted([0.8, 0.85, 0.9, 0.95], y / n, side="right")
        cliffs.append(np.array([0, 4, 6, 8, 10])[steps])
        said.append(grades(shrunk_shares(y, n), 0.95, 0.85)["grade"])
    cliff_moved, grade_moved = (cliffs[0] != cliffs[1]).mean(), (said[0] != said[1]).mean()
    assert cliff_moved > 0.4
    assert grade_moved < cliff_moved / 2


@pytest.mark.parametrize(
    ("target", "floor", "better"),
    [(0.8, 0.9, "high"), (0.9, 0.1, "low"), (1.2, 0.5, "high"), (0.9, 0.0, "high")],
)
def test_a_target_that_contradicts_the_floor_is_refused(target, floor, better):
    with pytest.raises(ParameterError, match="needed is 0 <"):
        grades(hand([1], [2]), target, floor, better)


# --- ratios -------------------------------------------------------------------------------------


def test_the_limits_of_counts_are_those_of_the_spreadsheet():
    table = pd.read_csv(GOLDEN / "poisson_limits" / "limits.csv")
    ones = np.ones(len(table))
    for level, said in ((0.95, "95"), (0.998, "998")):
        low, high = ratio_interval(table["observed"], ones, level)
        assert low == pytest.approx(table[f"low_{said}"], rel=1e-6, abs=1e-7)
        assert high == pytest.approx(table[f"high_{said}"], rel=1e-6)


def test_byar_is_within_a_fifth_of_a_percent_from_ten_cases_on():
    table = pd.read_csv(GOLDEN / "poisson_limits" / "limits.csv").query("observed >= 10")
    low, high = ratio_interval(table["observed"], np.ones(len(table)), 0.95, method="byar")
    assert low == pytest.approx(table["low_95"], rel=0.002)
    assert high == pytest.approx(table["high_95"], rel=0.002)


def test_where_nothing_was_observed_the_ratio_may_be_zero():
    low, high = ratio_interval([0], [2.0], 0.95)
    assert low[0] == 0
    assert high[0] == pytest.approx(-np.log(0.025) / 2)


@given(seed=SEEDS, classes=st.integers(1, 4))
def test_peers_expect_what_they_observed(seed, classes):
    rng = np.random.default_rng(seed)
    due = pd.DataFrame(rng.integers(0, 30, (20, classes)))
    late = pd.DataFrame(rng.binomial(due, 0.2))
    kind = pd.Series(rng.choice(["general", "dedicated"], 20))
    found = observed_over_expected(late, due, kind).groupby(kind).sum()
    assert found["observed"].to_numpy() == pytest.approx(found["expected"].to_numpy())


def test_a_unit_with_hard_cases_only_is_not_blamed_for_them():
    due = pd.DataFrame({"easy": [90, 10], "hard": [10, 90]})
    late = pd.DataFrame({"easy": [9, 1], "hard": [5, 45]})
    crude = late.sum(axis=1) / due.sum(axis=1)
    assert crude.tolist() == [0.14, 0.46]
    assert observed_over_expected(late, due)["ratio"].tolist() == [1.0, 1.0]


def test_nothing_expected_gives_no_ratio():
    found = observed_over_expected(pd.DataFrame({"a": [0, 1]}), pd.DataFrame({"a": [0, 2]}))
    assert np.isnan(found.loc[0, ["ratio", "low", "high"]].astype("float64")).all()


def test_more_cases_than_at_risk_are_refused():
    with pytest.raises(ParameterError, match="exceed those at risk in 1 units, such as 0"):
        observed_over_expected(pd.DataFrame({"a": [3]}), pd.DataFrame({"a": [2]}))
    with pytest.raises(ParameterError, match="no columns of at_risk"):
        observed_over_expected(pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [2]}))


# --- funnels ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("risk", "q", "tau2"), [("ratio", 152.2330, 0.3088), ("odds", 163.1649, 0.3663)]
)
def test_the_spread_of_thirteen_trials(risk, q, tau2):
    t = pd.read_csv(GOLDEN / "bcg" / "trials.csv").to_numpy("float64")
    (a, b, c, d) = t.T
    effect, variance = np.log(a * d / (b * c)), (1 / t).sum(axis=1)
    if risk == "ratio":
        effect = np.log(a * (c + d) / (c * (a + b)))
        variance = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    middle = np.average(effect, weights=1 / variance)
    s = np.sqrt(variance)
    found = over_dispersion((effect - middle) / s, s, winsorised=0)
    assert found.phi * len(t) == pytest.approx(q, abs=5e-5)
    assert found.tau2 == pytest.approx(tau2, abs=5e-5)


def test_the_spread_of_six_trials():
    t = pd.read_csv(GOLDEN / "bcg" / "clasp.csv")
    a, c = t["treated_cases"], t["control_cases"]
    b, d = t["treated"] - a, t["control"] - c
    effect, variance = np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    z = (effect - np.average(effect, weights=1 / variance)) / np.sqrt(variance)
    found = over_dispersion(z, np.sqrt(variance), winsorised=0)
    assert np.sqrt(found.tau2) == pytest.approx(0.2323, abs=5e-5)


def test_winsorising_sets_the_ends_to_their_neighbours():
    z = np.array([-9.0, -1, -1, 0, 0, 0, 0, 1, 2, 30])
    assert over_dispersion(z, np.ones(10), 0.1).phi == pytest.approx((1 * 3 + 1 + 4 + 4) / 10)


@given(seed=SEEDS, form=st.sampled_from(["share", "ratio"]))
def test_limits_contain_the_middle_and_are_never_narrower_than_chance(seed, form):
    y, n = counted(seed)
    chance, added, times = (
        funnel(y, n, form=form, dispersion=how).dropna()
        for how in ("none", "additive", "multiplicative")
    )
    for found in (added, times):
        assert (found["low_95"] <= chance["low_95"] + 1e-12).all()
        assert (found["high_95"] >= chance["high_95"] - 1e-12).all()
        assert (found["z"].abs() <= found["z_plain"].abs() + 1e-12).all()
    assert (chance["low_998"] <= chance["low_95"]).all()
    assert (chance["low_95"] <= chance["middle"]).all()
    assert (chance["middle"] <= chance["high_95"]).all()
    if form == "share":
        assert chance["high_998"].le(1).all()
        assert chance["low_998"].ge(0).all()


@given(seed=SEEDS)
def test_outside_the_limits_is_a_z_beyond_two(seed):
    found = funnel(*counted(seed)).dropna()
    away = np.where(found["z"] > 0, found["high_95"], found["low_95"])
    outside = np.where(found["z"] > 0, found["value"] > away + 1e-9, found["value"] < away - 1e-9)
    inside = np.abs(found["z"]) < stats.norm.ppf(0.975) - 1e-6
    assert not (outside & inside).any()


def test_of_units_that_differ_by_chance_one_in_twenty_lies_outside():
    rng = np.random.default_rng(4)
    n = pd.Series(rng.integers(100, 400, 20_000))
    found = funnel(pd.Series(rng.binomial(n, 0.8)), n, dispersion="none")
    outside = (found["value"] < found["low_95"]) | (found["value"] > found["high_95"])
    assert outside.mean() == pytest.approx(0.05, abs=0.006)
    assert found["phi"].iloc[0] < 1


def test_a_ratio_without_anything_expected_is_refused():
    with pytest.raises(ParameterError, match="above 0 where 0 is expected"):
        funnel(pd.Series([1]), pd.Series([0]), form="ratio")
    with pytest.raises(ParameterError, match="target is 1"):
        funnel(pd.Series([1]), pd.Series([2]), target=1.5)


# --- levels -------------------------------------------------------------------------------------


@given(seed=SEEDS)
def test_a_city_is_the_sum_of_its_grids_by_whatever_way(seed):
    y, n = counted(seed)
    rng = np.random.default_rng(seed)
    grids = pd.DataFrame({"numerator": y, "denominator": n, "excluded": 0})
    village = pd.Series(rng.choice(["v1", "v2", "v3", "v4"], len(y)), y.index)
    town = pd.Series({"v1": "t1", "v2": "t1", "v3": "t2", "v4": "t2"})
    villages = roll_up(grids, village)
    towns = roll_up(villages, town.reindex(villages.index))
    city = roll_up(towns, pd.Series("city", towns.index)).loc["city"]
    assert city.tolist() == [y.sum(), n.sum(), 0]
    pd.testing.assert_frame_equal(towns, roll_up(grids, village.map(town)), check_names=False)


def test_the_figures_of_the_standard():
    """737 of 972 on time and 911 closed: 75.82 % and 93.72 %, in whatever grids they lie."""
    grids = pd.DataFrame(
        {"numerator": [700, 37], "denominator": [872, 100], "excluded": [3, 0]}, index=["g1", "g2"]
    )
    city = roll_up(grids, pd.Series("city", grids.index)).loc["city"]
    assert round(city["numerator"] / city["denominator"], 4) == 0.7582
    assert round(911 / city["denominator"], 4) == 0.9372


def test_what_is_known_of_one_side_only_is_not_summed():
    grids = pd.DataFrame(
        {"numerator": [5, np.nan], "denominator": [9, 100], "excluded": [0, 0]}, index=["g1", "g2"]
    )
    city = roll_up(grids, pd.Series({"g1": "city", "g2": "city"})).loc["city"]
    assert city.tolist() == [5, 9, 0]


# --- definitions --------------------------------------------------------------------------------

ON_TIME = Metric("on-time", 1, "按期结案率", "on time", "closed in time", "due", "", 0.95, 0.8)


def test_a_definition_that_says_something_else_has_another_name():
    others = [
        dataclasses.replace(ON_TIME, target=0.94),
        dataclasses.replace(ON_TIME, version=2),
        dataclasses.replace(ON_TIME, exclusions="deferred"),
        dataclasses.replace(ON_TIME, denominator="reported"),
    ]
    names = {one.definition for one in [ON_TIME, *others]}
    assert len(names) == 5
    assert ON_TIME.definition == dataclasses.replace(ON_TIME, en="closed in time").definition


@pytest.mark.parametrize("wrong", [{"version": 0}, {"name": ""}, {"floor": 0.97}, {"floor": None}])
def test_a_definition_that_cannot_hold_is_refused(wrong):
    with pytest.raises(ParameterError):
        dataclasses.replace(ON_TIME, **wrong)


@pytest.mark.parametrize("seed", [0, 50])
def test_peers_who_reached_everybody_are_fitted_without_a_warning(seed):
    # Seed 50 once led the search for the weight past what numbers can hold.
    whole = np.random.default_rng(seed).integers(1, 80, 219) * 5.0
    prior = fit_beta(whole, whole)
    assert prior.a / (prior.a + prior.b) > 0.999
