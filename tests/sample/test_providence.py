"""The sample of Providence: the derived files follow from the real blocks."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridgeo.model.frames import LAYERS
from gridgeo.sample.providence import DERIVED, derive, write_derived

FOLDER = Path(__file__).parents[2] / "data" / "samples" / "providence"


@pytest.fixture(scope="module")
def blocks():
    return gpd.read_parquet(FOLDER / "blocks.parquet")


@pytest.fixture(scope="module")
def derived(blocks):
    return derive(blocks)


def test_the_blocks_are_the_whole_city_once(blocks):
    assert len(blocks) == 3014
    assert blocks["pop"].sum() == 178_040
    assert blocks.crs.to_epsg() == 32619
    assert blocks["block_id"].is_unique
    assert shapely.coverage_is_valid(blocks.geometry.to_numpy())


def test_every_point_lies_in_its_own_block(blocks, derived):
    points = derived["block_points"].to_crs(blocks.crs).reset_index()
    assert (points["block_id"] == blocks["block_id"]).all()
    assert blocks.contains(points.geometry).all()


def test_wards_and_city_keep_the_contracts_of_grids_and_towns(derived):
    assert LAYERS["grids"].check(derived["wards"]) is derived["wards"]
    assert LAYERS["towns"].check(derived["jurisdiction"]) is derived["jurisdiction"]
    assert derived["wards"].index.tolist() == [f"W{n:02d}" for n in range(1, 16)]


def test_wards_tile_the_city_exactly(derived):
    wards, city = derived["wards"], derived["jurisdiction"]
    assert shapely.coverage_is_valid(wards.geometry.to_numpy())
    assert wards.union_all().symmetric_difference(city.union_all()).area == 0


@pytest.mark.parametrize("name", DERIVED)
def test_the_committed_files_are_what_the_blocks_give(derived, name):
    path = FOLDER / f"{name}.{DERIVED[name]}"
    made = derived[name].reset_index()
    if path.suffix == ".csv":
        table = pd.read_csv(path)
        found = gpd.GeoDataFrame(
            table, geometry=gpd.points_from_xy(table.pop("lon"), table.pop("lat"), crs=4326)
        )
    else:
        found = gpd.read_file(path)
    assert found.crs.to_epsg() == 4326
    assert found.geometry.geom_equals_exact(made.geometry, 2e-9).all()
    for column in made.columns.drop("geometry"):
        assert (found[column].astype(str) == made[column].astype(str)).all()


def test_writing_again_gives_the_same_bytes(blocks, tmp_path):
    blocks.to_parquet(tmp_path / "blocks.parquet", index=False)
    first = [path.read_bytes() for path in write_derived(tmp_path)]
    assert [path.read_bytes() for path in write_derived(tmp_path)] == first


def test_the_licence_stays_with_the_data():
    assert "Open Database License" in (FOLDER / "LICENSE-ODbL.txt").read_text("utf-8")
    assert "mggg-states/RI-shapefiles" in (FOLDER / "README.md").read_text("utf-8")
