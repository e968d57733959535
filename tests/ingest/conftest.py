"""Files as other software writes them, and ways to hand them in."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from gridgeo.ingest.intake import read
from gridgeo.model.frames import HOUSEHOLDS


@pytest.fixture
def csv(tmp_path):
    """Write a text as a CSV file and give its path."""

    def write(text, name="file.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def households(csv):
    """Read a CSV text as households."""

    def take(text, **options):
        return read(csv(text), HOUSEHOLDS, **options)

    return take


@pytest.fixture
def homes():
    """Five households of Jingjiang as a GIS would hold them, codes with leading zeros."""
    return gpd.GeoDataFrame(
        {
            "household_id": [f"00{i}" for i in range(5)],
            "size_band": ["1", "2", "3-4", "5+", None],
            "lived_in": [True, False, True, True, False],
            "grid_code": ["32128210000101"] * 4 + [None],
        },
        geometry=[Point(120.27 + i / 1000, 32.0) for i in range(5)],
        crs=4490,
    )


@pytest.fixture
def blocks():
    """Three base units in metres, and one more that crosses itself."""
    return gpd.GeoDataFrame(
        {"unit_id": ["a", "b", "c"], "households": [10, 20, 30]},
        geometry=[box(500_000 + i, 3_543_000, 500_001 + i, 3_543_001) for i in range(3)],
        crs=4549,
    )


@pytest.fixture(scope="session")
def told():
    """Say each fault of an intake as (row, field, code)."""

    def say(intake):
        return list(intake.rejects[["row", "field", "code"]].itertuples(index=False, name=None))

    return say


@pytest.fixture(scope="session")
def cells():
    """Give a frame's cells without geometry, so that frames from several formats compare."""

    def give(frame):
        table = pd.DataFrame(frame.drop(columns="geometry", errors="ignore")).sort_index()
        return table.astype(object).where(table.notna(), None)

    return give
