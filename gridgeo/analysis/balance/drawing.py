"""From checked inputs to borders: the grids are laid out, then drawn, exactly or by search."""

from __future__ import annotations

import numpy as np

from gridgeo.analysis.balance.apart import meetings, part_apart
from gridgeo.analysis.balance.exact import EXACT_UNITS
from gridgeo.analysis.balance.forced import known_causes
from gridgeo.analysis.balance.free import free_part
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.inputs import Inputs
from gridgeo.analysis.balance.layout import Solved, lay_out
from gridgeo.analysis.balance.naming import after_today, three
from gridgeo.analysis.balance.search import begin, search
from gridgeo.analysis.balance.task import draw_seed
from gridgeo.analysis.balance.watch import Watch
from gridgeo.errors import InfeasibleError


def draw(
    graph: Graph, inputs: Inputs, tolerance: float, stability: float, seed: int, watch: Watch
) -> Solved:
    """Settle the grids, and draw them.

    Parameters
    ----------
    graph : Graph
        In canonical order, without the borders that no grid may cross; its loads are not read.
    inputs : Inputs
    tolerance, stability : float
        As in ``balance``.
    seed : int
    watch : Watch

    Raises
    ------
    InfeasibleError
        k does not fit the pieces, or a locked grid is not one piece.
    """
    rng = np.random.default_rng(seed)
    _check_locked(graph, inputs)
    free = np.flatnonzero(~np.isin(inputs.today, inputs.locked))
    pieces = np.full(inputs.n, -1, np.int64)
    pieces[free] = graph.sub(free).pieces()
    first_seed = draw_seed(rng)
    found: np.ndarray | None = None
    for parts in _starting_parts(graph.sub(free), inputs, pieces, free):
        layout = lay_out(inputs, parts, tolerance)
        loaded = Graph(graph.net._replace(load=layout.weights))
        problem = free_part(loaded, inputs, layout, parts, free)
        today, kinds = problem.today, problem.kinds
        if stability == 0:
            problem = problem.without_today()
        if len(free) <= EXACT_UNITS:
            found = problem.best(tolerance)
        else:
            draft = begin(problem, first_seed)
            if draft.whole:
                found = search(draft, pieces[free], tolerance, stability, rng, watch)
        if found is not None:
            break
    if found is None:
        raise InfeasibleError(
            f"k = {inputs.k} has no plan: no {inputs.k} grids keep off each other round the ends "
            "of the fixed borders.",
            hint="Choose another k, or fewer fixed borders.",
            fields=["k", "fixed_borders"],
        )
    if stability == 0 and inputs.has_current and len(free):
        found = after_today(found, today, problem.graph.net.load, kinds)
    labels = layout.labels.copy()
    labels[free] = problem.grids[found]
    dealt = inputs.relative is not None
    known = known_causes(loaded, labels, pieces, layout.goals, 0.0, dealt=dealt)
    return Solved(labels, layout, loaded, pieces, known)


def _starting_parts(
    graph: Graph, inputs: Inputs, pieces: np.ndarray, free: np.ndarray
) -> list[np.ndarray]:
    """Parts to begin from: the pieces; with a fixed border inside one, pieces cut along it.

    Today's grids may already keep off each other round the end of a line, so with a plan in
    force the uncut pieces are tried first; so they are where every plan can be looked at.
    """
    if len(meetings(graph, pieces[free])) == 0:
        return [pieces]
    cut = pieces.copy()
    cut[free] = part_apart(graph, pieces[free])
    return [pieces, cut] if inputs.has_current or graph.n <= EXACT_UNITS else [cut]


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
