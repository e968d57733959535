"""Lines cut where they meet: cleanly, once for all, and hardly moved."""

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import LineString

from gridgeo.analysis.units.noding import CLEAR_M, merged, noded
from tests.analysis.units.drawn import EAST, NORTH, line, square

# Corners that all but coincide, and lines that all but run on each other.
near = st.sampled_from([0.0, 3e-10, 1e-9, 8e-9, 4e-8, 9e-8, 1.3e-7, 4e-7, 1e-6])
coordinate = st.builds(
    lambda place, off: place + off, st.sampled_from([0.0, 10, 12.5, 33.3, 40, 80]), near
)
lines = st.lists(
    st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=4, unique=True).map(
        lambda xy: line(*xy)
    ),
    min_size=1,
    max_size=8,
)
AREA = square(-10, -10, 110, 110)
shapely.prepare(AREA)


def cut(drawn):
    return noded(np.array(drawn, object), AREA)


# Corners of a triangle so flat that two of them each lie near the side across.
FLAT = [
    line((40, 0), (40.00000004, 40)),
    line((0, 0), (40.00000013, 33.300000008), (0, 40)),
]


@example(drawn=FLAT)
@given(drawn=lines)
def test_no_corner_is_near_a_line_without_being_on_it(drawn):
    pieces = shapely.get_parts(cut(drawn))
    ends = shapely.get_coordinates(pieces).reshape(-1, 2, 2)
    corners = np.unique(ends.reshape(-1, 2), axis=0)
    apart = shapely.distance(shapely.points(corners)[:, None], pieces[None])
    on = (corners[:, None, None] == ends[None]).all(axis=3).any(axis=2)
    # Distances of coordinates of millions of metres are known to a nanometre.
    assert (on | (apart > CLEAR_M - 2e-9)).all()
    assert not shapely.crosses(pieces[:, None], pieces[None]).any()


@given(drawn=lines)
def test_cutting_again_changes_nothing(drawn):
    net = cut(drawn)
    assert cut([net]).wkb == net.wkb


@given(drawn=lines, rng=st.randoms(use_true_random=False))
def test_order_and_direction_change_nothing(drawn, rng):
    mixed = [s.reverse() if rng.random() < 0.5 else s for s in [*drawn, drawn[0]]]
    rng.shuffle(mixed)
    assert cut(mixed).wkb == cut(drawn).wkb


@given(drawn=lines)
def test_nothing_moves_by_more_than_a_hair(drawn):
    net, before = cut(drawn), shapely.union_all(drawn)
    # What is shorter than a hair may be gone.
    pieces = shapely.get_parts(before)
    long = shapely.multilinestrings(pieces[shapely.length(pieces) > 1e-6])
    for one, other in ((net, before), (long, net)):
        along = shapely.points(shapely.get_coordinates(shapely.segmentize(one, 1.0)))
        assert not (shapely.distance(along, other) > 2e-6).any()


def test_a_line_that_passes_a_corner_by_a_hair_goes_through_it():
    net = cut([line((0, 0), (80, 0)), line((40, 5e-8), (40, 20))])
    assert len(net.geoms) == 3
    assert len(cut([line((0, 0), (80, 0)), line((40, 5e-7), (40, 20))]).geoms) == 2


@pytest.mark.parametrize("places", [[0.0, 1.5e-7, 3e-7], [3e-7, 0.0, 1.5e-7]])
def test_corners_that_are_near_in_a_chain_become_the_westernmost(places):
    xy = np.array([(EAST + x, NORTH) for x in places])
    assert len(np.unique(merged(xy), axis=0)) == 1
    assert merged(xy)[0, 0] == pytest.approx(EAST, abs=1e-9)
    assert LineString(merged(np.append(xy, xy + 1, axis=0))).is_valid
