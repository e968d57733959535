"""The sample town: the same from the same seed, true to its contracts, flawed only as recorded."""

import json
import time
from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from gridgeo.errors import NotFoundError
from gridgeo.model.findings import HOUSEHOLD_KINDS
from gridgeo.model.frames import LAYERS
from gridgeo.sample import Sample, town
from tests.sample.towns import brought_back, metric, subjects


def shapes(sample: Sample, kind: str) -> list[shapely.Geometry]:
    return [shapely.from_wkt(entry["wkt"]) for entry in sample.truth if entry["kind"] == kind]


def same_places(found: list[shapely.Geometry], planted: list[shapely.Geometry]) -> bool:
    """Every planted shape is found once, to 1 m² of symmetric difference, and nothing else is."""
    if len(found) != len(planted):
        return False
    apart = [[shapely.symmetric_difference(f, p).area for f in found] for p in planted]
    return all(min(row) < 1.0 for row in apart)


def parts(geometry: shapely.Geometry) -> list[shapely.Geometry]:
    return [part for part in shapely.get_parts(geometry) if part.area > 1.0]


def is_sliver(part: shapely.Geometry) -> bool:
    return 4 * np.pi * part.area / part.length**2 < 0.05


# The town as such


def test_the_same_seed_makes_the_same_town():
    first, second = town(seed=5), town(seed=5)
    assert first.truth == second.truth
    for name, frame in first.layers.items():
        assert_frame_equal(frame, second.layers[name])


def test_another_seed_makes_another_town():
    assert not town(seed=5).layers["units"].equals(town(seed=6).layers["units"])


def test_a_town_takes_less_than_twenty_seconds():
    start = time.perf_counter()
    town()
    assert time.perf_counter() - start < 20


def test_every_layer_keeps_its_contract(sample):
    # Tracks are written apart, and patrols follow from them.
    assert [*sample.layers] == [name for name in LAYERS if name not in ("fixes", "patrols")]
    for name, frame in sample.layers.items():
        assert LAYERS[name].check(frame) is frame


def test_a_town_unknown_to_the_register_is_refused():
    with pytest.raises(NotFoundError, match="321282001"):
        town("321282999")


@pytest.mark.parametrize("code", ["321282101", "321282403", "321282406"])
def test_other_towns_of_the_register_can_be_made_too(code):
    sample = town(code)
    assert set(sample.layers["villages"]["town_code"]) == {code}
    assert sample.layers["grids"].index.str.startswith(code).all()


def test_the_town_has_the_size_of_the_issue(sample):
    frames = sample.layers
    assert len(frames["grids"]) == 50
    assert frames["villages"]["kind"].value_counts().to_dict() == {"community": 11, "village": 7}
    assert 14_250 <= frames["households"]["lived_in"].sum() <= 15_750
    assert 1000 <= len(frames["units"]) <= 1500
    assert (frames["grids"]["kind"] == "dedicated").sum() == 2


def test_names_and_codes_are_those_of_the_register(sample):
    assert sample.layers["villages"].loc["321282401200", "name"] == "前进村委会"
    assert sample.layers["villages"].loc["321282401011", "name"] == "大桥居委会"
    grids = sample.layers["grids"]
    assert (grids.index.str[:12] == grids["village_code"]).all()
    assert grids.index.str.fullmatch(r"\d{14}").all()


def test_the_town_lies_at_the_centre_of_jingjiang(sample):
    west, south, east, north = sample.layers["towns"].total_bounds
    assert 120.2 < west < 120.27 < east < 120.34
    assert 31.9 < south < 31.98 < north < 32.04


def test_units_are_a_clean_coverage_of_villages_and_town_in_degrees_and_metres(sample):
    for layers in (sample.layers, {n: metric(sample, n) for n in ("units", "villages", "towns")}):
        units, villages = layers["units"], layers["villages"]
        assert units.is_valid.all()
        assert units.geom_type.eq("Polygon").all()
        assert shapely.coverage_is_valid(units.geometry.to_numpy())
        whole = units.union_all()
        assert shapely.symmetric_difference(whole, layers["towns"].union_all()).area == 0
        for code, village in villages.geometry.items():
            mine = units[units["village_code"] == code].union_all()
            assert shapely.symmetric_difference(mine, village).area == 0


def test_every_grid_of_the_plan_is_one_piece_in_one_village(sample):
    units = metric(sample, "units")
    for code, mine in units.groupby("grid_code"):
        assert mine.union_all().geom_type == "Polygon"
        assert mine["village_code"].unique().tolist() == [code[:12]]


def test_each_unit_holds_exactly_its_occupied_households(sample):
    units, homes = metric(sample, "units"), brought_back(sample)
    unit, home = shapely.STRtree(homes.geometry).query(
        units.geometry, predicate="contains_properly"
    )
    assert sorted(home) == list(range(len(homes)))
    lived = np.bincount(unit, homes["lived_in"].to_numpy()[home], minlength=len(units))
    assert (lived == units["households"].to_numpy()).all()
    assert not homes["lived_in"].all()


def test_recorded_grids_are_those_of_the_plan(sample):
    units, homes = sample.layers["units"], sample.layers["households"]
    unit = homes["address_id"].str.rpartition("-")[0].str.rpartition("-")[0]
    planned = units["grid_code"].loc[unit].to_numpy()
    recorded = homes["grid_code"].fillna("").to_numpy()
    assert ((recorded == planned) | (recorded == "")).all()
    assert homes["address_id"].is_unique


def test_loads_are_uneven_enough_for_balance_to_help(sample):
    units = sample.layers["units"]
    ordinary = set(units["grid_code"]) - set(subjects(sample, "size"))
    loads = units[units["grid_code"].isin(ordinary)].groupby("grid_code")["households"].sum()
    loads = loads[loads > 100]
    mean = loads.groupby(loads.index.str[:12]).transform("mean")
    assert 0.1 < (loads / mean - 1).abs().max() < 0.4


# Planted defects: all, and nothing else


def test_kinds_and_counts_are_those_of_the_issue(sample):
    grids = ("gap", "overlap", "sliver", "across", "size", "silent", "patrol", "offset", "seam")
    staff = ("no-leader", "few-workers", "no-full-time")
    counts = Counter(entry["kind"] for entry in sample.truth)
    assert {kind: counts[kind] for kind in grids + staff} == {
        "gap": 2, "overlap": 3, "sliver": 1, "across": 1, "size": 4, "silent": 2, "patrol": 2,
        "offset": 2, "seam": 2, "no-leader": 2, "few-workers": 3, "no-full-time": 2,
    }  # fmt: skip
    households = {*HOUSEHOLD_KINDS}
    assert set(counts) <= {*grids, *staff, *households}
    json.dumps(sample.truth)


def test_gaps_and_the_sliver_are_where_the_truth_says(sample):
    town_area = metric(sample, "towns").union_all()
    missing = parts(town_area.difference(metric(sample, "grids").union_all()))
    gaps = [part for part in missing if not is_sliver(part)]
    slivers = [part for part in missing if is_sliver(part)]
    assert same_places(gaps, shapes(sample, "gap"))
    assert same_places(slivers, shapes(sample, "sliver"))
    assert all(500 < gap.area < 10_000 for gap in gaps)
    assert all(sliver.area > 10 for sliver in slivers)


def test_overlaps_are_where_the_truth_says(sample):
    grids = metric(sample, "grids").geometry
    found, pairs = [], []
    for (a, first), (b, second) in combinations(grids.items(), 2):
        common = first.intersection(second)
        found += parts(common)
        pairs += [[a, b]] * len(parts(common))
        assert common.area == 0 or parts(common)
    assert same_places(found, shapes(sample, "overlap"))
    assert not any(is_sliver(part) for part in found)
    told = [entry["subjects"] for entry in sample.truth if entry["kind"] == "overlap"]
    assert sorted(pairs) == sorted(told)


def test_one_grid_crosses_a_village_border_and_none_leaves_the_town(sample):
    villages, grids = metric(sample, "villages").geometry, metric(sample, "grids")
    own = villages.loc[grids["village_code"]].set_axis(grids.index)
    beyond = grids.geometry.difference(own)
    assert beyond.index[beyond.area > 0.01].tolist() == subjects(sample, "across")
    assert same_places(parts(beyond.union_all()), shapes(sample, "across"))
    assert grids.union_all().difference(metric(sample, "towns").union_all()).area < 0.01


def test_drawn_grids_are_valid_and_in_one_piece(sample):
    grids = metric(sample, "grids")
    assert grids.is_valid.all()
    assert grids.geom_type.eq("Polygon").all()


def test_orphans_are_the_households_in_no_grid_and_nobody_is_in_two(sample):
    grids, homes = metric(sample, "grids"), metric(sample, "households")
    grid, home = shapely.STRtree(homes.geometry).query(grids.geometry, predicate="covers")
    times = np.bincount(home, minlength=len(homes))
    assert times.max() == 1
    orphans = homes.index[times == 0]
    beyond = orphans[~homes.geometry[orphans].intersects(metric(sample, "towns").union_all())]
    assert sorted(beyond) == subjects(sample, "outside-household")
    assert sorted(orphans.difference(beyond)) == subjects(sample, "orphan")
    unknown = homes.index[homes["grid_code"].isna()]
    assert len(unknown) == 15
    assert set(unknown) <= set(orphans) <= set(unknown) | set(subjects(sample, "offset"))
    assert homes.loc[orphans, "lived_in"].all()
    recorded = homes["grid_code"].iloc[home]
    wrong = recorded.notna().to_numpy() & (grids.index[grid] != recorded)
    assert sorted(recorded.index[wrong]) == subjects(sample, "mismatch")


def test_sizes_outside_the_band_are_the_four_recorded(sample):
    villages, grids = sample.layers["villages"], sample.layers["grids"]
    homes = sample.layers["households"]
    general = grids[grids["kind"] == "general"]
    size = homes[homes["lived_in"]].groupby("grid_code").size()
    size = size.reindex(general.index, fill_value=0)
    urban = villages["kind"].loc[general["village_code"]].to_numpy() == "community"
    low, high = np.where(urban, 300, 200), np.where(urban, 500, 400)
    outside = size[(size < low) | (size > high)]
    assert sorted(outside.index) == subjects(sample, "size")
    assert (outside > 800).sum() == 2
    assert (outside < 100).sum() == 2
    told = {e["subjects"][0]: e["value"] for e in sample.truth if e["kind"] == "size"}
    assert outside.to_dict() == told


def test_only_the_remote_hamlet_is_beyond_a_kilometre_of_every_station(sample):
    homes, stations = metric(sample, "households"), metric(sample, "stations")
    x, y = homes.geometry.x.to_numpy()[:, None], homes.geometry.y.to_numpy()[:, None]
    nearest = np.hypot(x - stations.geometry.x.to_numpy(), y - stations.geometry.y.to_numpy())
    nearest = pd.Series(nearest.min(axis=1), index=homes.index)
    far = nearest[nearest > 1000]
    assert sorted(far.index) == subjects(sample, "reach")
    assert len(far) >= 12
    assert far.min() > 1005
    assert nearest.drop(far.index).max() < 995
    assert homes.loc[far.index, "lived_in"].all()


# What happens there
