import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.silence_faults import reports_by_day, silence_faults

DAY = dt.date(2026, 7, 1)
FIRST = np.datetime64("2026-05-02")  # sixty days


def ground(n):
    return gpd.GeoDataFrame(
        geometry=[shapely.box(x, 0, x + 1, 1) for x in range(n)],
        index=pd.Index([f"g{x:02d}" for x in range(n)], name="grid_code"),
        crs=4549,
    )


def counted(grid, resident, day, homes, peers=None):
    grids = ground(len(homes)).index
    return reports_by_day(
        np.array(grid, np.int64),
        np.array(resident, bool),
        np.array(day, "datetime64[D]"),
        grids,
        pd.Series(homes, index=grids),
        None if peers is None else pd.Series(peers, index=grids),
    )


# --- what is expected -------------------------------------------------------------------------


def test_residents_reports_go_by_households_and_those_of_patrols_by_grid():
    # Day 1: 4 reports of residents for 40 households; day 2: 3 finds in 2 grids.
    observed, expected = counted(
        [0, 0, 1, 1, 0, 0, 0],
        [True] * 4 + [False] * 3,
        [FIRST] * 4 + [FIRST + 1] * 3,
        [30, 10],
    )
    assert observed.to_numpy().tolist() == [[2, 3], [2, 0]]
    np.testing.assert_allclose(expected, [[3.0, 1.5], [1.0, 1.5]])
    assert observed.columns.tolist() == [pd.Timestamp("2026-05-02"), pd.Timestamp("2026-05-03")]


REPORTS = st.lists(
    st.tuples(st.integers(-1, 24), st.booleans(), st.integers(0, 9)), min_size=1, max_size=60
)


@given(REPORTS, st.lists(st.integers(0, 500), min_size=25, max_size=25), st.integers(0, 25))
def test_of_every_day_as_much_is_expected_as_was_reported(reports, homes, few):
    grid, resident, day = zip(*reports, strict=True)
    peers = ["school"] * few + ["village"] * (25 - few)
    observed, expected = counted(grid, resident, [FIRST + d for d in day], homes, peers)
    np.testing.assert_allclose(expected.sum(), observed.sum())
    assert observed.to_numpy().sum() == sum(g >= 0 for g in grid)
    schools = observed.index[:few]
    if 10 <= few <= 15:  # both kinds are numerous enough for rates of their own
        np.testing.assert_allclose(expected.loc[schools].sum(), observed.loc[schools].sum())


def test_kinds_of_few_grids_are_compared_with_the_commonest():
    reports = [0] * 20 + list(range(2, 24))
    peers = ["school"] * 2 + ["town"] * 11 + ["village"] * 12
    homes = [100] * 25
    _, expected = counted(reports, [True] * 42, [FIRST] * 42, homes, peers)
    total = expected.sum(axis=1).to_numpy()
    assert total[0] == total[1] == total[24]  # the two schools as the twelve villages
    assert total[0] != total[5]


def test_grids_without_households_share_their_residents_reports():
    peers = ["park"] * 10 + ["village"] * 10
    _, expected = counted([0, 0, 15], [True] * 3, [FIRST] * 3, [0] * 10 + [50] * 10, peers)
    np.testing.assert_allclose(expected.sum(axis=1), [0.2] * 10 + [0.1] * 10)


def test_no_incidents_at_all():
    observed, expected = counted([], [], [], [10, 20])
    assert observed.shape == expected.shape == (2, 0)
    grids = ground(2)
    found, untold = silence_faults(observed, expected, grids, pd.Series([1, 2]), DAY, 90)
    assert len(found) == 0
    assert untold == 2


# --- what is found ----------------------------------------------------------------------------


def a_city(seed=0, n=60, silent=(7, 31), since=0):
    """Sixty days, some ten reports a day in every grid; the silent ones a tenth from a day on."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(10 * rng.gamma(25, 1 / 25, n)[:, None], (n, 60))
    counts[list(silent), since:] = rng.binomial(counts[list(silent), since:], 0.1)
    grid, day = np.repeat(np.indices(counts.shape).reshape(2, -1), counts.ravel(), axis=1)
    return grid, rng.random(len(grid)) < 0.3, FIRST + day


def judged(reports, n=60, peers=None):
    grids, homes = ground(n), [300] * n
    tables = counted(*reports, homes, peers)
    return silence_faults(*tables, grids, pd.Series(homes, index=grids.index), DAY, 90)


@pytest.mark.parametrize("seed", range(3))
def test_silent_grids_are_found_with_the_day_on_which_it_began(seed):
    found, untold = judged(a_city(seed))
    assert found["subject"].tolist() == ["g07", "g31"]
    assert untold == 0
    assert (found["days"] == 60).all()
    assert found["value"].isin([0.1, 0.2]).all()
    assert found["standard"].unique().tolist() == ["0.3 in 90d"]
    assert (found["households"] == 300).all()
    assert found.geometry.iloc[0].equals(shapely.box(7, 0, 8, 1))
    assert (found["as_of"] == pd.Timestamp(DAY)).all()


def test_a_grid_that_fell_silent_is_silent_since_then():
    found, _ = judged(a_city(since=5))
    assert found["subject"].tolist() == ["g07", "g31"]
    assert found["days"].between(54, 57).all()


def test_the_order_of_incidents_does_not_matter():
    grid, resident, day = a_city()
    turned = judged((grid[::-1], resident[::-1], day[::-1]))[0]
    pd.testing.assert_frame_equal(judged((grid, resident, day))[0], turned)


def test_no_small_count_can_be_worked_out_from_the_share():
    # Some 36 expected: a tenth would be three or four incidents.
    grid, resident, day = a_city()
    kept = np.random.default_rng(1).random(len(grid)) < 0.06
    found, _ = judged((grid[kept], resident[kept], day[kept]))
    assert len(found)
    assert (found["value"] == 0.3).all()


def test_grids_in_which_too_little_is_expected_are_counted_and_not_blamed():
    grid, resident, day = a_city()
    homes = pd.Series([300] * 58 + [0, 0], index=ground(60).index)
    only = resident & (grid < 58)
    tables = counted(grid[only], resident[only], day[only], homes.tolist())
    found, untold = silence_faults(*tables, ground(60), homes, DAY, 90)
    assert untold == 2
    assert not found["subject"].isin(["g58", "g59"]).any()


def test_schools_are_not_blamed_for_reporting_less_than_villages():
    grid, resident, day = a_city(silent=())
    schools = grid < 12
    rng = np.random.default_rng(2)
    kept = ~schools | (rng.random(len(grid)) < 0.1)
    reports = grid[kept], resident[kept], day[kept]
    peers = ["school"] * 12 + ["village"] * 48
    assert len(judged(reports)[0]) == 12
    assert len(judged(reports, peers=peers)[0]) == 0
