"""Carve connected, compact pieces out of a graph of blocks."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from gridgeo.errors import InfeasibleError

_ROUNDS = 25


def share_out(total: int, weights: ArrayLike, at_least: int = 0) -> NDArray[np.int64]:
    """Share a whole number out in proportion, largest remainders first.

    Parameters
    ----------
    total : int
        At least ``at_least * n``.
    weights : array-like, shape (n,)
        Not negative; all zero counts as all equal.
    at_least : int
        What everyone gets beforehand.

    Returns
    -------
    ndarray of int64, shape (n,)
        Sums to ``total`` exactly; ties of the remainder go to the first.

    Examples
    --------
    >>> share_out(10, [1, 1, 2]).tolist()
    [3, 2, 5]
    """
    weight = np.asarray(weights, dtype="float64")
    if weight.sum() == 0:
        weight = np.ones(len(weight))
    exact = np.maximum(weight / weight.sum() * total, at_least)
    free = exact > at_least
    while exact.sum() > total + 1e-9 and free.any():
        rest = total - exact[~free].sum()
        exact[free] = np.maximum(weight[free] / weight[free].sum() * rest, at_least)
        free &= exact > at_least
    whole = np.floor(exact).astype("int64")
    late = np.argsort(-(exact - whole), kind="stable")[: total - int(whole.sum())]
    whole[late] += 1
    return whole


def share_fitting(
    total: int, weights: ArrayLike, room: NDArray[np.int64], at_least: int = 0
) -> NDArray[np.int64]:
    """Share a whole number out as ``share_out`` does, but nobody gets more than there is room for.

    Parameters
    ----------
    total : int
        At most ``room.sum()``.
    weights : array-like, shape (n,)
    room : ndarray of int, shape (n,)
    at_least : int
        What everyone gets beforehand, where there is room for it.

    Returns
    -------
    ndarray of int64, shape (n,)
        Sums to ``total``; what somebody has no room for is shared out among the others.

    Examples
    --------
    >>> share_fitting(10, [1, 1, 2], np.array([9, 9, 3])).tolist()
    [4, 3, 3]
    """
    weight = np.asarray(weights, dtype="float64")
    share = np.minimum(share_out(total, weight, at_least), room)
    while (rest := total - int(share.sum())) > 0 and (share < room).any():
        open_weight = np.where(share < room, np.maximum(weight, 1e-9), 0.0)
        share = np.minimum(share + share_out(rest, open_weight), room)
    return share


def carve(
    graph: csr_array, xy: NDArray[np.float64], pieces: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Carve the blocks of a graph into connected pieces of about equal extent.

    Parameters
    ----------
    graph : sparse array, shape (n, n)
        Symmetric; metres between neighbouring blocks. May fall into several components.
    xy : ndarray, shape (n, 2)
        Block centres in metres.
    pieces : int
        At least the number of components, at most n.
    rng : Generator

    Returns
    -------
    ndarray of int64, shape (n,)
        Piece of each block, 0 … pieces − 1. Every piece is connected in ``graph``.

    Raises
    ------
    InfeasibleError
        Fewer pieces than components, or more than blocks.

    Notes
    -----
    Lloyd's relaxation with distances along the graph: a block joins the seed it is nearest to,
    so the whole shortest path to that seed joins it too, and a piece cannot fall apart.
    """
    count, component = connected_components(graph, directed=False)
    if pieces < count:
        raise no_room(f"{pieces} connected pieces out of {count} that the canal keeps apart")
    if pieces > len(xy):
        raise no_room(f"{pieces} pieces of one block or more out of {len(xy)} blocks")
    blocks = np.bincount(component, minlength=count)
    shares = share_fitting(pieces, blocks, blocks, at_least=1)
    label = np.empty(len(xy), dtype="int64")
    first = 0
    for one, share in enumerate(shares):
        members = np.flatnonzero(component == one)
        label[members] = first + _relax(graph[members][:, members], xy[members], share, rng)
        first += share
    return label


def no_room(wanted: str) -> InfeasibleError:
    """Make the error of a ground on which something planned finds no place."""
    return InfeasibleError(
        f"The ground of this seed has no room for {wanted}.",
        hint="Take another seed, or a town with more villages.",
        code="sample.no-room",
        fields=["seed"],
    )


def _relax(
    graph: csr_array, xy: NDArray[np.float64], pieces: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    seeds = [int(rng.integers(len(xy)))]
    while len(seeds) < pieces:
        away = dijkstra(graph, indices=seeds, min_only=True)
        seeds.append(int(rng.choice(len(xy), p=away**2 / np.sum(away**2))))
    label = np.zeros(len(xy), dtype="int64")
    for _ in range(_ROUNDS):
        _, _, source = dijkstra(graph, indices=seeds, min_only=True, return_predecessors=True)
        label = np.searchsorted(np.sort(seeds), source)
        moved = []
        for one in range(pieces):
            members = np.flatnonzero(label == one)
            off = np.linalg.norm(xy[members] - xy[members].mean(axis=0), axis=1)
            moved.append(int(members[np.argmin(off)]))
        if sorted(moved) == sorted(seeds):
            break
        seeds = moved
    return label
