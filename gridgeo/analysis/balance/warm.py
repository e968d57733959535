"""Compile the kernels once, so that nobody waits for it in front of a map."""

import geopandas as gpd
import shapely

from gridgeo.analysis.balance.moves import best_moves
from gridgeo.analysis.balance.propose import balance


def warm_balance() -> None:
    """Compile every kernel of the solver and keep the machine code beside the package.

    Takes about half a minute the first time and a moment afterwards. It solves a small city that
    needs each kernel, annealing on two levels, recuts, repair, necks, and a town small enough to
    look at every plan; and it looks for moves along trees and among all sets.
    """
    side = 16
    cells = [shapely.box(x, y, x + 1, y + 1) for x in range(side) for y in range(side)]
    load = [float(1 + 7 * i % 5) for i in range(side * side)]
    units = gpd.GeoDataFrame({"load": load, "grid": 0}, geometry=cells, crs=4549)
    units["grid"] = [i // (side * side // 2) for i in range(side * side)]
    units.loc[: side * 3, "grid"] = 1
    balance(units, "load", k=2, tolerance=0.0001)
    balance(units, "load", current="grid", tolerance=0.0001)
    balance(units.iloc[:4], "load", k=2)
    # One grid with more units than a number has bits, one with fewer.
    best_moves(units, "load", "grid", 1)
    best_moves(units.iloc[:8], "load", {unit: unit > 0 for unit in range(8)}, 1)
