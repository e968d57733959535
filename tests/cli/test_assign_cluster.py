"""``gridgeo assign --cluster``: a folder of Parquet in, one out."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.dataset
import shapely


def test_a_folder_of_points_is_answered_by_workers_as_a_file_is(run, tmp_path):
    rng = np.random.default_rng(3)
    points = pd.DataFrame({"编号": range(500), "lon": rng.uniform(119.9, 121.1, 500), "lat": 31.05})
    points.loc[7, "lon"] = None
    points.to_csv(tmp_path / "points.csv", index=False)
    (tmp_path / "points").mkdir()
    for k, part in enumerate(np.array_split(np.arange(500), 3)):
        points.iloc[part].to_parquet(tmp_path / "points" / f"{k}.parquet", index=False)
    boxes = [shapely.box(120 + k / 10, 31, 120.1 + k / 10, 32) for k in range(10)]
    codes = [f"{k:012}" for k in range(10)]
    grids = gpd.GeoDataFrame({"grid_code": codes}, geometry=boxes, crs=4326)
    grids.to_file(tmp_path / "grids.gpkg")
    done = run("assign", "points.csv", "--grids", "grids.gpkg", "-o", "one.csv")
    assert done.returncode == 0, done.stderr
    done = run(
        "assign", "points", "--grids", "grids.gpkg", "-o", "many", "--crs", 4326,
        "--cluster", "local",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "500 points" in done.stdout
    assert "1 rows have no place" in done.stderr
    right = pd.read_csv(tmp_path / "one.csv", dtype={"grid_code": str})
    found = pyarrow.dataset.dataset(tmp_path / "many", format="parquet").to_table().to_pandas()
    assert found["编号"].tolist() == right["编号"].tolist()
    assert found["grid_code"].fillna("").tolist() == right["grid_code"].fillna("").tolist()
    assert found["how"].tolist() == right["how"].tolist()


def test_what_a_cluster_cannot_read_is_said_before_one_is_opened(run, tmp_path):
    (tmp_path / "points.csv").write_text("lon,lat\n120,31\n")
    (tmp_path / "empty").mkdir()
    grids = gpd.GeoDataFrame({"grid_code": ["g"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    grids.to_file(tmp_path / "grids.gpkg")
    for name, said in (("points.csv", "is no Parquet"), ("empty", "holds no .parquet file")):
        done = run("assign", name, "--grids", "grids.gpkg", "-o", "out", "--cluster", "local")
        assert done.returncode != 0
        assert said in done.stderr
        assert "Traceback" not in done.stderr
