import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, Polygon, box

from gridgeo.analysis.assign import assign
from gridgeo.analysis.territory import (
    across_faults,
    household_faults,
    own_village,
    territory_findings,
)
from gridgeo.analysis.tiling import tiling_faults
from gridgeo.errors import CRSError, ParameterError
from gridgeo.model.findings import FINDINGS
from gridgeo.model.people import PERSONS_PER_HOUSEHOLD

METRES = 4549
DAY = dt.date(2026, 6, 30)


def grids(shapes, villages=None, crs=METRES):
    """Grids by code: {"01": box}; the first village where none is said."""
    columns = {} if villages is None else {"village_code": villages}
    index = pd.Index(list(shapes), name="grid_code", dtype="str")
    return gpd.GeoDataFrame(columns, geometry=list(shapes.values()), index=index, crs=crs)


def homes(places, crs=METRES, **columns):
    """Households h0, h1, … at (x, y) or nowhere."""
    points = [None if place is None else Point(place) for place in places]
    index = pd.Index([f"h{n}" for n in range(len(points))], name="household_id", dtype="str")
    return gpd.GeoDataFrame(columns, geometry=points, index=index, crs=crs)


def said(findings, *columns):
    return list(findings[list(columns)].itertuples(index=False, name=None))


PAIR = {"01": box(0, 0, 60, 100), "02": box(50, 0, 100, 100)}  # overlap in x 50–60


# --- tiling faults in the register ------------------------------------------------------------


def test_a_tiling_fault_becomes_a_row_of_the_register():
    faults = tiling_faults(grids(PAIR), box(0, 0, 110, 100))
    rows = territory_findings(faults, as_of=DAY)
    assert FINDINGS.check(rows) is rows
    assert said(rows, "kind", "subject", "grid_code", "value", "unit", "standard") == [
        ("gap", "02", "02", 1000.0, "m2", "1m2"),
        ("overlap", "01+02", "01", 1000.0, "m2", "1m2"),
    ]
    assert rows["severity"].isna().all()
    assert rows["as_of"].eq(pd.Timestamp(DAY)).all()


def test_those_who_live_in_a_fault_make_its_severity():
    faults = tiling_faults(grids(PAIR))
    people = homes([(55, 50), (56, 50), (55, 51), (50, 50), (10, 10)], lived_in=[True] * 5)
    people.loc["h2", "lived_in"] = False
    rows = territory_findings(faults, people)
    assert said(rows, "households", "severity") == [(2, 0.5 * 2 * PERSONS_PER_HOUSEHOLD)]


def test_a_gap_that_touches_no_grid_is_about_the_jurisdiction():
    rows = territory_findings(tiling_faults(grids({}), box(0, 0, 9, 9)))
    assert said(rows, "subject", "value") == [("jurisdiction", 81.0)]
    assert rows["grid_code"].isna().all()


def test_an_invalid_border_is_held_against_another_standard_than_area():
    faults = tiling_faults(grids({"01": Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]), "02": None}))
    rows = territory_findings(faults)
    assert said(rows, "kind", "subject", "standard") == [
        ("invalid", "01", "valid"),
        ("invalid", "02", "valid"),
    ]
    assert FINDINGS.check(rows) is rows


def test_no_fault_is_no_row():
    rows = territory_findings(tiling_faults(grids({})), homes([(0, 0)]))
    assert rows.empty
    assert FINDINGS.check(rows) is rows


# --- grids across a village border ------------------------------------------------------------

VILLAGES = gpd.GeoDataFrame(
    {"name": ["west", "east"]},
    geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)],
    index=pd.Index(["v1", "v2"], name="village_code"),
    crs=METRES,
)


def test_a_grid_across_a_village_border_is_found_with_the_area_beyond():
    town = grids({"01": box(0, 0, 110, 100), "02": box(110, 0, 200, 100)}, ["v1", "v2"])
    rows = across_faults(town, VILLAGES, households=homes([(105, 50), (95, 50)]), as_of=DAY)
    assert FINDINGS.check(rows) is rows
    assert said(rows, "subject", "value", "households") == [("01", 1000.0, 1)]
    assert rows.geometry.iloc[0].equals(box(100, 0, 110, 100))


def test_a_grid_recorded_in_the_wrong_village_is_beyond_it_as_a_whole():
    town = grids({"01": box(0, 0, 50, 100)}, ["v2"])
    assert said(across_faults(town, VILLAGES), "value") == [(5000.0,)]


@pytest.mark.parametrize("recorded", [None, [None, None], ["", "v9"]])
def test_without_a_village_on_record_the_one_that_holds_most_is_its_own(recorded):
    town = grids({"01": box(0, 0, 110, 100), "02": box(95, 0, 200, 100)}, recorded)
    assert said(across_faults(town, VILLAGES), "subject", "value") == [
        ("01", 1000.0),
        ("02", 500.0),
    ]


def test_a_grid_in_no_village_is_beyond_as_a_whole():
    town = grids({"01": box(300, 0, 310, 10), "02": box(200, 0, 210, 10)})
    assert said(across_faults(town, VILLAGES), "subject", "value") == [("01", 100.0), ("02", 100.0)]


def test_each_grid_across_gets_its_own_parts_as_evidence():
    comb = box(0, 0, 100, 100) | box(100, 0, 110, 20) | box(100, 80, 110, 100)
    shapes = {"01": comb, "02": box(0, 0, 50, 50), "03": box(90, 40, 200, 60)}
    rows = across_faults(grids(shapes, ["v1", "v1", "v2"]), VILLAGES)
    assert said(rows, "subject", "value") == [("01", 400.0), ("03", 200.0)]
    parts = [shapely.get_num_geometries(shape) for shape in rows.geometry]
    assert parts == [2, 1]
    assert rows.geometry.area.tolist() == [400.0, 200.0]


def test_a_grid_that_only_touches_a_village_lies_in_none():
    town = grids({"01": box(200, 0, 210, 10), "02": box(90, 100, 110, 110)})
    assert said(across_faults(town, VILLAGES), "value") == [(100.0,), (200.0,)]
    shapes = (np.asarray(layer.geometry.array) for layer in (town, VILLAGES))
    assert own_village(town, *shapes, VILLAGES.index).tolist() == [-1, -1]


@pytest.mark.parametrize(("tolerance_m2", "found"), [(99.9, 1), (100.0, 0)])
def test_area_up_to_the_tolerance_is_let_pass(tolerance_m2, found):
    town = grids({"01": box(0, 0, 101, 100)}, ["v1"])
    assert len(across_faults(town, VILLAGES, tolerance_m2)) == found


def test_refuses_a_tolerance_that_is_no_area():
    with pytest.raises(ParameterError, match="tolerance_m2"):
        across_faults(grids({}, []), VILLAGES, np.nan)


def test_villages_are_brought_into_the_crs_of_the_grids():
    town = grids({"01": box(500_000, 3_540_000, 500_100, 3_540_100)}, ["v1"])
    villages = gpd.GeoDataFrame(geometry=town.geometry.array, index=["v1"], crs=METRES).to_crs(4490)
    assert across_faults(town, villages).empty


def test_no_grid_and_no_village_are_no_fault():
    assert across_faults(grids({}, []), VILLAGES).empty
    assert said(across_faults(grids({"01": box(0, 0, 9, 9)}), VILLAGES.iloc[:0]), "value") == [
        (81.0,)
    ]


# --- households -------------------------------------------------------------------------------


def test_each_household_fault_is_found_and_nothing_else():
    town = grids({**PAIR, "03": box(200, 0, 300, 100)})
    people = homes(
        [(10, 10), (55, 50), (103, 10), (250, 50), (100, 50), (50, 50), (60, 50)],
        grid_code=["01", "02", "02", "01", "02", "02", "01"],
    )
    rows = household_faults(people, town, DAY)
    assert FINDINGS.check(rows) is rows
    assert said(
        rows.fillna({"grid_code": ""}), "kind", "subject", "grid_code", "value", "unit"
    ) == [
        ("orphan", "h2", "", 3.0, "m"),
        ("doubled", "h1", "01", 2.0, "grids"),
        ("mismatch", "h3", "03", 190.0, "m"),
    ]
    assert rows.geometry.tolist() == [Point(103, 10), Point(55, 50), Point(250, 50)]


@pytest.mark.parametrize("recorded", ["01", "02", None, " "])
def test_a_household_on_a_shared_border_is_no_fault_whichever_side_is_on_record(recorded):
    town = grids({"01": box(0, 0, 10, 10), "02": box(10, 0, 20, 10)})
    assert household_faults(homes([(10, 5)], grid_code=[recorded]), town).empty


def test_a_household_on_the_border_of_one_grid_inside_another_is_inside_one_only():
    assert household_faults(homes([(50, 50)]), grids(PAIR)).empty


def test_a_household_in_three_grids_is_one_row():
    town = grids({**PAIR, "03": box(0, 0, 100, 100)})
    assert said(household_faults(homes([(55, 50)]), town), "kind", "value") == [("doubled", 3.0)]


def test_a_recorded_grid_that_does_not_exist_is_a_mismatch_without_distance():
    people = homes([(10, 10)], grid_code=["99"])
    (row,) = said(household_faults(people, grids(PAIR)), "kind", "grid_code", "value")
    assert row[:2] == ("mismatch", "01")
    assert np.isnan(row[2])


def test_an_orphan_is_not_reported_as_a_mismatch_again():
    people = homes([(500, 500), None], grid_code=["01", "01"])
    rows = household_faults(people, grids(PAIR))
    assert rows["kind"].tolist() == ["orphan", "orphan"]
    assert rows["value"].iloc[0] == pytest.approx(np.hypot(400, 400))
    assert np.isnan(rows["value"].iloc[1])


def test_without_any_grid_every_household_is_infinitely_far_from_one():
    rows = household_faults(homes([(0, 0)], grid_code=["01"]), grids({}))
    assert said(rows, "kind", "value") == [("orphan", np.inf)]
    assert FINDINGS.check(rows) is rows


def test_an_empty_dwelling_is_a_finding_that_concerns_nobody():
    people = homes([(500, 0), (600, 0)], lived_in=[False, None])
    rows = household_faults(people, grids(PAIR))
    assert said(rows, "households", "severity") == [(0, 0.0), (1, PERSONS_PER_HOUSEHOLD)]


def test_no_household_is_no_fault():
    rows = household_faults(homes([]), grids(PAIR))
    assert rows.empty
    assert FINDINGS.check(rows) is rows


def test_households_come_in_any_crs_and_the_evidence_in_that_of_the_grids():
    town = grids({"01": box(500_000, 3_540_000, 500_100, 3_540_100)})
    people = homes([(500_050, 3_540_050), (500_110, 3_540_050)]).to_crs(4490)
    rows = household_faults(people, town)
    assert said(rows, "subject", "value") == [("h1", pytest.approx(10.0, abs=1e-3))]
    assert rows.crs == METRES


def test_degrees_and_a_missing_crs_are_refused():
    with pytest.raises(CRSError, match=r"to_metric\(grids\)"):
        household_faults(homes([(0, 0)]), grids(PAIR, crs=4490))
    with pytest.raises(CRSError, match="households has no CRS"):
        household_faults(homes([(0, 0)], crs=None), grids(PAIR))


corner = st.integers(0, 6)


@given(
    corners=st.lists(st.tuples(corner, corner, corner, corner), max_size=5),
    places=st.lists(st.tuples(st.integers(-1, 14), st.integers(-1, 14)), max_size=12),
)
def test_faults_agree_with_a_count_by_coordinates_and_with_assign(corners, places):
    # Corners at even numbers: an odd place is strictly in or out, an even one may be on a border.
    spans = [(2 * min(a, c), 2 * min(b, d), 2 * max(a, c), 2 * max(b, d)) for a, b, c, d in corners]
    spans = [s for s in spans if s[0] < s[2] and s[1] < s[3]]
    town = grids({f"{i:02d}": box(*s) for i, s in enumerate(spans)})
    rows = household_faults(homes(places), town)
    inside = [sum(w < x < e and s < y < n for w, s, e, n in spans) for x, y in places]
    covers = [sum(w <= x <= e and s <= y <= n for w, s, e, n in spans) for x, y in places]
    by_kind = {kind: set(rows["subject"][rows["kind"] == kind]) for kind in ("orphan", "doubled")}
    assert by_kind["orphan"] == {f"h{i}" for i, n in enumerate(covers) if n == 0}
    assert by_kind["doubled"] == {f"h{i}" for i, n in enumerate(inside) if n > 1}
    given_ = assign(homes(places), town)
    assert by_kind["orphan"] == set(given_.index[given_["how"] == "none"])


def test_the_order_of_the_households_changes_no_finding():
    rng = np.random.default_rng(1)
    people = homes(rng.uniform(-20, 120, (200, 2)).tolist())
    one, other = (household_faults(p, grids(PAIR)) for p in (people, people.iloc[::-1]))
    pd.testing.assert_frame_equal(one.sort_index(), other.sort_index())


def test_a_bowtie_grid_serves_those_inside_its_wings():
    wings = grids({"01": shapely.from_wkt("POLYGON((0 0, 20 20, 20 0, 0 20, 0 0))")})
    rows = household_faults(homes([(2, 10), (10, 2), (18, 10)]), wings)
    assert rows["subject"].tolist() == ["h1"]


def test_households_outside_the_jurisdiction_are_a_kind_of_their_own():
    duty = box(0, 0, 120, 100)  # the grids reach to x = 100, "03" beyond the duty
    drawn = PAIR | {"03": box(110, 0, 200, 100)}
    people = homes([(105, 50), (120, 50), (130, 50), (50, 103), None, (10, 10)])
    rows = household_faults(people, grids(drawn), jurisdiction=duty)
    assert said(rows, "kind", "subject") == [
        ("orphan", "h0"),
        ("orphan", "h4"),
        ("outside-household", "h2"),
        ("outside-household", "h3"),
    ]
    assert rows["value"].tolist() == pytest.approx([5, np.nan, 10, 3], nan_ok=True)
    assert rows["grid_code"].iloc[2] == "03"  # served by a grid that reaches beyond its duty
    layer = gpd.GeoDataFrame(geometry=[box(0, 0, 60, 100), box(60, 0, 120, 100)], crs=METRES)
    again = household_faults(people, grids(drawn), jurisdiction=layer.to_crs(4326))
    assert sorted(again["subject"]) == sorted(rows["subject"])
