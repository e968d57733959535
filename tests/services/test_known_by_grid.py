"""Rows known only by their grid stand on one spot: they count, and gather nowhere."""

import contextlib
import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gridgeo.services.coverage_layers import coverage_layer
from gridgeo.services.detectors import reach, rounds
from gridgeo.services.incidents_by_time import incidents_by_time_layer
from gridgeo.services.layers import incidents_layer, layers_of_map, load_layer
from gridgeo.services.publication import publish_all
from tests.publish.layers import Shelf
from tests.services.test_coverage_layers import ABOUT, Town, figures, town
from tests.services.test_incidents_by_time import COUNTS, city

SPOT = (504_000, 3_544_000)  # in the country, where nothing happens


def with_incidents_of_a_grid(n):
    """Let n incidents of one grid be known no better than by it."""
    source = city()
    exact = source.frames["incidents"]
    vague = gpd.GeoDataFrame(
        exact.drop(columns="geometry").iloc[:n].assign(placed_by="grid"),
        geometry=gpd.points_from_xy([SPOT[0]] * n, [SPOT[1]] * n),
        crs=exact.crs,
    ).rename(index="v{}".format)
    ways = np.resize(["coordinates", "address", None], len(exact))
    return Town(incidents=pd.concat([exact.assign(placed_by=ways), vague]))


def with_homes_of_a_grid(n):
    """Let the last n households of a grid far from the station be known no better than by it."""
    source = town((60, 30, 10), (80, 20, 0), (20, 40, 40))
    homes = source.frames["households"]
    homes["placed_by"] = np.where(np.arange(len(homes)) < len(homes) - n, "coordinates", "grid")
    return source


def test_no_square_tells_of_incidents_known_by_their_grid():
    told = incidents_layer(with_incidents_of_a_grid(40), ABOUT)
    pd.testing.assert_frame_equal(told.features, incidents_layer(city(), ABOUT).features)
    assert told.features["incidents"].sum() == 2000
    assert told.notes("en") == [
        "≈ 40 records known only by their grid: left out where the exact place matters"
    ]
    assert told.notes("zh") == ["≈ 40 条记录仅知所属网格，不计入需要确切位置的统计"]


@pytest.mark.parametrize(
    ("n", "said"), [(1, "< 10"), (9, "< 10"), (14, "≈ 10"), (15, "≈ 20"), (1500, "≈ 1,500")]
)
def test_how_many_are_left_out_is_told_no_closer_than_by_k(n, said):
    source = with_incidents_of_a_grid(n)
    told = incidents_layer(source, ABOUT)
    assert told.withheld.by_grid == said
    # A second figure, rounded to another k, would narrow the first one down.
    by_time = incidents_by_time_layer(source, ABOUT, told)
    assert by_time.withheld.by_grid == said
    assert by_time.features[COUNTS].to_numpy().sum() == 2000


def test_a_month_of_nothing_else_has_no_square():
    source = with_incidents_of_a_grid(40)
    rows = source.frames["incidents"]
    source = Town(incidents=rows[rows["placed_by"].eq("grid").fillna(False)])
    told = incidents_layer(source, ABOUT)
    assert len(told.features) == len(incidents_by_time_layer(source, ABOUT, told).features) == 0
    assert told.withheld.by_grid == "≈ 40"


def test_a_household_known_by_its_grid_is_neither_near_nor_far_and_still_visited():
    whole = coverage_layer(with_homes_of_a_grid(0), ABOUT)
    told = coverage_layer(with_homes_of_a_grid(40), ABOUT)
    near = ("reached", "unreached", "reached_share")
    assert figures(whole, *near)[2] == (0, 100, 0.0)
    assert figures(told, *near)[2] == (0, 60, 0.0)
    others = ("households", "visited", "not_visited", "overdue", "never_visited")
    assert figures(told, *others) == figures(whole, *others)
    assert (whole.withheld.by_grid, told.withheld.by_grid) == ("", "≈ 40")
    everybody = coverage_layer(with_homes_of_a_grid(100), ABOUT)
    assert figures(everybody, *near)[2] == (0, 0, None)


def test_the_register_holds_no_distance_of_a_household_known_by_its_grid():
    source = with_homes_of_a_grid(40)
    whole = layers_of_map("blind-spots", with_homes_of_a_grid(0), ABOUT)["blind-spots"]
    told = layers_of_map("blind-spots", source, ABOUT)["blind-spots"]
    sums = [layer.features.groupby("kind")["households"].sum() for layer in (whole, told)]
    assert [s["reach"] for s in sums] == [100, 60]
    # The last forty were never visited: true, but nobody knows where.
    assert [s.get("never-visited") for s in sums] == [50, 10]
    assert told.withheld.by_grid == "≈ 40"
    load = load_layer(source, ABOUT, "internal").features["households"]
    assert load.tolist() == [100, 100, 100, 0]


class Archive:
    """A store of one publication, in memory."""

    def __init__(self, source):
        self.frame, self.found, self.shown = source.frame, None, {}

    def feeds(self):
        return pd.DataFrame({"sha256": []})

    @contextlib.contextmanager
    def publication(self):
        yield self

    def layers(self):
        return pd.DataFrame()

    def ledger(self, layer_id):
        return Shelf().published(layer_id)

    def record_findings(self, frame, as_of, kinds):  # noqa: ARG002
        self.found = frame

    def keep_base(self, day):  # noqa: ARG002
        return 1

    def publish(self, layer_id, features, meta, counts):  # noqa: ARG002
        self.shown[layer_id] = meta

    def withdraw_all_but(self, layer_ids):
        pass


def test_a_publication_keeps_their_visits_and_no_distance_in_the_register():
    store = Archive(with_homes_of_a_grid(40))
    now = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    publish_all(store, ABOUT.as_of, now=now, told=lambda *_: None)
    kinds = store.found["kind"].value_counts()
    assert kinds.reindex(list(reach.KINDS)).dropna().tolist() == [60]
    assert kinds.reindex(list(rounds.KINDS)).sum() == 90 + 50
    for name in ("blind-spots", "coverage"):
        assert store.shown[name]["withheld"]["by_grid"] == "≈ 40"
