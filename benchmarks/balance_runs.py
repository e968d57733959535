"""What the processes of the benchmark of balance do, one each, and how a plan is judged."""

import time
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix, vstack

from benchmarks import peers
from benchmarks.alone import resident_mb
from benchmarks.balance_cases import CASES, Case
from gridgeo.analysis.balance import UnitGraph, balance, warm_balance
from gridgeo.analysis.balance.graph import Graph


@dataclass(frozen=True)
class Problem:
    """A case whose neighbours are found, ready for every solver."""

    case: Case
    graph: UnitGraph
    load: np.ndarray
    targets: np.ndarray  # of plans without regions
    neighbours_s: float
    least_moved: float  # share of the load; nan where no plan is in force


@dataclass(frozen=True)
class Run:
    """A plan, or None where there was none, and what it took."""

    labels: np.ndarray | None
    targets: np.ndarray
    seconds: float  # of the processor
    moved: float = float("nan")  # share of the load
    base_mb: float = float("nan")  # interpreter, libraries and instance, before the solver began


def built(_tell, name):
    """Make the instance and find its neighbours."""
    case = CASES[name]()
    began = time.process_time()
    graph = UnitGraph(case.units)
    neighbours_s = time.process_time() - began
    load = case.units["load"].to_numpy(float)
    shares = np.ones(case.k) if case.targets is None else case.targets
    targets = shares / shares.sum() * load.sum()
    least = np.nan
    if case.today:
        today = case.units[case.today].to_numpy()
        least = least_moved(graph, load, today, targets, case.tolerance)
    return Problem(case, graph, load, targets, neighbours_s, least)


def ours(_tell, problem, seeds):
    """Our plans of some seeds; regions have targets of their own."""
    case, runs = problem.case, []
    warm_balance()
    base = resident_mb("VmRSS")
    number = None if case.today or case.targets is not None else case.k
    for seed in seeds:
        began = time.process_time()
        plan = balance(
            problem.graph,
            "load",
            number,
            targets=case.targets,
            tolerance=case.tolerance,
            current=case.today,
            region=case.region,
            seed=seed,
        )
        seconds = time.process_time() - began
        labels = plan.targets.index.get_indexer(plan.assignment)
        moved = plan.scores["moved_load_share"] if case.today else np.nan
        runs.append(Run(labels, plan.targets.to_numpy(), seconds, moved, base))
    return runs


def at_once(_tell, solver, problem, seeds):
    """Plans of METIS or KaHIP."""
    case, runs = problem.case, []
    base = resident_mb("VmRSS")
    more = () if case.targets is None else (case.targets,)
    draw = peers.AT_ONCE[solver]
    for seed in seeds:
        began = time.process_time()
        labels = draw(problem.graph, problem.load, case.k, case.tolerance, seed, *more)
        seconds = time.process_time() - began
        runs.append(Run(labels, problem.targets, seconds, base_mb=base))
    return runs


def searched(tell, solver, problem, seed):
    """Labels of a peer that searches on, the best told meanwhile."""
    case = problem.case
    if solver in peers.PLACED:
        inside = problem.graph.units.representative_point()
        places = np.column_stack([inside.x, inside.y])
        return peers.PLACED[solver](problem.graph, places, case.k, seed)
    search = peers.SEARCHES[solver]
    return search(tell, problem.graph, problem.load, case.k, case.tolerance, seed)


def judged(graph, load, labels, targets, tolerance):
    """(largest deviation of grids without an oversize unit, broken grids, cut)."""
    k = len(targets)
    off = np.abs(np.bincount(labels, weights=load, minlength=k) / targets - 1)
    off[labels[load > (1 + tolerance) * targets[labels]]] = 0.0
    plain = Graph.from_edges(graph.pairs, np.ones(len(graph.pairs)), load, graph.pairs[:0])
    return off.max(), plain.broken(labels, k).sum(), plain.cut(labels)


def least_moved(graph, load, labels, targets, tolerance):
    """The least share of load that must leave its grid: a flow between grids that touch."""
    k = len(targets)
    loads = np.bincount(labels, weights=load, minlength=k)
    pair = labels[graph.pairs]
    pair = np.unique(np.vstack([pair, pair[:, ::-1]])[np.tile(pair[:, 0] != pair[:, 1], 2)], axis=0)
    m = len(pair)
    flows = coo_matrix(
        (np.repeat([-1.0, 1.0], m), (pair.T.ravel(), np.tile(np.arange(m), 2))), (k, m)
    )
    high, low = (1 + tolerance) * targets - loads, loads - (1 - tolerance) * targets
    answer = linprog(
        np.ones(m), A_ub=vstack([flows, -flows]), b_ub=np.concatenate([high, low]), method="highs"
    )
    return answer.fun / load.sum()
