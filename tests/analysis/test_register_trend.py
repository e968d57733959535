import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.register_trend import open_over_time

DAYS = pd.date_range("2026-01-05", periods=4, freq="7D")
offsets = st.integers(-20, 40)
lives = st.lists(
    st.tuples(st.sampled_from("abc"), offsets, st.one_of(st.none(), st.integers(1, 30)))
)


def register(lives):
    opened = [DAYS[0] + pd.Timedelta(days=start) for _, start, _ in lives]
    closed = [
        pd.NaT if length is None else first + pd.Timedelta(days=length)
        for first, (_, _, length) in zip(opened, lives, strict=True)
    ]
    return pd.DataFrame(
        {
            "kind": pd.Series([kind for kind, _, _ in lives], dtype="str"),
            "opened_on": pd.Series(opened, dtype="datetime64[us]"),
            "closed_on": pd.Series(closed, dtype="datetime64[us]"),
        }
    )


@given(lives)
def test_what_is_open_is_what_was_open_and_came_and_did_not_go(lives):
    told = open_over_time(register(lives), DAYS)
    for _, one in told.groupby("kind"):
        before = one["open"].shift(fill_value=0)
        assert (one["open"] == before + one["opened"] - one["closed"]).all()


@given(lives)
def test_open_on_a_day_is_counted_as_the_register_reads_it(lives):
    faults = register(lives)
    told = open_over_time(faults, DAYS)
    for (kind, day), count in told["open"].items():
        mine = faults[faults["kind"] == kind]
        there = (mine["opened_on"] <= day) & ~(mine["closed_on"] <= day)
        assert count == there.sum()


@given(lives, st.randoms())
def test_the_order_of_rows_changes_nothing(lives, dice):
    shuffled = lives.copy()
    dice.shuffle(shuffled)
    pd.testing.assert_frame_equal(
        open_over_time(register(lives), DAYS), open_over_time(register(shuffled), DAYS)
    )


def test_an_empty_register_has_no_kinds():
    told = open_over_time(register([]), DAYS)
    assert told.empty
    assert told.columns.tolist() == ["open", "opened", "closed"]


def test_levels_are_counted_apart():
    faults = register([("a", 0, None), ("a", 0, 8), ("b", 10, None)]).assign(code=["x", "y", "x"])
    told = open_over_time(faults, DAYS, ("kind", "code"))
    assert told.loc[("a", "y"), "open"].tolist() == [1, 1, 0, 0]
    assert told.loc[("a", "y"), "closed"].tolist() == [0, 0, 1, 0]
    assert told.loc[("b", "x"), "open"].tolist() == [0, 0, 1, 1]
    assert np.array_equal(told.index.get_level_values("day")[:4], DAYS)
