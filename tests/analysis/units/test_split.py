"""Blocks split between buildings: what holds whatever stands in them."""

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import Point, affinity, box

import gridgeo as gg
from gridgeo.analysis.units.faces import borders
from gridgeo.analysis.units.split import one_piece_each
from tests.analysis.units.drawn import (
    EAST,
    NORTH,
    Place,
    at,
    counts_everybody_once,
    goes_through_no_house,
    holds_no_more,
    is_partition,
    layer,
    line,
    places,
    square,
)

# Cutting at (110, 36) once left a hair that was given to a part it does not touch.
HAIR = Place(
    layer([square(-10, -10, 110, 110)]),
    layer([line((0, 0), (50, 0)), line((125, 45), (0, -29), (0, 0))]),
    layer([]),
    layer([Point(p).buffer(2, 2) for p in at((0, 0), (105, 54), (69.5, 34))], households=[0, 1, 2]),
)


@example(place=HAIR, most=1)
@given(place=places, most=st.integers(0, 9))
def test_parts_are_a_partition_that_counts_everybody_once(place, most):
    units = gg.units_from_streets(*place[:3], buildings=place.houses, max_load=most)
    is_partition(units, place.town)
    counts_everybody_once(units, place.houses, place.town)


@given(place=places, most=st.integers(1, 9))
def test_a_part_holds_no_more_than_the_load_but_for_a_single_building(place, most):
    units = gg.units_from_streets(*place[:3], buildings=place.houses, max_load=most)
    holds_no_more(units, place.houses, most)


@given(place=places, most=st.integers(1, 9))
def test_no_border_within_a_block_goes_through_a_building(place, most):
    units = gg.units_from_streets(*place[:3], buildings=place.houses, max_load=most)
    blocks = gg.units_from_streets(*place[:3])
    goes_through_no_house(units, blocks, place.houses)


# --- worked by hand ---------------------------------------------------------------------------

TOWN = layer([square()])


def told(units, *names):
    return [units.attrs["report"][name] for name in names]


def test_a_large_block_is_split_between_its_buildings():
    houses = [Point(p) for p in at((20, 50), (40, 50), (60, 50), (80, 50))]
    rows = layer(houses, households=[5, 5, 5, 5])
    units = gg.units_from_streets(TOWN, None, buildings=rows, max_load=10)
    assert units["households"].tolist() == [10, 10]
    assert units.area.tolist() == pytest.approx([5000, 5000])


def test_a_building_above_the_load_stays_one_and_is_counted():
    homes = [square(40, 40, 60, 60), square(10, 10, 20, 20), square(80, 80, 90, 90)]
    units = gg.units_from_streets(
        TOWN, None, buildings=layer(homes, households=[50, 4, 4]), max_load=10
    )
    assert sorted(units["households"]) == [4, 4, 50]
    assert told(units, "over_max_load", "split_blocks") == [1, 1]
    tower = layer(homes[:1], households=[50])
    units = gg.units_from_streets(TOWN, None, buildings=tower, max_load=10)
    assert (len(units), told(units, "over_max_load", "split_blocks")) == (1, [1, 0])


@pytest.mark.parametrize("turn", [0.0, 33.3, 90.0, 127.7])
@pytest.mark.parametrize("overlap_m", [0.0, 0.008, 0.03])
def test_a_terrace_is_split_at_its_party_walls_unless_its_houses_overlap(turn, overlap_m):
    """Ten houses wall to wall: the border goes along a wall, or through a strip of a centimetre."""
    terrace = [box(5 * n, 0, 5 * n + 5 + overlap_m, 10) for n in range(10)]
    middle = [affinity.translate(home, 25, 45) for home in terrace]
    turned = [affinity.rotate(home, turn, origin=(50, 50)) for home in middle]
    homes = layer([affinity.translate(home, EAST, NORTH) for home in turned])
    units = gg.units_from_streets(TOWN, None, buildings=homes, max_load=2)
    is_partition(units, TOWN)
    assert sorted(units["households"]) == ([10] if overlap_m > 0.01 else [2] * 5)
    goes_through_no_house(units, TOWN, homes)


def test_what_overlaps_or_contains_another_is_one_building():
    homes = [square(40, 40, 60, 60), square(59, 40, 70, 60), square(45, 45, 46, 46)]
    homes += [square(10, 10, 12, 12)]
    units = gg.units_from_streets(TOWN, None, buildings=layer(homes), max_load=1)
    assert sorted(units["households"]) == [1, 3]


def test_points_nearer_than_ten_centimetres_are_one_building():
    for gap_m, parts in ((0.0, [2]), (0.05, [2]), (0.2, [1, 1])):
        homes = layer([Point(p) for p in at((50, 50), (50 + gap_m, 50))])
        units = gg.units_from_streets(TOWN, None, buildings=homes, max_load=1)
        assert sorted(units["households"]) == parts


def test_a_building_on_a_street_counts_once_and_on_the_border_of_the_town_too():
    street = layer([line((50, -5), (50, 105))])
    spots = at((50, 20), (50, 80), (0, 0), (100, 50), (-1, 50))
    units = gg.units_from_streets(TOWN, street, buildings=layer(map(Point, spots)), max_load=1)
    assert units["households"].sum() == 4
    assert units["households"].max() == 1
    assert told(units, "buildings_outside") == [1]


def test_a_building_of_several_parts_counts_at_one_of_them():
    wings = square(10, 10, 20, 20) | square(80, 80, 95, 95)
    homes = layer([wings, square(10, 80, 20, 90)], households=[7, 7])
    units = gg.units_from_streets(TOWN, None, buildings=homes, max_load=7)
    assert np.sort(units["households"]).tolist() == [0, 7, 7] or sorted(units["households"]) == [
        7,
        7,
    ]
    assert told(units, "over_max_load") == [0]


def test_pieces_that_no_border_joins_become_shapes_of_their_own_and_hairs_join_a_neighbour():
    row = [square(0, 0, 10, 10), square(10, 0, 20, 10), square(20, 0, 30, 10)]
    hair = square(30, 0, 30 + 1e-6, 10)
    faces = np.array([*row, hair, square(30 + 1e-6, 0, 40, 10)], object)
    pair, ends = borders(faces)
    label = one_piece_each(np.array([0, 1, 0, 1, 2]), shapely.area(faces), pair, ends)
    assert len(set(label[[0, 1, 2, 4]])) == 4
    assert label[3] in label[[2, 4]]
