"""Contiguous fair shares: balance beside METIS and KaHIP, several seeds, every row of the targets.

    python -m benchmarks.balance [case …]

Every row names the instance, then of each solver: the largest deviation of grids not forced
(least / median / greatest over seeds), how many grids are broken or empty, the cut (borders
between units of two grids; median) and its ratio to METIS, the seconds (median / greatest, the
graph of neighbours built before), and for plans that are mended the load moved by the least that
any plan can move: the flow between today's grids that brings each into the band. The solver of
ours is warm and has one core. KaHIP is left out where it takes minutes.
"""

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import kahip
import numpy as np
import pymetis
import shapely
from rich.console import Console
from rich.table import Table
from scipy.optimize import linprog
from scipy.sparse import coo_matrix, vstack

from gridgeo.analysis.balance import UnitGraph, balance, warm_balance
from gridgeo.analysis.balance.graph import Graph

SEEDS = (1, 2, 3, 4, 5)
BLOCKS = Path(__file__).parent.parent / "data" / "samples" / "providence" / "blocks.parquet"


@dataclass
class Case:
    """One instance, and how it is asked for."""

    name: str
    units: gpd.GeoDataFrame
    k: int
    tolerance: float = 0.05
    targets: np.ndarray | None = None
    region: str | None = None
    today: str | None = None
    strong: bool = False  # whether KaHIP takes part
    seeds: tuple[int, ...] = SEEDS


def city(n, seed):
    """Voronoi cells of random places on 20 × 20 km with uneven loads."""
    rng = np.random.default_rng(seed)
    frame = shapely.box(0, 0, 20_000, 20_000)
    places = shapely.multipoints(rng.random((n, 2)) * 20_000)
    cells = shapely.get_parts(shapely.voronoi_polygons(places, extend_to=frame))
    load = rng.lognormal(3.0, 0.8, n).round()
    return gpd.GeoDataFrame({"load": load}, geometry=shapely.intersection(cells, frame), crs=4549)


def parcels(n, seed):
    """Streets and parcels: a rectangle halved at random until there are n; towers among houses."""
    rng = np.random.default_rng(seed)
    boxes, cuts = np.array([[0.0, 0.0, 20_000.0, 20_000.0]]), rng.random
    while len(boxes) < n:
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        halved = np.argsort(-areas)[: max(1, min(n - len(boxes), len(boxes) // 2))]
        west, south, east, north = boxes[halved].T
        wide = east - west > north - south
        share = 0.35 + 0.3 * cuts(len(halved))
        x, y = west + share * (east - west), south + share * (north - south)
        low = np.column_stack([west, south, np.where(wide, x, east), np.where(wide, north, y)])
        high = np.column_stack([np.where(wide, x, west), np.where(wide, south, y), east, north])
        boxes = np.vstack([np.delete(boxes, halved, axis=0), low, high])
    load = rng.lognormal(2.0, 1.2, n).round()
    return gpd.GeoDataFrame({"load": load}, geometry=shapely.box(*boxes.T), crs=4549)


def drifted(units, k, seed):
    """A fair plan of yesterday and loads that have grown unevenly since."""
    units = units.assign(today=balance(units, "load", k, seed=seed).assignment)
    rng = np.random.default_rng(seed)
    grown = rng.lognormal(0.0, 0.07, k)[units["today"]]
    return units.assign(load=(units["load"] * grown).round())


def in_regions(units, n, seed):
    """Contiguous regions of about one size."""
    labels = by_metis(UnitGraph(units), np.ones(len(units)), n, 0.1, seed)
    return units.assign(region=labels)


def workers(k, seed):
    """One to four workers a grid."""
    return np.random.default_rng(seed).integers(1, 5, k).astype(float)


CASES = {
    "providence": lambda: Case(
        "Providence, 3,014 blocks, k=150",
        gpd.read_parquet(BLOCKS).rename(columns={"pop": "load"}),
        150,
        strong=True,
    ),
    "k500": lambda: Case("10,000 cells, k=500", city(10_000, 1), 500, strong=True),
    "parcels": lambda: Case("10,000 parcels, k=500", parcels(10_000, 2), 500, strong=True),
    "two": lambda: Case("10,000 cells, k=500, 2 %", city(10_000, 1), 500, 0.02),
    "one": lambda: Case("10,000 cells, k=500, 1 %", city(10_000, 1), 500, 0.01),
    "workers": lambda: Case(
        "10,000 cells, k=500, 1–4 workers", city(10_000, 3), 500, targets=workers(500, 3)
    ),
    "regions": lambda: Case(
        "10,000 cells, k=500, 175 regions",
        in_regions(city(10_000, 4), 175, 4),
        500,
        region="region",
    ),
    "k18": lambda: Case("10,000 cells, k=18", city(10_000, 5), 18, 0.035, strong=True),
    "large": lambda: Case("55,000 cells, k=2,250", city(55_000, 6), 2250),
    "huge": lambda: Case("150,000 cells, k=3,000", city(150_000, 7), 3000, seeds=SEEDS[:3]),
    "large18": lambda: Case("55,000 cells, k=18", city(55_000, 8), 18, 0.03),
    **{
        f"drift{seed}": lambda seed=seed: Case(
            f"10,000 cells, k=500, drift {seed}",
            drifted(city(10_000, seed), 500, seed),
            500,
            today="today",
        )
        for seed in (11, 12, 13)
    },
}


def by_metis(graph, load, k, tolerance, seed, targets=None):
    """Direct k-way partition with contiguous parts."""
    start, to = _rows(graph, len(load))
    return np.array(
        pymetis.part_graph(
            k,
            pymetis.CSRAdjacency(start.tolist(), to.tolist()),
            vweights=load.round().astype(int).tolist(),
            tpwgts=None if targets is None else (targets / targets.sum()).tolist(),
            options=pymetis.Options(contig=True, seed=seed, ufactor=int(1000 * tolerance)),
            recursive=False,
        )[1]
    )


def by_kahip(graph, load, k, tolerance, seed):
    """KaHIP, strong."""
    start, to = _rows(graph, len(load))
    weights = load.round().astype(int).tolist()
    _, labels = kahip.kaffpa(
        weights, start.tolist(), [1] * len(to), to.tolist(), k, tolerance, True, seed, 2
    )
    return np.array(labels)


def _rows(graph, n):
    ends = np.vstack([graph.pairs, graph.pairs[:, ::-1]])
    ends = ends[np.lexsort(ends.T[::-1])]
    return np.concatenate([[0], np.cumsum(np.bincount(ends[:, 0], minlength=n))]), ends[:, 1]


def judged(graph, load, labels, targets, tolerance):
    """(largest deviation of grids without an oversize unit, broken grids, cut)."""
    k = len(targets)
    off = np.abs(np.bincount(labels, weights=load, minlength=k) / targets - 1)
    off[labels[load > (1 + tolerance) * targets[labels]]] = 0.0
    plain = Graph.from_edges(graph.pairs, np.ones(len(graph.pairs)), load, graph.pairs[:0])
    return off.max(), plain.broken(labels, k).sum(), plain.cut(labels)


def least_moved(graph, load, labels, targets, tolerance):
    """The least share of load that must leave its grid: a flow between grids that touch."""
    k = len(targets)
    loads = np.bincount(labels, weights=load, minlength=k)
    pair = labels[graph.pairs]
    pair = np.unique(np.vstack([pair, pair[:, ::-1]])[np.tile(pair[:, 0] != pair[:, 1], 2)], axis=0)
    m = len(pair)
    flows = coo_matrix(
        (np.repeat([-1.0, 1.0], m), (pair.T.ravel(), np.tile(np.arange(m), 2))), (k, m)
    )
    high, low = (1 + tolerance) * targets - loads, loads - (1 - tolerance) * targets
    answer = linprog(
        np.ones(m), A_ub=vstack([flows, -flows]), b_ub=np.concatenate([high, low]), method="highs"
    )
    return answer.fun / load.sum()


def ours(case, graph, load, seed):
    """(judgement, seconds, share of load moved) of balance; regions have targets of their own."""
    number = None if case.today or case.targets is not None else case.k
    began = time.perf_counter()
    plan = balance(
        graph,
        "load",
        number,
        targets=case.targets,
        tolerance=case.tolerance,
        current=case.today,
        region=case.region,
        seed=seed,
    )
    seconds = time.perf_counter() - began
    labels = plan.targets.index.get_indexer(plan.assignment)
    told = judged(graph, load, labels, plan.targets.to_numpy(), case.tolerance)
    return (*told, seconds, plan.scores["moved_load_share"] if case.today else np.nan)


def measured(table, case):
    """Add the rows of a case, and give its figures."""
    graph = UnitGraph(case.units)
    load = case.units["load"].to_numpy(float)
    shares = np.ones(case.k) if case.targets is None else case.targets
    targets = shares / shares.sum() * load.sum()
    peers = {"METIS contig": by_metis} | ({"KaHIP strong": by_kahip} if case.strong else {})
    runs = {}
    for name, solver in peers.items():
        more = () if case.targets is None else (shares,)
        for seed in case.seeds:
            began = time.perf_counter()
            labels = solver(graph, load, case.k, case.tolerance, seed, *more)
            seconds = time.perf_counter() - began
            told = judged(graph, load, labels, targets, case.tolerance)
            runs.setdefault(name, []).append((*told, seconds, np.nan))
    runs["balance"] = [ours(case, graph, load, seed) for seed in case.seeds]
    least = np.nan
    if case.today:
        today = case.units[case.today].to_numpy()
        least = least_moved(graph, load, today, targets, case.tolerance)
    metis = np.median([cut for _, _, cut, *_ in runs["METIS contig"]])
    for name, found in runs.items():
        off, broken, cut, seconds, moved = np.array(found).T
        table.add_row(
            f"{case.name}: {name}",
            " / ".join(f"{100 * v:.2f}" for v in (off.min(), np.median(off), off.max())),
            f"{broken.max():.0f}",
            f"{np.median(cut):.0f}",
            f"{np.median(cut) / metis:.3f}",
            f"{np.median(seconds):.2f} / {seconds.max():.2f}",
            f"{np.median(moved) / least:.2f}" if case.today and name == "balance" else "",
            end_section=name == "balance",
        )
    return {name: np.array(found).tolist() for name, found in runs.items()} | {"least": least}


def main(*cases):
    """Print the table."""
    warm_balance()
    columns = ("instance", "off, %", "broken", "cut", "of METIS", "s", "moved / least")
    table = Table(*columns, title=f"balance, seeds {SEEDS}")
    answer = {name: measured(table, CASES[name]()) for name in cases or CASES}
    console = Console(width=130)
    console.print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"peak memory of all together: {peak:,.0f} MB")
    return answer


if __name__ == "__main__":
    main(*sys.argv[1:])
