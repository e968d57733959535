"""The command that appraises."""

import geopandas as gpd
import pandas as pd
import pytest

LINE = ("--as-of", "2026-07-01")


@pytest.fixture(scope="module")
def town(samples):
    return samples / "town"


def test_a_town_is_appraised_into_a_table(run, town, tmp_path):
    done = run("appraise", "--from", town, *LINE, "-o", "appraisal.csv")
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv(tmp_path / "appraisal.csv", dtype={"code": str})
    assert {*rows["level"]} == {"grid", "village", "town", "city", "department"}
    assert "geometry" not in rows
    counts = rows[["numerator", "rest", "denominator"]].stack().dropna()
    assert (counts % 5 == 0).all()
    assert rows["definition"].str.fullmatch(r"[a-z-]+@1\.[0-9a-f]{8}").all()
    assert "按期结案率" in done.stdout
    assert "nothing inside B is a rank" in done.stdout
    assert "patrolled" in set(rows["metric"])
    assert "not judged" not in done.stdout
    assert "Next: " in done.stderr


def test_grids_are_appraised_onto_a_map_by_targets_of_ones_own(run, town, tmp_path):
    done = run(
        "appraise", "--from", town, *LINE, "--level", "grid",
        "--target", "on-time=0.8:0.6", "-o", "appraisal.geojson",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = gpd.read_file(tmp_path / "appraisal.geojson")
    assert {*rows["level"]} == {"grid"}
    assert rows.geometry.notna().all()
    on_time = rows[rows["metric"] == "on-time"]
    assert on_time["grade"].value_counts()["A"] > 40
    assert "0.8 / 0.6" in done.stdout


def test_funnels_are_written_beside(run, town, tmp_path):
    done = run(
        "appraise", "--from", town, *LINE, "--level", "village", "--level", "grid",
        "--funnel", "funnel.html", "--lang", "en", "-o", "appraisal.xlsx",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "funnel.html").read_text(encoding="utf-8")
    assert "<h1>Appraisal · Village · 2026-07-01</h1>" in page
    assert "<h2>Closed in time</h2>" in page
    rows = pd.read_excel(tmp_path / "appraisal.xlsx", dtype=str, engine="openpyxl")
    assert {*rows["level"]} == {"grid", "village"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--level", "street"), "street: no such level"),
        (("--target", "on-time"), "is not of the form METRIC=TARGET:FLOOR"),
        (("--target", "on-time=0.9:many"), "is not of the form METRIC=TARGET:FLOOR"),
        (("--target", "on-time=0.8:0.9"), "needed is 0 < floor < target < 1"),
        (("--target", "closed=0.9:0.8"), "closed: no metric with a target"),
        (("--days", "0"), "The period has 0 days"),
        (("--lang", "fr"), "zh or en is needed"),
    ],
)
def test_what_cannot_be_asked_is_said(run, town, asked, said):
    done = run("appraise", "--from", town, *LINE, *asked, "-o", "appraisal.csv")
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
