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


def test_several_files_have_one_reject_file_that_names_them(on_store, tmp_path):
    for n, name in enumerate(("east.csv", "west.csv")):
        (tmp_path / name).write_text(f"worker_id,employment\nW{n},full-time\nX{n},never\n")
    (tmp_path / "broken.csv").write_text("name\nsomebody\n")
    files = [tmp_path / name for name in ("east.csv", "west.csv", "broken.csv")]
    done = on_store("import", "workers", *files, "--reject-file", "rejects.csv")
    # The third cannot be read; the two before it are in, and so are their refused rows.
    assert done.returncode != 0
    assert "broken.csv has no column for worker_id" in done.stderr
    rejects = pd.read_csv(tmp_path / "rejects.csv")
    assert rejects["file"].tolist() == ["east.csv", "west.csv"]
    assert rejects["worker_id"].tolist() == ["X0", "X1"]
    assert "2" in on_store("status").stdout
    # What stands there is not lost to a command that comes to nothing.
    done = on_store("import", "workers", files[2], "--reject-file", "rejects.csv")
    assert done.returncode != 0
    assert len(pd.read_csv(tmp_path / "rejects.csv")) == 2
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_status_tells_whence_a_file_came_how_old_it_is_and_by_what_right(on_store, tmp_path):
    (tmp_path / "w.csv").write_text("worker_id,employment\nW,full-time\n")
    told = ("--department", "民政", "--basis", "某法第3条", "--purpose", "网格管理")
    done = on_store("import", "workers", tmp_path / "w.csv", *told, "--data-as-of", "2020-01-01")
    assert done.returncode == 0, done.stderr
    said = on_store("status").stdout
    assert "民政" in said
    assert "某法第3条" in said
    assert " d " in said


def test_a_sheet_and_an_address_are_read_by_the_command(on_store, samples, tmp_path):
    town = samples / "town"
    door = gpd.read_parquet(town / "addresses.parquet")["address"].iloc[0]
    with pd.ExcelWriter(tmp_path / "工单.xlsx") as book:
        pd.DataFrame({"说明": ["x"]}).to_excel(book, sheet_name="封面", index=False)
        row = {
            "工单号": ["1"],
            "事件类别": ["01"],
            "上报时间": ["2026-06-01 08:00"],
            "地址": [door],
        }
        pd.DataFrame(row).to_excel(book, sheet_name="六月", index=False)
    asked = ("import", "incidents", tmp_path / "工单.xlsx", "--sheet", "六月")
    assert "refuse 1" in on_store(*asked, "--dry-run").stdout
    on_store("import", "addresses", town / "addresses.parquet")
    assert "would take in 1" in on_store(*asked, "--dry-run").stdout
    done = on_store(*asked)
    assert "1 new" in done.stdout
    assert "按已知地址定位的行:1" in done.stdout


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


def test_the_register_shows_what_is_open_and_writes_its_trend(on_store, samples, tmp_path):
    town = samples / "town"
    for layer in ("villages.geojson", "grids.geojson", "households.parquet"):
        assert on_store("import", layer.split(".")[0], town / layer).returncode == 0
    assert on_store("publish", "--as-of", "2026-07-01").returncode == 0
    done = on_store("register", "--as-of", "2026-07-08", "--weeks", "4", "-o", "trend.csv",
                    "--level", "village")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "overlap" in done.stdout
    assert "重叠" in done.stdout
    told = pd.read_csv(tmp_path / "trend.csv", dtype={"village_code": "str"})
    assert told.columns.tolist() == ["kind", "village_code", "day", "open", "opened", "closed"]
    overlaps = told[told["kind"] == "overlap"].groupby("day")["open"].sum()
    assert overlaps.tolist() == [0, 0, 3, 3]
    households = told[told["kind"].isin(["orphan", "doubled", "mismatch"])]["open"].dropna()
    assert ((households == 0) | (households % 5 == 0)).all()
