import json

import geopandas as gpd
import pytest
from shapely import Point

from gridgeo.errors import CRSError, InputError
from gridgeo.ingest.intake import read
from gridgeo.model.frames import HOUSEHOLDS, UNITS

HOME = Point(120.27, 32.0)
ZONE = gpd.GeoSeries([HOME], crs=4490).to_crs(4549).iloc[0]


def written(tmp_path, name, place=HOME, crs=None):
    key = "household_id"[:10] if name.endswith("shp") else "household_id"
    frame = gpd.GeoDataFrame({key: ["h"]}, geometry=[place], crs=crs)
    if name.endswith("parquet"):
        frame.to_parquet(tmp_path / name)
    elif crs is None:
        text = {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"household_id": "h"},
                    "geometry": {"type": "Point", "coordinates": place.coords[0]},
                }
            ],
        }
        (tmp_path / name).write_text(json.dumps(text))
    else:
        frame.to_file(tmp_path / name)
    return tmp_path / name


def at_home(intake):
    return intake.accepted.geometry.iloc[0].equals_exact(HOME, 1e-8)


@pytest.mark.parametrize("name", ["h.gpkg", "h.parquet", "h.fgb", "h.geojson", "h.shp"])
def test_the_file_s_crs_is_followed(tmp_path, name):
    intake = read(written(tmp_path, name, ZONE, 4549), HOUSEHOLDS)
    assert at_home(intake)
    assert intake.crs == "EPSG:4549"


def test_a_crs_said_again_must_be_the_same(tmp_path):
    path = written(tmp_path, "h.gpkg", ZONE, 4549)
    assert at_home(read(path, HOUSEHOLDS, crs=4549))
    with pytest.raises(CRSError, match=r"says it is in CGCS2000.*; --crs says WGS 84. Leave --crs"):
        read(path, HOUSEHOLDS, crs=4326)


@pytest.mark.parametrize("name", ["h.parquet", "h.shp"])
def test_a_file_without_crs_needs_it_said(tmp_path, name):
    path = written(tmp_path, name, ZONE, 4549 if name == "h.shp" else None)
    path.with_suffix(".prj").unlink(missing_ok=True)
    with pytest.raises(CRSError, match=r"does not say in which CRS .*--crs EPSG"):
        read(path, HOUSEHOLDS)
    assert at_home(read(path, HOUSEHOLDS, crs=4549))


def test_geojson_is_wgs_84_where_it_says_nothing(tmp_path):
    intake = read(written(tmp_path, "h.geojson"), HOUSEHOLDS)
    assert at_home(intake)
    assert intake.crs == "EPSG:4326"


def test_geojson_in_metres_that_says_nothing_is_read_as_the_user_says(tmp_path):
    intake = read(written(tmp_path, "h.geojson", ZONE), HOUSEHOLDS, crs=4549)
    assert at_home(intake)
    assert any("EPSG:4549" in note for note in intake.notes)


def test_geojson_in_degrees_is_not_taken_for_metres(tmp_path):
    with pytest.raises(CRSError, match="says it is in WGS 84; --crs says CGCS2000"):
        read(written(tmp_path, "h.geojson"), HOUSEHOLDS, crs=4549)


def test_geojson_that_says_its_crs_is_not_overruled(tmp_path):
    with pytest.raises(CRSError, match="Leave --crs out"):
        read(written(tmp_path, "h.geojson", ZONE, 4549), HOUSEHOLDS, crs=4528)


@pytest.mark.parametrize("headers", ["经度,纬度", "lon,lat", "Longitude,LATITUDE", "lng,lat"])
def test_lon_and_lat_without_crs_are_wgs_84_and_said(csv, headers):
    intake = read(csv(f"household_id,{headers}\nh,120.27,32\n"), HOUSEHOLDS)
    assert at_home(intake)
    assert any("EPSG:4326" in note for note in intake.notes)


def test_lon_and_lat_may_be_cgcs2000_but_not_metres(csv):
    path = csv("household_id,lon,lat\nh,120.27,32\n")
    assert read(path, HOUSEHOLDS, crs=4490).crs == "EPSG:4490"
    with pytest.raises(CRSError, match=r"lon and lat, which are degrees; EPSG:4549 .* --map x=lon"):
        read(path, HOUSEHOLDS, crs=4549)


def test_x_and_y_need_a_crs(csv):
    path = csv(f"household_id,x,y\nh,{ZONE.x},{ZONE.y}\n")
    with pytest.raises(CRSError, match="does not say in which CRS"):
        read(path, HOUSEHOLDS)
    assert at_home(read(path, HOUSEHOLDS, crs=4549))


def test_wkt_needs_a_crs_unless_it_says_one(csv):
    bare = csv(f'household_id,wkt\nh,"{ZONE.wkt}"\n')
    with pytest.raises(CRSError, match="does not say in which CRS"):
        read(bare, HOUSEHOLDS)
    assert at_home(read(bare, HOUSEHOLDS, crs=4549))
    said = csv(f'household_id,wkt\nh,"SRID=4549;{ZONE.wkt}"\n')
    assert at_home(read(said, HOUSEHOLDS))
    with pytest.raises(CRSError, match="Leave --crs out"):
        read(said, HOUSEHOLDS, crs=4326)


def test_wkt_of_several_crs_is_refused(csv):
    path = csv('household_id,wkt\na,"SRID=4326;POINT(1 2)"\nb,"SRID=4549;POINT(1 2)"\n')
    with pytest.raises(CRSError, match="in several CRS: SRID 4326, 4549"):
        read(path, HOUSEHOLDS)


@pytest.mark.parametrize("crs", [99999, 0, -1])
def test_a_code_nobody_knows_is_refused(csv, crs):
    with pytest.raises(CRSError, match=f"EPSG:{crs} is not a known"):
        read(csv("household_id,x,y\nh,1,2\n"), HOUSEHOLDS, crs=crs)


def test_places_far_from_where_their_crs_is_made_for_are_said(csv):
    exchanged = f"household_id,x,y\nh,{ZONE.y},{ZONE.x}\n"
    intake = read(csv(exchanged), HOUSEHOLDS, crs=4549)
    assert any("1 of 1 places lie outside the area CGCS2000" in note for note in intake.notes)
    right = f"household_id,x,y\nh,{ZONE.x},{ZONE.y}\n"
    assert not any("outside" in note for note in read(csv(right), HOUSEHOLDS, crs=4549).notes)


def test_a_table_that_says_no_places_asks_for_them(csv):
    with pytest.raises(InputError, match=r"no columns for lon and lat; found: household_id, 地址"):
        read(csv("household_id,地址\nh,某路1号\n"), HOUSEHOLDS)


def test_a_place_of_half_a_pair_names_the_other_half(csv, told):
    intake = read(csv("household_id,lon,lat\na,120,\nb,,32\nc,,\nd,x,y\n"), HOUSEHOLDS)
    assert told(intake) == [
        (1, "lat", "missing"),
        (2, "lon", "missing"),
        (3, "geometry", "geometry-missing"),
        (4, "lon", "not-float"),
    ]


def test_the_columns_the_user_names_say_the_place(csv):
    text = "household_id,lon,lat,wkt\nh,1,2,POINT(120.27 32)\n"
    intake = read(csv(text), HOUSEHOLDS, mapping={"geometry": "wkt"}, crs=4490)
    assert at_home(intake)
    assert intake.unused == ("lon", "lat")


def test_web_mercator_is_a_crs_like_others_for_reading(tmp_path, blocks):
    blocks.to_crs(3857).to_file(tmp_path / "u.gpkg")
    intake = read(tmp_path / "u.gpkg", UNITS)
    back = intake.accepted.to_crs(4549).geometry.reset_index(drop=True)
    assert back.geom_equals_exact(blocks.geometry, 1e-3).all()
