"""A plan in force, mended: every grid into the band while little load moves.

Annealing with prices: the penalty of each grid outside the band is as steep as its price in the
least-flow problem, so a chain of moves along a needed flow costs what it moves and nothing is
gained by moving more. Then what is still out is worked on with its neighbourhood, the penalty
rising with every attempt.
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix, hstack, identity, vstack

from gridgeo.analysis.balance.anneal import Schedule
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.polish import neighbourhood, patience, polish
from gridgeo.analysis.balance.task import SLACK, Part, Task, draw_seed, run
from gridgeo.analysis.balance.watch import Watch

# Price of one target's worth of load that changes grid, in cut edges.
MOVING = 20.0
# What a cut edge counts beside it: borders may get longer where that moves fewer people.
CUT_SHARE = 0.1
# A flow through more grids than this is dearer than leaving the grid out of band.
LONGEST_FLOW = 50.0


def repair(
    task: Task, start: np.ndarray, today: np.ndarray, rng: np.random.Generator, watch: Watch
) -> np.ndarray:
    """Mend a plan.

    Parameters
    ----------
    task : Task
    start : ndarray of int32, shape (n,)
        A whole plan near today's.
    today : ndarray of int32, shape (n,)
        Labels of today, −1 where moving costs nothing.
    rng : Generator
    watch : Watch

    Returns
    -------
    ndarray of int32, shape (n,)
        ``start`` itself when it keeps the tolerance; otherwise the best plan found.
    """
    best, worth = start, task.worth(start)
    if worth[0] == 0:
        return best
    # Twice: what the first pass leaves out of band has new neighbours and prices.
    cheap = replace(task, graph=_cheaper_cut(task.graph))
    part = Part(
        cheap, np.arange(task.graph.n), start.copy(), today, task.graph.loads(start, task.k)
    )
    for number in range(2):
        pull = flow_prices(cheap, part.labels) * MOVING
        schedule = _schedule(task, soft=number == 0)
        run(part, schedule, 700.0 if number == 0 else 280.0, draw_seed(rng), watch, pull)
        watch.tell(0.2 + 0.2 * number, f"{task.told(part.labels)}, {watch.seconds:.0f} s")
        if task.excess(part.labels, part.loads).max() == 0:
            break
    mend(cheap, part.labels, today, rng, watch)
    watch.tell(0.7, f"{task.told(part.labels)}, {watch.seconds:.0f} s")
    found = task.worth(part.labels)
    if found[0] > 0 and not watch.over():
        polish(task, part.labels, rng, watch, today, MOVING)
        found = task.worth(part.labels)
    return part.labels if found[:2] < worth[:2] else best


def mend(
    task: Task, labels: np.ndarray, today: np.ndarray, rng: np.random.Generator, watch: Watch
) -> None:
    """Anneal the neighbourhood of each grid out of band, in place.

    The energy is load off its grid of today + cut + violation, the last dearer with every
    attempt at that grid.
    """
    loads = task.graph.loads(labels, task.k)
    tries = np.zeros(task.k, np.int64)
    least, stalled = np.inf, 0
    while True:
        excess = task.excess(labels, loads)
        stalled = 0 if excess.sum() < least - 1e-6 else stalled + 1
        least = min(least, float(excess.sum()))
        open_grids = np.flatnonzero((excess > 0) & (tries < task.settings.tries))
        if len(open_grids) == 0 or stalled > patience(task.k, len(open_grids)):
            break
        if watch.over():
            break
        grid = int(open_grids[np.argmin(tries[open_grids] - excess[open_grids])])
        steep = min(1e4, 15.0 * 1.35 ** float(tries[grid]))
        around = neighbourhood(task.graph, labels, grid, (1, 2, 2, 1, 3)[tries[grid] % 5])
        tries[grid] += 1
        if len(around) < 2:
            tries[grid] = task.settings.tries
            continue
        part = task.part(labels, around, today)
        before = _energy(part, steep)
        heat = float(rng.choice([0.3, 0.6, 1.2, 2.0]))
        run(part, _mend_schedule(task, heat, steep), 300.0, draw_seed(rng), watch)
        if _energy(part, steep) <= before + SLACK:
            labels[part.nodes] = around[part.labels]
            loads[around] = part.loads


def flow_prices(task: Task, labels: np.ndarray) -> np.ndarray:
    """Price each grid in the least-flow problem.

    Load flows between neighbouring grids until each is in the band; the least load × borders
    crossed is sought. A grid's price is what one unit of load less there would save: it falls
    by 1 along every used flow.

    Parameters
    ----------
    task : Task
    labels : ndarray of int32, shape (n,)

    Returns
    -------
    ndarray of float64, shape (k,)
        0 for grids in band and apart from every flow; > 0 where load must leave.
    """
    k, targets = task.k, task.targets
    band = 0.9 * task.settings.tolerance
    loads = task.graph.loads(labels, k)
    tails, heads = task.graph.borders(labels)
    m = len(tails)
    rows, columns = np.concatenate([tails, heads]), np.tile(np.arange(m), 2)
    signs = np.concatenate([-np.ones(m), np.ones(m)])
    flows = coo_matrix((signs, (rows, columns)), shape=(k, m))
    # Slack keeps the problem solvable where a grid cannot reach the band at all.
    slack = identity(k, format="coo")
    above = hstack([flows, -slack, 0 * slack])
    below = hstack([-flows, 0 * slack, -slack])
    answer = linprog(
        np.concatenate([np.ones(m), np.full(2 * k, LONGEST_FLOW)]),
        A_ub=vstack([above, below]).tocsr(),
        b_ub=np.concatenate([(1 + band) * targets - loads, loads - (1 - band) * targets]),
        bounds=(0, None),
        method="highs",
    )
    if answer.x is None:
        return np.zeros(k)
    dual = answer.ineqlin.marginals
    return np.asarray(dual[k:] - dual[:k])


def _cheaper_cut(graph: Graph) -> Graph:
    return Graph(graph.net._replace(price=graph.net.price * CUT_SHARE))


def _energy(part: Part, steep: float) -> float:
    task = part.task
    away = (part.today >= 0) & (part.labels != part.today)
    load = float((task.graph.net.load[away] / task.targets[part.today[away]]).sum())
    excess = float(task.excess(part.labels, part.loads).sum())
    return MOVING * load + task.graph.cut(part.labels) + steep * MOVING * excess


def _schedule(task: Task, *, soft: bool) -> Schedule:
    """Plan the annealing of the whole map; the soft one lets the prices lead."""
    return Schedule(
        hot=0.7 if soft else 0.28,
        cold=0.05,
        square=1e-9,
        square_end=1e-9,
        hinge=(0.5 if soft else 2.0) * MOVING,
        hinge_end=20.0 * MOVING,
        band=0.9 * task.settings.tolerance,
        moving=MOVING,
        chain=0.5,
        reach=400,
    )


def _mend_schedule(task: Task, heat: float, steep: float) -> Schedule:
    return Schedule(
        hot=heat,
        cold=0.02,
        square=1e-9,
        square_end=1e-9,
        hinge=steep * MOVING,
        hinge_end=2 * steep * MOVING,
        band=0.98 * task.settings.tolerance,
        moving=MOVING,
        chain=0.7,
        reach=400,
    )
