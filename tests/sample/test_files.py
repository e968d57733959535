"""The sample's files: same bytes from the same seed, and the committed ones are what we make."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gridgeo.sample import town, write
from gridgeo.sample.files import FORMATS

COMMITTED = Path(__file__).parents[2] / "data" / "samples" / "town"


@pytest.fixture(scope="module")
def sample():
    return town()


@pytest.fixture(scope="module")
def folder(sample, tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "new" / "town"
    write(sample, path)
    return path


def read(folder: Path, name: str) -> pd.DataFrame:
    path = folder / f"{name}.{FORMATS[name]}"
    if path.suffix == ".csv":
        table = pd.read_csv(path, dtype={"class_code": str, "grid_code": str})
        if "lon" in table:
            points = gpd.points_from_xy(table.pop("lon"), table.pop("lat"), crs=4490)
            return gpd.GeoDataFrame(table, geometry=points)
        return table
    if path.suffix == ".parquet":
        return (gpd.read_parquet if name in ("households", "addresses") else pd.read_parquet)(path)
    return gpd.read_file(path)


def test_the_same_sample_writes_the_same_bytes(sample, folder, tmp_path):
    again = write(sample, tmp_path)
    names = [f"{n}.{k}" for n, k in FORMATS.items() if n in sample.layers]
    assert [path.name for path in again] == [*names, "tracks.parquet", "README.md", "truth.json"]
    for path in again:
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_writing_over_old_files_changes_nothing(sample, folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write(sample, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_every_layer_read_back_is_the_layer_written(sample, folder):
    for name in sample.layers:
        assert_layer_in(sample, folder, name)


def test_the_committed_sample_is_what_seed_0_makes(sample):
    for name in sample.layers:
        assert_layer_in(sample, COMMITTED, name)
    pd.testing.assert_frame_equal(pd.read_parquet(COMMITTED / "tracks.parquet"), sample.tracks)


def assert_layer_in(sample, folder, name):
    made, found = sample.layers[name].reset_index(), read(folder, name)
    assert len(found) == len(made)
    for column in made.columns:
        if column == "geometry":
            assert found.crs.to_epsg() == 4490
            assert found.geometry.geom_equals_exact(made.geometry, 1e-9).all()
        elif pd.api.types.is_datetime64_any_dtype(made[column].dtype):
            utc = pd.to_datetime(found[column], utc=True)
            assert (utc.isna() == made[column].isna()).all()
            assert (utc.dropna() == pd.to_datetime(made[column], utc=True).dropna()).all()
        elif made[column].dtype == "float64":
            assert np.allclose(found[column], made[column])
        else:
            text = found[column].astype("object").fillna("").astype(str)
            assert (text == made[column].astype("object").fillna("").astype(str)).all(), column


def test_the_committed_truth_and_readme_are_what_seed_0_makes(folder):
    for name in ("truth.json", "README.md"):
        assert (COMMITTED / name).read_text("utf-8") == (folder / name).read_text("utf-8")
    assert json.loads((COMMITTED / "truth.json").read_text("utf-8"))["seed"] == 0


def test_the_committed_sample_is_at_most_5_mb():
    assert sum(path.stat().st_size for path in COMMITTED.iterdir()) <= 5_000_000
