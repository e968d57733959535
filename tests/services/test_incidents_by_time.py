"""Incidents by time of day beside the figures told before."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgeo.services.incidents_by_time import BANDS, incidents_by_time_layer
from gridgeo.services.layers import incidents_layer
from tests.publish.layers import Shelf
from tests.services.test_coverage_layers import ABOUT, Town

COUNTS = [f"h{first:02d}_{last:02d}" for first, last in BANDS]


def city():
    """Incidents round the clock in four quarters far from each other."""
    rng = np.random.default_rng(0)
    n = 2000
    xy = rng.uniform(0, 900, (n, 2)) + rng.integers(0, 2, (n, 2)) * 8000 + (500_000, 3_540_000)
    when = pd.Timestamp("2026-06-01", tz="UTC") + pd.to_timedelta(rng.uniform(0, 30, n), unit="D")
    incidents = gpd.GeoDataFrame(
        {"class_code": "0102", "reported_at": when.as_unit("us")},
        index=pd.Index([f"i{row}" for row in range(n)], name="incident_id"),
        geometry=gpd.points_from_xy(*xy.T),
        crs=4549,
    )
    return Town(incidents=incidents)


def test_every_incident_stands_in_one_band_of_one_cell():
    source = city()
    told = incidents_layer(source, ABOUT)
    layer = incidents_by_time_layer(source, ABOUT, told)
    assert layer.disclosure == "internal"
    assert layer.features[COUNTS].to_numpy().sum() == 2000
    assert (layer.features[COUNTS] >= told.k).all(axis=None)


def test_a_cell_told_at_an_earlier_figure_gets_no_figure_by_time():
    source, shelf = city(), Shelf()
    whole = incidents_by_time_layer(source, ABOUT, incidents_layer(source, ABOUT)).features
    before = Town(incidents=source.frames["incidents"].iloc[1:])
    shelf.record(incidents_layer(before, ABOUT))
    about = replace(ABOUT, ledger=shelf)
    told = incidents_layer(source, about)
    assert told.withheld.held == 1  # one more would tell of one person
    layer = incidents_by_time_layer(source, about, told)
    lost = layer.features[COUNTS].isna().all(axis=1)
    assert lost.sum() == 1
    kept = lost.index[~lost]
    assert (layer.features.loc[kept, COUNTS] == whole.loc[kept, COUNTS]).all(axis=None)


def test_a_cell_told_at_an_earlier_figure_keeps_what_was_told_of_it_by_time():
    source, shelf = city(), Shelf()
    about = replace(ABOUT, ledger=shelf)
    rows = source.frames["incidents"]
    told = incidents_layer(Town(incidents=rows.iloc[1:]), about)
    first = incidents_by_time_layer(Town(incidents=rows.iloc[1:]), about, told)
    for layer in (told, first):
        shelf.record(layer)
    # One incident came, and a hundred of the evening were in the morning.
    late = rows["reported_at"].dt.tz_convert(ABOUT.zone).dt.hour.eq(20).to_numpy()
    moved = rows["reported_at"].mask(late, rows["reported_at"] - pd.Timedelta(hours=12))
    source = Town(incidents=rows.assign(reported_at=moved))
    layer = incidents_by_time_layer(source, about, incidents_layer(source, about))
    same = (layer.features[COUNTS] == first.features[COUNTS]).all(axis=1)
    assert same.sum() == 1  # the union with the held cell; the others tell the new hours
    assert layer.features[COUNTS].notna().all(axis=None)
    assert layer.withheld.held == len(COUNTS)


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    changes=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=2),
)
def test_two_publications_of_a_cell_never_differ_by_a_small_count(seed, changes):
    rng = np.random.default_rng(seed)
    every = city().frames["incidents"]
    here = pd.Series(rng.random(len(every)) < 0.8, every.index)
    shelf, releases = Shelf(), []
    for gone, come in [(0, 0), *changes]:
        here[rng.choice(here.index[here], gone, replace=False)] = False
        here[rng.permutation(here.index[~here])[:come]] = True
        source = Town(incidents=every[here])
        about = replace(ABOUT, ledger=shelf)
        told = incidents_layer(source, about, "public")
        layer = incidents_by_time_layer(source, about, told)
        for one in (told, layer):
            shelf.record(one)
        releases.append(layer.features[COUNTS].astype("float64"))
        # A cell tells of every time of day or of none: no rest to be worked out.
        assert releases[-1].isna().any(axis=1).equals(releases[-1].isna().all(axis=1))
    compared = 0
    for number, later in enumerate(releases):
        for earlier in releases[:number]:
            apart = (later - earlier).abs().stack().dropna()
            assert ((apart == 0) | (apart >= layer.k)).all()
            compared += len(apart)
    assert compared
