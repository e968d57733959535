"""Kills at random moments: whatever dies, a file is in whole or not at all."""

import os
import random
import shutil
import tempfile
from pathlib import Path

import pandas as pd
import pytest

from gridgeo.model.frames import HOUSEHOLDS
from gridgeo.store.connection import engine
from gridgeo.store.local import LocalCluster
from gridgeo.store.migrate import migrate
from gridgeo.store.store import Store
from tests.store.killing import killed

pytestmark = [pytest.mark.db, pytest.mark.trial]

ROUNDS = 40 if os.environ.get("GRIDGEO_TRIAL") else 2
ROWS, PARTS = 20_000, 4
BANDS = ("1", "2", "3-4", "5+")

TAKE_IN = f"""
import sys
from gridgeo.model.frames import HOUSEHOLDS
from gridgeo.store.connection import engine
from gridgeo.store.store import Store
from tests.store.frames import feed, households, part
n, size = int(sys.argv[2]), {ROWS // PARTS}
parts = [
    one
    for piece in range({PARTS})
    for one in part(households(size, {BANDS}[n % 4], n * {ROWS // 2} + piece * size))
]
store = Store(engine(sys.argv[1]))
print("begun", flush=True)
store.take_in(HOUSEHOLDS, iter(parts), feed(str(n)))
print("kept", flush=True)
"""


def expected(names):
    """What must stand when these files came in this order, and how many rows were replaced."""
    bands, replaced = pd.Series(dtype="str"), 0
    for n in map(int, names):
        keys = [f"h{i:06d}" for i in range(n * ROWS // 2, n * ROWS // 2 + ROWS)]
        new = pd.Series(BANDS[n % 4], index=keys, dtype="str")
        stood = bands.reindex(keys).dropna()
        replaced += int((stood != new.reindex(stood.index)).sum())
        bands = new.combine_first(bands)
    return bands, replaced


@pytest.fixture
def own():
    home = Path(tempfile.mkdtemp(prefix="gg-", dir="/tmp"))
    home.chmod(0o755)
    made = LocalCluster(home)
    made.up()
    yield made
    made.destroy()
    shutil.rmtree(home)


def test_a_kill_of_server_or_program_leaves_each_file_in_whole_or_not_at_all(own):
    url = own.ensure_database("gridgeo_kills")
    reached = engine(url, pooled=False)
    migrate(reached)
    store, dice = Store(reached), random.Random(0)
    for n in range(ROUNDS):
        said = killed(own, TAKE_IN, url, str(n), after_s=dice.uniform(0, 1.5), server=n % 2)
        names = store.feeds()["file_name"].tolist()
        bands, replaced = expected(names)
        found = store.frame(HOUSEHOLDS)["size_band"]
        pd.testing.assert_series_equal(found, bands.sort_index(), check_names=False)
        assert store.counts()["gridgeo.history"] == replaced
        assert "kept" not in said or str(n) in names
