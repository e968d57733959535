"""Towns, streets, rivers and houses as hypothesis draws them, and what units of them must keep."""

from itertools import pairwise
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon, affinity, box

import gridgeo as gg

EAST, NORTH = 526_000.0, 3_541_000.0
METRES = 4549


def layer(shapes, crs=METRES, **columns):
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(list(shapes), crs=crs), crs=crs)


def at(*xy):
    return [(EAST + x, NORTH + y) for x, y in xy]


def line(*xy):
    return LineString(at(*xy))


def square(x0=0, y0=0, x1=100, y1=100):
    return box(EAST + x0, NORTH + y0, EAST + x1, NORTH + y1)


# --- what is drawn ----------------------------------------------------------------------------


class Place(NamedTuple):
    """A town with all that its units are drawn from."""

    town: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    houses: gpd.GeoDataFrame


def _rounded(low, high):
    xy = st.tuples(st.floats(low, high), st.floats(low, high))
    digits = st.sampled_from([0, 2, 9])
    return st.builds(lambda xy, digits: tuple(np.round(xy, digits).tolist()), xy, digits)


tens = st.integers(-1, 11).map(lambda n: 10.0 * n)
free = st.lists(_rounded(-30, 130), min_size=2, max_size=5, unique=True).map(LineString)
# Streets on a lattice meet at corners, run over each other and along the border of the town.
lattice = st.tuples(tens, tens, tens, st.booleans()).map(
    lambda t: LineString([(t[0], t[1]), (t[0], t[2])] if t[3] else [(t[1], t[0]), (t[2], t[0])])
)
ring = st.lists(_rounded(-10, 110), min_size=3, max_size=5, unique=True).map(
    lambda xy: LineString([*xy, xy[0]])
)
street = st.one_of(free, lattice, lattice, ring)


def _again(lines, shift):
    """A street drawn once more, a little beside itself."""
    return [*lines, *(affinity.translate(s, shift, -shift / 3) for s in lines[:2])]


streets = st.one_of(
    st.lists(street, max_size=9),
    st.builds(
        _again, st.lists(street, max_size=6), st.sampled_from([0, 1e-9, 1e-6, 1e-3, 0.008, 0.02, 1])
    ),
    st.lists(street, min_size=2, max_size=6).map(lambda lines: [MultiLineString(lines)]),
)
towns = st.sampled_from(
    [
        [box(0, 0, 100, 100)],
        [box(0, 0, 50, 100), box(50, 0, 100, 100)],
        [box(0, 0, 50, 40), box(50, 0, 100, 100)],
        [box(0, 0, 60, 100), box(50, 0, 100, 90)],
        [Polygon([(0, 0), (100, 0), (100, 100), (50, 20), (0, 100)])],
        [Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])],
        [box(0, 0, 100, 100) - box(30, 30, 60, 60)],
        [MultiPolygon([box(0, 0, 40, 100), box(60, 0, 100, 70)])],
        [MultiPolygon([box(0, 0, 50, 50), box(50, 50, 100, 100)])],
        [Polygon([(3, 1), (97, 8), (88, 103), (-7, 92)])],
    ]
)
rivers = st.one_of(
    st.sampled_from(
        [
            [],
            [LineString([(50, -50), (50, 150)])],
            [LineString([(-50, 10), (60, 60), (150, 30)])],
            [box(-50, 45, 150, 55)],
            [box(20, -20, 30, 150), LineString([(-50, 51), (150, 49)])],
            [box(35, 35, 65, 65)],
            [box(35, 35, 65, 65), LineString([(50, 30), (50, 150)])],
            [box(10, 10, 90, 90) - box(30, 30, 70, 70)],
        ]
    ),
    st.lists(free, max_size=2),
)
spots = st.lists(
    st.one_of(_rounded(-5, 105), st.sampled_from([(10, 10), (50, 50), (50, 50.02), (0, 0)])),
    max_size=20,
)


def _row(start, turn, widths, depth):
    """Houses that share party walls."""
    x = np.cumsum([0, *widths])
    homes = [box(a, 0, b, depth) for a, b in pairwise(x)]
    return [affinity.translate(affinity.rotate(h, turn, (0, 0)), *start) for h in homes]


rows = st.builds(
    _row,
    _rounded(0, 100),
    st.floats(0, 180),
    st.lists(st.sampled_from([4.0, 5.5, 9.1]), min_size=1, max_size=8),
    st.sampled_from([6.0, 11.0]),
)
houses = st.builds(
    lambda points, rounds, terraces: [
        *map(Point, points),
        *(Point(p).buffer(2, 2) for p in rounds),
        *(home for row in terraces for home in row),
    ],
    spots,
    st.lists(_rounded(-5, 105), max_size=8),
    st.lists(rows, max_size=2),
)


def _placed(town, roads, waters, homes, turn, high):
    def put(shapes):
        moved = [
            affinity.translate(affinity.rotate(s, turn, origin=(50, 50)), EAST, NORTH)
            for s in shapes
        ]
        return layer(shapely.force_3d(np.array(moved, object), 8.0) if high else moved)

    crowd = put(homes).assign(households=np.arange(len(homes)) % 4)
    return Place(put(town), put(roads), put(waters), crowd)


places = st.builds(
    _placed, towns, streets, rivers, houses, st.sampled_from([0, 0, 17.3, 61]), st.booleans()
)

# --- what must hold ---------------------------------------------------------------------------


def is_partition(units, boundary):
    """Units cover the boundary exactly: no gap, no overlap, one valid piece each."""
    whole = shapely.union_all(shapely.make_valid(np.asarray(boundary.geometry)))
    assert units.is_valid.all()
    assert (units.geom_type == "Polygon").all()
    assert shapely.coverage_is_valid(units.geometry.array)
    # Corners move by a fraction of a micrometre.
    assert units.area.sum() == pytest.approx(whole.area, abs=3e-7 * whole.length)
    assert shapely.union_all(units.geometry.array).symmetric_difference(whole).area < 1e-3
    assert gg.tiling_faults(units, boundary, min_area_m2=1e-3).empty
    assert units.index.is_unique
    assert not units.has_z.any()


def parts_between(town, barriers):
    """The parts that barriers, banks and the borders of villages make, taken by themselves."""
    area = shapely.make_valid(shapely.force_2d(np.asarray(town.geometry)))
    waters = shapely.force_2d(np.asarray(barriers.geometry))
    lines = [*shapely.boundary(area), *(b.boundary if b.area else b for b in waters)]
    parts = shapely.get_parts(shapely.polygonize([shapely.union_all(lines)]))
    inside = shapely.contains(shapely.union_all(area), shapely.point_on_surface(parts))
    return parts[inside]


def cuts_nothing(units, town, barriers, snap_m=0.0):
    """Every unit is inside one of the parts that barriers and villages alone make.

    Parts no wider than ``snap_m`` lie between a barrier and itself, drawn twice.
    """
    parts = parts_between(town, barriers)
    parts = parts[2 * shapely.area(parts) / shapely.length(parts) > snap_m * 1.01]
    core = units.buffer(-1e-5)
    met = shapely.STRtree(parts).query(core.array, predicate="intersects")[0]
    assert (np.bincount(met, minlength=len(units)) <= 1).all()


def same(one, other):
    """Two answers agree to the bit."""
    assert one.index.equals(other.index)
    assert (one.geometry.to_wkb() == other.geometry.to_wkb()).all()
    assert one.drop(columns="geometry").equals(other.drop(columns="geometry"))
    assert one.attrs == other.attrs


def hangs_together(units):
    """Every unit is reached from the first over shared borders."""
    graph = gg.UnitGraph(units)
    reached, edge = {0}, {0}
    while edge:
        near = graph.pairs[np.isin(graph.pairs, list(edge)).any(axis=1)].ravel().tolist()
        edge = set(near) - reached
        reached |= edge
    assert len(reached) == len(units)


def counts_everybody_once(units, houses, town):
    """A building counts in one unit, one that holds the point it is at."""
    spots = shapely.point_on_surface(shapely.force_2d(np.asarray(houses.geometry)))
    area = shapely.union_all(shapely.make_valid(np.asarray(town.geometry)))
    share = houses["households"].to_numpy()
    away = shapely.distance(area, spots)
    assert share[away == 0].sum() <= units["households"].sum() <= share[away < 1e-5].sum()
    tree = shapely.STRtree(spots)
    shapes = np.asarray(units.geometry)
    near = tree.query(shapes, predicate="dwithin", distance=1e-5)
    well_inside = tree.query(units.buffer(-1e-5).array, predicate="intersects")
    most, least = (
        np.bincount(unit, weights=share[spot], minlength=len(units))
        for unit, spot in (near, well_inside)
    )
    assert (least <= units["households"]).all()
    assert (units["households"] <= most).all()


def goes_through_no_house(units, blocks, houses):
    """Where a block was split, no border enters a house deeper than a party wall."""
    apart = shapely.union_all(units.boundary.array).difference(
        shapely.union_all(blocks.boundary.array).buffer(1e-4)
    )
    cores = shapely.buffer(np.asarray(houses.geometry), -0.011)
    assert (shapely.length(shapely.intersection(apart, cores)) < 1e-3).all()


def holds_no_more(units, houses, most):
    """A unit above the load holds one clump of houses that overlap."""
    shapes = shapely.force_2d(np.asarray(houses.geometry))
    spot = shapely.get_type_id(shapes) == 0
    shapes[spot] = shapely.buffer(shapes[spot], 0.05, cap_style="square")
    at = shapely.point_on_surface(shapes)
    some = houses["households"].to_numpy() > 0
    for unit in units.geometry[units["households"] > most]:
        counted = some & shapely.intersects(unit.buffer(-1e-5), at)
        # A house where nobody lives, or whose people count elsewhere, can tie two others together.
        here = shapes[shapely.intersects(unit, shapes)]
        clumps = shapely.get_parts(shapely.union_all(shapely.buffer(here, -0.0049)))
        lived_in = shapely.intersects(clumps[:, None], shapes[counted][None, :]).any(axis=1)
        assert lived_in.sum() <= 1
