"""The search: a start plan, then annealing or repair, then small pieces to their best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridgeo.analysis.balance.exact import EXACT_UNITS, best_plan
from gridgeo.analysis.balance.extremes import raise_to
from gridgeo.analysis.balance.forced import allowances, known_causes, own_means
from gridgeo.analysis.balance.free import Free
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.leaves import follow_only_neighbour
from gridgeo.analysis.balance.repair import repair
from gridgeo.analysis.balance.settings import settings_for
from gridgeo.analysis.balance.solve import solve
from gridgeo.analysis.balance.start import fill, start_plan
from gridgeo.analysis.balance.task import Task
from gridgeo.analysis.balance.watch import Watch

# Up to this share of a target a unit may follow its only neighbour unasked.
SMALL = 0.02


@dataclass(frozen=True)
class Draft:
    """A start plan, on units of which small ones are merged into their only neighbours.

    Parameters
    ----------
    problem : Free
    parent : ndarray of int32, shape (n,)
        The merged unit of each unit.
    graph : Graph
        The merged units.
    start : ndarray of int32, shape (m,)
        Grid of each merged unit.
    """

    problem: Free
    parent: np.ndarray
    graph: Graph
    start: np.ndarray

    @property
    def whole(self) -> bool:
        """Whether each grid is one piece, nonempty and on its side of fixed borders."""
        return not self.graph.broken(self.start, self.problem.k).any()

    @property
    def today(self) -> np.ndarray:
        """Grid of today of each merged unit, shape (m,)."""
        return self.problem.today[np.unique(self.parent, return_index=True)[1]].astype(np.int32)

    def another(self, seed: int) -> np.ndarray:
        """Draw another start plan."""
        return _start(self.problem, self.graph, self.parent, seed)


def begin(problem: Free, seed: int) -> Draft:
    """Merge small units and draw a start plan.

    Parameters
    ----------
    problem : Free
        Where nobody has a grid today, the start plan is a new one.
    seed : int
    """
    k = problem.k
    classes = problem.parts * (k + 1) + problem.today + 1
    grids = np.bincount(problem.home, minlength=int(problem.parts.max()) + 1)
    most = SMALL * float(problem.goals.min())
    parent, count = follow_only_neighbour(problem.graph, most, classes, problem.parts, grids)
    graph = problem.graph.merged(parent, count)
    return Draft(problem, parent, graph, _start(problem, graph, parent, seed))


def search(
    draft: Draft,
    pieces: np.ndarray,
    tolerance: float,
    stability: float,
    rng: np.random.Generator,
    watch: Watch,
) -> np.ndarray:
    """Search from a draft that is whole.

    Parameters
    ----------
    draft : Draft
    pieces : ndarray of int64, shape (n,)
        Connected pieces of the free units.
    tolerance : float
    stability : float
        As in ``balance``.
    rng : Generator
    watch : Watch

    Returns
    -------
    ndarray of int32, shape (n,)
        Grid of each free unit. A piece that is off as a whole is balanced about its own mean.
    """
    problem, labels = draft.problem, draft.start[draft.parent]
    load = problem.graph.net.load
    goals = problem.goals * own_means(load, labels, pieces, problem.goals, tolerance)
    known = known_causes(problem.graph, labels, pieces, goals, tolerance)
    single = allowances(load, labels, pieces, goals, tolerance, known)
    # Nobody is off where nobody lives, nor yet in a small piece, which is settled at the end.
    little = np.bincount(pieces)[pieces] <= EXACT_UNITS
    single[little | (problem.targets[labels] == 0)] = np.inf
    allowed = np.zeros(draft.graph.n)
    raise_to(allowed, draft.parent, single)
    exempt = np.flatnonzero(allowed)
    cut = draft.graph.cut_edges(draft.start)
    settings = settings_for(draft.graph.n, problem.k, cut, tolerance, stability)
    task = Task(draft.graph, goals, exempt, allowed[exempt], settings)
    if stability == 1 and (draft.today >= 0).any():
        found = repair(task, draft.start, draft.today, rng, watch)
    else:
        found = solve(task, draft.start, draft.today, draft.another, rng, watch)
    found = found[draft.parent]
    _settle(problem, found, pieces, np.flatnonzero(little), tolerance, watch)
    return found


def _settle(
    problem: Free,
    labels: np.ndarray,
    pieces: np.ndarray,
    little: np.ndarray,
    tolerance: float,
    watch: Watch,
) -> None:
    """Give small pieces, of the units ``little``, the best plan with the grids they hold."""
    order = little[np.argsort(pieces[little], kind="stable")]
    for nodes in np.split(order, np.flatnonzero(np.diff(pieces[order])) + 1):
        grids = np.unique(labels[nodes])
        if len(grids) < 2 or watch.over():
            continue
        place = np.full(problem.k + 1, -1, np.int64)
        place[grids] = np.arange(len(grids))
        none, home = np.zeros(len(nodes), np.int64), np.zeros(len(grids), np.int64)
        best = best_plan(
            problem.graph.sub(nodes),
            problem.goals[grids],
            tolerance,
            place[problem.today[nodes]],
            none,
            home,
        )
        if best is not None:
            labels[nodes] = grids[best]


def _start(problem: Free, graph: Graph, parent: np.ndarray, seed: int) -> np.ndarray:
    """Draw a start plan part by part, from today's where they have units there."""
    labels = np.full(graph.n, -1, np.int32)
    first = np.unique(parent, return_index=True)[1]
    parts, today, goals = problem.parts[first], problem.today[first], problem.goals
    order = np.argsort(parts, kind="stable")
    for nodes in np.split(order, np.cumsum(np.bincount(parts))[:-1]):
        grids = np.flatnonzero(problem.home == parts[nodes[0]])
        part, k = graph.sub(nodes), len(grids)
        place = np.full(problem.k + 1, k, np.int32)
        place[grids] = np.arange(k)
        own = place[today[nodes]]
        if (own < k).any():
            fill(part, own, goals[grids], seed)
        else:
            own = start_plan(part, goals[grids], seed)
        labels[nodes] = grids[own]
    return labels
