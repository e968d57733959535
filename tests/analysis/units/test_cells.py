"""Units around points: every place belongs to the nearest point on its side of the barriers."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point

import gridgeo as gg
from tests.analysis.units.drawn import (
    at,
    cuts_nothing,
    hangs_together,
    is_partition,
    layer,
    line,
    places,
    same,
    square,
)


def crowd(place):
    """The houses of a place as points, those of a terrace in a row."""
    return place.houses.set_geometry(shapely.point_on_surface(place.houses.geometry.array))


@given(place=places)
def test_cells_are_a_partition_that_no_barrier_crosses(place):
    units = gg.units_from_points(crowd(place), place.town, place.barriers)
    is_partition(units, place.town)
    cuts_nothing(units, place.town, place.barriers)


@given(
    step=st.sampled_from([1.0, 7.3, 20.0]),
    turn=st.sampled_from([0.0, 0.3, 1.1]),
    gone=st.sets(st.integers(0, 63), max_size=20),
    place=places,
)
def test_points_on_a_lattice_are_no_harder(step, turn, gone, place):
    i = np.delete(np.arange(64), list(gone))
    x, y = step * (i % 8), step * (i // 8)
    xy = np.column_stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)])
    homes = layer(map(Point, at(*(xy + 20))))
    units = gg.units_from_points(homes, place.town, place.barriers)
    is_partition(units, place.town)


@given(place=places)
def test_every_point_is_counted_once_in_a_unit_that_holds_it(place):
    points = crowd(place)
    units = gg.units_from_points(points, place.town, place.barriers)
    report = units.attrs["report"]
    area = shapely.union_all(shapely.make_valid(np.asarray(place.town.geometry)))
    inside = points[points.dwithin(area, 1e-6)]
    share = inside["households"]
    assert units["points"].sum() == report["points"] == len(inside)
    assert units["households"].sum() == share.sum()
    assert report["outside"] == len(points) - len(inside)
    for column, count in (("points", share * 0 + 1), ("households", share)):
        for unit, shape in units.geometry.items():
            least = count[inside.dwithin(shape.buffer(-1e-5), 0)].sum()
            assert least <= units.loc[unit, column] <= count[inside.dwithin(shape, 1e-5)].sum()


@given(
    xy=st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(1, 3)),
        min_size=1,
        unique_by=lambda t: t[:2],
    )
)
def test_points_at_one_place_share_a_unit(xy):
    homes = [Point(p) for x, y, times in xy for p in at((2 * x, 2 * y)) * times]
    units = gg.units_from_points(layer(homes), layer([square()]))
    assert sorted(units["points"]) == sorted(times for *_, times in xy)
    assert units.attrs["report"]["coincident"] == len(homes) - len(xy)


@given(place=places, rng=st.randoms(use_true_random=False))
def test_cells_do_not_depend_on_the_order_of_rows(place, rng):
    points = crowd(place)
    mixed = points.iloc[rng.sample(range(len(points)), len(points))]
    one = gg.units_from_points(points, place.town, place.barriers)
    other = gg.units_from_points(mixed, place.town.iloc[::-1], place.barriers.iloc[::-1])
    same(one, other)


inner = st.tuples(st.floats(0, 100), st.floats(0, 100)).map(
    lambda xy: tuple(np.round(xy, 2).tolist())
)


@given(homes=st.lists(inner, min_size=1, max_size=25, unique=True))
def test_in_a_convex_place_a_cell_is_what_is_nearest_to_its_point(homes):
    points = layer(map(Point, at(*homes)))
    units = gg.units_from_points(points, layer([square()]))
    spots = units.representative_point()
    nearest = np.array([points.distance(spot).idxmin() for spot in spots])
    own = points.geometry.iloc[nearest].reset_index(drop=True).set_axis(units.index)
    assert (units.distance(own) < 1e-6).all()
    hangs_together(units)


# --- worked by hand ---------------------------------------------------------------------------


def test_parts_of_a_cell_behind_a_river_go_to_a_neighbour_on_their_side():
    river = layer([line((30, -9), (30, 109))])
    homes = layer([Point(p) for p in at((20, 20), (20, 80), (40, 50))])
    units = gg.units_from_points(homes, layer([square()]), river)
    # The triangle (30, 35), (30, 65), (7.5, 50) is cut off from the home in the east.
    assert sorted(units.area.round(6)) == [1331.25, 1331.25 + 337.5, 7000]
    report = units.attrs["report"]
    assert (report["moved_pieces"], report["without_point"]) == (3, 0)


def test_a_bank_without_points_is_one_unit():
    river = layer([line((50, -9), (50, 109))])
    homes = layer([Point(p) for p in at((20, 20), (20, 80), (20, 20))], households=[1, 2, np.nan])
    units = gg.units_from_points(homes, layer([square()]), river)
    assert sorted(zip(units["points"], units["households"], units.area.round(6), strict=True)) == [
        (0, 0, 5000),
        (1, 2, 2500),
        (2, 1, 2500),
    ]
    assert units["piece"].nunique() == 2


@pytest.mark.parametrize("gap_m", [0.0, 0.0009, 0.0011])
def test_points_within_a_millimetre_are_one_place(gap_m):
    homes = layer([Point(p) for p in at((20, 20), (20 + gap_m, 20))])
    units = gg.units_from_points(homes, layer([square()]))
    assert len(units) == (2 if gap_m > 0.001 else 1)
