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

# Cycles in a row that bring no grid nearer to its target before a search in vain ends, at least.
IDLE = 3
# Likewise for a plan within the tolerance: cycles that shorten no border.
STALLED = 8
# Share of grids out of band from which the whole plan is annealed once more, and for how long:
# what many grids lack is sooner had together than one by one.
MANY, CLOSING_SWEEPS = 0.02, 120


def solve(
    task: Task,
    start: np.ndarray,
    today: np.ndarray,
    draft: Callable[[int], np.ndarray],
    rng: np.random.Generator,
    watch: Watch,
) -> np.ndarray:
    """Make a new plan, or one that weighs moves against its borders.

    Parameters
    ----------
    task : Task
    start : ndarray of int32, shape (n,)
        A whole plan to begin from.
    today : ndarray of int32, shape (n,)
        Labels of today, −1 where moving costs nothing.
    draft : callable
        Makes another one from a seed.
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
    plans = [(task.worth(start, today), start)]
    idle, made = 0, 0
    idle_most = max(IDLE, settings.attempts * 2 // 3)
    for cycle in range(max(settings.cycles, settings.attempts)):
        alone = settings.pool == 1
        if made < settings.pool or (alone and cycle % 2 == 0):
            origin = start if cycle == 0 else draft(draw_seed(rng))
            labels = vcycle(task, origin, today, draw_seed(rng), watch, hot=1.0)
            made += 1
        elif len(plans) == 1:
            labels = vcycle(task, plans[0][1], today, draw_seed(rng), watch, hot=0.5)
        else:
            better, other = np.sort(rng.choice(len(plans), 2, replace=False))
            origin = plans[better][1]
            labels = vcycle(
                task, origin, today, draw_seed(rng), watch, hot=1.0, other=plans[other][1]
            )
        _close(task, labels, today, draw_seed(rng), watch)
        polish(task, labels, rng, watch, today, settings.moving)
        before, found = plans[0][0], task.worth(labels, today)
        kept = found[0] == 0
        idle = 0 if (found if kept else found[:2]) < (before if kept else before[:2]) else idle + 1
        plans = sorted([*plans, (found, labels)], key=lambda plan: plan[0])[: settings.pool]
        fair = plans[0][0][0] == 0
        last, patience = (settings.cycles, STALLED) if fair else (settings.attempts, idle_most)
        text = f"{task.told(plans[0][1])}, {watch.seconds:.0f} s"
        watch.tell((cycle + 1) / (last + 1), text)
        if cycle + 1 >= last or idle >= patience or watch.over():
            break
    return plans[0][1]


def vcycle(
    task: Task,
    labels: np.ndarray,
    today: np.ndarray,
    seed: int,
    watch: Watch,
    hot: float,
    other: np.ndarray | None = None,
) -> np.ndarray:
    """Coarsen inside the grids, then anneal every level from coarse to fine; new labels.

    Units merge only where all plans have them in one grid: this one, the other one, whose borders
    then stand for choice on every level, and, where moving has a price, today's.
    """
    settings, k = task.settings, task.k
    before = today if settings.moving > 0 else np.full(len(labels), -1, np.int32)
    graph, labels = task.graph, labels.astype(np.int32)
    classes, grids = labels, np.arange(k)
    for plan in (other, before):
        if plan is not None and (plan >= 0).any():
            both, found = np.unique(classes * np.int64(k + 1) + plan + 1, return_inverse=True)
            classes, grids = found.astype(np.int32), grids[both // (k + 1)]
    most = task.targets[grids] / (settings.coarse_units * 0.5)
    fine: list[tuple[Graph, np.ndarray, np.ndarray]] = []
    while graph.n > 1.4 * settings.coarse_units * k:
        coarser, parent = graph.coarse(classes, most, seed + len(fine))
        if coarser.n > 0.9 * graph.n:
            break
        fine.append((graph, before, parent))
        first = np.unique(parent, return_index=True)[1]
        graph, labels, before, classes = coarser, labels[first], before[first], classes[first]
    base = _mean_price(task.graph)
    scale = _mean_price(graph) / base
    sweeps = settings.sweeps * (2 if fine else 1)
    schedule = settings.schedule(scale, first=True, hot=hot)
    level = _level(task, graph, labels, before)
    run(level, schedule, sweeps, seed, watch)
    while fine:
        graph, before, parent = fine.pop()
        level = _level(task, graph, level.labels[parent], before)
        schedule = settings.schedule(_mean_price(graph) / base, first=False)
        run(level, schedule, settings.sweeps / 2, seed + 7, watch)
    return level.labels


def _close(task: Task, labels: np.ndarray, today: np.ndarray, seed: int, watch: Watch) -> None:
    """Bring a plan of which many grids are out of band nearer to it, in place."""
    part = Part(task, np.arange(task.graph.n), labels, today, task.graph.loads(labels, task.k))
    if (task.excess(labels, part.loads) > 0).mean() > MANY:
        run(part, task.settings.closing_schedule(), CLOSING_SWEEPS, seed, watch)


def _level(task: Task, graph: Graph, labels: np.ndarray, today: np.ndarray) -> Part:
    """Set a coarse plan up for annealing; only the finest level knows single units."""
    coarse = replace(task, graph=graph, exempt=np.empty(0, np.int64), allowed=np.empty(0))
    loads = graph.loads(labels, task.k)
    return Part(coarse, np.arange(graph.n), labels, today, loads)


def _mean_price(graph: Graph) -> float:
    return float(graph.net.price.mean()) if len(graph.net.price) else 1.0
