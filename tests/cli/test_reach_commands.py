"""How far, what is served, and where stations should stand, from files with no database."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def town(samples):
    return samples / "town"


@pytest.fixture
def files(town):
    return {n: next(town.glob(f"{n}.*")) for n in ("households", "stations", "streets")}


def test_reach_says_how_far_each_household_is(run, files, tmp_path):
    named = ["--households", files["households"], "--stations", files["stations"]]
    assert run("reach", *named, "--within", "500m", "-o", "straight.csv").returncode == 0
    along = ["--streets", files["streets"], "--within", "500m"]
    done = run("reach", *named, *along, "-o", "walked.csv")
    assert done.returncode == 0, done.stderr
    straight, walked = (
        pd.read_csv(tmp_path / name).set_index("household_id")
        for name in ("straight.csv", "walked.csv")
    )
    assert set(straight["standard"]), set(walked["standard"]) == ({"500m"}, {"500m-walk"})
    assert (walked["reach_m"] >= straight["reach_m"] - 0.1).all()
    assert (straight["reached"] == (straight["reach_m"] <= 500)).mean() > 0.999  # but for 0.1 m
    homes = gpd.read_parquet(files["households"]).set_index("household_id")
    assert set(walked.index) == set(homes.index)
    assert f"walked.csv: {len(homes):,} households, ≈ " in done.stdout
    assert "of them farther than 500m-walk" in done.stdout


def test_isochrones_are_circles_without_streets_and_less_along_them(run, files, tmp_path):
    stations = ["--stations", files["stations"], "--within", "10min"]
    assert run("isochrones", *stations, "-o", "circles.gpkg").returncode == 0
    done = run("isochrones", *stations, "--streets", files["streets"], "-o", "walked.gpkg")
    assert done.returncode == 0, done.stderr
    circles, walked = (gpd.read_file(tmp_path / n) for n in ("circles.gpkg", "walked.gpkg"))
    assert circles["area_m2"].to_numpy() == pytest.approx(np.pi * 750**2, rel=5e-4)
    assert (walked["area_m2"] < circles["area_m2"]).all()
    assert set(walked["way"]) == {"streets"}


def test_stations_are_chosen_from_candidates_and_the_answer_can_be_gone_on_with(
    run, files, tmp_path
):
    asked = ["--households", files["households"], "--candidates", files["stations"]]
    done = run("stations", "--fewest", "1000m", *asked, "-o", "fewest.geojson")
    assert done.returncode == 0, done.stderr
    assert "proven: no choice is better" in done.stdout
    fewest = gpd.read_file(tmp_path / "fewest.geojson")
    assert (fewest["persons"].dropna() % 5 == 0).all()
    best = ["--best", 3, "--within", "1000m", *asked]
    done = run("stations", *best, "--stations", files["stations"], "-o", "no.geojson")
    assert done.returncode == 1
    assert "p is 3" in done.stderr
    assert not (tmp_path / "no.geojson").exists()
    assert run("stations", *best, "-o", "best.geojson").returncode == 0
    again = run("isochrones", "--stations", "best.geojson", "--within", "1km", "-o", "a.geojson")
    assert "no standard" in again.stderr
    again = run("isochrones", "--stations", "best.geojson", "--within", "1000m", "-o", "a.geojson")
    assert again.returncode == 0, again.stderr
    assert len(gpd.read_file(tmp_path / "a.geojson")) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Either --fewest"),
        (["--fewest", "500m", "--best", "3"], "Either --fewest"),
        (["--fewest", "500m", "--within", "500m"], "leave --within out"),
        (["--fewest", "90d"], "no distance"),
    ],
)
def test_refuses_what_cannot_be_meant(run, files, options, said):
    asked = ["--households", files["households"], "--candidates", files["stations"]]
    done = run("stations", *options, *asked, "-o", "x.geojson")
    assert done.returncode == 1
    assert said in done.stderr
