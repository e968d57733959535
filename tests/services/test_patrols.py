"""Tracks become patrols in a real store: once, whole, and without the fixes outliving 72 hours."""

import datetime as dt

import pandas as pd
import pytest

from gridgeo.model.frames import FIXES, PATROLS
from gridgeo.services.kept import kept
from gridgeo.services.patrols import make_patrols, patrols_of, reasons, walked
from gridgeo.services.sources import Files
from gridgeo.services.standards import Standards
from gridgeo.store.walks import Walks
from tests.services.walking import (
    EVENING,
    PLACED,
    ZONE,
    everything,
    few,
    holding,
    layers_of,
    of_days,
)

pytestmark = pytest.mark.db


@pytest.fixture
def town(take, samples):
    """The town's grids, streets and rosters, in the store."""
    files = layers_of(samples, *PLACED)
    for layer, path in files.items():
        take(layer, path)
    return files


def make(store, now=EVENING, **more):
    return make_patrols(store, now=now, who="clerk", zone=ZONE, **more)


def test_the_search_for_coordinates_finds_them(store, town, take, save, tracks):
    part = few(tracks, 30, n=1)
    take("fixes", save(part))
    assert holding(store, part.tail(3)) == {"gridgeo.fixes"}


def test_patrols_from_the_store_are_those_from_the_files(store, town, take, save, tracks):
    path = save(of_days(tracks, 29, 30))
    take("fixes", path)
    made = make(store)
    plain, summed = patrols_of(Files(town | {"fixes": path}))
    names = [column.name for column in PATROLS.columns]
    pd.testing.assert_frame_equal(
        made.patrols[[*names, "valid", "reason"]],
        plain[[*names, "valid", "reason"]].assign(
            **{n: plain[n].dt.tz_convert("UTC") for n in ("starts_at", "ends_at")}
        ),
        check_dtype=False,
    )
    assert made.patrols["valid"].all()
    kept_rows = store.frame(PATROLS)
    assert kept_rows.index.tolist() == plain.index.tolist()
    assert store.counts()["gridgeo.patrol_intervals"] == len(summed.intervals)
    assert (made.nowhere, made.unfinished, made.dropped) == (0, 0, 0)


def test_done_twice_nothing_changes(store, town, take, save, tracks):
    path = save(few(tracks, 29, 30))
    take("fixes", path)
    make(store)
    before = dict(everything(store))
    again = make(store)
    assert (len(again.patrols), again.result, again.dropped) == (0, None, 0)
    assert take("fixes", path).result.repeated
    assert dict(everything(store)) == before


def test_facts_outlive_their_fixes_unchanged(store, town, take, save, tracks):
    part = few(tracks, 24, 30)
    path = save(part)
    take("fixes", path)
    made = make(store)
    old = of_days(part, 24)
    assert made.dropped == len(old)
    assert len(store.frame(FIXES)) == len(part) - len(old)
    facts = store.frame(PATROLS)
    assert set(facts.index) == set(part["track_id"])
    later = make(store, EVENING + dt.timedelta(hours=72))
    assert (later.dropped, len(store.frame(FIXES))) == (len(part) - len(old), 0)
    pd.testing.assert_frame_equal(store.frame(PATROLS), facts)


def test_a_piece_of_an_old_track_handed_in_again_changes_nothing(store, town, take, save, tracks):
    part = few(tracks, 24, n=2)
    take("fixes", save(part))
    make(store)
    facts, counts = store.frame(PATROLS), store.counts()
    take("fixes", save(part.groupby("track_id").head(40), "piece.parquet"))
    again = make(store)
    assert (len(again.patrols), again.dropped) == (0, 80)
    pd.testing.assert_frame_equal(store.frame(PATROLS), facts)
    assert store.counts()["gridgeo.patrol_intervals"] == counts["gridgeo.patrol_intervals"]


def test_a_track_that_gets_later_fixes_is_made_anew(store, town, take, save, tracks):
    part = few(tracks, 30, n=1)
    take("fixes", save(part.head(50), "first.parquet"))
    first = make(store).patrols
    assert first["fixes"].tolist() == [50]
    take("fixes", save(part.iloc[50:], "rest.parquet"))
    made = make(store).patrols
    assert made["fixes"].tolist() == [len(part)]
    assert made["ends_at"].iloc[0] == part["t"].max()
    whole, _ = patrols_of(Files(town | {"fixes": save(part)}))
    assert made["distance_m"].iloc[0] == pytest.approx(whole["distance_m"].iloc[0])
    assert store.frame(PATROLS)["fixes"].tolist() == [len(part)]


def test_a_track_waits_until_it_is_over(store, town, take, save, tracks):
    part = few(tracks, 30, n=1)
    take("fixes", save(part))
    last = part["t"].max().to_pydatetime()
    early = make(store, last + dt.timedelta(minutes=29))
    assert (len(early.patrols), early.unfinished) == (0, 1)
    assert len(make(store, last + dt.timedelta(minutes=30)).patrols) == 1


def test_streets_that_come_later_are_covered_while_the_fixes_are_here(
    store, take, samples, save, tracks
):
    take("grids", layers_of(samples, "grids")["grids"])
    take("fixes", save(few(tracks, 30)))
    make(store)
    assert store.counts()["gridgeo.patrol_intervals"] == 0
    take("streets", layers_of(samples, "streets")["streets"])
    make(store)
    assert store.counts()["gridgeo.patrol_intervals"] > 0
    assert make(store).result is None


def test_no_raw_fix_older_than_72_hours_stands_in_any_table(store, town, take, save, tracks):
    part = few(tracks, 24, 30)
    # Refused for a doubled key and for a place, replaced by a correction: what might keep a cell.
    doubled, off_earth = part.head(2), part.iloc[2:4].assign(lat=95.0)
    moved = part.iloc[4:8].assign(lon=part["lon"].iloc[4:8] + 1e-4)
    done = take("fixes", save(pd.concat([part.iloc[4:], doubled, doubled, off_earth])))
    assert done.result.rejected == 4
    take("fixes", save(moved, "moved.parquet"))
    old = of_days(pd.concat([part, doubled, off_earth, moved]), 24)
    assert "gridgeo.fixes" in holding(store, old)
    make(store)
    assert holding(store, old) == set()
    assert store.counts()["gridgeo.rejects"] == 4
    assert set(store.rejects(done.result.feed_id)["code"]) == {
        "duplicate-key",
        "geometry-off-earth",
    }


def test_old_fixes_go_even_where_no_grid_is_known(store, take, save, tracks):
    part = few(tracks, 24)
    take("fixes", save(part))
    made = make(store)
    assert (made.nowhere, made.dropped) == (part["track_id"].nunique(), len(part))
    assert len(store.frame(FIXES)) == 0
    assert len(store.frame(PATROLS)) == 0


def test_nothing_is_kept_of_work_that_fails(store, town, take, save, tracks, monkeypatch):
    take("fixes", save(few(tracks, 24, 30)))
    before = dict(everything(store))

    def broken(self, moment):
        raise RuntimeError("cut off")

    monkeypatch.setattr(Walks, "drop", broken)
    with pytest.raises(RuntimeError):
        make(store)
    assert dict(everything(store)) == before


def test_reasons_name_what_is_wrong_with_a_patrol(store, town, take, save, tracks):
    part = few(tracks, 30, n=1)
    take("fixes", save(part.head(20)))
    made = make(store)
    assert reasons(made.patrols) == {"short": 1, "few-fixes": 1}
    assert make(store, standards=Standards(patrol_minutes=1, patrol_fixes=5)).result is None


def test_the_feed_tells_what_figures_were_made_from(store, town, take, save, tracks):
    take("fixes", save(few(tracks, 30)))
    feed_id = make(store, standards=Standards(patrol_radius_m=25.0)).result.feed_id
    feed = store.feeds().loc[feed_id]
    assert (feed["layer"], feed["imported_by"]) == ("patrols", "clerk")
    assert feed["params"]["made_from"] == "fixes"
    assert feed["params"]["radius_m"] == 25.0


def test_what_a_period_covered_is_one_stretch_whoever_walked_it(store, town, take, save, tracks):
    path = save(of_days(tracks, 29, 30))
    take("fixes", path)
    make(store)
    since, until = EVENING - dt.timedelta(hours=22), EVENING + dt.timedelta(hours=2)
    found = store.walked(since, until)
    plain = walked(kept(Files(town | {"fixes": path})), since, until, Standards(), ZONE)
    pd.testing.assert_frame_equal(found.covered, merged(plain.covered))
    assert set(found.patrols.index) == set(of_days(tracks, 29, 30)["track_id"])
    before = store.walked(since - dt.timedelta(days=9), since - dt.timedelta(days=8))
    assert (len(before.patrols), len(before.covered), before.known) == (0, 0, True)


def merged(stretches):
    """Join touching stretches, one by one."""
    rows = []
    for street, a, b in sorted(stretches[["street", "from_m", "to_m"]].itertuples(index=False)):
        if rows and rows[-1][0] == street and a <= rows[-1][2]:
            rows[-1][2] = max(rows[-1][2], b)
        else:
            rows.append([street, a, b])
    return pd.DataFrame(rows, columns=["street", "from_m", "to_m"]).astype({"street": "str"})
