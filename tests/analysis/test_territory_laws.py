"""Laws of T1 to T8 together: neither the order of rows, nor the place, nor another city matters."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity, box

from gridgeo.analysis.territory import across_faults, household_faults, territory_findings
from gridgeo.analysis.tiling import tiling_faults
from gridgeo.analysis.workload import SizeBands, size_faults

METRES = 4549
SIDE_M = 1000.0
BANDS = SizeBands((3, 8), (2, 6), (2, 8))
SEEDS = st.integers(0, 10**6)
TOKENS = ("kind", "subject", "grid_code", "value", "unit", "standard", "households", "severity")


class City:
    """Damaged grids, villages, households and the duty, with codes that begin with a letter."""

    def __init__(self, seed, letter="a", east_m=0):
        rng = np.random.default_rng(seed)
        corner = np.array([5e5, 3.5e6])
        self.duty = box(*corner, *(corner + SIDE_M))
        seeds = shapely.MultiPoint(rng.uniform(0, SIDE_M, (int(rng.integers(3, 20)), 2)) + corner)
        tiles = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=self.duty))
        tiles = shapely.intersection(tiles, self.duty)
        hurt = rng.random(len(tiles)) < 0.4
        tiles[hurt] = shapely.buffer(tiles[hurt], rng.choice([-9, 9], hurt.sum()))
        tiles = tiles[shapely.area(tiles) > 100]
        x = corner[0] + SIDE_M * rng.uniform(0.3, 0.7)
        halves = [box(*corner, x, corner[1] + SIDE_M), box(x, corner[1], *(corner + SIDE_M))]
        n = int(rng.integers(1, 120))
        places = rng.uniform(-40, SIDE_M + 40, (n, 2)) + corner
        codes = np.array([f"{letter}{i:02d}" for i in range(len(tiles))])
        self.grids = _frame("grid_code", codes, tiles)
        self.villages = _frame("village_code", [f"{letter}v1", f"{letter}v2"], halves)
        self.villages["kind"] = ["community", "village"]
        self.grids["village_code"] = rng.choice([*self.villages.index, None], len(tiles))
        homes = [f"{letter}h{i:03d}" for i in range(n)]
        self.homes = _frame("household_id", homes, shapely.points(places))
        self.homes["grid_code"] = rng.choice([*codes, None], n)
        self.homes["lived_in"] = rng.random(n) < 0.9
        self.counts = pd.Series(rng.integers(0, 12, len(tiles)), index=self.grids.index)
        self.move(east_m, 0)

    def move(self, east_m, north_m):
        for name in ("grids", "villages", "homes"):
            frame = getattr(self, name)
            setattr(self, name, frame.set_geometry(frame.translate(east_m, north_m)))
        self.duty = affinity.translate(self.duty, east_m, north_m)
        return self

    def shuffled(self, seed):
        for n, name in enumerate(("grids", "villages", "homes")):
            setattr(self, name, getattr(self, name).sample(frac=1, random_state=seed + n))
        return self

    def findings(self):
        """Everything T1 to T8 says, row by row, without order: areas to a millionth of a m²."""
        faults = tiling_faults(self.grids, self.duty)
        parts = [
            territory_findings(faults, self.homes),
            across_faults(self.grids, self.villages, households=self.homes),
            household_faults(self.homes, self.grids, jurisdiction=self.duty),
            size_faults(self.grids, self.counts, self.villages, BANDS),
        ]
        told = pd.concat([pd.DataFrame(part[list(TOKENS)]) for part in parts if len(part)])
        # Which of the grids concerned comes first follows their order; services sort by code.
        told["subject"] = ["+".join(sorted(s.split("+"))) for s in told["subject"]]
        several = told["subject"].str.contains("+", regex=False) | told["kind"].isin(
            ["doubled", "mismatch", "outside-household"]
        )
        told.loc[several, "grid_code"] = None
        return told.sort_values(["kind", "subject", "value"]).reset_index(drop=True)


def _frame(key, codes, shapes):
    index = pd.Index(codes, name=key, dtype="str")
    return gpd.GeoDataFrame(geometry=list(shapes), index=index, crs=METRES)


def same(one, other):
    pd.testing.assert_frame_equal(
        one.astype({"value": "float64"}), other.astype({"value": "float64"}), rtol=0, atol=1e-6
    )


@settings(max_examples=40)
@given(seed=SEEDS, order=st.integers(0, 1000))
def test_the_order_of_grids_villages_and_households_changes_no_finding(seed, order):
    same(City(seed).findings(), City(seed).shuffled(order).findings())


@settings(max_examples=40)
@given(seed=SEEDS, east=st.integers(-5000, 5000), north=st.integers(-5000, 5000))
def test_moving_a_city_by_whole_metres_changes_no_finding(seed, east, north):
    same(City(seed).findings(), City(seed).move(east, north).findings())


@settings(max_examples=40)
@given(seeds=st.tuples(SEEDS, SEEDS))
def test_two_cities_far_apart_have_the_findings_of_both(seeds):
    one, other = City(seeds[0], "a"), City(seeds[1], "b", east_m=7000)
    alone = pd.concat([one.findings(), other.findings()])
    for name in ("grids", "villages", "homes", "counts"):
        setattr(one, name, pd.concat([getattr(one, name), getattr(other, name)]))
    one.duty = shapely.union_all([one.duty, other.duty])
    alone = alone.sort_values(["kind", "subject", "value"]).reset_index(drop=True)
    same(alone, one.findings())
