"""Partitions as cities have them, exact to the bit: rough borders, lakes, enclaves, exclaves.

``clustered`` makes them as uneven as a county: dense towns, villages between them, wide land.
"""

from itertools import chain

import numpy as np
import shapely
from scipy.spatial import Voronoi, cKDTree

_LARGEST_STEP = 0.35  # how far a border strays from its edge, as a share of the way to a site
_TOWN = 250  # grids of a town in the mean; sizes go from villages of some ten to a city


def partition(n, seed, size=1000.0, steps=54, holes=0.09, clustered=0.0):
    """Cut a square into n grids that share every border to the bit.

    Parameters
    ----------
    n : int
        Grids, enclaves not counted.
    seed : int
    size : float
        Side of the square, whose lower left corner is 0, 0.
    steps : float
        Steps of the borders around a grid in the mean; with 54, holes and kinks make it about 70
        vertices. Some borders are straight as roads, others wind like brooks.
    holes : float
        Share of the grids with one: a third of them have a lake that belongs to nobody, a third
        surround an enclave (a grid of its own, so there are more than n), a third surround a part
        of some other grid.
    clustered : float
        Share of the grids that lie in towns; 0 spreads them evenly.

    Returns
    -------
    object array of Polygon and MultiPolygon, all valid
    """
    rng = np.random.default_rng(seed)
    sites = _sites(n, rng, size, clustered)
    mirrored = [sites] + [np.where(np.arange(2) == axis, 2 * wall - sites, sites)
                          for axis in (0, 1) for wall in (0.0, size)]  # fmt: skip
    cells = Voronoi(np.concatenate(mirrored))
    regions = [cells.regions[region] for region in cells.point_region[:n]]
    edges = np.array(cells.ridge_vertices)
    beside = cells.ridge_points
    ours = (beside.min(axis=1) < n) & (edges.min(axis=1) >= 0)
    edges, beside = np.sort(edges[ours], axis=1), beside[ours]
    order = np.lexsort(edges.T[::-1])
    edges, beside = edges[order], beside[order]
    path, edge = _rough(cells.vertices[edges], cells.points[beside], beside, n, steps, rng)
    corner_of, next_of, sizes = _around(regions)
    chosen = rng.permutation(n)[: int(holes * n)]
    while True:
        turned = corner_of > next_of
        key = np.where(turned, next_of, corner_of) * len(cells.vertices)
        key += np.where(turned, corner_of, next_of)
        taken = np.searchsorted(edges[:, 0] * len(cells.vertices) + edges[:, 1], key)
        shells, site = _shells(path, edge, taken, turned, sizes)
        grids = _with_holes(shells, site, sites, chosen)
        # Rounding can tangle a very short border: such ones are drawn straight.
        tangled = np.flatnonzero(~shapely.is_valid(grids[:n]))
        if not len(tangled):
            return grids
        around = np.isin(np.repeat(np.arange(n), sizes), tangled)
        straight = np.isin(edge, taken[around])
        ends = np.ones(len(edge), bool)
        ends[1:-1] = (edge[1:-1] != edge[:-2]) | (edge[1:-1] != edge[2:])
        kept = ends | ~straight
        if kept.all():
            raise AssertionError("grids of straight borders are never tangled")
        path, edge = path[kept], edge[kept]


def people(grids, n, seed):
    """Places of n people of whom every grid has as many, wherever they are in its box: x, y."""
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.bounds(grids)[rng.integers(0, len(grids), n)].T
    return west + rng.random(n) * (east - west), south + rng.random(n) * (north - south)


def on_borders(grids, n, seed):
    """Points where rounding decides: corners, on borders as near as floats allow, one float off.

    x, y, a third of each; valid and invalid shapes alike.
    """
    rng = np.random.default_rng(seed)
    corners, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(grids)),
                                            return_index=True)  # fmt: skip
    start = rng.choice(np.flatnonzero(ring[1:] == ring[:-1]), n)
    a, b = corners[start], corners[start + 1]
    along = np.where(rng.random((n, 1)) < 0.5, 0.5, rng.random((n, 1)))
    places = np.where(np.arange(n)[:, None] < n // 3, a, a + along * (b - a))
    beside = np.arange(n) >= n - n // 3
    steps = rng.integers(-1, 2, (beside.sum(), 2))
    places[beside] = np.nextafter(places[beside], places[beside] + steps)
    return places.T.copy()


def _sites(n, rng, size, clustered):
    """Places of grids: anywhere, or the share ``clustered`` of them in towns of uneven size."""
    in_towns = rng.random(n) < clustered
    towns = max(n // _TOWN, 3)
    weight = rng.pareto(1.2, towns) + 0.05
    town = rng.choice(towns, n, p=weight / weight.sum())
    # Large towns are denser: their radius grows less than their grids would need.
    radius = 0.06 * size / np.sqrt(towns) * (weight / weight.mean()) ** 0.3
    centre = rng.random((towns, 2)) * size
    sites = rng.random((n, 2)) * size
    lost = in_towns
    while lost.any():
        away = rng.normal(size=(lost.sum(), 2)) * radius[town[lost], None]
        sites[lost] = centre[town[lost]] + away
        lost = ((sites <= 0) | (sites >= size)).any(axis=1)
    return sites


def _rough(ends, sites, beside, n, steps, rng):
    """Paths along edges within the triangles to the sites beside them, which no other enters.

    Gives the points of all paths in turn, and the edge of each.
    """
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    inner = beside < n
    around = np.bincount(beside[inner], np.broadcast_to(length[:, None], beside.shape)[inner], n)
    share = np.where(inner, length[:, None] / around[np.minimum(beside, n - 1)], 0)
    share = share.sum(axis=1) / inner.sum(axis=1)
    winding = rng.lognormal(-0.08, 0.4, len(length))
    count = np.maximum(1, np.round(steps * share * winding)).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(count + 1)])
    edge = np.repeat(np.arange(len(count)), count + 1)
    t = (np.arange(first[-1]) - first[edge]) / count[edge]
    walk = np.cumsum(rng.normal(size=len(t)))
    walk -= walk[first[edge]]
    stray = walk - t * walk[first[edge + 1] - 1]  # a bridge: 0 at both ends
    widest = np.maximum(np.maximum.reduceat(np.abs(stray), first[:-1]), 1e-9)
    stray *= _LARGEST_STEP * np.minimum(t, 1 - t) / widest[edge]
    # The path crosses the edge on the edge.
    level = np.flatnonzero((stray[:-1] * stray[1:] < 0) & (edge[:-1] == edge[1:]))
    at = t[level] + (t[level + 1] - t[level]) * stray[level] / (stray[level] - stray[level + 1])
    t = np.insert(t, level + 1, at)
    stray = np.insert(stray, level + 1, 0.0)
    edge = np.insert(edge, level + 1, edge[level])
    on_edge = ends[edge, 0] + t[:, None] * (ends[edge, 1] - ends[edge, 0])
    towards = sites[edge, np.where(stray > 0, 0, 1)]
    path = on_edge + np.abs(stray)[:, None] * (towards - on_edge)
    last = np.flatnonzero(np.append(edge[1:] != edge[:-1], True))
    path[last], path[np.append(0, last[:-1] + 1)] = ends[:, 1], ends[:, 0]
    return path, edge


def _around(regions):
    """Corners of all regions in turn, the corner after each, and how many a region has."""
    sizes = np.array([len(region) for region in regions])
    corner = np.fromiter(chain.from_iterable(regions), np.int64, sizes.sum())
    after = np.roll(corner, -1)
    end = np.cumsum(sizes)
    after[end - 1] = corner[end - sizes]
    return corner, after, sizes


def _shells(path, edge, taken, turned, sizes):
    """Points of all shells in turn, and the site of each."""
    first = np.searchsorted(edge, np.arange(edge[-1] + 2))
    count = (first[taken + 1] - first[taken]) - 1
    start = np.concatenate([[0], np.cumsum(count)])
    walked = np.repeat(np.arange(len(taken)), count)
    along = np.arange(start[-1]) - start[walked]
    backwards = turned[walked]
    from_ = np.where(turned, first[taken + 1] - 1, first[taken])[walked]
    site = np.repeat(np.repeat(np.arange(len(sizes)), sizes), count)
    return path[from_ + np.where(backwards, -along, along)], site


def _with_holes(shells, site, sites, chosen):
    n = len(sites)
    kind = np.full(n, -1)
    kind[chosen] = np.arange(len(chosen)) % 3
    inside = kind[site] >= 0
    own = sites[site[inside]]
    hole = own + 0.3 * (shells[inside] - own)
    rings = shapely.linearrings(
        np.concatenate([shells, hole]),
        indices=np.concatenate([site, n + np.searchsorted(np.sort(chosen), site[inside])]),
    )
    of = np.concatenate([np.arange(n), np.sort(chosen)])
    order = np.argsort(of, kind="stable")
    grids = shapely.polygons(rings[order], indices=of[order])
    filled = dict(zip(np.sort(chosen).tolist(), shapely.polygons(rings[n:]), strict=True))
    enclaves = [filled[k] for k in chosen[1::3].tolist()]
    guests = chosen[2::3]
    if len(guests):
        near = cKDTree(sites).query(sites[guests], k=min(10, n))[1].reshape(len(guests), -1)
        parts = {}
        for guest, owner in zip(guests.tolist(), near[:, -1].tolist(), strict=True):
            parts.setdefault(owner, [grids[owner]]).append(filled[guest])  # no neighbour of it
        for owner, own in parts.items():
            grids[owner] = shapely.MultiPolygon(own)
    return np.concatenate([grids, np.array(enclaves, dtype=object)])
