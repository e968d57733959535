"""Kills while a plan is filed: its borders are in force as a whole, or the old ones are."""

import datetime as dt
import os
import random

import pandas as pd
import pytest

from gridgeo.model.frames import GRIDS, UNITS
from gridgeo.model.records import StoredPlan
from gridgeo.services import plan_register as plans
from gridgeo.store.connection import engine
from gridgeo.store.migrate import migrate
from gridgeo.store.store import Store
from tests.store.frames import feed, grids, part, units
from tests.store.killing import killed
from tests.store.test_kills import own  # noqa: F401  # a fixture

pytestmark = [pytest.mark.db, pytest.mark.trial]

ROUNDS = 40 if os.environ.get("GRIDGEO_TRIAL") else 2
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SIZE, OF_GRID = 6_000, 100
CODES = [f"g{n:03d}" for n in range(SIZE // OF_GRID)]

FILE = """
import datetime as dt
import sys
from gridgeo.services import plan_register as plans
from gridgeo.store.connection import engine
from gridgeo.store.store import Store
store = Store(engine(sys.argv[1]))
now = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
print("begun", flush=True)
plans.file(
    store, int(sys.argv[2]), dt.date.fromisoformat(sys.argv[3]), today=now.date(), now=now, by="Z"
)
print("kept", flush=True)
"""


def assigned(shift):
    """Every grid gives its first units to the one before: all of them change."""
    codes = [CODES[max(0, (i - shift) // OF_GRID)] for i in range(SIZE)]
    return pd.Series(codes, index=[f"u{i}" for i in range(SIZE)], dtype="str")


def test_a_kill_of_server_or_program_leaves_all_of_a_plan_in_force_or_nothing(own):  # noqa: F811
    url = own.ensure_database("gridgeo_plan_kills")
    reached = engine(url, pooled=False)
    migrate(reached)
    store, dice = Store(reached), random.Random(0)
    since = dt.date(2026, 1, 1)
    frame = grids(CODES).assign(village_code="v")
    store.take_in(GRIDS, part(frame), feed("grids", valid_from=since))
    store.take_in(UNITS, part(units(list(assigned(0)))), feed("units"))
    filed, shift = 0, 0
    for n in range(ROUNDS):
        day = dt.date(2026, 6, 1) + dt.timedelta(days=n)
        base = day - dt.timedelta(1)
        plan_id = store.save_plan(StoredPlan(assigned(shift + 7), NOON, base_date=base))
        for step, state in enumerate(("proposed", "publicised", "approved")):
            at = NOON + dt.timedelta(days=8 * step)
            plans.advance(store, plan_id, state, now=at, by="W")
        before = store.counts()
        said = killed(
            own,
            FILE,
            url,
            str(plan_id),
            day.isoformat(),
            after_s=dice.uniform(0, 1.2),
            server=n % 2,
        )
        whole = store.plan(plan_id).state == "filed"
        assert whole or "kept" not in said
        filed, shift = filed + whole, shift + 7 * whole
        after = store.counts()
        new = len(CODES) if whole else 0
        for table, more in (("grids", new), ("history", new), ("feeds", int(whole))):
            assert after[f"gridgeo.{table}"] == before[f"gridgeo.{table}"] + more
        assert (
            store.frame(UNITS, as_of=day)["grid_code"]
            .sort_index()
            .equals(assigned(shift).rename_axis("unit_id").rename("grid_code").sort_index())
        )
        if not whole:
            # Nothing is in the way of doing it again.
            store.advance_plan(plan_id, "rejected", now=NOON, by="W", note="killed")
