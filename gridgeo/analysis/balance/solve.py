"""A new plan: multilevel annealing, then polish of the grids out of band.

Effort is counted in steps. The watch only truncates, and every state between two steps is a
whole plan: each grid one piece, none empty.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.polish import polish
from gridgeo.analysis.balance.task import Part, Task, draw_seed, run
from gridgeo.analysis.balance.watch import Watch

# Cycles in a row that bring no grid nearer to its target before the search ends.
IDLE = 3


def solve(
    task: Task,
    start: np.ndarray,
    draft: Callable[[], np.ndarray],
    rng: np.random.Generator,
    watch: Watch,
) -> np.ndarray:
    """Make a new plan.

    Parameters
    ----------
    task : Task
    start : ndarray of int32, shape (n,)
        A whole plan to begin from.
    draft : callable
        Makes another one.
    rng : Generator
    watch : Watch

    Returns
    -------
    ndarray of int32, shape (n,)
        The best plan found: the first cycle's when it keeps the tolerance, otherwise the best
        of ``settings.cycles``.
    """
    best, worth = start, task.worth(start)
    cycles, idle = task.settings.cycles, 0
    for cycle in range(cycles):
        # Every other cycle begins anew, the others go on from the best at half the heat.
        fresh = cycle % 2 == 0
        origin = best if not fresh else start if cycle == 0 else draft()
        labels = vcycle(task, origin, draw_seed(rng), watch, hot=1.0 if fresh else 0.5)
        polish(task, labels, rng, watch)
        found = task.worth(labels)
        idle = 0 if found[:2] < worth[:2] else idle + 1
        if found < worth:
            best, worth = labels, found
        watch.tell((cycle + 1) / (cycles + 1), f"excess {worth[0]:.1%}, cut {worth[2]:.0f}")
        if worth[0] == 0 or idle == IDLE or (cycle + 1 < cycles and watch.over()):
            break
    return best


def vcycle(task: Task, labels: np.ndarray, seed: int, watch: Watch, hot: float) -> np.ndarray:
    """Coarsen inside the grids, then anneal every level from coarse to fine; new labels."""
    settings, k = task.settings, task.k
    most = task.targets / (settings.coarse_units * 0.5)
    fine: list[tuple[Graph, np.ndarray]] = []
    graph, labels = task.graph, labels.astype(np.int32)
    while graph.n > 1.4 * settings.coarse_units * k:
        coarser, parent = graph.coarse(labels, most, seed + len(fine))
        if coarser.n > 0.9 * graph.n:
            break
        fine.append((graph, parent))
        carried = np.zeros(coarser.n, np.int32)
        carried[parent] = labels
        graph, labels = coarser, carried
    base = _mean_price(task.graph)
    scale = _mean_price(graph) / base
    sweeps = settings.sweeps * (2 if fine else 1)
    schedule = settings.schedule(scale, first=True, hot=hot)
    level = _level(task, graph, labels)
    run(level, schedule, sweeps, seed, watch)
    while fine:
        graph, parent = fine.pop()
        level = _level(task, graph, level.labels[parent])
        schedule = settings.schedule(_mean_price(graph) / base, first=False)
        run(level, schedule, settings.sweeps / 2, seed + 7, watch)
    return level.labels


def _level(task: Task, graph: Graph, labels: np.ndarray) -> Part:
    """Set a coarse plan up for annealing; only the finest level knows single units."""
    none = np.full(graph.n, -1, np.int32)
    coarse = replace(task, graph=graph, exempt=none[:0], allowed=np.empty(0))
    return Part(coarse, np.arange(graph.n), labels, none, graph.loads(labels, task.k))


def _mean_price(graph: Graph) -> float:
    return float(graph.net.price.mean()) if len(graph.net.price) else 1.0
