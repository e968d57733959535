"""The graph the solver works on: plain arrays, sub-graphs, coarser graphs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridgeo.analysis.balance.coarsen import contract, match, opposite_edges


class Net(NamedTuple):
    """A graph as the kernels take it: every edge stands twice, once in each direction.

    Parameters
    ----------
    start : ndarray of int64, shape (n + 1,)
        The neighbours of unit u stand at ``start[u]`` to ``start[u + 1]``.
    to : ndarray of int32, shape (m,)
        Heads of the edges, ascending for each unit.
    tail : ndarray of int32, shape (m,)
        Tails of the edges.
    back : ndarray of int32, shape (m,)
        Where the opposite edge stands.
    price : ndarray of float64, shape (m,)
        What it costs to have the edge between two grids.
    load : ndarray of float64, shape (n,)
    apart_start : ndarray of int64, shape (n + 1,)
    apart : ndarray of int32, shape (q,)
        Units that must not share a grid with u stand at ``apart_start[u]`` to
        ``apart_start[u + 1]``; they are no neighbours.
    """

    start: np.ndarray
    to: np.ndarray
    tail: np.ndarray
    back: np.ndarray
    price: np.ndarray
    load: np.ndarray
    apart_start: np.ndarray
    apart: np.ndarray


class Graph:
    """Units, which of them touch, and which must stay apart.

    Parameters
    ----------
    net : Net
    """

    def __init__(self, net: Net) -> None:
        self.net = net
        self.n = len(net.load)

    @classmethod
    def from_edges(
        cls, edges: np.ndarray, price: np.ndarray, load: np.ndarray, apart: np.ndarray
    ) -> Graph:
        """Make a graph of undirected edges.

        Parameters
        ----------
        edges : ndarray of int, shape (m, 2)
            Positions of neighbours, each pair once.
        price : ndarray of float64, shape (m,)
        load : ndarray of float64, shape (n,)
        apart : ndarray of int, shape (q, 2)
            Pairs that must not share a grid, each once.
        """
        n = len(load)
        start, to, order = _rows(n, np.vstack([edges, edges[:, ::-1]]))
        apart_start, apart_to, _ = _rows(n, np.vstack([apart, apart[:, ::-1]]))
        both = np.concatenate([price, price])[order]
        return cls._of(start, to, both, load, apart_start, apart_to)

    @classmethod
    def _of(
        cls,
        start: np.ndarray,
        to: np.ndarray,
        price: np.ndarray,
        load: np.ndarray,
        apart_start: np.ndarray,
        apart: np.ndarray,
    ) -> Graph:
        tail, back = opposite_edges(start, to)
        load = np.ascontiguousarray(load, np.float64)
        return cls(Net(start, to, tail, back, price, load, apart_start, apart))

    def sub(self, nodes: np.ndarray) -> Graph:
        """Give the graph induced on ascending positions ``nodes``."""
        place = np.full(self.n, -1, np.int32)
        place[nodes] = np.arange(len(nodes), dtype=np.int32)
        net = self.net
        start, to, kept = _narrow(net.start, net.to, nodes, place)
        apart_start, apart, _ = _narrow(net.apart_start, net.apart, nodes, place)
        return Graph._of(start, to, net.price[kept], net.load[nodes], apart_start, apart)

    def coarse(self, classes: np.ndarray, most: np.ndarray, seed: int) -> tuple[Graph, np.ndarray]:
        """Merge neighbours of the same class in pairs, along the dearest edges.

        Parameters
        ----------
        classes : ndarray of int32, shape (n,)
            Only units of one class merge.
        most : ndarray of float64
            By class, the greatest load of a merged pair.
        seed : int

        Returns
        -------
        graph : Graph
        parent : ndarray of int32, shape (n,)
            The coarse unit of each unit.
        """
        net = self.net
        parent, count = match(net.start, net.to, net.price, net.load, classes, most, seed)
        return self.merged(parent, count), parent

    def merged(self, parent: np.ndarray, count: int) -> Graph:
        """Merge units into their parents 0 … count−1; none may have to stay apart from its own."""
        net = self.net
        start, to, price, load = contract(net.start, net.to, net.price, net.load, parent, count)
        tails = np.repeat(np.arange(self.n), np.diff(net.apart_start))
        pairs = np.column_stack([parent[tails], parent[net.apart]])
        apart_start, apart, _ = _rows(count, np.unique(pairs, axis=0))
        return Graph._of(start, to, price, load, apart_start, apart)

    def pieces(self) -> np.ndarray:
        """Tell the connected piece of each unit, shape (n,); pieces in order of their first."""
        ones = np.ones(len(self.net.to), np.int8)
        matrix = csr_matrix((ones, self.net.to, self.net.start), shape=(self.n, self.n))
        return connected_components(matrix, directed=False)[1]

    def broken(self, labels: np.ndarray, k: int) -> np.ndarray:
        """Tell which grids are not one piece or hold two units that must stay apart.

        Parameters
        ----------
        labels : ndarray of int, shape (n,)
            0 … k−1.
        k : int

        Returns
        -------
        ndarray of bool, shape (k,)
            True also for an empty grid.
        """
        net = self.net
        inside = labels[net.tail] == labels[net.to]
        matrix = csr_matrix(
            (np.ones(inside.sum(), np.int8), (net.tail[inside], net.to[inside])),
            shape=(self.n, self.n),
        )
        component = connected_components(matrix, directed=False)[1]
        first = np.unique(component, return_index=True)[1]
        broken = np.bincount(labels[first], minlength=k) != 1
        tails = np.repeat(np.arange(self.n), np.diff(net.apart_start))
        clash = labels[tails] == labels[net.apart]
        broken[labels[tails[clash]]] = True
        return broken

    def loads(self, labels: np.ndarray, k: int) -> np.ndarray:
        """Sum the load of each grid, shape (k,)."""
        return np.bincount(labels, weights=self.net.load, minlength=k)

    def cut(self, labels: np.ndarray) -> float:
        """Sum the price of the edges between grids."""
        net = self.net
        return float(net.price[labels[net.tail] != labels[net.to]].sum() / 2)

    def borders(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the pairs of neighbouring grids, both ways: (grids, their neighbours)."""
        cut = labels[self.net.tail] != labels[self.net.to]
        tails, heads = labels[self.net.tail[cut]], labels[self.net.to[cut]]
        k = int(labels.max(initial=0)) + 1
        pairs = np.unique(tails.astype(np.int64) * k + heads)
        return pairs // k, pairs % k

    def cut_edges(self, labels: np.ndarray) -> int:
        """Count the directed edges between grids."""
        return int((labels[self.net.tail] != labels[self.net.to]).sum())


def _rows(n: int, directed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort directed edges into rows: (start, to, order of the given edges)."""
    order = np.lexsort((directed[:, 1], directed[:, 0]))
    start = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(directed[:, 0], minlength=n), out=start[1:])
    return start, directed[order, 1].astype(np.int32), order


def _narrow(
    start: np.ndarray, to: np.ndarray, nodes: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep the rows ``nodes`` and the heads inside them: (start, to, kept edges)."""
    degree = start[nodes + 1] - start[nodes]
    before = np.cumsum(degree) - degree
    edges = np.repeat(start[nodes] - before, degree) + np.arange(degree.sum())
    heads = place[to[edges]]
    inside = heads >= 0
    rows = np.repeat(np.arange(len(nodes)), degree)[inside]
    narrowed = np.zeros(len(nodes) + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=len(nodes)), out=narrowed[1:])
    return narrowed, heads[inside], edges[inside]
