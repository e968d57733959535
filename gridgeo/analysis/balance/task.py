"""What the solver is asked, and the one way to anneal that can be cut short."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridgeo.analysis.balance.anneal import Schedule, anneal
from gridgeo.analysis.balance.extremes import raise_to
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.settings import Settings
from gridgeo.analysis.balance.watch import Watch

# Steps between two looks at the watch, about a tenth of a second.
CHUNK = 1 << 17
# Deviations are sums of floats: this much beyond the tolerance is none.
SLACK = 1e-9


@dataclass(frozen=True)
class Task:
    """What the solver is asked.

    Parameters
    ----------
    graph : Graph
        Loads in units of the mean target, so that settings fit any load.
    targets : ndarray of float64, shape (k,)
        In the same unit, > 0.
    exempt : ndarray of int
        Positions of units whose grid cannot keep the tolerance.
    allowed : ndarray of float64
        Deviation that their grid is allowed instead; inf leaves it out of the verdict.
    settings : Settings
    """

    graph: Graph
    targets: np.ndarray
    exempt: np.ndarray
    allowed: np.ndarray
    settings: Settings

    @property
    def k(self) -> int:
        """Number of grids."""
        return len(self.targets)

    def excess(self, labels: np.ndarray, loads: np.ndarray) -> np.ndarray:
        """Measure how far each grid lies beyond what it is allowed, shape (k,)."""
        limit = np.full(self.k, self.settings.tolerance)
        raise_to(limit, labels[self.exempt], self.allowed)
        over = np.abs(loads / self.targets - 1) - limit
        over[over < SLACK] = 0.0
        return over

    def part(self, labels: np.ndarray, grids: np.ndarray, today: np.ndarray | None = None) -> Part:
        """Take ascending ``grids`` out of a plan, with labels 0 … s−1."""
        local = np.full(self.k + 1, -1, np.int32)  # the last answers for today's −1
        local[grids] = np.arange(len(grids), dtype=np.int32)
        nodes = np.flatnonzero(local[labels] >= 0)
        here = local[labels[self.exempt]] >= 0
        exempt = np.searchsorted(nodes, self.exempt[here])
        graph, targets = self.graph.sub(nodes), self.targets[grids]
        task = Task(graph, targets, exempt, self.allowed[here], self.settings)
        own = local[labels[nodes]]
        none = np.full(len(nodes), -1, np.int32)
        before = none if today is None else local[today[nodes]]
        return Part(task, nodes, own, before, task.graph.loads(own, task.k))

    def worth(
        self, labels: np.ndarray, today: np.ndarray | None = None
    ) -> tuple[float, float, float]:
        """Rank a plan, least best: (largest excess, sum of excesses, cut and moves)."""
        over = self.excess(labels, self.graph.loads(labels, self.k))
        price = self.graph.cut(labels)
        if today is not None and self.settings.moving > 0:
            off = np.flatnonzero((today >= 0) & (today != labels))
            share = self.graph.net.load[off] / self.targets[today[off]]
            price += self.settings.moving * float(share.sum())
        return float(over.max()), float(over.sum()), price

    def told(self, labels: np.ndarray) -> str:
        """Say how good a plan is so far."""
        off = np.abs(self.graph.loads(labels, self.k) / self.targets - 1)
        limit = np.zeros(self.k)
        raise_to(limit, labels[self.exempt], self.allowed)
        worst = off[limit < off].max(initial=0.0)
        borders = self.graph.cut_edges(labels) // 2
        return f"largest deviation {worst:.1%}, {borders:,} borders between grids"


@dataclass
class Part:
    """A plan, or a few grids of one, while it is worked on: everything but the task changes.

    Parameters
    ----------
    task : Task
        With its own labels 0 … s−1.
    nodes : ndarray of int, shape (n,)
        Where the units stand in the whole.
    labels : ndarray of int32, shape (n,)
    today : ndarray of int32, shape (n,)
        Labels of today; −1 where moving costs nothing.
    loads : ndarray of float64, shape (s,)
    """

    task: Task
    nodes: np.ndarray
    labels: np.ndarray
    today: np.ndarray
    loads: np.ndarray


def run(
    part: Part,
    schedule: Schedule,
    sweeps: float,
    seed: int,
    watch: Watch,
    pull: np.ndarray | None = None,
) -> None:
    """Anneal in place, in chunks between which the watch is asked.

    Parameters
    ----------
    part : Part
    schedule : Schedule
    sweeps : float
        Steps for each directed cut edge.
    seed : int
    watch : Watch
    pull : ndarray of float64, shape (k,), optional
        Flow price of each grid.
    """
    graph, targets = part.task.graph, part.task.targets
    steps = int(max(2000, sweeps * graph.cut_edges(part.labels)))
    pull = np.zeros(len(targets)) if pull is None else pull
    args = (graph.net, part.labels, part.today, targets, part.loads, pull, schedule)
    for first in range(0, steps, CHUNK):
        if watch.over():
            break
        anneal(*args, first, min(first + CHUNK, steps), steps, seed + first)


def draw_seed(rng: np.random.Generator) -> int:
    """Draw the seed of one kernel run."""
    return int(rng.integers(1, 1 << 40))
