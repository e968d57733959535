"""Small units with one neighbour: they go where it goes, or it could never go anywhere."""

import numpy as np

from gridgeo.analysis.balance.graph import Graph

# A part keeps at least this many units for each of its grids.
FEW = 4


def follow_only_neighbour(
    graph: Graph, most: float, classes: np.ndarray, parts: np.ndarray, grids: np.ndarray
) -> tuple[np.ndarray, int]:
    """Merge small units with one neighbour into it, again and again.

    An empty courtyard block behind another one holds that fast: without the courtyard its grid
    would be in two pieces. Merged, both move at once.

    Parameters
    ----------
    graph : Graph
    most : float
        Load up to which a unit follows.
    classes : ndarray of int, shape (n,)
        Only units of one class merge.
    parts : ndarray of int, shape (n,)
        Classes never reach over parts.
    grids : ndarray of int, shape (p,)
        Grids that each part must hold; where few units for each would be left, none merges.

    Returns
    -------
    parent : ndarray of int32, shape (n,)
        The merged unit of each unit, 0 … count − 1.
    count : int
    """
    net = graph.net
    load = net.load.copy()
    degree = np.diff(net.start).copy()
    bound = np.diff(net.apart_start) > 0
    root = np.arange(graph.n)
    waiting = np.flatnonzero(degree == 1).tolist()
    for u in waiting:
        row = net.to[net.start[u] : net.start[u + 1]]
        near = row[root[row] == row]
        if degree[u] != 1 or bound[u] or load[u] > most or len(near) != 1:
            continue
        v = int(near[0])
        if classes[u] != classes[v]:
            continue
        root[u] = v
        load[v] += load[u]
        degree[v] -= 1
        if degree[v] == 1:
            waiting.append(v)
    while (root[root] != root).any():
        root = root[root]
    left = np.bincount(parts[root == np.arange(graph.n)], minlength=len(grids))
    few = left < FEW * grids
    root = np.where(few[parts], np.arange(graph.n), root)
    kept, parent = np.unique(root, return_inverse=True)
    return parent.astype(np.int32), len(kept)
