"""A file is read part by part; what comes of it does not depend on where it was cut."""

import csv as csv_module
import io
import tempfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point

from gridgeo.errors import CRSError, InputError
from gridgeo.ingest.intake import Reading, read
from gridgeo.model.frames import APPOINTMENTS, HOUSEHOLDS, INCIDENTS, ROSTERS, UNITS

HEADER = ["household_id", "lon", "lat", "size_band", "lived_in"]
SOUND = st.tuples(
    st.sampled_from("abcde"), st.just("120"), st.just("32"), st.just("1"), st.just("是")
).map(list)
FAULTY = st.tuples(
    st.sampled_from(["a", "b", "c", "d", "e", "", "NUL\0"]),
    st.sampled_from(["120", "x", "", "200"]),
    st.sampled_from(["32", "", "nan"]),
    st.sampled_from(["1", "9", ""]),
    st.sampled_from(["是", "no", "perhaps"]),
).map(list)
RAGGED = SOUND.map(lambda row: row[:3])
ROW = SOUND | SOUND | FAULTY


def written(rows):
    text = io.StringIO()
    csv_module.writer(text).writerows([HEADER, *rows])
    return text.getvalue()


def gathered(reading):
    parts = list(reading)
    return (
        pd.concat([part.accepted for part in parts]),
        pd.concat([part.refused for part in parts], ignore_index=True),
        sum(part.rows_read for part in parts),
    )


@given(st.lists(ROW | RAGGED, min_size=1, max_size=14), st.integers(1, 6))
def test_the_parts_together_are_what_the_whole_is(rows, size):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "h.csv")
        path.write_text(written(rows), encoding="utf-8")
        whole = read(path, HOUSEHOLDS)
        reading = Reading(path, HOUSEHOLDS, batch_rows=size)
        accepted, refused, rows_read = gathered(reading)
    assert accepted.index.tolist() == whole.accepted.index.tolist()
    for name in ("size_band", "lived_in", "geometry"):
        found, expected = accepted[name].astype(object), whole.accepted[name].astype(object)
        assert found.where(found.notna(), None).tolist() == (
            expected.where(expected.notna(), None).tolist()
        )
    # Rows that do not fit are met ahead of the others; within a row the order is the same.
    order = ["row", "field", "code"]
    assert refused.sort_values(order)[order].to_numpy().tolist() == (
        whole.rejects.sort_values(order)[order].to_numpy().tolist()
    )
    assert reading.rows_read == rows_read == whole.rows_read
    assert reading.rows_rejected == whole.rows_rejected
    assert set(reading.notes) == set(whole.notes)


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".csv", ".xlsx"])
def test_every_format_comes_in_parts(homes, tmp_path, suffix):
    path = tmp_path / f"h{suffix}"
    if suffix in (".csv", ".xlsx"):
        table = homes.drop(columns="geometry").assign(lon=homes.geometry.x, lat=homes.geometry.y)
        getattr(table, {".csv": "to_csv", ".xlsx": "to_excel"}[suffix])(path, index=False)
    else:
        getattr(homes, {".gpkg": "to_file", ".parquet": "to_parquet"}[suffix])(path)
    reading = Reading(path, HOUSEHOLDS, batch_rows=2)
    accepted, refused, rows = gathered(reading)
    assert (len(accepted), len(refused), rows) == (5, 0, 5)
    assert reading.share == 1.0
    whole = read(path, HOUSEHOLDS).accepted
    assert_geodataframe_equal(accepted, whole, check_dtype=False)


def test_notes_count_over_all_parts(csv):
    path = csv(
        "incident_id,class_code,reported_at,lon,lat\n"
        + "".join(f"i{n},01,2026-01-0{n},120,32\n" for n in range(1, 6))
    )
    reading = Reading(path, INCIDENTS, batch_rows=2)
    gathered(reading)
    (note,) = [n for n in reading.notes if "without an hour" in n]
    assert note.endswith("5.")
    assert note.zh.endswith("5个。")


def test_a_second_crs_further_on_is_a_contradiction(csv):
    square = "POLYGON ((0 0, 0 1, 1 1, 0 0))"
    rows = [f'a,1,"SRID=4490;{square}"', f'b,1,"{square}"', f'c,1,"SRID=4549;{square}"']
    path = csv("unit_id,households,wkt\n" + "\n".join(rows))
    parts = iter(Reading(path, UNITS, batch_rows=1))
    assert next(parts).accepted.crs == next(parts).accepted.crs
    with pytest.raises(CRSError, match="several CRS: SRID 4490, 4549"):
        next(parts)


def test_metres_said_for_geojson_hold_for_every_part(tmp_path):
    # The last could be degrees; the first have told that it is not.
    at = [*(Point(510_000 + n, 3_540_000) for n in range(3)), Point(150, 80)]
    homes = gpd.GeoDataFrame({"household_id": list("abcd")}, geometry=at)
    (tmp_path / "h.geojson").write_text(homes.to_json(), encoding="utf-8")
    accepted, _, _ = gathered(Reading(tmp_path / "h.geojson", HOUSEHOLDS, crs=4549, batch_rows=1))
    assert len(accepted) == 4
    assert accepted.geometry.x.iloc[:3].between(119, 121).all()


@pytest.mark.parametrize(
    ("contract", "header", "cells"),
    [
        (
            APPOINTMENTS,
            "appointment_id,worker_id,grid_code,role,state,valid_from,valid_to",
            "w,g,worker,filed,2026-02-01,2026-02-01",
        ),
        (ROSTERS, "roster_id,worker_id,starts_at,ends_at", "w,2026-02-01 08:00,2026-02-01 07:00"),
    ],
)
def test_what_ends_before_it_begins_is_refused(csv, told, contract, header, cells):
    intake = read(csv(f"{header}\na,{cells}\n"), contract)
    assert [code for _, _, code in told(intake)] == ["ends-before-it-begins"]
    assert "起始" in intake.rejects["reason_zh"].iloc[0]


def test_what_is_wrong_with_the_headers_is_said_before_a_row_is_asked_for(csv):
    with pytest.raises(InputError, match="no geometry and no columns for lon and lat"):
        Reading(csv("household_id,size_band\na,1\n"), HOUSEHOLDS)
