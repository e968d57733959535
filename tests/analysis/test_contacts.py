import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgeo.analysis.contacts import days_ago, over_contact, unsolicited
from gridgeo.errors import ParameterError
from gridgeo.model.findings import FINDINGS
from tests.analysis.test_due import OUTCOMES, homes, visits

DAY = dt.date(2026, 7, 1)
HERE = homes([(n, 0) for n in range(5)])

rounds = st.lists(
    st.tuples(st.integers(0, 6), st.integers(-5, 120), st.sampled_from(OUTCOMES), st.booleans()),
    max_size=40,
)


def counted(found):
    return {int(i[1:]): n for i, n in zip(found["subject"], found["value"], strict=True)}


def test_two_contacts_within_thirty_days_are_one_too_many():
    said = visits(
        (0, 10, "met"),
        (0, 39, "met"),
        (1, 10, "met"),
        (1, 40, "met"),
        (2, 10, "refused"),
        (2, 12, "nobody-home"),
        (3, 5, "moved-away"),
        (3, 6, None),
        (3, 34, "refused"),
        (4, -1, "met"),
        (4, 1, "met"),
        (9, 1, "met"),
        (9, 2, "met"),
    )
    found = over_contact(HERE, said, DAY)
    assert FINDINGS.check(found) is found
    assert counted(found) == {0: 2, 3: 3}
    assert list(found["kind"].unique()) == ["over-contact"]
    assert list(found["standard"].unique()) == ["1 in 30d"]
    assert counted(over_contact(HERE, said, DAY, most=2)) == {3: 3}
    assert counted(over_contact(HERE, said, DAY, within_days=31)) == {0: 2, 1: 2, 3: 3}
    # Looked at from the 11th of June on, only the first of the two is seen.
    assert counted(over_contact(HERE, said, DAY, look_back_days=21)) == {3: 2}
    assert counted(over_contact(HERE, said, DAY, in_vain=("nobody-home", "refused"))) == {
        0: 2,
        3: 2,
    }
    assert counted(over_contact(HERE, said, dt.date(2026, 7, 2)))[4] == 2


def test_a_visit_as_long_ago_as_is_looked_back_is_out_of_sight():
    said = visits((0, 5, "met"), (0, 10, "met"))
    assert counted(over_contact(HERE, said, DAY, look_back_days=11)) == {0: 2}
    assert counted(over_contact(HERE, said, DAY, look_back_days=10)) == {}


def test_who_asked_for_a_visit_was_not_disturbed():
    said = visits((0, 1, "met"), (0, 2, "met"), (0, 3, "met"), asked_for=[True, False, None])
    assert counted(over_contact(HERE, said, DAY)) == {0: 2}
    assert unsolicited(said).tolist() == [False, True, True]


def test_one_visit_recorded_twice_is_one():
    assert counted(over_contact(HERE, visits((0, 1, "met"), (0, 1, "met")), DAY)) == {}


def test_days_are_those_of_the_city():
    # At ten o'clock in Jingjiang it is still the day before in Los Angeles.
    said = visits((0, 1, "met"))
    assert days_ago(said, DAY).tolist() == [1]
    assert days_ago(said, DAY, "America/Los_Angeles").tolist() == [2]


def test_nobody_was_visited():
    assert len(over_contact(HERE, visits(), DAY)) == 0
    assert len(over_contact(homes([]), visits((0, 1, "met"), (0, 2, "met")), DAY)) == 0


@given(rounds, st.integers(1, 60), st.integers(0, 3), st.none() | st.integers(1, 130))
def test_the_count_is_that_of_the_fullest_days_in_a_row(said, within, most, back):
    seen = visits(*(row[:3] for row in said), asked_for=[row[3] for row in said])
    expected = {}
    for home in range(5):
        ages = {
            ago
            for h, ago, outcome, asked in said
            if h == home and 0 <= ago < (back or 999) and outcome != "nobody-home" and not asked
        }
        fullest = max((sum(a <= b < a + within for b in ages) for a in ages), default=0)
        if fullest > most:
            expected[home] = fullest
    found = over_contact(HERE, seen, DAY, within, most, back)
    assert counted(found) == expected
    again = over_contact(HERE.iloc[::-1], seen.iloc[::-1], DAY, within, most, back)
    assert counted(again) == expected
    assert np.isfinite(found["severity"]).all()


@pytest.mark.parametrize("wrong", [{"within_days": 0}, {"most": -1}, {"look_back_days": 0}])
def test_refuses_days_that_are_none(wrong):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        over_contact(HERE, visits(), DAY, **wrong)
