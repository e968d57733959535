"""Who is too far from a station, who cannot get there, who has too few places, by the standard."""

import datetime as dt

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

from gridgeo.services.about import About
from gridgeo.services.coverage import blind_spots
from gridgeo.services.coverage_layers import coverage_layer
from gridgeo.services.sources import Files, empty
from gridgeo.services.standards import Standards

DAY = dt.date(2026, 7, 1)
WALK = Standards(reach_within_m=500, reach_by="streets")


class Town:
    """Frames by layer name."""

    def __init__(self, **frames):
        self.frames = frames

    def frame(self, contract, *, as_of=None):  # noqa: ARG002
        return self.frames.get(contract.name, empty(contract))


def frame(key, ids, shapes, **columns):
    index = pd.Index(ids, name=key, dtype="str")
    return gpd.GeoDataFrame(columns, geometry=list(shapes), index=index, crs=4549)


def town(**other):
    """A street on each bank of a river; the station is on the first."""
    homes = [Point(100, 0), Point(900, 0), Point(100, 50), Point(450, 10)]
    layers = {
        "grids": frame("grid_code", ["01"], [box(-100, -100, 1100, 1100)]),
        "households": frame(
            "household_id", ["near", "far", "beyond", "edge"], homes, size_band=["1", "2", "2", "1"]
        ),
        "stations": frame("station_id", ["s"], [Point(0, 0)], capacity=[3.0]),
        "streets": frame(
            "street_id",
            ["a", "b"],
            [LineString([(0, 0), (1000, 0)]), LineString([(0, 50), (1000, 50)])],
        ),
    }
    return Town(**layers | other)


def found(source, standards, kinds=("reach", "unreachable", "access")):
    spots = blind_spots(source, DAY, standards)
    rows = spots.findings[spots.findings["kind"].isin(kinds)]
    return spots, rows[["kind", "subject", "value", "standard"]].to_numpy().tolist()


def test_a_straight_line_knows_no_river():
    spots, rows = found(town(), Standards(reach_within_m=500))
    assert rows == [["reach", "far", 900.0, "500m"]]
    assert {"reach", "unreachable"} <= {*spots.judged}
    assert spots.not_judged["access"] == "a standard such as 0.5places"


def test_along_streets_the_way_counts_and_the_river_is_a_barrier():
    _, rows = found(town(), WALK)
    assert rows == [
        ["reach", "far", 900.0, "500m-walk"],
        ["unreachable", "beyond", float("inf"), "500m-walk"],
    ]
    layer = coverage_layer(town(), About(DAY, standards=WALK))
    assert layer.features["reached"].isna().all()  # 2 reached, 2 not: below k
    many = town(households=frame("household_id", map(str, range(20)), [Point(100, 50)] * 20))
    layer = coverage_layer(many, About(DAY, standards=WALK))
    assert layer.features[["reached", "unreached"]].to_numpy().tolist() == [[0, 20]]


def test_without_streets_a_way_along_them_is_not_judged():
    spots, rows = found(town(streets=town().frames["streets"].iloc[:0]), WALK)
    assert rows == []
    assert spots.not_judged["reach"] == spots.not_judged["unreachable"] == "streets"


def test_places_are_shared_out_among_those_who_get_there():
    standards = Standards(reach_within_m=500, reach_by="streets", places_per_person=1.5)
    # One person each near and at the edge share 3 places: 1.5 for each, which is enough.
    spots, rows = found(town(), standards, ("access",))
    assert "access" in spots.judged
    assert rows == [
        ["access", "far", 0.0, "1.5places-500m-walk"],
        ["access", "beyond", 0.0, "1.5places-500m-walk"],
    ]
    # In a straight line two persons beyond the river want them, too: 0.75 for each of four.
    straight = Standards(reach_within_m=500, places_per_person=1.5)
    _, rows = found(town(), straight, ("access",))
    assert [row[1:3] for row in rows] == [
        ["near", 0.75],
        ["far", 0.0],
        ["beyond", 0.75],
        ["edge", 0.75],
    ]


@pytest.mark.parametrize("lacking", [{}, {"capacity": [None]}])
def test_stations_of_unknown_capacity_are_not_shared_out(lacking):
    stations = frame("station_id", ["s"], [Point(0, 0)], **lacking)
    spots, _ = found(town(stations=stations), Standards(places_per_person=1))
    assert spots.not_judged["access"] == "a capacity of every station"
    assert "reach" in spots.judged


def test_the_store_and_the_files_of_a_town_tell_the_same_along_streets(town_store, samples):
    layers = ("grids", "towns", "villages", "households", "stations", "streets")
    files = Files({name: next((samples / "town").glob(f"{name}.*")) for name in layers})
    standards = Standards(reach_within_m=1000, reach_by="streets", places_per_person=1.0)
    (stored, rows), (filed, same) = (
        found(one, standards, kinds=("reach", "unreachable", "access"))
        for one in (town_store, files)
    )
    assert {"reach", "unreachable", "access"} <= {*stored.judged} & {*filed.judged}
    assert [row[:2] for row in rows] == [row[:2] for row in same]
    assert len(rows) > 100
