"""Where the top cells lie, and which segments come near each."""

from typing import NamedTuple

import numpy as np
from numba import njit

from gridgeo.analysis.cells.segments import Floats, Ints, ends_of
from gridgeo.analysis.cells.sides import x_range

LATTICES = 12  # to be tried in turn
_SUB_CELLS_PER_SEGMENT = 5.0  # 8 is a little faster, 4 smaller
LEVELS = 7  # a top cell is divided into blocks within blocks, so deep at most
_DEEPEST = 6  # a block has at most 2^6 cells a side; the code has room for 7
_SEGMENTS_PER_TOP_CELL = 1.5
_MOST_TOP_CELLS = 2048  # a side
_MOST_TOP_CELLS_PER_SEGMENT = 4.0  # as many does a segment meet on average, at most
_NARROWEST = 1e-300


class Lattice(NamedTuple):
    """Where the top cells lie, and how finely they may be divided.

    Parameters
    ----------
    x0, y0 : float
        Lower left corner.
    width : float
        Of a top cell.
    side : int
        Top cells along a side.
    ulp : float
        Distance of the largest coordinate to its neighbour: the coarseness of the layer.
    deepest : int
        How often a cell may be halved at once.
    """

    x0: float
    y0: float
    width: float
    side: int
    ulp: float
    deepest: int


def lattice_of(table: Floats, attempt: int) -> Lattice:
    """Place the top cells over segments.

    Parameters
    ----------
    table : float64, shape (s, 5)
        As in ``Segments``.
    attempt : int
        0 … ``LATTICES`` − 1: each is shifted against the others, and coarser; the last has all
        segments in one cell and its anchors outside, so it always serves.

    Returns
    -------
    Lattice
    """
    if len(table) == 0:
        return Lattice(0.0, 0.0, 1.0, 4, 1e-16, 0)
    low = np.minimum(table[:, :2].min(axis=0), table[:, 2:4].min(axis=0))
    high = np.maximum(table[:, :2].max(axis=0), table[:, 2:4].max(axis=0))
    extent = float((high - low).max())
    ulp = float(np.spacing(max(np.abs(low).max(), np.abs(high).max())))
    if attempt == LATTICES - 1:
        width = max(1.5 * extent, 4096 * ulp, _NARROWEST)
        return Lattice(float(low[0]) - 1.25 * width, float(low[1]) - 1.25 * width, width, 4, ulp, 0)
    across = np.sqrt(len(table) / _SEGMENTS_PER_TOP_CELL)
    # Long segments, the teeth of a comb or the rays of a star, meet more cells the finer they are.
    length = mean_length(table) / max(extent, _NARROWEST)
    across = min(across, (_MOST_TOP_CELLS_PER_SEGMENT - 1) / max(length, _NARROWEST))
    n = int(np.clip(2 ** np.round(np.log2(across)), 16, _MOST_TOP_CELLS)) >> (attempt // 3)
    shift = attempt * 0.0137
    width = max(extent * (1 + 1e-9 + shift / n) / n, 512 * ulp, _NARROWEST)
    return Lattice(
        x0=float(low[0]) - width * (1.5 - 0.61803 * shift),
        y0=float(low[1]) - width * (1.5 - 0.41421 * shift),
        width=width,
        side=n + 3,  # one and a half empty cells on every side
        ulp=ulp,
        deepest=_DEEPEST,
    )


@njit(cache=True)
def mean_length(table: Floats) -> float:
    """Mean of the widths and heights of segments, added up."""
    total = 0.0
    for s in range(len(table)):
        ax, ay, bx, by = ends_of(table, s)
        total += (abs(bx - ax) + (by - ay)) / len(table)
    return total


@njit(inline="always")
def widening(width: float, ulp: float, level: int) -> float:
    """By how much a cell is taken wider: more than the rounding of finding a point's cell.

    That rounding is under 16 ulp. Top cells are of level 0; the cells of a block are widened by
    less than the cell they divide, so that their anchors lie within it.
    """
    return max(1e-6 * width, (64 - 4 * level) * ulp)


@njit(cache=True)
def depth_of(n: int, reach: float, most_links: float, width: float, lattice: Lattice) -> int:
    """How often a cell is halved.

    Parameters
    ----------
    n : int
        Segments of the cell.
    reach : float
        Their widths and heights within the cell, added up, in widths of the cell: cut into m x m,
        its cells have about n + m · reach segments in all.
    most_links : float
        How many they may have at most.
    width : float
        Of the cell. Its parts stay wide against rounding.
    lattice : Lattice
    """
    depth = 0
    while (
        depth < lattice.deepest
        and (1 << 2 * depth) < _SUB_CELLS_PER_SEGMENT * n
        and n + (2 << depth) * reach <= most_links
        and width / (2 << depth) > 256 * lattice.ulp
    ):
        depth += 1
    return depth


@njit(inline="always")
def reach_of(
    ax: float, ay: float, bx: float, by: float, left: float, right: float, low: float, high: float
) -> float:
    """Width and height of the part of a segment's box that lies in a cell, added up."""
    across = min(max(ax, bx), right) - max(min(ax, bx), left)
    return max(across, 0.0) + max(min(by, high) - max(ay, low), 0.0)


@njit(cache=True)
def register(table: Floats, lattice: Lattice) -> tuple[Ints, Ints]:
    """List the segments near each top cell, some too many: ``ids[start[c]:start[c + 1]]``."""
    x0, y0, width, side = lattice.x0, lattice.y0, lattice.width, lattice.side
    inv = 1.0 / width
    eps = widening(width, lattice.ulp, 0)
    start = np.zeros(side * side + 1, np.int32)
    ids = np.empty(0, np.int32)
    for filling in range(2):  # first count, then fill; start[c] runs ahead and is set back
        for s in range(len(table)):
            ax, ay, bx, by = ends_of(table, s)
            for j in range(int((ay - 2 * eps - y0) * inv), int((by + 2 * eps - y0) * inv) + 1):
                bottom = y0 + j * width - eps
                xa, xb = x_range(ax, ay, bx, by, bottom, bottom + width + 2 * eps)
                for i in range(int((xa - 2 * eps - x0) * inv), int((xb + 2 * eps - x0) * inv) + 1):
                    c = j * side + i
                    if filling == 1:
                        ids[start[c]] = s
                    start[c] += 1
        if filling == 0:
            total = 0
            for c in range(side * side):
                count = start[c]
                start[c] = total
                total += count
            start[side * side] = total
            ids = np.empty(total, np.int32)
    for c in range(side * side, 0, -1):
        start[c] = start[c - 1]
    start[0] = 0
    return start, ids
