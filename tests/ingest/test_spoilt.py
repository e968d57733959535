"""Cells that cannot be kept."""

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from gridgeo.ingest.intake import read
from gridgeo.ingest.rejects import write_rejects
from gridgeo.ingest.spoilt import CELL_ERRORS, mangled, spoilt, with_nul
from gridgeo.model.contract import Column
from gridgeo.model.frames import HOUSEHOLDS, UNITS, WORKERS

WORKERS_WITH_NUL = "worker_id,employment\na\0b,full-time\nc,part-time\0\nd,part-time\n"


def test_a_row_with_a_nul_character_is_refused_and_the_others_are_not(csv, told):
    intake = read(csv(WORKERS_WITH_NUL), WORKERS)
    assert told(intake) == [
        (1, "worker_id", "nul-character"),
        (2, "employment", "nul-character"),
    ]
    assert intake.accepted.index.tolist() == ["d"]
    assert (
        intake.rejects["reason_en"][0] == "holds a NUL character, which cannot be kept; delete it"
    )
    assert intake.rejects["reason_zh"][0] == "含有空字符(NUL),请删除后重新填写"


def test_a_mended_nul_character_comes_in(csv, tmp_path):
    write_rejects(read(csv(WORKERS_WITH_NUL), WORKERS).rejects, tmp_path / "rejects.csv")
    mended = (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig").replace("\0", "")
    again = read(csv(mended), WORKERS)
    assert again.accepted["employment"].to_dict() == {"ab": "full-time", "c": "part-time"}


def test_nul_characters_are_found_in_texts_of_every_dtype(tmp_path, told):
    table = pd.DataFrame(
        {
            "household_id": ["a", "b", "c\0"],
            "address_id": [None, "x\0", "3"],
            "grid_code": pd.Categorical(["g", "g\0", "g"]),
            "lon": 120.0,
            "lat": 32.0,
        }
    )
    table.to_parquet(tmp_path / "h.parquet")
    assert told(read(tmp_path / "h.parquet", HOUSEHOLDS)) == [
        (2, "address_id", "nul-character"),
        (2, "grid_code", "nul-character"),
        (3, "household_id", "nul-character"),
    ]
    mixed = pd.Series(["a\0", "b", None, 1, ["\0"]], dtype=object)
    assert with_nul(mixed).tolist() == [True, False, False, False, False]
    assert not with_nul(pd.Series([1.0])).any()


@pytest.mark.parametrize("written", [str(2**63), str(-(2**63) - 1), "9" * 30, "1e300", "9" * 400])
@pytest.mark.parametrize("beside", ["1", ""])
def test_a_whole_number_beyond_64_bits_is_refused_as_such(csv, told, written, beside):
    shape = box(120, 32, 121, 33).wkt
    text = f'unit_id,households,wkt\na,{written},"{shape}"\nb,{beside},"{shape}"\n'
    intake = read(csv(text), UNITS, crs=4490)
    assert told(intake)[0] == (1, "households", "beyond-64-bits")
    assert intake.rejects["reason_en"][0] == "is a whole number beyond 64 bits"
    assert intake.rejects["reason_zh"][0] == "整数超出64位范围"
    assert intake.accepted.index.tolist() == ["b"] * (beside == "1")


def test_the_greatest_number_of_64_bits_comes_in_beside_a_gap(csv, told):
    shape = box(120, 32, 121, 33).wkt
    text = f'unit_id,households,wkt\na,{2**63 - 1},"{shape}"\nb,,"{shape}"\n'
    intake = read(csv(text), UNITS, crs=4490)
    assert told(intake) == [(2, "households", "missing")]
    assert intake.accepted["households"].to_dict() == {"a": 2**63 - 1}


def test_codes_in_scientific_notation_are_found():
    values = pd.Series(["3.21282E+13", "3E+13", "32128210000101", "E+1", None])
    assert mangled(values).tolist() == [True, True, False, False, False]
    assert not mangled(pd.Series([3e13])).any()


cells = st.sampled_from(["#N/A", " #REF! ", "3.2E+13", "3E+1", "a+b", "a\0", "\0", "", "城管", "7"])


@given(
    rows=st.lists(st.tuples(cells | st.none(), st.booleans()), max_size=6),
    dtype=st.sampled_from(["str", "object"]),
    kind=st.sampled_from(["text", "float", "time"]),
)
def test_whole_columns_are_named_as_their_cells_one_by_one(rows, dtype, kind):
    def word(cell, lost):
        text = (cell or "").strip()
        if text in CELL_ERRORS:
            return "cell-error"
        if kind == "text" and "\0" in text:
            return "nul-character"
        if kind == "text" and re.fullmatch(r"\d(\.\d+)?[eE]\+\d+", text):
            return "mangled-code"
        return f"not-{kind}" if lost else ""

    index = range(len(rows), 0, -1)
    values = pd.Series([cell for cell, _ in rows], index=index, dtype=dtype)
    lost = pd.Series([gone for _, gone in rows], index=index, dtype=bool)
    codes = spoilt(values, lost, Column("note", kind))
    assert codes.index.equals(values.index)
    assert codes.tolist() == [word(cell, gone) for cell, gone in rows]


@pytest.mark.parametrize("dtype", ["int64", "float64", "bool", "datetime64[us]"])
def test_cells_that_are_no_texts_are_only_lost_or_not(dtype):
    values = pd.Series([0, 1], dtype="int64").astype(dtype)
    lost = pd.Series([True, False])
    assert spoilt(values, lost, Column("note", "text")).tolist() == ["not-text", ""]


def test_a_code_of_kilobytes_is_refused_and_a_long_one_is_not(csv, told):
    long, longer = "x" * 200, "x" * 201
    intake = read(csv(f"household_id,lon,lat\n{long},120,32\n{longer},120,32\n"), HOUSEHOLDS)
    assert intake.accepted.index.tolist() == [long]
    assert told(intake) == [(2, "household_id", "too-long")]
