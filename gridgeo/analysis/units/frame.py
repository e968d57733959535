"""Units as they are given out: in an order of their own, with ids, and how they hang together."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.units.edges import edges_of
from gridgeo.analysis.units.layers import Barriers, Layer
from gridgeo.analysis.units.linked import groups


def ordered(shapes: np.ndarray) -> np.ndarray:
    """Give the order of shapes along a Hilbert curve, so that near numbers are near places."""
    places = gpd.GeoSeries(shapes)
    middle = places.centroid
    return np.lexsort((middle.y, middle.x, places.hilbert_distance(places.total_bounds)))


def unit_frame(
    shapes: np.ndarray,
    columns: dict[str, np.ndarray],
    boundary: Layer,
    barriers: Barriers,
    roads: np.ndarray,
) -> tuple[gpd.GeoDataFrame, dict[str, Any]]:
    """Give units, already in order, with ids and columns, and say how they hang together.

    Returns
    -------
    units : GeoDataFrame
        With ``kind`` and ``piece``.
    report : dict
        ``units``, ``islands``, ``pieces``, ``bridges``, ``bridged_pieces``, ``lone_pieces``.
    """
    digits = max(4, len(str(len(shapes))))
    ids = pd.Index([f"U{n:0{digits}d}" for n in range(1, len(shapes) + 1)], name="unit_id")
    wet = barriers.hold(shapes)
    edges = edges_of(gpd.GeoSeries(shapes, crs=boundary.crs), barriers, roads)
    pairs, over = edges[["first", "second"]].to_numpy(), edges["how"].to_numpy() == "bridge"
    piece = _numbered(groups(len(shapes), pairs[~over]), ~wet)
    columns |= {"kind": np.where(wet, "water", "land"), "piece": piece}
    alone = ~wet & (np.bincount(pairs[~over].ravel(), minlength=len(shapes)) == 0)
    tied = np.sort(piece[pairs[over]], axis=1)
    tied = np.unique(tied[tied[:, 0] != tied[:, 1]], axis=0)
    pieces = int(piece.max(initial=0))
    lone = np.setdiff1d(np.arange(1, pieces + 1), tied) if pieces > 1 else np.empty(0, int)
    report = {
        "units": len(shapes),
        "islands": ids[alone].tolist(),
        "pieces": pieces,
        "bridges": ids.to_numpy()[pairs[over]].tolist(),
        "bridged_pieces": tied.tolist(),
        "lone_pieces": lone.tolist(),
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, index=ids, crs=boundary.crs), report


def _numbered(group: np.ndarray, land: np.ndarray) -> np.ndarray:
    """Give the groups of land numbers from 1 on, by their first unit; water has 0."""
    _, first, of_unit = np.unique(group[land], return_index=True, return_inverse=True)
    piece = np.zeros(len(group), int)
    piece[land] = np.argsort(np.argsort(first))[of_unit] + 1
    return piece
