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

# Cycles in a row that bring no grid nearer to its target before a search in vain ends.
IDLE = 3
# Likewise for a plan within the tolerance: cycles that shorten no border.
STALLED = 8


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
        The best plan found.

    Notes
    -----
    ``settings.pool`` plans are made anew; from then on two of them are put together: what both
    agree on is merged, and their borders are annealed against each other. Recombination of
    partitions: Sanders and Schulz, "Distributed evolutionary graph partitioning", ALENEX 2012.
    With a pool of one, the best plan is taken up again instead, every other cycle.
    """
    settings = task.settings
    plans = [(task.worth(start), start)]
    idle, made = 0, 0
    for cycle in range(max(settings.cycles, settings.attempts)):
        alone = settings.pool == 1
        if made < settings.pool or (alone and cycle % 2 == 0):
            origin = start if cycle == 0 else draft()
            labels = vcycle(task, origin, draw_seed(rng), watch, hot=1.0)
            made += 1
        elif len(plans) == 1:
            labels = vcycle(task, plans[0][1], draw_seed(rng), watch, hot=0.5)
        else:
            better, other = np.sort(rng.choice(len(plans), 2, replace=False))
            labels = vcycle(
                task, plans[better][1], draw_seed(rng), watch, hot=1.0, other=plans[other][1]
            )
        polish(task, labels, rng, watch)
        before, found = plans[0][0], task.worth(labels)
        kept = found[0] == 0
        idle = 0 if (found if kept else found[:2]) < (before if kept else before[:2]) else idle + 1
        plans = sorted([*plans, (found, labels)], key=lambda plan: plan[0])[: settings.pool]
        excess, _, cut = plans[0][0]
        if excess == 0:
            last = settings.cycles
            ended = cycle + 1 >= last or idle >= STALLED
        else:
            last = settings.attempts
            ended = cycle + 1 >= last or idle >= IDLE
        watch.tell((cycle + 1) / (last + 1), f"excess {excess:.1%}, cut {cut:.0f}")
        if ended or watch.over():
            break
    return plans[0][1]


def vcycle(
    task: Task,
    labels: np.ndarray,
    seed: int,
    watch: Watch,
    hot: float,
    other: np.ndarray | None = None,
) -> np.ndarray:
    """Coarsen inside the grids, then anneal every level from coarse to fine; new labels.

    With another plan, units merge only where both have them in one grid: the borders of both
    then stand for choice on every level.
    """
    settings, k = task.settings, task.k
    most = task.targets / (settings.coarse_units * 0.5)
    fine: list[tuple[Graph, np.ndarray]] = []
    graph, labels = task.graph, labels.astype(np.int32)
    classes = labels
    if other is not None:
        both, classes = np.unique(labels * np.int64(k) + other, return_inverse=True)
        classes, most = classes.astype(np.int32), most[both // k]
    while graph.n > 1.4 * settings.coarse_units * k:
        coarser, parent = graph.coarse(classes, most, seed + len(fine))
        if coarser.n > 0.9 * graph.n:
            break
        fine.append((graph, parent))
        graph, labels, classes = coarser, _carried(labels, parent), _carried(classes, parent)
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


def _carried(values: np.ndarray, parent: np.ndarray) -> np.ndarray:
    carried = np.zeros(int(parent.max()) + 1, np.int32)
    carried[parent] = values
    return carried


def _level(task: Task, graph: Graph, labels: np.ndarray) -> Part:
    """Set a coarse plan up for annealing; only the finest level knows single units."""
    none = np.full(graph.n, -1, np.int32)
    coarse = replace(task, graph=graph, exempt=none[:0], allowed=np.empty(0))
    return Part(coarse, np.arange(graph.n), labels, none, graph.loads(labels, task.k))


def _mean_price(graph: Graph) -> float:
    return float(graph.net.price.mean()) if len(graph.net.price) else 1.0
