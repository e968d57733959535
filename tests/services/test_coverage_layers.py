"""Coverage and quality of the grids, each figure worked out by hand."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from gridgeo.errors import ParameterError
from gridgeo.services.about import About
from gridgeo.services.coverage_layers import coverage_layer, quality_layer
from gridgeo.services.sources import empty

ABOUT = About(dt.date(2026, 7, 1))
CODES = ("01", "02", "03", "04")


class Town:
    """Frames by layer name."""

    def __init__(self, **frames):
        self.frames = frames

    def frame(self, contract, *, as_of=None):  # noqa: ARG002
        return self.frames.get(contract.name, empty(contract))


def grids(codes=CODES):
    west = [500_000 + 1000 * number for number in range(len(codes))]
    shapes = [box(x, 0, x + 1000, 1000) for x in west]
    return gpd.GeoDataFrame(
        geometry=shapes, index=pd.Index(codes, name="grid_code", dtype="str"), crs=4549
    )


def town(*met_late_never, recorded=None, stations=(500_500,), codes=CODES):
    """For each grid so many households met yesterday, met 91 days ago, and never."""
    rows = []
    for number, counts in enumerate(met_late_never):
        for days, n in zip((1, 91, None), counts, strict=True):
            rows += [(500_500 + number * 1000, codes[number], days)] * n
    x, of, days = zip(*rows, strict=True)
    index = pd.Index([f"h{n}" for n in range(len(x))], name="household_id", dtype="str")
    homes = gpd.GeoDataFrame(
        {"grid_code": of, "address_id": "a", "size_band": "2", "lived_in": True},
        geometry=gpd.GeoSeries.from_xy(x, [500] * len(x), index=index, crs=4549),
        index=index,
    )
    if recorded is not None:
        homes["grid_code"] = recorded(homes)
    seen = pd.Series(days, index=index, dtype="float64").dropna()
    noon = pd.Timestamp("2026-07-01 12:00", tz="Asia/Shanghai").tz_convert("UTC")
    visits = pd.DataFrame(
        {
            "household_id": seen.index,
            "worker_id": "w",
            "visited_at": noon - pd.to_timedelta(seen.to_numpy(), unit="D"),
            "outcome": "met",
        }
    )
    places = gpd.GeoSeries.from_xy(list(stations), [500] * len(stations), crs=4549)
    return Town(
        grids=grids(codes),
        households=homes,
        visits=visits,
        stations=gpd.GeoDataFrame({"name": "s", "kind": "s"}, geometry=places, index=places.index),
    )


def figures(layer, *columns):
    rows = layer.features[list(columns)].astype(object)
    return [tuple(None if pd.isna(v) else v for v in row) for row in rows.to_numpy()]


def test_shares_and_counts_of_coverage():
    layer = coverage_layer(town((60, 30, 10), (80, 20, 0), (100, 0, 0)), ABOUT)
    assert (layer.id, layer.disclosure, layer.k) == ("coverage", "internal", 5)
    columns = ("households", "visited", "not_visited", "overdue", "never_visited", "visited_share")
    assert figures(layer, *columns) == [
        (100, 60, 40, 30, 10, 0.6),
        (100, 80, 20, 20, 0, 0.8),
        (100, 100, 0, 0, 0, 1.0),
        (0, 0, 0, 0, 0, None),
    ]
    # The station is 0, 1000 and 2000 m away; 1000 m is near enough.
    assert figures(layer, "reached_share") == [(1.0,), (1.0,), (0.0,), (None,)]
    # Wilson's (p + z²/2n ± z√(pq/n + z²/4n²)) ÷ (1 + z²/n), z = 1.96: 0.7889 ± 0.0777.
    assert figures(layer, "visited_low_share", "visited_high_share")[1] == (0.7112, 0.8666)


@pytest.mark.parametrize("few", [(4, 96, 0), (96, 4, 0)])
def test_a_small_part_takes_its_whole_split_with_it(few):
    layer = coverage_layer(town(few), ABOUT)
    columns = ("visited", "not_visited", "overdue", "never_visited", "visited_share")
    assert figures(layer, *columns)[0] == (None,) * 5
    assert layer.features["withheld"].iloc[0].startswith("visited,not_visited")
    assert figures(layer, "households", "reached_share")[0] == (100, 1.0)


def test_few_never_visited_are_withheld_and_the_share_stays():
    layer = coverage_layer(town((80, 17, 3)), ABOUT)
    columns = ("visited_share", "not_visited", "overdue", "never_visited")
    assert figures(layer, *columns)[0] == (0.8, 20, None, None)


@pytest.mark.parametrize("met", range(5, 96))
def test_counts_are_multiples_of_k_and_a_share_is_right_to_half_of_one(met):
    layer = coverage_layer(town((met, 100 - met, 0)), ABOUT)
    visited, share = figures(layer, "visited", "visited_share")[0]
    assert visited % 5 == 0
    assert share == pytest.approx(met / 100, abs=0.025)


def test_without_visits_and_stations_nothing_is_judged():
    known = town((60, 30, 10), stations=())
    known.frames["visits"]["outcome"] = None
    layer = coverage_layer(known, ABOUT)
    assert figures(layer, "visited_share", "reached_share", "never_visited")[0] == (None,) * 3
    assert (
        figures(quality_layer(known, ABOUT), "freshness_share", "quality_share")[0] == (None,) * 2
    )


def test_without_households_there_is_no_layer():
    with pytest.raises(ParameterError, match="no households"):
        coverage_layer(Town(grids=grids()), ABOUT)


def test_quality_is_the_geometric_mean_of_its_three_shares():
    known = town(
        (80, 20, 0),
        (50, 50, 0),
        recorded=lambda homes: np.where(np.arange(len(homes)) < 90, "01", "02"),
    )
    homes = known.frames["households"]
    homes.loc[homes.index[:40], "address_id"] = None
    layer = quality_layer(known, ABOUT)
    columns = ("completeness_share", "accuracy_share", "freshness_share", "quality_share")
    # Grid 01: 360 of 400 fields, 90 of 100 places, 80 of 100 checked; 0.9·0.9·0.8 = 0.648.
    assert figures(layer, *columns) == [
        (0.9, 0.9, 0.8, pytest.approx(0.648 ** (1 / 3), abs=1e-4)),
        (1.0, 1.0, 0.5, pytest.approx(0.5 ** (1 / 3), abs=1e-4)),
        (None,) * 4,
        (None,) * 4,
    ]
    counts = layer.features[["fields_filled", "fields_empty"]].sum()
    assert counts.tolist() == [760, 40]  # higher levels: 760 / 800, not the mean of the shares


def test_a_household_in_no_grid_is_wrong_in_the_grid_on_record():
    known = town((100, 0, 0))
    homes = known.frames["households"]
    away = homes.geometry.x.where(np.arange(len(homes)) >= 20, 600_000.0)
    known.frames["households"] = homes.set_geometry(
        gpd.GeoSeries.from_xy(away, homes.geometry.y, index=homes.index, crs=4549)
    )
    layer = quality_layer(known, ABOUT)
    assert figures(layer, "placed_right", "placed_wrong")[0] == (80, 20)
    assert figures(coverage_layer(known, ABOUT), "households")[0] == (80,)


def test_who_knows_the_households_of_a_grid_learns_no_small_part_of_them():
    """Every split of 24 and 27 households: what is told leaves at least two for a small part."""
    splits = [
        (met, late, whole - met - late)
        for whole in (24, 27)
        for met in range(whole + 1)
        for late in range(whole + 1 - met)
    ]
    codes = [f"{n:04d}" for n in range(len(splits))]
    known = town(*splits, codes=codes)
    layer = coverage_layer(known, ABOUT)
    parts = ["visited", "not_visited", "overdue", "never_visited"]
    told = layer.features[parts].astype(object).where(layer.features[parts].notna(), None)
    possible = {}
    for split, row in zip(splits, told.to_numpy().tolist(), strict=True):
        met, late, never = split
        of = (met, late + never, late, never)
        possible.setdefault((sum(split), *row), []).append(of)
    for alike in possible.values():
        for part in zip(*alike, strict=True):
            assert len(set(part)) > 1 or not 0 < part[0] < 5
