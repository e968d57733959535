import struct
import zipfile
import zlib
from datetime import date

import openpyxl
import pandas as pd
import pytest
import xlsxwriter

from gridgeo.errors import InputError, ParameterError
from gridgeo.ingest import zipped
from gridgeo.ingest.intake import read
from gridgeo.model.files import write_frame
from gridgeo.model.frames import HOUSEHOLDS, INCIDENTS, WORKERS

HEADER = ["户编号", "经度", "纬度", "所属网格"]
ROWS = [["007", 120.27, 32.01, 32128210000101], ["008", 120.28, 32.02, "32128210000102"]]


@pytest.fixture
def book(tmp_path):
    """Write sheets with openpyxl: name → rows."""

    def write(sheets, hidden=(), name="户.xlsx"):
        made = openpyxl.Workbook()
        made.remove(made.active)
        for title, rows in sheets.items():
            sheet = made.create_sheet(title)
            for row in rows:
                sheet.append(row)
            sheet.sheet_state = "hidden" if title in hidden else "visible"
        made.save(tmp_path / name)
        return tmp_path / name

    return write


def test_codes_keep_their_digits_and_zeros(book):
    intake = read(book({"Sheet1": [HEADER, *ROWS]}), HOUSEHOLDS)
    assert list(intake.accepted.index) == ["007", "008"]
    assert list(intake.accepted["grid_code"]) == ["32128210000101", "32128210000102"]


def test_a_title_above_the_header_is_said_and_rows_are_the_sheet_s_own(book, tmp_path):
    path = book({"Sheet1": [["城南街道户籍表"], [], HEADER, *ROWS, [], ["009", None, 32]]})
    made = openpyxl.load_workbook(path)
    made["Sheet1"].merge_cells("A1:D1")
    made.save(path)
    intake = read(path, HOUSEHOLDS)
    assert any("header was found in row 3" in note for note in intake.notes)
    assert list(intake.accepted.index) == ["007", "008"]
    assert list(intake.rejects["row"]) == [7]


def test_the_header_is_found_by_its_names_under_a_line_of_several_cells(book):
    above = ["填表单位:城南街道", "日期", "2026-07-01"]
    path = book({"Sheet1": [above, ["联系", "x"], HEADER, *ROWS]})
    assert len(read(path, HOUSEHOLDS).accepted) == 2


@pytest.mark.parametrize("title", ["households", "户"])
def test_the_sheet_called_like_the_layer_is_taken(book, title):
    path = book({"说明": [["a", "b"], [1, 2]], title: [HEADER, *ROWS]})
    assert len(read(path, HOUSEHOLDS).accepted) == 2


def test_hidden_sheets_are_taken_only_by_name(book):
    path = book({"a": [HEADER, *ROWS], "b": [HEADER, ROWS[0]]}, hidden=["b"])
    assert len(read(path, HOUSEHOLDS).accepted) == 2
    assert len(read(path, HOUSEHOLDS, layer="b").accepted) == 1


def test_several_sheets_are_listed(book):
    with pytest.raises(InputError, match="found: a, b"):
        read(book({"a": [HEADER, *ROWS], "b": [HEADER, *ROWS]}), HOUSEHOLDS)
    with pytest.raises(InputError, match="no sheet 'c'"):
        read(book({"a": [HEADER, *ROWS]}), HOUSEHOLDS, layer="c")


def test_dates_booleans_and_stored_results_are_read(tmp_path):
    path = tmp_path / "h.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet, day = made.add_worksheet(), made.add_format({"num_format": "yyyy/m/d h:mm"})
        sheet.write_row(0, 0, ["事件编号", "事件类别", "上报时间", "经度", "纬度", "姓名"])
        sheet.write_row(1, 0, ["e1", 12])
        sheet.write_datetime(1, 2, pd.Timestamp("2026-07-01 08:30"), day)
        sheet.write_formula(1, 3, "=120+0.25", value=120.25)
        sheet.write_number(1, 4, 32)
        sheet.write_string(1, 5, "王小明")
    intake = read(path, INCIDENTS)
    row = intake.accepted.loc["e1"]
    assert (row["class_code"], row.geometry.x) == ("12", 120.25)
    assert row["reported_at"] == pd.Timestamp("2026-07-01T00:30Z")
    assert "Not taken in, personal data: 姓名." in intake.notes
    assert "王小明" not in str(intake.accepted) + str(intake.rejects)


def test_a_cell_with_an_error_is_a_fault_and_not_an_empty_cell(tmp_path, told):
    path = tmp_path / "h.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ROWS[0][:3])
        sheet.write_formula(1, 3, "=NA()", value="#N/A")
        sheet.write_row(2, 0, ROWS[1])
    intake = read(path, HOUSEHOLDS)
    assert told(intake) == [(2, "grid_code", "cell-error")]
    assert "#N/A" in intake.rejects["reason_en"][0]


def test_formulas_without_a_stored_result_are_said(book):
    path = book({"a": [HEADER, ["007", "=120+0.25", 32, None]]})
    intake = read(path, HOUSEHOLDS)
    assert any("1 formulas have no stored result" in note for note in intake.notes)
    assert intake.rows_rejected == 1


def test_a_bomb_is_refused_before_it_is_read(book, monkeypatch):
    monkeypatch.setattr(zipped, "HARMLESS_BYTES", 10_000)
    monkeypatch.setattr(zipped, "MOST_RATIO", 20)
    path = book({"a": [HEADER, *([["x" * 1000, 120, 32, "1"]] * 2000)]})
    with pytest.raises(InputError, match="as only a zip bomb does"):
        read(path, HOUSEHOLDS)


@pytest.mark.parametrize("content", [b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 9])
def test_a_broken_book_is_said(tmp_path, content):
    path = tmp_path / "h.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        read(path, HOUSEHOLDS)


def test_a_sheet_of_two_cells_that_reaches_to_its_far_corner_is_refused(book):
    path = book({"a": [HEADER, *ROWS]})
    made = openpyxl.load_workbook(path)
    made["a"]["XFD1048576"] = "x"
    made.save(path)
    assert path.stat().st_size < 10_000
    with pytest.raises(InputError, match="a sheet of 1,048,576 rows and 16,384 columns; at most"):
        read(path, HOUSEHOLDS)


def test_empty_cells_with_a_style_fill_no_memory(book):
    path = book({"a": [HEADER, *ROWS]})
    made = openpyxl.load_workbook(path)
    made["a"]["XFD1048576"].font = openpyxl.styles.Font(bold=True)
    made.save(path)
    assert len(read(path, HOUSEHOLDS).accepted) == 2


def test_a_book_that_lies_about_a_size_is_refused(book):
    path = book({"a": [HEADER, *([["x" * 1000, 120, 32, "1"]] * 2000)]})
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("xl/worksheets/sheet1.xml")
        short = archive.read(member)[:1000]
    data, promised = path.read_bytes(), struct.pack("<LLL", member.CRC, member.compress_size, 0)
    data = data.replace(
        promised[:8] + struct.pack("<L", member.file_size),
        struct.pack("<LLL", zlib.crc32(short), member.compress_size, 1000),
    )
    path.write_bytes(data)
    with pytest.raises(InputError, match="Bad CRC-32 for file"):
        read(path, HOUSEHOLDS)


def test_a_book_with_a_password_is_said(tmp_path):
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000)
    (tmp_path / "h.xlsx").write_bytes(ole + "EncryptedPackage".encode("utf-16-le") + bytes(99))
    with pytest.raises(InputError, match=r"h\.xlsx is locked by a password\. Save it without"):
        read(tmp_path / "h.xlsx", HOUSEHOLDS)


def test_an_empty_book_is_said(book):
    with pytest.raises(InputError, match=r"no single sheet|is empty"):
        read(book({"a": []}), HOUSEHOLDS)


def test_what_is_written_is_read_by_others_and_comes_back(homes, tmp_path, cells):
    path = tmp_path / "households.xlsx"
    write_frame(homes.set_index("household_id"), path)
    sheet = openpyxl.load_workbook(path).active
    assert [cell.value for cell in sheet[1]][:3] == ["household_id", "size_band", "lived_in"]
    assert sheet["A2"].value == "000"
    intake = read(path, HOUSEHOLDS)
    expected = homes.set_index("household_id")
    assert cells(intake.accepted).equals(cells(expected))
    assert intake.accepted.geometry.geom_equals_exact(expected.geometry, 1e-9).all()


def test_no_written_cell_is_a_formula_and_long_codes_stay(tmp_path):
    path = tmp_path / "w.xlsx"
    frame = pd.DataFrame(
        {
            "a": ["=HYPERLINK(1)", "http://x"],
            "n": [321282100001010001, 5],
            "day": [date(2026, 1, 2), None],
            "at": pd.to_datetime(["2026-01-02T03:04:05Z", None]),
        },
        index=pd.Index(["1", "2"], name="worker_id"),
    )
    write_frame(frame, path)
    sheet = openpyxl.load_workbook(path).active
    assert [sheet.cell(2, column).data_type for column in (1, 2, 3)] == ["s", "s", "s"]
    assert sheet["B2"].value == "=HYPERLINK(1)"
    assert sheet["C2"].value == "321282100001010001"
    assert sheet["D2"].value == pd.Timestamp("2026-01-02")
    assert sheet["E2"].value.startswith("2026-01-02T03:04:05")


def test_a_text_no_cell_can_hold_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ParameterError, match="A cell holds 32,767 letters"):
        write_frame(pd.DataFrame({"a": ["x" * 40_000]}), tmp_path / "w.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_places_is_read(book):
    path = book({"网格员": [["工号", "专兼职"], [1001, "专职"], [1002, "兼职"]]})
    assert list(read(path, WORKERS).accepted["employment"]) == ["full-time", "part-time"]
