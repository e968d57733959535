import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

from gridgeo.errors import CRSError
from gridgeo.model.findings import HOUSEHOLD_KINDS, KIND_WEIGHTS, make_findings
from gridgeo.model.people import PERSONS_PER_HOUSEHOLD
from gridgeo.publish import release_findings
from gridgeo.publish.findings import GRID_KINDS

EAST, NORTH = 500_000, 3_545_000


def households(kind, places, standard="in-a-grid"):
    return make_findings(
        kind,
        [f"h{i}" for i in range(len(places))],
        standard,
        value=[np.inf] * len(places),
        unit="m",
        households=1,
        geometry=[Point(EAST + x, NORTH + y) for x, y in places],
        crs=4549,
    )


def grid(kind, code, value, homes):
    shape = box(EAST, NORTH, EAST + 300, NORTH + 300)
    return make_findings(
        kind, [code], "300-500", grid_code=[code], value=[value], unit="households",
        households=[homes], geometry=[shape], crs=4549,
    )  # fmt: skip


def territory(kind, homes):
    return make_findings(
        kind, ["a+b"], "1m2", value=[900.0], unit="m2", households=[homes],
        geometry=[box(EAST, NORTH, EAST + 30, NORTH + 30)], crs=4549,
    )  # fmt: skip


places = st.lists(st.tuples(st.floats(0, 5000), st.floats(0, 5000)), min_size=1, max_size=40)


@given(places, st.sampled_from(HOUSEHOLD_KINDS))
def test_findings_about_households_leave_only_as_cells_of_k(xy, kind):
    layer = release_findings(households(kind, xy))
    told = layer.features
    assert (told["households"] >= 10).all()
    assert told["households"].sum() == (len(xy) if len(xy) >= 10 else 0)
    assert layer.withheld.unseen == ((kind,) if len(xy) < 10 else ())
    assert told.geom_type.isin(["Polygon", "MultiPolygon"]).all()
    said = told.drop(columns="geometry").to_json() + "".join(told.index)
    assert '"h' not in said.replace('"households"', "")


def test_a_kind_of_which_there_are_few_is_named_but_not_shown():
    layer = release_findings(households("orphan", [(0, 0)] * 9), disclosure="public")
    assert layer.features.empty
    assert layer.notes("en") == ["households in no grid: fewer than 10 in all, none shown"]
    assert len(release_findings(households("orphan", [(0, 0)] * 9), disclosure="internal").features)


@pytest.mark.parametrize("kind", sorted({*KIND_WEIGHTS} - {*HOUSEHOLD_KINDS} - {*GRID_KINDS}))
def test_territory_keeps_shape_and_area_and_tells_of_no_households(kind):
    layer = release_findings(territory(kind, 12), disclosure="internal")
    row = layer.features.iloc[0]
    assert row["area_m2"] == 900
    assert row["value"] == 900
    assert row["subject"] == "a+b"
    assert pd.isna(row["households"])
    assert pd.isna(row["severity"])
    assert layer.notes("en") == []


@given(st.integers(0, 30), st.integers(0, 30))
def test_orphans_outside_a_gap_are_no_difference_of_two_figures(inside, outside):
    homes = households("orphan", [(5, 5)] * inside + [(200, 200)] * outside)
    told = release_findings(pd.concat([territory("gap", inside), homes])).features
    assert told["households"].dropna().isin([inside + outside]).all()


def test_a_gap_takes_no_other_figure_with_it():
    layer = release_findings(pd.concat([territory("gap", 7), grid("size", "g1", 85, 85)]))
    assert layer.features["households"].tolist()[1] == 85


def test_the_size_of_a_grid_is_what_was_already_told_of_it():
    found = pd.concat([grid("size", "g1", 85, 85), grid("size", "g2", 903, 903)])
    told = pd.Series([pd.NA, 900], index=["g1", "g2"], dtype="Int64")
    rows = release_findings(found, told=told).features
    assert rows["households"].tolist() == [pd.NA, 900]
    assert rows["value"].tolist() == [pd.NA, 900.0]


def test_staff_are_counted_in_full():
    rows = release_findings(grid("few-workers", "g1", 1, 412)).features
    assert rows["value"].tolist() == [1]
    assert rows["households"].tolist() == [412]
    assert rows["severity"].tolist() == pytest.approx([412 * PERSONS_PER_HOUSEHOLD * 0.5], abs=0.1)


def test_no_finding_at_all_is_a_layer_too():
    nothing = make_findings([], [], [], geometry=[], crs=4549)
    layer = release_findings(nothing)
    assert layer.features.empty
    assert layer.notes("zh") == []


def test_findings_in_degrees_are_refused():
    with pytest.raises(CRSError):
        release_findings(households("orphan", [(0, 0)] * 20).to_crs(4490))


def of_incidents(kind, value, days=3):
    return make_findings(
        kind, ["g1+g2" if kind == "seam" else "g1"], "100m", grid_code=["g1"], value=[value],
        unit="incidents", households=[300], days=[days], crs=4549,
        geometry=[LineString([(EAST, NORTH), (EAST + 90, NORTH)]) if kind == "seam" else
                  box(EAST, NORTH, EAST + 300, NORTH + 300)],
    )  # fmt: skip


@given(
    st.sampled_from(["unanswered", "seam"]),
    st.integers(1, 60),
    st.integers(1, 99),
    st.sampled_from([("internal", 5), ("public", 10)]),
)
def test_counts_of_incidents_leave_from_k_up_in_multiples_of_k(kind, n, days, level):
    disclosure, k = level
    told = release_findings(of_incidents(kind, n, days), disclosure=disclosure).features.iloc[0]
    if n < k:
        assert pd.isna(told["value"])
    else:
        assert told["value"] % k == 0
        assert n - k < told["value"] <= n
    assert told["days"] % 10 == 0
    assert days <= told["days"] < days + 10


@given(st.sampled_from(["silent", "response"]), st.floats(0, 1))
def test_shares_of_incidents_leave_in_tenths_or_not_at_all(kind, share):
    # One of 50 incidents or more: a tenth is 5, which is k within the house and not outside.
    row = of_incidents(kind, share)
    within = release_findings(row, disclosure="internal").features["value"].iloc[0]
    assert within == pytest.approx(round(share, 1))
    assert release_findings(row).features["value"].isna().all()


def test_a_seam_is_a_line_without_an_area_and_a_department_has_no_place():
    told = release_findings(of_incidents("seam", 12)).features
    assert told.geom_type.tolist() == ["LineString"]
    assert told["area_m2"].isna().all()
    assert told["households"].isna().all()
    row = make_findings("response", ["城管"], "0.75", value=[0.4], geometry=[None], crs=4549)
    assert len(release_findings(row).features) == 0


@pytest.mark.parametrize(
    ("days", "told"), [([1] * 6, 1), ([1, 2, 3, 4, 5, 6], 10), ([30] * 6, 30), ([20, 41] * 3, 40)]
)
def test_a_cell_tells_the_mean_days_of_its_households_in_steps_of_ten(days, told):
    homes = households("visit-overdue", [(5, 5)] * 6).assign(days=pd.array(days, "Int64"))
    row = release_findings(homes, disclosure="internal").features.iloc[0]
    assert row["days"] == told
    assert row["severity"] == pytest.approx(6 * PERSONS_PER_HOUSEHOLD * told * 0.5, abs=0.1)
