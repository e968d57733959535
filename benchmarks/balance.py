"""Contiguous fair shares: balance beside METIS with contiguous parts, several seeds.

    python -m benchmarks.balance [folder with blocks.parquet]

Every row names the instance, then of each solver: the largest deviation of grids not forced
(least / median / greatest over seeds), how many grids are broken or empty, the cut (borders
between units of two grids; median), and the seconds (median, the graph of neighbours built
before). The solver of ours is warm. METIS is asked for the same balance.
"""

import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pymetis
import shapely
from rich.console import Console
from rich.table import Table

from gridgeo.analysis.balance import UnitGraph, balance, warm_balance
from gridgeo.analysis.balance.graph import Graph

SEEDS = (1, 2, 3, 4, 5)
BLOCKS = Path(__file__).parent.parent / "data" / "samples" / "providence"


def city(n, seed):
    """Voronoi cells of random places on 20 × 20 km with uneven loads."""
    rng = np.random.default_rng(seed)
    frame = shapely.box(0, 0, 20_000, 20_000)
    places = shapely.multipoints(rng.random((n, 2)) * 20_000)
    cells = shapely.get_parts(shapely.voronoi_polygons(places, extend_to=frame))
    load = rng.lognormal(3.0, 0.8, n).round()
    return gpd.GeoDataFrame({"load": load}, geometry=shapely.intersection(cells, frame), crs=4549)


def drifted(units, k, seed):
    """A fair plan of yesterday and loads that have grown unevenly since."""
    units = units.assign(today=balance(units, "load", k, seed=seed).assignment)
    rng = np.random.default_rng(seed)
    grown = rng.lognormal(0.0, 0.12, k)[units["today"]]
    return units.assign(load=(units["load"] * grown).round())


def by_metis(graph, load, k, tolerance, seed):
    """Direct k-way partition with contiguous parts."""
    ends = np.vstack([graph.pairs, graph.pairs[:, ::-1]])
    ends = ends[np.lexsort(ends.T[::-1])]
    start = np.concatenate([[0], np.cumsum(np.bincount(ends[:, 0], minlength=len(load)))])
    return np.array(
        pymetis.part_graph(
            k,
            pymetis.CSRAdjacency(start.tolist(), ends[:, 1].tolist()),
            vweights=load.round().astype(int).tolist(),
            options=pymetis.Options(contig=True, seed=seed, ufactor=int(1000 * tolerance)),
            recursive=False,
        )[1]
    )


def judged(graph, load, labels, k, tolerance):
    """(largest deviation of grids without an oversize unit, broken grids, cut)."""
    target = load.sum() / k
    off = np.abs(np.bincount(labels, weights=load, minlength=k) / target - 1)
    off[labels[load > (1 + tolerance) * target]] = 0.0
    plain = Graph.from_edges(graph.pairs, np.ones(len(graph.pairs)), load, graph.pairs[:0])
    return off.max(), plain.broken(labels, k).sum(), plain.cut(labels)


def row(name, runs):
    off, broken, cut, seconds, *moved = np.array(runs).T
    told = [f"{100 * v:.1f}" for v in (off.min(), np.median(off), off.max())]
    cells = [name, " / ".join(told), f"{broken.max():.0f}", f"{np.median(cut):.0f}"]
    return [*cells, f"{np.median(seconds):.2f}", f"{100 * np.median(moved):.1f}" if moved else ""]


def measured(table, name, units, k, tolerance, today=None):
    graph = UnitGraph(units)
    load = units["load"].to_numpy(float)
    peer, ours = [], []
    for seed in SEEDS:
        began = time.perf_counter()
        labels = by_metis(graph, load, k, tolerance, seed)
        peer.append((*judged(graph, load, labels, k, tolerance), time.perf_counter() - began))
        began = time.perf_counter()
        number = None if today else k
        plan = balance(graph, "load", number, tolerance=tolerance, current=today, seed=seed)
        seconds = time.perf_counter() - began
        labels = plan.targets.index.get_indexer(plan.assignment)
        moved = [plan.scores["moved_load_share"]] if today else []
        ours.append((*judged(graph, load, labels, k, tolerance), seconds, *moved))
    table.add_row(*row(f"{name}: METIS contig", peer))
    table.add_row(*row(f"{name}: balance", ours), end_section=True)


def main(folder=BLOCKS):
    """Print the table."""
    warm_balance()
    columns = ("instance", "off, %", "broken", "cut", "seconds", "moved, %")
    table = Table(*columns, title=f"balance, seeds {SEEDS}")
    blocks = gpd.read_parquet(Path(folder) / "blocks.parquet").rename(columns={"pop": "load"})
    measured(table, "Providence, 3,014 blocks, k=150", blocks, 150, 0.05)
    town = city(10_000, 1)
    measured(table, "10,000 cells, k=500", town, 500, 0.05)
    measured(table, "10,000 cells, k=500, 2 %", town, 500, 0.02)
    measured(table, "10,000 cells, k=18", town, 18, 0.05)
    small = drifted(city(3_000, 2), 150, 2)
    measured(table, "3,000 cells, k=150, drifted", small, 150, 0.05, today="today")
    Console(width=110).print(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
