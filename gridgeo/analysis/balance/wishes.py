"""What borders would rather do: be short, run along streets and rivers, leave a village whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridgeo.analysis.balance.apart import Lines, share_along
from gridgeo.analysis.balance.unit_graph import UnitGraph

# A shared border counts at most this often the mean: one long river must not rule the plan.
LONGEST_BORDER = 6.0
# What a border costs where it runs along a wished line, as a share of what it costs elsewhere.
ON_A_LINE = 0.3
# What a border costs that parts two units of one village, beside one that parts two villages.
WITHIN = 3.0


@dataclass(frozen=True)
class Wishes:
    """What each border between two units costs a plan that runs along it.

    Parameters
    ----------
    price : ndarray of float64, shape (m,)
        On ``UnitGraph.pairs``, > 0; 1 is a border of mean length with nothing special about it.
    along : ndarray of float64, shape (m,), or None
        Share of the border that runs along a wished line.
    within : ndarray of bool, shape (m,), or None
        Whether both units would rather stay together.
    """

    price: np.ndarray
    along: np.ndarray | None
    within: np.ndarray | None


def read_wishes(
    graph: UnitGraph, compactness: float, along: Lines | None, together: pd.Series | None
) -> Wishes:
    """Price the borders.

    Parameters
    ----------
    graph : UnitGraph
    compactness : float
        0 counts borders, 1 their length; between, length weighs by the square.
    along : lines, optional
        Borders had better run here.
    together : Series, shape (n,), optional
        Units of one value had better stay in one grid; missing values wish nothing.
    """
    # Rounded and summed in order of size, so that the order of the units changes no bit.
    shared = np.round(graph.shared_m, 6)
    price = np.ones(len(graph.pairs))
    if len(shared) and np.isfinite(shared).all() and shared.sum() > 0:
        length = np.minimum(shared / np.sort(shared).mean(), LONGEST_BORDER)
        price += compactness**2 * (length - 1)
    on_line = None if along is None else np.round(share_along(graph, along), 9)
    if on_line is not None:
        price *= 1 - (1 - ON_A_LINE) * on_line
    within = None
    if together is not None:
        code = pd.factorize(together)[0]
        first, second = code[graph.pairs.T]
        within = (first == second) & (first >= 0)
        price[within] *= WITHIN
    return Wishes(np.maximum(price, 1e-3), on_line, within)
