"""Kills while incidents get their grids: the next run comes to what one run would have."""

import os
import random

import numpy as np
import pytest

from gridgeo.services.assigned import assign_incidents
from gridgeo.store.connection import engine
from gridgeo.store.migrate import migrate
from gridgeo.store.store import Store
from tests.analysis.lives import block, frame, lattice
from tests.services.test_assigned import ZONE, assert_stands, put_grids, put_incidents
from tests.store.killing import killed
from tests.store.test_kills import own  # noqa: F401  # a fixture

pytestmark = [pytest.mark.db, pytest.mark.trial]

ROUNDS = 40 if os.environ.get("GRIDGEO_TRIAL") else 4
GRIDS, ROWS, MORE = 20, 20_000, 500

ASSIGN = f"""
import sys
from gridgeo.analysis.locate import warm_locate
from gridgeo.services.assigned import assign_incidents
from gridgeo.store.connection import engine
from gridgeo.store.store import Store
store = Store(engine(sys.argv[1]))
within = float(sys.argv[2]) if sys.argv[2] else None
warm_locate()
print("begun", flush=True)
assign_incidents(store, zone={ZONE!r}, nearest_within_m=within, chunk_rows=500)
print("kept", flush=True)
"""


def strips(shift):
    """Grids from west to east whose borders lie elsewhere from the tenth day on."""
    rows = []
    for n in range(GRIDS):
        west = n + (shift if n else 0)
        east = n + 1 + (shift if n < GRIDS - 1 else 0)
        rows.append((f"g{n:02d}", None, 10, block(n, 0)))
        rows.append((f"g{n:02d}", 10, None, block(west, 0, east - west)))
    return frame(rows)


def some(rng, n):
    x = lattice(rng.random(n) * (GRIDS + 1))
    return x, lattice(rng.random(n)) - 88, rng.integers(5, 15, n)


def test_a_kill_of_server_or_program_costs_time_and_no_answer(own):  # noqa: F811
    url = own.ensure_database("gridgeo_assign_kills")
    reached = engine(url, pooled=False)
    migrate(reached)
    store, dice, rng = Store(reached), random.Random(0), np.random.default_rng(0)
    incidents, cut, progress = {}, 0, 0
    for n in range(ROUNDS):
        put_grids(store, grids := strips(dice.choice([0.0, 0.1, 0.2, 0.3])))
        at = some(rng, MORE if n else ROWS)
        start = dice.randrange(len(incidents)) if incidents else 0
        put_incidents(store, *at, start=start)
        incidents.update(enumerate(zip(*at, strict=True), start))
        within = dice.choice([None, None, 30.0])
        before = store.counts()["gridgeo.incident_grids"]
        said = killed(
            own,
            ASSIGN,
            url,
            "" if within is None else str(within),
            after_s=dice.uniform(0, 0.6),
            server=n % 2,
        )
        cut += "kept" not in said
        progress += store.counts()["gridgeo.incident_grids"] > before
        # Every other time the next kill comes, by other borders, before a run is let to its end.
        if n % 4 > 1:
            assign_incidents(store, zone=ZONE, nearest_within_m=within)
            assert_stands(store, grids, incidents, within)
            assert not store.answered(ZONE).borders_moved
    assert cut
    assert progress
