"""Which grid covers a point: the index beside GEOS and geopandas, several seeds.

    python -m benchmarks.assign [points] [grids]

Each time is the fastest of a few calls, building left out unless it is named; a ratio is the
peer's time by ours in the same run. ``assign()`` builds its index in every call. Differences count
points to which a peer gives another grid.
"""

import sys
import time

import geopandas as gpd
import numpy as np
import shapely
from rich.console import Console
from rich.table import Table

from benchmarks.partitions import partition
from gridgeo.analysis.assign import assign
from gridgeo.analysis.locate import GridIndex, warm_locate

SEEDS = (1, 2, 3)
SIZE = 1000.0


def by_intersects_xy(polygons, x, y):
    """Best bulk way of GEOS: candidates by box from sorted points, then prepared polygons."""
    answer = np.full(len(x), -1)
    order = np.argsort(x)
    xs, ys = x[order], y[order]
    west, south, east, north = shapely.bounds(polygons).T
    first, last = np.searchsorted(xs, west, "left"), np.searchsorted(xs, east, "right")
    shapely.prepare(polygons)
    for k in range(len(polygons) - 1, -1, -1):
        strip = ys[first[k] : last[k]]
        place = first[k] + np.flatnonzero((strip >= south[k]) & (strip <= north[k]))
        met = shapely.intersects_xy(polygons[k], xs[place], ys[place])
        answer[order[place[met]]] = k
    shapely.destroy_prepared(polygons)
    return answer


def by_sjoin(grids, points):
    """The way of geopandas; of several grids the first."""
    joined = points.to_frame("geometry").sjoin(grids.to_frame("geometry"), predicate="covered_by")
    position = joined["index_right"].groupby(level=0).min()
    return position.reindex(points.index).fillna(-1).to_numpy(dtype=np.int64)


def fastest(call, times=3):
    """Least seconds of several calls, and the last answer."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - began)
    return min(seconds), answer


def measure(n_points, n_grids, seed):
    """Seconds of every way and differences against GEOS, on one instance."""
    polygons = partition(n_grids, seed, size=SIZE)
    x, y = np.random.default_rng(seed + 1000).random((2, n_points)) * SIZE
    grids = gpd.GeoSeries(polygons, crs="EPSG:4549")
    points = gpd.GeoSeries.from_xy(x, y, crs="EPSG:4549")
    build_s, index = fastest(lambda: GridIndex(grids))
    one_s, ours = fastest(lambda: index.locate(x, y))
    two_s, _ = fastest(lambda: index.locate(x, y, threads=2))
    assign_s, _ = fastest(lambda: assign(points, grids), times=1)
    geos_s, theirs = fastest(lambda: by_intersects_xy(polygons, x, y), times=2)
    sjoin_s, joined = fastest(lambda: by_sjoin(grids, points), times=1)
    return {
        "build, s": build_s,
        "index, MB": index.report().nbytes / 1e6,
        "million points/s, 1 thread": n_points / one_s / 1e6,
        "million points/s, 2 threads": n_points / two_s / 1e6,
        "intersects_xy / ours": geos_s / one_s,
        "sjoin covered_by / ours": sjoin_s / one_s,
        "sjoin covered_by / assign()": sjoin_s / assign_s,
        "assign(), s": assign_s,
        "differences": int((ours != theirs).sum() + (ours != joined).sum()),
    }


def main(n_points=1_000_000, n_grids=3000):
    """Print the table."""
    warm_locate()
    runs = [measure(n_points, n_grids, seed) for seed in SEEDS]
    table = Table(title=f"assign: {n_points:,} points, {n_grids:,} grids of about 70 vertices")
    table.add_column("what")
    for seed in SEEDS:
        table.add_column(f"seed {seed}", justify="right")
    for what in runs[0]:
        table.add_row(what, *(f"{run[what]:,.3g}" for run in runs))
    Console().print(table)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
