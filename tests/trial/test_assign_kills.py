"""Kills in the midst of ``gridgeo assign``, which reads, answers and writes step by step."""

import random
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely

from tests.trial.conftest import effort

pytestmark = pytest.mark.trial

ROWS = max(effort(1_000_000), 200_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A million points as files of each kind, and a hundred grids."""
    made = tmp_path_factory.mktemp("kills")
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(119.9, 121.1, ROWS), rng.uniform(30.9, 32.1, ROWS)
    ids = [f"{k:07}" for k in range(ROWS)]
    table = pd.DataFrame({"id": ids, "lon": lon, "lat": lat})
    table.to_csv(made / "points.csv", index=False)
    table.to_parquet(made / "points.parquet", row_group_size=50_000)
    few = table.head(ROWS // 5)
    points = gpd.GeoDataFrame(few[["id"]], geometry=gpd.points_from_xy(few.lon, few.lat), crs=4326)
    points.to_file(made / "points.geojsonl", driver="GeoJSONSeq")
    boxes = [
        shapely.box(120 + i / 10, 31 + j / 10, 120.1 + i / 10, 31.1 + j / 10)
        for i in range(10)
        for j in range(10)
    ]
    codes = [f"g{k:03}" for k in range(100)]
    gpd.GeoDataFrame({"grid_code": codes}, geometry=boxes, crs=4326).to_file(made / "grids.gpkg")
    return made


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (".csv", ".csv"),
        (".csv", ".parquet"),
        (".parquet", ".parquet"),
        (".parquet", ".csv"),
        (".geojsonl", ".geojsonl"),
        (".geojsonl", ".parquet"),
    ],
)
def test_a_killed_run_leaves_the_old_file_and_is_gone_on_with(
    commands, folder, tmp_path, source, target
):
    asked = ("assign", folder / f"points{source}", "--grids", folder / "grids.gpkg", "-o")
    began = time.monotonic()
    commands.run(*asked, tmp_path / f"right{target}")
    whole_s = time.monotonic() - began
    right = (tmp_path / f"right{target}").read_bytes()
    output = tmp_path / f"out{target}"
    dice = random.Random(1)
    resumed = 0
    for _ in range(effort(40)):
        output.write_text("of yesterday")
        for _ in range(3):  # one kill after the other
            command = commands.start(*asked, output)
            time.sleep(dice.uniform(0, 0.7 * whole_s))
            command.kill()
            if command.wait() == 0:
                break
            # all of it is in its place, or nothing of it
            assert output.read_bytes() in (b"of yesterday", right) or target == ".parquet"
        said = commands.run(*asked, output)
        resumed += "done by the run that was interrupted" in said
        assert "Traceback" not in said
        if target == ".parquet":
            assert pq.read_table(output).equals(pq.read_table(tmp_path / f"right{target}"))
        else:
            assert output.read_bytes() == right
        assert not list(tmp_path.glob(".*"))
    assert resumed or effort(40) < 3
