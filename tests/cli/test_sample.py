"""The sample a planner makes to try gridgeo on."""

import json


def test_a_small_city_is_made_once_and_judged_from_its_files(run, tmp_path):
    folder = tmp_path / "city"
    ask = ("sample", "--city", "--scale", "0.05", "--seed", "1", "-o", folder)
    made = run(*ask)
    assert made.returncode == 0
    assert "files" in made.stdout
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert {"streets.fgb", "waters.fgb", "tracks.parquet", "truth.json"} <= set(before)
    again = run(*ask)
    assert "was made before" in again.stdout
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    found = run("blind-spots", "--from", folder, "--as-of", "2026-07-01", "-o", tmp_path / "f.gpkg")
    assert found.returncode == 0
    gaps = sum(one["kind"] == "gap" for one in truth["defects"])
    row = next(line for line in found.stdout.splitlines() if "gap" in line)
    assert f" {gaps} " in row


def test_another_seed_is_made_anew(run, tmp_path):
    folder = tmp_path / "town"
    assert "files" in run("sample", "-o", folder).stdout
    assert "files" in run("sample", "--seed", "1", "-o", folder).stdout
    assert json.loads((folder / "truth.json").read_text(encoding="utf-8"))["seed"] == 1


def test_a_scale_out_of_range_is_refused(run, tmp_path):
    done = run("sample", "--city", "--scale", "2", "-o", tmp_path / "city")
    assert done.returncode != 0
    assert "scale" in done.stderr
    assert not (tmp_path / "city").exists()
