"""Small cities balanced beside a proven optimum: what the search leaves on the table."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridgeo.analysis.balance import UnitGraph, balance
from tests.analysis.balance.cities import lattice
from tests.analysis.balance.optimum import least_deviation
from tests.trial.conftest import effort

pytestmark = pytest.mark.trial

CITIES = 80
SIDES = {3: (4, 5), 4: (4, 6), 5: (5, 5)}


def small_city(rng):
    """15 to 27 cells or squares, too many to look at every plan, and three to five grids."""
    k = int(rng.integers(3, 6))
    if rng.random() < 0.4:
        units = lattice(*SIDES[k])
    else:
        frame = shapely.box(0, 0, 1000, 1000)
        places = rng.random((int(rng.integers(15, 7 + 4 * k)), 2)) * 1000
        cells = shapely.voronoi_polygons(shapely.multipoints(places), extend_to=frame)
        cells = shapely.intersection(shapely.get_parts(cells), frame)
        units = gpd.GeoDataFrame(geometry=cells, crs=4549)
    n = len(units)
    even = rng.random() < 0.5
    load = rng.integers(1, 30, n) if even else np.maximum(rng.lognormal(3, 0.6, n).round(), 1)
    # What one large unit does to a plan is tested elsewhere.
    units["load"] = np.minimum(load, int(0.8 * load.sum() / k)).astype(float)
    return units, k


def test_small_cities_are_drawn_to_the_optimum_or_next_to_it():
    gaps, possible, missed = [], 0, 0
    for seed in range(effort(CITIES)):
        units, k = small_city(np.random.default_rng(seed))
        graph, load = UnitGraph(units), units["load"].to_numpy()
        best = least_deviation(graph.pairs, load, k)
        closest = balance(graph, "load", k, tolerance=0.0, seed=seed).scores["max_deviation"]
        found = balance(graph, "load", k, tolerance=0.05, seed=seed).scores["max_deviation"]
        # Better than the optimum: a grid in two pieces, or a wrong oracle.
        assert min(closest, found) >= best - 1e-9, seed
        # Worse by more than an eighth of a mean unit: nobody could call that next to it.
        room = k / len(units) / 8
        assert closest <= best + room, seed
        assert found <= max(best, 0.05) + room, seed
        gaps.append(closest - best)
        possible += best <= 0.05
        missed += best <= 0.05 < found - 1e-9
    # Measured over 80 cities: 85 % at the optimum, the worst 1.7 % off it, one tolerance missed.
    assert np.median(gaps) <= 1e-9
    assert missed <= max(1, 0.05 * possible)
