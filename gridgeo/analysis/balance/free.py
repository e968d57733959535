"""The grids that are drawn, and the units they are drawn from: all but the locked ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridgeo.analysis.balance.exact import best_plan
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.inputs import Inputs
from gridgeo.analysis.balance.layout import Layout


@dataclass(frozen=True)
class Free:
    """What is to be drawn, as a problem of its own.

    Parameters
    ----------
    graph : Graph
        The free units, with weights.
    parts : ndarray of int64, shape (n,)
        Connected parts to begin from.
    zones : ndarray of int64, shape (n,)
        Regions, which no grid may cross.
    today : ndarray of int64, shape (n,)
        Grid of today, −1 where there is none.
    grids : ndarray of int64, shape (k,)
        Positions of the free grids in the layout.
    home : ndarray of int64, shape (k,)
        The part each grid begins in.
    goals : ndarray of float64, shape (k,)
        Targets in the unit of the weights, > 0.
    targets : ndarray of float64, shape (k,)
        Targets in the unit of the load; 0 where nobody lives.
    """

    graph: Graph
    parts: np.ndarray
    zones: np.ndarray
    today: np.ndarray
    grids: np.ndarray
    home: np.ndarray
    goals: np.ndarray
    targets: np.ndarray

    @property
    def k(self) -> int:
        """Number of free grids."""
        return len(self.grids)

    @property
    def kinds(self) -> np.ndarray:
        """Grids of one kind may take each other's place: of one region and one target."""
        first = np.unique(self.parts, return_index=True)[1]
        both = np.column_stack([self.zones[first][self.home], self.goals])
        return np.unique(both, axis=0, return_inverse=True)[1].ravel()

    def without_today(self) -> Free:
        """Give the problem as if no unit had a grid yet."""
        return replace(self, today=np.full_like(self.today, -1))

    def best(self, tolerance: float) -> np.ndarray | None:
        """Find the best plan of a small problem, shape (n,); None when there is none."""
        first = np.unique(self.parts, return_index=True)[1]
        zone = self.zones[first][self.home]
        return best_plan(self.graph, self.goals, tolerance, self.today, self.zones, zone)


def free_part(
    graph: Graph, inputs: Inputs, layout: Layout, parts: np.ndarray, free: np.ndarray
) -> Free:
    """Take the free units and grids out of a layout.

    Parameters
    ----------
    graph : Graph
        The whole, with weights.
    inputs : Inputs
    layout : Layout
    parts : ndarray of int64, shape (n,)
        As the layout has them.
    free : ndarray of int64, shape (f,)
        Ascending positions of the free units.
    """
    grids = np.flatnonzero(layout.part >= 0)
    place = np.full(inputs.k + 1, -1, np.int64)  # the last answers for today's −1
    place[grids] = np.arange(len(grids))
    return Free(
        graph=graph.sub(free),
        parts=parts[free],
        zones=inputs.region[free],
        today=place[layout.labels[free]],
        grids=grids,
        home=layout.part[grids],
        goals=layout.goals[grids],
        targets=layout.targets[grids],
    )
