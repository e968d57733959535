"""Layers as cities have them: rows twice, without shape, of the wrong kind, beyond the border."""

import numpy as np
import pytest
import shapely
from shapely import GeometryCollection, LineString, MultiLineString, MultiPoint, Point, Polygon, box

import gridgeo as gg
from gridgeo.errors import CRSError, GeometryError, ParameterError
from tests.analysis.units.drawn import at, is_partition, layer, line, square

TOWN = layer([square()])
CROSS = [line((50, -20), (50, 120)), line((100, 50), (0, 50))]


def told(units, *names):
    return [units.attrs["report"][name] for name in names]


# --- streets and boundaries, by hand ----------------------------------------------------------


def test_two_crossing_streets_make_four_quarters():
    units = gg.units_from_streets(TOWN, layer(CROSS))
    assert units.index.tolist() == ["U0001", "U0002", "U0003", "U0004"]
    assert units.area.tolist() == pytest.approx([2500] * 4)
    assert len(gg.UnitGraph(units).pairs) == 4


@pytest.mark.parametrize(
    "streets",
    [
        [*CROSS, *CROSS],
        [s.reverse() for s in CROSS[::-1]],
        [MultiLineString(CROSS)],
        [*CROSS, line((50, 10), (50, 70)), line((50, 30), (50, 120))],  # over each other
        [line((50, -20), (50, 120)), line((0, 50), (100, 50), (20, 50), (70, 50))],  # over itself
        [*CROSS, line((25, 10), (25, 40)), line((60, 50), (60, 55))],  # dead ends
        [*CROSS, line((0, 0), (100, 0)), line((500, 0), (500, 9))],  # on the border, far beyond
        [*CROSS, None, LineString(), LineString(at((3, 3), (3, 3)))],
        [shapely.force_3d(s, 7.0) for s in CROSS],
        [line((0, 50), (50, 50)), line((50, 50), (100, 50)), CROSS[0]],
    ],
    ids=str,
)
def test_however_dirty_two_crossing_streets_are_they_make_four_quarters(streets):
    units = gg.units_from_streets(TOWN, layer(streets))
    is_partition(units, TOWN)
    assert units.area.tolist() == pytest.approx([2500] * 4)


def test_a_street_that_crosses_itself_encloses_what_it_runs_around():
    eight = line((20, 20), (60, 60), (60, 20), (20, 60), (20, 20))
    units = gg.units_from_streets(TOWN, layer([eight]))
    is_partition(units, TOWN)
    assert sorted(units.area.round(6)) == [400, 400, 9200]


def test_a_dead_end_and_a_loose_ring_part_as_little_as_they_can():
    ring = line((60, 60), (80, 60), (80, 80), (60, 80), (60, 60))
    units = gg.units_from_streets(TOWN, layer([line((0, 30), (40, 30)), ring]))
    assert sorted(units.area.round(6)) == [400, 9600]
    assert told(units, "dangling_m") == [40.0]


@pytest.mark.parametrize("gap", [0.0, 1e-9, 1e-6, 0.004, 0.0099])
def test_a_street_that_misses_another_by_less_than_a_centimetre_meets_it(gap):
    streets = [line((50, 0), (50, 100)), line((0, 50), (50 - gap, 50)), line((gap, 20), (50, 20))]
    units = gg.units_from_streets(TOWN, layer(streets))
    assert sorted(units.area.round()) == [1000, 1500, 2500, 5000]
    open_ = gg.units_from_streets(TOWN, layer(streets), snap_m=0)
    assert len(open_) == (4 if gap < 1e-7 else 2)
    assert told(units, "gaps_closed") == [0 if gap < 1e-7 else 2]


def test_a_sliver_joins_its_longest_neighbour_but_not_across_a_river():
    streets = layer([line((50, 0), (50, 100)), line((51, 0), (51, 100)), line((51, 50), (100, 50))])
    free = gg.units_from_streets(TOWN, streets)
    assert sorted(free.area.round(6)) == [2450, 2450, 5100]
    assert told(free, "blocks", "merged_slivers") == [4, 1]
    river = layer([line((50, -9), (50, 109))])
    held = gg.units_from_streets(TOWN, streets, river)
    assert sorted(held.area.round(6)) == [2450, 2550, 5000]
    kept = gg.units_from_streets(TOWN, streets, min_area_m2=0, min_width_m=0)
    assert len(kept) == 4


def test_a_barrier_drawn_twice_leaves_no_hair():
    twice = layer([line((50, -9), (50, 109)), line((50.004, -9), (50.004, 109))])
    for sizes in ({}, {"min_area_m2": 0, "min_width_m": 0}):
        units = gg.units_from_streets(TOWN, None, twice, **sizes)
        assert sorted(units.area.round()) == [5000, 5000]


@pytest.mark.parametrize(
    ("town", "areas"),
    [
        ([square() - square(40, 40, 60, 60)], [2400] * 4),
        ([Polygon(at((0, 0), (100, 100), (100, 0), (0, 100)))], [1250] * 4),  # a bow tie
        ([square(0, 0, 50, 50) | square(60, 60, 100, 100)], [1600, 2500]),
        ([square(0, 0, 60, 100), square(40, 0, 100, 100), None, Polygon()], [500] * 4 + [2000] * 4),
        ([shapely.force_3d(square(), 3.0)], [2500] * 4),
    ],
)
def test_boundaries_with_holes_parts_overlaps_and_heights(town, areas):
    units = gg.units_from_streets(layer(town), layer(CROSS))
    is_partition(units, layer([t for t in town if t is not None]))
    assert sorted(units.area.round(6)) == areas


def test_without_streets_every_part_of_the_boundary_is_a_unit():
    parts = layer([square(0, 0, 40, 40) | square(60, 60, 100, 100)])
    for streets in (None, layer([]), layer([None, LineString()])):
        assert len(gg.units_from_streets(parts, streets)) == 2
    assert len(gg.units_from_points(layer([]), parts)) == 2


# --- points -----------------------------------------------------------------------------------


def test_points_outside_on_the_border_and_without_shape_are_told():
    homes = layer(
        [Point(*at((1, 1))[0], 5), None, Point(), Point(np.nan, 1), Point(0, 0)]
        + [Point(p) for p in at((0, 50), (100, 100), (100.001, 50))]
    )
    units = gg.units_from_points(homes, TOWN)
    is_partition(units, TOWN)
    assert told(units, "points", "unusable", "outside") == [3, 3, 2]


def test_rows_without_shape_are_counted_in_every_layer():
    with np.errstate(invalid="ignore"):
        nowhere = [None, LineString(), LineString([(np.nan, 0), (1, 1)])]
    flat = [Polygon(at((1, 1), (2, 2), (3, 3), (1, 1)))]
    units = gg.units_from_streets(TOWN, layer([*CROSS, *nowhere]), layer([None, *flat]))
    assert told(units, "unusable") == [5]
    units = gg.units_from_streets(TOWN, None, buildings=layer([None, *flat, square(1, 1, 9, 9)]))
    assert told(units, "unusable") == [2]
    assert units["households"].tolist() == [1]


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("crs", [None, "EPSG:4490", "EPSG:3857"])
def test_refuses_a_boundary_that_cannot_measure(crs):
    town = layer([box(120.2, 31.9, 120.3, 32.0)], crs=crs)
    with pytest.raises(CRSError, match=r"to_metric\(boundary\)"):
        gg.units_from_streets(town, layer([]))
    with pytest.raises(CRSError, match=r"to_metric\(boundary\)"):
        gg.units_from_points(layer([]), town)


@pytest.mark.parametrize(
    "row", [square(1, 1, 9, 9), Point(at((1, 1))[0]), GeometryCollection([CROSS[0]])]
)
def test_refuses_streets_that_are_no_lines_and_says_what_to_give(row):
    with pytest.raises(GeometryError, match=r"streets has 1 rows of another kind \(2\)") as error:
        gg.units_from_streets(TOWN, layer([*CROSS, row]))
    assert "centre lines" in error.value.hint


def test_says_what_is_wrong_with_a_layer():
    point = layer([Point(at((0, 0))[0])])
    with pytest.raises(GeometryError, match="barriers has 1 rows"):
        gg.units_from_streets(TOWN, None, point)
    with pytest.raises(GeometryError, match="points has 1 rows"):
        gg.units_from_points(layer([MultiPoint(at((1, 1)))]), TOWN)
    with pytest.raises(GeometryError, match="boundary has 1 rows"):
        gg.units_from_points(point, layer(CROSS[:1]))
    for town in ([], [None], [Polygon()]):
        with pytest.raises(GeometryError, match="boundary has no area"):
            gg.units_from_points(point, layer(town))
    with pytest.raises(CRSError, match="streets has no CRS"):
        gg.units_from_streets(TOWN, layer(CROSS, crs=None))


@pytest.mark.parametrize("households", [-1, "many", np.inf])
def test_refuses_households_that_are_no_count(households):
    homes = layer([Point(at((1, 1))[0])], households=[households])
    with pytest.raises(ParameterError, match="1 rows whose households are negative or no number"):
        gg.units_from_points(homes, TOWN)
    with pytest.raises(ParameterError, match="buildings has 1 rows"):
        gg.units_from_streets(TOWN, None, buildings=homes)


@pytest.mark.parametrize("name", ["snap_m", "max_load", "min_area_m2", "min_width_m"])
@pytest.mark.parametrize("value", [-1, np.nan, np.inf, "1", True, None])
def test_refuses_sizes_that_are_none(name, value):
    with pytest.raises(ParameterError, match=f"{name} is"):
        gg.units_from_streets(TOWN, None, **{name: value})
    with pytest.raises(ParameterError, match="same_m is"):
        gg.units_from_points(layer([]), TOWN, same_m=value)
