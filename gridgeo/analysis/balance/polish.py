"""The polish: grids out of band are worked on with their neighbourhood until they fit."""

import numpy as np

from gridgeo.analysis.balance.anneal import Schedule
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.recut import recut
from gridgeo.analysis.balance.strays import join_strays
from gridgeo.analysis.balance.task import Part, Task, draw_seed, run
from gridgeo.analysis.balance.watch import Watch

# Largest neighbourhood whose pairs are recut; beyond it a recut's scans cost too much.
RECUT_UNITS = 6000
POLISH_SWEEPS = 200


def polish(
    task: Task,
    labels: np.ndarray,
    rng: np.random.Generator,
    watch: Watch,
    today: np.ndarray | None = None,
    moving: float = 0.0,
) -> None:
    """Work on every grid out of band with its neighbourhood, in place.

    Tree recuts of pairs, then a short annealing; kept unless the violation grows. Sideways
    steps are kept too: they vary the next attempt. It ends when no grid is out of band, when
    each has had its tries, or when the sum of excesses stalls.

    Parameters
    ----------
    task : Task
    labels : ndarray of int32, shape (n,)
        A whole plan.
    rng : Generator
    watch : Watch
    today : ndarray of int32, shape (n,), optional
        Labels of today, −1 where moving costs nothing.
    moving : float
        Price of one target's worth of load that leaves its grid of today.
    """
    graph, settings = task.graph, task.settings
    loads = graph.loads(labels, task.k)
    tries = np.zeros(task.k, np.int64)
    least, stalled = np.inf, 0
    while True:
        excess = task.excess(labels, loads)
        stalled = 0 if excess.sum() < least - 1e-6 else stalled + 1
        least = min(least, float(excess.sum()))
        open_grids = np.flatnonzero((excess > 0) & (tries < settings.tries))
        if len(open_grids) == 0 or stalled > patience(task.k, len(open_grids)):
            break
        if watch.over():
            break
        grid = int(open_grids[np.argmin(tries[open_grids] - excess[open_grids])])
        tries[grid] += 1
        around = neighbourhood(graph, labels, grid, 1 + min(2, int(tries[grid]) // 6 % 4))
        if len(around) < 2:
            tries[grid] = settings.tries
            continue
        seed = draw_seed(rng)
        heat = float(rng.choice([0.3, 1.0, 3.0]))
        part = task.part(labels, around, today)
        if tries[grid] % 3 == 0:
            seize(part, int(np.searchsorted(around, grid)), rng)
        recut_part(part, settings.recut_schedule(heat, moving), seed)
        schedule = settings.polish_schedule(moving)
        run(part, schedule, POLISH_SWEEPS, seed, watch)
        if part.task.excess(part.labels, part.loads).sum() <= excess[around].sum() + 1e-12:
            labels[part.nodes] = around[part.labels]
            loads[around] = part.loads


def seize(part: Part, grid: int, rng: np.random.Generator) -> None:
    """Move one border unit to or from a grid out of band though it holds others, in place.

    Annealing never moves a unit whose grid would fall apart. Here the grid that loses it keeps
    its heaviest piece and the others go to their neighbours. Nothing happens where a grid would
    be left empty or units that stay apart would meet.
    """
    net, k = part.task.graph.net, part.task.k
    short = part.loads[grid] < part.task.targets[grid]
    edges = np.flatnonzero((part.labels[net.tail] == grid) & (part.labels[net.to] != grid))
    edge = int(rng.choice(edges))
    labels = part.labels.copy()
    if short:
        labels[net.to[edge]] = grid
    else:
        labels[net.tail[edge]] = labels[net.to[edge]]
    join_strays(net.start, net.to, net.price, net.load, labels, k)
    if not part.task.graph.broken(labels, k).any():
        part.labels = labels
        part.loads = part.task.graph.loads(labels, k)


def patience(k: int, open_grids: int) -> int:
    """Give the attempts without progress after which a polish ends."""
    return min(10 + k, 60 + 6 * open_grids)


def recut_part(part: Part, schedule: Schedule, seed: int) -> None:
    """Recut pairs of a part, in place."""
    graph = part.task.graph
    if graph.n < RECUT_UNITS:
        rounds = 12 * part.task.k
        args = (graph.net, part.labels, part.today, part.task.targets, part.loads, schedule)
        recut(*args, rounds, 20, seed)


def neighbourhood(graph: Graph, labels: np.ndarray, grid: int, radius: int) -> np.ndarray:
    """Give the grids within ``radius`` steps of a grid, ascending."""
    tails, heads = graph.borders(labels)
    around = np.array([grid])
    for _ in range(radius):
        around = np.union1d(around, heads[np.isin(tails, around)])
    return around
