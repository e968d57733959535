"""Partitions as cities have them, exact to the bit: rough borders, lakes, enclaves, exclaves."""

import numpy as np
import shapely
from scipy.spatial import Voronoi

_LARGEST_STEP = 0.35  # how far a border strays from its edge, as a share of the way to a site


def partition(n, seed, size=1000.0, steps=54, holes=0.09):
    """Cut a square into n grids that share every border to the bit.

    Borders are fractal. Of the share ``holes`` of the grids a third have a lake that belongs to
    nobody, a third surround an enclave (a grid of its own, so there are more than n), a third
    surround a part of some other grid. With 54 steps around a grid, holes and kinks make it about
    70 vertices. Returns an object array of Polygon and MultiPolygon.
    """
    rng = np.random.default_rng(seed)
    sites = rng.random((n, 2)) * size
    mirrored = [sites] + [np.where(np.arange(2) == axis, 2 * wall - sites, sites)
                          for axis in (0, 1) for wall in (0.0, size)]  # fmt: skip
    cells = Voronoi(np.concatenate(mirrored))
    per_length = steps / (4 * size / np.sqrt(n))
    borders = {}
    for (p, q), (a, b) in zip(cells.ridge_points, cells.ridge_vertices, strict=True):
        if min(p, q) < n and min(a, b) >= 0:
            a, b = min(a, b), max(a, b)
            ends = cells.vertices[[a, b]]
            steps = max(1, round(per_length * np.hypot(*(ends[1] - ends[0]))))
            borders[a, b] = _rough(*ends, cells.points[p], cells.points[q], steps, rng)
    shells = []
    for site in range(n):
        corners = cells.regions[cells.point_region[site]]
        path = [
            borders[a, b] if a < b else borders[b, a][::-1]
            for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)
        ]
        shells.append(np.concatenate([part[:-1] for part in path]))
    return _with_holes(shells, sites, rng, holes)


def _rough(start, end, p, q, steps, rng):
    """A path from start to end within the triangles to the sites p and q, which no other enters."""
    t = np.linspace(0, 1, steps + 1)
    walk = np.cumsum(rng.normal(size=steps + 1))
    stray = walk - walk[0] - t * (walk[-1] - walk[0])  # a bridge: 0 at both ends
    stray *= _LARGEST_STEP * np.minimum(t, 1 - t) / max(np.abs(stray).max(), 1e-9)
    level = np.flatnonzero(stray[:-1] * stray[1:] < 0)  # the path crosses the edge on the edge
    at = t[level] + (t[level + 1] - t[level]) * stray[level] / (stray[level] - stray[level + 1])
    t = np.insert(t, level + 1, at)
    stray = np.insert(stray, level + 1, 0.0)[:, None]
    on_edge = start + t[:, None] * (end - start)
    path = on_edge + np.abs(stray) * (np.where(stray > 0, p, q) - on_edge)
    path[0], path[-1] = start, end
    return path


def _with_holes(shells, sites, rng, share):
    n = len(shells)
    chosen = rng.permutation(n)[: int(share * n)]
    grids = [[shapely.Polygon(shell)] for shell in shells]
    for k, site in enumerate(chosen):
        hole = sites[site] + 0.3 * (shells[site] - sites[site])
        grids[site][0] = shapely.Polygon(shells[site], [hole])
        if k % 3 == 1:
            grids.append([shapely.Polygon(hole)])
        elif k % 3 == 2:
            away = np.hypot(*(sites - sites[site]).T)
            owner = np.argsort(away)[min(9, n - 1)]  # near by, but no neighbour
            grids[owner].append(shapely.Polygon(hole))
    return np.array([g[0] if len(g) == 1 else shapely.MultiPolygon(g) for g in grids])
