"""What no plan can do, said before anybody waits for one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridgeo.analysis.balance.apart import Lines
from gridgeo.analysis.balance.drawing import draw
from gridgeo.analysis.balance.forced import verdict
from gridgeo.analysis.balance.inputs import Load, Targets, check_plain, read_inputs
from gridgeo.analysis.balance.propose import constrained
from gridgeo.analysis.balance.unit_graph import UnitGraph
from gridgeo.analysis.balance.watch import Watch


@dataclass(frozen=True, eq=False)
class Limits:
    """What no plan can do.

    Parameters
    ----------
    bound : float
        No plan's largest deviation can be below it; 0 proves nothing.
    forced : DataFrame
        What stands in the way of the tolerance: ``kind`` ("unit" | "region" | "piece" | "lock"),
        ``id``, ``reason``, ``bound``, as in ``Plan.forced``.
    """

    bound: float
    forced: pd.DataFrame


def limits(
    units: pd.DataFrame | UnitGraph,
    load: Load,
    k: int | None = None,
    targets: Targets | None = None,
    tolerance: float = 0.05,
    current: str | None = None,
    region: str | None = None,
    locked: Iterable[object] | None = None,
    fixed_borders: Lines | None = None,
) -> Limits:
    """Say what is impossible before a plan is sought.

    Parameters
    ----------
    units, load, k, targets, tolerance, current, region, locked, fixed_borders
        As in ``balance``.

    Returns
    -------
    Limits

    Raises
    ------
    InfeasibleError, ParameterError, ContractError, CRSError, GeometryError
        As in ``balance``.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> row = [shapely.box(x, 0, x + 1, 1) for x in range(3)]
    >>> units = gpd.GeoDataFrame({"households": [30, 5, 5]}, geometry=row, crs=4549)
    >>> told = limits(units, "households", k=2)
    >>> told.bound
    0.5
    >>> told.forced[["kind", "id"]].to_numpy().tolist()
    [['unit', 0], ['piece', 0]]
    """
    check_plain(tolerance, 0.0, 1.0, 0, 0.0, None)
    graph = units if isinstance(units, UnitGraph) else UnitGraph(units)
    inputs = read_inputs(graph, load, k, targets, current, region, locked)
    whole = constrained(graph, inputs, fixed_borders, np.ones(len(graph.pairs)))
    with Watch(0.0, None) as watch:  # a start plan says how many grids stand where
        solved = draw(whole, inputs, tolerance, 1.0, 0, watch)
    judged = verdict(graph.units.index[inputs.order], inputs, solved, tolerance, drawn=False)
    return Limits(judged.bound, judged.rows)
