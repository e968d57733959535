import datetime as dt
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gridgeo.analysis.rounds import round_faults, rounds_per_grid, stray_visits, visit_ages, wilson
from gridgeo.errors import ParameterError
from gridgeo.model.findings import FINDINGS

GOLDEN = Path(__file__).parents[1] / "golden" / "newcombe_1998"
DAY = dt.date(2026, 7, 1)


def homes(*ids, **columns):
    index = pd.Index(ids, name="household_id", dtype="str")
    places = gpd.GeoSeries.from_xy(range(len(ids)), [0] * len(ids), index=index, crs=4549)
    return gpd.GeoDataFrame(columns, geometry=places, index=index)


def visits(*rows):
    """Visits from (household, local time, outcome)."""
    at = [pd.Timestamp(when, tz="Asia/Shanghai").tz_convert("UTC") for _, when, _ in rows]
    return pd.DataFrame(
        {
            "household_id": pd.Series([h for h, _, _ in rows], dtype="str"),
            "worker_id": "w",
            "visited_at": pd.Series(at, dtype="datetime64[us, UTC]"),
            "outcome": pd.Series([o for _, _, o in rows], dtype="str"),
        }
    ).set_axis(pd.Index([f"v{n}" for n in range(len(rows))], name="visit_id"))


# 2026-04-02 is 90 days before 2026-07-01: 28 in April, 31 in May, 30 in June, and 1.
ROUND = visits(
    ("exact", "2026-04-02 00:10", "met"),
    ("late", "2026-04-01 23:50", "met"),
    ("vain", "2026-06-30 10:00", "nobody-home"),
    ("unsaid", "2026-06-30 10:00", None),
    ("future", "2026-07-02 00:10", "met"),
    ("today", "2026-07-01 23:50", "met"),
    ("twice", "2026-03-01 10:00", "met"),
    ("twice", "2026-06-29 10:00", "met"),
    ("empty", "2026-01-01 10:00", "met"),
    ("elsewhere", "2026-06-30 10:00", "met"),
)
IDS = ["exact", "late", "vain", "unsaid", "future", "today", "twice", "none", "empty", "bare"]
HOMES = homes(*IDS, lived_in=[i not in ("empty", "bare") for i in IDS])


def test_ages_are_whole_days_of_the_city():
    age = visit_ages(HOMES, ROUND, DAY)
    inf = np.inf
    assert age.tolist() == [90, 91, inf, inf, inf, 0, 2, inf, 181, inf]
    # In UTC the visits at 00:10 and 23:50 both fall on 1 April.
    assert visit_ages(HOMES, ROUND, DAY, zone="UTC").tolist()[:2] == [91, 91]


def test_overdue_and_never_visited_are_kinds_of_their_own():
    rows = round_faults(HOMES, ROUND, 90, DAY)
    assert FINDINGS.check(rows) is rows
    assert list(zip(rows["kind"], rows["subject"], rows["value"], strict=True)) == [
        ("visit-overdue", "late", 91.0),
        *(("never-visited", who, np.inf) for who in ("vain", "unsaid", "future", "none")),
    ]
    assert rows["households"].eq(1).all()
    assert list(rows["standard"].unique()) == ["90d", "one visit"]


def test_a_longer_standard_is_met_by_more_and_never_visited_stays():
    rows = round_faults(HOMES, ROUND, 91, DAY)
    assert list(rows["kind"].unique()) == ["never-visited"]


def test_which_outcomes_count_is_a_setting():
    age = visit_ages(HOMES, ROUND, DAY, outcomes=("met", "nobody-home"))
    assert age["vain"] == 1


def test_visits_to_nobody_known_and_later_ones_are_named():
    stray = stray_visits(HOMES, ROUND, DAY)
    assert dict(zip(stray["household_id"], stray["reason"], strict=True)) == {
        "elsewhere": "unknown-household",
        "future": "later-visit",
    }


def test_without_visits_everybody_was_never_visited():
    assert np.isinf(visit_ages(HOMES, visits(), DAY)).all()
    assert len(round_faults(HOMES, visits(), 90, DAY)) == 8
    assert len(stray_visits(HOMES, visits(), DAY)) == 0
    assert len(round_faults(homes(), ROUND, 90, DAY)) == 0


def test_each_grid_counts_those_it_owes_a_visit():
    grid = np.array([0, 0, 0, 1, 1, 1, 1, -1, 0, 1])
    age = visit_ages(HOMES, ROUND, DAY).to_numpy()
    counted = rounds_per_grid(grid, 3, HOMES["lived_in"].to_numpy(), age, 90)
    assert counted.to_numpy().tolist() == [[1, 1, 1], [2, 0, 2], [0, 0, 0]]


def test_the_interval_is_wilsons_as_newcombe_prints_it():
    printed = pd.read_csv(GOLDEN / "intervals.csv")
    low, high = wilson(printed["part"], printed["whole"])
    assert np.abs(low - printed["low"]).max() <= 5e-5
    assert np.abs(high - printed["high"]).max() <= 5e-5


def test_a_share_of_nobody_or_of_an_unknown_part_has_no_interval():
    assert np.isnan(wilson(np.array([0, np.nan]), np.array([0, 9]))).all()


def test_refuses_a_standard_of_less_than_no_day():
    with pytest.raises(ParameterError, match="0 or more days"):
        round_faults(HOMES, ROUND, -1, DAY)


def test_a_city_is_judged_within_a_second_or_so():
    n, m = 200_000, 240_000
    rng = np.random.default_rng(1)
    city = homes(*(f"H{i:06d}" for i in range(n)))
    at = pd.Timestamp("2026-07-01", tz="UTC") - pd.to_timedelta(rng.integers(0, 9e6, m), unit="s")
    seen = pd.DataFrame(
        {
            "household_id": city.index[rng.integers(0, n, m)],
            "visited_at": pd.Series(at),
            "outcome": "met",
        }
    )
    start = time.perf_counter()
    visit_ages(city, seen, DAY)
    assert time.perf_counter() - start < 3  # 0.3 s on one idle core
