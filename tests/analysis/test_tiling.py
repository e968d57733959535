import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, affinity, box

from gridgeo.analysis.tiling import KINDS, tiling_faults
from gridgeo.errors import CRSError, GeometryError, ParameterError

METRES = 4549
SIDE = 8  # on so small a board no part is long enough to be a sliver


def grids(*shapes, ids=None, crs=METRES):
    return gpd.GeoDataFrame(geometry=list(shapes), index=ids, crs=crs)


def said(faults):
    return list(faults[["kind", "grid_ids", "area_m2"]].itertuples(index=False, name=None))


def lattice(columns, rows, size=10.0):
    return [
        box(x * size, y * size, (x + 1) * size, (y + 1) * size)
        for y in range(rows)
        for x in range(columns)
    ]


def spans():
    ends = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE))
    return ends.filter(lambda e: e[0] != e[1]).map(sorted)


# West–east and south–north: whole corners, so that unit cells can be counted by hand.
BOXES = st.tuples(spans(), spans())


def drawn(shape):
    (west, east), (south, north) = shape
    return box(west, south, east, north)


def cells(shape):
    """Mark the unit cells of a box: a count made without any geometry."""
    (west, east), (south, north) = shape
    table = np.zeros((SIDE, SIDE), bool)
    table[south:north, west:east] = True
    return table


# --- laws -----------------------------------------------------------------------------------


@given(shapes=st.lists(BOXES, max_size=6), duty=BOXES)
def test_areas_equal_a_count_of_unit_cells(shapes, duty):
    faults = tiling_faults(grids(*map(drawn, shapes)), drawn(duty), min_area_m2=0.5)
    tables, due = [cells(b) for b in shapes], cells(duty)
    covered = np.sum(tables, axis=0) if tables else np.zeros_like(due)

    expected = {("gap", None): (due & (covered == 0)).sum()}
    for i, table in enumerate(tables):
        expected["outside", (i,)] = (table & ~due).sum()
        for j in range(i + 1, len(tables)):
            expected["overlap", (i, j)] = (table & tables[j]).sum()
    found = dict.fromkeys(expected, 0)
    for kind, ids, area in said(faults):
        found[kind, None if kind == "gap" else ids] += area
    assert found == pytest.approx(expected)


@given(
    angle=st.floats(0, 360),
    shift=st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7)),
    cut=st.integers(1, 4),
)
def test_a_clean_partition_has_no_fault_wherever_it_lies(angle, shift, cut):
    # The wide row gives its neighbours corners that they do not share: T-junctions.
    shapes = [box(0, -50, 300, 0), *lattice(3 * cut, 3, 100 / cut), box(0, 300 / cut, 300, 400)]
    moved = [affinity.translate(affinity.rotate(s, angle, origin=(0, 0)), *shift) for s in shapes]
    assert tiling_faults(grids(*moved)).empty


@given(seed=st.integers(0, 999), order=st.randoms())
def test_the_order_of_the_rows_changes_no_fault(seed, order):
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, SIDE - 3, (6, 2))
    shapes = grids(*(box(x, y, x + 3, y + 3) for x, y in corner), ids=list("abcdef"))
    names = list("abcdef")
    order.shuffle(names)
    one, other = tiling_faults(shapes), tiling_faults(shapes.loc[names])
    assert _set(one) == _set(other)


def _set(faults):
    return sorted((kind, "".join(sorted(ids)), area) for kind, ids, area in said(faults))


def test_two_cities_far_apart_give_the_faults_of_both():
    one = [box(0, 0, 60, 100), box(50, 0, 100, 100)]
    other = [affinity.translate(s, 1e6, 0) for s in [*one, box(0, 0, 20, 10)]]
    together = tiling_faults(grids(*one, *other))
    apart = pd.concat([tiling_faults(grids(*one)), tiling_faults(grids(*other, ids=[2, 3, 4]))])
    assert _numbers(together) == _numbers(apart)


def _numbers(faults):
    return sorted((kind, ids, round(area, 6)) for kind, ids, area in said(faults))


# --- hand-worked cases ----------------------------------------------------------------------


def test_a_missing_cell_is_a_gap_that_names_the_grids_on_its_four_sides():
    ring = [s for i, s in enumerate(lattice(3, 3)) if i != 4]
    faults = tiling_faults(grids(*ring, ids=list("abcdefgh")))
    assert said(faults) == [("gap", tuple("bdeg"), 100.0)]
    assert faults.geometry.iloc[0].equals(box(10, 10, 20, 20))


def test_grids_that_meet_only_at_corners_still_enclose_a_gap():
    diamond = [box(10, 0, 20, 10), box(20, 10, 30, 20), box(10, 20, 20, 30), box(0, 10, 10, 20)]
    assert said(tiling_faults(grids(*diamond))) == [("gap", (0, 1, 2, 3), 100.0)]


def test_a_lake_is_a_gap_unless_the_jurisdiction_leaves_it_out():
    lake = box(40, 40, 60, 60)
    shore = box(0, 0, 100, 100) - lake
    assert said(tiling_faults(grids(shore))) == [("gap", (0,), 400.0)]
    assert tiling_faults(grids(shore), shore).empty
    assert said(tiling_faults(grids(shore), box(0, 0, 100, 100))) == [("gap", (0,), 400.0)]


def test_a_bay_open_to_the_outside_is_no_gap_without_a_jurisdiction():
    shapes = [box(0, 0, 10, 30), box(10, 0, 20, 10), box(20, 0, 30, 30)]
    assert tiling_faults(grids(*shapes)).empty
    assert said(tiling_faults(grids(*shapes), box(0, 0, 30, 30))) == [("gap", (0, 1, 2), 200.0)]


def test_a_grid_drawn_twice_overlaps_with_its_full_area():
    one, other = lattice(2, 1)
    faults = tiling_faults(grids(one, other, one, ids=["a", "b", "a2"]))
    assert said(faults) == [("overlap", ("a", "a2"), 100.0)]


def test_a_whole_layer_drawn_over_another_overlaps_pair_by_pair():
    # Inside both layers every border cancels: only the number of grids over a place tells.
    lower, upper = lattice(4, 4), [affinity.translate(s, 5, 5) for s in lattice(4, 4)]
    faults = tiling_faults(grids(*lower, *upper))
    assert (faults["area_m2"] == 25.0).all()
    assert len(faults) == 7 * 7


def test_a_village_over_its_own_grids_overlaps_each_of_them():
    faults = tiling_faults(grids(*lattice(3, 3), box(0, 0, 30, 30)))
    assert said(faults) == [("overlap", (i, 9), 100.0) for i in range(9)]


def test_three_grids_over_one_place_are_three_pairs():
    shapes = [box(0, 0, 10, 10), box(5, 0, 15, 10), box(5, 5, 20, 20)]
    assert said(tiling_faults(grids(*shapes))) == [
        ("overlap", (0, 1), 50.0),
        ("overlap", (0, 2), 25.0),
        ("overlap", (1, 2), 50.0),
    ]


def test_each_part_of_an_overlap_is_a_row_from_west_to_east():
    comb = box(0, 0, 100, 10) | box(0, 10, 10, 30) | box(90, 10, 100, 30)
    faults = tiling_faults(grids(comb, box(0, 20, 100, 40)))
    assert said(faults) == [("gap", (0, 1), 800.0), *[("overlap", (0, 1), 100.0)] * 2]
    assert faults.geometry.bounds["minx"].tolist() == [10.0, 0.0, 90.0]


# 4πA/P² of a strip of 1 × n is πn/(n+1)²: 0.0506 at n = 60, 0.0498 at n = 61.
@pytest.mark.parametrize(("length", "kind"), [(2, "overlap"), (60, "overlap"), (61, "sliver")])
def test_a_long_strip_is_a_sliver(length, kind):
    left, right = box(0, 0, 40, 2 * length), box(38, 0, 80, 2 * length)
    assert said(tiling_faults(grids(left, right))) == [(kind, (0, 1), 4.0 * length)]


def test_the_law_of_the_sliver_is_that_of_polsby_and_popper():
    # Polsby and Popper (1991): a 2:1 rectangle scores 2π/9.
    strip = box(0, 0, 2, 1)
    assert 4 * np.pi * strip.area / strip.length**2 == pytest.approx(2 * np.pi / 9)


def test_a_thin_gap_is_a_sliver_too():
    shapes = [box(0, 0, 100, 50), box(0, 51, 100, 100), box(100, 0, 110, 100), box(-9, 0, 0, 100)]
    assert said(tiling_faults(grids(*shapes))) == [("sliver", (0, 1, 2, 3), 100.0)]


def test_noise_up_to_the_least_area_is_no_fault():
    shapes = grids(box(0, 0, 10, 1), box(9, 0, 20, 1))
    assert tiling_faults(shapes, min_area_m2=1.0).empty
    assert said(tiling_faults(shapes, min_area_m2=0.99)) == [("overlap", (0, 1), 1.0)]


def test_what_lies_beyond_the_jurisdiction_is_outside():
    faults = tiling_faults(grids(*lattice(3, 1), ids=list("abc")), box(0, 0, 15, 10))
    assert said(faults) == [("outside", ("b",), 50.0), ("outside", ("c",), 100.0)]


@pytest.mark.parametrize("angle", range(0, 50, 10))
def test_a_hair_along_the_border_does_not_make_a_sliver_of_a_hole(angle):
    # The hole lies beside a border whose corners only one neighbour has; turned, it opens a hair.
    shapes = [
        box(0, 0, 200, 100),
        box(0, 100, 100, 200),
        box(110, 100, 200, 200),
        box(0, 200, 200, 210),
    ]
    moved = [affinity.translate(affinity.rotate(s, angle, origin=(0, 0)), 1e7, 1e7) for s in shapes]
    (fault,) = said(tiling_faults(grids(*moved)))
    assert fault == ("gap", (0, 1, 2, 3), pytest.approx(1000.0, abs=1e-6))


# --- edges ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shapes", [[], [box(0, 0, 1, 1)]])
def test_nothing_and_one_grid_have_no_fault(shapes):
    faults = tiling_faults(grids(*shapes))
    assert faults.empty
    assert faults.columns.tolist() == ["kind", "grid_ids", "area_m2", "geometry"]
    assert faults.crs == METRES


def test_no_grid_at_all_leaves_the_whole_jurisdiction_a_gap():
    assert said(tiling_faults(grids(), box(0, 0, 5, 2))) == [("gap", (), 10.0)]


def test_touching_at_a_point_or_along_a_line_is_no_fault():
    assert tiling_faults(grids(box(0, 0, 9, 9), box(9, 9, 18, 18), box(9, 0, 18, 9))).empty


def test_a_bowtie_is_mended_for_measuring_and_named():
    bowtie = Polygon([(0, 0), (20, 20), (20, 0), (0, 20)])
    faults = tiling_faults(grids(bowtie, box(0, 8, 20, 12), ids=["bow", "bar"]))
    assert faults["kind"].tolist() == ["overlap", "overlap", "invalid"]
    assert faults["area_m2"].tolist() == [36.0, 36.0, 200.0]
    assert faults.geometry.is_valid.all()


def test_what_a_ring_winds_round_twice_is_outside_as_for_the_index():
    # Two squares in one ring, overlapping in 5 × 5: the even-odd rule leaves that part out.
    twice = shapely.MultiPolygon([box(0, 0, 10, 10), box(5, 5, 15, 15)])
    faults = tiling_faults(grids(twice))
    assert said(faults) == [("gap", (0,), 25.0), ("invalid", (0,), 150.0)]


@pytest.mark.parametrize(
    "lost",
    [
        None,
        "POLYGON EMPTY",
        "POLYGON ((0 0, nan 1, 1 1, 0 0))",
        "POLYGON ((0 0, inf 1, 1 1, 0 0))",
        "POLYGON ((0 0, 9 9, 0 0, 0 0))",
    ],
)
def test_a_grid_without_a_usable_border_is_named(lost):
    with np.errstate(invalid="ignore"):
        lost = shapely.from_wkt(lost)
    faults = tiling_faults(grids(box(0, 0, 1, 1), lost, ids=["a", "b"]))
    assert said(faults) == [("invalid", ("b",), 0.0)]


def test_holes_parts_and_heights_are_measured():
    frame = shapely.MultiPolygon([box(0, 0, 30, 30) - box(10, 10, 20, 20), box(50, 0, 60, 10)])
    core = shapely.force_3d(box(10, 10, 20, 20), z=7.0)
    assert tiling_faults(grids(frame, core)).empty
    faults = tiling_faults(grids(frame, core, box(12, 12, 15, 15)))
    assert said(faults) == [("overlap", (1, 2), 9.0)]


def test_a_jurisdiction_layer_is_brought_into_the_crs_of_the_grids():
    shapes = grids(*lattice(2, 2, 100.0))
    shapes.geometry = shapes.translate(500_000, 3_540_000)
    layer = gpd.GeoSeries([shapes.union_all()], crs=METRES).to_crs(4490)
    assert tiling_faults(shapes, layer).empty
    assert tiling_faults(shapes, gpd.GeoDataFrame(geometry=layer)).empty


def test_the_grids_handed_in_stay_as_they_were():
    shapes = grids(Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), shapely.force_3d(box(0, 0, 1, 1)))
    before = shapes.to_wkb()
    tiling_faults(shapes)
    assert shapes.to_wkb().equals(before)


@pytest.mark.parametrize("crs", [None, "EPSG:4490", "EPSG:3857"])
def test_refuses_a_crs_that_cannot_measure(crs):
    with pytest.raises(CRSError, match=r"to_metric\(grids\)"):
        tiling_faults(grids(box(0, 0, 1, 1), crs=crs))


@pytest.mark.parametrize("shape", [Point(0, 0), LineString([(0, 0), (1, 1)])])
def test_refuses_what_is_no_area(shape):
    with pytest.raises(GeometryError, match=r"grids has 1 rows that are not areas \(x\)"):
        tiling_faults(grids(box(0, 0, 1, 1), shape, ids=["a", "x"]))
    with pytest.raises(GeometryError, match="jurisdiction has 1 rows"):
        tiling_faults(grids(box(0, 0, 1, 1)), shape)


def test_refuses_a_jurisdiction_without_area():
    with pytest.raises(GeometryError, match="no area"):
        tiling_faults(grids(box(0, 0, 1, 1)), gpd.GeoSeries([], crs=METRES))


def test_every_kind_is_one_of_the_five():
    assert set(KINDS) == {"gap", "overlap", "sliver", "invalid", "outside"}


@given(seed=st.integers(0, 10**6), cells=st.integers(2, 40), damage_m=st.floats(0.01, 30))
def test_a_damaged_partition_has_the_areas_of_plain_overlay(seed, cells, damage_m):
    # GEOS overlay of every pair and of the union: slow, and no part of how faults are found.
    rng = np.random.default_rng(seed)
    duty = box(5e5, 3.5e6, 5e5 + 1000, 3.5e6 + 1000)
    seeds = shapely.MultiPoint(rng.uniform(0, 1000, (cells, 2)) + np.array([5e5, 3.5e6]))
    tiles = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=duty))
    tiles = shapely.intersection(tiles, duty)
    hurt = rng.random(len(tiles)) < 0.4
    tiles[hurt] = shapely.buffer(tiles[hurt], rng.choice([-1, 1], hurt.sum()) * damage_m)
    hurt = rng.random(len(tiles)) < 0.2
    tiles[hurt] = [affinity.translate(t, *rng.normal(0, damage_m, 2)) for t in tiles[hurt]]
    tiles = tiles[~shapely.is_empty(tiles)]

    faults = tiling_faults(grids(*tiles), duty, min_area_m2=1e-3)
    pairs = np.array([(i, j) for i in range(len(tiles)) for j in range(i)]).reshape(-1, 2).T
    shared = shapely.area(shapely.intersection(tiles[pairs[0]], tiles[pairs[1]])).sum()
    missing = shapely.area(shapely.difference(duty, shapely.union_all(tiles)))
    beyond = shapely.area(shapely.difference(tiles, duty)).sum()
    inside = shapely.intersects(duty, faults.representative_point())
    among = faults["kind"].isin(["gap", "overlap", "sliver"])
    assert faults["area_m2"][among].sum() == pytest.approx(
        missing + shared, abs=1e-3 * (5 + 4 * len(tiles))
    )
    stray = faults["kind"] == "outside"
    assert not inside[stray].any()
    assert faults["area_m2"][stray].sum() == pytest.approx(beyond, abs=1e-3 * (5 + len(tiles)))


@given(seed=st.integers(0, 10**6), n=st.integers(1, 25), corners=st.integers(3, 12))
def test_any_soup_of_polygons_has_the_areas_of_plain_overlay_pair_by_pair(seed, n, corners):
    rng = np.random.default_rng(seed)
    middle = rng.uniform(0, 1000, (n, 1, 2)) + np.array([5e5, 3.5e6])
    angle = np.sort(rng.uniform(0, 2 * np.pi, (n, corners)))
    reach_m = rng.uniform(20, 400, (n, corners))
    rays = np.stack([reach_m * np.cos(angle), reach_m * np.sin(angle)], axis=2)
    soup = shapely.polygons(middle + rays)
    copies = rng.integers(0, n, n // 5)  # grids drawn twice, to the bit
    soup = np.append(soup, soup[copies])
    soup = soup[shapely.is_valid(soup)]
    faults = tiling_faults(grids(*soup), min_area_m2=1e-3)
    found = faults[np.array([len(ids) == 2 for ids in faults["grid_ids"]], bool)]
    within = shapely.STRtree(soup).query(found.representative_point(), predicate="within")
    covered = np.bincount(within[0], minlength=len(found)) > 1
    by_pair = found[covered].groupby("grid_ids")["area_m2"].sum().to_dict()
    for i in range(len(soup)):
        for j in range(i + 1, len(soup)):
            shared = shapely.area(shapely.intersection(soup[i], soup[j]))
            assert by_pair.get((i, j), 0.0) == pytest.approx(shared, rel=1e-9, abs=0.02)
    around = shapely.get_parts(shapely.union_all(soup))
    filled = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(around)))
    enclosed = shapely.area(filled) - shapely.area(around).sum()
    gaps = faults["area_m2"].sum() - sum(by_pair.values())
    assert gaps == pytest.approx(enclosed, abs=1e-3 * (5 + len(faults)))


@pytest.mark.parametrize("area", [-1, np.nan])
def test_refuses_a_least_area_that_is_none(area):
    with pytest.raises(ParameterError, match="min_area_m2"):
        tiling_faults(grids(box(0, 0, 1, 1)), min_area_m2=area)
