import geopandas as gpd
import pytest

from benchmarks.partitions import partition
from gridgeo.scale.cluster import cluster


@pytest.fixture(scope="package")
def engine():
    """Two workers of this machine."""
    with cluster(workers=2) as made:
        yield made


@pytest.fixture(scope="package")
def grids():
    """Forty grids with lakes, enclaves and exclaves."""
    shapes = partition(40, 5, holes=0.3)
    index = [f"{321282000000 + k}" for k in range(len(shapes))]
    return gpd.GeoDataFrame(geometry=shapes, index=index, crs=4549).rename_axis("grid_code")
