import json

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from gridgeo.errors import DisclosureError, InputError, ParameterError
from gridgeo.publish import Field, Scope, release
from gridgeo.render import to_geojson
from gridgeo.render.files import write_layer
from tests.render.layers import NASTY, grids, load

FORMATS = ("geojson", "gpkg", "parquet", "fgb", "shp", "csv")


def of_shapes(*shapes):
    frame = gpd.GeoDataFrame(
        {"day": pd.to_datetime(["2026-03-31"] * len(shapes))},
        geometry=list(shapes),
        index=pd.Index([f"a{i}" for i in range(len(shapes))]),
        crs=4326,
    )
    return release(frame, Scope("grids", zh="网格", en="Grids", fields=(Field("day", "date"),)))


def test_geojson_winds_rings_as_rfc_7946_asks_and_rounds_to_a_centimetre():
    clockwise = Polygon(
        [(120, 32), (120, 32.1), (120.123456789, 32.1), (120.1, 32)],
        [[(120.02, 32.02), (120.04, 32.02), (120.04, 32.04), (120.02, 32.04)]],
    )
    told = json.loads(to_geojson(of_shapes(clockwise, MultiPolygon([box(1, 1, 2, 2)]))))
    rings = told["features"][0]["geometry"]["coordinates"]
    assert shapely.LinearRing(rings[0]).is_ccw
    assert not shapely.LinearRing(rings[1]).is_ccw
    assert 120.1234568 in [x for x, _ in rings[0]]
    assert told["features"][1]["geometry"]["type"] == "MultiPolygon"
    assert told["features"][0]["properties"]["day"] == "2026-03-31"
    assert [f["id"] for f in told["features"]] == ["a0", "a1"]
    assert set(told) == {"type", "features", "gridgeo"}


def test_geojson_says_what_is_withheld_and_what_the_layer_is():
    layer = load()
    told = json.loads(to_geojson(layer))
    assert told["gridgeo"] == json.loads(json.dumps(layer.meta()))
    first = told["features"][0]["properties"]
    assert first["households"] is None
    assert first["withheld"] == "households"
    assert first["load_per_worker"] is None
    assert first["name"] == NASTY[0]


def test_an_empty_layer_and_a_feature_without_a_shape_are_written():
    assert json.loads(to_geojson(of_shapes()))["features"] == []
    assert json.loads(to_geojson(of_shapes(None)))["features"][0]["geometry"] is None


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_holds_every_feature_and_figure(ending, tmp_path):
    layer, path = load(), tmp_path / f"load.{ending}"
    write_layer(layer, path)
    if ending == "parquet":
        back = gpd.read_parquet(path)
    elif ending == "csv":
        back = pd.read_csv(path, keep_default_na=True)
    else:
        back = gpd.read_file(path)
    assert len(back) == len(layer.features)
    if ending == "fgb":  # sorts by place
        back = back.set_index("feature_id").loc[layer.features.index]
    told = layer.features["households"].astype("float64").to_numpy()
    assert back["households"].astype("float64").to_numpy() == pytest.approx(told, nan_ok=True)
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_geopackage_and_geoparquet_keep_what_the_layer_says_about_itself(tmp_path):
    layer = load()
    said = json.loads(json.dumps(layer.meta()))
    for ending in ("gpkg", "parquet"):
        write_layer(layer, tmp_path / f"load.{ending}")
    kept = pq.read_schema(tmp_path / "load.parquet").metadata[b"gridgeo"]
    assert json.loads(kept) == said
    info = pyogrio.read_info(tmp_path / "load.gpkg", layer="load")
    assert json.loads(info["layer_metadata"]["gridgeo"]) == said


def test_column_names_of_a_shapefile_are_cut_and_stay_apart(tmp_path):
    frame = grids().rename(columns={"households": "households_now", "workers": "households_then"})
    fields = (Field("households_now", "int", is_count=True), Field("households_then", "int"))
    layer = release(frame, Scope("grids", zh="网格", en="Grids", fields=fields))
    write_layer(layer, tmp_path / "grids.shp")
    columns = gpd.read_file(tmp_path / "grids.shp").columns
    assert list(columns[:3]) == ["feature_id", "households", "household2"]


def test_no_cell_of_a_csv_runs_in_a_spreadsheet(tmp_path):
    write_layer(load(), tmp_path / "load.csv")
    names = pd.read_csv(tmp_path / "load.csv")["name"]
    assert not names.str.startswith(("=", "+", "-", "@")).any()
    assert (names == "'=HYPERLINK(1)").any()


@pytest.mark.parametrize("ending", FORMATS)
def test_a_frame_is_never_written(ending, tmp_path):
    with pytest.raises(DisclosureError, match=r"publish\.release"):
        write_layer(grids(), tmp_path / f"grids.{ending}")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "load.geojson"
    write_layer(load(), path)
    before = path.read_bytes()
    with pytest.raises(ParameterError, match=r"\.geojson"):
        write_layer(load(), path.with_suffix(".txt"))
    with pytest.raises(InputError):
        write_layer(load(), tmp_path / "nowhere" / "load.gpkg")
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["load.geojson"]
