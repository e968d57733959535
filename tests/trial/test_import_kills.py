"""Kills in the midst of ``gridgeo import``, which reads, judges, adds, changes and refuses rows.

``tests/store/test_kills.py`` does the same to the store alone, with many rows.
"""

import os
import random
import shutil
import signal
import tempfile
import time
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text

from gridgeo.model.frames import HOUSEHOLDS, SIZE_BANDS
from gridgeo.store.connection import engine
from gridgeo.store.local import LocalCluster
from gridgeo.store.store import Store
from tests.trial.conftest import effort

pytestmark = [pytest.mark.db, pytest.mark.trial]

ROWS, NEW, FAULTY = 3000, 300, 3


class City:
    """Files one after the other, and what must stand in the store when some were taken in."""

    def __init__(self, store, folder):
        self._store, self._folder = store, folder
        self.files = []
        self.bands = pd.Series(dtype="str")
        self.replaced = 0

    def next_file(self):
        """Write a file whose first rows are known and change, the others are new, some faulty."""
        n = len(self.files)
        numbers = range(n * NEW, n * NEW + ROWS)
        rows = pd.DataFrame(
            {
                "household_id": [f"h{i:06d}" for i in numbers],
                "size_band": SIZE_BANDS[n % len(SIZE_BANDS)],
                "lon": [120 + i / 1e5 for i in numbers],
                "lat": 32.0,
            }
        )
        faulty = rows.head(FAULTY).assign(household_id=range(FAULTY), size_band="nobody")
        path = self._folder / f"{n}.csv"
        pd.concat([rows, faulty]).to_csv(path, index=False)
        return path, rows.set_index("household_id")["size_band"]

    def taken(self, path, bands):
        """Note that a file is in."""
        self.files.append(path.name)
        stood = self.bands.reindex(bands.index).dropna()
        self.replaced += int((stood != bands.reindex(stood.index)).sum())
        self.bands = bands.combine_first(self.bands)

    def holds(self, path):
        return path.name in set(self._store.feeds()["file_name"])

    def assert_stands(self):
        """Every file is in once and whole, and nothing else is."""
        feeds = self._store.feeds()
        assert feeds["file_name"].tolist() == self.files
        assert (feeds["accepted"] == ROWS).all()
        counts = self._store.counts()
        assert counts["gridgeo.rejects"] == FAULTY * len(self.files)
        assert counts["gridgeo.history"] == self.replaced
        found = self._store.frame(HOUSEHOLDS)["size_band"]
        pd.testing.assert_series_equal(found, self.bands, check_names=False)

    def wait_until_nobody_works(self):
        """A session outlives its killed program until it has done what it was told last."""
        others = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        end = time.monotonic() + 60
        working = 1
        while working:
            assert time.monotonic() < end
            time.sleep(0.02)
            with self._store.engine.connect() as connection:  # a transaction sees one moment only
                working = connection.scalar(others)


def undisturbed(city, start, path, bands):
    """Take a file in, see that it stands, and give the seconds until it was in."""
    began = time.monotonic()
    command = start("import", "households", path)
    while not city.holds(path) and time.monotonic() < began + 60:
        time.sleep(0.01)
    seconds = time.monotonic() - began
    assert command.wait() == 0, command.said()
    city.taken(path, bands)
    city.assert_stands()
    return seconds


def test_a_killed_import_leaves_all_of_its_file_or_none_and_the_next_one_succeeds(
    commands, cluster, database, store, tmp_path
):
    there = {"DATABASE_URL": cluster.url(database)}
    start, run = partial(commands.start, **there), partial(commands.run, **there)
    city, dice = City(store, tmp_path), random.Random(1)
    whole_s = min(undisturbed(city, start, *city.next_file()) for _ in range(2))
    for _ in range(effort(120)):
        path, bands = city.next_file()
        command = start("import", "households", path)
        time.sleep(dice.uniform(0, 1.05 * whole_s))
        command.kill()
        command.wait()
        city.wait_until_nobody_works()
        if city.holds(path):
            city.taken(path, bands)
            city.assert_stands()
            assert "nothing changed" in run("import", "households", path)
            city.assert_stands()
        else:
            city.assert_stands()
            whole_s = undisturbed(city, start, path, bands)  # the machine has other work, too


@pytest.fixture
def home():
    """A short folder that the server's user may enter."""
    made = Path(tempfile.mkdtemp(prefix="gg-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    LocalCluster(made).destroy()
    shutil.rmtree(made)


def test_an_import_whose_server_is_killed_says_so_and_leaves_all_of_its_file_or_none(
    commands, home, tmp_path
):
    here = {"GRIDGEO_HOME": str(home), "GRIDGEO_CITY": "kills"}
    start, run = partial(commands.start, **here), partial(commands.run, **here)
    own = LocalCluster(home)
    run("up")
    store = Store(engine(own.url("gridgeo_kills"), pooled=False))
    city, dice = City(store, tmp_path), random.Random(2)
    whole_s = min(undisturbed(city, start, *city.next_file()) for _ in range(2))
    for _ in range(effort(20)):
        path, bands = city.next_file()
        server = own.status().pid
        command = start("import", "households", path)
        time.sleep(dice.uniform(0, 1.05 * whole_s))
        os.kill(server, signal.SIGKILL)
        ended = command.wait()
        assert ended in (0, 1)
        assert "Traceback" not in command.said()
        run("up")
        if city.holds(path):
            city.taken(path, bands)
            city.assert_stands()
        else:
            assert ended == 1
            city.assert_stands()
            whole_s = undisturbed(city, start, path, bands)
