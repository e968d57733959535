"""The sample city: whole, connected, named after the real places, streets along its blocks."""

import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridgeo.analysis.tiling import tiling_faults
from gridgeo.errors import ParameterError
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import LAYERS
from gridgeo.sample import city
from gridgeo.sample.cityground import lay_city
from gridgeo.sample.homes import remote_block
from gridgeo.sample.plan import BANDS, Roles, draw_plan
from gridgeo.sample.registers import all_villages
from gridgeo.sample.streets import lay_streets, lay_waters


@pytest.fixture(scope="module")
def ground():
    return lay_city(all_villages(), 230.0, np.random.default_rng(0))


@pytest.fixture(scope="module")
def plan(ground):
    roles = Roles(dedicated=30, above=5, below=4, estate=1)
    rng = np.random.default_rng(1)
    return draw_plan(ground, all_villages(), 750, 240_000, remote_block(ground), rng, roles)


@pytest.fixture(scope="module", params=[0, 1])
def sample(request):
    return city(0.05, seed=request.param)


def metric(sample, name):
    return to_metric(sample.layers[name], name)


def in_one_piece(ground, label):
    same = label[ground.pairs[:, 0]] == label[ground.pairs[:, 1]]
    ends = ground.pairs[same]
    graph = coo_array((np.ones(len(ends)), ends.T), shape=(len(label),) * 2)
    return connected_components(graph, directed=False)[0] == len(np.unique(label))


# The whole city


def test_the_city_has_the_extent_and_the_shore_of_jingjiang(ground):
    # 652 km² and 52 km of Yangtze shore: design facts of the city, from its government's pages.
    assert shapely.area(ground.blocks).sum() == pytest.approx(652e6, rel=0.002)
    river = lay_waters(ground).geometry.iloc[0]
    land = shapely.coverage_union_all(ground.blocks)
    assert land.geom_type == "Polygon"
    assert not land.interiors
    bank = river.boundary.intersection(land.boundary).length
    assert bank == pytest.approx(52_000, rel=0.04)
    west, south, east, north = land.bounds
    assert 40_000 < east - west < 50_000
    assert 15_000 < north - south < 24_000


def test_blocks_are_a_clean_coverage(ground):
    assert shapely.is_valid(ground.blocks).all()
    assert shapely.coverage_is_valid(ground.blocks)


def test_towns_villages_and_grids_hang_together_and_nest(ground, plan):
    for label in (ground.town, plan.village, plan.grid):
        assert in_one_piece(ground, label)
    register = all_villages()
    assert len(np.unique(plan.village)) == len(register) == 257
    town, codes = pd.factorize(register["town_code"])
    assert len(codes) == 14
    assert (town[plan.village] == ground.town).all()
    assert (register.index[plan.village] == plan.grids["village_code"].iloc[plan.grid]).all()


def test_every_town_gets_about_the_extent_its_villages_make(ground):
    register = all_villages()
    town, _ = pd.factorize(register["town_code"])
    rural = (652e6 - 76 * 650_000) / 181
    wanted = np.bincount(town, np.where(register["kind"] == "community", 650_000, rural))
    found = np.bincount(ground.town, shapely.area(ground.blocks))
    assert np.abs(found / wanted - 1).max() < 0.15


def test_grids_have_the_numbers_of_the_issue_and_ordinary_ones_keep_their_band(plan):
    grids = plan.grids
    assert len(grids) == 750
    assert grids.index.is_unique
    assert (grids["kind"] == "dedicated").sum() == 30
    assert grids["role"].value_counts().drop("").to_dict() == {
        "dedicated": 30, "above": 5, "below": 4, "estate": 1,
    }  # fmt: skip
    assert grids["households"].sum() == 240_000
    for kind, (low, high) in BANDS.items():
        mine = grids[(grids["role"] == "") & (grids["urban"] == (kind == "community"))]
        assert mine["households"].between(low, high).all()


def test_every_border_of_two_blocks_is_in_one_street_unless_a_canal_runs_there(ground, plan):
    streets, street = lay_streets(ground, plan, all_villages())
    assert LAYERS["streets"].check(streets) is streets
    assert ((street < 0) == ground.water).all()
    dry = ground.borders[~ground.water]
    length = np.linalg.norm(dry[:, 0] - dry[:, 1], axis=1)
    assert np.allclose(np.bincount(street[street >= 0], length), streets.length)
    assert set(streets["kind"]) == {"trunk", "main", "lane"}
    trunks = streets[streets["kind"] == "trunk"]
    assert trunks.length.max() > 30_000


# A smaller one, with everything in it


def test_every_layer_keeps_its_contract(sample):
    # Tracks are written apart, and patrols follow from them.
    assert [*sample.layers] == [name for name in LAYERS if name not in ("fixes", "patrols")]
    for name, frame in sample.layers.items():
        assert LAYERS[name].check(frame) is frame


def test_a_small_city_has_every_town_and_tiles_it(sample):
    layers = {name: metric(sample, name) for name in ("towns", "villages", "units")}
    assert len(layers["towns"]) == 14
    units = layers["units"]
    assert shapely.coverage_is_valid(units.geometry.to_numpy())
    for code, village in layers["villages"].geometry.items():
        mine = units[units["village_code"] == code].union_all()
        assert shapely.symmetric_difference(mine, village).area == 0
    whole = units.union_all()
    assert shapely.symmetric_difference(whole, layers["towns"].union_all()).area == 0


def test_the_plan_tiles_the_city_and_the_drawn_grids_fault_only_as_recorded(sample):
    units, city_area = metric(sample, "units"), metric(sample, "towns")
    assert tiling_faults(units.dissolve("grid_code"), city_area).empty
    found = tiling_faults(metric(sample, "grids"), city_area)
    planted = [e for e in sample.truth if e["kind"] in ("gap", "overlap", "sliver")]
    assert sorted(found.area.round(-1)) == sorted(np.round([e["area_m2"] for e in planted], -1))


def test_every_household_lies_in_its_unit(sample):
    units, homes = metric(sample, "units"), metric(sample, "households")
    shifted = {s for e in sample.truth if e["kind"] == "offset" for s in e["subjects"]}
    homes = homes[~homes.index.isin(shifted)]
    unit = homes["address_id"].str.rpartition("-")[0].str.rpartition("-")[0]
    there = units.geometry.loc[unit].to_numpy()
    assert shapely.contains_properly(there, homes.geometry.to_numpy()).all()
    recorded = homes["grid_code"].dropna()
    assert (units["grid_code"].loc[unit[recorded.index]].to_numpy() == recorded).all()


def test_one_estate_has_1122_dwellings_of_which_724_are_lived_in(sample):
    (entry,) = [e for e in sample.truth if e["kind"] == "size" and e["value"] == 724]
    homes = sample.layers["households"]
    mine = homes[homes["grid_code"] == entry["subjects"][0]]
    assert (len(mine), mine["lived_in"].sum()) == (1122, 724)


def test_every_dwelling_has_an_address_of_its_own(sample):
    addresses, homes = sample.layers["addresses"], sample.layers["households"]
    assert homes["address_id"].isin(addresses.index).all()
    assert addresses["address"].is_unique


def test_the_same_seed_makes_the_same_city():
    first, second = city(0.05, seed=3), city(0.05, seed=3)
    assert first.truth == second.truth
    for name, frame in first.layers.items():
        assert_frame_equal(frame, second.layers[name])


@pytest.mark.parametrize("scale", [0, 0.01, 1.5, float("nan")])
def test_a_scale_out_of_range_is_refused(scale):
    with pytest.raises(ParameterError, match="scale"):
        city(scale)
