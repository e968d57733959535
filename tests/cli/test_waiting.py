import geopandas as gpd
import pandas as pd


def test_the_ageing_list_of_the_sample_town(run, samples, tmp_path):
    done = run(
        "waiting", "--from", samples / "town", "--as-of", "2026-07-01", "--overdue",
        "-o", "waiting.csv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = pd.read_csv(tmp_path / "waiting.csv", dtype={"grid_code": str, "class_code": str})
    incidents = pd.read_csv(samples / "town" / "incidents.csv").set_index("incident_id")
    assert incidents.loc[told["incident_id"], "closed_at"].isna().all()
    assert (told["overdue_h"] > 0).all()
    assert told["overdue_h"].is_monotonic_decreasing
    assert told["class_code"].str.len().eq(4).all()
    assert f"{len(told):,} incidents wait" in done.stdout
    assert "By department" in done.stdout
    assert not {"lon", "lat", "geometry"} & set(told.columns)


def test_a_department_that_is_not_there_is_said(run, samples, tmp_path):
    done = run("waiting", "--from", samples / "town", "--department", "nobody", "-o", "w.csv")
    assert done.returncode == 1
    assert "There is no department 'nobody'" in done.stderr
    assert not (tmp_path / "w.csv").exists()


def test_blind_spots_take_incidents_and_dispatches(run, samples, tmp_path):
    town = samples / "town"
    done = run(
        "blind-spots", "silent", "seam", "--grids", town / "grids.geojson",
        "--units", town / "units.gpkg", "--incidents", town / "incidents.csv",
        "--dispatches", town / "dispatches.parquet", "--as-of", "2026-07-01",
        "--standard", "100m-seam", "-o", "found.geojson",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "incidents lie in no grid and were not counted" in done.stdout
    found = gpd.read_file(tmp_path / "found.geojson")
    assert found["kind"].value_counts().to_dict() == {"silent": 2, "seam": 2}
    assert (found.loc[found["kind"] == "seam", "value"] % 5 == 0).all()
