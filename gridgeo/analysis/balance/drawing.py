"""From checked inputs to borders: the grids are laid out, drafted, and solved or mended."""

from __future__ import annotations

import numpy as np

from gridgeo.analysis.balance.apart import meetings, part_apart
from gridgeo.analysis.balance.bounds import Cause
from gridgeo.analysis.balance.forced import allowances, known_causes
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.inputs import Inputs
from gridgeo.analysis.balance.layout import Solved, lay_out
from gridgeo.analysis.balance.leaves import follow_only_neighbour
from gridgeo.analysis.balance.naming import three
from gridgeo.analysis.balance.repair import repair
from gridgeo.analysis.balance.settings import settings_for
from gridgeo.analysis.balance.solve import solve
from gridgeo.analysis.balance.start import fill, start_plan
from gridgeo.analysis.balance.task import Task, draw_seed
from gridgeo.analysis.balance.watch import Watch
from gridgeo.errors import InfeasibleError

# Up to this share of a target a unit may follow its only neighbour unasked.
SMALL = 0.02


def draw(graph: Graph, inputs: Inputs, tolerance: float, seed: int, watch: Watch) -> Solved:
    """Settle the grids, draft them and hand them to the solver.

    Parameters
    ----------
    graph : Graph
        In canonical order, without the borders that no grid may cross; its loads are not read.
    inputs : Inputs
    tolerance : float
    seed : int
    watch : Watch

    Raises
    ------
    InfeasibleError
        k does not fit the pieces, or a locked grid is not one piece.
    """
    rng = np.random.default_rng(seed)
    is_locked = np.isin(inputs.today, inputs.locked)
    _check_locked(graph, inputs)
    free = np.flatnonzero(~is_locked)
    part_graph = graph.sub(free)
    pieces = np.full(inputs.n, -1, np.int64)
    pieces[free] = part_graph.pieces()
    first_seed = draw_seed(rng)
    for parts in _starting_parts(part_graph, inputs, pieces, free):
        layout = lay_out(inputs, parts)
        loaded = Graph(graph.net._replace(load=layout.weights))
        free_graph = loaded.sub(free)
        grids = np.flatnonzero(layout.part >= 0)
        place = np.full(inputs.k + 1, -1, np.int64)
        place[grids] = np.arange(len(grids))
        today, home, goals = place[layout.labels[free]], layout.part[grids], layout.goals[grids]
        parent, small = _merged(free_graph, today, parts[free], home, goals)
        merged = np.unique(parent, return_index=True)[1]
        begin = (small, parts[free][merged], today[merged], home, goals)
        start = _begin(*begin, first_seed)
        if not small.broken(start, len(grids)).any():
            break
    labels = layout.labels.copy()
    known: list[Cause] = []
    if len(free):
        whole = labels.copy()
        whole[free] = grids[start[parent]]
        known = known_causes(loaded, whole, pieces, layout.goals, tolerance)
        allowed = np.zeros(small.n)
        single = allowances(inputs, whole, pieces, layout.targets, tolerance, known)[free]
        np.maximum.at(allowed, parent, single)
        exempt = np.flatnonzero(allowed)
        settings = settings_for(small.n, small.cut_edges(start), tolerance)
        task = Task(small, goals, exempt, allowed[exempt], settings)
        if inputs.has_current:
            found = repair(task, start, today[merged].astype(np.int32), rng, watch)
        else:
            found = solve(task, start, lambda: _begin(*begin, draw_seed(rng)), rng, watch)
        labels[free] = grids[found[parent]]
    return Solved(labels, layout, loaded, pieces, known)


def _merged(
    graph: Graph, today: np.ndarray, parts: np.ndarray, home: np.ndarray, goals: np.ndarray
) -> tuple[np.ndarray, Graph]:
    """Merge small units into their only neighbours: (merged unit of each unit, graph)."""
    classes = parts * (len(home) + 1) + today + 1
    grids = np.bincount(home, minlength=int(parts.max(initial=-1)) + 1)
    most = SMALL * float(goals.min(initial=np.inf))
    parent, count = follow_only_neighbour(graph, most, classes, parts, grids)
    return parent, graph.merged(parent, count)


def _starting_parts(
    graph: Graph, inputs: Inputs, pieces: np.ndarray, free: np.ndarray
) -> list[np.ndarray]:
    """Parts to begin from: the pieces; with a fixed border inside one, pieces cut along it.

    Today's grids may already keep off each other round the end of a line, so with a plan in
    force the uncut pieces are tried first.
    """
    if len(meetings(graph, pieces[free])) == 0:
        return [pieces]
    cut = pieces.copy()
    cut[free] = part_apart(graph, pieces[free])
    return [pieces, cut] if inputs.has_current else [cut]


def _begin(
    graph: Graph,
    parts: np.ndarray,
    today: np.ndarray,
    home: np.ndarray,
    goals: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Draft the grids part by part, from today's where they have units there.

    ``today`` holds the grid of each unit, −1 for none; ``home`` the part of each grid.
    """
    labels = np.full(graph.n, -1, np.int32)
    order = np.argsort(parts, kind="stable")
    for nodes in np.split(order, np.cumsum(np.bincount(parts))[:-1]) if len(parts) else []:
        grids = np.flatnonzero(home == parts[nodes[0]])
        part, k = graph.sub(nodes), len(grids)
        place = np.full(len(home) + 1, k, np.int32)
        place[grids] = np.arange(k)
        own = place[today[nodes]]
        if (own < k).any():
            fill(part, own, goals[grids], seed)
        else:
            own = start_plan(part, goals[grids], seed)
        labels[nodes] = grids[own]
    return labels


def _check_locked(graph: Graph, inputs: Inputs) -> None:
    """Refuse locked grids that are no grids."""
    if len(inputs.locked) == 0:
        return
    nodes = np.flatnonzero(np.isin(inputs.today, inputs.locked))
    labels = np.searchsorted(inputs.locked, inputs.today[nodes])
    broken = graph.sub(nodes).broken(labels, len(inputs.locked))
    if broken.any():
        names = [inputs.ids[code] for code in inputs.locked[broken]]
        raise InfeasibleError(
            f"{len(names)} locked grids are not one piece within their region and fixed borders "
            f"({three(names)}); every grid must be.",
            hint="Unlock them, or mend their units first.",
            fields=["locked"],
        )
