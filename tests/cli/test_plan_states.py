"""Commands of ``gridgeo plan`` on the store."""

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from gridgeo.cli import app, plan_borders, plan_states

pytestmark = pytest.mark.db

V = "321282401001"
UNITS = f"""unit_id,households,village_code,grid_code,geometry
u0,40,{V},{V}01,"POLYGON ((120 32, 120.01 32, 120.01 32.01, 120 32.01, 120 32))"
u1,40,{V},{V}01,"POLYGON ((120.01 32, 120.02 32, 120.02 32.01, 120.01 32.01, 120.01 32))"
u2,3,{V},{V}01,"POLYGON ((120.02 32, 120.03 32, 120.03 32.01, 120.02 32.01, 120.02 32))"
u3,40,{V},{V}02,"POLYGON ((120.03 32, 120.04 32, 120.04 32.01, 120.03 32.01, 120.03 32))"
"""
GRIDS = f"""grid_code,name,village_code,kind,valid_from,geometry
{V}01,一,{V},general,2026-01-01,"POLYGON ((120 32, 120.03 32, 120.03 32.01, 120 32.01, 120 32))"
{V}02,二,{V},general,2026-01-01,"POLYGON ((120.03 32, 120.04 32, 120.04 32.01, 120.03 32))"
"""


@pytest.fixture
def on_store(run, cluster, database):
    """Run a command on a fresh, migrated city."""
    return lambda *arguments: run(*arguments, database=cluster.url(database, "admin"))


@pytest.fixture
def on_city(on_store, tmp_path):
    """Run a command on a city of two grids and four units."""
    (tmp_path / "grids.csv").write_text(GRIDS)
    (tmp_path / "units.csv").write_text(UNITS)
    for layer in ("grids", "units"):
        done = on_store("import", layer, tmp_path / f"{layer}.csv", "--crs", "4490")
        assert done.returncode == 0, done.stderr
    return on_store


def plan_of(path, **codes):
    codes = {"u0": f"{V}01", "u1": f"{V}01", "u2": f"{V}01", "u3": f"{V}02"} | codes
    pd.Series(codes, name="grid_code").rename_axis("unit_id").to_csv(path)
    return path


def commands():
    own = typer.Typer()
    plan_states.register(own)
    plan_borders.register(own)
    return [c.name or c.callback.__name__ for c in own.registered_commands]


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help_with_an_example(name):
    done = CliRunner().invoke(app, ["plan", name, "--help"])
    assert done.exit_code == 0
    assert f"Example: gridgeo plan {name}" in done.output


def test_without_plans_the_list_says_how_to_get_one(on_store):
    done = on_store("plan", "list")
    assert done.returncode == 0
    assert "gridgeo plan save" in done.stderr


def test_from_a_file_to_borders_in_force(on_city, tmp_path):
    done = on_city("plan", "save", plan_of(tmp_path / "p.csv", u1=f"{V}02"), "--by", "王芳")
    assert done.returncode == 0, done.stderr
    assert "Plan 1 is a draft (草案)" in done.stdout
    assert "gridgeo plan show 1" in done.stderr
    shown = on_city("plan", "show", "1")
    assert "1 units change their grid, with ≈ 40 households" in shown.stdout
    assert "--to proposed" in shown.stderr
    for state, said in (("proposed", "建议"), ("publicised", "公示"), ("approved", "批准")):
        done = on_city("plan", "advance", "1", "--to", state, "--publicity-days", "0")
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
    assert "gridgeo plan file 1 --valid-from DATE" in done.stderr
    filing = ("plan", "file", "1", "--valid-from", "2099-01-01")
    looked = on_city(*filing, "--dry-run")
    assert "调整" in looked.stdout
    assert "approved" in on_city("plan", "list").stdout
    done = on_city(*filing)
    assert done.returncode == 0, done.stderr
    assert "in force from 2099-01-01" in done.stdout
    again = on_city(*filing)
    assert again.returncode == 0
    assert "nothing changed" in again.stdout
    listed = on_city("plan", "list").stdout
    assert "filed" in listed
    assert "2099-01-01" in listed
    for day, households in (("2098-12-31", [83, 40]), ("2099-01-01", [43, 80])):
        on_city("publish", "--as-of", day)
        assert on_city("export", "load", "-o", f"{day}.csv").returncode == 0
        assert pd.read_csv(tmp_path / f"{day}.csv")["households"].tolist() == households


def test_a_plan_does_not_tell_the_load_of_a_small_unit(on_city, tmp_path):
    on_city("plan", "save", plan_of(tmp_path / "p.csv", u2=f"{V}02"))
    shown = on_city("plan", "show", "1").stdout
    assert "1 units change their grid, with < 5 households" in shown


def test_new_grids_are_given_codes_before_they_are_proposed(on_city, tmp_path):
    on_city("plan", "save", plan_of(tmp_path / "p.csv", u0="new-1"))
    assert "gridgeo plan codes 1" in on_city("plan", "show", "1").stderr
    done = on_city("plan", "advance", "1", "--to", "proposed")
    assert done.returncode == 1
    assert "gridgeo plan codes 1" in done.stderr
    assert f"{V}03" in on_city("plan", "codes", "1").stdout
    assert on_city("plan", "codes", "1", "new-1").returncode == 1
    assert on_city("plan", "codes", "1", f"new-1={V}02").returncode == 1
    assert "version 2" in on_city("plan", "codes", "1", "--accept").stdout
    assert on_city("plan", "advance", "1", "--to", "proposed").returncode == 0


def test_a_step_too_far_says_what_is_possible_and_an_end_needs_a_reason(on_city, tmp_path):
    on_city("plan", "save", plan_of(tmp_path / "p.csv", u1=f"{V}02"))
    done = on_city("plan", "advance", "1", "--to", "approved")
    assert done.returncode == 1
    assert "Plan 1 is draft; it cannot become approved." in done.stderr
    assert "Next it can be proposed, withdrawn or rejected." in done.stderr
    done = on_city("plan", "file", "1", "--valid-from", "2099-01-01")
    assert done.returncode == 1
    assert on_city("plan", "withdraw", "1", "--reason", " ").returncode == 1
    assert "withdrawn (撤回)" in on_city("plan", "withdraw", "1", "--reason", "重做").stdout
    assert "重做" in on_city("plan", "show", "1").stdout
    assert "There is no plan 7" in on_city("plan", "show", "7").stderr


def test_a_plan_overtaken_by_an_import_is_rebased(on_city, tmp_path):
    on_city("plan", "save", plan_of(tmp_path / "p.csv", u1=f"{V}02"))
    (tmp_path / "more.csv").write_text(UNITS.replace("u3,40", "u3,41"))
    on_city("import", "units", tmp_path / "more.csv", "--crs", "4490")
    done = on_city("plan", "advance", "1", "--to", "proposed")
    assert done.returncode == 1
    assert "1 units (u3) changed" in done.stderr
    assert "gridgeo plan rebase 1" in on_city("plan", "show", "1").stderr
    assert "Plan 1 is a draft (草案), version 2" in on_city("plan", "rebase", "1").stdout
    assert on_city("plan", "rebase", "1").returncode == 1
    assert on_city("plan", "advance", "1", "--to", "proposed").returncode == 0


def test_the_solver_saves_a_draft_and_a_file_its_next_version(on_city, tmp_path):
    done = on_city("plan", "save")
    assert done.returncode == 0, done.stderr
    shown = on_city("plan", "show", "1").stdout
    assert "by gridgeo" in shown
    assert "max_deviation" in shown
    assert on_city("plan", "save", "--version-of", "1").returncode == 1
    done = on_city("plan", "save", plan_of(tmp_path / "p.csv"), "--version-of", "1")
    assert "version 2" in done.stdout
