"""Plans are kept in versions and steps that are only ever added."""

import datetime as dt
import threading

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from gridgeo.errors import ConflictError, NotFoundError, ParameterError, StoreError
from gridgeo.model.frames import GRIDS, UNITS
from gridgeo.model.plan_states import ENDS, PLAN_STATES, ROAD, check_step, following
from gridgeo.model.records import StoredPlan
from gridgeo.store.connection import engine, transaction
from gridgeo.store.store import Store
from tests.store.frames import feed, grids, part, units

pytestmark = pytest.mark.db

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DAY = NOON.date()


def assignment(**more):
    units = {"u2": "g1", "u1": "g1", "u3": "g2"} | more
    return pd.Series(units, dtype="str").rename_axis("unit_id")


def later(days):
    return NOON + dt.timedelta(days=days)


def walk(store, plan_id, to):
    """Take a draft along its road, a week of publicity included."""
    for n, state in enumerate(ROAD[1 : ROAD.index(to) + 1]):
        store.advance_plan(plan_id, state, now=later(8 * n), by="Wang")


def test_a_plan_is_read_back_as_it_was_saved(store):
    plan = StoredPlan(
        assignment(),
        NOON,
        seed=7,
        params={"k": 2, "tolerance": 0.05},
        scores={"max_deviation": 0.04, "gini": float("nan")},
        base_date=dt.date(2026, 1, 1),
        by="Li",
        note="first try",
    )
    plan_id = store.save_plan(plan)
    found = store.plan(plan_id)
    assert found.assignment.equals(assignment().sort_index())
    assert (found.plan_id, found.version_no) == (plan_id, 1)
    assert (found.seed, found.state, found.created_at) == (7, "draft", NOON)
    assert (found.by, found.note) == ("Li", "first try")
    assert found.base_date == dt.date(2026, 1, 1)
    assert found.params == {"k": 2, "tolerance": 0.05}
    assert found.scores == {"max_deviation": 0.04, "gini": None}


def test_plans_are_listed_oldest_first(store):
    assert len(store.plans()) == 0
    ids = [store.save_plan(StoredPlan(assignment(), NOON, seed=n)) for n in range(2)]
    store.add_plan_version(ids[1], StoredPlan(assignment().iloc[:2], later(1), by="Li"))
    store.advance_plan(ids[1], "proposed", now=later(2), by="Wang")
    listed = store.plans()
    assert listed.index.tolist() == ids
    assert listed["units"].tolist() == [3, 2]
    assert listed["version_no"].tolist() == [1, 2]
    assert listed["by"].tolist() == ["gridgeo", "Li"]
    assert listed["state"].tolist() == ["draft", "proposed"]
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
    plan_id = store.save_plan(StoredPlan(assignment(), NOON))
    with pytest.raises(ParameterError, match="exactly one grid"):
        store.add_plan_version(plan_id, StoredPlan(broken, NOON))
    assert len(store.plan_versions(plan_id)) == 1


@pytest.mark.parametrize("state", ["done", "approved"])
def test_a_plan_begins_as_a_draft(store, state):
    with pytest.raises(ParameterError, match=state):
        store.save_plan(StoredPlan(assignment(), NOON, state=state))


def test_a_plan_that_is_not_there_is_said(store):
    asks = (
        store.plan,
        store.plan_steps,
        store.plan_versions,
        store.plan_moved,
        store.plan_base,
        lambda n: store.advance_plan(n, "proposed", now=NOON, by="Wang"),
        lambda n: store.add_plan_version(n, StoredPlan(assignment(), NOON)),
    )
    for ask in asks:
        with pytest.raises(NotFoundError, match="no plan 5"):
            ask(5)
    plan_id = store.save_plan(StoredPlan(assignment(), NOON))
    with pytest.raises(NotFoundError, match="no version 2"):
        store.plan(plan_id, 2)


@given(st.sampled_from(PLAN_STATES), st.sampled_from(PLAN_STATES))
def test_a_plan_goes_forwards_by_one_or_ends(now, to):
    onwards = now in ROAD and to in ROAD and ROAD.index(to) == ROAD.index(now) + 1
    ending = to in ENDS and now in ROAD[:-1]
    assert (to in following(now)) == (onwards or ending)
    if onwards or ending:
        check_step(1, now, to)
        return
    with pytest.raises(ConflictError, match=f"is {now}.* cannot become {to}") as caught:
        check_step(1, now, to)
    assert caught.value.code == "plan.step"
    assert all(state in caught.value.hint for state in following(now))


def test_every_step_is_a_row_with_who_and_when(store):
    plan_id = store.save_plan(StoredPlan(assignment(), NOON, by="Li", note="try"))
    store.advance_plan(plan_id, "proposed", now=later(1), by="Wang", note="fair")
    store.advance_plan(plan_id, "publicised", now=later(2), by="Zhao", publicity_days=10)
    steps = store.plan_steps(plan_id)
    assert steps.index.tolist() == [1, 2, 3]
    assert steps["state"].tolist() == ["draft", "proposed", "publicised"]
    assert steps["by"].tolist() == ["Li", "Wang", "Zhao"]
    assert steps["note"].tolist() == ["try", "fair", ""]
    assert steps["at"].tolist() == [pd.Timestamp(later(n)) for n in range(3)]
    assert steps["publicity_days"].tolist()[2] == 10
    assert store.plan(plan_id).state == "publicised"


def test_a_plan_is_approved_when_its_days_of_publicity_are_over(store):
    plan_id = store.save_plan(StoredPlan(assignment(), NOON))
    store.advance_plan(plan_id, "proposed", now=NOON, by="Wang")
    store.advance_plan(plan_id, "publicised", now=NOON, by="Wang")
    early = later(7) - dt.timedelta(seconds=1)
    with pytest.raises(ConflictError, match=r"7 days, until 2026-03-08 12:00") as caught:
        store.advance_plan(plan_id, "approved", now=early, by="Wang")
    assert caught.value.code == "plan.publicity"
    store.advance_plan(plan_id, "approved", now=later(7), by="Wang")
    assert store.plan(plan_id).state == "approved"


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("where", ROAD[:-1])
def test_a_plan_ends_from_anywhere_before_it_is_filed_with_a_reason(store, where, end):
    plan_id = store.save_plan(StoredPlan(assignment(), NOON))
    walk(store, plan_id, where)
    with pytest.raises(ParameterError, match="without a reason"):
        store.advance_plan(plan_id, end, now=later(30), by="Wang", note=" ")
    store.advance_plan(plan_id, end, now=later(30), by="Wang", note="objections")
    with pytest.raises(ConflictError, match="the end of its road"):
        store.advance_plan(plan_id, "proposed", now=later(31), by="Wang")
    assert store.plan_steps(plan_id)["note"].tolist()[-1] == "objections"


def test_filing_needs_a_day_and_a_step_needs_somebody(store):
    plan_id = store.save_plan(StoredPlan(assignment(), NOON))
    with pytest.raises(ParameterError, match="Say who"):
        store.advance_plan(plan_id, "proposed", now=NOON, by=" ")
    walk(store, plan_id, "approved")
    with pytest.raises(ParameterError, match="--valid-from"):
        store.advance_plan(plan_id, "filed", now=later(30), by="Wang")
    assert len(store.plan_steps(plan_id)) == 4


def test_only_drafts_get_versions_and_what_was_proposed_is_what_was_seen(store):
    plan_id = store.save_plan(StoredPlan(assignment(), NOON))
    changed = StoredPlan(assignment(u3="g1"), later(1), by="Li", version_no=1)
    assert store.add_plan_version(plan_id, changed) == 2
    assert store.plan(plan_id).assignment["u3"] == "g1"
    assert store.plan(plan_id, 1).assignment["u3"] == "g2"
    with pytest.raises(ConflictError, match=r"Version 2 .* made meanwhile"):
        store.add_plan_version(plan_id, changed)
    with pytest.raises(ConflictError, match="version 1 was meant"):
        store.advance_plan(plan_id, "proposed", now=later(2), by="Wang", version_no=1)
    store.advance_plan(plan_id, "proposed", now=later(2), by="Wang", version_no=2)
    with pytest.raises(ConflictError, match="only a draft can be changed"):
        store.add_plan_version(plan_id, StoredPlan(assignment(), later(3)))
    assert store.plan_versions(plan_id).index.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("plans", "created_at"),
        ("plan_versions", "by"),
        ("plan_units", "grid_code"),
        ("plan_steps", "state"),
        ("plan_bases", "digest"),
        ("plan_base_rows", "digest"),
    ],
)
@pytest.mark.parametrize(
    "order", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_what_was_written_of_a_plan_stays(store, admin_engine, table, column, order):
    store.take_in(GRIDS, part(grids()), feed("grids"))
    store.save_plan(StoredPlan(assignment(), NOON))
    order = order.format(f"gridgeo.{table}", column, column)
    before = store.counts()
    for powers in (store.engine, admin_engine):
        with pytest.raises(StoreError, match="only ever added"), transaction(powers) as connection:
            connection.execute(text(order))
    assert store.counts() == before


def test_of_two_persons_at_once_the_second_is_told(store, cluster, database):
    plan_id = store.save_plan(StoredPlan(assignment(), NOON))
    others = [Store(engine(cluster.url(database, "owner"), pooled=False)) for _ in range(2)]
    at_once, outcomes = threading.Barrier(2), []

    def propose(one, who):
        at_once.wait()
        try:
            one.advance_plan(plan_id, "proposed", now=later(1), by=who)
            outcomes.append("done")
        except ConflictError as error:
            outcomes.append(error.message)

    both = [threading.Thread(target=propose, args=(one, f"W{n}")) for n, one in enumerate(others)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    said = sorted(outcomes)
    assert said[1] == "done"
    assert "is proposed" in said[0]
    assert len(store.plan_steps(plan_id)) == 2


def test_whoever_comes_second_waits_for_the_first(store, cluster, database):
    """The first has taken the step but not ended: the second must neither pass nor fail yet."""
    plan_id = store.save_plan(StoredPlan(assignment(), NOON))
    other = Store(engine(cluster.url(database, "owner"), pooled=False))
    outcome = []

    def propose():
        try:
            other.advance_plan(plan_id, "proposed", now=later(1), by="second")
        except ConflictError as error:
            outcome.append(error.code)

    with store.filing(plan_id) as first:
        second = threading.Thread(target=propose)
        second.start()
        second.join(timeout=0.5)
        assert second.is_alive()
        assert first.step.state == "draft"
        with pytest.raises(ConflictError):
            first.check()
    second.join()
    assert outcome == []
    assert store.plan(plan_id).state == "proposed"


def based(store):
    """A store with two grids and three units, and a draft made of them."""
    store.take_in(GRIDS, part(grids("ab")), feed("grids"))
    store.take_in(UNITS, part(units(["a", "a", "b"])), feed("units"))
    plan = pd.Series(["a", "b", "b"], index=["u0", "u1", "u2"], dtype="str")
    return store.save_plan(StoredPlan(plan, NOON, base_date=DAY))


def test_nothing_moved_while_nothing_changed(store):
    plan_id = based(store)
    assert not store.plan_moved(plan_id)
    store.take_in(UNITS, part(units(["a", "a", "b"])), feed("the same again"))
    store.take_in(GRIDS, part(grids("a").assign(name="renamed")), feed("a name"))
    assert not store.plan_moved(plan_id)
    assert store.plan_base(plan_id) == ({"u0": "a", "u1": "a", "u2": "b"}, {"a", "b"})


@pytest.mark.parametrize(
    ("contract", "frame", "more", "grids_moved", "units_moved"),
    [
        (UNITS, units(["a", "a", "b"], households=[10, 11, 10]), {}, (), ("u1",)),
        (UNITS, units(["b", "a", "b"]), {}, (), ("u0",)),
        (UNITS, units(["a", "a", "b", "b"]), {}, (), ("u3",)),
        (GRIDS, grids("b", wide=2.0), {}, ("b",), ()),
        (GRIDS, grids("abc"), {}, ("c",), ()),
        # Changes to come: whoever files later would cut them short.
        (GRIDS, grids("a", wide=2.0), {"valid_from": dt.date(2027, 1, 1)}, ("a",), ()),
        (GRIDS, grids("abc").iloc[2:], {"valid_from": dt.date(2027, 1, 1)}, ("c",), ()),
    ],
    ids=["load", "grid of unit", "new unit", "shape", "new grid", "shape to come", "grid to come"],
)
def test_what_moved_under_a_plan_is_named_and_stops_it(
    store, contract, frame, more, grids_moved, units_moved
):
    plan_id = based(store)
    store.take_in(contract, part(frame), feed("change", **more))
    found = store.plan_moved(plan_id)
    assert (found.grids, found.units) == (grids_moved, units_moved)
    with pytest.raises(ConflictError, match=(grids_moved or units_moved)[0]) as caught:
        store.advance_plan(plan_id, "proposed", now=later(1), by="Wang")
    assert caught.value.code == "plan.base-moved"
    assert f"gridgeo plan rebase {plan_id}" in caught.value.hint
    assert store.plan(plan_id).state == "draft"


def test_a_base_that_moved_stops_approval_but_no_end(store):
    plan_id = based(store)
    walk(store, plan_id, "publicised")
    store.take_in(GRIDS, part(grids("b", wide=2.0)), feed("change"))
    with pytest.raises(ConflictError, match=r"1 grids \(b\)"):
        store.advance_plan(plan_id, "approved", now=later(30), by="Wang")
    store.advance_plan(plan_id, "rejected", now=later(30), by="Wang", note="overtaken")


def test_plans_of_one_base_share_it(store):
    based(store)
    before = store.counts()
    plan = pd.Series(["a"], index=["u0"], dtype="str")
    store.save_plan(StoredPlan(plan, later(1)))
    after = store.counts()
    for table in ("gridgeo.plan_bases", "gridgeo.plan_base_rows"):
        assert after[table] == before[table]
    assert before["gridgeo.plan_base_rows"] == 5
