"""Units between streets: the laws that every plan of streets must keep, dirty ones too."""

import numpy as np
import pandas as pd
import shapely
from hypothesis import given
from hypothesis import strategies as st

import gridgeo as gg
from tests.analysis.units.drawn import (
    cuts_nothing,
    hangs_together,
    is_partition,
    layer,
    parts_between,
    places,
    same,
    square,
    streets,
)

sizes = st.sampled_from(
    [{}, {"min_area_m2": 0, "min_width_m": 0}, {"min_area_m2": 0, "min_width_m": 0, "snap_m": 0}]
)


@given(place=places, sizes=sizes)
def test_blocks_are_a_partition_of_the_boundary(place, sizes):
    is_partition(gg.units_from_streets(*place[:3], **sizes), place.town)


@given(place=places, sizes=sizes)
def test_no_block_lies_on_both_sides_of_a_barrier_or_of_a_village_border(place, sizes):
    units = gg.units_from_streets(*place[:3], **sizes)
    cuts_nothing(units, place.town, place.barriers, sizes.get("snap_m", 0.01))


@given(place=places)
def test_no_street_parts_a_block_as_long_as_slivers_are_kept(place):
    sizes = {"min_area_m2": 0, "min_width_m": 0, "snap_m": 0}
    units = gg.units_from_streets(*place[:3], **sizes)
    roads = shapely.union_all(np.asarray(place.streets.geometry))
    for unit in units.geometry:
        parts = shapely.get_parts(unit.difference(roads))
        assert (~parts_thinner(parts, 1e-5)).sum() <= 1


def parts_thinner(parts, metres):
    return shapely.is_empty(shapely.buffer(parts, -metres))


@given(place=places, rng=st.randoms(use_true_random=False))
def test_blocks_depend_neither_on_the_order_of_rows_nor_on_directions(place, rng):
    lines = shapely.get_parts(np.asarray(place.streets.geometry)).tolist()
    mixed = [s.reverse() if rng.random() < 0.5 else s for s in [*lines, *lines[:1]]]
    rng.shuffle(mixed)
    crowd = place.houses
    one = gg.units_from_streets(*place[:3], buildings=crowd, max_load=4)
    other = gg.units_from_streets(
        place.town.iloc[::-1],
        layer(mixed),
        place.barriers.iloc[::-1],
        buildings=crowd.iloc[rng.sample(range(len(crowd)), len(crowd))],
        max_load=4,
    )
    same(one, other)


@given(place=places)
def test_a_piece_is_what_no_barrier_parts(place):
    units = gg.units_from_streets(*place[:3])
    area = shapely.union_all(shapely.make_valid(np.asarray(place.town.geometry))).buffer(1e-6)
    parts = parts_between(layer([area]), place.barriers)
    wide = shapely.buffer(np.asarray(place.barriers.geometry), 0.011)
    open_ = shapely.get_parts(area.difference(shapely.union_all(wide)).buffer(-0.011))
    land = units[units["kind"] == "land"]
    pieces_apart = land["piece"].groupby(holder(parts, land)).agg(["nunique", "first"])
    assert pieces_apart["first"].is_unique
    assert (land["piece"].groupby(holder(open_, land)).nunique() == 1).all()
    assert (units.loc[units["kind"] == "water", "piece"] == 0).all()


def holder(parts, units):
    """Which part the middle of each unit lies in; NaN where in none."""
    unit, part = shapely.STRtree(parts).query(
        shapely.point_on_surface(units.geometry.array), predicate="intersects"
    )
    return pd.Series(part, units.index[unit]).reindex(units.index)


@given(roads=streets)
def test_a_connected_boundary_without_barriers_gives_connected_units(roads):
    units = gg.units_from_streets(layer([square()]), layer(roads).translate(526e3, 3541e3))
    hangs_together(units)
    assert (units["piece"] == 1).all()
