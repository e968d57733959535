"""The list of calls as a file."""

import json
import stat

import pandas as pd
import pytest

WHOSE = ("--worker", "W00002", "--as-of", "2026-07-01")


@pytest.fixture
def due(run, samples):
    return lambda *arguments: run("due", "--from", samples / "town", *arguments)


def test_a_list_in_both_languages(due, tmp_path):
    done = due(*WHOSE, "--most", "5", "-o", "due.csv")
    assert done.returncode == 0, done.stderr
    zh = pd.read_csv(tmp_path / "due.csv", dtype=str)
    assert list(zh)[:6] == ["户编号", "网格员", "顺序", "步行距离(米)", "网格编码", "走访原因"]
    assert len(zh) == 5
    assert zh["顺序"].tolist() == list("12345")
    assert set(zh["走访原因"]) <= {"从未走访", "逾期", "即将到期"}
    assert set(zh["仅供"]) == {"W00002, 2026-07-01"}
    assert stat.S_IMODE((tmp_path / "due.csv").stat().st_mode) == 0o600
    assert "5 calls" in done.stdout
    assert "m to walk in a straight line" in done.stdout
    assert "for worker W00002 alone" in done.stdout
    assert "不得转发" in done.stdout
    due(*WHOSE, "--most", "5", "--lang", "en", "-o", "due.xlsx")
    en = pd.read_excel(tmp_path / "due.xlsx", dtype=str, engine="calamine")
    assert en["household"].tolist() == zh["户编号"].tolist()
    assert set(en["why"]) <= {"never visited", "overdue", "due soon"}
    assert en["longitude"].astype(float).between(120, 121).all()


def test_a_map_of_the_calls_of_a_grid_is_in_wgs_84(due, tmp_path):
    done = due("--grid", "32128240100101", "--as-of", "2026-07-01", "-o", "due.geojson")
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "due.geojson").read_text(encoding="utf-8"))["features"]
    assert {row["properties"]["grid_code"] for row in rows} == {"32128240100101"}
    assert all(120 < row["geometry"]["coordinates"][0] < 121 for row in rows)
    assert "the workers of grid 32128240100101 alone" in done.stdout


def test_nobody_gets_the_whole_city(due, tmp_path):
    done = due("--as-of", "2026-07-01", "-o", "due.csv")
    assert done.returncode == 1
    assert "never for a whole city" in done.stderr
    assert not list(tmp_path.glob("*.csv"))


def test_other_files_are_refused_before_anything_is_read(due):
    done = due(*WHOSE, "-o", "due.shp")
    assert done.returncode == 1
    assert "not written as .shp" in done.stderr
