"""Silence, response and seams of small towns whose answers are worked out by hand."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridgeo.analysis.office_hours import limit_hours
from gridgeo.services import coverage
from gridgeo.services.demo import DAY
from gridgeo.services.sources import Files, empty
from gridgeo.services.standards import Standards

METRES = 4549
AS_OF = dt.date(2026, 7, 1)  # a Wednesday
NOW = pd.Timestamp("2026-07-01", tz="Asia/Shanghai")


class Town:
    """Frames by name; those not given are empty. With ``answers`` it keeps grids of incidents."""

    def __init__(self, **frames):
        self.frames = frames

    def frame(self, contract, *, as_of=None):  # noqa: ARG002 - as a source
        return self.frames.get(contract.name, empty(contract))


class Keeper(Town):
    def __init__(self, answers, **frames):
        super().__init__(**frames)
        self.answers = answers

    def incident_grids(self, ids=None):  # noqa: ARG002 - as the store
        return pd.DataFrame({"grid_code": self.answers})


def grids(n=2, side=1000.0):
    x = 500_000 + side * np.arange(n)
    frame = gpd.GeoDataFrame(
        {"kind": "general"},
        geometry=shapely.box(x, 3_500_000, x + side, 3_500_000 + side),
        index=pd.Index([f"g{k}" for k in range(n)], name="grid_code", dtype="str"),
        crs=METRES,
    )
    return frame


def incidents(*rows):
    """Rows of (metres east, class, hours since the report, hours it took or None) and more."""
    frame = gpd.GeoDataFrame(
        {
            "class_code": pd.Series([row[1] for row in rows], dtype="str"),
            "reported_at": [NOW.tz_convert("UTC") - pd.Timedelta(hours=row[2]) for row in rows],
            "department": pd.Series(["城管"] * len(rows), dtype="str"),
        },
        geometry=gpd.points_from_xy(
            [500_000.0 + row[0] for row in rows], [3_500_500.0] * len(rows)
        ),
        crs=METRES,
    )
    frame["reported_at"] = frame["reported_at"].astype("datetime64[us, UTC]")
    took = pd.to_timedelta(pd.Series([row[3] for row in rows], dtype="float64"), unit="h")
    frame["closed_at"] = (frame["reported_at"] + took).astype("datetime64[us, UTC]")
    return frame.set_axis(pd.Index([f"i{k}" for k in range(len(rows))], name="incident_id"))


def units(homes):
    frame = grids(len(homes)).assign(households=homes).rename_axis("unit_id")
    return frame.assign(grid_code=frame.index)


def found_in(source, **standards):
    return coverage.blind_spots(source, AS_OF, Standards(**standards))


def rows_of(found, kind):
    return found.findings[found.findings["kind"] == kind]


# --- who waits --------------------------------------------------------------------------------

# Class 0401 may take one hour of the clock, whatever the day.


def test_unanswered_are_those_past_their_limit_when_the_day_begins():
    told = incidents(
        (100, "0401", 50, None),  # 49 hours past its limit
        (100, "0401", 2, None),
        (100, "0401", 0.5, None),  # its hour is not over
        (100, "0401", 9, 8.5),  # answered late, but answered
        (100, "0401", 9, 9.5),  # closed half an hour after the day began
        (100, "0401", -3, None),  # reported on the day itself
        (1100, "9999", 99, None),  # of an unknown class
    )
    found = found_in(Town(grids=grids(), incidents=told))
    rows = rows_of(found, "unanswered")
    assert rows[["subject", "value", "days"]].to_numpy().tolist() == [["g0", 3, 3]]
    assert found.strays["without-limit"] == 1
    assert "response" in found.judged
    assert found.not_judgeable["response"] == 2


def test_incidents_known_by_grid_alone_wait_in_the_grid_on_record():
    told = incidents((100, "0401", 50, None), (100, "0401", 50, None), (100, "0401", 9, 1))
    told["placed_by"] = ["coordinates", "grid", "coordinates"]
    told["grid_code"] = ["g1", "g1", None]
    rows = rows_of(found_in(Town(grids=grids(), incidents=told)), "unanswered")
    assert rows["subject"].tolist() == ["g0", "g1"]


def test_times_that_cannot_be_are_counted_and_the_others_judged():
    told = incidents((100, "0401", 50, None), (100, "0401", 50, 1), (100, "0401", 50, None))
    told.loc["i1", "closed_at"] = told.loc["i1", "reported_at"] - pd.Timedelta(hours=1)
    told["stage"] = ["accepted", "closed", "closed"]
    more = pd.concat([told, incidents((100, "0401", 50, 1)).rename(index={"i0": "i9"})])
    found = found_in(Town(grids=grids(), incidents=more))
    assert rows_of(found, "unanswered")["value"].tolist() == [1]
    assert found.strays["closed-before-report"] == 1
    assert found.strays["closed-unknown-when"] == 1


def test_nobody_is_judged_by_incidents_that_never_say_when_they_were_closed():
    found = found_in(Town(grids=grids(), incidents=incidents((100, "0401", 50, None))))
    assert found.not_judged["unanswered"] == "incidents with closed_at"
    assert found_in(Town(grids=grids())).not_judged["unanswered"] == "incidents"


def test_a_share_in_time_below_the_standard_is_found_for_grid_and_department():
    told = incidents(*[(100, "0401", 30, 0.5)] * 60, *[(100, "0401", 30, 5)] * 40)
    found = found_in(Town(grids=grids(), incidents=told))
    rows = rows_of(found, "response")
    assert rows[["subject", "value"]].to_numpy().tolist() == [["g0", 0.6], ["城管", 0.6]]
    assert rows_of(
        found_in(Town(grids=grids(), incidents=told), on_time_share=0.5), "response"
    ).empty
    old = found_in(Town(grids=grids(), incidents=told), incidents_within_days=1)
    assert rows_of(old, "response").empty


def test_those_in_time_count_for_the_grid_in_force_when_they_were_reported():
    told = incidents(*[(100, "0401", 30, 0.5)] * 60, *[(100, "0401", 30, 5)] * 40)
    answers = pd.Series("g1", index=told.index)
    rows = rows_of(found_in(Keeper(answers, grids=grids(), incidents=told)), "response")
    assert rows["subject"].tolist() == ["g1", "城管"]


# --- who is silent ----------------------------------------------------------------------------


def a_month(counts):
    """So many reports of residents a day in each grid, for thirty days."""
    rows = [
        (1000 * g + 500, "2101", 24 * day + 12, 1)
        for g, n in enumerate(counts)
        for day in range(30)
        for _ in range(n)
    ]
    return incidents(*rows)


def test_a_grid_that_reports_nothing_is_silent_and_the_standard_is_said():
    found = found_in(
        Town(grids=grids(40), incidents=a_month([0] + [3] * 39), units=units([300] * 40))
    )
    rows = rows_of(found, "silent")
    assert rows[["subject", "value", "households", "days"]].to_numpy().tolist() == [
        ["g0", 0.1, 300, 30]
    ]
    assert rows["standard"].tolist() == ["0.3 in 90d"]
    assert found.not_judgeable.get("silent", 0) == 0


def test_a_grid_of_few_households_is_not_judgeable():
    found = found_in(
        Town(grids=grids(40), incidents=a_month([0] + [3] * 39), units=units([3] + [300] * 39))
    )
    assert rows_of(found, "silent").empty
    assert found.not_judgeable["silent"] == 1
    assert coverage.only(found, ["seam"]).not_judgeable == {}


def test_only_the_days_looked_back_on_count():
    town = Town(grids=grids(40), incidents=a_month([0] + [3] * 39), units=units([300] * 40))
    assert rows_of(found_in(town, incidents_within_days=1), "silent").empty
    later = coverage.blind_spots(town, AS_OF + dt.timedelta(days=120))
    assert rows_of(later, "silent").empty
    assert later.not_judgeable["silent"] == 40


def test_reports_in_no_grid_are_counted_apart():
    town = Town(grids=grids(2), incidents=a_month([1, 1, 1]), units=units([9, 9]))
    assert found_in(town).strays["report-nowhere"] == 30


# --- where they are passed on -----------------------------------------------------------------


def sent(told, way, hours=1):
    rows = [(i, g, t + pd.Timedelta(hours=hours * n)) for i, t in told["reported_at"].items()
            for n, g in enumerate(way)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["incident_id", "grid_code", "dispatched_at"])
    frame["dispatched_at"] = frame["dispatched_at"].astype("datetime64[us, UTC]")
    return frame.rename_axis("dispatch_id")


def test_incidents_passed_on_across_a_border_make_it_a_seam():
    near = incidents(*[(990, "2101", 24 * 9, 90)] * 8)
    rest = incidents(*[(1990, "2101", 24 * 3, 1)] * 90).rename(index=lambda i: "r" + i)
    told = pd.concat([near, rest])
    dispatches = sent(near, ["g1", "g0"]).set_axis([f"d{k}" for k in range(16)])
    town = Town(grids=grids(3), incidents=told, dispatches=dispatches, units=units([100, 200, 300]))
    rows = rows_of(found_in(town), "seam")
    assert rows[["subject", "value", "households", "days"]].to_numpy().tolist() == [
        ["g0+g1", 8, 300, 9]
    ]
    assert rows["grid_code"].isna().all()
    assert rows.geometry.iloc[0].length == pytest.approx(1000)
    assert rows_of(found_in(town, seam_within_m=5), "seam").empty
    assert rows_of(found_in(town, incidents_within_days=5), "seam").empty
    early = coverage.blind_spots(town, AS_OF - dt.timedelta(days=9))
    assert rows_of(early, "seam").empty


def test_who_is_sent_on_after_the_day_began_was_not_sent_on_yet():
    near = incidents(*[(990, "2101", 24, 90)] * 8)
    rest = incidents(*[(1990, "2101", 24 * 3, 1)] * 90).rename(index=lambda i: "r" + i)
    told = pd.concat([near, rest])
    later, before = (
        Town(grids=grids(3), incidents=told, dispatches=sent(near, ["g1", "g0"], hours))
        for hours in (25, 23)
    )
    assert len(rows_of(found_in(before), "seam")) == 1
    assert rows_of(found_in(later), "seam").empty


def test_dispatches_of_nobody_are_counted():
    told = incidents((990, "2101", 9, 1))
    stray = sent(told, ["g0", "g1"]).replace("i0", "ghost")
    found = found_in(Town(grids=grids(), incidents=told, dispatches=stray))
    assert found.strays["unknown-incident"] == 2
    assert rows_of(found, "seam").empty
    assert found_in(Town(grids=grids(), incidents=told)).not_judged["seam"] == "dispatches"


# --- the sample, counted another way ----------------------------------------------------------


def test_the_unanswered_of_the_sample_town_counted_another_way(samples):
    folder = samples / "town"
    source = Files(
        {n: folder / f"{n}.{s}" for n, s in (("grids", "geojson"), ("incidents", "csv"))}
    )
    rows = rows_of(coverage.blind_spots(source, DAY), "unanswered").set_index("subject")
    table = pd.read_csv(folder / "incidents.csv", dtype={"class_code": str})
    reported, closed = (pd.to_datetime(table[n], utc=True) for n in ("reported_at", "closed_at"))
    hours = limit_hours(reported, table["class_code"], "Asia/Shanghai")
    late = closed.isna() & ((NOW - reported) / pd.Timedelta(hours=1) > hours)
    areas = gpd.read_file(folder / "grids.geojson")
    counts = {}
    for x, y in table.loc[late, ["lon", "lat"]].to_numpy():
        inside = areas.loc[areas.covers(shapely.Point(x, y)), "grid_code"]
        if len(inside):
            counts[inside.min()] = counts.get(inside.min(), 0) + 1
    assert rows["value"].to_dict() == counts
