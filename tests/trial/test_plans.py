"""Plans for towns nobody drew: any shape, load, number of grids, regions, today's plan, locks."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from benchmarks.partitions import partition
from gridgeo.analysis.balance import UnitGraph, balance
from tests.analysis.balance.cities import assert_whole, lattice, pieces_of
from tests.trial.conftest import effort

pytestmark = pytest.mark.trial


@dataclass
class Town:
    """Units, which of them touch within a region, and the regions themselves."""

    units: gpd.GeoDataFrame
    pairs: np.ndarray
    region: str | None

    def bounds(self, taken):
        """Least and greatest number of grids for the units that are not ``taken``."""
        return pieces_of(self.units, ~taken, self.pairs), int((~taken).sum())


def town(rng):
    """A lattice with holes, or rough cells with lakes, enclaves and exclaves."""
    if rng.random() < 0.4:
        units = lattice(*rng.integers(2, 12, 2))
        units = units[rng.random(len(units)) < rng.choice([0.7, 0.9, 1.0])]
        units = units if len(units) else lattice(1, 1)
    else:
        cells = partition(
            int(rng.integers(4, 120)), int(rng.integers(1 << 30)), steps=16, holes=0.2
        )
        units = gpd.GeoDataFrame(geometry=cells, crs=4549)
    units = units.set_axis(pd.Index([f"u{i:03d}" for i in rng.permutation(len(units))]))
    units["load"] = loads(rng, len(units))
    graph = UnitGraph(units)
    pairs, region = graph.pairs, None
    if rng.random() < 0.5:
        sites = rng.random((int(rng.integers(2, 6)), 2))
        low, high = units.total_bounds[:2], units.total_bounds[2:]
        spots = units.representative_point()
        spots = (np.column_stack([spots.x, spots.y]) - low) / (high - low)
        units["region"] = np.linalg.norm(spots[:, None] - sites, axis=2).argmin(axis=1)
        region = "region"
        of = units["region"].to_numpy()
        pairs = pairs[of[pairs[:, 0]] == of[pairs[:, 1]]]
    return Town(units, pairs, region)


def loads(rng, n):
    """Even, uneven, mostly nobody, or one giant."""
    kind = rng.choice(["even", "uneven", "empty", "giant"])
    if kind == "even":
        return np.full(n, 12.0)
    drawn = np.round(rng.lognormal(3, 1, n))
    if kind == "empty":
        drawn[rng.random(n) < 0.6] = 0
    elif kind == "giant":
        drawn[rng.integers(n)] = 30 * drawn.sum() + 1
    return drawn


def assert_same(plan, again):
    assert again.assignment.equals(plan.assignment)
    assert again.targets.equals(plan.targets)
    assert again.forced.equals(plan.forced)
    timeless = [{k: v for k, v in p.scores.items() if k != "seconds"} for p in (plan, again)]
    np.testing.assert_equal(*timeless)


def assert_keeps_its_promises(plan, town, k):
    assert_whole(plan, town.units, k, town.pairs)
    assert plan.stopped == ""
    assert plan.targets.sum() == pytest.approx(town.units["load"].sum())
    if town.region:
        crossing = town.units.groupby(plan.assignment)[town.region].nunique()
        assert (crossing == 1).all()
        assert plan.scores["region_crossings"] == 0


def somewhere(rng, least, most):
    """A number of grids that can be had, seldom far more than a handful of units to each."""
    return int(rng.integers(least, max(least, min(most, least + most // 4)) + 1))


@pytest.mark.parametrize("seed", range(effort(200)))
def test_any_town_gets_whole_grids_today_and_when_it_has_changed(seed):
    rng = np.random.default_rng(seed)
    here = town(rng)
    units = here.units
    none = np.zeros(len(units), dtype=bool)
    k = somewhere(rng, *here.bounds(none))
    first = balance(units, "load", k, region=here.region, seed=seed)
    assert_keeps_its_promises(first, here, k)

    # Years later: other loads, some grids locked, and some units elsewhere or forgotten.
    units["load"] = loads(rng, len(units))
    grids = [f"g{grid}" for grid in range(k)]
    today = first.assignment.map(lambda grid: grids[grid]).astype(object)
    locked = [grid for grid in grids if rng.random() < rng.choice([0, 0, 0.2])]
    fixed = today.isin(locked).to_numpy()
    loose = np.flatnonzero(~fixed & (rng.random(len(units)) < rng.choice([0, 0.1])))
    free = [*(grid for grid in grids if grid not in locked), None]
    today.iloc[loose] = rng.choice(np.array(free, dtype=object), len(loose))
    units["today"] = today
    k = somewhere(rng, *here.bounds(fixed)) + len(locked)
    asked = {"region": here.region, "current": "today", "locked": locked or None, "seed": seed}
    then = balance(units, "load", k, **asked)
    assert_keeps_its_promises(then, here, k)
    assert_same(then, balance(units, "load", k, **asked))
    for grid in locked:
        assert (then.assignment == grid).equals(today == grid)
    known = today.notna()
    assert then.moved.equals(units.index[known & (today != then.assignment)])
    assert {grid for grid in then.targets.index if not grid.startswith("new-")} <= set(today[known])
