"""Places that seem to be in GCJ-02 or BD-09: said when they are, and never of a clean file."""

import json
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from gridgeo.ingest.offset import NAMES, shifted
from gridgeo.ingest.watch import FEWEST_ROWS, MOST_ROWS, TURNS_DEG, Known, OffsetWatch

TOWN = Path(__file__).parents[2] / "data" / "samples" / "town"
METRES = 4549


def points(lon, lat, like):
    return like.set_geometry(gpd.GeoSeries(gpd.points_from_xy(lon, lat), like.index, crs=4490))


def moved(frame, offset, share=1.0, seed=0):
    """Shift that share of the rows as a web map does."""
    pick = np.random.default_rng(seed).permutation(len(frame)) < round(share * len(frame))
    lon, lat = frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()
    x, y = shifted(lon, lat, offset)
    return points(np.where(pick, x, lon), np.where(pick, y, lat), frame)


def stepped(frame, step_m):
    """Move rows by metres east and north, shape (2,) or (n, 2)."""
    xy = shapely.get_coordinates(frame.geometry.to_crs(METRES).to_numpy()) + step_m
    return frame.set_geometry(
        gpd.GeoSeries(shapely.points(xy), frame.index, crs=METRES).to_crs(4490)
    )


def said(known, *batches):
    watch = OffsetWatch(known)
    for batch in batches:
        watch.look(batch)
    return watch.said()


@pytest.fixture(scope="module")
def town():
    """What the sample town knows."""
    return Known(
        grids=gpd.read_file(TOWN / "grids.geojson").set_index("grid_code"),
        villages=gpd.read_file(TOWN / "villages.geojson").set_index("village_code"),
        addresses=gpd.read_parquet(TOWN / "addresses.parquet").set_index("address_id"),
        streets=gpd.read_file(TOWN / "streets.fgb").set_index("street_id"),
    )


@pytest.fixture(scope="module")
def by_grid(town):
    return Known(grids=town.grids)


@pytest.fixture(scope="module")
def file():
    """The households as the sample has them, 20 of them planted in GCJ-02."""
    return gpd.read_parquet(TOWN / "households.parquet").set_index("household_id")


@pytest.fixture(scope="module")
def planted():
    defects = json.loads((TOWN / "truth.json").read_text("utf-8"))["defects"]
    return [home for d in defects if d["kind"] == "offset" for home in d["subjects"]]


@pytest.fixture(scope="module")
def homes(file, planted):
    """The households whose points are right."""
    right = file.drop(index=planted)
    return right.assign(village_code=right["grid_code"].str[:12])


@pytest.fixture(scope="module")
def incidents():
    table = pd.read_csv(TOWN / "incidents.csv").set_index("incident_id")
    return points(table["lon"], table["lat"], gpd.GeoDataFrame(table))


@pytest.fixture(scope="module")
def noisy(homes, town):
    """Take so many households, geocoded to 50 m, 3 % of them coded as a neighbouring grid."""
    metric = town.grids.geometry.to_crs(METRES)
    near = metric.sindex.query(metric, predicate="dwithin", distance=30)
    beside = pd.Series(metric.index[near[1]], metric.index[near[0]])
    beside = beside[beside != beside.index]

    def make(rows, seed, noise_m=50.0, wrong=0.03):
        rng = np.random.default_rng(seed)
        some = homes[homes["grid_code"].notna()].sample(rows, random_state=seed)
        some = stepped(some, rng.normal(0, noise_m, (rows, 2)))
        code = some["grid_code"].to_numpy(dtype=object, copy=True)
        for row in np.flatnonzero(rng.random(rows) < wrong):
            code[row] = rng.choice(beside[[code[row]]])
        return some.assign(grid_code=code)

    return make


KINDS = {
    "grids": ["grid_code"],
    "villages": ["village_code"],
    "addresses": ["address_id"],
}


@pytest.mark.parametrize("offset", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_from_a_web_map_is_suspected_by_each_evidence(town, homes, kind, offset):
    known = Known(**{kind: getattr(town, kind)})
    some = homes.dropna(subset=["grid_code"]).sample(200, random_state=1)[
        [*KINDS[kind], "geometry"]
    ]
    note = said(known, moved(some, offset))
    assert NAMES[offset] in note
    assert NAMES[offset] in note.zh
    assert f"--offset {offset}." in note
    assert f"--offset {offset} " in note.zh
    won, looked, agree, lost, chance = note.counts
    assert (looked, lost) == (200, 0)
    assert won + agree >= 198  # the drawn grids have gaps
    assert chance < won / 2


@pytest.mark.parametrize("offset", NAMES)
def test_households_known_before_are_recognised_by_their_keys(homes, offset):
    known = Known(households=homes[["geometry"]])
    note = said(known, moved(homes.head(500)[["geometry"]], offset))
    assert note.counts == (500, 500, 0, 0, 0)
    assert f"import them again with --offset {offset}." in note


@pytest.mark.parametrize("offset", NAMES)
@pytest.mark.parametrize("kind", ["grids", "streets"])
def test_places_without_codes_are_suspected_when_the_whole_file_is_moved(
    town, incidents, kind, offset
):
    known = Known(**{kind: getattr(town, kind)})
    assert said(known, incidents) is None
    assert f"--offset {offset}." in said(known, moved(incidents, offset))


@pytest.mark.parametrize(
    ("kind", "share"), [("grids", 0.1), ("addresses", 0.1), ("addresses", 0.05)]
)
def test_a_part_from_a_web_map_is_suspected_with_its_count(town, noisy, kind, share):
    some = noisy(2_000, seed=3)
    note = said(Known(**{kind: getattr(town, kind)}), moved(some, "gcj02", share))
    assert "GCJ-02" in note
    assert "Only a part" in note
    assert "仅部分" in note.zh
    won, _, _, lost, chance = note.counts
    assert won - chance <= share * 2_000 <= 2 * (won - chance)
    assert lost > won


def test_the_sample_town_is_suspected_of_the_planted_places_and_of_nothing_else(
    town, file, homes, planted, incidents
):
    note = said(town, file)
    assert len(planted) == 20
    assert "near their address" in note
    assert note.counts == (20, len(file), len(file) - 20, len(file) - 20, 0)
    stations = pd.read_csv(TOWN / "stations.csv")
    stations = points(stations["lon"], stations["lat"], gpd.GeoDataFrame(stations))
    for clean in (homes, town.addresses, incidents, stations):
        assert said(town, clean) is None


def test_two_blocks_coded_wrongly_look_like_two_from_a_web_map_and_are_not_suspected(by_grid, file):
    assert said(by_grid, file) is None


@pytest.mark.parametrize("seed", range(5))
def test_noise_and_neighbouring_codes_raise_no_alarm(town, noisy, seed):
    some = noisy(3_000, seed)
    assert said(Known(grids=town.grids, villages=town.villages), some) is None
    assert said(Known(addresses=town.addresses), some) is None


def test_a_strip_that_went_to_the_neighbouring_grid_raises_no_alarm(by_grid, homes, town):
    metric = town.grids.geometry.to_crs(METRES)
    one = homes["grid_code"].mode()[0]
    gap_m = metric.drop(one).distance(metric[one])
    strip = homes.geometry.to_crs(METRES).distance(metric[gap_m.idxmin()]) < 200
    old = homes["grid_code"].mask(strip & (homes["grid_code"] == one), gap_m.idxmin())
    assert (old != homes["grid_code"]).sum() > 50
    assert said(by_grid, homes.assign(grid_code=old)) is None


@pytest.mark.parametrize("degrees", [*TURNS_DEG, 45.0, 90.0, 270.0, 310.0])
@pytest.mark.parametrize("kind", ["grids", "addresses"])
def test_a_step_as_long_in_another_direction_is_no_web_map(town, homes, kind, degrees):
    angle = np.radians(degrees) + np.arctan2(-222, 436)
    wrong = stepped(
        homes.sample(3_000, random_state=1), 489 * np.array([np.cos(angle), np.sin(angle)])
    )
    assert said(Known(**{kind: getattr(town, kind)}), wrong) is None


def test_places_beyond_a_city_known_by_half_raise_no_alarm(town, incidents):
    """Whichever half is known, and so also the one whose missing half lies to the south-east."""
    middle = town.grids.geometry.to_crs(METRES).centroid
    for half in (middle.x < middle.x.median(), middle.y > middle.y.median()):
        for known in (town.grids[half], town.grids[~half]):
            assert said(Known(grids=known), incidents) is None


@pytest.mark.parametrize(("rows", "alarm"), [(12, False), (13, True)])
def test_by_grids_it_takes_thirteen_cells_without_one_against(rows, alarm):
    """A coin falls on one side 13 times once in 8,192, which is less than 1 in 8,000."""
    code = [f"g{i}" for i in range(rows)]
    middle = [(526_000 + 1_000 * i, 3_541_000) for i in range(rows)]
    squares = [box(x - 100, y - 100, x + 100, y + 100) for x, y in middle]
    grids = gpd.GeoDataFrame(geometry=squares, index=pd.Index(code), crs=METRES).to_crs(4490)
    at = [Point(xy) for xy in middle]
    file = gpd.GeoDataFrame({"grid_code": code}, geometry=at, crs=METRES).to_crs(4490)
    note = said(Known(grids=grids), moved(file, "gcj02"))
    assert (note is not None) == alarm
    doubled = pd.concat([file, file])  # more rows in the same cells are no more evidence
    assert (said(Known(grids=grids), moved(doubled, "gcj02")) is not None) == alarm


def test_fewer_than_ten_rows_say_nothing(town, homes):
    wrong = moved(homes.iloc[:: len(homes) // FEWEST_ROWS].head(FEWEST_ROWS), "bd09")
    assert said(town, wrong).counts[0] == FEWEST_ROWS == 10
    assert said(town, wrong.iloc[1:]) is None


@pytest.mark.parametrize("known", ["town", "streets", "nothing"])
def test_rows_without_a_place_or_far_away_are_survived(town, homes, known):
    wrong = moved(homes.head(1_000), "gcj02")
    odd = [
        None,
        Point(),
        Point(np.nan, 1),
        Point(-60, -32),
        Point(180, 90),
        Point(0, 0),
        box(0, 0, 1, 1),
    ]
    strange = wrong.head(len(odd)).set_geometry(
        gpd.GeoSeries(odd, wrong.index[: len(odd)], crs=4490)
    )
    strange["grid_code"] = [None, np.nan, "", "?", *homes["grid_code"].iloc[:3]]
    frames = {"town": town, "streets": Known(streets=town.streets), "nothing": Known()}
    batches = [strange, strange.iloc[:0], wrong, strange]
    if known == "streets":
        batches = [batch[["geometry"]] for batch in batches]
    note = said(frames[known], *batches)
    assert (note is None) == (known != "town")
    assert said(frames[known], strange) is None
    assert said(frames[known]) is None


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, 60_000), max_size=6))
def test_batches_and_the_whole_give_one_verdict(long_file, cuts):
    known, whole, note = long_file
    edges = [0, *sorted(cuts), len(whole)]
    batches = [whole.iloc[a:b] for a, b in pairwise(edges)]
    again = said(known, *batches)
    assert (again, again.counts) == (note, note.counts)


@pytest.fixture(scope="module")
def long_file(town, homes):
    known = Known(addresses=town.addresses)
    whole = pd.concat([homes[["address_id", "geometry"]]] * 3)
    whole = moved(whole, "gcj02", share=0.1)
    return known, whole, said(known, whole)


def test_of_a_long_file_a_bounded_number_of_rows_is_looked_at(long_file):
    _, whole, note = long_file
    won, looked, *_ = note.counts
    assert len(whole) > 2 * MOST_ROWS
    assert MOST_ROWS / 2 <= looked <= MOST_ROWS
    assert won == pytest.approx(0.1 * looked, rel=0.1)


def test_nothing_is_moved(town, homes):
    wrong = moved(homes.head(500), "gcj02")
    before = wrong.copy(deep=True)
    assert "Nothing was moved" in said(town, wrong)
    pd.testing.assert_frame_equal(wrong, before)
