import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.special import erf
from shapely import box

from gridgeo.publish import Field, Scope, release
from gridgeo.render.colours import Classes
from gridgeo.render.incidents import BANDWIDTH_M, _paint, _spread
from tests.render.layers import incident_cells


def one_cell(count):
    """A square kilometre near Jingjiang, in the middle of nothing."""
    frame = gpd.GeoDataFrame(
        {"incidents": [count], "area_km2": [1.0]},
        geometry=[box(500_000, 3_545_000, 501_000, 3_546_000)],
        index=pd.Index(["a"]),
        crs=4549,
    )
    fields = (Field("incidents", "int", is_count=True), Field("area_km2", "float"))
    return release(frame, Scope("incident-cells", zh="事件", en="Incidents", fields=fields))


def pixel_km2(density, bounds):
    (south, west), (north, east) = bounds
    middle = np.cos(np.radians((south + north) / 2))
    return (north - south) * (east - west) * middle * 111.32**2 / density.size


def test_heat_loses_no_incident():
    density, bounds = _spread(one_cell(500), np.array([500.0]))
    assert density.sum() * pixel_km2(density, bounds) == pytest.approx(500, rel=0.005)


def test_heat_is_the_square_spread_by_a_gaussian_of_300_m():
    # Closed form along one axis: the square of side 2a spread by σ is [erf((a−x)/σ√2) +
    # erf((a+x)/σ√2)] / 2; the other axis is in its middle.
    density, bounds = _spread(one_cell(500), np.array([500.0]))
    row = density[density.shape[0] // 2]
    pixel = np.sqrt(pixel_km2(density, bounds)) * 1000
    x = (np.arange(len(row)) - (len(row) - 1) / 2) * pixel
    width = 300 * np.sqrt(2)
    along = (erf((500 - x) / width) + erf((500 + x) / width)) / 2
    assert BANDWIDTH_M == 300
    assert row == pytest.approx(500 * along * erf(500 / width), abs=25)


def test_a_large_city_gets_a_picture_of_bounded_size():
    cells = incident_cells()
    density, _ = _spread(cells, np.ones(len(cells.features)))
    assert density.size <= 260_000


def test_the_picture_is_clear_where_nothing_happened_and_darkest_at_the_top():
    painted = _paint(np.array([[0.0, 50.0, 100.0]]), Classes((20.0, 50.0), ("a", "b", "c")))
    assert painted[0, 0, 3] == 0
    assert painted[0, 2, :3].sum() < painted[0, 1, :3].sum()
    assert (_paint(np.zeros((2, 2)), Classes((), ("a",)))[..., 3] == 0).all()
