"""Fixes in duty hours, against a plain reading of the roster, fix by fix."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.duty import on_duty

START = pd.Timestamp("2026-06-24T00:00Z")
WORKERS = st.sampled_from(["a", "b", None])
MINUTES = st.integers(0, 60)


def at(minutes):
    moments = [None if m is None else START + pd.Timedelta(minutes=m) for m in minutes]
    return pd.to_datetime(pd.Series(moments, dtype=object), utc=True).astype("datetime64[us, UTC]")


def fixes(rows):
    whose, minutes = zip(*rows, strict=True) if rows else ((), ())
    table = {"worker_id": pd.Series(whose, dtype="str"), "t": at(minutes)}
    return pd.DataFrame(table).set_axis([f"f{n}" for n in range(len(rows))])


def rosters(rows):
    whose, starts, ends = zip(*rows, strict=True) if rows else ((), (), ())
    return pd.DataFrame(
        {
            "worker_id": pd.Series(whose, dtype="str"),
            "starts_at": at(starts),
            "ends_at": at(ends),
        }
    )


@given(
    seen=st.lists(st.tuples(WORKERS, st.none() | MINUTES), max_size=12),
    duties=st.lists(st.tuples(st.sampled_from("ab"), MINUTES, MINUTES), max_size=6),
)
def test_a_fix_counts_when_some_duty_of_its_worker_holds_it(seen, duties):
    duties = [(who, min(a, b), max(a, b) + 1) for who, a, b in duties]
    plain = [
        who is not None and t is not None and any(w == who and a <= t <= b for w, a, b in duties)
        for who, t in seen
    ]
    found = on_duty(fixes(seen), rosters(duties))
    assert found.tolist() == plain
    assert list(found.index) == [f"f{n}" for n in range(len(seen))]


@given(
    seen=st.lists(st.tuples(WORKERS, MINUTES), min_size=1, max_size=12),
    duties=st.lists(st.tuples(st.sampled_from("ab"), MINUTES), min_size=1, max_size=6),
)
def test_a_further_duty_never_takes_a_fix_away(seen, duties):
    every = rosters([(who, a, a + 30) for who, a in duties])
    before, after = on_duty(fixes(seen), every.iloc[1:]), on_duty(fixes(seen), every)
    assert (before <= after).all()


def test_a_short_duty_inside_a_long_one_does_not_end_it():
    found = on_duty(fixes([("a", 30)]), rosters([("a", 0, 60), ("a", 10, 20)]))
    assert found.tolist() == [True]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC"])
def test_the_zone_in_which_times_are_written_makes_no_difference(zone):
    seen, duty = fixes([("a", 0), ("a", 61)]), rosters([("a", 0, 60)])
    seen["t"] = seen["t"].dt.tz_convert(zone)
    assert on_duty(seen, duty).tolist() == [True, False]


def test_workers_in_categories_are_read():
    seen, duty = fixes([("a", 5)]), rosters([("a", 0, 60)])
    seen["worker_id"] = seen["worker_id"].astype("category")
    assert on_duty(seen, duty).tolist() == [True]
