"""How far it is along streets."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from gridgeo.analysis.near_pairs import Floats, Ints, Layer, places, require_radius
from gridgeo.analysis.network.kernel import Tree, snap
from gridgeo.analysis.network.net import Cut, Net, cut, read_net
from gridgeo.model.crs import require_metric

_ROUND = 16  # stations at a time: distances to all nodes, 8 bytes each


class Spots(NamedTuple):
    """Where places meet the streets.

    Parameters
    ----------
    at : int64, shape (k,)
        Positions of the places that have a point.
    segment : int64, shape (k,)
    share : float64, shape (k,)
        Along the segment, 0 to 1.
    off_m : float64, shape (k,)
        From the place to the street.
    """

    at: Ints
    segment: Ints
    share: Floats
    off_m: Floats


def spots_of(xy: Floats, tree: Tree) -> Spots:
    """Lead places to the nearest point of a street."""
    segment, share, off_m = snap(xy, tree)
    at = np.flatnonzero(segment >= 0)
    return Spots(at, segment[at], share[at], off_m[at])


def nearest_along_streets(households: Layer, stations: Layer, streets: Layer) -> Floats:
    """Measure how far each household is from its nearest station along streets.

    Parameters
    ----------
    households, stations, streets
        As for ``reach``, which says what the distances mean.

    Returns
    -------
    float64, shape (n,)
        Metres; ``inf`` where no station can be reached, NaN where the household has no point.
    """
    homes, bases, net, tree = _read(households, stations, streets)
    metres = np.where(np.isnan(homes[:, 0]), np.nan, np.inf)
    if tree is not None and not np.isnan(bases).all():
        here, there = spots_of(homes, tree), spots_of(bases, tree)
        made = cut(net, there.segment, there.share)
        # One start beside all nodes, as far from each station as this is from its street.
        start = len(made.net.xy)
        links = np.column_stack([np.full(len(made.node), start), made.node])
        graph = graph_of(made.net, links, there.off_m)
        to_node_m = dijkstra(graph, indices=start)
        first, last, before_m, after_m = _ends_of(made, here, net)
        metres[here.at] = here.off_m + np.minimum(
            to_node_m[first] + before_m, to_node_m[last] + after_m
        )
    return metres


def street_distances(
    households: Layer, stations: Layer, streets: Layer, within_m: float
) -> csr_array:
    """Measure how far each household is from every station that is near enough along streets.

    Parameters
    ----------
    households, stations, streets
        As for ``reach``, which says what the distances mean.
    within_m : float
        Farther pairs are left out; 0 or more, finite.

    Returns
    -------
    csr_array of float64, shape (n, m)
        Metres of each pair that is near enough, a distance of 0 stored; absent: farther, or not
        to be reached. As ``fewest_stations`` and ``best_stations`` take it.

    Raises
    ------
    CRSError, GeometryError
        As ``reach``.
    ParameterError
        ``within_m`` is negative, not finite or no number.

    Examples
    --------
    >>> import geopandas as gpd
    >>> street = gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 100 0)"], crs=4549)
    >>> homes = gpd.GeoSeries.from_xy([20, 90], [5, 0], crs=4549)
    >>> street_distances(homes, homes.iloc[1:], street, 75).toarray().tolist()
    [[75.0], [0.0]]
    """
    within_m = require_radius(within_m, "within_m")
    homes, bases, net, tree = _read(households, stations, streets)
    found: list[tuple[Ints, Ints, Floats]] = []
    if tree is not None:
        here, there = spots_of(homes, tree), spots_of(bases, tree)
        made = cut(net, there.segment, there.share)
        graph = graph_of(made.net)
        first, last, before_m, after_m = _ends_of(made, here, net)
        for begin in range(0, len(there.at), _ROUND):
            some = slice(begin, begin + _ROUND)
            nodes_m = dijkstra(graph, indices=made.node[some], limit=within_m)
            metres = np.minimum(nodes_m[:, first] + before_m, nodes_m[:, last] + after_m)
            metres += here.off_m + there.off_m[some, None]
            station, home = np.nonzero(metres <= within_m)
            found.append((here.at[home], there.at[begin + station], metres[station, home]))
    shape = (len(homes), len(bases))
    if not found:
        return csr_array(shape, dtype="float64")
    home, station, near_m = (np.concatenate(part) for part in zip(*found, strict=True))
    return coo_array((near_m, (home, station)), shape=shape).tocsr()


def _read(
    households: Layer, stations: Layer, streets: Layer
) -> tuple[Floats, Floats, Net, Tree | None]:
    homes = places(require_metric(households, "households"), "households")
    bases = places(stations, "stations", households, "households")
    return homes, bases, *read_net(streets, households, "households")


def graph_of(net: Net, links: Ints | None = None, links_m: Floats | None = None) -> csr_array:
    """Give the walks between neighbouring nodes, both ways, and one way over links."""
    ends, length_m = net.ends, net.length_m
    pairs = np.concatenate([ends, ends[:, ::-1]] + ([] if links is None else [links]))
    metres = np.concatenate([length_m, length_m] + ([] if links_m is None else [links_m]))
    size = len(net.xy) + (links is not None)
    # A sparse matrix would add parallel ways up: the shortest of them is kept.
    key = pairs @ [size, 1]
    order = np.argsort(key)
    key = key[order]
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    shortest_m = np.minimum.reduceat(metres[order], first)
    source, target = np.divmod(key[first], size)
    starts = np.searchsorted(source, np.arange(size + 1))
    return csr_array((shortest_m, target, starts), shape=(size, size))


def _ends_of(made: Cut, here: Spots, net: Net) -> tuple[Ints, Ints, Floats, Floats]:
    """Give the two nodes around each spot, and the metres along the street to them."""
    piece, before_m, after_m = made.place(here.segment, here.share, net.length_m)
    return made.net.ends[piece, 0], made.net.ends[piece, 1], before_m, after_m
