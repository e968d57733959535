"""Small frames that keep their contracts, and the feed that brings one."""

import datetime as dt
import hashlib

import geopandas as gpd
import pandas as pd
from shapely import Point, box

from gridgeo.model.records import FeedIn, Part

NO_REJECTS = pd.DataFrame(columns=["row", "field", "code", "reason_zh", "reason_en", "content"])


def part(accepted, refused=NO_REJECTS):
    """A file of one part."""
    return [Part(accepted, refused, len(accepted) + refused["row"].nunique())]


def feed(name="a.geojson", **more):
    known = {
        "file_name": name,
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
        "imported_at": dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC),
        "imported_by": "clerk",
    }
    return FeedIn(**(known | more))


def grids(codes="ab", wide=1.0, **columns):
    return gpd.GeoDataFrame(
        {"name": [f"grid {c}" for c in codes], **columns},
        geometry=[box(120 + i, 32, 120 + i + wide, 33) for i in range(len(codes))],
        index=pd.Index(list(codes), name="grid_code"),
        crs=4490,
    )


def households(n=3, band="1", start=0):
    numbers = range(start, start + n)
    return gpd.GeoDataFrame(
        {
            "size_band": pd.Series([band] * n, dtype="str").to_numpy(),
            "lived_in": pd.array([True, None, False] * n, dtype="boolean")[:n],
        },
        geometry=[Point(120 + i / 1000, 32) for i in numbers],
        index=pd.Index([f"h{i:06d}" for i in numbers], name="household_id"),
        crs=4490,
    )


def visits(n=2):
    return pd.DataFrame(
        {
            "household_id": [f"h{i:06d}" for i in range(n)],
            "worker_id": "w1",
            "visited_at": pd.date_range("2026-01-01 08:00", periods=n, tz="Asia/Shanghai"),
        },
        index=pd.Index([f"v{i}" for i in range(n)], name="visit_id"),
    )


def units(codes, households=None):
    """Units side by side from west to east, with their grids."""
    n = len(codes)
    return gpd.GeoDataFrame(
        {
            "households": households or [10] * n,
            "village_code": ["321282401001"] * n,
            "grid_code": list(codes),
        },
        geometry=[box(120 + i / 100, 32, 120 + (i + 1) / 100, 32.01) for i in range(n)],
        index=pd.Index([f"u{i}" for i in range(n)], name="unit_id"),
        crs=4490,
    )
