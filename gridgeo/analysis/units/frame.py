"""Units as they are given out: in an order of their own, with ids, and what is odd about them."""

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.adjacency import shared_borders


def ordered(shapes: np.ndarray) -> np.ndarray:
    """Give the order of shapes along a Hilbert curve, so that near numbers are near places."""
    places = gpd.GeoSeries(shapes)
    middle = places.centroid
    return np.lexsort((middle.y, middle.x, places.hilbert_distance(places.total_bounds)))


def unit_frame(
    shapes: np.ndarray, columns: dict[str, np.ndarray], boundary: gpd.GeoDataFrame | gpd.GeoSeries
) -> gpd.GeoDataFrame:
    """Give units, already in order, their ids U0001, U0002, … and their columns."""
    digits = max(4, len(str(len(shapes))))
    ids = pd.Index([f"U{n:0{digits}d}" for n in range(1, len(shapes) + 1)], name="unit_id")
    return gpd.GeoDataFrame(columns, geometry=shapes, index=ids, crs=boundary.crs)


def islands(units: gpd.GeoDataFrame) -> tuple[list[str], np.ndarray]:
    """Name the units without a neighbour, and give the pairs of neighbours.

    Adjacency is that of ``UnitGraph``: more than 1 cm of shared border.
    """
    pairs = shared_borders(units.geometry).pairs
    alone = np.bincount(pairs.ravel(), minlength=len(units)) == 0
    return units.index[alone].tolist(), pairs
