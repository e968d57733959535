"""The sample town: the same from the same seed, true to its contracts, flawed only as recorded."""

import json
import time
from collections import Counter
from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from gridgeo.errors import NotFoundError, ParameterError
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import LAYERS
from gridgeo.sample import Sample, town
from gridgeo.sample.offsets import gcj02

DAY = pd.Timestamp("2026-06-30")


@pytest.fixture(scope="module", params=[0, 1, 2])
def sample(request) -> Sample:
    return town(seed=request.param)


def metric(sample: Sample, name: str) -> gpd.GeoDataFrame:
    return to_metric(sample.layers[name], name)


def brought_back(sample: Sample) -> gpd.GeoDataFrame:
    """The households with the points left in GCJ-02 shifted back, to a few metres."""
    homes = sample.layers["households"].copy()
    off = subjects(sample, "offset")
    lon, lat = homes.geometry.loc[off].x.to_numpy(), homes.geometry.loc[off].y.to_numpy()
    back = 2 * np.column_stack([lon, lat]) - gcj02(lon, lat)
    homes.loc[off, "geometry"] = gpd.GeoSeries(shapely.points(back), index=off, crs=homes.crs)
    return to_metric(homes, "households")


def subjects(sample: Sample, kind: str) -> list[str]:
    """Everyone the truth names under a kind; a list, so that double entries show."""
    return sorted(s for entry in sample.truth if entry["kind"] == kind for s in entry["subjects"])


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
    assert list(sample.layers) == [name for name in LAYERS if name in sample.layers]
    for name, frame in sample.layers.items():
        assert LAYERS[name].check(frame) is frame


def test_a_town_unknown_to_the_register_is_refused():
    with pytest.raises(NotFoundError, match="321282001"):
        town("321282999")


def test_a_town_too_small_for_the_defects_is_refused():
    with pytest.raises(ParameterError, match="has 1 villages"):
        town("321282402")


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
    grids = ("gap", "overlap", "sliver", "across", "size", "silent", "patrol", "offset")
    staff = ("no-leader", "few-workers", "no-full-time")
    counts = Counter(entry["kind"] for entry in sample.truth)
    assert {kind: counts[kind] for kind in grids + staff} == {
        "gap": 2, "overlap": 3, "sliver": 1, "across": 1, "size": 4, "silent": 2, "patrol": 2,
        "offset": 2, "no-leader": 2, "few-workers": 3, "no-full-time": 2,
    }  # fmt: skip
    households = {"orphan", "reach", "mismatch", "visit-overdue", "never-visited"}
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
    assert sorted(orphans) == subjects(sample, "orphan")
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


@pytest.mark.parametrize("day", ["2026-04-01", "2026-06-01", "2026-06-30", "2026-12-31"])
def test_staffing_deficits_are_the_recorded_ones_on_any_day_of_the_period(sample, day):
    date = pd.Timestamp(day)
    posts = sample.layers["appointments"].join(sample.layers["workers"], on="worker_id")
    now = posts[
        (posts["state"] == "filed")
        & (posts["valid_from"] <= date)
        & (posts["valid_to"].isna() | (posts["valid_to"] > date))
    ]
    worker = now["role"] == "worker"
    codes = sample.layers["grids"].index

    def short(rows, least):
        count = rows.groupby("grid_code").size().reindex(codes, fill_value=0)
        return sorted(count.index[count < least])

    assert short(now[~worker], 1) == subjects(sample, "no-leader")
    assert short(now[worker], 2) == subjects(sample, "few-workers")
    full = now[worker & (now["employment"] == "full-time")]
    assert short(full, 1) == subjects(sample, "no-full-time")
    assert now[~worker].groupby("grid_code").size().max() == 1
    named = [s for k in ("no-leader", "few-workers", "no-full-time") for s in subjects(sample, k)]
    assert len(set(named)) == 5


def test_appointments_that_do_not_count_are_there_to_mislead(sample):
    posts = sample.layers["appointments"]
    assert set(posts["state"]) == {*posts["state"], "filed", "approved", "applied"}
    assert (posts["valid_to"] <= DAY).sum() >= 5
    assert (posts["valid_from"] > DAY).any()
    lacking = subjects(sample, "few-workers")
    assert posts["grid_code"][posts["state"] != "filed"].isin(lacking).any()


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


def test_incidents_fill_june_by_class_channel_and_department(sample):
    incidents = sample.layers["incidents"]
    local = incidents["reported_at"].dt.tz_convert("Asia/Shanghai")
    assert local.dt.strftime("%Y-%m").unique().tolist() == ["2026-06"]
    assert local.dt.day.nunique() == 30
    patrol = incidents[incidents["channel"] == "patrol"]
    mix = patrol["class_code"].str[:2].value_counts(normalize=True)
    assert mix["01"] == pytest.approx(0.652, abs=0.02)
    assert mix["05"] == pytest.approx(0.245, abs=0.02)
    assert set(incidents["channel"]) == {"patrol", "hotline", "app", "walk-in"}
    assert (incidents["department"][incidents["class_code"] == "0102"] == "环卫").all()
    hours = local.dt.hour.value_counts()
    assert hours[10] > 5 * hours[3]


def test_only_closed_incidents_have_a_closing_time_and_it_is_later(sample):
    incidents = sample.layers["incidents"]
    closed = incidents["stage"] == "closed"
    assert (closed == incidents["closed_at"].notna()).all()
    took = incidents["closed_at"] - incidents["reported_at"]
    assert (took[closed] > pd.Timedelta(0)).all()
    median = took[closed & (incidents["channel"] == "patrol")].median() / pd.Timedelta(hours=1)
    assert median == pytest.approx(1.4, abs=0.15)


def test_incidents_lie_in_the_town(sample):
    outline = sample.layers["towns"].union_all()
    assert sample.layers["incidents"].within(outline).all()


def test_visits_are_made_by_workers_of_the_households_grid(sample):
    visits, posts = sample.layers["visits"], sample.layers["appointments"]
    homes = sample.layers["households"]
    of_worker = posts.groupby("worker_id")["grid_code"].agg(set)
    grid = homes["grid_code"].loc[visits["household_id"]]
    assert all(g in of_worker[w] for g, w in zip(grid, visits["worker_id"], strict=True))
    made = visits["visited_at"].dt.tz_convert("Asia/Shanghai")
    assert made.min() >= pd.Timestamp("2026-01-01", tz="Asia/Shanghai")
    assert made.max() < pd.Timestamp("2026-07-01", tz="Asia/Shanghai")
    met = visits[visits["outcome"] == "met"].sort_values("visited_at")
    assert met.groupby("household_id")["visited_at"].diff().min() > pd.Timedelta(days=29)


def test_households_waiting_for_a_visit_are_those_recorded(sample):
    visits, homes = sample.layers["visits"], sample.layers["households"]
    met = visits[visits["outcome"] == "met"]
    day = met["visited_at"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None).dt.normalize()
    last = day.groupby(met["household_id"]).max().reindex(homes.index[homes["lived_in"]])
    waited = (pd.Timestamp("2026-07-01") - last).dt.days
    assert sorted(waited.index[waited > 90]) == subjects(sample, "visit-overdue")
    assert sorted(last.index[last.isna()]) == subjects(sample, "never-visited")
    assert not waited.between(88, 95).any()
    assert 0.03 < (waited > 90).mean() < 0.08


# What nobody enters as a layer


def test_points_left_in_gcj_02_lie_half_a_kilometre_to_the_south_east(sample):
    off = subjects(sample, "offset")
    moved = metric(sample, "households").geometry.loc[off]
    home = brought_back(sample).geometry.loc[off]
    assert len(off) == 20
    assert (moved.x - home.x).between(420, 450).all()
    assert (moved.y - home.y).between(-240, -205).all()


def test_silent_grids_report_about_a_tenth(sample):
    grids, incidents = metric(sample, "grids"), metric(sample, "incidents")
    grid, _ = shapely.STRtree(incidents.geometry).query(grids.geometry, predicate="intersects")
    found = pd.Series(np.bincount(grid, minlength=len(grids)), index=grids.index)
    silent = subjects(sample, "silent")
    assert found[silent].max() < 0.3 * found.drop(silent).min()


def test_every_grid_is_walked_twice_a_day_but_those_recorded(sample):
    tracks, posts = sample.tracks, sample.layers["appointments"]
    rounds = tracks.groupby("track_id", observed=True).agg(
        grid=("grid_code", "first"), start=("t", "min"), end=("t", "max")
    )
    assert (rounds["end"] - rounds["start"]).min() >= pd.Timedelta(hours=1)
    local = rounds["start"].dt.tz_convert("Asia/Shanghai")
    half = local.dt.strftime("%d ") + local.dt.hour.lt(12).astype(str)
    times = half.groupby(rounds["grid"].astype(str)).nunique()
    assert set(times) == {7, 14}
    assert sorted(times.index[times == 7]) == subjects(sample, "patrol")
    serving = posts[(posts["state"] == "filed") & (posts["role"] == "worker")]
    assert set(times.index) <= set(serving["grid_code"])


def test_fixes_follow_each_other_within_a_minute_inside_the_grid(sample):
    tracks, grids = sample.tracks, metric(sample, "grids")
    gap = tracks.groupby("track_id", observed=True)["t"].diff().dropna()
    assert gap.between(pd.Timedelta(seconds=29), pd.Timedelta(seconds=61)).all()
    places = gpd.GeoSeries.from_xy(tracks["lon"], tracks["lat"], crs=4490).to_crs(grids.crs)
    own = grids.geometry.loc[tracks["grid_code"].astype(str)].to_numpy()
    assert np.quantile(shapely.distance(own, places.to_numpy()), 0.99) < 25


def test_no_column_could_name_a_resident(sample):
    assert set(sample.layers["households"].columns) == {
        "address_id", "size_band", "lived_in", "grid_code", "updated_on", "geometry",
    }  # fmt: skip
