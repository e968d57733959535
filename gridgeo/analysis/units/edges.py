"""Which units hang together: over a border off every barrier, or over a bridge only."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.analysis.adjacency import shared_borders
from gridgeo.analysis.units.bridges import bridged
from gridgeo.analysis.units.layers import Barriers, Layer, read_barriers, read_streets
from gridgeo.model.crs import require_metric

# A border this near to a barrier runs on it: files round corners to a centimetre.
_ON_M = 0.02


def unit_edges(
    units: gpd.GeoDataFrame, barriers: Layer | None, streets: Layer | None = None
) -> pd.DataFrame:
    """Find which units people can go between: over land, or where a street bridges a barrier.

    Parameters
    ----------
    units : GeoDataFrame of Polygon or MultiPolygon, shape (n, …)
        As ``units_from_streets`` or ``units_from_points`` draws them with these barriers, all or
        some, in any order. Metric CRS.
    barriers : GeoDataFrame or GeoSeries of lines or areas, or None
        Brought into the CRS of ``units``.
    streets : GeoDataFrame or GeoSeries of lines, optional
        A street that crosses a barrier is a bridge. Without streets there is none.

    Returns
    -------
    DataFrame, shape (m, 4)
        first, second : int64. Positions in ``units``, the lower first, ascending, each pair once.
        how : "border" where the two share more than 1 cm of border off every barrier, "bridge"
            where only a street ties them: across a line the two that face each other, across an
            area all that touch its bridgeheads.
        shared_m : metres of border off the barriers, 0 over a bridge.

        Units in a barrier area have no edge.

    Raises
    ------
    CRSError
        ``units`` does not measure metres, or a layer has no CRS.
    GeometryError
        A row of a layer is of the wrong kind.

    Examples
    --------
    >>> square = gpd.GeoSeries([shapely.box(0, 0, 100, 100)], crs=4549)
    >>> river = gpd.GeoSeries([shapely.LineString([(0, 50), (100, 50)])], crs=4549)
    >>> street = gpd.GeoSeries([shapely.LineString([(25, 0), (25, 70)])], crs=4549)
    >>> homes = gpd.GeoSeries.from_xy([25, 75, 25, 75], [25, 25, 75, 75], crs=4549)
    >>> import gridgeo as gg
    >>> units = gg.units_from_points(homes, square, river)
    >>> edges = gg.unit_edges(units, river, street)
    >>> sorted(edges["how"])
    ['border', 'border', 'bridge']
    >>> gg.UnitGraph(units, edges[["first", "second"]].to_numpy())
    UnitGraph(4 units, 3 borders, 0 isolated, 0 mended)
    """
    shapes = require_metric(units, "units").geometry
    found = read_barriers(barriers, units, "units")
    roads, _ = read_streets(streets, units, "units")
    return edges_of(shapes, found, roads)


def edges_of(shapes: gpd.GeoSeries, barriers: Barriers, roads: np.ndarray) -> pd.DataFrame:
    """Do what ``unit_edges`` does, of layers read."""
    touching = shared_borders(shapes)
    wet = barriers.hold(touching.shapes)
    walls = np.concatenate([barriers.lines, barriers.banks])
    length = np.hypot(*(touching.stretches[:, 1] - touching.stretches[:, 0]).T)
    # Units are noded with the barriers: a stretch between two corners is on one or off it.
    on = np.zeros(len(length), bool)
    middles = shapely.points(touching.stretches.mean(axis=1))
    near = shapely.STRtree(middles).query(walls, predicate="dwithin", distance=_ON_M)[1]
    on[near] = True
    off_m = np.bincount(
        touching.stretch_pair, weights=np.where(on, 0.0, length), minlength=len(touching.pairs)
    )
    dry = ~wet[touching.pairs].any(axis=1)
    walked = dry & (off_m > 0.01)
    over = bridged(touching.shapes, wet, touching.pairs[dry & ~walked], barriers, roads)
    pairs = np.concatenate([touching.pairs[walked], over])
    edges = pd.DataFrame(
        {
            "first": pairs[:, 0],
            "second": pairs[:, 1],
            "how": np.repeat(["border", "bridge"], [walked.sum(), len(over)]),
            "shared_m": np.append(off_m[walked], np.zeros(len(over))),
        }
    )
    # Where a border ties two units, a bridge between them adds nothing.
    edges = edges.sort_values(["first", "second", "how"], ignore_index=True)
    return edges.drop_duplicates(["first", "second"], ignore_index=True)
