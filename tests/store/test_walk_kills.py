"""Kills while tracks become patrols: facts, stretches and the end of the fixes come together."""

import datetime as dt
import os
import random
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import text

from gridgeo.model.frames import FIXES, PATROLS
from gridgeo.services.imports import Asked, import_file
from gridgeo.services.patrols import patrols_of
from gridgeo.services.sources import Files
from gridgeo.store.connection import engine
from gridgeo.store.migrate import migrate
from gridgeo.store.store import Store
from tests.store.killing import killed
from tests.store.test_kills import own  # noqa: F401  # a fixture

pytestmark = [pytest.mark.db, pytest.mark.trial]

ROOT = Path(__file__).parents[2]
ROUNDS = 40 if os.environ.get("GRIDGEO_TRIAL") else 2
NOW = dt.datetime(2026, 6, 30, 14, tzinfo=dt.UTC)

MAKE = f"""
import datetime, sys
from gridgeo.services.patrols import make_patrols
from gridgeo.store.connection import engine
from gridgeo.store.store import Store
store = Store(engine(sys.argv[1]))
print("begun", flush=True)
make_patrols(store, now=datetime.datetime.fromisoformat("{NOW.isoformat()}"), who="clerk")
print("kept", flush=True)
"""


@pytest.fixture
def tracks(samples):
    """A day's tracks of the town, old enough that their fixes go as soon as they are patrols."""
    table = pd.read_parquet(samples / "town" / "tracks.parquet")
    table = table[table["t"] < pd.Timestamp("2026-06-24T16:00Z")]
    return table.astype(dict.fromkeys(["track_id", "worker_id", "grid_code"], "str"))


def stands(store):
    """The patrols, the stretches of each, and the tracks of which fixes are here."""
    with store.engine.connect() as connection:
        of = text("SELECT patrol_id, count(*) FROM gridgeo.patrol_intervals GROUP BY 1")
        stretches = dict(connection.execute(of).all())
    return set(store.frame(PATROLS).index), stretches, set(store.frame(FIXES)["track_id"])


def test_a_kill_of_server_or_program_leaves_tracks_or_patrols_never_half_of_each(
    own,  # noqa: F811
    samples,
    tracks,
    tmp_path,
):
    url = own.ensure_database("gridgeo_kills")
    reached = engine(url, pooled=False)
    migrate(reached)
    store, dice = Store(reached), random.Random(0)
    town = {n: next((samples / "town").glob(f"{n}.*")) for n in ("grids", "streets")}
    for layer, path in town.items():
        import_file(store, Asked(layer, path, {}), now=NOW, who="clerk")
    path = tmp_path / "fixes.parquet"
    tracks.to_parquet(path, index=False)
    _, plain = patrols_of(Files(town | {"fixes": path}))
    expected = plain.intervals.groupby("patrol_id").size()
    done, waiting = set(), set()
    for n in range(ROUNDS):
        names = tracks["track_id"] + f"-{n}"
        tracks.assign(track_id=names).to_parquet(path, index=False)
        import_file(store, Asked("fixes", path, {}), now=NOW, who="clerk")
        waiting |= set(names)
        said = killed(own, MAKE, url, after_s=dice.uniform(0, 2.5), server=n % 2)
        patrols, stretches, here = stands(store)
        if patrols != done:
            done, waiting = done | waiting, set()
        assert patrols == done
        assert here == waiting
        assert stretches == {name: expected[name.split("-")[0]] for name in done}
        assert "kept" not in said or not waiting
    subprocess.run([sys.executable, "-c", MAKE, url], cwd=ROOT, check=True, capture_output=True)
    assert stands(store)[0] == done | waiting
