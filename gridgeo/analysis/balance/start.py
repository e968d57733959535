"""Start plans: contiguous, nobody empty, roughly balanced."""

import numpy as np
import pymetis

from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.strays import join_strays

# METIS wants a few units with load for each grid; with fewer, grids are halved one by one.
CROWDED = 4


def start_plan(graph: Graph, targets: np.ndarray, seed: int) -> np.ndarray:
    """Draft a plan of a connected graph.

    Parameters
    ----------
    graph : Graph
        Connected, without pairs that stay apart, at least as many units as targets.
    targets : ndarray of float64, shape (k,)
    seed : int

    Returns
    -------
    ndarray of int32, shape (n,)
        Labels 0 … k−1; every grid one piece and nonempty.
    """
    k = len(targets)
    if k == graph.n:
        order = np.argsort(np.argsort(-graph.net.load, kind="stable"), kind="stable")
        return np.argsort(-targets, kind="stable")[order].astype(np.int32)
    crowded = CROWDED * k > np.count_nonzero(graph.net.load)
    labels = np.zeros(graph.n, np.int32) if crowded else _metis(graph, targets, seed)
    fill(graph, labels, targets, seed)
    return labels


def fill(graph: Graph, labels: np.ndarray, targets: np.ndarray, seed: int) -> None:
    """Give strays a grid and every empty grid units, in place.

    Parameters
    ----------
    graph : Graph
        Connected.
    labels : ndarray of int32, shape (n,)
        0 … k−1, or k for units without a grid; not all of them k.
    targets : ndarray of float64, shape (k,)
    seed : int
    """
    k, net = len(targets), graph.net
    join_strays(net.start, net.to, net.price, net.load, labels, k)
    for grid in np.flatnonzero(np.bincount(labels, minlength=k) == 0):
        units = np.bincount(labels, minlength=k)
        fullness = np.where(units >= 2, graph.loads(labels, k) / targets, -1.0)
        nodes = np.flatnonzero(labels == np.argmax(fullness))
        labels[nodes[_half(graph.sub(nodes), seed)]] = grid


def _half(graph: Graph, seed: int) -> np.ndarray:
    """Cut a connected graph of two units or more into two connected parts; bool (n,)."""
    net = graph.net
    halves = _metis(graph, np.ones(2), seed)
    join_strays(net.start, net.to, net.price, net.load, halves, 2)
    if halves.min() == halves.max():
        # A farthest unit of a breadth-first search never holds the others together.
        halves[:] = 0
        halves[_farthest(graph)] = 1
    return halves == 1


def _farthest(graph: Graph) -> int:
    """Give the last unit a breadth-first search from unit 0 reaches."""
    net, seen, queue = graph.net, {0}, [0]
    for u in queue:
        for v in net.to[net.start[u] : net.start[u + 1]].tolist():
            if v not in seen:
                seen.add(v)
                queue.append(v)
    return queue[-1]


def _metis(graph: Graph, targets: np.ndarray, seed: int) -> np.ndarray:
    """Partition by METIS's recursive bisection: balanced, neither contiguous nor nonempty."""
    k, net = len(targets), graph.net
    if k == 1 or len(net.to) == 0:
        return np.zeros(graph.n, np.int32)
    # METIS counts in 32 bits. A unit above its share counts as that share, and each counts a
    # little: otherwise a part may hold more grids than units.
    load = net.load / max(net.load.sum(), 1e-300)
    load = np.minimum(load, 1.2 * targets.max() / targets.sum()) + 0.02 / graph.n
    weights = np.round(load * 2.0**24).astype(int)
    shares = None if np.allclose(targets, targets[0]) else (targets / targets.sum()).tolist()
    _, labels = pymetis.part_graph(
        k,
        pymetis.CSRAdjacency(net.start.tolist(), net.to.tolist()),
        vweights=weights.tolist(),
        tpwgts=shares,
        options=pymetis.Options(seed=seed % 2**31),
        recursive=True,
    )
    return np.asarray(labels, np.int32)
