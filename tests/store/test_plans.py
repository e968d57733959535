import datetime as dt

import pandas as pd
import pytest

from gridgeo.errors import NotFoundError, ParameterError
from gridgeo.model.records import StoredPlan

pytestmark = pytest.mark.db

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def assignment(**more):
    units = {"u2": "g1", "u1": "g1", "u3": "g2"} | more
    return pd.Series(units, dtype="str").rename_axis("unit_id")


def test_a_plan_is_read_back_as_it_was_saved(store):
    plan = StoredPlan(
        assignment(),
        NOON,
        seed=7,
        params={"k": 2, "tolerance": 0.05},
        scores={"max_deviation": 0.04, "gini": float("nan")},
        base_date=dt.date(2026, 1, 1),
    )
    plan_id = store.save_plan(plan)
    found = store.plan(plan_id)
    assert found.assignment.equals(assignment().sort_index())
    assert found.plan_id == plan_id
    assert (found.seed, found.state, found.created_at) == (7, "draft", NOON)
    assert found.base_date == dt.date(2026, 1, 1)
    assert found.params == {"k": 2, "tolerance": 0.05}
    assert found.scores == {"max_deviation": 0.04, "gini": None}


def test_plans_are_listed_oldest_first(store):
    assert len(store.plans()) == 0
    ids = [store.save_plan(StoredPlan(assignment(), NOON, seed=n)) for n in range(2)]
    listed = store.plans()
    assert listed.index.tolist() == ids
    assert listed["units"].tolist() == [3, 3]
    assert listed["created_at"].tolist() == [pd.Timestamp(NOON)] * 2


@pytest.mark.parametrize(
    "broken",
    [
        assignment(u9=None),
        pd.concat([assignment(), assignment()]),
        assignment().iloc[:0],
    ],
    ids=["a unit in no grid", "a unit in two", "no unit"],
)
def test_an_assignment_that_is_no_plan_is_refused(store, broken):
    with pytest.raises(ParameterError, match="exactly one grid"):
        store.save_plan(StoredPlan(broken, NOON))
    assert len(store.plans()) == 0


def test_a_state_that_is_none_is_refused(store):
    with pytest.raises(ParameterError, match="'done'"):
        store.save_plan(StoredPlan(assignment(), NOON, state="done"))


def test_a_plan_that_is_not_there_is_said(store):
    with pytest.raises(NotFoundError, match="no plan 5"):
        store.plan(5)
