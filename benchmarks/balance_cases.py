"""What balance is measured on: every row of the targets' table, a city with a river, and growth."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from benchmarks.peers import by_metis
from gridgeo.analysis.balance import UnitGraph, balance

SEEDS = (1, 2, 3, 4, 5)
BLOCKS = Path(__file__).parent.parent / "data" / "samples" / "providence" / "blocks.parquet"
SIDE_M = 20_000.0
GROWTH = (2_500, 5_000, 10_000, 20_000, 40_000, 80_000)
STRONG = ("METIS contig", "KaHIP strong")
SEARCHING = (*STRONG, "GerryChain seed plan", "GerryChain ReCom", "GerryChain flips", "spopt Ward")
# These take all of their minute or more for 3,014 blocks: they are not asked about more.
EVERY = (*SEARCHING, "spopt Skater", "spopt AZP", "spopt region k-means")


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
    peers: tuple[str, ...] = ("METIS contig",)
    seeds: tuple[int, ...] = SEEDS


def city(n, seed):
    """Voronoi cells of random places on 20 × 20 km with uneven loads."""
    rng = np.random.default_rng(seed)
    frame = shapely.box(0, 0, SIDE_M, SIDE_M)
    places = shapely.multipoints(rng.random((n, 2)) * SIDE_M)
    cells = shapely.get_parts(shapely.voronoi_polygons(places, extend_to=frame))
    load = rng.lognormal(3.0, 0.8, n).round()
    return gpd.GeoDataFrame({"load": load}, geometry=shapely.intersection(cells, frame), crs=4549)


def parcels(n, seed, roads=1):
    """Streets and parcels: a rectangle halved at random until there are n; towers among houses.

    ``block`` counts the rectangles there were when there were ``roads`` of them.
    """
    rng = np.random.default_rng(seed)
    boxes, cuts = np.array([[0.0, 0.0, SIDE_M, SIDE_M]]), rng.random
    block = np.zeros(1, int)
    while len(boxes) < n:
        if len(boxes) <= roads:
            block = np.arange(len(boxes))
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        halved = np.argsort(-areas)[: max(1, min(n - len(boxes), len(boxes) // 2))]
        west, south, east, north = boxes[halved].T
        wide = east - west > north - south
        share = 0.35 + 0.3 * cuts(len(halved))
        x, y = west + share * (east - west), south + share * (north - south)
        low = np.column_stack([west, south, np.where(wide, x, east), np.where(wide, north, y)])
        high = np.column_stack([np.where(wide, x, west), np.where(wide, south, y), east, north])
        boxes = np.vstack([np.delete(boxes, halved, axis=0), low, high])
        block = np.concatenate([np.delete(block, halved), block[halved], block[halved]])
    load = rng.lognormal(2.0, 1.2, n).round()
    columns = {"load": load, "block": block}
    return gpd.GeoDataFrame(columns, geometry=shapely.box(*boxes.T), crs=4549)


def river_city(n, seed, roads=32):
    """Parcels parted by a winding river without a bridge and by main roads.

    ``region`` is a part between main roads and banks: one piece, and no grid may cross it. A parcel
    in the river is cut: each bank keeps its part, and its share of the load.
    """
    units = parcels(n, seed, roads)
    rng = np.random.default_rng([seed, 1])
    x = np.linspace(-1, SIDE_M + 1, 400)
    swing, turns, at = rng.uniform([1500, 2, 0], [2500, 3.5, 2 * np.pi])
    y = SIDE_M / 2 + swing * np.sin(turns * 2 * np.pi * x / SIDE_M + at)
    river = shapely.buffer(shapely.linestrings(x, y + 700 * np.sin(17 * x / SIDE_M)), 120.0)
    shapely.prepare(river)
    shapes = units.geometry.to_numpy()
    wet = shapely.intersects(river, shapes)
    dry = units.assign(geometry=np.where(wet, shapely.difference(shapes, river), shapes))
    dry = dry.explode(ignore_index=False)
    left = dry.geometry.area.to_numpy() / shapely.area(shapes)[dry.index]
    dry["load"] = (dry["load"] * left).round()
    dry = dry[left > 0.01].reset_index(drop=True)
    blocks = units.dissolve("block").geometry.difference(river).explode().reset_index(drop=True)
    # A bank's last corner without a parcel of its own belongs to nobody.
    inside = dry.representative_point().sindex.query(blocks, predicate="intersects")
    dry["region"] = -1
    dry.iloc[inside[1], dry.columns.get_loc("region")] = inside[0]
    return dry.drop(columns="block")


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


def providence():
    """The shipped blocks; the load is persons."""
    return gpd.read_parquet(BLOCKS).rename(columns={"pop": "load"})


CASES = {
    "providence": lambda: Case("Providence, 3,014 blocks, k=150", providence(), 150, peers=EVERY),
    "k500": lambda: Case("10,000 cells, k=500", city(10_000, 1), 500, peers=SEARCHING),
    "parcels": lambda: Case("10,000 parcels, k=500", parcels(10_000, 2), 500, peers=STRONG),
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
    "rivercity": lambda: Case(
        "10,000 parcels, river and roads, k=500", river_city(10_000, 9), 500, region="region"
    ),
    "large": lambda: Case("55,000 cells, k=2,250", city(55_000, 6), 2250),
    "huge": lambda: Case("150,000 cells, k=3,000", city(150_000, 7), 3000, seeds=SEEDS[:3]),
    "rivercity150": lambda: Case(
        "150,000 parcels, river and roads, k=3,000",
        river_city(150_000, 10, roads=64),
        3000,
        region="region",
        seeds=SEEDS[:3],
    ),
    "k18": lambda: Case("10,000 cells, k=18", city(10_000, 5), 18, 0.035, peers=STRONG),
    "large18": lambda: Case("55,000 cells, k=18", city(55_000, 8), 18, 0.03, peers=STRONG),
    **{
        f"drift{seed}": lambda seed=seed: Case(
            f"10,000 cells, k=500, drift {seed}",
            drifted(city(10_000, seed), 500, seed),
            500,
            today="today",
        )
        for seed in (11, 12, 13, 14, 15, 16)
    },
    **{
        f"growth{n}": lambda n=n: Case(
            f"{n:,} cells, k={n // 20:,}", city(n, 20), n // 20, seeds=SEEDS[:1]
        )
        for n in GROWTH
    },
}
