import hashlib
import json
import os
from decimal import Decimal

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box

from gridgeo.errors import InputError
from gridgeo.ingest.formats import fingerprint, open_source
from gridgeo.ingest.intake import read
from gridgeo.ingest.plain import load
from gridgeo.ingest.rejects import write_rejects
from gridgeo.model.frames import GRIDS, HOUSEHOLDS, UNITS


def write(frame, path):
    """Write as the software of that format does: GDAL, pyarrow, pandas."""
    if path.suffix in (".parquet", ".geoparquet"):
        frame.to_parquet(path)
    elif path.suffix == ".csv":
        flat = pd.DataFrame(frame.drop(columns="geometry"))
        flat.assign(经度=frame.geometry.x, 纬度=frame.geometry.y).to_csv(path, index=False)
    else:
        frame.to_file(path, engine="pyogrio")
    return path


ALL = (".geojson", ".json", ".gpkg", ".parquet", ".geoparquet", ".fgb", ".csv")


@pytest.mark.parametrize("suffix", ALL)
def test_every_format_gives_the_same_layer(homes, tmp_path, cells, suffix):
    written = homes.to_crs(4326) if "json" in suffix else homes
    intake = read(write(written, tmp_path / f"h{suffix}"), HOUSEHOLDS)
    expected = homes.set_index("household_id")
    assert intake.rows_rejected == 0
    assert cells(intake.accepted).equals(cells(expected))
    places = expected.geometry.loc[intake.accepted.index]
    assert intake.accepted.geometry.geom_equals_exact(places, 1e-9).all()
    assert intake.accepted.crs == "EPSG:4490"


def test_a_shapefile_gives_the_same_layer(blocks, tmp_path, cells):
    path = write(blocks, tmp_path / "u.shp")
    intake = read(path, UNITS)
    assert cells(intake.accepted).equals(cells(blocks.set_index("unit_id")))
    assert intake.crs == "EPSG:4549"


LONG = 32128210000101  # 14 digits, as a grid code


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet", ".fgb", ".csv"])
def test_codes_written_as_numbers_keep_their_14_digits_beside_gaps(tmp_path, suffix):
    frame = gpd.GeoDataFrame(
        {"household_id": [LONG, LONG + 1], "grid_code": pd.array([LONG, None], dtype="Int64")},
        geometry=[Point(120, 32)] * 2,
        crs=4326,
    )
    accepted = read(write(frame, tmp_path / f"h{suffix}"), HOUSEHOLDS).accepted
    assert list(accepted.index) == [str(LONG), str(LONG + 1)]
    assert accepted["grid_code"].iloc[0] == str(LONG)
    assert pd.isna(accepted["grid_code"].iloc[1])


def test_codes_that_pandas_wrote_as_floats_are_whole_again(csv):
    text = pd.DataFrame({"household_id": ["a", "b"], "grid_code": [float(LONG), None]})
    path = csv(text.assign(lon=120, lat=32).to_csv(index=False))
    assert "32128210000101.0" in path.read_text(encoding="utf-8")
    assert read(path, HOUSEHOLDS).accepted["grid_code"].iloc[0] == str(LONG)


def test_leading_zeros_of_a_csv_survive(csv):
    accepted = read(csv("户编号,lon,lat\n007,120,32\n"), HOUSEHOLDS).accepted
    assert list(accepted.index) == ["007"]


def test_a_number_too_long_for_json_is_refused_not_rounded(tmp_path, told):
    path = tmp_path / "h.geojson"
    feature = {
        "type": "Feature",
        "properties": {"household_id": 10**19 + 1},
        "geometry": {"type": "Point", "coordinates": [120, 32]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert told(read(path, HOUSEHOLDS)) == [(1, "household_id", "not-text")]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n\n", "is empty"),
        ("a.csv", b"household_id,lon,lat\n", "has no rows, only columns; found: household_id, lon"),
        ("a.csv", "戶籍,經度,緯度\n1,120,32\n".encode("big5"), "neither UTF-8 nor Chinese text"),
        (
            "a.csv",
            b'household_id,lon,lat\n1,120,32\n2,"120,32\n3,120,32\n',
            "data row 2 runs to the",
        ),
        ("a.csv", b"PK\x03\x04\xff\xfe", "neither UTF-8 nor Chinese text"),
        ("a.gpkg", b"SQLite format 3\0" + b"\0" * 500, "cannot be read; it may be damaged"),
        ("a.gpkg", b"household_id,lon\n", "is no GeoPackage"),
        ("a.geojson", b"<OGRVRTDataSource/>", "is no GeoJSON"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [{"ty', "cannot be read"),
        (
            "a.geojson",
            b'{"type": "FeatureCollection", "features": []}',
            "has no rows, only columns; found: none",
        ),
        (
            "a.geojson",
            b'{"type":"Feature","properties":{"household_id":"\xc4\xe3"},"geometry":null}',
            "has text that is not UTF-8",
        ),
        ("a.json", b'{"a": 1}', "cannot be read"),
        ("a.parquet", b"PAR1 and no more", "cannot be read"),
        ("a.fgb", b"fgb\x03fgb\x00" + b"\0" * 50, "has no layer inside"),
        ("a.shp", b"\0\0\x27\x0a" + b"\0" * 20 + b"\0\0\xff\xff", "shorter than its header says"),
        ("a.dwg", b"AC1032", r"of an unknown format \(.dwg\); gridgeo reads .geojson"),
        ("a", b"x", r"unknown format \(no extension\)"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_by_its_name_alone(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        read(path, HOUSEHOLDS)
    assert str(caught.value).startswith(name)
    assert caught.value.hint
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_file_and_a_folder_are_said(tmp_path):
    with pytest.raises(InputError, match=r"none.csv does not exist. Check its name"):
        read(tmp_path / "none.csv", HOUSEHOLDS)
    with pytest.raises(InputError, match="is a folder; a file is needed"):
        read(tmp_path, HOUSEHOLDS)


@pytest.mark.parametrize("use", [lambda path: read(path, HOUSEHOLDS), fingerprint])
def test_a_pipe_or_a_device_is_said_to_be_no_regular_file(tmp_path, use):
    os.mkfifo(tmp_path / "h.csv")
    for path in (tmp_path / "h.csv", "/dev/null"):
        with pytest.raises(InputError, match=r"is no regular file but a pipe or device"):
            use(path)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb", ".parquet", ".shp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
def test_a_file_cut_short_is_never_taken_for_a_smaller_one(tmp_path, suffix, share):
    n = 2000
    frame = gpd.GeoDataFrame(
        {"unit_id": [f"u{i}" for i in range(n)], "households": range(n)},
        geometry=[box(i, 0, i + 1, 1) for i in range(n)],
        crs=4549,
    )
    path = write(frame, tmp_path / f"u{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match=r"cut short|is no |no layer inside"):
        read(path, UNITS)


def test_of_several_layers_the_one_named_or_called_like_ours_is_read(homes, blocks, tmp_path):
    path = tmp_path / "city.gpkg"
    homes.to_file(path, layer="points")
    blocks.to_file(path, layer="blocks")
    with pytest.raises(InputError, match="has no single layer; found: points, blocks"):
        read(path, UNITS)
    with pytest.raises(InputError, match="has no layer 'roads'; found: points, blocks"):
        read(path, UNITS, layer="roads")
    assert len(read(path, UNITS, layer="blocks").accepted) == 3
    blocks.iloc[:2].to_file(path, layer="units")
    assert len(read(path, UNITS).accepted) == 2


def test_a_table_of_styles_beside_the_layer_is_no_second_layer(blocks, tmp_path):
    path = tmp_path / "u.gpkg"
    blocks.to_file(path, layer="anything")
    pyogrio.write_dataframe(pd.DataFrame({"qml": ["<style/>"]}), path, layer="layer_styles")
    assert len(read(path, UNITS).accepted) == 3


def test_the_named_index_of_a_parquet_file_is_a_column(blocks, tmp_path):
    blocks.set_index("unit_id").to_parquet(tmp_path / "u.parquet")
    assert list(read(tmp_path / "u.parquet", UNITS).accepted.index) == ["a", "b", "c"]


def test_a_parquet_table_without_geometry_may_say_places_in_columns(tmp_path):
    table = pd.DataFrame({"household_id": ["1"], "lon": [120.5], "lat": [32.25]})
    table.to_parquet(tmp_path / "h.parquet")
    accepted = read(tmp_path / "h.parquet", HOUSEHOLDS).accepted
    assert accepted.geometry.iloc[0] == Point(120.5, 32.25)


def test_rows_are_numbered_as_a_reader_counts_them(csv, told):
    text = 'household_id,lon,lat\na,120,32\n\n"b\nb",120,32\nc,120\nd,x,32\ne,1,2,3\n'
    intake = read(csv(text), HOUSEHOLDS)
    assert told(intake) == [(3, "", "ragged"), (4, "lon", "not-float"), (5, "", "ragged")]
    assert intake.rows_read == 5


def test_a_file_of_nothing_but_ragged_rows_is_refused_row_by_row(csv, told):
    intake = read(csv("household_id,lon,lat\na,120\nb\n"), HOUSEHOLDS)
    assert told(intake) == [(1, "", "ragged"), (2, "", "ragged")]
    assert len(intake.accepted) == 0
    HOUSEHOLDS.check(intake.accepted)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_excel_s_delimiters_and_marks_are_told_from_the_header(csv, delimiter):
    text = "\ufeff户编号,经度,纬度,\r\n1,120,32,\r\n".replace(",", delimiter)
    intake = read(csv(text), HOUSEHOLDS)
    assert list(intake.accepted.index) == ["1"]
    assert intake.unused == ("column 4",)


def test_another_encoding_can_be_said(csv):
    path = csv("户编号,经度,纬度\n甲,120,32\n", encoding="gb18030")
    assert list(read(path, HOUSEHOLDS, encoding="gb18030").accepted.index) == ["甲"]
    with pytest.raises(InputError, match="no encoding is called 'gbkk'"):
        read(path, HOUSEHOLDS, encoding="gbkk")


def test_a_village_border_of_a_megabyte_fits_a_cell(csv):
    ring = ", ".join(f"{120 + i * 1e-6:.6f} 32.{i % 10}" for i in range(60_000))
    text = f'网格编码,geometry\n1,"POLYGON(({ring}, 120.000000 32.0))"\n'
    assert len(read(csv(text), GRIDS, crs=4490).accepted) == 1


def test_an_open_ring_is_closed_and_said(tmp_path):
    shape = {"type": "Polygon", "coordinates": [[[120, 32], [121, 32], [121, 33]]]}
    feature = {"type": "Feature", "properties": {"grid_code": "1"}, "geometry": shape}
    path = tmp_path / "g.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    intake = read(path, GRIDS)
    assert intake.accepted.geometry.iloc[0].is_valid
    assert any("1 shapes had a ring that was not closed" in note for note in intake.notes)


def test_a_curve_and_a_word_are_no_borders_and_stop_no_other_row(csv, told):
    text = (
        'unit_id,households,wkt\na,1,"CURVEPOLYGON((0 0, 1 0, 1 1, 0 0))"\nb,1,nonsense\n'
        'c,1,"POLYGON((0 0, 1 0, 1 1, 0 0))"\n'
    )
    intake = read(csv(text), UNITS, crs=4549)
    assert told(intake) == [(row, "geometry", "geometry-unreadable") for row in (1, 2)]
    assert list(intake.accepted.index) == ["c"]


def test_the_fingerprint_is_the_sha256_of_the_bytes(csv, tmp_path):
    path = csv("a,b\n1,2\n")
    assert fingerprint(path) == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    with pytest.raises(InputError, match="does not exist"):
        fingerprint(tmp_path / "none.csv")


def test_a_file_read_as_it_is_keeps_every_column_and_its_crs(blocks, tmp_path):
    blocks.assign(region=[1, 1, 2]).to_file(tmp_path / "u.gpkg")
    frame = load(tmp_path / "u.gpkg")
    assert list(frame.columns) == ["unit_id", "households", "region", "geometry"]
    assert frame.crs == "EPSG:4549"
    assert frame["region"].tolist() == [1, 1, 2]


def test_a_csv_read_as_it_is_has_places_where_it_says_them(csv):
    assert load(csv("lon,lat,n\n120,32,05\n"))["n"].tolist() == ["05"]
    assert load(csv("lon,lat,n\n120,32,05\n")).geometry.iloc[0] == Point(120, 32)
    assert type(load(csv("a,b\n1,2\n"))) is pd.DataFrame


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lon,lat\n120,32\nx,32\n", "1 rows without a readable place; in data row 2 lon must be"),
        ("lon,lat\n120,32\n120\n", "1 rows that do not fit its 2 columns; data row 2 has 1 cells"),
    ],
)
def test_a_file_read_as_it_is_refuses_broken_rows_as_a_whole(csv, text, says):
    with pytest.raises(InputError, match=says):
        load(csv(text))


def test_the_source_keeps_what_nobody_asked_for_out_of_its_name(csv):
    assert open_source(csv("a\n1\n", name="秘密.csv")).name == "秘密.csv"


def test_a_parquet_file_of_a_database_brings_decimals_and_lists(tmp_path, told):
    table = pd.DataFrame(
        {
            "unit_id": ["a", "b"],
            "households": [Decimal("12"), Decimal("1.5")],
            "village_code": [None, ["321282"]],
            "wkt": [box(0, 0, 1, 1).wkt] * 2,
        }
    )
    table.to_parquet(tmp_path / "u.parquet")
    intake = read(tmp_path / "u.parquet", UNITS, crs=4549)
    assert intake.accepted["households"].to_dict() == {"a": 12}
    assert told(intake) == [(2, "households", "not-int"), (2, "village_code", "not-text")]
    assert write_rejects(intake.rejects, tmp_path / "rejects.csv") == 1


def test_geometry_in_geoarrow_coordinates_is_read_as_well(homes, tmp_path):
    homes.to_parquet(tmp_path / "h.parquet", geometry_encoding="geoarrow", schema_version="1.1.0")
    accepted = read(tmp_path / "h.parquet", HOUSEHOLDS).accepted
    assert accepted.geometry.to_wkt().tolist() == homes.geometry.to_wkt().tolist()


def test_geoparquet_that_leaves_its_crs_out_is_in_degrees(homes, tmp_path):
    homes.to_crs("OGC:CRS84").to_parquet(tmp_path / "h.parquet")
    intake = read(tmp_path / "h.parquet", HOUSEHOLDS, crs=4326)
    assert intake.crs == "OGC:CRS84"
    assert len(intake.accepted) == 5


def test_broken_wkb_of_one_row_stops_no_other_row(homes, tmp_path, told):
    homes.to_parquet(tmp_path / "h.parquet")
    arrow = pq.read_table(tmp_path / "h.parquet")
    wkb = arrow.column("geometry").to_pylist()
    broken = arrow.set_column(4, "geometry", pa.array([b"\x01\x02", *wkb[1:]]))
    pq.write_table(broken.replace_schema_metadata(arrow.schema.metadata), tmp_path / "h.parquet")
    intake = read(tmp_path / "h.parquet", HOUSEHOLDS)
    assert told(intake) == [(1, "geometry", "geometry-unreadable")]
    assert len(intake.accepted) == 4


WHOLE = {
    "h.csv": 'household_id,lon,lat,size_band\na,120.1,32,1\nb,120.2,32,"3-4"\nc,120.3,32,\n',
    "h.geojson": json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"household_id": key, "size_band": "1"},
                    "geometry": {"type": "Point", "coordinates": [120.1, 32]},
                }
                for key in "abc"
            ],
        }
    ),
}


@pytest.mark.parametrize("name", WHOLE)
@given(data=st.data())
def test_damaged_bytes_are_refused_or_read_but_never_crash(name, data, tmp_path_factory):
    damaged = bytearray(WHOLE[name].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(damaged)))
        length = data.draw(st.integers(0, 6))
        piece = data.draw(
            st.sampled_from([b"", b'"', b",", b"\n", b"\xff", b"\0", b"}", b"9" * 30])
        )
        damaged[start : start + length] = piece
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(bytes(damaged))
    try:
        intake = read(path, HOUSEHOLDS)
    except InputError:
        return
    HOUSEHOLDS.check(intake.accepted)
    assert len(intake.accepted) + intake.rows_rejected == intake.rows_read
    write_rejects(intake.rejects, path.with_name("rejects.csv"))
