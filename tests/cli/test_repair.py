import geopandas as gpd
import pandas as pd

from gridgeo.analysis.tiling import tiling_faults
from gridgeo.model.crs import to_metric


def test_the_sample_town_is_repaired_from_file_to_file(run, samples, tmp_path):
    town = samples / "town"
    done = run(
        "repair", town / "grids.geojson", "--villages", town / "villages.geojson",
        "--jurisdiction", town / "towns.geojson", "-o", "repaired.gpkg",
        "--proposals", "proposals.csv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    repaired = gpd.read_file(tmp_path / "repaired.gpkg", layer="grids")
    given = gpd.read_file(town / "grids.geojson")
    assert sorted(repaired["grid_code"]) == sorted(given["grid_code"])
    assert tiling_faults(to_metric(repaired), gpd.read_file(town / "towns.geojson")).empty
    told = pd.read_csv(tmp_path / "proposals.csv", dtype={"to_grid": str, "from_grid": str})
    assert told["kind"].value_counts().to_dict() == {"overlap": 3, "gap": 2, "sliver": 1}
    assert told["repaired"].all()
    assert set(told["to_grid"]) <= set(given["grid_code"])
    assert told["geometry"].str.startswith("POLYGON").all()
    assert "gridgeo import grids repaired.gpkg" in done.stderr
    assert "9,043.33" in done.stdout


def test_a_second_repair_finds_nothing_to_do(run, samples, tmp_path):
    town = samples / "town"
    common = ("--villages", town / "villages.geojson")
    run("repair", town / "grids.geojson", *common, "-o", "once.geojson")
    done = run("repair", "once.geojson", *common, "-o", "twice.geojson")
    assert done.returncode == 0, done.stderr
    assert "every place is in exactly one grid" in done.stderr
    once, twice = (gpd.read_file(tmp_path / f"{name}.geojson") for name in ("once", "twice"))
    assert once.geometry.geom_equals(twice.geometry).all()


def test_large_places_are_marked_and_said(run, samples):
    town = samples / "town"
    done = run(
        "repair", town / "grids.geojson", "--towns", town / "towns.geojson", "-o", "r.gpkg",
        "--look-above", 9000, "--proposals", "p.xlsx",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "places marked look (1) in p.xlsx" in done.stderr
    assert done.stdout.count("look") == 1


def test_what_cannot_be_written_is_said_before_work_is_done(run, samples, tmp_path):
    grids = samples / "town" / "grids.geojson"
    done = run("repair", grids, "-o", "grids.txt")
    assert done.returncode == 1
    assert ".txt" in done.stderr
    done = run("repair", grids, "-o", "r.gpkg", "--proposals", "r.gpkg")
    assert done.returncode == 1
    assert "one file" in done.stderr
    assert not list(tmp_path.iterdir())
