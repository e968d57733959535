"""Files of points in, the same with their grids out: what comes out is read by other software.

Long because every way from file to file is asked the same things, on the same five points.
"""

import json
import zipfile
from dataclasses import replace
from decimal import Decimal

import duckdb
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridgeo.analysis.assign import assign
from gridgeo.errors import ConflictError, CRSError, GeometryError, InputError, ParameterError
from gridgeo.ingest import csv_blocks, geojson_lines
from gridgeo.services import arrow_pieces, points_in, unfinished
from gridgeo.services import assign_files as whole
from gridgeo.services.assign_files import assign_files
from gridgeo.services.unfinished import Unfinished

# Two grids side by side in degrees; codes as cities have them, with zeros in front.
GRIDS = gpd.GeoDataFrame(
    {"grid_code": ["032128", "032129"]},
    geometry=[shapely.box(120, 31, 121, 32), shapely.box(121, 31, 122, 32)],
    crs=4326,
)
X = [120.5, 121.0, 121.5, 125.0, np.nan]
Y = [31.5, 31.5, 31.25, 31.0, np.nan]
CODES = ["032128", "032128", "032129", None, None]
HOW = ["inside", "border", "inside", "none", "none"]
IDS = [str(10**25 + k) for k in range(5)]
NAMES = ["甲, 号", 'say "hi"', "two\nlines", "=1+1", "-5"]
LOST = np.isnan(X)

STREAMS = (".csv", ".parquet", ".geojsonl")
OTHERS = (".gpkg", ".geojson", ".fgb", ".shp", ".xlsx")


@pytest.fixture
def grids(tmp_path):
    path = tmp_path / "grids.geojson"
    GRIDS.to_file(path)
    return path


def frame():
    shapes = gpd.GeoSeries.from_xy(X, Y, crs=4326)
    shapes[LOST] = None
    return gpd.GeoDataFrame({"id": IDS, "name": NAMES}, geometry=shapes)


def lines(rows, before=""):
    """A sequence as others write it: spaces, a member of its own, a number no float holds."""
    made = []
    for x, y, code, name in rows:
        spot = "null" if np.isnan(x) else f'{{"type": "Point", "coordinates": [{x}, {y}, 7.50]}}'
        made.append(
            f'{before}{{"type": "Feature", "id":1, "properties": {{"id": {code}, '
            f'"name": {json.dumps(name)}}}, "geometry": {spot}}}\n'
        )
    return "".join(made)


def written(path, kind):
    """Write the five points as some other program does."""
    if kind == ".csv":
        table = pd.DataFrame({"id": IDS, "name": NAMES, "lon": X, "lat": Y})
        table.to_csv(path, index=False)
    elif kind in (".geojsonl", ".ndjson"):
        path.write_text(lines(zip(X, Y, IDS, NAMES, strict=True)), encoding="utf-8")
    elif kind == ".geojsons":
        path.write_text(lines(zip(X, Y, IDS, NAMES, strict=True), "\x1e"), encoding="utf-8")
    elif kind == "columns.parquet":
        pq.write_table(pa.table({"id": IDS, "name": NAMES, "lon": X, "lat": Y}), path)
    elif kind == ".parquet":
        frame().to_parquet(path, row_group_size=2)
    elif kind == "native.parquet":
        frame().to_parquet(path, geometry_encoding="geoarrow", schema_version="1.1.0")
    elif kind == ".xlsx":
        options = {"options": {"strings_to_formulas": False}}
        with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs=options) as book:
            table = pd.DataFrame({"id": IDS, "name": NAMES, "lon": X, "lat": Y})
            table.to_excel(book, index=False)
    elif kind == ".zip":
        written(path.with_suffix(".csv"), ".csv")
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(path.with_suffix(".csv"), "in.csv")
        path.with_suffix(".csv").unlink()
    else:
        frame().to_file(path)
    return path


def read(path):
    """Read an answer by other software: id, grid_code, how, distance_m, x, y."""
    kind = path.suffix
    if kind == ".csv":
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        x, y = (pd.to_numeric(table[c]).to_numpy() for c in ("lon", "lat"))
        table = table.mask(table == "")
    elif kind == ".xlsx":
        table = pd.read_excel(path, dtype=str, engine="openpyxl")
        x, y = shapely.get_coordinates(shapely.from_wkt(table["geometry"])).T
    elif kind in (".geojsonl", ".geojsons", ".ndjson"):
        texts = path.read_text(encoding="utf-8").split("\n")[:-1]
        features = [json.loads(one.removeprefix("\x1e")) for one in texts]
        table = pd.DataFrame([one["properties"] for one in features], dtype=object)
        none = {"coordinates": [np.nan, np.nan]}
        x, y = np.array([(one["geometry"] or none)["coordinates"][:2] for one in features]).T
    elif kind == ".parquet" and b"geo" not in (pq.read_schema(path).metadata or {}):
        table = pd.read_parquet(path)
        x, y = table["lon"], table["lat"]
    else:
        table = gpd.read_parquet(path) if kind == ".parquet" else gpd.read_file(path)
        assert table.crs == "EPSG:4326"
        x, y = (np.asarray(c) for c in (table.geometry.x, table.geometry.y))
    return table.rename(columns={"distance_m": "metres"}), np.asarray(x), np.asarray(y)


@pytest.mark.parametrize("target", [".csv", ".parquet", ".geojsonl", ".geojsons", ".gpkg"])
@pytest.mark.parametrize(
    "source",
    [
        ".csv", ".zip", ".parquet", "columns.parquet", "native.parquet", ".geojsonl", ".geojsons",
        ".gpkg", ".geojson", ".xlsx",
    ],
)  # fmt: skip
def test_every_way_from_file_to_file_gives_each_row_its_grid(grids, tmp_path, source, target):
    points = written(tmp_path / f"in{'' if source[0] == '.' else '.'}{source}", source)
    output = tmp_path / f"out{target}"
    got = assign_files(points, grids, output)
    assert got.ways == {"inside": 2, "border": 1, "none": 2}
    assert (got.rows, got.unplaced, got.behind) == (5, 1, 0)
    table, x, y = read(output)
    assert (
        table["grid_code"].astype(object).where(table["grid_code"].notna(), None).tolist() == CODES
    )
    assert table["how"].tolist() == HOW
    metres = pd.to_numeric(table["metres"])
    assert metres[:3].tolist() == [0, 0, 0]
    assert metres[3:].isna().all()
    assert table["id"].astype(str).tolist() == IDS
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    names = table["name"].tolist()
    if target == ".csv" and source not in (".csv",):
        assert names == [f"'{n}" if n[0] in "=-" else n for n in NAMES]
    elif source != ".zip":  # which the reader of archives strips
        assert names == NAMES
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("target", OTHERS)
def test_the_other_formats_are_written_as_before(grids, tmp_path, target):
    points = tmp_path / "in.csv"
    pd.DataFrame({"id": IDS[:4], "lon": X[:4], "lat": Y[:4]}).to_csv(points, index=False)
    assign_files(points, grids, tmp_path / f"out{target}")
    found = (
        pd.read_excel(tmp_path / "out.xlsx", dtype=str, engine="openpyxl")
        if target == ".xlsx"
        else (gpd.read_file(tmp_path / f"out{target}"))
    )
    found = found.sort_values("id")  # FlatGeobuf has an order of its own
    assert (
        found["grid_code"].astype(object).where(found["grid_code"].notna(), None).tolist()
        == (CODES[:4])
    )
    assert found["id"].tolist() == IDS[:4]


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    spots=st.lists(
        st.one_of(st.none(), st.tuples(st.integers(1190, 1230), st.integers(300, 330))),
        max_size=40,
    ),
    block=st.integers(40, 400),
    rows=st.integers(1, 9),
    within=st.sampled_from([None, 40_000.0]),
)
@pytest.mark.parametrize("source", STREAMS)
def test_pieces_of_any_size_are_answered_as_the_whole_is(
    tmp_path_factory, source, spots, block, rows, within
):
    folder = tmp_path_factory.mktemp("any")
    GRIDS.to_file(folder / "grids.geojson")
    x = [np.nan if one is None else one[0] / 10 for one in spots]
    y = [np.nan if one is None else one[1] / 10 for one in spots]
    shapes = gpd.GeoSeries(
        [
            None if one is None else shapely.Point(a, b)
            for one, a, b in zip(spots, x, y, strict=True)
        ],
        crs=4326,
    )
    points = folder / f"in{source}"
    ids = [f"{k:03}" for k in range(len(spots))]
    if source == ".csv":
        pd.DataFrame({"id": ids, "lon": x, "lat": y}).to_csv(points, index=False)
    elif source == ".parquet":
        given_frame = gpd.GeoDataFrame({"id": ids}, geometry=shapes)
        given_frame.to_parquet(points, row_group_size=rows)
    else:
        cells = zip(x, y, [f'"{one}"' for one in ids], ids, strict=True)
        points.write_text(lines(cells), encoding="utf-8")
    known = GRIDS.set_index("grid_code")
    right = assign(shapes, known if within is None else known.to_crs(4549), within)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_blocks, "BLOCK_BYTES", block)
        patch.setattr(geojson_lines, "BLOCK_BYTES", block)
        patch.setattr(points_in, "_BATCH_ROWS", rows)
        for target in (".csv", ".parquet", ".geojsonl"):
            output = folder / f"out{target}"
            got = assign_files(points, folder / "grids.geojson", output, within)
            assert got.rows == len(spots)
            assert got.ways == right["how"].value_counts().to_dict()
            if not spots:
                continue
            table, _, _ = read(output)
            assert table["id"].astype(str).tolist() == ids
            assert table["how"].tolist() == right["how"].tolist()
            codes = table["grid_code"].astype(object)
            assert codes.where(codes.notna(), None).tolist() == (
                right["grid_id"].astype(object).where(right["grid_id"].notna(), None).tolist()
            )
            np.testing.assert_array_equal(pd.to_numeric(table["metres"]), right["distance_m"])


class TestCsv:
    """Cells stay as they stand."""

    CELLS = (
        'no,"a, b",text,LON,Lat\r\n007,"x ""y""\r\nz", =1+1 ,+120.50, 31.5 \r\n\r\n8,,\'-1,,\r\n'
    )

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_cells_come_out_as_they_went_in(self, grids, tmp_path, encoding, delimiter):
        text = '编号,备注,lon,lat\n007,"人民路, 12号; \t",120.50,31.5\n8, =1+1,,\n'
        text = text.replace(",", delimiter)
        points = tmp_path / "in.csv"
        points.write_bytes(text.encode(encoding))
        got = assign_files(points, grids, tmp_path / "out.csv")
        assert got.unplaced == 1
        remark = f'"人民路{delimiter} 12号; \t"' if delimiter != "," else '"人民路, 12号; \t"'
        if delimiter != ",":
            remark = remark.strip('"')
        assert (tmp_path / "out.csv").read_bytes().decode() == (
            "\ufeff编号,备注,lon,lat,grid_code,how,distance_m\n"
            f"007,{remark},120.50,31.5,032128,inside,0\n"
            "8, =1+1,,,,none,\n"
        )

    def test_quotes_line_ends_blank_lines_and_signs(self, grids, tmp_path):
        (tmp_path / "in.csv").write_text(self.CELLS, encoding="utf-8", newline="")
        assign_files(tmp_path / "in.csv", grids, tmp_path / "out.csv")
        assert (tmp_path / "out.csv").read_bytes().decode() == (
            '\ufeffno,"a, b",text,LON,Lat,grid_code,how,distance_m\n'
            '007,"x ""y""\r\nz", =1+1 ,+120.50, 31.5 ,032128,inside,0\n'
            "8,,'-1,,,,none,\n"
        )

    def test_rows_without_a_readable_place_are_kept_and_counted(self, grids, tmp_path):
        cells = ["120.5,31.5", ",31.5", "east,31.5", "inf,31.5", "'-1,31.5", "1e400,31.5"]
        (tmp_path / "in.csv").write_text("lon,lat\n" + "\n".join(cells), encoding="utf-8")
        got = assign_files(tmp_path / "in.csv", grids, tmp_path / "out.csv")
        assert (got.rows, got.unplaced) == (6, 4)
        found = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
        assert (found["lon"] + "," + found["lat"]).tolist() == cells
        assert found["how"].tolist() == ["inside", *["none"] * 5]

    def test_places_as_wkt_and_ewkt(self, grids, tmp_path):
        cells = "id,wkt\n1,POINT (120.5 31.5)\n2,SRID=4326;POINT Z (121.5 31.5 9)\n3,no\n4,\n"
        (tmp_path / "in.csv").write_text(cells, encoding="utf-8")
        got = assign_files(tmp_path / "in.csv", grids, tmp_path / "out.csv")
        assert got.unplaced == 2
        found = pd.read_csv(tmp_path / "out.csv", dtype=str)
        assert found["grid_code"].tolist()[:2] == ["032128", "032129"]
        assert found["wkt"].tolist()[:3] == [
            "POINT (120.5 31.5)",
            "SRID=4326;POINT Z (121.5 31.5 9)",
            "no",
        ]

    def test_an_earlier_answer_is_replaced(self, grids, tmp_path):
        cells = "how,lon,grid_code,lat,distance_m\nold,120.5,old,31.5,7\n"
        (tmp_path / "in.csv").write_text(cells, encoding="utf-8")
        for _ in range(2):
            assign_files(tmp_path / "in.csv", grids, tmp_path / "in.csv")
            assert (tmp_path / "in.csv").read_text(encoding="utf-8-sig") == (
                "lon,lat,grid_code,how,distance_m\n120.5,31.5,032128,inside,0\n"
            )

    def test_columns_headed_alike_or_not_at_all_are_kept(self, grids, tmp_path):
        cells = "a,a,,lon,lat\n1,2,3,120.5,31.5\n"
        (tmp_path / "in.csv").write_text(cells, encoding="utf-8")
        assign_files(tmp_path / "in.csv", grids, tmp_path / "out.csv")
        assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig") == (
            "a,a,,lon,lat,grid_code,how,distance_m\n1,2,3,120.5,31.5,032128,inside,0\n"
        )
        assign_files(tmp_path / "in.csv", grids, tmp_path / "out.parquet")
        found = pq.read_table(tmp_path / "out.parquet").drop_columns(["geometry"]).to_pylist()
        assert found == [
            {"a": "1", "a_2": "2", "column 3": "3", "lon": "120.5", "lat": "31.5",
             "grid_code": "032128", "how": "inside", "distance_m": 0.0}
        ]  # fmt: skip

    def test_only_a_header_gives_only_a_header(self, grids, tmp_path):
        (tmp_path / "in.csv").write_text("lon,lat\n", encoding="utf-8")
        assert assign_files(tmp_path / "in.csv", grids, tmp_path / "out.csv").rows == 0
        assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig") == (
            "lon,lat,grid_code,how,distance_m\n"
        )
        assert assign_files(tmp_path / "in.csv", grids, tmp_path / "out.parquet").rows == 0
        assert len(gpd.read_parquet(tmp_path / "out.parquet")) == 0

    @pytest.mark.parametrize(
        ("cells", "said"),
        [
            ("lon,lat\n1,2\n1,2,3\n", "data row 2 has 3 cells"),
            ('lon,lat,t\n1,2,"a\n3,4,b\n', "never closed"),
            ("a,b\n1,2\n", "no geometry and no columns"),
            ("", "is empty"),
        ],
    )
    def test_what_is_no_table_is_said(self, grids, tmp_path, cells, said):
        (tmp_path / "in.csv").write_text(cells, encoding="utf-8")
        with pytest.raises(InputError, match=said):
            assign_files(tmp_path / "in.csv", grids, tmp_path / "out.csv")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["grids.geojson", "in.csv"]

    def test_metres_need_their_crs(self, grids, tmp_path):
        metres = gpd.GeoSeries.from_xy(X[:2], Y[:2], crs=4326).to_crs(4549)
        table = pd.DataFrame({"x": metres.x, "y": metres.y})
        table.to_csv(tmp_path / "in.csv", index=False)
        with pytest.raises(CRSError, match="--crs"):
            assign_files(tmp_path / "in.csv", grids, tmp_path / "out.csv")
        GRIDS.to_crs(4549).to_parquet(tmp_path / "grids.parquet")
        assign_files(
            tmp_path / "in.csv", tmp_path / "grids.parquet", tmp_path / "out.csv", crs=4549
        )
        assert pd.read_csv(tmp_path / "out.csv", dtype=str)["grid_code"][0] == "032128"


class TestParquet:
    """The columns are copied as bytes."""

    @pytest.fixture
    def table(self):
        rng = np.random.default_rng(1)
        n = 1000
        geometry = shapely.to_wkb(shapely.points(rng.uniform(119, 123, n), rng.uniform(30, 33, n)))
        meta = {
            "primary_column": "geometry",
            "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
        }
        words = pa.array(rng.choice(["甲", "乙", "丙"], n)).dictionary_encode()
        return pa.table(
            {
                "when": pa.array(rng.integers(0, 10**9, n), pa.timestamp("s", "Asia/Shanghai")),
                "how": pa.array(["old"] * n),
                "tags": pa.array([list(range(k % 3)) for k in range(n)]),
                "geometry": pa.array(geometry, pa.binary()),
                "nested": pa.array([{"a": k, "b": {"c": str(k)}} for k in range(n)]),
                "gaps": pa.array([None if k % 7 else k for k in range(n)], pa.int16()),
                "word": words,
                "price": pa.array([Decimal(k) / 4 for k in range(n)], pa.decimal128(12, 2)),
                "grid_code": pa.array(range(n)),
            }
        ).replace_schema_metadata({"geo": json.dumps({"version": "1.1.0", **meta}), "by": "us"})

    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"row_group_size": 7, "compression": "zstd", "write_page_index": True},
            {"use_dictionary": False, "compression": "none", "data_page_version": "2.0"},
            {"row_group_size": 300, "store_schema": False, "version": "1.0"},
        ],
        ids=str,
    )
    def test_columns_types_and_metadata_come_out_as_they_went_in(
        self, grids, tmp_path, table, options
    ):
        pq.write_table(table, tmp_path / "in.parquet", **options)
        assign_files(tmp_path / "in.parquet", grids, tmp_path / "out.parquet", crs=4326)
        before, after = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("in", "out"))
        kept = [name for name in table.schema.names if name not in ("how", "grid_code")]
        assert after.schema.names == [*kept, "grid_code", "how", "distance_m"]
        assert after.select(kept).equals(before.select(kept), check_metadata=True)
        after.validate(full=True)
        assert after.schema.field("grid_code").type == pa.string()
        meta = pq.read_metadata(tmp_path / "out.parquet")
        assert meta.num_row_groups == pq.read_metadata(tmp_path / "in.parquet").num_row_groups
        spots = gpd.GeoSeries(shapely.from_wkb(before["geometry"].to_numpy()), crs=4326)
        right = assign(spots, GRIDS.set_index("grid_code"))
        found = after.to_pandas()
        assert found["how"].tolist() == right["how"].tolist()
        assert found["grid_code"].fillna("").tolist() == right["grid_id"].fillna("").tolist()
        query = f"SELECT count(*) n FROM '{tmp_path}/out.parquet' WHERE grid_code = '032129'"
        assert duckdb.sql(query).fetchone()[0] == (right["grid_id"] == "032129").sum()
        if "store_schema" not in options:  # without it pyarrow writes no metadata
            assert len(gpd.read_parquet(tmp_path / "out.parquet")) == len(table)

    def test_what_another_program_wrote(self, grids, tmp_path):
        path = tmp_path / "in.parquet"
        duckdb.sql(
            "COPY (SELECT range AS id, 119 + range / 1000.0 AS lon, 31.5::DOUBLE AS lat, "
            f"[range] AS l FROM range(5000)) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)"
        )
        got = assign_files(path, grids, tmp_path / "out.parquet")
        assert sum(got.ways.values()) == 5000
        found = duckdb.sql(f"SELECT * FROM '{tmp_path}/out.parquet' ORDER BY id").fetchdf()
        assert found["id"].tolist() == list(range(5000))
        assert found["l"].map(lambda v: v[0]).tolist() == list(range(5000))
        assert found["grid_code"].value_counts().to_dict() == {"032128": 1001, "032129": 1000}

    def test_a_frame_of_pandas_keeps_its_index(self, grids, tmp_path):
        given_frame = frame().set_index(pd.Index(IDS, name="key"))
        given_frame.to_parquet(tmp_path / "in.parquet")
        assign_files(tmp_path / "in.parquet", grids, tmp_path / "out.parquet")
        found = gpd.read_parquet(tmp_path / "out.parquet")
        assert found.index.equals(given_frame.index)
        pd.testing.assert_frame_equal(found[given_frame.columns], given_frame)

    def test_no_rows(self, grids, tmp_path):
        frame().iloc[:0].to_parquet(tmp_path / "in.parquet")
        assert assign_files(tmp_path / "in.parquet", grids, tmp_path / "out.parquet").rows == 0
        found = gpd.read_parquet(tmp_path / "out.parquet")
        assert list(found.columns) == ["id", "name", "geometry", "grid_code", "how", "distance_m"]

    def test_a_damaged_file_is_said_and_leaves_nothing(self, grids, tmp_path):
        frame().to_parquet(tmp_path / "in.parquet")
        whole_file = (tmp_path / "in.parquet").read_bytes()
        column = pq.read_metadata(tmp_path / "in.parquet").row_group(0).column(2)
        at = column.dictionary_page_offset or column.data_page_offset
        torn = whole_file[:at] + bytes(20) + whole_file[at + 20 :]
        for damaged in (whole_file[:-30], b"", torn):
            (tmp_path / "in.parquet").write_bytes(damaged)
            with pytest.raises(InputError, match=r"^in\.parquet "):
                assign_files(tmp_path / "in.parquet", grids, tmp_path / "out.parquet")
            assert not (tmp_path / "out.parquet").exists()
            assert not list(tmp_path.glob(".*"))

    def test_points_without_a_crs_and_lines_are_refused(self, grids, tmp_path):
        frame().set_crs(None, allow_override=True).to_parquet(tmp_path / "in.parquet")
        with pytest.raises(CRSError, match="does not say in which CRS"):
            assign_files(tmp_path / "in.parquet", grids, tmp_path / "out.parquet")
        assign_files(tmp_path / "in.parquet", grids, tmp_path / "out.parquet", crs=4326)
        assert pd.read_parquet(tmp_path / "out.parquet")["how"].tolist() == HOW
        GRIDS.to_parquet(tmp_path / "in.parquet")
        with pytest.raises(GeometryError, match="holds a Polygon at position 0"):
            assign_files(tmp_path / "in.parquet", grids, tmp_path / "out.parquet")

    def test_degrees_that_are_called_metres_are_refused(self, grids, tmp_path):
        frame().iloc[:3].set_crs(4549, allow_override=True).to_parquet(tmp_path / "in.parquet")
        with pytest.raises(CRSError, match="all its places are degrees"):
            assign_files(tmp_path / "in.parquet", grids, tmp_path / "out.parquet")


class TestLines:
    """Features keep their texts."""

    def test_texts_come_out_as_they_went_in(self, grids, tmp_path):
        text = lines([(120.5, 31.5, 10**25, "甲"), (121.5, 31.5, "1.50", "乙")])
        (tmp_path / "in.ndjson").write_text("\n" + text, encoding="utf-8")
        assign_files(tmp_path / "in.ndjson", grids, tmp_path / "out.jsonl")
        found = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
        for code in ("032128", "032129"):
            found = found.replace(f'"grid_code":"{code}","how":"inside","distance_m":0.0,', "")
        assert found == text

    @pytest.mark.parametrize(
        "properties",
        [
            "null",
            "{}",
            "{ }",
            '{"properties": {"a": 1}}',
            '{"how": "old", "n": 12345678901234567890123}',
            '{"text": "\\"properties\\": {"}',
        ],
    )
    def test_whatever_the_properties_are(self, grids, tmp_path, properties):
        spot = '"geometry":{"type":"Point","coordinates":[120.5,31.5]}'
        text = f'{{"type":"Feature","properties":{properties},{spot}}}\n'
        (tmp_path / "in.geojsonl").write_text(text, encoding="utf-8")
        assign_files(tmp_path / "in.geojsonl", grids, tmp_path / "out.geojsonl")
        found = json.loads((tmp_path / "out.geojsonl").read_text(encoding="utf-8"))
        answer = {"grid_code": "032128", "how": "inside", "distance_m": 0.0}
        assert found["properties"] == {**(json.loads(properties) or {}), **answer}
        assert found["geometry"]["coordinates"] == [120.5, 31.5]

    def test_separated_features_over_several_lines(self, grids, tmp_path):
        feature = json.loads(lines([(120.5, 31.5, 1, "甲")]))
        text = f"\x1e{json.dumps(feature, indent=1)}\n" * 3
        (tmp_path / "in.geojsons").write_text(text, encoding="utf-8")
        assign_files(tmp_path / "in.geojsons", grids, tmp_path / "out.geojsons")
        found = (tmp_path / "out.geojsons").read_text(encoding="utf-8").split("\n")
        assert len(found) == 4
        assert all(one.startswith("\x1e") for one in found[:3])
        assert json.loads(found[2][1:])["properties"]["grid_code"] == "032128"

    @pytest.mark.parametrize(
        "spot",
        ["null", '{"type":"Point","coordinates":[]}', '{"type":"Point","coordinates":["1",2]}'],
    )
    def test_a_feature_without_a_readable_place_is_kept(self, grids, tmp_path, spot):
        text = f'{{"type":"Feature","properties":{{"a":1}},"geometry":{spot}}}\n'
        (tmp_path / "in.geojsonl").write_text(text, encoding="utf-8")
        for target in STREAMS:
            got = assign_files(tmp_path / "in.geojsonl", grids, tmp_path / f"out{target}")
            assert (got.rows, got.unplaced) == (1, 1)

    @pytest.mark.parametrize("text", ["{", '{"type":"FeatureCollection"}', "[1]", "7"])
    def test_what_is_no_feature_is_named_by_its_number(self, grids, tmp_path, text):
        good = lines([(120.5, 31.5, 1, "甲")])
        (tmp_path / "in.geojsonl").write_text(good * 2 + text, encoding="utf-8")
        for target in STREAMS:
            with pytest.raises(InputError, match="its feature 3 cannot be read"):
                assign_files(tmp_path / "in.geojsonl", grids, tmp_path / f"out{target}")
            assert not list(tmp_path.glob("out*"))

    def test_kinds_of_properties_become_columns_that_hold_them_all(self, grids, tmp_path):
        values = [{"i": 1, "f": 1, "b": True, "m": "a"}, {"i": 2, "f": 0.5, "m": [1]}, {"n": None}]
        features = [{"type": "Feature", "properties": v, "geometry": None} for v in values]
        text = "\n".join(json.dumps(one) for one in features)
        (tmp_path / "in.geojsonl").write_text(text, encoding="utf-8")
        assign_files(tmp_path / "in.geojsonl", grids, tmp_path / "out.parquet")
        found = pq.read_table(tmp_path / "out.parquet").select(["i", "f", "b", "m", "n"])
        assert found.to_pydict() == {
            "i": [1, 2, None],
            "f": [1.0, 0.5, None],
            "b": [True, None, None],
            "m": ["a", "[1]", None],
            "n": [None, None, None],
        }


WAYS = [(a, b) for a in (".csv", ".parquet", ".geojsonl", ".gpkg") for b in STREAMS]


class Killed(BaseException):
    """Nobody catches it."""


@pytest.fixture
def small(monkeypatch):
    """Pieces of some rows, and every row is worth keeping."""
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 300)
    monkeypatch.setattr(geojson_lines, "BLOCK_BYTES", 900)
    monkeypatch.setattr(points_in, "_BATCH_ROWS", 7)
    monkeypatch.setattr(unfinished, "_WORTH_ROWS", 0)
    from gridgeo.ingest import source

    monkeypatch.setattr(source, "BATCH_BYTES", 200)


@pytest.fixture
def hundred(tmp_path):
    def write(kind):
        rng = np.random.default_rng(7)
        x, y = rng.uniform(119, 123, 100), rng.uniform(30, 33, 100)
        ids = [f"{k:03}" for k in range(100)]
        path = tmp_path / f"in{kind}"
        made = gpd.GeoDataFrame({"id": ids}, geometry=gpd.points_from_xy(x, y), crs=4326)
        if kind == ".csv":
            pd.DataFrame({"id": ids, "lon": x, "lat": y}).to_csv(path, index=False)
        elif kind == ".parquet":
            made.to_parquet(path, row_group_size=9)
        elif kind == ".geojsonl":
            cells = zip(x, y, range(100), ids, strict=True)
            path.write_text(lines(cells), encoding="utf-8")
        else:
            made.to_file(path)
        return path

    return write


def die_at(step):
    """Told of progress, end the call at some step."""
    seen = [0]

    def told(_share, _text):
        seen[0] += 1
        if seen[0] == step:
            raise Killed

    return told


@pytest.mark.usefixtures("small")
class TestGoingOn:
    """What was interrupted is gone on with."""

    @pytest.mark.parametrize(("source", "target"), WAYS)
    def test_an_interrupted_call_is_gone_on_with_to_the_same_file(
        self, hundred, grids, tmp_path, source, target
    ):
        points, output = hundred(source), tmp_path / f"out{target}"
        assign_files(points, grids, tmp_path / f"right{target}")
        right = (tmp_path / f"right{target}").read_bytes()
        output.write_text("of yesterday")
        for step in (2, 3):
            with pytest.raises(Killed):
                assign_files(points, grids, output, told=die_at(step))
            assert output.read_text() == "of yesterday"
            left = tmp_path / f".out{target}.unfinished"
            # as a kill in the midst of a step leaves it
            with (left / "data").open("ab") as file:
                file.write(b"half a row")
            with (left / "journal").open("ab") as file:
                file.write(b'{"rows": 5, "at"')
        got = assign_files(points, grids, output)
        assert 0 < got.behind < 100
        assert got.rows == 100
        assert output.read_bytes() == right or target == ".parquet"
        if target == ".parquet":
            assert pq.read_table(output).equals(pq.read_table(tmp_path / "right.parquet"))
        assert not list(tmp_path.glob(".*"))

    def test_other_work_begins_afresh(self, hundred, grids, tmp_path):
        points, output = hundred(".csv"), tmp_path / "out.csv"

        def interrupted():
            with pytest.raises(Killed):
                assign_files(points, grids, output, told=die_at(5))

        interrupted()
        assert assign_files(points, grids, output, nearest_within_m=5).behind == 0
        interrupted()
        assert assign_files(points, grids, output, restart=True).behind == 0
        interrupted()
        GRIDS.iloc[:1].to_file(grids)
        assert assign_files(points, grids, output).behind == 0
        interrupted()
        points.write_bytes(points.read_bytes() + b"100,120.5,31.5\n")
        got = assign_files(points, grids, output)
        assert (got.behind, got.rows) == (0, 101)
        interrupted()
        assert assign_files(points, grids, output).behind > 0

    def test_a_journal_that_promises_more_than_was_written_is_believed_as_far_as_it_goes(
        self, hundred, grids, tmp_path
    ):
        points, output = hundred(".csv"), tmp_path / "out.csv"
        assign_files(points, grids, output)
        right = output.read_bytes()
        with pytest.raises(Killed):
            assign_files(points, grids, output, told=die_at(6))
        data = tmp_path / ".out.csv.unfinished" / "data"
        data.write_bytes(data.read_bytes()[:-1])
        got = assign_files(points, grids, output)
        assert 0 < got.behind < 100
        assert output.read_bytes() == right

    def test_little_work_is_not_left_lying(self, hundred, grids, tmp_path, monkeypatch):
        monkeypatch.setattr(unfinished, "_WORTH_ROWS", 1_000_000)
        points = hundred(".csv")
        with pytest.raises(Killed):
            assign_files(points, grids, tmp_path / "out.csv", told=die_at(2))
        assert not list(tmp_path.glob(".*"))

    def test_two_at_once_do_not_write_one_file(self, hundred, grids, tmp_path):
        output = tmp_path / "out.csv"
        with (
            Unfinished(output, {}),
            pytest.raises(ConflictError, match="is being written by another gridgeo"),
        ):
            assign_files(hundred(".csv"), grids, output)

    @pytest.mark.parametrize("source", [".csv", ".parquet", ".geojsonl"])
    def test_an_input_that_changes_meanwhile_is_said(self, hundred, grids, tmp_path, source):
        points, output = hundred(source), tmp_path / f"out{source}"

        def told(_share, _text):
            points.write_bytes(points.read_bytes()[:-200] + b" " * 100)

        with pytest.raises(InputError, match="changed while it was read"):
            assign_files(points, grids, output, told=told)
        assert not list(tmp_path.glob("*out*"))

    @pytest.mark.parametrize("target", STREAMS)
    def test_a_row_lost_on_the_way_is_found_by_counting(
        self, hundred, grids, tmp_path, monkeypatch, target
    ):
        points = hundred(".csv")
        add = Unfinished.add

        def loses(self, step):
            if step.share == 1 and target != ".parquet":
                data = bytes(step.data)
                cut = data.rstrip(b"\n").rfind(b"\n") + 1
                step = replace(step, data=data[:cut])
            add(self, step)

        monkeypatch.setattr(Unfinished, "add", loses)
        together = arrow_pieces.pairwise
        monkeypatch.setattr(arrow_pieces, "pairwise", lambda ends: [*together(ends)][:-1])
        with pytest.raises(InputError, match=r"100 rows were read, 100 written and \d\d are in"):
            assign_files(points, grids, tmp_path / f"out{target}")
        assert not list(tmp_path.glob("*out*"))


def test_places_nobody_can_write_to_are_said(grids, hundred, tmp_path):
    points = hundred(".csv")
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        assign_files(points, grids, tmp_path / "nowhere" / "out.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        assign_files(points, grids, tmp_path / "folder.csv")
    with pytest.raises(ParameterError, match=r"Nothing can be written as \.docx"):
        assign_files(points, grids, tmp_path / "out.docx")


def test_more_than_memory_holds_is_refused_where_a_format_must_be_whole(
    grids, hundred, tmp_path, monkeypatch
):
    monkeypatch.setattr(whole, "MANY", 99)
    with pytest.raises(ParameterError, match=r"more than 99 rows.*\.parquet, \.csv"):
        assign_files(hundred(".csv"), grids, tmp_path / "out.gpkg")
    assert assign_files(hundred(".csv"), grids, tmp_path / "out.csv").rows == 100
