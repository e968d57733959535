"""What the processes of the benchmark of assign do, one each.

Where one thread is measured, seconds are those of the processor, which other work on the machine
does not lengthen by much; two threads need a quiet machine, for theirs are those of the clock.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numba import njit

from benchmarks.alone import resident_mb
from benchmarks.assign_damage import WAYS, damaged
from benchmarks.assign_peers import PEERS, first_of
from benchmarks.partitions import on_borders, partition, people
from gridgeo.analysis.assign import assign
from gridgeo.analysis.locate import GridIndex, warm_locate

SIZE = 1000.0
CLUSTERED = 0.8  # share of the grids in towns, where it is not even
_WITHOUT_ENCLAVES = 1 / 1.03
_STEPS = 53  # make 70 vertices


@dataclass(frozen=True)
class Instance:
    """Points and grids (enclaves included) from a seed.

    Where grids are ``clustered``, points are, too; where points are ``ordered``, those near each
    other follow each other, as in a list of households by street.
    """

    n_points: int
    n_grids: int
    seed: int
    clustered: bool = False
    ordered: bool = False

    def polygons(self):
        """Shapes of the grids."""
        share = CLUSTERED if self.clustered else 0.0
        n = max(round(_WITHOUT_ENCLAVES * self.n_grids), 1)
        return partition(n, self.seed, size=SIZE, steps=_STEPS, clustered=share)

    def points(self, polygons):
        """x, y."""
        if self.clustered:
            x, y = people(polygons, self.n_points, self.seed + 1000)
        else:
            x, y = np.random.default_rng(self.seed + 1000).random((2, self.n_points)) * SIZE
        if self.ordered:
            order = np.argsort(gpd.GeoSeries.from_xy(x, y).hilbert_distance().to_numpy())
            x, y = x[order], y[order]
        return x, y


def raced(_tell, name, threads, instances, rounds, n_border, server):
    """A peer and ours in turn on each instance.

    Returns
    -------
    list of dict, one of each instance
        ``seconds`` and ``ours_s`` of each round, ``build_s`` of ours, ``differs`` (points given
        another grid than ours gives), ``border_wrong`` of ``border`` points on borders.
    """
    warm_locate()
    ready, _ = PEERS[name]
    clock = time.perf_counter if threads > 1 else time.process_time
    found = []
    for instance in instances:
        polygons = instance.polygons()
        x, y = instance.points(polygons)
        began = time.process_time()
        index = GridIndex(gpd.GeoSeries(polygons))
        run = {"build_s": time.process_time() - began}
        with ready(polygons, x, y, threads, server) as peer:
            run["ours_s"], run["seconds"], ours, theirs = in_turn(
                lambda index=index, x=x, y=y: index.locate(x, y, threads=threads),
                clock,
                peer,
                rounds,
            )
        run["differs"] = int((first_of(theirs, len(x)) != ours).sum())
        if n_border and instance == instances[0]:
            x, y = on_borders(polygons, n_border, 1)
            with ready(polygons, x, y, threads, server) as peer:
                theirs = first_of(peer.ask(), len(x))
            run["border"] = len(x)
            run["border_wrong"] = int((theirs != by_geos(polygons, x, y)).sum())
        found.append(run)
    return found


def in_turn(call, clock, peer, rounds):
    """Seconds of ours and of the peer in each round, the answers of both.

    Ours is so short that a round takes the median of seven calls.
    """
    ours_s, peer_s = [], []
    for _ in range(rounds):
        seconds, ours = repeated(call, clock, 7)
        ours_s.append(float(np.median(seconds)))
        seconds, theirs = repeated(peer.ask, peer.seconds, 1)
        peer_s += seconds
    return ours_s, peer_s, ours, theirs


def added_mb(_tell, name, instance, server):
    """Most memory a peer takes on top of polygons and points, from making ready to its answer."""
    polygons = instance.polygons()
    x, y = instance.points(polygons)
    base = from_here()
    with PEERS[name][0](polygons, x, y, 1, server) as peer:
        peer.ask()
        own = peer.memory_mb() if peer.memory_mb else 0.0
    return own or resident_mb("VmHWM") - base


def our_added_mb(_tell, instance):
    """The same of ours: building and locating."""
    warm_locate()
    polygons = instance.polygons()
    x, y = instance.points(polygons)
    grids = gpd.GeoSeries(polygons)
    base = from_here()
    GridIndex(grids).locate(x, y)
    return resident_mb("VmHWM") - base


def throughput(_tell, instance, times=7):
    """Million points a second on one thread and two, and of a pass that only reads and writes."""
    warm_locate()
    polygons = instance.polygons()
    x, y = instance.points(polygons)
    index = GridIndex(gpd.GeoSeries(polygons))
    out = np.empty(len(x), np.int32)
    stream(x, y, out)
    calls = {
        "1 thread": lambda: index.locate(x, y),
        "2 threads": lambda: index.locate(x, y, threads=2),
        "stream": lambda: stream(x, y, out),
    }
    seconds = {what: [] for what in calls}
    for _ in range(times):
        for what, call in calls.items():
            seconds[what] += repeated(call, time.perf_counter, 1)[0]
    return {what: len(x) / min(taken) / 1e6 for what, taken in seconds.items()}


def grown(_tell, instance):
    """What an index costs: seconds, memory while building and after, points a second.

    Returns
    -------
    dict
        ``vertices``, ``build_s``, ``peak_mb`` (most that building adds), ``index_mb``,
        ``locate_s``, ``locate_mb`` (most that locating adds, its answer included).
    """
    warm_locate()
    polygons = instance.polygons()
    grids = gpd.GeoSeries(polygons)
    base = from_here()
    began = time.process_time()
    index = GridIndex(grids)
    build_s = time.process_time() - began
    peak_mb = resident_mb("VmHWM") - base
    x, y = instance.points(polygons)
    base = from_here()
    seconds, _ = repeated(lambda: index.locate(x, y), time.process_time, 5)
    return {
        "grids": len(polygons),
        "points": len(x),
        "vertices": int(shapely.get_num_coordinates(polygons).sum()),
        "build_s": build_s,
        "peak_mb": peak_mb,
        "locate_mb": resident_mb("VmHWM") - base,
        "index_mb": index.report().nbytes / 1e6,
        "locate_s": min(seconds),
    }


def in_memory(_tell, instance, rounds=2):
    """`assign()` beside geopandas' sjoin, frame to frame, each with all that it must build.

    Returns
    -------
    dict
        ``rate`` (million points a second), ``ratio`` and ``peak_mb`` (most that it adds).
    """
    warm_locate()
    polygons = instance.polygons()
    x, y = instance.points(polygons)
    grids = gpd.GeoSeries(polygons, crs="EPSG:4549")
    points = gpd.GeoSeries.from_xy(x, y, crs="EPSG:4549")
    assign(points[:10], grids[:10])
    base = from_here()
    assign(points, grids)
    peak_mb = resident_mb("VmHWM") - base
    with PEERS["geopandas sjoin covered_by"][0](polygons, x, y, 1, None) as peer:
        ours_s, peer_s, _, _ = in_turn(
            lambda: assign(points, grids), time.process_time, peer, rounds
        )
    return {
        "rate": len(x) / min(ours_s) / 1e6,
        "ratio": float(np.median(np.array(peer_s) / ours_s)),
        "peak_mb": peak_mb,
    }


def damages(_tell, instance, share, n_border, rounds=5):
    """Points a second where a share of the grids is damaged, each way in turn with the clean ones.

    Returns
    -------
    list of dict, one of each way
        ``way``, ``rate`` (million points a second), ``of_clean``, ``wrong``: of points on borders
        those that GEOS gives another grid.
    """
    warm_locate()
    polygons = instance.polygons()
    x, y = instance.points(polygons)
    clean = GridIndex(gpd.GeoSeries(polygons))
    found = []
    for way in WAYS:
        grids = damaged(polygons, way, share, instance.seed)
        index = GridIndex(gpd.GeoSeries(list(grids)))
        shares, seconds = [], []
        for _ in range(rounds):
            clean_s, _ = repeated(lambda: clean.locate(x, y), time.process_time, 1)
            own_s, _ = repeated(lambda index=index: index.locate(x, y), time.process_time, 1)
            shares.append(clean_s[0] / own_s[0])
            seconds += own_s
        border = on_borders(grids, n_border, instance.seed)
        found.append(
            {
                "way": way,
                "rate": len(x) / float(np.median(seconds)) / 1e6,
                "of_clean": float(np.median(shares)),
                "wrong": int((index.locate(*border) != by_geos(grids, *border)).sum()),
                "border": n_border,
            }
        )
    return found


def disagreement(_tell, instance):
    """How many hard points ours and GEOS give different grids, and of how many.

    On, beside and level with corners and borders, on the borders of our cells, nowhere.
    """
    warm_locate()
    polygons = instance.polygons()
    index = GridIndex(gpd.GeoSeries(polygons))
    x, y = hard_points(index, polygons, instance.n_points, instance.seed)
    wrong = sum(
        int((index.locate(x, y, threads) != by_geos(polygons, x, y)).sum()) for threads in (1, 2)
    )
    return wrong, len(x)


def hard_points(index, polygons, n, seed):
    """Points where an index may go wrong: x, y."""
    rng = np.random.default_rng(seed)
    on = on_borders(polygons, n // 2, seed)
    pick = rng.integers(0, n // 2, (4, n // 8))
    level = [on[0, pick[0]], on[1, pick[1]]]
    cells = index._built.cells
    eighths = rng.integers(0, cells.side * 8, (2, n // 8)) / 8 / cells.per_unit
    corners = eighths + np.array([[cells.x0], [cells.y0]])
    mixed = [corners[0], on[1, pick[2]]]
    anywhere = rng.random((2, n // 8)) * 1.2 * SIZE - 0.1 * SIZE
    wild = [[np.nan, 1, np.inf, 1, 1e308], [1, np.nan, 1, -np.inf, -1e308]]
    return np.concatenate([on, level, corners, mixed, anywhere, wild], axis=1)


def by_geos(polygons, x, y):
    """Lowest polygon whose prepared shape meets the point; −1 for none."""
    answer = np.full(len(x), -1, np.int32)
    order = np.argsort(x)
    xs, ys = x[order], y[order]
    west, south, east, north = shapely.bounds(polygons).T
    first, last = np.searchsorted(xs, west, "left"), np.searchsorted(xs, east, "right")
    for k in reversed(np.flatnonzero(np.isfinite(west))):
        shapely.prepare(polygons[k])
        # GEOS answers the first question of a prepared polygon by its plain predicate.
        corner = np.full((2, 3), shapely.get_coordinates(polygons[k])[0, :, None])
        shapely.intersects_xy(polygons[k], *corner)
        strip = ys[first[k] : last[k]]
        place = first[k] + np.flatnonzero((strip >= south[k]) & (strip <= north[k]))
        answer[order[place[shapely.intersects_xy(polygons[k], xs[place], ys[place])]]] = k
        shapely.destroy_prepared(polygons[k])
    return answer


def repeated(call, clock, times):
    """Seconds of several calls, and the last answer."""
    seconds = []
    for _ in range(times):
        began = clock()
        answer = call()
        seconds.append(clock() - began)
    return seconds, answer


def from_here():
    """Forget the greatest memory so far, where the system can, and give the memory of now."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    except OSError:
        return resident_mb("VmHWM")
    return resident_mb("VmRSS")


@njit(nogil=True, cache=True)
def stream(x, y, out):
    """Read two coordinates and write a number, which is the least any index must do."""
    for i in range(len(out)):
        out[i] = np.int32(x[i] + y[i])
