import csv as csv_module

import geopandas as gpd
import pytest
from shapely import LineString, Point, box

from gridgeo.errors import InputError
from gridgeo.ingest.intake import read
from gridgeo.ingest.rejects import RejectFile, write_rejects
from gridgeo.model.frames import GRIDS, HOUSEHOLDS, UNITS

BROKEN = """户编号,经度,纬度,人数档,lived_in,姓名
007,120.27,32.0,2,是,张三
008,abc,32.0,2,也许,李四
,120.28,32.0,9,否,王五
"""


def lines(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv_module.DictReader(file))


def test_each_refused_row_is_one_line_with_its_number_fields_and_reasons(csv, tmp_path):
    out = tmp_path / "rejects.csv"
    assert write_rejects(read(csv(BROKEN), HOUSEHOLDS).rejects, out) == 2
    first, second = lines(out)
    assert first == {
        "户编号": "008",
        "人数档": "2",
        "lived_in": "也许",
        "经度": "abc",
        "纬度": "32.0",
        "row": "2",
        "field": "lived_in; lon",
        "reason_zh": "lived_in:应为是或否;lon:应为数字",
        "reason_en": "lived_in must be yes or no; lon must be a number",
    }
    assert second["row"] == "3"
    assert second["field"] == "household_id; size_band"
    assert out.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel needs the mark to show Chinese"


def test_a_mended_reject_file_is_imported(csv, tmp_path):
    out = tmp_path / "rejects.csv"
    write_rejects(read(csv(BROKEN), HOUSEHOLDS).rejects, out)
    text = out.read_text(encoding="utf-8-sig")
    text = text.replace("abc", "120.29").replace("也许", "是", 1)
    text = text.replace("\n,9,", "\n009,1,")
    again = read(csv(text, name="mended.csv"), HOUSEHOLDS)
    assert again.rows_rejected == 0
    assert list(again.accepted.index) == ["008", "009"]
    assert again.accepted.geometry.iloc[0] == Point(120.29, 32)
    assert set(again.unused) == {"row", "field", "reason_zh", "reason_en"}


def test_a_reject_file_that_nobody_mended_is_refused_for_the_same_reasons(csv, tmp_path):
    out = tmp_path / "rejects.csv"
    first = read(csv(BROKEN), HOUSEHOLDS)
    write_rejects(first.rejects, out)
    again = read(out, HOUSEHOLDS)
    assert again.rejects["code"].tolist() == first.rejects["code"].tolist()
    assert again.rejects["content"].tolist() == first.rejects["content"].tolist()


def test_unrecognised_columns_are_in_no_reject_file(csv, tmp_path):
    out = tmp_path / "rejects.csv"
    write_rejects(read(csv(BROKEN), HOUSEHOLDS).rejects, out)
    assert "李四" not in out.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("formula", ['=HYPERLINK("http://x")', "+1", "-1+1", "@SUM(A1)"])
def test_no_cell_of_a_reject_file_is_a_formula_and_none_is_changed_by_coming_back(
    csv, tmp_path, formula
):
    quoted = formula.replace('"', '""')
    path = csv(f'household_id,address_id,lon,lat\na,"{quoted}",-190.5,-32\n')
    out = tmp_path / "rejects.csv"
    write_rejects(read(path, HOUSEHOLDS).rejects, out)
    (line,) = lines(out)
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line.values())
    mended = out.read_text(encoding="utf-8-sig").replace("'-190.5", "'-71.5")
    accepted = read(csv(mended, name="mended.csv"), HOUSEHOLDS).accepted
    assert accepted["address_id"].tolist() == [formula]
    assert accepted.geometry.iloc[0] == Point(-71.5, -32)


def test_shapes_come_back_as_wkt_that_says_its_crs(blocks, tmp_path, csv):
    blocks["households"] = [10, -20, 30]
    blocks.to_file(tmp_path / "u.gpkg")
    out = tmp_path / "rejects.csv"
    write_rejects(read(tmp_path / "u.gpkg", UNITS).rejects, out)
    (line,) = lines(out)
    assert line["geometry_wkt"].startswith("SRID=4549;POLYGON ((")
    mended = out.read_text(encoding="utf-8-sig").replace("'-20", "20")
    again = read(csv(mended, name="mended.csv"), UNITS)
    assert again.accepted["households"].tolist() == [20]
    place = again.accepted.to_crs(4549).geometry.iloc[0]
    assert place.equals_exact(blocks.geometry.iloc[1], 1e-6)


def test_points_come_back_as_lon_and_lat(homes, tmp_path):
    homes.loc[2, "size_band"] = "7"
    homes.loc[3, "geometry"] = None
    homes.to_file(tmp_path / "h.gpkg")
    out = tmp_path / "rejects.csv"
    write_rejects(read(tmp_path / "h.gpkg", HOUSEHOLDS).rejects, out)
    band, place = lines(out)
    assert (band["lon"], band["lat"]) == ("120.27199999999999", "32.0")
    assert (place["lon"], place["lat"]) == ("", "")


def test_shapes_of_another_kind_come_back_as_they_are(homes, tmp_path):
    homes.geometry = [LineString([(120, 32), (121, 32)]), *homes.geometry[1:]]
    homes.to_parquet(tmp_path / "h.parquet")
    out = tmp_path / "rejects.csv"
    write_rejects(read(tmp_path / "h.parquet", HOUSEHOLDS).rejects, out)
    assert lines(out)[0]["geometry_wkt"] == "SRID=4490;LINESTRING (120 32, 121 32)"


def test_a_crs_without_code_comes_back_in_the_one_we_rest_in(tmp_path):
    local = "+proj=tmerc +lon_0=120.2 +x_0=1000 +ellps=GRS80 +units=m"
    grid = gpd.GeoDataFrame(
        {"grid_code": ["1"], "kind": ["odd"]}, geometry=[box(120, 32, 120.1, 32.1)], crs=4490
    ).to_crs(local)
    grid.to_parquet(tmp_path / "g.parquet")
    intake = read(tmp_path / "g.parquet", GRIDS)
    assert intake.rejects["content"][0]["geometry_wkt"].startswith("SRID=4490;POLYGON ((120")


def test_a_column_of_the_file_that_is_called_like_ours_is_kept(csv, tmp_path):
    out = tmp_path / "rejects.csv"
    path = csv("row,lon,lat\n17,x,32\n")
    write_rejects(read(path, HOUSEHOLDS, mapping={"household_id": "row"}).rejects, out)
    (line,) = lines(out)
    assert (line["row"], line["refused_row"]) == ("17", "1")


def test_ragged_rows_have_their_number_only(csv, tmp_path):
    out = tmp_path / "rejects.csv"
    write_rejects(read(csv("household_id,lon,lat\na,120\nb,x,32\n"), HOUSEHOLDS).rejects, out)
    ragged, other = lines(out)
    assert (ragged["row"], ragged["household_id"]) == ("1", "")
    assert ragged["reason_zh"] == "单元格数与表头不符"
    assert other["household_id"] == "b"


def test_without_refused_rows_the_file_has_only_its_header(csv, tmp_path):
    out = tmp_path / "rejects.csv"
    out.write_text("what an earlier import left")
    rejects = read(csv("household_id,lon,lat\na,120,32\n"), HOUSEHOLDS).rejects
    assert write_rejects(rejects, out) == 0
    assert out.read_text(encoding="utf-8-sig") == "row,field,reason_zh,reason_en\n"


def test_a_reject_file_is_whole_or_not_there(csv, tmp_path):
    rejects = read(csv(BROKEN), HOUSEHOLDS).rejects
    with pytest.raises(InputError, match=r"rejects\.csv cannot be written: No such file"):
        write_rejects(rejects, tmp_path / "nowhere" / "rejects.csv")
    with pytest.raises(InputError, match=r"ends in \.csv"):
        write_rejects(rejects, tmp_path / "rejects.xlsx")
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(InputError, match=r"taken\.csv cannot be written"):
        write_rejects(rejects, tmp_path / "taken.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file.csv", "taken.csv"]


def test_of_a_file_that_fails_no_line_is_left(csv, tmp_path):
    refused = read(csv(BROKEN), HOUSEHOLDS).rejects
    rejects = RejectFile(tmp_path / "rejects.csv", many=True)

    def fails():
        with rejects.whole():
            rejects.add(refused, "fails.csv")
            raise RuntimeError

    with rejects.whole():
        rejects.add(refused, "good.csv")
    with pytest.raises(RuntimeError):
        fails()
    rejects.keep()
    assert [line["file"] for line in lines(tmp_path / "rejects.csv")] == ["good.csv"] * 2
    assert rejects.lines == 2
