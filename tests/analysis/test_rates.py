from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.rates import class_rates, expected_counts, shrink_rates
from gridgeo.errors import ParameterError

GOLDEN = Path(__file__).parents[1] / "golden"

AREAS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 5000)).map(lambda a: (a[0] * (a[1] > 0), a[1])),
    min_size=1,
    max_size=30,
)


def two(areas):
    return [pd.Series(column, dtype="float64") for column in zip(*areas, strict=True)]


# --- published figures ------------------------------------------------------------------------


def test_auckland_agrees_with_spdep():
    frame = pd.read_csv(GOLDEN / "auckland" / "auckland.csv")
    n = 9 * frame["under_5"]
    a, b = 7.284173e-07, 0.002633436
    marshall = b + a * (frame["deaths"] / n - b) / (a + b / n)
    assert shrink_rates(frame["deaths"], n).to_numpy() == pytest.approx(marshall, rel=1e-6)


def test_sudden_infant_deaths_agree_with_esda():
    frame = pd.read_csv(GOLDEN / "nc_sids" / "sids.csv", index_col="county")
    rates = shrink_rates(frame["deaths"], frame["births"])
    published = [0.0016973, 0.0017054, 0.0017731, 0.0020129, 0.0035349]
    assert rates.iloc[:5].tolist() == pytest.approx(published, abs=5e-8)
    assert rates.index.equals(frame.index)


# --- laws -------------------------------------------------------------------------------------


@given(AREAS)
def test_a_rate_lies_between_its_own_and_that_of_all(areas):
    observed, population = two(areas)
    rate = shrink_rates(observed, population)
    if not population.any():
        assert rate.isna().all()
        return
    overall = observed.sum() / population.sum()
    own = (observed / population).fillna(overall)
    slack = 1e-12
    assert (rate >= np.minimum(own, overall) - slack).all()
    assert (rate <= np.maximum(own, overall) + slack).all()


@given(AREAS, st.randoms(use_true_random=False))
def test_the_order_of_areas_changes_nothing(areas, random):
    observed, population = two(areas)
    order = random.sample(range(len(areas)), len(areas))
    shuffled = shrink_rates(observed.iloc[order], population)
    pd.testing.assert_series_equal(shuffled.sort_index(), shrink_rates(observed, population))


def test_areas_alike_get_the_rate_of_all():
    rate = shrink_rates(pd.Series([2, 4, 6]), pd.Series([100, 200, 300]))
    assert rate.tolist() == pytest.approx([0.02] * 3)


def test_two_areas_by_hand():
    # m = 24/200 = 0.12, s² = (100·0.08² + 100·0.08²)/200 = 0.0064, mean n = 100,
    # A = 0.0064 − 0.0012 = 0.0052, weight = 0.0052 / (0.0052 + 0.0012) = 0.8125.
    rate = shrink_rates(pd.Series([4, 20]), pd.Series([100, 100]))
    assert rate.tolist() == pytest.approx([0.12 - 0.065, 0.12 + 0.065])


def test_nobody_lives_there():
    rate = shrink_rates(pd.Series([4, 0, 20]), pd.Series([100, 0, 100]))
    assert rate.tolist() == pytest.approx([0.055, 0.12, 0.185])


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("observed", "population", "says"),
    [
        ([1, -1], [10, 10], r"1 of 2 figures of observed are negative"),
        ([1, 2], [10, np.nan], r"1 of 2 figures of population .* missing"),
        ([1, 2], [10, 0], r"1 areas have cases but nobody lives there, such as 1"),
        ([1, 2], [10], r"population has 1 rows, observed 2"),
        (["a", 2], [10, 10], r"observed holds something that is no number"),
    ],
)
def test_refuses_figures_that_cannot_be(observed, population, says):
    with pytest.raises(ParameterError, match=says):
        shrink_rates(pd.Series(observed, dtype="object"), pd.Series(population))


def test_refuses_other_labels():
    with pytest.raises(ParameterError, match=r"population lacks 1 labels of observed, such as b"):
        shrink_rates(pd.Series([1, 2], ["a", "b"]), pd.Series([5, 5], ["a", "c"]))


# --- expected counts --------------------------------------------------------------------------


@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_expected_counts_sum_to_what_was_observed(g, c, t, seed):
    rng = np.random.default_rng(seed)
    at_risk = pd.DataFrame(rng.integers(0, 50, (g, c)), columns=list("abc"[:c]))
    observed = pd.DataFrame(rng.integers(0, 90, (c, t)), index=list("abc"[:c]))
    observed[at_risk.sum() == 0] = 0
    expected = expected_counts(at_risk, class_rates(observed, at_risk))
    assert expected.sum().to_numpy() == pytest.approx(observed.sum().to_numpy())


def test_seasons_and_classes_by_hand():
    at_risk = pd.DataFrame({"shop": [2, 8], "home": [100, 300]}, index=["g1", "g2"])
    observed = pd.DataFrame(
        {"winter": [40, 20], "summer": [80, 0]}, index=["home", "shop"]
    )  # 0.1 and 0.2 a home, 2 and 0 a shop
    rates = class_rates(observed, at_risk)
    assert rates.loc["shop"].tolist() == [2.0, 0.0]
    expected = expected_counts(at_risk, rates)
    assert expected.loc["g1"].tolist() == pytest.approx([14.0, 20.0])
    assert expected.loc["g2"].tolist() == pytest.approx([46.0, 60.0])


def test_refuses_a_class_that_nobody_counted():
    at_risk = pd.DataFrame({"home": [1.0]})
    with pytest.raises(ParameterError, match="1 classes of rates are no columns of at_risk"):
        expected_counts(at_risk, pd.DataFrame({"all": [1.0]}, index=["shop"]))
    with pytest.raises(ParameterError, match="1 classes have cases but nobody is at risk"):
        class_rates(pd.DataFrame({"all": [1.0]}, index=["home"]), at_risk * 0)
