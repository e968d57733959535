"""Patrols from the command line: of files, and of a store whose old fixes go."""

from functools import partial

import pandas as pd
import pytest

from tests.services.walking import few, layers_of, of_days, tracks_of


@pytest.fixture
def on_store(run, cluster, database):
    """Run a command on a fresh, migrated city."""
    return lambda *arguments: run(*arguments, database=cluster.url(database, "admin"))


@pytest.fixture
def files(samples):
    return layers_of(samples, "grids", "streets", "rosters")


@pytest.fixture
def fixes(samples, tmp_path):
    """A file with a few tracks, of which one is cut short."""
    table = few(tracks_of(samples), 30)
    short = table["track_id"].iloc[0]
    table = table[(table["track_id"] != short) | (table.groupby("track_id").cumcount() < 20)]
    table.to_parquet(tmp_path / "fixes.parquet", index=False)
    return tmp_path / "fixes.parquet"


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_a_file_of_tracks_becomes_a_file_of_patrols(run, files, fixes, tmp_path, suffix):
    done = run(
        "patrols", fixes, "--grids", files["grids"], "--streets", files["streets"],
        "--rosters", files["rosters"], "-o", f"patrols.{suffix}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "4 patrols" in done.stdout
    calamine = partial(pd.read_excel, engine="calamine")
    reader = {"csv": pd.read_csv, "xlsx": calamine, "parquet": pd.read_parquet}[suffix]
    found = reader(tmp_path / f"patrols.{suffix}")
    found = found.set_index("patrol_id") if suffix != "parquet" else found
    assert found["valid"].tolist() == [False, True, True, True]
    assert found["reason_en"].iloc[0] == "too short; too few fixes"
    assert found["reason_zh"].iloc[0] == "时长不足; 轨迹点过少"
    assert (found["streets_m"] > 500).all()
    assert str(found["starts_at"].iloc[0]).endswith("+08:00")


def test_off_duty_fixes_of_a_file_are_left_out_and_counted(run, files, samples, tmp_path):
    table = few(tracks_of(samples), 30, n=2)
    late = table["track_id"] == table["track_id"].iloc[0]
    table.loc[late, "t"] -= pd.Timedelta(hours=8)
    table.to_parquet(tmp_path / "fixes.parquet", index=False)
    asked = ("patrols", "fixes.parquet", "--grids", files["grids"], "-o", "patrols.csv")
    assert "2 patrols" in run(*asked).stdout
    done = run(*asked, "--rosters", files["rosters"])
    assert "1 patrols" in done.stdout
    assert f"{int(late.sum())} fixes outside the duty hours" in done.stdout


def test_what_is_missing_for_files_is_said(run, fixes):
    done = run("patrols", fixes, "-o", "patrols.csv")
    assert done.returncode != 0
    assert "--grids FILE and -o FILE are all needed" in done.stderr


@pytest.mark.parametrize(("standard", "patrol", "share"), [((), 2, 0), (("3/d",), 50, 0)])
def test_blind_spots_of_a_folder_tell_of_patrols(run, samples, standard, patrol, share):
    said = [part for one in standard for part in ("--standard", one)]
    done = run(
        "blind-spots", "patrol", "patrol-share", "--from", samples / "town",
        "--as-of", "2026-07-01", *said, "-o", "found.geojson",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counts = {
        line.split("│")[0].strip(): int(line.split("│")[-1])
        for line in done.stdout.splitlines()
        if line.strip().startswith("patrol")
    }
    assert counts == {"patrol": patrol, "patrol-share": share}


def test_facts_given_as_a_file_are_judged_without_any_fix(run, files, samples, tmp_path):
    tracks = of_days(tracks_of(samples), 29, 30)
    tracks.to_parquet(tmp_path / "fixes.parquet", index=False)
    run("patrols", "fixes.parquet", "--grids", files["grids"], "-o", "patrols.csv")
    done = run(
        "blind-spots", "patrol", "patrol-share", "--grids", files["grids"],
        "--streets", files["streets"], "--patrols", "patrols.csv",
        "--as-of", "2026-07-01", "-o", "found.geojson",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "patrol │ 巡查不足 │ 50" in done.stdout
    assert "not judged: patrol-share (needs fixes)" in done.stdout


@pytest.mark.db
def test_a_store_makes_patrols_and_drops_old_fixes(on_store, files, fixes):
    for layer, path in files.items():
        assert on_store("import", layer, path).returncode == 0
    done = on_store("import", "fixes", fixes)
    assert done.returncode == 0, done.stderr
    assert "`gridgeo patrols` makes patrols" in done.stderr
    waiting = on_store("status")
    assert "raw fixes stand; the oldest was taken" in waiting.stdout
    assert "`gridgeo patrols`" in waiting.stderr
    made = on_store("patrols")
    assert made.returncode == 0, made.stderr
    assert "4 patrols" in made.stdout
    assert "too short" in made.stdout
    n = len(pd.read_parquet(fixes))
    assert f"{n} raw fixes older than 72 hours were dropped" in made.stdout
    assert "`gridgeo publish`" in made.stderr
    assert "raw fixes stand" not in on_store("status").stdout
    again = on_store("patrols")
    assert "0 patrols" in again.stdout
    assert "0 raw fixes" in again.stdout


@pytest.mark.db
def test_whoever_publishes_keeps_no_old_fix(on_store, files, fixes):
    for layer in ("grids", "rosters"):
        on_store("import", layer, files[layer])
    on_store("import", "fixes", fixes)
    done = on_store("publish", "--as-of", "2026-07-01")
    assert done.returncode == 0, done.stderr
    assert "raw fixes older than 72 hours were dropped" in done.stdout
    assert "raw fixes stand" not in on_store("status").stdout
