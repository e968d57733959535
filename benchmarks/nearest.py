"""The nearest grid of points in none: ours beside GEOS's search tree, several tolerances.

    python -m benchmarks.nearest [points] [grids]

Points lie in lakes, where grids are missing (one in twenty is taken out) and around the whole; a
tolerance is a share of a grid's width. Seconds are those of the processor, least of three rounds in
which the two take turns; trees, points and empty answers are made before. A difference is a point
that the two give another grid or another distance.
"""

import sys
import time
import tracemalloc

import geopandas as gpd
import numpy as np
import shapely
from rich.console import Console
from rich.table import Table

from benchmarks.partitions import partition
from gridgeo.analysis.locate import GridIndex
from gridgeo.analysis.nearest.index import NearestIndex, warm_nearest

WIDTH_M = 500.0  # of a grid
SHARES = (0.02, 0.2, 2.0, np.inf)
ROUNDS = 3
_PEER_POINTS = 20_000  # more tell nothing new and take minutes


def layer(n_grids, seed):
    """A partition with gaps, and the shapes taken out of it."""
    size = WIDTH_M * np.sqrt(n_grids)
    grids = partition(n_grids, seed, size=size)
    out = np.random.default_rng(seed).random(len(grids)) < 0.05
    return grids[~out], grids[out], size


def lost_points(grids, gone, size, n, seed):
    """Points in no grid, by where they lie."""
    rng = np.random.default_rng(seed)
    index = GridIndex(gpd.GeoSeries(grids))

    def some(found):
        lost = found[index.locate(*found.T) < 0]
        return rng.permutation(lost)[:n].T.copy()

    rings = shapely.get_parts(shapely.coverage_union_all(grids))
    holes = [hole for part in rings for hole in shapely.get_rings(part)[1:]]
    holes = shapely.polygons(holes)
    filled = shapely.STRtree(gone).query(shapely.point_on_surface(holes), predicate="intersects")[0]
    lakes = np.delete(holes, filled)
    beside = rng.random((4 * n, 2)) * size * 1.2 - 0.1 * size
    beside = beside[(beside < 0).any(axis=1) | (beside > size).any(axis=1)]
    return {
        "in lakes": some(_inside(lakes, 2 * n, rng)),
        "in gaps": some(_inside(gone, 2 * n, rng)),
        "around": some(beside),
    }


def _inside(shapes, n, rng):
    """At least n points in shapes."""
    tree = shapely.STRtree(shapes)
    found = []
    while sum(map(len, found)) < n:
        west, south, east, north = shapely.bounds(rng.choice(shapes, n)).T
        x, y = west + rng.random(n) * (east - west), south + rng.random(n) * (north - south)
        within = np.unique(tree.query(shapely.points(x, y), predicate="within")[0])
        found.append(np.column_stack([x, y])[within])
    return np.concatenate(found)


def unanswered(n):
    """What ``Assigner`` has of lost points before it seeks the nearest."""
    return np.full(n, -1, np.int32), np.full(n, np.nan)


def by_query_nearest(tree, points, within_m):
    """The first of the nearest grids, by the search tree of GEOS."""
    (point, grid), metres = tree.query_nearest(
        points,
        max_distance=within_m if np.isfinite(within_m) else None,
        return_distance=True,
        all_matches=True,
    )
    return point, grid, metres


def first_of(answer, n):
    point, grid, metres = answer
    order = np.lexsort((grid, point))
    point, grid, metres = point[order], grid[order], metres[order]
    first = np.flatnonzero(np.append(True, point[1:] != point[:-1]) if len(point) else [])
    position, distance_m = np.full(n, -1), np.full(n, np.nan)
    position[point[first]], distance_m[point[first]] = grid[first], metres[first]
    return position, distance_m


def compare(grids, x, y, within_m):
    """Seconds a point of both, and how many points they answer differently."""
    for axis in (x, y):
        axis.flags.writeable = False
    index, tree = NearestIndex(grids, within_m), shapely.STRtree(grids)
    points = shapely.points(x, y)[:_PEER_POINTS]
    index.fill(x[:1], y[:1], *unanswered(1))
    tree.query(points[0])
    peer_s, one_s, two_s = [], [], []
    for _ in range(ROUNDS):
        began = time.process_time()
        theirs = by_query_nearest(tree, points, within_m)
        peer_s.append((time.process_time() - began) / len(points))
        mine = unanswered(len(x))
        began = time.process_time()
        index.fill(x, y, *mine)
        one_s.append((time.process_time() - began) / len(x))
        again = unanswered(len(x))
        began = time.perf_counter()
        index.fill(x, y, *again, threads=2)
        two_s.append((time.perf_counter() - began) / len(x))
    theirs = first_of(theirs, len(points))
    mine = [part[: len(points)] for part in mine]
    same = (mine[0] == theirs[0]) & ((mine[1] == theirs[1]) | (theirs[0] < 0))
    return {
        "reached": float((mine[0] >= 0).mean()),
        "query_nearest, µs": min(peer_s) * 1e6,
        "ours, µs": min(one_s) * 1e6,
        "ratio": min(peer_s) / min(one_s),
        "two threads, µs of the clock": min(two_s) * 1e6,
        "differences": int((~same).sum()),
    }


def making(grids):
    """Seconds and memory of making it ready."""
    place = np.zeros(1)
    place.flags.writeable = False
    seconds = []
    for _ in range(ROUNDS):
        index = NearestIndex(grids, 1.0)
        began = time.process_time()
        index.fill(place, place, *unanswered(1))
        seconds.append(time.process_time() - began)
    index = NearestIndex(grids, 1.0)
    tracemalloc.start()  # the resident size hardly grows where freed memory is used again
    index.fill(place, place, *unanswered(1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "seconds": min(seconds),
        "MB": index.nbytes / 1e6,
        "peak MB": peak / 1e6,
        "vertices": int(shapely.get_num_coordinates(grids).sum()),
    }


def main(n_points=100_000, n_grids=3000, seed=1):
    """Print the table."""
    warm_nearest()
    grids, gone, size = layer(n_grids, seed)
    runs = {}
    for where, (x, y) in lost_points(grids, gone, size, n_points, seed).items():
        for share in SHARES:
            runs[f"{where}, within {share:g} widths"] = compare(grids, x, y, share * WIDTH_M)
    table = Table(title=f"nearest: {n_points:,} points each, {len(grids):,} grids, seed {seed}")
    table.add_column("points")
    for what in next(iter(runs.values())):
        table.add_column(what, justify="right")
    for where, run in runs.items():
        table.add_row(where, *(f"{value:,.3g}" for value in run.values()))
    Console(width=140).print(table)
    made = making(grids)
    told = "ready in {seconds:.2f} s: {vertices:,} vertices, {MB:.1f} MB, at its peak {peak MB:.0f}"
    print(told.format(**made))
    return {"runs": runs, "making": made}


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
