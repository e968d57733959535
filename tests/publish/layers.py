"""Frames and scopes the tests of publish and render share."""

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import box

from gridgeo.publish import Field, Scope, release

HOUSEHOLDS = Field("households", "int", is_count=True)
STORED = ["feature_id", "period", "column", "value"]


class Shelf:
    """A ledger in memory: what a store keeps, for one test."""

    def __init__(self):
        self.rows = {}

    def published(self, layer_id):
        return self.rows.get(layer_id, pd.DataFrame(columns=STORED).astype({"value": "float64"}))

    def record(self, layer):
        self.rows[layer.id] = pd.concat(
            [self.published(layer.id), layer.ledger_rows()], ignore_index=True
        )


def row_of_grids(households, villages=None, **columns):
    """Squares of 300 m side by side near Jingjiang, one a count."""
    west = 500_000 + np.arange(len(households)) * 300.0
    return gpd.GeoDataFrame(
        {
            "households": households,
            "village_code": villages or ["321282001001"] * len(households),
            **columns,
        },
        geometry=[box(x, 3_545_000, x + 300, 3_545_300) for x in west],
        index=pd.Index(
            [f"3212820010{i:04d}" for i in range(len(households))], name="grid_code", dtype="str"
        ),
        crs=4549,
    )


def grids_scope(**changes):
    said = {
        "layer": "grids",
        "zh": "网格",
        "en": "Grids",
        "fields": (HOUSEHOLDS,),
        "parents": {"village_code": "villages"},
    }
    return Scope(**(said | changes))


def published(households, villages=None, ledger=None, frame=None, **changes):
    frame = row_of_grids(households, villages) if frame is None else frame
    return release(frame, grids_scope(**changes), ledger)
