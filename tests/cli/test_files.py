"""Commands on files, with no database running."""

import geopandas as gpd
import pandas as pd
import pytest

from gridgeo.render.offline import require_self_contained


@pytest.fixture(scope="module")
def providence(samples):
    return samples / "providence"


@pytest.fixture(scope="module")
def town(samples):
    return samples / "town"


def test_assign_agrees_with_geopandas_on_real_blocks(run, providence, tmp_path):
    done = run(
        "assign", providence / "block_points.csv", "--grids", providence / "wards.geojson",
        "-o", "assigned.csv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ours = pd.read_csv(tmp_path / "assigned.csv", dtype=str)
    points = pd.read_csv(providence / "block_points.csv", dtype=str)
    assert ours["block_id"].tolist() == points["block_id"].tolist()
    frame = gpd.GeoDataFrame(
        points, geometry=gpd.points_from_xy(points["lon"], points["lat"]), crs=4326
    )
    wards = gpd.read_file(providence / "wards.geojson").to_crs(4326)
    theirs = gpd.sjoin(frame, wards, how="left", predicate="covered_by")
    theirs = theirs[~theirs.index.duplicated()]
    assert ours["grid_code"].tolist() == theirs["grid_code"].tolist()
    assert set(ours["how"]) == {"inside"}


def test_balance_of_real_blocks_holds_five_percent_but_for_two_named_blocks(
    run, providence, tmp_path
):
    blocks = gpd.read_parquet(providence / "blocks.parquet")
    done = run(
        "balance", providence / "blocks.parquet", "--load", "pop", "--k", "150", "-o", "plan.gpkg"
    )
    assert done.returncode == 0, done.stderr
    grids = gpd.read_file(tmp_path / "plan.gpkg", layer="grids")
    units = gpd.read_file(tmp_path / "plan.gpkg", layer="units").set_index("unit_id")
    assert len(grids) == 150
    target = blocks["pop"].sum() / 150
    pop = blocks.set_index("block_id")["pop"]
    loads = pop.groupby(units["grid_id"].astype(str)).sum()
    beyond = loads[(loads / target - 1).abs() > 0.05]
    too_big = pop[pop > 1.05 * target]
    assert len(too_big) == 2
    assert set(beyond.index) == set(units.loc[too_big.index, "grid_id"].astype(str))
    for block in too_big.index:
        assert block in done.stdout


def test_blind_spots_of_the_town_leave_no_household_as_a_point(run, town, tmp_path):
    done = run("blind-spots", "--from", town, "--as-of", "2026-07-01", "-o", "found.geojson")
    assert done.returncode == 0, done.stderr
    found = gpd.read_file(tmp_path / "found.geojson")
    assert not (found.geom_type == "Point").any()
    told = found["households"].dropna()
    assert not ((told > 0) & (told < 5)).any()
    assert "321282401H" not in (tmp_path / "found.geojson").read_text(encoding="utf-8")


def test_only_the_kinds_asked_for_are_looked_at(run, town, tmp_path):
    done = run(
        "blind-spots", "gap", "overlap", "--grids", town / "grids.geojson",
        "--towns", town / "towns.geojson", "-o", "found.gpkg",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = gpd.read_file(tmp_path / "found.gpkg")
    assert found["kind"].value_counts().to_dict() == {"overlap": 3, "gap": 2}


def test_a_band_for_size_is_taken_from_the_command(run, town, tmp_path):
    done = run(
        "blind-spots", "size", "--grids", town / "grids.geojson", "--units", town / "units.gpkg",
        "--band", "0-100000", "-o", "none.geojson",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(gpd.read_file(tmp_path / "none.geojson")) == 0


@pytest.mark.parametrize("kind", ["load", "blind-spots", "incidents", "hotspots"])
def test_every_map_is_drawn_from_files(run, town, tmp_path, kind):
    done = run("map", kind, "--from", town, "--as-of", "2026-07-01", "-o", "map.html")
    assert done.returncode == 0, done.stderr
    require_self_contained((tmp_path / "map.html").read_text(encoding="utf-8"))


def test_a_plan_can_be_looked_at_without_a_database(run, town, tmp_path):
    units = town / "units.gpkg"
    done = run("balance", units, "--k", "48", "-o", "plan.gpkg")
    assert done.returncode == 0, done.stderr
    done = run("map", "load", "--grids", "plan.gpkg", "--load", "load", "-o", "plan.html")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "plan.html").stat().st_size > 100_000


def test_several_proposals_go_from_the_least_change_to_short_borders(run, town, tmp_path):
    done = run(
        "balance", town / "units.gpkg", "--load", "households", "--current", "grid_code",
        "--region", "village_code", "--proposals", "2", "-o", "plan.csv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    read = [pd.read_csv(tmp_path / f"plan-{number}.csv", dtype=str) for number in (1, 2)]
    moved = [(plan["grid_id"] != plan["grid_today"]).sum() for plan in read]
    assert 0 < moved[0] < moved[1]
    assert not (tmp_path / "plan.csv").exists()


def test_wishes_and_several_loads_are_taken_from_the_command(run, town, tmp_path):
    asked = ("--k", "48", "--together", "village_code", "--compactness", "0.2", "-o")
    load = ("--load", "households", "--load", "area=0.0001")
    units = gpd.read_file(town / "units.gpkg")
    units.assign(area=units.to_crs(4549).area).to_file(tmp_path / "units.gpkg")
    streets = units.dissolve("village_code").boundary
    streets.to_frame("geometry").to_file(tmp_path / "streets.gpkg")
    done = run("balance", "units.gpkg", *load, *asked, "plan.csv", "--along", "streets.gpkg")
    assert done.returncode == 0, done.stderr
    assert "along_share" in done.stdout
    plan = pd.read_csv(tmp_path / "plan.csv")
    want = units["households"].sum() + 0.0001 * units.to_crs(4549).area.sum()
    assert plan["load"].sum() == pytest.approx(want)


def test_staff_places_exactly_the_workers_there_are(run, town, tmp_path):
    done = run(
        "staff", town / "grids.geojson", "--households", town / "households.parquet",
        "--workers", "120", "-o", "staff.csv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    staff = pd.read_csv(tmp_path / "staff.csv")
    assert staff["workers"].sum() == 120
    assert staff["workers"].min() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["assign", "no.csv", "--grids", "no.gpkg", "-o", "x.csv"], "no.csv"),
        (["assign", "POINTS", "--grids", "GRIDS", "-o", "x.docx"], ".docx"),
        (
            ["balance", "UNITS", "--load", "nothing", "--k", "5", "-o", "x.csv"],
            "no column 'nothing'",
        ),
        (["balance", "UNITS", "--load", "households", "-o", "x.csv"], "--k"),
        (["balance", "UNITS", "--k", "5000", "-o", "x.csv"], "5000"),
        (["balance", "no.gpkg", "--k", "5", "-o", "x.docx"], ".docx"),  # before anything is read
        (["balance", "UNITS", "--k", "5", "--load", "a=b", "-o", "x.csv"], "--load a=b"),
        (["balance", "UNITS", "--k", "5", "--load", "a=-1", "-o", "x.csv"], "--load a=-1"),
        (
            ["balance", "UNITS", "--k", "5", "--load", "a", "--load", "a=2", "-o", "x.csv"],
            "stands twice",
        ),
        (["balance", "UNITS", "--k", "5", "--together", "no", "-o", "x.csv"], "'no'"),
        (
            ["balance", "UNITS", "--k=5", "--proposals=2", "--stability=0.5", "-o", "x.csv"],
            "Leave --stability out",
        ),
        (["balance", "--along", "streets.gpkg", "-o", "x.csv"], "Name a file of units"),
        (["blind-spots", "spots", "--grids", "GRIDS", "-o", "x.csv"], "no such kind"),
        (["blind-spots", "--grids", "GRIDS", "--standard", "0d", "-o", "x.csv"], "0d"),
        (["blind-spots", "--grids", "GRIDS", "--as-of", "yesterday", "-o", "x.csv"], "yesterday"),
        (["map", "nothing", "-o", "x.html"], "no map"),
        (["map", "load", "--grids", "GRIDS", "--lang", "fr", "-o", "x.html"], "zh or en"),
        (["export", "households", "-o", "x.csv"], "never exported"),
        (["demo", "--host", "0.0.0.0", "--no-serve"], "this machine only"),
        (["import", "people", "no.csv"], "no layer"),
        (["status"], "cannot be reached"),
    ],
)
def test_a_failure_is_one_sentence_and_leaves_nothing(run, town, tmp_path, arguments, said):
    places = {
        "POINTS": town / "stations.csv",
        "GRIDS": town / "grids.geojson",
        "UNITS": town / "units.gpkg",
    }
    done = run(*(places.get(one, one) for one in arguments))
    assert done.returncode == 1
    assert said in done.stderr.replace("\n", " ")
    assert [p for p in tmp_path.iterdir() if p.suffix in (".csv", ".html", ".docx")] == []


def test_a_process_of_its_own_ends_as_the_command_did(run_apart, town, tmp_path):
    done = run_apart(
        "assign", town / "stations.csv", "--grids", town / "grids.geojson", "-o", "a.csv"
    )
    assert done.returncode == 0
    assert (tmp_path / "a.csv").exists()
    done = run_apart("assign", "nowhere.csv", "--grids", town / "grids.geojson", "-o", "b.csv")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("gridgeo: ") or "gridgeo: nowhere.csv" in done.stderr


def test_staff_withholds_a_small_grid_and_can_be_written_as_a_map(run, town, tmp_path):
    done = run(
        "staff", town / "grids.geojson", "--units", town / "units.gpkg", "--workers", "100",
        "-o", "staff.geojson",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    staff = gpd.read_file(tmp_path / "staff.geojson")
    told = staff["households"].dropna()
    assert not ((told > 0) & (told < 5)).any()
    assert staff["workers"].sum() == 100


def test_settings_that_make_no_sense_are_said_in_a_sentence(run, monkeypatch):
    monkeypatch.setenv("GRIDGEO_ZONE", "Mars/Olympus")
    monkeypatch.setenv("GRIDGEO_REACH_WITHIN_M", "-1")
    done = run("status")
    assert done.returncode == 1
    assert "GRIDGEO_ZONE" in done.stderr
    assert "GRIDGEO_REACH_WITHIN_M" in done.stderr
