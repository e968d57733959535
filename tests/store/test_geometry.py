"""PostGIS links another GEOS than shapely's wheel: both must give the same answers."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import text

from gridgeo.model.crs import to_metric
from gridgeo.model.frames import GRIDS, HOUSEHOLDS
from gridgeo.store.connection import transaction
from tests.store.frames import feed, part

pytestmark = pytest.mark.db


@pytest.fixture
def sample(store):
    """Cells of a Voronoi diagram, and points inside, outside, on borders and on corners."""
    rng = np.random.default_rng(0)
    centres = shapely.MultiPoint(rng.uniform([120.2, 31.9], [120.4, 32.1], (40, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(centres))
    grids = gpd.GeoDataFrame(
        geometry=cells,
        index=pd.Index([f"g{i:02d}" for i in range(len(cells))], name="grid_code"),
        crs=4490,
    )
    corners = np.unique(shapely.get_coordinates(cells), axis=0)
    xy = np.vstack([rng.uniform([120.1, 31.8], [120.5, 32.2], (500, 2)), corners])
    homes = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(*xy.T),
        index=pd.Index([f"h{i:04d}" for i in range(len(xy))], name="household_id"),
        crs=4490,
    )
    store.take_in(GRIDS, part(grids), feed("grids"))
    store.take_in(HOUSEHOLDS, part(homes), feed("homes"))
    return store.frame(GRIDS), store.frame(HOUSEHOLDS)


def test_covers_agrees_with_shapely_on_borders_and_corners(store, sample):
    grids, homes = sample
    here, there = shapely.STRtree(homes.geometry).query(grids.geometry, predicate="covers")
    expected = set(zip(grids.index[here], homes.index[there], strict=True))
    with transaction(store.engine) as connection:
        found = connection.execute(
            text(
                "SELECT g.grid_code, household_id FROM gridgeo.grids g JOIN gridgeo.households h"
                " ON g.geometry && h.geometry AND ST_Covers(g.geometry, h.geometry)"
            )
        )
        assert {tuple(row) for row in found} == expected
    assert len(expected) > 500


def test_area_agrees_with_shapely_in_metres(store, sample):
    grids, _ = sample
    metric = to_metric(grids)
    with transaction(store.engine) as connection:
        same_plane = text(
            "SELECT ST_Area(ST_GeomFromWKB(shape)) FROM unnest(CAST(:shapes AS bytea[])) AS shape"
        )
        found = connection.scalars(same_plane, {"shapes": list(metric.geometry.to_wkb())}).all()
        projected = connection.scalars(
            text(
                "SELECT ST_Area(ST_Transform(geometry, 4549)) FROM gridgeo.grids ORDER BY grid_code"
            )
        ).all()
    assert np.allclose(found, metric.area, rtol=1e-12)
    assert metric.crs == 4549
    assert np.allclose(projected, metric.area, rtol=1e-9)
