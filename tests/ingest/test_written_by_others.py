"""Files that other software wrote give the rows that were put in."""

import subprocess

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from gridgeo.ingest.intake import read
from gridgeo.model.frames import HOUSEHOLDS

# Where it is absent the test fails: `make setup` installs gdal-bin.
pytestmark = pytest.mark.filterwarnings("ignore")

ZIP = {"method": "zip", "archive_name": "户.csv"}
CODES = ["32128210000101", "32128210000102", "32128210000101"]


@pytest.fixture(scope="module")
def geojson(tmp_path_factory):
    """Three households under Chinese headers, as the file ogr2ogr starts from."""
    path = tmp_path_factory.mktemp("others") / "start.geojson"
    frame = gpd.GeoDataFrame(
        {"户编号": ["甲001", "乙002", "丙003"], "所属网格": CODES, "是否入住": ["是", "否", "是"]},
        geometry=[Point(120.25 + i / 64, 32 + i / 64) for i in range(3)],
        crs=4326,
    )
    frame.to_file(path)
    return path


def judged(intake):
    assert intake.rows_rejected == 0, intake.rejects
    rows = intake.accepted.assign(lon_=intake.accepted.geometry.x).sort_values("lon_")
    assert list(rows.index) == ["甲001", "乙002", "丙003"]
    assert list(rows["grid_code"]) == CODES
    assert list(rows["lived_in"]) == [True, False, True]
    assert list(rows["lon_"]) == pytest.approx([120.25, 120.265625, 120.28125])


XY = "SELECT *, ST_X(geometry) AS 经度, ST_Y(geometry) AS 纬度 FROM start"
OGR = {
    "utf8.shp": ["-f", "ESRI Shapefile", "-lco", "ENCODING=UTF-8"],
    "gbk.shp": ["-f", "ESRI Shapefile", "-lco", "ENCODING=GBK"],
    "cp936.shp": ["-f", "ESRI Shapefile", "-lco", "ENCODING=CP936"],
    "h.gpkg": ["-f", "GPKG"],
    "h.fgb": ["-f", "FlatGeobuf"],
    "h.geojson": ["-f", "GeoJSON", "-lco", "RFC7946=YES"],
    "wkt.csv": ["-f", "CSV", "-lco", "GEOMETRY=AS_WKT"],
    "xy.csv": ["-f", "CSV", "-lco", "GEOMETRY=AS_XY", "-lco", "SEPARATOR=SEMICOLON"],
    "bom.csv": ["-f", "CSV", "-lco", "GEOMETRY=AS_XY", "-lco", "WRITE_BOM=YES"],
    "h.xlsx": ["-f", "XLSX", "-dialect", "SQLITE", "-sql", XY],
    "h.ods": ["-f", "ODS", "-dialect", "SQLITE", "-sql", XY],
}


@pytest.mark.parametrize("name", OGR)
@pytest.mark.parametrize("cpg", [True, False])
def test_what_ogr2ogr_writes_is_read(geojson, tmp_path, name, cpg):
    path = tmp_path / name
    subprocess.run(["ogr2ogr", *OGR[name], path, geojson], check=True, capture_output=True)
    if not cpg:
        if path.suffix != ".shp":
            return
        path.with_suffix(".cpg").unlink(missing_ok=True)
    crs = 4326 if path.suffix in (".csv", ".xlsx", ".ods") else None
    mapping = {"lon": "X", "lat": "Y"} if name in ("xy.csv", "bom.csv") else {}
    judged(read(path, HOUSEHOLDS, crs=crs, mapping=mapping))


@pytest.mark.parametrize("code", ["gb18030", "gbk", "utf-16", "utf-8", "utf-8-sig"])
def test_what_pandas_writes_is_read(geojson, tmp_path, code):
    frame = gpd.read_file(geojson)
    flat = pd.DataFrame(frame.drop(columns="geometry"))
    flat = flat.assign(经度=frame.geometry.x, 纬度=frame.geometry.y)
    flat.to_csv(tmp_path / "p.csv", index=False, encoding=code)
    judged(read(tmp_path / "p.csv", HOUSEHOLDS))
    flat.to_csv(
        tmp_path / "p.zip",
        index=False,
        encoding=code,
        compression=ZIP,
    )
    judged(read(tmp_path / "p.zip", HOUSEHOLDS))
    flat.to_excel(tmp_path / "p.xlsx", index=False, engine="openpyxl")
    judged(read(tmp_path / "p.xlsx", HOUSEHOLDS))


@pytest.mark.parametrize("suffix", [".shp", ".gpkg", ".fgb", ".geojson"])
def test_what_geopandas_writes_is_read(geojson, tmp_path, suffix):
    gpd.read_file(geojson).to_file(tmp_path / f"g{suffix}", engine="pyogrio")
    judged(read(tmp_path / f"g{suffix}", HOUSEHOLDS))
