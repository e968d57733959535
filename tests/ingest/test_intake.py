from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPoint, Point, Polygon, box, polygons

from gridgeo.errors import ContractError, InputError, ParameterError
from gridgeo.ingest.intake import read
from gridgeo.ingest.names import PLACES, spellings
from gridgeo.model.frames import GRIDS, HOUSEHOLDS, INCIDENTS, LAYERS, UNITS, WORKERS

GOOD = ("h{}", "120.27", "32.0", "2", "yes")
CELLS = {
    0: ["", " ", "h0"],
    1: ["", "abc", "200", "inf", "120°16′"],
    2: ["", "95", "x"],
    3: ["9", "2.0"],
    4: ["maybe", "2"],
}


@st.composite
def rows(draw):
    """Rows of which about half have one or more bad cells, and some a wrong number of cells."""
    lines = []
    for i in range(draw(st.integers(1, 12))):
        cells = [cell.format(i) for cell in GOOD]
        for place in draw(st.sets(st.integers(0, 4), max_size=2)):
            cells[place] = draw(st.sampled_from(CELLS[place]))
        lines.append(",".join(cells) + draw(st.sampled_from(["", "", "", ",extra"])))
    return lines


HEADER = "household_id,lon,lat,size_band,lived_in\n"


@given(lines=rows())
def test_every_row_is_accepted_or_refused_never_both_never_neither(lines, tmp_path_factory):
    path = tmp_path_factory.mktemp("law") / "h.csv"
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    intake = read(path, HOUSEHOLDS)
    assert intake.rows_read == len(lines)
    assert len(intake.accepted) + intake.rows_rejected == intake.rows_read
    HOUSEHOLDS.check(intake.accepted)


@given(order=st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(order, tmp_path_factory, told):
    lines = [",".join(c.format(i) for c in GOOD) for i in range(4)]
    lines += ["h4,120.27,32,9,yes", "h5,abc,32,2,yes"]
    path = tmp_path_factory.mktemp("law") / "h.csv"
    path.write_text(HEADER + "\n".join(lines[i] for i in order) + "\n", encoding="utf-8")
    intake = read(path, HOUSEHOLDS)
    assert sorted(intake.accepted.index) == ["h0", "h1", "h2", "h3"]
    assert sorted(told(intake)) == sorted(
        [
            (order.index(4) + 1, "size_band", "not-a-choice"),
            (order.index(5) + 1, "lon", "not-float"),
        ]
    )


def test_what_was_accepted_is_accepted_again_unchanged(households, tmp_path, cells):
    first = households(HEADER + "007,120.27,32,2,是\n008,120.28,32,5+,\n").accepted
    for name in ("again.gpkg", "again.parquet", "again.geojson"):
        whole = first.reset_index()
        if name.endswith("parquet"):
            whole.to_parquet(tmp_path / name)
        else:
            whole.to_file(tmp_path / name)
        again = read(tmp_path / name, HOUSEHOLDS)
        assert again.rows_rejected == 0
        assert cells(again.accepted).equals(cells(first))
        assert again.accepted.geometry.geom_equals_exact(first.geometry, 1e-9).all()
        assert again.accepted.crs == "EPSG:4490"


def test_a_row_with_several_faults_says_each_of_them(households, told):
    intake = households(HEADER + "h1,120.27,32,2,yes\n,200,32,9,perhaps\n")
    assert list(intake.accepted.index) == ["h1"]
    assert told(intake) == [
        (2, "household_id", "missing"),
        (2, "size_band", "not-a-choice"),
        (2, "lived_in", "not-bool"),
        (2, "geometry", "geometry-off-earth"),
    ]
    assert intake.rejects["content"][0]["size_band"] == "9"


def test_of_rows_with_one_key_the_first_sound_one_is_accepted(households, told):
    intake = households(
        HEADER + "a,120,32,9,\na,120,32,1,\na,120,32,2,\nb,120,32,9,\nb,120,32,9,\n"
    )
    assert intake.accepted["size_band"].to_dict() == {"a": "1"}
    assert told(intake) == [
        (1, "size_band", "not-a-choice"),
        (3, "household_id", "duplicate-key"),
        (4, "size_band", "not-a-choice"),
        (5, "size_band", "not-a-choice"),
    ]


def test_names_and_phones_never_come_in(households):
    intake = households("户编号,经度,纬度,姓名,电话\nh1,120.27,32,张三,138\nh2,abc,32,李四,139\n")
    assert intake.unused == ("姓名", "电话")
    assert "张三" not in intake.accepted.to_csv()
    assert "李四" not in intake.rejects.to_csv()


def test_a_missing_key_is_refused_with_the_next_step(households):
    with pytest.raises(
        ContractError, match=r"no column for household_id.*found: 编号, lon, lat"
    ) as e:
        households("编号,lon,lat\nh1,120,32\n")
    assert "--map household_id=THEIRS" in e.value.hint
    assert e.value.fields == ("household_id",)


def test_all_missing_columns_are_said_at_once(csv):
    with pytest.raises(ContractError, match=r"worker_id, employment, which workers needs"):
        read(csv("name\nx\n"), WORKERS)


def test_a_mapping_onto_a_column_nobody_has_is_refused(csv):
    with pytest.raises(ParameterError, match="workers has no column phone; it has worker_id"):
        read(csv("工号,employment\n1,专职\n"), WORKERS, mapping={"phone": "电话"})


def test_a_time_zone_nobody_knows_is_refused(csv):
    with pytest.raises(ParameterError, match="Mars/Phobos"):
        read(csv("工号,employment\n1,专职\n"), WORKERS, zone="Mars/Phobos")


def test_a_table_without_geometry_becomes_a_plain_frame(csv):
    intake = read(csv("工号,employment\n007,专职\n008,part-time\n009,退休\n"), WORKERS)
    assert type(intake.accepted) is pd.DataFrame
    assert intake.accepted["employment"].to_dict() == {"007": "full-time", "008": "part-time"}
    assert intake.rejects["reason_zh"].tolist() == ["不在允许的取值中(full-time, part-time)"]
    assert intake.crs == ""


def test_times_are_utc_and_a_date_alone_is_midnight_and_said(csv, told):
    intake = read(
        csv(
            "事件编号,类别,上报时间,lon,lat\n"
            "1,0101,2026-01-31 08:30,120,32\n2,0101,2026/1/31,120,32\n"
            "3,0101,2026-01-31T00:30:00Z,120,32\n4,0101,soon,120,32\n"
        ),
        INCIDENTS,
    )
    assert [str(t) for t in intake.accepted["reported_at"]] == [
        "2026-01-31 00:30:00+00:00",
        "2026-01-30 16:00:00+00:00",
        "2026-01-31 00:30:00+00:00",
    ]
    assert told(intake) == [(4, "reported_at", "not-time")]
    (note,) = [n for n in intake.notes if "dates without an hour" in n]
    assert note.endswith("taken as 00:00 Asia/Shanghai: 1.")


def test_a_border_that_crosses_itself_is_for_the_analyses_to_find(blocks, tmp_path):
    blocks.loc[0, "geometry"] = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    blocks.to_file(tmp_path / "u.gpkg")
    intake = read(tmp_path / "u.gpkg", UNITS)
    assert intake.rows_rejected == 0
    assert not intake.accepted.geometry.is_valid.all()


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (box(120, 32, 120.1, 32.1), "geometry-kind"),
        (MultiPoint([(120, 32), (121, 32)]), "geometry-kind"),
        (None, "geometry-missing"),
        (Point(), "geometry-missing"),
        (Point(32, 120), "geometry-off-earth"),
        (Point(np.inf, 32), "geometry-not-finite"),
    ],
)
def test_each_bad_place_is_refused_with_its_reason(homes, tmp_path, shape, code, told):
    homes.geometry = [*homes.geometry[:4], shape]
    homes.to_parquet(tmp_path / "h.parquet")
    intake = read(tmp_path / "h.parquet", HOUSEHOLDS)
    assert told(intake) == [(5, "geometry", code)]
    assert len(intake.accepted) == 4


def test_a_border_around_the_antimeridian_is_refused(tmp_path, blocks, told):
    blocks = blocks.set_crs(4326, allow_override=True)
    blocks.geometry = [box(120, 32, 121, 33), box(-179, 0, 179.5, 1), box(121, 32, 122, 33)]
    blocks.to_file(tmp_path / "u.geojson")
    intake = read(tmp_path / "u.geojson", UNITS)
    assert told(intake) == [(2, "geometry", "geometry-antimeridian")]


def test_metres_beyond_the_earth_are_said_to_be_off_it(tmp_path, blocks, told):
    blocks.geometry = [*blocks.geometry[:2], box(1e9, 1e9, 1.1e9, 1.1e9)]
    blocks.to_file(tmp_path / "u.gpkg")
    assert told(read(tmp_path / "u.gpkg", UNITS)) == [(3, "geometry", "geometry-off-earth")]


def test_a_multipoint_of_one_is_that_point_and_heights_are_dropped_and_said(homes, tmp_path):
    homes.geometry = [MultiPoint([(120, 32)]), *(Point(120, 32, 5) for _ in range(4))]
    homes.to_parquet(tmp_path / "h.parquet")
    intake = read(tmp_path / "h.parquet", HOUSEHOLDS)
    assert set(intake.accepted.geom_type) == {"Point"}
    assert not intake.accepted.has_z.any()
    assert any("heights or measures were dropped: 4." in n for n in intake.notes)
    assert any("MultiPoints of one point" in n and n.endswith(": 1.") for n in intake.notes)


def test_a_code_a_spreadsheet_mangled_is_refused(csv, told):
    text = 'grid_code,name,wkt\n3.21282E+13,甲,"POLYGON((120 32,121 32,121 33,120 32))"\n'
    intake = read(csv(text), GRIDS, crs=4490)
    assert told(intake) == [(1, "grid_code", "mangled-code")]


def test_only_shapes_are_asked_of_an_area_layer(csv):
    with pytest.raises(InputError, match="no columns for its shapes as WKT"):
        read(csv("grid_code,lon,lat\n1,120,32\n"), GRIDS)


@pytest.mark.parametrize("name", LAYERS)
def test_no_header_means_two_columns_of_one_layer(name):
    known = spellings(LAYERS[name]) | (PLACES if LAYERS[name].geometry else {})
    words = [word for spelled in known.values() for word in set(spelled) if word]
    assert len(words) == len(set(words))


def test_the_city_s_households_are_read_within_seconds(csv):
    n = 200_000
    table = pd.DataFrame(
        {
            "户编号": [f"{i:07d}" for i in range(n)],
            "lon": np.linspace(120.1, 120.4, n).round(6),
            "lat": 32.0,
            "size_band": "2",
            "是否入住": "是",
            "网格编码": "32128210000101",
            "姓名": "某",
        }
    )
    path = csv(table.to_csv(index=False))
    start = perf_counter()
    intake = read(path, HOUSEHOLDS)
    assert len(intake.accepted) == n
    assert perf_counter() - start < 12, "four times what a quiet machine needs"


def test_a_border_with_a_hole_in_its_numbers_is_refused(blocks, tmp_path, told):
    with np.errstate(invalid="ignore"):
        torn = polygons([[500_000, 3_543_000], [500_001, np.nan], [500_001, 3_543_001]])
    blocks.geometry = [*blocks.geometry[:2], torn]
    blocks.to_parquet(tmp_path / "u.parquet")
    assert told(read(tmp_path / "u.parquet", UNITS)) == [(3, "geometry", "geometry-not-finite")]


def test_bounds_and_choices_are_said_with_the_reason(csv):
    text = 'unit_id,households,wkt\na,-1,"POLYGON((120 32,121 32,121 33,120 32))"\n'
    intake = read(csv(text), UNITS, crs=4490)
    assert intake.rejects["reason_en"].tolist() == ["is below the least allowed value (≥ 0)"]
