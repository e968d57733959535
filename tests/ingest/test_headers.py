from csv import reader

import pytest

from gridgeo.errors import InputError, ParameterError
from gridgeo.ingest.headers import NAMELESS, OFFICE, PERSONAL
from gridgeo.ingest.intake import read
from gridgeo.ingest.names import (
    PLACES,
    bare_header,
    check_mapping,
    cut_names,
    recognise,
    spellings,
    told,
)
from gridgeo.model.frames import GRIDS, HOUSEHOLDS, LAYERS, UNITS, VILLAGES, WORKERS


@pytest.mark.parametrize(
    ("contract", "header", "ours"),
    [
        (GRIDS, "grid_code", "grid_code"),
        (GRIDS, "GRID_CODE", "grid_code"),
        (GRIDS, "Grid Code", "grid_code"),
        (GRIDS, "grid-code", "grid_code"),
        (GRIDS, "gridCode", "grid_code"),
        (GRIDS, "ｇｒｉｄ＿ｃｏｄｅ", "grid_code"),
        (GRIDS, " 网格编码 ", "grid_code"),
        (GRIDS, "网格代码", "grid_code"),
        (GRIDS, "网格名称", "name"),
        (GRIDS, "值班电话", "duty_phone"),
        (UNITS, "GEOID", "unit_id"),
        (UNITS, "户数", "households"),
        (UNITS, "Pop", "households"),
        (HOUSEHOLDS, "是否入住", "lived_in"),
        (HOUSEHOLDS, "人数档", "size_band"),
        (HOUSEHOLDS, "household_", "household_id"),
        (UNITS, "VILLAGE_CO", "village_code"),
        (WORKERS, "工号", "worker_id"),
        (WORKERS, "专职或兼职", "employment"),
    ],
)
def test_a_header_is_recognised_however_it_is_written(contract, header, ours):
    assert recognise([header, "else"], spellings(contract), {}, "f") == {ours: header}


@pytest.mark.parametrize("header", ["姓名", "phone", "编号", "grid code of birth", "", "村"])
def test_a_header_of_something_else_is_not_recognised(header):
    assert recognise([header], spellings(HOUSEHOLDS), {}, "f") == {}


def test_every_column_of_every_layer_is_recognised_by_its_own_and_its_chinese_name():
    for contract in LAYERS.values():
        for column in contract.columns:
            for header in (column.name, column.name.upper(), column.zh):
                found = recognise([header], spellings(contract), {}, "f")
                assert found == {column.name: header}


def test_what_the_user_says_goes_before_what_is_recognised():
    headers = ["unit_id", "block", "pop"]
    found = recognise(headers, spellings(UNITS), {"unit_id": "BLOCK"}, "f")
    assert found == {"unit_id": "block", "households": "pop"}


def test_a_header_given_to_one_column_is_not_recognised_for_another():
    found = recognise(["网格编码", "code"], spellings(GRIDS), {"name": "网格编码"}, "f")
    assert found == {"name": "网格编码"}


def test_one_header_may_be_said_for_two_columns():
    both = {"unit_id": "code", "grid_code": "code"}
    assert recognise(["code"], spellings(UNITS), both, "f") == both


@pytest.mark.parametrize("headers", [["grid_code", "网格编码"], ["grid", "Grid"], ["grid", "grid"]])
def test_two_headers_for_one_column_are_ambiguous(headers):
    with pytest.raises(InputError, match="2 columns for grid_code") as caught:
        recognise(headers, spellings(GRIDS), {}, "grids.csv")
    assert caught.value.code == "input.ambiguous"
    assert "--map grid_code=" in caught.value.hint


def test_saying_which_ends_the_ambiguity():
    headers = ["grid_code", "网格编码"]
    found = recognise(headers, spellings(GRIDS), {"grid_code": "网格编码"}, "f")
    assert found == {"grid_code": "网格编码"}


def test_a_mapped_header_that_is_not_there_lists_those_that_are(csv):
    with pytest.raises(InputError, match=r"no column 'block' for unit_id; found: GEOID, pop") as e:
        read(csv("GEOID,pop\n1,2\n"), UNITS, mapping={"unit_id": "block"})
    assert e.value.fields == ("unit_id",)


def test_places_may_be_mapped_where_the_layer_has_a_geometry(csv):
    path = csv("户编号,东经,北纬\n1,120.5,32.25\n")
    intake = read(path, HOUSEHOLDS, mapping={"lon": "东经", "lat": "北纬"})
    assert intake.accepted.geometry.iloc[0].coords[0] == (120.5, 32.25)
    assert ("lon", "东经") in intake.understood
    with pytest.raises(ParameterError, match="workers has no column lon"):
        check_mapping({"lon": "东经"}, WORKERS)


def test_a_long_list_of_headers_is_cut(csv):
    headers = ",".join(f"h{i}" for i in range(50))
    with pytest.raises(InputError, match=r"h19, … \(50 in all\)"):
        read(csv(f"{headers}\n{',' * 49}\n"), UNITS)


@pytest.mark.parametrize(
    ("contract", "row"),
    [
        (HOUSEHOLDS, "H00001,120.261234,32.012345,张三"),
        (HOUSEHOLDS, "甲,-120.5,32,张三"),
        (WORKERS, "W001,张三"),
        (WORKERS, "张三,2026-01-31"),
        (WORKERS, "张三,2026年1月31日"),
        (WORKERS, "张三,城南路12号"),
        (WORKERS, "张三,08:30"),
        (WORKERS, "张三,3-4"),
        (UNITS, '甲,"POLYGON((120 32,121 32,121 33,120 32))",张三'),
    ],
)
@pytest.mark.parametrize("lines", [1, 2])
def test_a_first_row_that_is_data_is_never_quoted_as_headers(csv, contract, row, lines):
    with pytest.raises(InputError, match="first row looks like data, so the header") as caught:
        read(csv(f"{row}\n" * lines), contract)
    cells = next(reader([row]))
    assert not any(cell in str(caught.value) for cell in cells)
    assert f"found: {len(cells)} columns" in str(caught.value)
    assert "Put a row with the names of the columns first" in caught.value.hint


def test_a_first_row_that_is_data_is_not_quoted_where_a_column_or_a_place_is_sought(csv):
    path = csv("grid_code,120.261234,张三\na,1,2\n")
    for mapping in ({}, {"grid_code": "block"}):
        with pytest.raises(InputError, match="found: 3 columns, but the first row") as caught:
            read(path, GRIDS, mapping=mapping)
        assert "张三" not in str(caught.value)


@pytest.mark.parametrize(
    "header",
    ["gcj02_lng", "WGS84_lat", "CGCS2000_X", "pop2020", "2020年户数", "GEOID20", "column 104"],
)
def test_a_name_with_a_digit_is_still_a_name(header):
    assert told([header], "Map it.") == (f"found: {header}", "Map it.")


def test_no_header_of_a_layer_looks_like_data():
    for contract in LAYERS.values():
        known = spellings(contract) | PLACES
        words = [word for spelled in known.values() for word in spelled]
        assert told(words[:20], "")[0].startswith(f"found: {contract.key}")
        assert "looks like data" not in told(words, "")[0]


@pytest.mark.parametrize("contract", LAYERS.values(), ids=lambda c: c.name)
def test_no_header_stands_for_two_columns_of_a_layer(contract):
    known = spellings(contract) | (PLACES if contract.geometry else {})
    claims = [(bare_header(name), ours) for ours, names in known.items() for name in names if name]
    owners = {}
    for name, ours in claims:
        assert owners.setdefault(name, ours) == ours, name
    cuts = {(cut, ours) for ours, names in known.items() for n in names for cut in cut_names(n)}
    free = [(cut, ours) for cut, ours in cuts if bare_header(cut) not in owners]
    assert len({cut for cut, _ in free}) == len(free)


def test_a_name_of_its_own_is_not_taken_for_the_rest_of_a_longer_one(csv):
    known = spellings(VILLAGES)
    assert recognise(["社区代码", "行政村"], known, {}, "f") == {
        "village_code": "社区代码",
        "name": "行政村",
    }


@pytest.mark.parametrize("contract", LAYERS.values(), ids=lambda c: c.name)
def test_office_headers_name_columns_that_exist_and_nothing_personal(contract):
    known = spellings(contract)
    assert set(OFFICE.get(contract.name, {})) <= set(known)
    if contract.name in NAMELESS:
        assert not [n for names in known.values() for n in names if PERSONAL.search(n)]


def test_personal_headers_are_left_out_and_said(csv):
    text = "户编号,经度,纬度,户主姓名,身份证号,手机号,备注\n1,120,32,某,3212,138,x\n"
    intake = read(csv(text), HOUSEHOLDS)
    assert "Not taken in, personal data: 户主姓名, 身份证号, 手机号." in intake.notes
    assert set(intake.accepted.columns) == {"geometry"}


@pytest.mark.parametrize("header", ["网格编码", "网格号", "所属网格", "grid_code", "网格编号"])
def test_offices_write_the_grid_in_many_ways(csv, header):
    assert (
        dict(read(csv(f"户号,经度,纬度,{header}\n1,120,32,a\n"), HOUSEHOLDS).understood)[
            "grid_code"
        ]
        == header
    )
