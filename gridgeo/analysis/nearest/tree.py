"""Boxes over the edges of rings, packed."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.nearest.order import CELLS
from gridgeo.analysis.nearest.rings import Floats, Ints, Rings

FAN = 8  # edges in a leaf, boxes in a block: two or one loads of a vector unit each
SLACK = 1e-14  # 90 roundings: more than GEOS's formula makes, relative to the lengths in it
_TILE = 4 * FAN  # leaves that lie about in a square together


class Tree(NamedTuple):
    """Leaves and the blocks of boxes above them.

    Parameters
    ----------
    first : int32, shape (leaves,)
        First vertex of each leaf.
    edges : int8, shape (leaves,)
        How many edges it has, 1 … ``FAN``.
    ring : int32, shape (leaves,)
        The ring they belong to.
    boxes : float64, shape (blocks, 4, FAN)
        Least x, least y, greatest x, greatest y of the boxes of each block, lower blocks first;
        boxes that fill up a block are nowhere (∞ … −∞). The last block is the root.
    below : int32, shape (blocks,)
        What box k of a block holds: leaf ``below + k`` where that is ≥ 0, else block
        ``−(below − k) − 1``.
    extent : float64, shape (4,)
        Box of everything.
    window : float64, shape (4,)
        Least x and y, and cells per unit of x and y, of the window in which most leaves lie.
    height : int
        Blocks from the root to a leaf; 0 without leaves.
    """

    first: Ints
    edges: npt.NDArray[np.int8]
    ring: Ints
    boxes: Floats
    below: Ints
    extent: Floats
    window: Floats
    height: int


def build_tree(rings: Rings) -> Tree:
    """Pack the edges of rings.

    Parameters
    ----------
    rings : Rings

    Returns
    -------
    Tree
        Its size and the time it takes grow with the edges; it holds neither ``x`` nor ``y``.
    """
    first, edges, ring, box = _leaves(rings)
    if len(first) == 0:
        nowhere = np.array([np.inf, np.inf, -np.inf, -np.inf])
        none = np.empty((0, 4, FAN)), np.empty(0, np.int32)
        return Tree(first, edges, ring, *none, nowhere, np.zeros(4), 0)
    # By rank, so that one vertex far away does not press all others into one place.
    by_x, west, per_x = _ranked((box[:, 0] + box[:, 2]) / 2)
    by_y, south, per_y = _ranked((box[:, 1] + box[:, 3]) / 2)
    strips = max(1, round(np.sqrt(len(first) / _TILE)))
    strip = by_x * strips // len(first)
    order = np.lexsort((np.where(strip & 1, -by_y, by_y), strip))  # up, down, up …
    first, edges, ring, box = first[order], edges[order], ring[order], box[order]
    blocks: list[Floats] = []
    below: list[Ints] = []
    starts = [0]  # of the blocks of each level
    while not blocks or len(box) > 1:
        size = -(-len(box) // FAN)
        full = np.empty((size, FAN, 4))
        full[:, :, :2], full[:, :, 2:] = np.inf, -np.inf
        full.reshape(-1, 4)[: len(box)] = box
        child = np.arange(0, size * FAN, FAN, dtype=np.int32)
        below.append(-(starts[-2] + child) - 1 if blocks else child)
        blocks.append(np.ascontiguousarray(full.transpose(0, 2, 1)))
        starts.append(starts[-1] + size)
        box = np.concatenate([full[:, :, :2].min(axis=1), full[:, :, 2:].max(axis=1)], axis=1)
    return Tree(
        first,
        edges,
        ring,
        np.concatenate(blocks),
        np.concatenate(below).astype(np.int32),
        box[0],
        np.array([west, south, per_x, per_y]),
        len(blocks),
    )


@njit(cache=True)
def _leaves(rings: Rings) -> tuple[Ints, npt.NDArray[np.int8], Ints, Floats]:
    """Cut rings into leaves; give their first vertex, edges, ring and box, a little widened."""
    n = 0
    for r in range(len(rings.polygon)):
        n += (rings.start[r + 1] - rings.start[r] - 1 + FAN - 1) // FAN
    first, ring = np.empty(n, np.int32), np.empty(n, np.int32)
    edges = np.empty(n, np.int8)
    box = np.empty((n, 4))
    x, y = rings.x, rings.y
    leaf = 0
    for r in range(len(rings.polygon)):
        start = rings.start[r]
        whole = rings.start[r + 1] - start - 1
        pieces = (whole + FAN - 1) // FAN
        for piece in range(pieces):
            a = start + whole * piece // pieces
            b = start + whole * (piece + 1) // pieces
            x0 = x1 = x[a]
            y0 = y1 = y[a]
            longest = 0.0
            for i in range(a, b):
                longest = max(longest, abs(x[i + 1] - x[i]) + abs(y[i + 1] - y[i]))
                x0, x1 = min(x0, x[i + 1]), max(x1, x[i + 1])
                y0, y1 = min(y0, y[i + 1]), max(y1, y[i + 1])
            slack = SLACK * longest
            box[leaf, 0] = np.nextafter(x0 - slack, -np.inf)
            box[leaf, 1] = np.nextafter(y0 - slack, -np.inf)
            box[leaf, 2] = np.nextafter(x1 + slack, np.inf)
            box[leaf, 3] = np.nextafter(y1 + slack, np.inf)
            first[leaf], edges[leaf], ring[leaf] = a, b - a, r
            leaf += 1
    return first, edges, ring, box


def _ranked(values: Floats) -> tuple[npt.NDArray[np.int64], float, float]:
    """Rank values; give the start of the window along them and its cells per unit, too."""
    n = len(values)
    order = np.argsort(values, kind="stable")
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    low, high = values[order[n // 100]], values[order[-1 - n // 100]]
    return rank, low, CELLS / (high - low) if high > low else 0.0
