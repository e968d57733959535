"""Commands on the store."""

import geopandas as gpd
import pandas as pd
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from gridgeo.cli import app


@pytest.fixture
def on_store(run, cluster, database):
    """Run a command on a fresh, migrated city."""
    return lambda *arguments: run(*arguments, database=cluster.url(database, "admin"))


@pytest.mark.parametrize("name", sorted(get_command(app).commands))
def test_every_command_has_help_with_an_example(name):
    done = CliRunner().invoke(app, [name, "--help"])
    assert done.exit_code == 0
    assert "Example: gridgeo" in done.output


def test_the_same_file_twice_changes_nothing(on_store, samples):
    first = on_store("import", "grids", samples / "town" / "grids.geojson")
    assert "50 new" in first.stdout
    again = on_store("import", "grids", samples / "town" / "grids.geojson")
    assert again.returncode == 0
    assert "nothing changed" in again.stdout


def test_a_dry_run_writes_nothing(on_store, samples):
    done = on_store("import", "grids", samples / "town" / "grids.geojson", "--dry-run")
    assert "would take in 50" in done.stdout
    assert "50 new" in on_store("import", "grids", samples / "town" / "grids.geojson").stdout


def test_refused_rows_come_back_in_a_file_that_can_be_mended(on_store, tmp_path):
    faulty = tmp_path / "workers.csv"
    faulty.write_text("worker_id,employment\nW1,full-time\nW2,sometimes\n,part-time\n")
    done = on_store("import", "workers", faulty, "--reject-file", "rejects.csv")
    assert done.returncode == 0
    assert "1 new" in done.stdout
    rejects = pd.read_csv(tmp_path / "rejects.csv")
    assert rejects["row"].tolist() == [2, 3]
    rejects["employment"] = "part-time"
    rejects["worker_id"] = ["W2", "W3"]
    rejects.to_csv(tmp_path / "mended.csv", index=False)
    done = on_store("import", "workers", tmp_path / "mended.csv")
    assert "2 new" in done.stdout


def test_from_import_to_map_and_export(on_store, samples, tmp_path):
    town = samples / "town"
    for layer, file in (
        ("towns", "towns.geojson"),
        ("grids", "grids.geojson"),
        ("units", "units.gpkg"),
    ):
        done = on_store("import", layer, town / file)
        assert done.returncode == 0, done.stderr
    done = on_store("publish", "--as-of", "2026-07-01", "--source", "test")
    assert done.returncode == 0, done.stderr
    assert "load: 50 features" in done.stdout
    assert "stations: not published" in done.stdout
    done = on_store("map", "load", "--lang", "en", "-o", "load.html")
    assert done.returncode == 0, done.stderr
    done = on_store("export", "load", "-o", "load.geojson")
    assert done.returncode == 0, done.stderr
    load = gpd.read_file(tmp_path / "load.geojson")
    assert load["households"].sum() == pytest.approx(15_000, rel=0.01)
    assert "Published" in on_store("status").stdout
    assert on_store("export", "units", "-o", "x.geojson").returncode == 1


def test_a_plan_from_the_store_is_written_and_applied_nowhere(on_store, samples, tmp_path):
    town = samples / "town"
    on_store("import", "grids", town / "grids.geojson")
    on_store("import", "units", town / "units.gpkg")
    done = on_store("balance", "-o", "plan.csv")
    assert done.returncode == 0, done.stderr
    plan = pd.read_csv(tmp_path / "plan.csv", dtype=str)
    assert plan["grid_today"].notna().all()
    assert "load" not in plan.columns
    done = on_store("balance", "-o", "plan.geojson")
    assert done.returncode == 0, done.stderr
    told = gpd.read_file(tmp_path / "plan.geojson")["households"].dropna()
    assert (told % 5 == 0).all()
    assert on_store("balance", "--k", "9", "-o", "no.csv").returncode == 1


def test_doctor_finds_a_login_that_could_do_too_much(on_store):
    done = on_store("doctor")
    assert done.returncode == 1
    assert "FAIL" in done.stdout
