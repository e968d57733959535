"""Small made-up cities for the tests of balance."""

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridgeo.analysis.balance import UnitGraph


def lattice(width, height, load=1.0, **columns):
    """Squares of 100 m, named a00 … by column and row."""
    places = [(x, y) for x in range(width) for y in range(height)]
    cells = [shapely.box(100 * x, 100 * y, 100 * x + 100, 100 * y + 100) for x, y in places]
    names = [f"a{x}{y}" for x, y in places]
    values = np.broadcast_to(np.asarray(load, float), len(cells)).copy()
    return gpd.GeoDataFrame({"load": values, **columns}, geometry=cells, index=names, crs=4549)


def pieces_of(units, members, across=None):
    """Connected pieces of the units in a mask, by GEOS's word on who touches; −1 outside."""
    pairs = UnitGraph(units).pairs if across is None else across
    inside = np.flatnonzero(members)
    place = np.full(len(units), -1)
    place[inside] = np.arange(len(inside))
    local = place[pairs]
    local = local[(local >= 0).all(axis=1)]
    matrix = csr_matrix((np.ones(len(local)), local.T), shape=(len(inside), len(inside)))
    return connected_components(matrix, directed=False)[0]


def assert_whole(plan, units, k=None, across=None):
    """Every unit in one grid, every grid one piece with at least one unit."""
    assert plan.assignment.index.equals(units.index)
    assert not plan.assignment.isna().any()
    assert set(plan.assignment) == set(plan.targets.index)
    assert k is None or len(plan.targets) == k
    across = UnitGraph(units).pairs if across is None else across
    for grid in plan.targets.index:
        assert pieces_of(units, (plan.assignment == grid).to_numpy(), across) == 1
    assert plan.scores["noncontiguous"] == 0
