"""What lies within reach of a station along streets."""

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse.csgraph import dijkstra

from gridgeo.analysis.near_pairs import Floats, Layer, places, require_radius
from gridgeo.analysis.network.net import Net, cut, read_net
from gridgeo.analysis.network.walk import graph_of, spots_of
from gridgeo.model.crs import require_metric


def streets_within(stations: Layer, streets: Layer, within_m: float) -> gpd.GeoDataFrame:
    """Give the parts of streets from which each station is near enough.

    Parameters
    ----------
    stations : GeoDataFrame or GeoSeries of Point, shape (m,)
        Metric CRS.
    streets : GeoDataFrame or GeoSeries of LineString or MultiLineString
        Brought into the CRS of ``stations``. They hang together as for ``reach``.
    within_m : float
        Metres along streets, the way from the station to its street counted.

    Returns
    -------
    GeoDataFrame, shape (m,)
        On the index of ``stations``: ``street_m``, the metres of street within reach, and their
        lines as MultiLineString, empty where the station is farther from any street, or has no
        point. A place on a street is part of them if and only if ``reach`` from there to this
        station is at most ``within_m``.

    Raises
    ------
    CRSError
        ``stations`` does not measure metres, or a layer has no CRS.
    GeometryError
        A row is no point or no line.
    ParameterError
        ``within_m`` is negative, not finite or no number.

    Examples
    --------
    >>> street = gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 100 0)"], crs=4549)
    >>> station = gpd.GeoSeries.from_xy([40], [10], crs=4549)
    >>> streets_within(station, street, 60)["street_m"].tolist()
    [90.0]
    """
    lines, street_m, _ = _reached(stations, streets, require_radius(within_m, "within_m"))
    return gpd.GeoDataFrame(
        {"street_m": street_m}, geometry=lines, index=stations.index, crs=stations.crs
    )


def service_areas(
    stations: Layer, streets: Layer, within_m: float, beside_m: float
) -> gpd.GeoDataFrame:
    """Draw the area that each station serves along streets.

    Parameters
    ----------
    stations, streets, within_m
        As for ``streets_within``.
    beside_m : float
        How far from a street people still count as living on it. It is drawn, not walked: the
        way from a door to the street is not taken off ``within_m``.

    Returns
    -------
    GeoDataFrame, shape (m,)
        On the index of ``stations``: ``street_m`` as in ``streets_within``, ``area_m2``, and all
        within ``beside_m`` of these parts of streets, and of the way from the station to them, as
        Polygon or MultiPolygon, empty where no street is within reach.

    Raises
    ------
    CRSError, GeometryError, ParameterError
        As ``streets_within``.
    """
    beside_m = require_radius(beside_m, "beside_m")
    lines, street_m, feet = _reached(stations, streets, require_radius(within_m, "within_m"))
    met = np.flatnonzero(~np.isnan(feet[:, 0]))
    from_to = np.stack([places(stations, "stations"), feet], axis=1)
    parts, of = shapely.get_parts(lines, return_index=True)
    strips = np.append(parts, shapely.linestrings(from_to[met]))
    owner = np.append(of, met)
    strips = shapely.buffer(strips, beside_m)[np.argsort(owner, kind="stable")]
    cuts = np.searchsorted(np.sort(owner), np.arange(1, len(lines)))
    # Ten times as fast as a buffer around all parts of a station at once.
    areas = np.array([shapely.union_all(own) for own in np.split(strips, cuts)], dtype=object)
    areas = areas[: len(lines)]  # no stations: one split of nothing
    areas[shapely.is_empty(areas)] = shapely.Polygon()  # and not a collection of anything
    return gpd.GeoDataFrame(
        {"street_m": street_m, "area_m2": shapely.area(areas)},
        geometry=areas,
        index=stations.index,
        crs=stations.crs,
    )


def _reached(stations: Layer, streets: Layer, within_m: float) -> tuple[np.ndarray, Floats, Floats]:
    """Give the lines within reach of each station, their metres, and where it meets a street.

    The last is NaN where no street is near enough.
    """
    bases = places(require_metric(stations, "stations"), "stations")
    net, tree = read_net(streets, stations, "stations")
    lines = np.full(len(bases), shapely.MultiLineString(), object)
    street_m = np.zeros(len(bases))
    feet = np.full(bases.shape, np.nan)
    if tree is not None:
        there = spots_of(bases, tree)
        made = cut(net, there.segment, there.share)
        graph = graph_of(made.net)
        for at, node, off_m in zip(there.at, made.node, there.off_m, strict=True):
            if off_m <= within_m:
                left_m = within_m - off_m - dijkstra(graph, indices=node, limit=within_m)
                lines[at], street_m[at] = _parts(made.net, left_m)
                feet[at] = made.net.xy[node]
    return lines, street_m, feet


def _parts(net: Net, left_m: Floats) -> tuple[shapely.MultiLineString, float]:
    """Draw how far one gets with the metres left at each node (−∞: it is not reached)."""
    near = np.flatnonzero((left_m[net.ends] > 0).any(axis=1) & (net.length_m > 0))
    length_m = net.length_m[near]
    first, last = net.xy[net.ends[near]].transpose(1, 0, 2)
    # What is walked from either end; where the two meet, the whole segment.
    shares = np.clip(left_m[net.ends[near]] / length_m[:, None], 0, 1)
    whole = shares.sum(axis=1) >= 1
    shares[whole] = [1, 0]
    walked = []
    for share, start, end in ((shares[:, 0], first, last), (shares[:, 1], last, first)):
        some = share > 0
        tip = np.where(whole[:, None], end, start + share[:, None] * (end - start))
        walked.append(np.stack([start, tip], axis=1)[some])
    drawn = shapely.line_merge(
        shapely.multilinestrings(shapely.linestrings(np.concatenate(walked)))
    )
    parts = shapely.multilinestrings(shapely.get_parts(drawn))
    return parts, float(shares.sum(axis=1) @ length_m)
