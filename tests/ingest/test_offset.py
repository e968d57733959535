"""The offsets of web maps: published pairs, an exact inverse, and what has none."""

from pathlib import Path
from time import perf_counter

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely import LineString, Point, Polygon, box

from gridgeo.errors import CRSError, ParameterError
from gridgeo.ingest.intake import read
from gridgeo.ingest.offset import EAST, NAMES, NORTH, SOUTH, WEST, shifted, undo, unshifted
from gridgeo.model.frames import HOUSEHOLDS, WORKERS
from gridgeo.services.imports import Asked

GOLDEN = Path(__file__).parents[1] / "golden" / "gcj02" / "pairs.csv"
PAIRS = pd.read_csv(GOLDEN).to_dict("records")
EARTH = Geod(ellps="GRS80")
JINGJIANG = (120.26, 32.01)


def apart_m(lon, lat, other_lon, other_lat):
    return EARTH.inv(lon, lat, other_lon, other_lat)[2]


def between(pair):
    """What is asked of the functions: WGS 84 to GCJ-02, or both steps to BD-09."""
    lon, lat = pair["from_lon"], pair["from_lat"]
    if pair["from"] == "gcj02":
        lon, lat = (float(v[0]) for v in unshifted(lon, lat, "gcj02"))
    return lon, lat


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: f"{p['source']}-{p['place']}-{p['to']}")
def test_agrees_with_published_pairs_both_ways(pair):
    lon, lat = between(pair)
    x, y = shifted(lon, lat, pair["to"])
    assert apart_m(x[0], y[0], pair["to_lon"], pair["to_lat"]) < pair["within_m"]
    x, y = unshifted(pair["to_lon"], pair["to_lat"], pair["to"])
    assert apart_m(x[0], y[0], lon, lat) < pair["within_m"]


def test_jingjiang_is_displaced_by_489_m_to_the_south_east():
    x, y = shifted(*JINGJIANG, "gcj02")
    assert x[0] - JINGJIANG[0] == pytest.approx(0.00462, abs=1e-5)
    assert y[0] - JINGJIANG[1] == pytest.approx(-0.00200, abs=1e-5)
    assert apart_m(*JINGJIANG, x[0], y[0]) == pytest.approx(489, abs=1)


@given(lon=st.floats(73.5, 135.1), lat=st.floats(3.4, 53.6), offset=st.sampled_from(sorted(NAMES)))
def test_undoing_gives_every_place_of_china_back_within_a_millimetre(lon, lat, offset):
    x, y = shifted(lon, lat, offset)
    assert 20 < apart_m(lon, lat, x[0], y[0]) < 2_000
    x, y = unshifted(x, y, offset)
    assert max(abs(x[0] - lon), abs(y[0] - lat)) < 1e-9
    assert apart_m(lon, lat, x[0], y[0]) < 0.001


@given(lon=st.floats(-180, 180), lat=st.floats(-90, 90))
def test_gcj02_leaves_what_is_outside_its_box(lon, lat):
    if WEST <= lon <= EAST and SOUTH <= lat <= NORTH:
        return
    x, y = shifted(lon, lat, "gcj02")
    assert (x[0], y[0]) == (lon, lat)


@pytest.mark.parametrize("lon", [WEST, EAST])
@pytest.mark.parametrize("lat", [SOUTH, 30.0, NORTH])
def test_places_on_the_edge_of_the_box_come_back(lon, lat):
    x, y = unshifted(*shifted(lon, lat, "gcj02"), "gcj02")
    assert apart_m(lon, lat, x[0], y[0]) < 0.001 or (x[0], y[0]) == shifted(lon, lat, "gcj02")
    x, y = unshifted(lon + 1e-3 * np.sign(lon - 100), lat, "gcj02")
    assert np.isfinite([x[0], y[0]]).all()


def test_far_and_missing_places_do_no_harm():
    x, y = unshifted([-71.4, np.nan, np.inf, 500.0], [41.8, 1.0, 1.0, 500.0], "gcj02")
    assert (x[0], y[0]) == (-71.4, 41.8)
    assert not np.isfinite(x[1:3]).any()
    assert x[3] == 500.0


def test_a_million_places_come_back_within_seconds():
    rng = np.random.default_rng(0)
    lon, lat = shifted(rng.uniform(120, 120.6, 10**6), rng.uniform(31.9, 32.2, 10**6), "gcj02")
    began = perf_counter()
    unshifted(lon, lat, "gcj02")
    assert perf_counter() - began < 3  # 0.43 s where two cores are free


def test_every_vertex_of_every_kind_of_shape_is_brought_back():
    shapes = gpd.GeoSeries(
        [
            Point(120.26, 32.0),
            LineString([(120.2, 32), (120.3, 32.1)]),
            box(120.2, 32, 120.3, 32.1),
            None,
            Polygon(),
        ],
        index=list("abcde"),
        crs=4490,
    )
    away = gpd.GeoSeries(
        [
            None
            if shape is None
            else type(shape)(np.column_stack(shifted(*_xy(shape), "bd09")))
            if not shape.is_empty
            else shape
            for shape in shapes
        ],
        index=shapes.index,
        crs=4490,
    )
    back = undo(away, "BD-09", "a.geojson")
    assert back.index.tolist() == list("abcde")
    assert back.crs == shapes.crs
    assert back[["a", "b", "c"]].geom_equals_exact(shapes[["a", "b", "c"]], 1e-9).all()
    assert back["d"] is None
    assert back["e"].is_empty


def _xy(shape):
    ring = shape.exterior if shape.geom_type == "Polygon" else shape
    return np.array(ring.coords).T


@pytest.mark.parametrize("crs", [4549, 3857, 4214, None])
def test_refuses_coordinates_that_no_web_map_has(crs):
    shapes = gpd.GeoSeries([Point(1, 2)], crs=crs)
    with pytest.raises(CRSError, match=r"GCJ-02 exists only in degrees \(EPSG:4326\)"):
        undo(shapes, "gcj02", "a.gpkg")


def test_refuses_an_offset_it_does_not_know():
    with pytest.raises(ParameterError, match="there are gcj02 and bd09"):
        undo(gpd.GeoSeries([Point(1, 2)], crs=4326), "mars", "a.csv")


def test_a_file_from_a_web_map_is_read_where_its_places_truly_are(csv):
    x, y = (float(v[0]) for v in shifted(*JINGJIANG, "gcj02"))
    path = csv(f"户编号,经度,纬度\n1,{x!r},{y!r}\n2,,\n")
    home = read(path, HOUSEHOLDS, offset="gcj02")
    assert home.accepted.geometry["1"].coords[0] == pytest.approx(JINGJIANG, abs=1e-9)
    assert "Places brought back from GCJ-02 to CGCS2000: 1." in home.notes
    plain = read(path, HOUSEHOLDS)
    assert plain.accepted.geometry["1"].coords[0] == (x, y)


def test_refused_rows_of_a_vector_file_keep_the_places_of_the_file(tmp_path):
    """Mended and handed in with the same --offset they must not be brought back twice."""
    x, y = (float(v[0]) for v in shifted(*JINGJIANG, "gcj02"))
    frame = gpd.GeoDataFrame(
        {"household_id": [None], "size_band": ["1"]}, geometry=[Point(x, y)], crs=4326
    )
    frame.to_file(tmp_path / "homes.gpkg")
    refused = read(tmp_path / "homes.gpkg", HOUSEHOLDS, offset="gcj02").rejects
    assert refused["content"][0]["lon"] == pytest.approx(x, abs=1e-12)


def test_a_layer_without_places_has_no_offset(csv):
    with pytest.raises(ParameterError, match="workers have no places"):
        read(csv("工号,专职或兼职\n1,专职\n"), WORKERS, offset="gcj02")


def test_the_offset_makes_another_reading_and_its_spelling_does_not():
    def reading(offset):
        return Asked("households", Path("a.csv"), {}, offset=offset).reading()

    assert reading("GCJ-02") == reading("gcj02") != reading(None)
    assert "offset" not in reading(None)  # as feeds of earlier versions say it
