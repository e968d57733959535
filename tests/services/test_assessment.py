"""The appraisal of a small town, each figure worked out by hand.

Long because all of its tests look at the same town.
"""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from gridgeo.errors import ParameterError
from gridgeo.services.about import About
from gridgeo.services.assessment import LEVELS, METRICS, appraise, assessment_layer
from gridgeo.services.assessment.layer import grade_counts
from gridgeo.services.coverage_layers import coverage_layer, quality_layer
from gridgeo.services.demo import DAY
from gridgeo.services.sources import Files, empty, files_of_layers

TODAY = dt.date(2026, 7, 1)
MIDNIGHT = pd.Timestamp("2026-07-01", tz="Asia/Shanghai").tz_convert("UTC")
CLASS, OTHER = "0102", "0101"  # 4 hours of work; 15 days of work
VILLAGE = {"01": "v1", "02": "v1", "03": "v2", "04": "v2"}


class Town:
    """Frames by layer name."""

    def __init__(self, **frames):
        self.frames = frames

    def frame(self, contract, *, as_of=None):  # noqa: ARG002
        return self.frames.get(contract.name, empty(contract))


def grids(**columns):
    shapes = [box(500_000 + 1000 * n, 0, 501_000 + 1000 * n, 1000) for n in range(4)]
    index = pd.Index([*VILLAGE], name="grid_code", dtype="str")
    columns = {"name": [f"grid {code}" for code in VILLAGE], **columns}
    return gpd.GeoDataFrame(columns, geometry=shapes, index=index, crs=4549)


def villages():
    index = pd.Index(["v1", "v2"], name="village_code", dtype="str")
    shapes = [box(500_000, 0, 502_000, 1000), box(502_000, 0, 504_000, 1000)]
    columns = {"name": ["East", "West"], "town_code": "t", "kind": ["village", "community"]}
    return gpd.GeoDataFrame(columns, geometry=shapes, index=index, crs=4549)


def incidents(*rows):
    """(grid by number or None, class, days ago, hours until closed or None, department)."""
    where, of, ago, took, who = zip(*rows, strict=True)
    reported = MIDNIGHT - pd.to_timedelta(ago, unit="D")
    index = pd.Index([f"i{n}" for n in range(len(rows))], name="incident_id", dtype="str")
    x = [490_000 if n is None else 500_500 + 1000 * n for n in where]
    return gpd.GeoDataFrame(
        {
            "class_code": of,
            "reported_at": reported,
            "closed_at": reported + pd.to_timedelta(took, unit="h"),
            "department": who,
        },
        geometry=gpd.GeoSeries.from_xy(x, [500] * len(rows), index=index, crs=4549),
        index=index,
    )


def handled(grid, in_time, late, waiting=0):
    """Incidents of one grid: so many closed at once, after a month, and not yet due."""
    rows = [(grid, CLASS, 60, 1 / 60, "sanitation")] * in_time
    rows += [(grid, CLASS, 60, 720, "sanitation")] * late
    return rows + [(grid, CLASS, 1 / 24, None, "sanitation")] * waiting


def households(counts):
    """For each grid so many households met yesterday, and so many never."""
    rows = [
        (n, met) for n, pair in enumerate(counts) for met, m in enumerate(pair) for _ in range(m)
    ]
    where, never = zip(*rows, strict=True)
    index = pd.Index([f"h{n}" for n in range(len(rows))], name="household_id", dtype="str")
    homes = gpd.GeoDataFrame(
        {"grid_code": [f"0{n + 1}" for n in where], "address_id": "a", "size_band": "2"},
        geometry=gpd.GeoSeries.from_xy(
            [500_500 + 1000 * n for n in where], [500] * len(rows), index=index, crs=4549
        ),
        index=index,
    )
    seen = index[np.array(never) == 0]
    noon = MIDNIGHT - pd.Timedelta(hours=12)
    visits = pd.DataFrame({"household_id": seen, "visited_at": noon, "outcome": "met"})
    return {"households": homes.assign(lived_in=True), "visits": visits}


def table(found, level, metric, *columns):
    rows = found.rows[(found.rows["level"] == level) & (found.rows["metric"] == metric)]
    return [tuple(row) for row in rows[["code", *columns]].itertuples(index=False)]


COUNTS = ("numerator", "rest", "excluded")


# --- incidents ----------------------------------------------------------------------------------


def test_incidents_are_counted_where_they_lie_once_their_time_has_run_out():
    rows = handled(0, 7, 2, waiting=3) + handled(1, 4, 1)
    rows += [
        (1, CLASS, 30, None, "sanitation"),  # open for a month: late
        (1, OTHER, 10, None, "planning"),  # has five more days of work
        (1, "9999", 60, 1, "planning"),  # no such class, no limit
        (1, CLASS, 50, -3, "planning"),  # closed before it was reported
        (0, CLASS, 91, 1, "planning"),  # before the period
        (0, CLASS, -1, None, "planning"),  # after it
        (None, CLASS, 60, 1 / 60, "planning"),  # in no grid
    ]
    found = appraise(Town(grids=grids(), incidents=incidents(*rows)), TODAY)
    assert table(found, "grid", "on-time", *COUNTS) == [
        ("01", 7, 2, 3),
        ("02", 4, 2, 3),
        ("03", 0, 0, 0),
        ("04", 0, 0, 0),
    ]
    assert table(found, "grid", "closed", *COUNTS)[:2] == [("01", 9, 0, 3), ("02", 5, 1, 3)]
    assert table(found, "city", "on-time", *COUNTS) == [("city", 11, 4, 6)]
    assert table(found, "department", "on-time", *COUNTS) == [
        ("planning", 1, 0, 3),
        ("sanitation", 11, 4, 3),
    ]
    assert found.nowhere == 1


def test_the_figures_of_the_standard():
    """737 of 972 closed in time and 911 closed: 75.82 % and 93.72 %."""
    rows = handled(0, 700, 100) + handled(1, 37, 74) + [(1, CLASS, 60, None, "sanitation")] * 61
    found = appraise(Town(grids=grids(), incidents=incidents(*rows)), TODAY)
    city = found.rows[found.rows["level"] == "city"].set_index("metric")
    assert city["share"].round(4).loc[["on-time", "closed"]].tolist() == [0.7582, 0.9372]


def test_who_has_the_hard_classes_is_compared_with_who_has_them():
    hard, easy = (OTHER, 60), (CLASS, 60)
    rows = [(0, *hard, took, "x") for took in [1] * 10 + [900] * 10]
    rows += [(0, *easy, 1 / 60, "x")] * 20
    rows += [(1, *hard, took, "x") for took in [1] * 40 + [900] * 40]
    found = appraise(Town(grids=grids(), incidents=incidents(*rows)), TODAY)
    ratio = table(found, "grid", "late-ratio", "numerator", "expected", "share")[:2]
    assert ratio == [("01", 10, 10.0, 1.0), ("02", 40, 40.0, 1.0)]
    assert table(found, "grid", "on-time", "share")[:2] == [("01", 0.75), ("02", 0.5)]
    assert table(found, "city", "late-ratio", "numerator", "expected") == [("city", 50, 50.0)]


def test_the_place_of_an_incident_goes_before_the_grid_on_record():
    one = (CLASS, 60, 1 / 60, "x")
    rows = incidents((None, *one), (None, *one), (0, *one))
    rows["grid_code"] = ["03", "none such", "04"]
    found = appraise(Town(grids=grids(), incidents=rows), TODAY)
    counted = table(found, "grid", "on-time", "numerator")
    assert counted == [("01", 1), ("02", 0), ("03", 1), ("04", 0)]
    assert found.nowhere == 1


def test_an_incident_without_a_place_or_a_department_is_no_trouble():
    rows = incidents(*handled(0, 3, 1), (1, CLASS, 60, 1 / 60, None), (1, CLASS, 60, 1 / 60, "x"))
    rows.loc[rows.index[-1], "geometry"] = None
    found = appraise(Town(grids=grids(), incidents=rows), TODAY)
    assert table(found, "city", "on-time", "numerator", "rest") == [("city", 4, 1)]
    assert table(found, "department", "on-time", "numerator") == [("sanitation", 3), ("x", 1)]
    assert found.nowhere == 1


def test_without_departments_none_is_appraised():
    rows = incidents(*handled(0, 3, 1)).drop(columns="department")
    assert "department" not in {*appraise(Town(grids=grids(), incidents=rows), TODAY).rows["level"]}


def test_grids_are_compared_with_their_kind_alone():
    rows = handled(0, 80, 20) + handled(1, 80, 20) + handled(2, 50, 50) + handled(3, 50, 50)
    kinds = grids(kind=["general", "general", "dedicated", "dedicated"])
    found = appraise(Town(grids=kinds, incidents=incidents(*rows)), TODAY)
    assert table(found, "grid", "late-ratio", "expected", "share") == [
        ("01", 20, 1.0), ("02", 20, 1.0), ("03", 50, 1.0), ("04", 50, 1.0),
    ]  # fmt: skip
    assert table(found, "city", "late-ratio", "expected", "share") == [("city", 140, 1.0)]


def test_the_order_of_the_incidents_changes_nothing():
    rows = incidents(*handled(0, 30, 9), *handled(2, 50, 3), *handled(3, 20, 20))
    one = appraise(Town(grids=grids(), incidents=rows), TODAY)
    other = appraise(Town(grids=grids(), incidents=rows.sample(frac=1, random_state=1)), TODAY)
    pd.testing.assert_frame_equal(one.rows, other.rows)


# --- households and patrols ---------------------------------------------------------------------


def test_households_are_counted_as_the_layers_of_coverage_and_quality_count_them():
    town = Town(grids=grids(), **households([(60, 40), (80, 20), (100, 0), (0, 50)]))
    found = appraise(town, TODAY)
    assert table(found, "grid", "visited", *COUNTS) == [
        ("01", 60, 40, 0), ("02", 80, 20, 0), ("03", 100, 0, 0), ("04", 0, 50, 0),
    ]  # fmt: skip
    assert table(found, "grid", "records-complete", "numerator", "rest")[0] == ("01", 400, 0)
    assert table(found, "grid", "records-accurate", "numerator", "rest")[0] == ("01", 100, 0)
    assert table(found, "grid", "records-fresh", "numerator", "rest")[3] == ("04", 0, 50)
    told = assessment_layer(town, About(TODAY), found).features.set_index(["metric", "code"])
    layers = {
        "visited": (coverage_layer(town, About(TODAY)), "visited", "not_visited"),
        "records-complete": (quality_layer(town, About(TODAY)), "fields_filled", "fields_empty"),
        "records-fresh": (quality_layer(town, About(TODAY)), "fresh", "stale"),
    }
    for metric, (layer, good, bad) in layers.items():
        rows = layer.features.set_index("grid_code")
        assert told.loc[metric, "numerator"].tolist() == rows[good].tolist()
        assert told.loc[metric, "rest"].tolist() == rows[bad].tolist()


def test_a_record_in_no_grid_counts_where_it_is_recorded():
    town = households([(10, 0), (0, 0), (0, 0), (0, 5)])
    far = town["households"]["grid_code"].eq("04").to_numpy()
    town["households"].loc[far, "geometry"] = town["households"].geometry[far].translate(90_000)
    found = appraise(Town(grids=grids(), **town), TODAY)
    assert table(found, "grid", "records-complete", "numerator")[3] == ("04", 20)
    assert table(found, "grid", "records-accurate", "numerator", "rest")[3] == ("04", 0, 5)
    assert table(found, "grid", "visited", "rest")[3] == ("04", 0)  # no place, no duty to visit


def patrols(*days_of):
    """For each grid the days ago on which it was walked twice, and those on which once."""
    rows = [
        (f"0{n + 1}", day, hour)
        for n, (twice, once) in enumerate(days_of)
        for day, hours in [*((d, (9, 15)) for d in twice), *((d, (9,)) for d in once)]
        for hour in hours
    ]
    code, ago, hour = zip(*rows, strict=True)
    starts = MIDNIGHT - pd.to_timedelta(ago, unit="D") + pd.to_timedelta(hour, unit="h")
    return pd.DataFrame(
        {
            "worker_id": "w",
            "grid_code": code,
            "starts_at": starts,
            "ends_at": starts + pd.Timedelta(hours=2),
            "fixes": 200,
            "inside_share": 0.9,
            "distance_m": 5000.0,
        },
        index=pd.Index([f"p{n}" for n in range(len(rows))], name="patrol_id"),
    )


def test_days_with_two_patrols_are_counted_since_anybody_walked():
    walked = patrols((range(1, 11), ()), (range(1, 6), range(6, 11)), ((), (1,)))
    found = appraise(Town(grids=grids(), patrols=walked), TODAY)
    counts = table(found, "grid", "patrolled", "numerator", "rest")
    assert counts == [("01", 10, 0), ("02", 5, 5), ("03", 0, 10), ("04", 0, 10)]
    within = appraise(Town(grids=grids(), patrols=walked), TODAY, days=4)
    assert table(within, "grid", "patrolled", "numerator", "rest")[1] == ("02", 4, 0)


# --- levels -------------------------------------------------------------------------------------


def whole_town():
    rows = handled(0, 70, 9) + handled(1, 50, 3) + handled(2, 20, 20) + handled(3, 90, 4, 8)
    rows += [(n, OTHER, 60, 1000, "planning") for n in range(4)]
    return Town(
        grids=grids(village_code=[*VILLAGE.values()], kind=["general"] * 3 + ["dedicated"]),
        villages=villages(),
        incidents=incidents(*rows),
        patrols=patrols((range(1, 21), ()), (range(1, 16), ()), ((1, 2), ()), ((), (3,))),
        **households([(60, 40), (80, 20), (100, 3), (20, 50)]),
    )


def test_every_level_is_the_sum_of_its_grids():
    found = appraise(whole_town(), TODAY)
    counts = found.rows.set_index(["level", "metric", "code"]).sort_index()
    counts = counts[["numerator", "rest", "excluded"]]
    assert {*found.rows["level"]} == {*LEVELS}
    for metric in METRICS:
        of_grids = counts.loc["grid", metric]
        by_village = of_grids.groupby(pd.Series(VILLAGE).rename("code")).sum()
        pd.testing.assert_frame_equal(counts.loc["village", metric], by_village)
        assert counts.loc["town", metric].loc["t"].tolist() == of_grids.sum().tolist()
        assert counts.loc["city", metric].loc["city"].tolist() == of_grids.sum().tolist()


def test_units_are_compared_with_those_of_their_kind():
    rows = appraise(whole_town(), TODAY).rows
    peers = rows.groupby(["level", "code"])["peers"].first()
    assert peers["grid"].tolist() == ["grid general"] * 3 + ["grid dedicated"]
    assert peers["village"].tolist() == ["village village", "village community"]
    assert rows.groupby(["level", "code"])["name"].first()["village"].tolist() == ["East", "West"]


def test_without_villages_there_are_grids_and_the_city():
    town = Town(grids=grids(), incidents=incidents(*handled(0, 5, 1)))
    assert {*appraise(town, TODAY).rows["level"]} == {"grid", "city", "department"}


def test_what_cannot_be_judged_is_said():
    found = appraise(Town(grids=grids(), incidents=incidents(*handled(0, 5, 1))), TODAY)
    assert found.not_judged == {
        "visited": "households",
        "patrolled": "patrols or fixes",
        "records-complete": "households",
        "records-accurate": "households",
        "records-fresh": "households",
    }


# --- judging ------------------------------------------------------------------------------------


def test_grades_tell_the_good_from_the_bad_and_from_the_small():
    rows = handled(0, 200, 0) + handled(1, 180, 20) + handled(2, 60, 40) + handled(3, 2, 0)
    found = appraise(Town(grids=grids(), incidents=incidents(*rows)), TODAY)
    grade = dict(table(found, "grid", "on-time", "grade"))
    assert grade == {"01": "A", "02": "C", "03": "D", "04": "not enough evidence"}
    assert all(pd.isna(grade) for _, grade in table(found, "grid", "closed", "grade"))


def test_another_target_is_another_definition():
    town = Town(grids=grids(), incidents=incidents(*handled(0, 180, 20)))
    usual = appraise(town, TODAY)
    mild = appraise(town, TODAY, targets={"on-time": (0.8, 0.6)})
    assert table(usual, "grid", "on-time", "grade")[0] == ("01", "C")
    assert table(mild, "grid", "on-time", "grade")[0] == ("01", "A")
    names = {*usual.rows["definition"]} ^ {*mild.rows["definition"]}
    assert {name.split("@")[0] for name in names} == {"on-time"}
    assert len(names) == 2


@pytest.mark.parametrize(
    ("town", "asked", "said"),
    [
        ({}, {}, "no grids"),
        ({"grids": grids()}, {}, "no households, incidents or patrols"),
        ({"grids": grids()}, {"days": 0}, "The period has 0 days"),
        ({"grids": grids()}, {"targets": {"late": (0.9, 0.8)}}, "late: no metric with a target"),
        ({"grids": grids()}, {"targets": {"closed": (0.9, 0.8)}}, "closed: no metric with"),
        ({"grids": grids()}, {"targets": {"on-time": (0.7, 0.8)}}, "on-time has target 0.7"),
        ({"grids": pd.concat([grids(), grids()])}, {}, "4 grid codes stand more than once"),
    ],
)
def test_what_cannot_be_appraised_is_refused(town, asked, said):
    with pytest.raises(ParameterError, match=said):
        appraise(Town(**town), TODAY, **asked)


# --- what leaves --------------------------------------------------------------------------------


def test_counts_leave_as_multiples_of_five_and_small_ones_not_at_all():
    town = whole_town()
    layer = assessment_layer(town, About(TODAY), appraise(town, TODAY), LEVELS)
    counts = layer.features[["numerator", "rest", "excluded", "denominator"]].astype("Float64")
    assert (layer.id, layer.disclosure) == ("assessment", "internal")
    assert (counts.stack().dropna() % 5 == 0).all()
    told = layer.features.loc["grid.04.on-time"]  # 4 + 1 late of 95; 1 open of another class
    assert told["numerator"] == 90
    small = layer.features.loc["grid.02.on-time"]  # 3 + 1 late
    assert small[["numerator", "rest", "share", "grade"]].isna().all()
    ratio = layer.features.loc["grid.02.late-ratio"]
    assert ratio[["numerator", "rest", "expected", "share"]].isna().all()


def test_what_is_told_follows_from_what_is_told():
    """Two towns that differ by what rounding hides are told alike to the last digit."""
    rows = handled(1, 50, 20) + handled(2, 20, 20) + handled(3, 90, 10)
    told = []
    for in_time, late in ((78, 12), (82, 8)):
        town = Town(grids=grids(), incidents=incidents(*rows, *handled(0, in_time, late)))
        layer = assessment_layer(town, About(TODAY), appraise(town, TODAY))
        told.append(layer.features[layer.features["metric"] == "on-time"])
    pd.testing.assert_frame_equal(told[0], told[1])


def test_the_grades_of_a_layer_are_counted_by_level_and_metric():
    town = whole_town()
    layer = assessment_layer(town, About(TODAY), appraise(town, TODAY), LEVELS)
    counts = grade_counts(layer)
    assert counts.sum(axis=1).loc[("grid", "visited")] == 4
    assert counts.loc[("city", "records-fresh")].drop("").sum() == 1
    assert [*dict.fromkeys(counts.index.get_level_values("level"))] == [*LEVELS]


def test_the_sample_town(samples):
    names = ("grids", "villages", "towns", "households", "visits", "incidents")
    files = Files({name: next((samples / "town").glob(f"{name}.*")) for name in names})
    found = appraise(files, DAY)
    assert found.not_judged == {"patrolled": "patrols or fixes"}
    city = found.rows[found.rows["level"] == "city"].set_index("metric")
    assert city["grade"].dropna().isin(["A", "B", "C", "D"]).all()
    assert city.loc["late-ratio", "share"] == pytest.approx(1)
    layer = assessment_layer(files, About(DAY), found, LEVELS)
    assert len(layer.features) == len(found.rows)
    assert layer.features.geometry[layer.features["level"] == "town"].notna().all()


def test_the_store_is_appraised_as_its_files_are(samples, town_store):
    files = Files(files_of_layers((samples / "town").iterdir()))
    of_files, of_store = appraise(files, DAY).rows, appraise(town_store, DAY).rows
    columns = ["level", "code", "metric", "definition", "numerator", "rest", "excluded", "grade"]
    assert "patrolled" in set(of_files["metric"])  # there of the tracks, here of what was kept
    pd.testing.assert_frame_equal(of_store[columns], of_files[columns])
