"""Plans kept before they had versions and steps come over, and can go back."""

import datetime as dt

import pytest
from alembic import command
from sqlalchemy import text

from gridgeo.errors import ConflictError
from gridgeo.store.connection import transaction
from gridgeo.store.migrate import _config, migrate

pytestmark = pytest.mark.db

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
OLD = ("draft", "applied", "recommended", "examined", "publicised", "approved", "filed")
NEW = ("draft", "draft", "proposed", "proposed", "publicised", "approved", "approved")
BACK = ("draft", "draft", "examined", "examined", "publicised", "approved", "approved")


def to(store, revision, move):
    with transaction(store.engine) as connection:
        move(_config(connection), revision)
    store.engine.dispose()


def test_old_plans_come_over_with_their_units_and_go_back(store):
    to(store, "0003", command.downgrade)
    with transaction(store.engine) as connection:
        for n, state in enumerate(OLD, 1):
            connection.execute(
                text(
                    "INSERT INTO gridgeo.plans (created_at, state, seed, params, scores,"
                    " base_date) VALUES (:at, :state, :n, '{}', '{\"gini\": 0.5}', '2026-01-01')"
                ),
                {"at": NOON, "state": state, "n": n},
            )
            connection.execute(
                text("INSERT INTO gridgeo.plan_units VALUES (:n, 'u1', 'a'), (:n, 'u2', 'b')"),
                {"n": n},
            )
    migrate(store.engine)
    assert store.plans()["state"].tolist() == list(NEW)
    plan = store.plan(7)
    assert plan.assignment.to_dict() == {"u1": "a", "u2": "b"}
    assert (plan.seed, plan.scores, plan.created_at) == (7, {"gini": 0.5}, NOON)
    steps = store.plan_steps(7)
    assert steps["state"].tolist() == ["draft", "proposed", "publicised", "approved"]
    assert steps["note"].str.contains("was filed").all()
    # Nobody kept what they were made from, so they can only be rebased.
    assert not store.plan_moved(7).known
    with pytest.raises(ConflictError, match="nobody kept what it was made from") as caught:
        store.advance_plan(1, "proposed", now=NOON, by="Wang")
    assert "gridgeo plan rebase 1" in caught.value.hint
    to(store, "0003", command.downgrade)
    with transaction(store.engine) as connection:
        rows = connection.execute(
            text("SELECT state, seed, base_date FROM gridgeo.plans ORDER BY plan_id")
        ).all()
        units = connection.execute(text("SELECT count(*) FROM gridgeo.plan_units")).scalar_one()
    assert [row.state for row in rows] == list(BACK)
    assert [row.seed for row in rows] == list(range(1, 8))
    assert rows[0].base_date == dt.date(2026, 1, 1)
    assert units == 14
