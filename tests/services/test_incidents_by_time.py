"""Incidents by time of day beside the figures told before."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd

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
