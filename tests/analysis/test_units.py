"""Units between streets and around points.

Long because both keep the same laws on the same drawn towns, rivers and helpers.
"""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

import gridgeo as gg
from gridgeo.errors import CRSError, GeometryError, ParameterError

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


def is_partition(units, boundary):
    whole = shapely.union_all(np.asarray(boundary.geometry))
    assert units.is_valid.all()
    assert (units.geom_type == "Polygon").all()
    assert shapely.coverage_is_valid(units.geometry.array)
    assert units.area.sum() == pytest.approx(whole.area, rel=1e-9)
    assert shapely.union_all(units.geometry.array).symmetric_difference(whole).area < 1e-3
    assert gg.tiling_faults(units, boundary, min_area_m2=1e-3).empty
    assert units.index.is_unique


def same(one, other):
    assert one.index.equals(other.index)
    assert (one.geometry.to_wkb() == other.geometry.to_wkb()).all()
    assert one.drop(columns="geometry").equals(other.drop(columns="geometry"))
    assert one.attrs == other.attrs


# --- what towns look like ---------------------------------------------------------------------

places = st.tuples(st.floats(-30, 130), st.floats(-30, 130))
rough = st.builds(
    lambda xy, digits: tuple(np.round(xy, digits).tolist()), places, st.sampled_from([0, 2, 9])
)
inner = st.tuples(st.floats(-5, 105), st.floats(-5, 105)).map(
    lambda xy: tuple(np.round(xy, 3).tolist())
)
roads = st.lists(
    st.lists(rough, min_size=2, max_size=5, unique=True).map(lambda xy: line(*xy)), max_size=9
)
towns = st.sampled_from(
    [
        [square()],
        [square(0, 0, 50, 100), square(50, 0, 100, 100)],
        [square(0, 0, 50, 40), square(50, 0, 100, 100)],
        [Polygon(at((0, 0), (100, 0), (100, 100), (50, 20), (0, 100)))],
        [square() - square(30, 30, 60, 60)],
        [MultiPolygon([square(0, 0, 40, 100), square(60, 0, 100, 70)])],
        [Polygon(at((3, 1), (97, 8), (88, 103), (-7, 92)))],
    ]
).map(layer)
rivers = st.sampled_from(
    [
        [],
        [line((50, -50), (50, 150))],
        [line((-50, 10), (60, 60), (150, 30))],
        [square(-50, 45, 150, 55)],
        [square(20, -20, 30, 150), line((-50, 51), (150, 49))],
        [square(35, 35, 65, 65)],
    ]
).map(layer)


# --- laws: blocks -----------------------------------------------------------------------------


@given(town=towns, streets=roads, barriers=rivers)
def test_blocks_are_a_partition_of_the_boundary(town, streets, barriers):
    is_partition(gg.units_from_streets(town, layer(streets), barriers), town)


@given(
    town=towns,
    streets=roads.filter(len),
    barriers=rivers,
    homes=st.lists(inner, max_size=12),
    rng=st.randoms(use_true_random=False),
)
def test_blocks_depend_neither_on_the_order_of_rows_nor_on_directions(
    town, streets, barriers, homes, rng
):
    mixed = [s.reverse() if rng.random() < 0.5 else s for s in [*streets, streets[0]]]
    rng.shuffle(mixed)
    people = [Point(p) for p in at(*homes)]
    back = layer(people[::-1])
    one = gg.units_from_streets(town, layer(streets), barriers, buildings=layer(people), max_load=2)
    other = gg.units_from_streets(
        town.iloc[::-1], layer(mixed), barriers.iloc[::-1], buildings=back, max_load=2
    )
    assert one.index.equals(other.index)
    same(one, other)


@given(town=towns, streets=roads, barriers=rivers)
def test_no_block_lies_on_both_sides_of_a_barrier_or_of_a_village_border(town, streets, barriers):
    units = gg.units_from_streets(town, layer(streets), barriers)
    cuts_nothing(units, town, barriers)


def cuts_nothing(units, town, barriers):
    """Every unit is inside one of the parts that barriers and villages alone make."""
    lines = [*town.boundary, *(b.boundary if b.area else b for b in barriers.geometry)]
    parts = shapely.get_parts(shapely.polygonize([shapely.union_all(lines)]))
    core = units.buffer(-1e-5)
    full = ~core.is_empty.to_numpy()
    met = shapely.STRtree(parts).query(core.array[full], predicate="intersects")[0]
    assert (np.bincount(met, minlength=full.sum()) == 1).all()


@given(streets=roads, homes=st.lists(inner, max_size=20), most=st.integers(1, 6))
def test_split_blocks_are_a_partition_that_counts_everybody_and_cuts_no_building(
    streets, homes, most
):
    town = layer([square(-10, -10, 110, 110)])
    people = np.arange(len(homes)) % 3
    houses = layer([Point(p).buffer(2, 2) for p in at(*homes)], households=people)
    units = gg.units_from_streets(town, layer(streets), buildings=houses, max_load=most)
    is_partition(units, town)
    assert units["households"].sum() == people.sum()
    blocks = gg.units_from_streets(town, layer(streets))
    apart = shapely.union_all(units.boundary.array).difference(
        shapely.union_all(blocks.boundary.array).buffer(1e-4)
    )
    inside = shapely.union_all(houses.geometry.array).buffer(-1e-3)
    alone = shapely.union_all(
        [h for h in houses.geometry if not houses.geometry.touches(h).any()] or [Polygon()]
    )
    assert apart.intersection(inside.intersection(alone)).length < 1e-3


@given(streets=roads)
def test_a_connected_boundary_without_barriers_gives_connected_units(streets):
    units = gg.units_from_streets(layer([square()]), layer(streets))
    connected(units)


def connected(units):
    graph = gg.UnitGraph(units)
    reached, edge = {0}, {0}
    while edge:
        near = graph.pairs[np.isin(graph.pairs, list(edge)).any(axis=1)].ravel().tolist()
        edge = set(near) - reached
        reached |= edge
    assert len(reached) == len(units)


# --- laws: points -----------------------------------------------------------------------------

crowd = st.lists(st.one_of(inner, st.sampled_from([(10, 10), (50, 50), (50, 51)])), max_size=25)


@given(town=towns, homes=crowd, barriers=rivers)
def test_cells_are_a_partition_that_no_barrier_crosses(town, homes, barriers):
    units = gg.units_from_points(layer(map(Point, at(*homes))), town, barriers)
    is_partition(units, town)
    cuts_nothing(units, town, barriers)


@given(town=towns, homes=crowd, barriers=rivers)
def test_every_point_is_counted_once_in_a_unit_that_holds_it(town, homes, barriers):
    points = layer(map(Point, at(*homes)))
    units = gg.units_from_points(points, town, barriers)
    inside = points[points.dwithin(town.union_all(), 0)]
    report = units.attrs["report"]
    assert units["points"].sum() == report["points"] == len(inside)
    assert report["outside"] == len(points) - len(inside)
    distinct = len({p.wkb for p in inside.geometry})
    assert report["coincident"] == len(inside) - distinct
    assert (units["points"] > 0).sum() == distinct
    interior = units.index.repeat(units["points"])
    for place in {p.wkb: p for p in inside.geometry}.values():
        holders = units.index[units.dwithin(place, 1e-5)]
        assert interior.isin(holders).any()
        strictly = units.index[units.contains(place.buffer(1e-5))]
        assert len(strictly) <= 1
        assert (units.loc[strictly, "points"] == (inside.distance(place) == 0).sum()).all()


@given(town=towns, homes=crowd, barriers=rivers, rng=st.randoms(use_true_random=False))
def test_cells_do_not_depend_on_the_order_of_rows(town, homes, barriers, rng):
    mixed = rng.sample(homes, len(homes))
    one = gg.units_from_points(layer(map(Point, at(*homes))), town, barriers)
    other = gg.units_from_points(layer(map(Point, at(*mixed))), town.iloc[::-1], barriers)
    same(one, other)


@given(homes=st.lists(inner, min_size=1, max_size=25, unique=True))
def test_in_a_convex_place_a_cell_is_what_is_nearest_to_its_point(homes):
    points = layer(map(Point, at(*homes)))
    points = points[points.within(square())].reset_index(drop=True)
    assume(len(points))
    units = gg.units_from_points(points, layer([square()]))
    spots = units.representative_point()
    nearest = np.array([points.distance(spot).idxmin() for spot in spots])
    assert (
        units.distance(points.geometry.iloc[nearest].reset_index(drop=True).set_axis(units.index))
        < 1e-6
    ).all()
    connected(units)


# --- worked by hand ---------------------------------------------------------------------------


def report(units, *names):
    return [units.attrs["report"][name] for name in names]


def test_two_crossing_streets_make_four_quarters():
    cross = layer([line((50, -20), (50, 120)), line((100, 50), (0, 50))])
    units = gg.units_from_streets(layer([square()]), cross)
    assert units.index.tolist() == ["U0001", "U0002", "U0003", "U0004"]
    assert units.area.tolist() == pytest.approx([2500] * 4)
    assert len(gg.UnitGraph(units).pairs) == 4


def test_a_river_area_is_a_unit_of_its_own_and_a_street_over_it_a_bridge():
    river = layer([square(-50, 40, 150, 60)])
    units = gg.units_from_streets(layer([square()]), layer([line((50, -5), (50, 105))]), river)
    assert units[units["kind"] == "water"].area.tolist() == pytest.approx([2000])
    banks = units[units["kind"] == "land"].representative_point().y > NORTH + 50
    for a, b in report(units, "bridges")[0]:
        assert banks[a] != banks[b]
    assert len(report(units, "bridges")[0]) == 4


def test_a_river_line_parts_and_a_street_across_it_joins_whom_it_runs_between():
    river = layer([line((-50, 50), (150, 50))])
    units = gg.units_from_streets(layer([square()]), layer([line((50, -5), (50, 105))]), river)
    assert len(units) == 4
    assert report(units, "islands", "bridges")[0] == []
    x = units.representative_point().x
    bridges = report(units, "bridges")[0]
    assert len(bridges) == 2
    assert all((x[a] < EAST + 50) == (x[b] < EAST + 50) for a, b in bridges)


def test_a_dead_end_and_a_loose_ring_part_as_little_as_they_can():
    ring = line((60, 60), (80, 60), (80, 80), (60, 80), (60, 60))
    units = gg.units_from_streets(layer([square()]), layer([line((0, 30), (40, 30)), ring]))
    assert sorted(units.area.round(6)) == [400, 9600]
    assert report(units, "dangling_m") == [40.0]


@pytest.mark.parametrize("gap", [0.0, 1e-9, 0.004, 0.0099])
def test_a_street_that_misses_another_by_less_than_a_centimetre_meets_it(gap):
    streets = [line((50, 0), (50, 100)), line((0, 50), (50 - gap, 50)), line((gap, 20), (50, 20))]
    units = gg.units_from_streets(layer([square()]), layer(streets))
    assert sorted(units.area.round()) == [1000, 1500, 2500, 5000]
    open_ = gg.units_from_streets(layer([square()]), layer(streets), snap_m=0)
    assert len(open_) == (4 if gap == 0 else 2) or gap == 1e-9


def test_a_sliver_joins_its_longest_neighbour_but_not_across_a_river():
    streets = layer([line((50, 0), (50, 100)), line((51, 0), (51, 100)), line((51, 50), (100, 50))])
    free = gg.units_from_streets(layer([square()]), streets)
    assert sorted(free.area.round(6)) == [2450, 2450, 5100]
    assert report(free, "blocks", "merged_slivers") == [4, 1]
    river = layer([line((50, -9), (50, 109))])
    held = gg.units_from_streets(layer([square()]), streets, river)
    assert sorted(held.area.round(6)) == [2450, 2550, 5000]
    kept = gg.units_from_streets(layer([square()]), streets, min_area_m2=0, min_width_m=0)
    assert len(kept) == 4


def test_a_barrier_drawn_twice_leaves_no_hair():
    twice = layer([line((50, -9), (50, 109)), line((50.004, -9), (50.004, 109))])
    units = gg.units_from_streets(layer([square()]), None, twice)
    assert sorted(units.area.round()) == [5000, 5000]


def test_a_large_block_is_split_between_its_buildings():
    houses = [Point(p) for p in at((20, 50), (40, 50), (60, 50), (80, 50))]
    town, none = layer([square()]), layer([])
    units = gg.units_from_streets(
        town, none, buildings=layer(houses, households=[5, 5, 5, 5]), max_load=10
    )
    assert units["households"].tolist() == [10, 10]
    assert units.area.tolist() == pytest.approx([5000, 5000])
    tower = layer(houses[:1], households=[50])
    units = gg.units_from_streets(town, none, buildings=tower, max_load=10)
    assert report(units, "over_max_load", "split_blocks") == [["U0001"], 0]


def test_parts_of_a_cell_behind_a_river_go_to_a_neighbour_on_their_side():
    river = layer([line((30, -9), (30, 109))])
    homes = layer([Point(p) for p in at((20, 20), (20, 80), (40, 50))])
    units = gg.units_from_points(homes, layer([square()]), river)
    # The triangle (30, 35), (30, 65), (7.5, 50) is cut off from the home in the east.
    assert sorted(units.area.round(6)) == [1331.25, 1331.25 + 337.5, 7000]
    assert report(units, "moved_pieces", "without_point", "islands") == [3, 0, []]


def test_a_bank_without_points_is_one_unit():
    river = layer([line((50, -9), (50, 109))])
    homes = layer([Point(p) for p in at((20, 20), (20, 80), (20, 20))], households=[1, 2, np.nan])
    units = gg.units_from_points(homes, layer([square()]), river)
    assert sorted(zip(units["points"], units["households"], units.area.round(6), strict=True)) == [
        (0, 0, 5000),
        (1, 2, 2500),
        (2, 1, 2500),
    ]


# --- edges ------------------------------------------------------------------------------------


def test_without_streets_every_part_of_the_boundary_is_a_unit_and_islands_are_named():
    parts = layer([MultiPolygon([square(0, 0, 40, 40), square(60, 60, 100, 100)])])
    for streets in (None, layer([])):
        units = gg.units_from_streets(parts, streets)
        assert len(units) == 2
        assert report(units, "islands") == [["U0001", "U0002"]]
    assert len(gg.units_from_points(layer([]), parts)) == 2


def test_heights_rows_without_shape_and_strays_outside_do_no_harm_and_are_counted():
    streets = [line((50, 0), (50, 100)), line((500, 0), (500, 9)), None, LineString()]
    with np.errstate(invalid="ignore"):
        streets.append(LineString([(np.nan, 0), (1, 1)]))
        high = shapely.force_3d(np.array(streets, object), 7.0)
    units = gg.units_from_streets(layer([shapely.force_3d(square(), 3.0)]), layer(high))
    assert units.area.tolist() == pytest.approx([5000, 5000])
    assert not units.has_z.any()
    assert report(units, "unusable", "dangling_m") == [3, 0]
    homes = layer([Point(*at((1, 1))[0], 5), None, Point(np.nan, 1), Point(0, 0)])
    cells = gg.units_from_points(homes, layer([square()]))
    assert report(cells, "points", "unusable", "outside") == [1, 2, 1]


@pytest.mark.parametrize("crs", [None, "EPSG:4490", "EPSG:3857"])
def test_refuses_a_boundary_that_cannot_measure(crs):
    town = layer([box(120.2, 31.9, 120.3, 32.0)], crs=crs)
    with pytest.raises(CRSError, match=r"to_metric\(boundary\)"):
        gg.units_from_streets(town, layer([]))
    with pytest.raises(CRSError, match=r"to_metric\(boundary\)"):
        gg.units_from_points(layer([]), town)


def test_says_what_is_wrong_with_a_layer():
    town, point = layer([square()]), layer([Point(EAST, NORTH)])
    with pytest.raises(GeometryError, match=r"streets has 1 rows of another kind \(0\)"):
        gg.units_from_streets(town, point)
    with pytest.raises(GeometryError, match=r"barriers has 1 rows"):
        gg.units_from_streets(town, None, point)
    with pytest.raises(GeometryError, match="boundary has no area"):
        gg.units_from_points(point, layer([]))
    with pytest.raises(CRSError, match="streets has no CRS"):
        gg.units_from_streets(town, layer([line((0, 0), (1, 1))], crs=None))
    with pytest.raises(ParameterError, match="households are negative"):
        gg.units_from_points(point.assign(households=-1), town)
    with pytest.raises(ParameterError, match="snap_m is -1"):
        gg.units_from_streets(town, None, snap_m=-1)


# --- the sample town --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def town(samples):
    def read(name):
        path = samples / "town" / name
        read_ = gpd.read_parquet if path.suffix == ".parquet" else gpd.read_file
        return read_(path).to_crs(METRES)

    names = ["streets.fgb", "waters.fgb", "towns.geojson", "units.gpkg", "households.parquet"]
    return {name.partition(".")[0]: read(name) for name in names}


def test_the_streets_of_the_sample_town_give_back_the_blocks_it_was_made_of(town):
    units = gg.units_from_streets(town["towns"], town["streets"], town["waters"])
    is_partition(units, town["towns"])
    assert len(units) == len(town["units"])
    found = units.sindex.query(town["units"].representative_point(), predicate="within")
    assert sorted(found[1].tolist()) == list(range(len(units)))
    area = units.area.to_numpy()[found[1]]
    assert area == pytest.approx(town["units"].area.to_numpy()[found[0]], rel=1e-3)
    assert gg.UnitGraph(units).isolated.empty
    connected(units)


def test_blocks_of_the_sample_town_are_split_to_a_load_and_nobody_is_lost(town):
    homes = town["households"][town["households"]["lived_in"]]
    units = gg.units_from_streets(
        town["towns"], town["streets"], town["waters"], buildings=homes, max_load=40
    )
    is_partition(units, town["towns"])
    assert units["households"].sum() == len(homes) - report(units, "buildings_outside")[0]
    assert units["households"].max() <= 40
    blocks = gg.units_from_streets(
        town["towns"], town["streets"], town["waters"], buildings=homes, max_load=1e6
    )
    large = int((blocks["households"] > 40).sum())
    assert large > 0
    assert report(units, "split_blocks", "over_max_load", "islands") == [large, [], []]


def test_addresses_of_the_sample_town_have_a_unit_each(town):
    homes = town["households"].iloc[::4]
    units = gg.units_from_points(homes, town["towns"], town["waters"])
    is_partition(units, town["towns"])
    assert units["points"].sum() == report(units, "points")[0]
    connected(units)
