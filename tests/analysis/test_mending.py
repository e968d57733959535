import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import Polygon, affinity, box

from benchmarks.coverage_territory import town as rough_town
from gridgeo.analysis.mending import propose_repairs
from gridgeo.analysis.tiling import tiling_faults
from gridgeo.errors import CRSError, ParameterError

METRES = 4549
WEST, SOUTH, SIDE_M = 5e5, 3.5e6, 1000.0
DUTY = box(WEST, SOUTH, WEST + SIDE_M, SOUTH + SIDE_M)


def grids(shapes, villages=None, crs=METRES):
    """Grids by code: {"a": box}."""
    columns = {} if villages is None else {"village_code": villages}
    return gpd.GeoDataFrame(columns, geometry=list(shapes.values()), index=list(shapes), crs=crs)


def layer(shapes):
    index = pd.Index(list(shapes), name="village_code")
    return gpd.GeoDataFrame(geometry=list(shapes.values()), index=index, crs=METRES)


def said(repairs, *columns):
    return list(repairs.proposals[list(columns)].itertuples(index=False, name=None))


def damaged(seed, cells, damage_m):
    """A Voronoi partition of DUTY with grids grown, shrunk, shifted, and drawn twice as bowties."""
    rng = np.random.default_rng(seed)
    seeds = shapely.MultiPoint(rng.uniform(0, SIDE_M, (cells, 2)) + np.array([WEST, SOUTH]))
    tiles = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=DUTY))
    tiles = shapely.intersection(tiles, DUTY)
    hurt = rng.random(len(tiles)) < 0.4
    tiles[hurt] = shapely.buffer(tiles[hurt], rng.choice([-1, 1], hurt.sum()) * damage_m)
    hurt = rng.random(len(tiles)) < 0.2
    tiles[hurt] = [affinity.translate(t, *rng.normal(0, damage_m, 2)) for t in tiles[hurt]]
    tiles = tiles[shapely.area(tiles) > 50]
    return grids({f"{i:03d}": tile for i, tile in enumerate(tiles)})


SEEDS = st.integers(0, 10**6)
CELLS = st.integers(2, 40)
DAMAGE_M = st.floats(0.01, 30)


# --- laws -----------------------------------------------------------------------------------


@given(seed=SEEDS, cells=CELLS, damage_m=DAMAGE_M)
def test_after_the_repair_only_the_faults_listed_as_unrepaired_are_left(seed, cells, damage_m):
    town = damaged(seed, cells, damage_m)
    repairs = propose_repairs(town, tiling_faults(town, DUTY))
    left = repairs.proposals[~repairs.proposals["repaired"]]
    after = tiling_faults(repairs.grids, DUTY)
    assert len(after) <= len(left)
    assert after["area_m2"].sum() <= left["area_m2"].sum() + len(left)


@given(seed=SEEDS, cells=CELLS, damage_m=DAMAGE_M)
def test_area_is_conserved_and_lies_in_one_grid(seed, cells, damage_m):
    town = damaged(seed, cells, damage_m)
    faults = tiling_faults(town, DUTY)
    repairs = propose_repairs(town, faults)
    noise_m2 = 4 * len(town) + 4.0
    left = repairs.proposals[~repairs.proposals["repaired"]]["area_m2"].sum()
    whole = shapely.union_all(np.asarray(repairs.grids.geometry.array))
    assert shapely.area(whole.symmetric_difference(DUTY)) <= left + noise_m2
    assert repairs.grids.area.sum() == pytest.approx(whole.area, abs=left + noise_m2)
    moved = repairs.proposals[repairs.proposals["repaired"]]
    gained = moved.dropna(subset="to_grid").groupby("to_grid")["area_m2"].sum()
    yielded = moved.dropna(subset="from_grid").groupby("from_grid")["area_m2"].sum()
    filled = moved[moved["from_grid"].isna()].dropna(subset="to_grid")
    assert set(filled["to_grid"]) <= set(gained.index)
    # A winner of an overlap had the place already: what it gains is gaps and what is cut off.
    new = moved[moved["from_grid"].isna() | (moved["reason"] == "cut-off")]
    change = new.groupby("to_grid")["area_m2"].sum().sub(yielded, fill_value=0)
    told = (repairs.grids.area - town.area).sub(change, fill_value=0)
    settled = (moved["reason"] == "settled").any()
    assert settled or told.abs().max() <= 10 + 0.02 * damage_m * len(town)


@given(seed=SEEDS, cells=CELLS, damage_m=DAMAGE_M)
@example(seed=29, cells=29, damage_m=14.703125)  # rounding leaves pinholes, and no other hole
def test_grids_stay_whole_and_those_without_a_proposal_to_the_bit(seed, cells, damage_m):
    town = damaged(seed, cells, damage_m)
    repairs = propose_repairs(town, tiling_faults(town, DUTY))
    repaired = repairs.proposals[repairs.proposals["repaired"]]
    named = {*repaired["to_grid"], *repaired["from_grid"]}
    same = repairs.grids.to_wkb()["geometry"] == town.to_wkb()["geometry"]
    assert same[[code not in named for code in town.index]].all()
    # Who has an overlap already does not change by keeping it.
    assert (repairs.grids.geometry.is_valid & (repairs.grids.area > 1)).all()
    before = shapely.get_num_geometries(np.asarray(town.geometry.array))
    after = shapely.get_num_geometries(np.asarray(repairs.grids.geometry.array))
    assert (after <= before).all()


@given(seed=SEEDS, cells=CELLS, damage_m=DAMAGE_M, order=st.randoms())
def test_the_order_of_the_rows_changes_no_proposal(seed, cells, damage_m, order):
    town = damaged(seed, cells, damage_m)
    names = town.index.tolist()
    order.shuffle(names)
    one = propose_repairs(town, tiling_faults(town, DUTY))
    other = propose_repairs(town.loc[names], tiling_faults(town.loc[names], DUTY))
    assert _set(one) == _set(other)
    assert other.grids.index.tolist() == names
    apart = one.grids.geometry.symmetric_difference(other.grids.geometry.loc[town.index])
    assert apart.area.max() < 1e-3


@given(seed=SEEDS, cells=CELLS, damage_m=DAMAGE_M, east=st.integers(-5000, 5000))
def test_moving_a_city_changes_no_proposal(seed, cells, damage_m, east):
    town = damaged(seed, cells, damage_m)
    moved = town.set_geometry(town.translate(east, -2 * east))
    duty = affinity.translate(DUTY, east, -2 * east)
    one = propose_repairs(town, tiling_faults(town, DUTY))
    other = propose_repairs(moved, tiling_faults(moved, duty))
    assert _set(one) == _set(other)


@given(seeds=st.tuples(SEEDS, SEEDS), cells=CELLS, damage_m=DAMAGE_M)
def test_two_cities_far_apart_are_repaired_as_each_alone(seeds, cells, damage_m):
    towns = [damaged(seed, cells, damage_m) for seed in seeds]
    towns[1] = towns[1].set_geometry(towns[1].translate(8000, 0)).rename(lambda code: "z" + code)
    duties = [DUTY, affinity.translate(DUTY, 8000, 0)]
    alone = [propose_repairs(t, tiling_faults(t, d)) for t, d in zip(towns, duties, strict=True)]
    both = pd.concat(towns)
    together = propose_repairs(both, tiling_faults(both, shapely.union_all(duties)))
    assert _set(together) == sorted([*_set(alone[0]), *_set(alone[1])])


def _set(repairs):
    """Proposals without their order; areas to a square decimetre."""
    return sorted(
        (row.kind, sorted(row.grid_ids), str(row.to_grid), str(row.from_grid), row.reason,
         row.repaired, row.look, round(row.area_m2, 1))
        for row in repairs.proposals.itertuples()
    )  # fmt: skip


@given(seed=SEEDS, cells=st.integers(4, 40), damage_m=DAMAGE_M)
def test_no_place_goes_across_a_village_border(seed, cells, damage_m):
    town = damaged(seed, cells, damage_m)
    x, y = WEST + SIDE_M / 2, SOUTH + SIDE_M
    villages = layer({"v1": box(WEST, SOUTH, x, y), "v2": box(x, SOUTH, WEST + SIDE_M, y)})
    town["village_code"] = np.where(town.centroid.x < x, "v1", "v2")
    repairs = propose_repairs(town, tiling_faults(town, DUTY), villages)
    for row in repairs.proposals.itertuples():
        if not row.repaired or row.to_grid is None or row.from_grid is not None:
            continue
        own = villages.geometry[town["village_code"][row.to_grid]]
        assert row.geometry.difference(own).area <= 3.0


@pytest.mark.parametrize("seed", [2, 3])
def test_crossings_that_are_rounded_leave_no_seam(seed):
    # Of winding borders turned by 17° hardly any crossing lies on both, as floats have it.
    town, duty = rough_town(200, seed, damaged=0.5)
    turned = town.set_geometry(town.rotate(17, origin=(0, 0)))
    duty = affinity.rotate(duty, 17, origin=(0, 0))
    repairs = propose_repairs(turned, tiling_faults(turned, duty))
    assert not repairs.proposals["reason"].isin(["not-joined", "own-village"]).any()
    assert tiling_faults(repairs.grids, duty).empty
    holes = shapely.get_num_interior_rings(repairs.grids.geometry.explode())
    assert holes.sum() <= shapely.get_num_interior_rings(town.geometry.explode()).sum()


# --- hand-worked cases ----------------------------------------------------------------------


def test_a_hole_goes_to_the_neighbour_with_the_longest_border():
    shapes = {"a": box(0, 0, 100, 60), "b": box(0, 60, 60, 100), "c": box(80, 60, 100, 100)}
    town = grids(shapes)  # the hole: x 60–80, y 60–100; 20 m to a, 40 m to b and to c
    repairs = propose_repairs(town, tiling_faults(town, box(0, 0, 100, 100)))
    assert said(repairs, "kind", "to_grid", "from_grid", "area_m2", "reason", "look") == [
        ("gap", "b", None, 800.0, "longest-border", False)
    ]
    assert repairs.grids.geometry["b"].equals(box(0, 60, 80, 100))
    assert repairs.grids.geometry["a"] is town.geometry["a"]


def test_a_tooth_goes_back_to_the_grid_it_was_drawn_into():
    tooth = box(100, 0, 200, 100) | box(80, 40, 100, 60)
    town = grids({"a": tooth, "b": box(0, 0, 100, 100)})
    repairs = propose_repairs(town, tiling_faults(town))
    assert said(repairs, "kind", "to_grid", "from_grid", "area_m2") == [("overlap", "b", "a", 400)]
    assert repairs.grids.geometry["a"].equals(box(100, 0, 200, 100))


def test_a_grid_inside_another_is_cut_out_of_it():
    town = grids({"a": box(0, 0, 100, 100), "b": box(40, 40, 60, 60)})
    repairs = propose_repairs(town, tiling_faults(town))
    assert said(repairs, "to_grid", "from_grid", "reason") == [("b", "a", "rest-whole")]
    assert repairs.grids.geometry["a"].equals(box(0, 0, 100, 100) - box(40, 40, 60, 60))


def test_a_grid_drawn_twice_is_left_to_a_person():
    town = grids({"a": box(0, 0, 9, 9), "b": box(0, 0, 9, 9)})
    repairs = propose_repairs(town, tiling_faults(town))
    assert said(repairs, "to_grid", "repaired", "reason") == [(None, False, "would-empty")]
    assert repairs.grids.equals(town)


def test_two_streets_that_cross_are_torn_by_no_repair():
    town = grids({"a": box(0, 40, 100, 60), "b": box(40, 0, 60, 100)})
    repairs = propose_repairs(town, tiling_faults(town))
    assert said(repairs, "to_grid", "repaired", "reason") == [(None, False, "would-tear")]


def test_a_corner_that_an_overlap_cuts_off_goes_along():
    # Whichever yields the strip is cut in two; only of b is what is cut off smaller than it.
    one = box(0, 0, 200, 50)
    other = box(0, 40, 200, 100) | box(90, 30, 110, 45)
    cut = other - box(0, 40, 200, 50) - one
    assert cut.area == 10_000  # the strip and the tooth are in both, the rest of b is whole
    town = grids({"a": one, "b": Polygon([(0, 45), (100, 45), (100, 60), (110, 60), (110, 40),
                                          (200, 40), (200, 100), (0, 100)])})  # fmt: skip
    repairs = propose_repairs(town, tiling_faults(town))
    assert repairs.proposals["repaired"].all()
    assert tiling_faults(repairs.grids).empty


def test_three_grids_over_one_place_leave_it_to_exactly_one():
    shapes = {"a": box(0, 0, 60, 60), "b": box(40, 0, 100, 60), "c": box(20, 40, 80, 100)}
    town = grids(shapes)
    repairs = propose_repairs(town, tiling_faults(town))
    whole = shapely.union_all(list(shapes.values()))
    assert tiling_faults(repairs.grids, whole).empty
    assert repairs.grids.area.sum() == pytest.approx(whole.area)


def test_a_bowtie_gets_its_even_odd_outline():
    bowtie = Polygon([(0, 0), (20, 20), (20, 0), (0, 20)])
    town = grids({"a": bowtie, "b": box(50, 0, 60, 10)})
    repairs = propose_repairs(town, tiling_faults(town))
    assert said(repairs, "kind", "to_grid", "area_m2", "reason") == [
        ("invalid", "a", 200.0, "mended")
    ]
    assert repairs.grids.geometry.is_valid.all()
    assert repairs.grids.geometry["a"].area == 200


def test_what_lies_beyond_the_jurisdiction_is_cut_off():
    town = grids({"a": box(0, 0, 60, 100), "b": box(60, 0, 130, 100), "c": box(200, 0, 210, 10)})
    repairs = propose_repairs(town, tiling_faults(town, box(0, 0, 100, 100)))
    assert said(repairs, "kind", "from_grid", "area_m2", "repaired", "reason") == [
        ("outside", "b", 3000.0, True, "beyond-jurisdiction"),
        ("outside", "c", 100.0, False, "would-empty"),
    ]
    assert repairs.grids.geometry["b"].equals(box(60, 0, 100, 100))


VILLAGES = layer({"v1": box(0, 0, 100, 100), "v2": box(100, 0, 200, 100)})


def test_a_gap_goes_to_its_own_village_though_a_longer_border_is_across():
    shapes = {"a": box(0, 0, 100, 50), "b": box(100, 0, 200, 100)}
    town = grids(shapes | {"c": box(0, 50, 70, 100)}, ["v1", "v2", "v1"])
    # The hole: x 70–100, y 50–100; 50 m to b beyond the border, 50 m to c, 30 m to a.
    repairs = propose_repairs(town, tiling_faults(town, box(0, 0, 200, 100)), VILLAGES)
    assert said(repairs, "to_grid", "reason") == [("c", "own-village")]


def test_a_gap_across_a_village_border_is_cut_there():
    shapes = {"a": box(0, 0, 90, 100), "b": box(130, 0, 200, 100)}
    town = grids(shapes, ["v1", "v2"])
    repairs = propose_repairs(town, tiling_faults(town, box(0, 0, 200, 100)), VILLAGES)
    assert sorted(said(repairs, "to_grid", "area_m2")) == [("a", 1000.0), ("b", 3000.0)]
    assert repairs.grids.geometry["a"].equals(box(0, 0, 100, 100))


@pytest.mark.parametrize(
    ("east", "place", "reason"),
    [
        (100, box(0, 0, 200, 100), "no-grid-of-village"),
        (150, box(0, 0, 200, 100), "no-neighbour"),  # the rest of the hole goes to b
        (100, box(100, 0, 230, 100), "in-no-village"),
    ],
)
def test_a_gap_beside_no_grid_of_its_village_is_listed(east, place, reason):
    town = grids({"b": box(east, 0, 200, 100)}, ["v2"])
    repairs = propose_repairs(town, tiling_faults(town, place), VILLAGES)
    left = repairs.proposals[~repairs.proposals["repaired"]]
    assert left["reason"].tolist() == [reason]
    assert len(tiling_faults(repairs.grids, place)) == 1


def test_an_overlap_goes_to_the_grid_of_the_village_it_lies_in():
    tooth = box(100, 0, 200, 100) | box(80, 0, 100, 100)
    town = grids({"a": tooth, "b": box(0, 0, 100, 100)}, ["v2", "v1"])
    repairs = propose_repairs(town, tiling_faults(town), VILLAGES)
    assert said(repairs, "to_grid", "from_grid") == [("b", "a")]


def test_a_gap_beside_no_grid_is_listed():
    town = grids({"a": box(0, 0, 10, 10)})
    repairs = propose_repairs(town, tiling_faults(town, box(0, 0, 10, 10) | box(90, 0, 99, 9)))
    assert said(repairs, "to_grid", "reason", "repaired") == [(None, "no-neighbour", False)]


@pytest.mark.parametrize(("look_above_m2", "look"), [(399.9, True), (400.0, False)])
def test_a_large_hole_is_proposed_and_marked_as_it_may_be_a_lake(look_above_m2, look):
    town = grids({"a": box(0, 0, 100, 100) - box(40, 40, 60, 60)})
    repairs = propose_repairs(town, tiling_faults(town), look_above_m2=look_above_m2)
    assert said(repairs, "to_grid", "look") == [("a", look)]


@pytest.mark.parametrize(("columns", "look"), [(1, False), (3, True)])
def test_a_lane_between_many_grids_is_looked_at(columns, look):
    shapes = [box(x * 100, y, x * 100 + 100, y + 100) for x in range(columns) for y in (0, 102)]
    ends = [box(-10, 0, 0, 202), box(columns * 100, 0, columns * 100 + 10, 202)]
    town = grids({f"{n}": shape for n, shape in enumerate([*shapes, *ends])})
    repairs = propose_repairs(town, tiling_faults(town))
    assert said(repairs, "to_grid", "look") == [("0", look)]


def test_a_grid_that_would_lose_more_than_half_is_looked_at():
    town = grids({"a": box(0, 0, 100, 10), "b": box(0, 0, 60, 100)})
    repairs = propose_repairs(town, tiling_faults(town))
    assert said(repairs, "to_grid", "from_grid", "look") == [("b", "a", True)]


def test_faults_left_out_stay_as_they_are():
    town = grids({"a": box(0, 0, 60, 100), "b": box(50, 0, 100, 100) - box(70, 40, 80, 50)})
    faults = tiling_faults(town)
    repairs = propose_repairs(town, faults[faults["kind"] == "overlap"])
    assert tiling_faults(repairs.grids)["kind"].tolist() == ["gap"]


# --- edges ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shapes", [{}, {"a": box(0, 0, 9, 9)}])
def test_no_fault_is_no_proposal(shapes):
    town = grids(shapes)
    repairs = propose_repairs(town, tiling_faults(town), VILLAGES)
    assert repairs.proposals.empty
    assert repairs.grids.equals(town)


@pytest.mark.parametrize("lost", [None, "POLYGON EMPTY", "POLYGON ((0 0, 9 9, 0 0, 0 0))"])
def test_a_grid_of_which_nothing_is_left_is_listed(lost):
    town = grids({"a": box(0, 0, 1, 1), "b": shapely.from_wkt(lost)})
    repairs = propose_repairs(town, tiling_faults(town), VILLAGES)
    assert said(repairs, "kind", "to_grid", "repaired", "reason") == [
        ("invalid", None, False, "nothing-left")
    ]


def test_grids_and_faults_handed_in_stay_as_they_were():
    town = grids({"a": box(0, 0, 60, 100), "b": box(50, 0, 100, 100)})
    faults = tiling_faults(town)
    before = town.to_wkb(), faults.to_wkb()
    propose_repairs(town, faults)
    assert town.to_wkb().equals(before[0])
    assert faults.to_wkb().equals(before[1])


def test_refuses_what_cannot_be_told_apart():
    town = grids({"a": box(0, 0, 60, 100), "b": box(50, 0, 100, 100)})
    faults = tiling_faults(town)
    with pytest.raises(CRSError, match="another CRS"):
        propose_repairs(town, faults.to_crs(4548))
    with pytest.raises(CRSError, match=r"to_metric\(grids\)"):
        propose_repairs(town.set_crs(4490, allow_override=True), faults)
    with pytest.raises(ParameterError, match=r"twice \(a\)"):
        propose_repairs(town.rename({"b": "a"}), faults)
    with pytest.raises(ParameterError, match=r"1 grids that are not there \(b\)"):
        propose_repairs(town.loc[["a"]], faults)
    with pytest.raises(ParameterError, match="look_above_m2"):
        propose_repairs(town, faults, look_above_m2=np.nan)
