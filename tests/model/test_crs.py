import geopandas as gpd
import pytest

from gridgeo.errors import CRSError, ParameterError
from gridgeo.model.crs import metric_crs, require_metric, to_crs_of, to_metric


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (120.27, 32.0, 4549),  # Jingjiang
        (121.47, 31.23, 4549),  # Shanghai lies in the zone of 120E to 121.5E
        (121.6, 31.2, 4550),
        (75.9, 39.5, 4534),  # Kashgar
        (134.3, 48.3, 4554),
        (-71.4, 41.8, 32619),  # Providence: local UTM zone
    ],
)
def test_metres_are_those_of_the_local_zone(lon, lat, epsg):
    place = gpd.GeoSeries.from_xy([lon], [lat], crs=4326)
    assert metric_crs(place).to_epsg() == epsg


def test_a_layer_in_true_metres_is_left_as_it_is():
    place = gpd.GeoSeries.from_xy([500_000], [3_500_000], crs=4528)
    assert to_metric(place) is place


@pytest.mark.parametrize("crs", [None, "EPSG:4490", "EPSG:3857", "EPSG:2263"])
def test_refuses_a_crs_that_cannot_measure(crs):
    homes = gpd.GeoSeries.from_xy([114.3], [30.6], crs=crs)
    with pytest.raises(CRSError, match=r"to_metric\(households\)"):
        require_metric(homes, "households")


def test_a_layer_without_crs_is_never_laid_over_another():
    one = gpd.GeoSeries.from_xy([0], [0])
    other = gpd.GeoSeries.from_xy([0], [0], crs=4549)
    with pytest.raises(CRSError, match="points has no CRS"):
        to_crs_of(one, other, "points", "grids")


def test_a_list_of_shapes_is_no_layer():
    with pytest.raises(ParameterError, match=r"grids is a list; a GeoDataFrame"):
        require_metric([], "grids")
    place = gpd.GeoSeries.from_xy([0], [0], crs=4549)
    with pytest.raises(ParameterError, match="points is a list"):
        to_crs_of([], place, "points", "grids")
