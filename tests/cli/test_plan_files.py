"""Commands of ``gridgeo plan`` on files, with no database running."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box


@pytest.fixture
def town(samples):
    return samples / "town"


@pytest.fixture
def street(tmp_path):
    """Six houses in a row: 40 households in grid 01, 20 in grid 02, 60 in the other village."""
    units = gpd.GeoDataFrame(
        {
            "unit_id": ["u1", "u2", "u3", "u4", "u5", "u6"],
            "households": [10, 10, 20, 20, 30, 30],
            "grid_code": ["01", "01", "01", "02", "03", "03"],
            "village_code": ["a", "a", "a", "a", "b", "b"],
        },
        geometry=[box(100 * x, 0, 100 * x + 100, 100) for x in range(6)],
        crs=4549,
    )
    path = tmp_path / "units.gpkg"
    units.to_file(path, layer="units")
    return path


def test_todays_plan_of_the_town_is_judged(run, town, tmp_path):
    done = run(
        "plan", "judge", town / "units.gpkg", "--load", "households", "--plan", "grid_code",
        "--band", "300-500", "-o", "grids.gpkg",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    units = gpd.read_file(town / "units.gpkg")
    load = units["households"].groupby(units["grid_code"]).sum()
    off = (load / load.mean() - 1).abs()
    said = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines() if line.split()}
    assert float(said["max_deviation"]) == pytest.approx(off.max(), abs=1e-4)
    assert int(said["over_tolerance"]) == (off > 0.05 + 1e-9).sum()
    assert float(said["share"]) == pytest.approx(load.between(300, 500).mean(), abs=1e-4)
    grids = gpd.read_file(tmp_path / "grids.gpkg").set_index("grid_id")
    assert float(said["reock"]) == pytest.approx(grids["reock"].mean(), abs=1e-4)
    assert grids["load"].to_dict() == load.to_dict()
    assert grids["reock"].between(0, 1).all()
    assert "gridgeo plan moves" in done.stderr


def test_a_drawing_in_a_table_is_judged_and_its_broken_grid_named(run, street, tmp_path):
    rows = ["楼栋;网格", "u1;西", "u2;东", "u3;西", "u4;东", "u5;东", "u6;东"]
    (tmp_path / "plan.csv").write_text("\n".join(rows), encoding="gb18030")
    done = run("plan", "judge", street, "--plan", "plan.csv", "--current", "grid_code")
    assert done.returncode == 0, done.stderr
    assert "2 grids are not one piece: 东 (2 pieces), 西 (2 pieces)" in done.stdout
    assert "6 units would change their grid" in done.stdout
    (tmp_path / "plan.csv").write_text("\n".join(rows[:-1]), encoding="gb18030")
    done = run("plan", "judge", street, "--plan", "plan.csv")
    assert done.returncode == 1
    assert "1 units are missing (u6)" in done.stderr
    done = run("plan", "judge", street, "--plan", "grid")
    assert done.returncode == 1
    assert "neither a file nor a column" in done.stderr


def test_two_plans_are_compared_by_border_and_by_unit(run, street, tmp_path):
    plan = pd.DataFrame({"unit_id": ["u1", "u2", "u3", "u4", "u5", "u6"]})
    plan["grid_id"] = ["01", "01", "02", "02", "03", "03"]
    plan.to_csv(tmp_path / "plan.csv", index=False)
    done = run("plan", "diff", "grid_code", "plan.csv", "--units", street, "-o", "borders.csv")
    assert done.returncode == 0, done.stderr
    assert (
        "1 units (16.7% of the load) change their grid over 1 borders; 2 grids change."
        in done.stdout
    )
    rows = pd.read_csv(tmp_path / "borders.csv", dtype=str)
    assert rows[["from_grid", "to_grid", "load"]].to_numpy().tolist() == [["01", "02", "20.0"]]
    done = run("plan", "diff", "grid_code", "plan.csv", "--units", street, "-o", "moved.gpkg")
    assert done.returncode == 0, done.stderr
    moved = gpd.read_file(tmp_path / "moved.gpkg")
    assert moved[["unit_id", "from_grid", "to_grid"]].to_numpy().tolist() == [["u3", "01", "02"]]
    assert moved.crs.to_epsg() == 4549
    plan["grid_id"] = plan["grid_id"].map({"01": "x", "02": "y", "03": "z"})
    plan.to_csv(tmp_path / "named.csv", index=False)
    done = run("plan", "diff", "grid_code", "named.csv", "--units", street)
    assert "--match" in done.stderr
    done = run("plan", "diff", "grid_code", "named.csv", "--units", street, "--match")
    assert done.returncode == 0, done.stderr
    assert "1 units (16.7% of the load)" in done.stdout


def test_numbers_of_a_column_are_the_same_grids_as_texts_of_a_table(run, street, tmp_path):
    units = gpd.read_file(street).assign(grid_no=[1, 1, 1, 2, 3, 3])
    units.to_file(street, layer="units")
    rows = [f"{unit},{grid}" for unit, grid in zip(units["unit_id"], "111233", strict=True)]
    (tmp_path / "plan.csv").write_text("\n".join(["unit_id,grid_id", *rows]), encoding="utf-8")
    done = run("plan", "judge", street, "--plan", "plan.csv", "--current", "grid_no")
    assert done.returncode == 0, done.stderr
    assert "0 units would change their grid" in done.stdout
    done = run("plan", "diff", "grid_no", "plan.csv", "--units", street)
    assert done.returncode == 0, done.stderr
    assert "0 units (0.0% of the load)" in done.stdout


def test_a_plan_of_balance_can_be_judged_and_compared_again(run, street, tmp_path):
    done = run("balance", street, "--load", "households", "--k", "2", "-o", "plan.gpkg")
    assert done.returncode == 0, done.stderr
    done = run("plan", "judge", street, "--plan", "plan.gpkg")
    assert done.returncode == 0, done.stderr
    done = run("balance", street, "--load", "households", "--k", "2", "-o", "plan.csv")
    done = run("plan", "diff", "plan.gpkg", "plan.csv", "--units", street)
    assert done.returncode == 0, done.stderr
    assert (
        "0 units (0.0% of the load) change their grid over 0 borders; 0 grids change."
        in done.stdout
    )


def test_the_moves_that_help_most_are_named_in_their_order(run, street, tmp_path):
    done = run(
        "plan", "moves", street, "--load", "households", "--current", "grid_code",
        "--region", "village_code", "-o", "moves.gpkg",
    )  # fmt: skip
    # In village a the mean is 30: u3 with 20 would leave 20 and 40, which is no better.
    assert done.returncode == 0, done.stderr
    assert "No single move" in done.stdout
    command = done.stderr.split("Next: gridgeo ")[1].split()
    assert command[:3] == ["balance", str(street), "--load"]
    assert run(*command).returncode == 0
    done = run("plan", "moves", street, "--current", "grid_code", "-o", "moves.gpkg")
    assert done.returncode == 0, done.stderr
    # Targets of 40: grid 03 has 60, and u5 with 30 takes it to 30 and grid 02 to 50.
    assert "1: 03 from +50.0% to -25.0%, 02 from -50.0% to +25.0%: u5" in done.stdout
    moved = gpd.read_file(tmp_path / "moves.gpkg")
    assert moved[["unit_id", "move"]].to_numpy().tolist() == [["u5", 1]]


def test_a_number_of_grids_is_chosen_and_balance_makes_it(run, street, tmp_path):
    done = run(
        "plan", "choose-k", street, "--load", "households", "--band", "25-35",
        "--region", "village_code", "-o", "regions.csv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Recommended: 4 grids of 30.0 on average; 100% of them" in done.stdout
    regions = pd.read_csv(tmp_path / "regions.csv").set_index("village_code")
    assert regions["grids"].to_dict() == {"a": 2, "b": 2}
    command = done.stderr.split("Next: gridgeo ")[1].split()
    assert command[-4:-2] == ["--region", "village_code"]
    done = run(*command)
    assert done.returncode == 0, done.stderr
    made = gpd.read_file(tmp_path / "plan.gpkg", layer="units")
    village = np.where(made["unit_id"].isin(["u5", "u6"]), "b", "a")
    assert made["grid_id"].groupby(village).nunique().to_dict() == {"a": 2, "b": 2}
    done = run("plan", "choose-k", street, "--band", "45-50", "--region", "village_code")
    assert "No number fits in 2: a (+20.0%), b (+20.0%)" in done.stdout
    done = run("plan", "choose-k", street, "--band", "many")
    assert done.returncode == 1
    assert "'many' is no band" in done.stderr


@pytest.mark.parametrize("command", ["judge", "diff", "moves", "choose-k"])
def test_help_has_an_example(run, command):
    done = run("plan", command, "--help")
    assert done.returncode == 0
    assert f"Example: gridgeo plan {command}" in done.stdout
