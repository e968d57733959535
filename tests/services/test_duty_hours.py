"""Of fixes only those taken in duty hours come into a store, and it is said."""

import pandas as pd
import pytest

from gridgeo.model.frames import FIXES
from tests.services.walking import few, holding, layers_of

pytestmark = pytest.mark.db


def test_fixes_outside_duty_hours_do_not_come_in(store, take, samples, save, tracks):
    take("rosters", layers_of(samples, "rosters")["rosters"])
    part = few(tracks, 30)
    off = part.groupby("track_id").head(3)
    off = off.assign(t=off["t"] - pd.Timedelta(hours=8), lon=off["lon"] + 1e-3)
    done = take("fixes", save(pd.concat([part, off])))
    assert done.result.inserted == len(part)
    (note,) = [n for n in done.notes if "duty hours" in n]
    assert note == f"Fixes outside the duty hours of their worker, not kept: {len(off):,}."
    assert "值班" in note.zh
    assert holding(store, off) == set()
    assert len(store.frame(FIXES)) == len(part)


def test_without_any_roster_fixes_are_kept_and_it_is_said(store, take, samples, save, tracks):
    path = save(few(tracks, 30).assign(worker_id="W-on-no-roster"))
    done = take("fixes", path)
    assert done.result.inserted == done.reading.rows_read
    assert any("No roster is known" in note for note in done.notes)
    # With rosters the same file is no repetition: it says something else now.
    take("rosters", layers_of(samples, "rosters")["rosters"])
    again = take("fixes", path)
    assert any("duty hours" in note for note in again.notes)
    assert not any("No roster is known" in note for note in again.notes)


def test_a_fix_of_a_time_to_come_is_not_kept(store, take, save, tracks):
    part = few(tracks, 30, n=1)
    done = take("fixes", save(part), now=part["t"].iloc[9].to_pydatetime())
    assert done.result.inserted == 10
    assert any(f"not come yet, not kept: {len(part) - 10}" in note for note in done.notes)
