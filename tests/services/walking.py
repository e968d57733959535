"""The town's tracks for tests that take them in, and the search for what is left of them."""

import datetime as dt

import numpy as np
import pandas as pd
from sqlalchemy import text

from gridgeo.services.imports import Asked, import_file
from gridgeo.store.tables import metadata

ZONE = "Asia/Shanghai"
EVENING = dt.datetime(2026, 6, 30, 14, tzinfo=dt.UTC)  # of the sample's last day
PLACED = ("grids", "streets", "rosters")


def tracks_of(samples):
    """All fixes of the town, its codes as texts."""
    table = pd.read_parquet(samples / "town" / "tracks.parquet")
    return table.astype(dict.fromkeys(["track_id", "worker_id", "grid_code"], "str"))


def of_days(tracks, *days):
    """The fixes of some days of June."""
    return tracks[tracks["t"].dt.tz_convert(ZONE).dt.day.isin(days)]


def few(tracks, *days, n=4):
    """The fixes of a few tracks of some days."""
    table = of_days(tracks, *days)
    return table[table["track_id"].isin(table["track_id"].unique()[:n])]


def layers_of(samples, *names):
    """The files of layers of the town."""
    return {name: next((samples / "town").glob(f"{name}.*")) for name in names}


def take_in(store, layer, path, now=EVENING):
    """Import a file; fixes in EPSG:4490, so that their coordinates stay to the bit."""
    asked = Asked(layer, path, {}, 4490 if layer == "fixes" else None)
    return import_file(store, asked, now=now, who="clerk")


def everything(store):
    """Every row of every table, as texts."""
    with store.engine.connect() as connection:
        for table in metadata.sorted_tables:
            query = f"SELECT whole_row::text FROM {table.fullname} whole_row"
            rows = connection.execute(text(query))
            yield table.fullname, [row[0] for row in rows]


def holding(store, fixes):
    """The tables in which the place of one of these fixes stands, in binary or as two numbers."""
    pairs = [(float(x), float(y)) for x, y in zip(fixes["lon"], fixes["lat"], strict=True)]
    binary = [np.array(pair).tobytes().hex().upper() for pair in pairs]
    return {
        name
        for name, rows in everything(store)
        for told in [" ".join(rows)]
        if any(mark in told for mark in binary)
        or any(repr(x) in told and repr(y) in told for x, y in pairs)
    }
