"""From segments to cells."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.arena import Arena
from gridgeo.analysis.cells.divide import DONE, UNUSABLE, Block, Sheet, divide, step
from gridgeo.analysis.cells.lattice import (
    LATTICES,
    Lattice,
    depth_of,
    lattice_of,
    reach_of,
    register,
    widening,
)
from gridgeo.analysis.cells.members import (
    Bits,
    Members,
    clear,
    lowest_label,
    no_members,
    toggle_owners,
)
from gridgeo.analysis.cells.records import BLOCK, BLOCK_UNIT, MOST_PAYLOAD, Cells, block_code
from gridgeo.analysis.cells.segments import Ints, Segments, ends_of
from gridgeo.analysis.cells.sides import AWAY, side_of
from gridgeo.analysis.cells.sweep import Desk, make_desk
from gridgeo.errors import GeometryError

# A sub cell's code for a block has three bits of depth beside the offset.
_MOST_SUB_CELLS = (MOST_PAYLOAD >> 3) * BLOCK_UNIT
_MOST_LINKS = 8.0  # per segment of a top cell
_FEW_LINKS = 64.0  # need not be saved


class Built(NamedTuple):
    """Cells with what building them has shown.

    Parameters
    ----------
    cells : Cells
    suspect : bool, shape (polygons,)
        Candidates of dirty cells: every polygon that overlaps another is among them.
    found : int64, shape (4,)
        Cells that segments touch, by what a look at them came to: ``CLEAN``, ``OVERLAP``,
        ``CROSSING``, ``CROWDED``.
    """

    cells: Cells
    suspect: npt.NDArray[np.bool_]
    found: npt.NDArray[np.int64]


def build_cells(segments: Segments, polygons: int) -> Built:
    """Build the index of segments.

    Parameters
    ----------
    segments : Segments
    polygons : int
        How many polygons there are.

    Returns
    -------
    Built
    """
    for attempt in range(LATTICES):
        lattice = lattice_of(segments.table, attempt)
        built = _fill(segments, polygons, lattice)
        if built is not None:
            return built
    raise AssertionError("the last lattice has its anchors outside everything")


def _fill(segments: Segments, polygons: int, lattice: Lattice) -> Built | None:
    """Fill the cells; None if an anchor lies exactly on a segment."""
    if len(segments.table) > MOST_PAYLOAD:
        raise _too_large(segments, polygons)
    start, ids = register(segments.table, lattice)
    top = np.zeros(lattice.side**2, np.int32)
    sub = Arena(np.int32, 32 * len(segments.table) + 1024)
    records = Arena(np.int32, 16 * len(segments.table) + 1024)
    used = np.zeros(2, np.int64)
    found = np.zeros(4, np.int64)
    members = no_members(polygons)
    suspect = np.zeros_like(members.bits)
    desk = make_desk()
    row = 0
    while True:
        row, outcome = _fill_rows(
            segments, lattice, start, ids, row, top, sub.array, records.array, used, found, suspect,
            members, desk,
        )  # fmt: skip
        if outcome == UNUSABLE:
            return None
        if used[0] > _MOST_SUB_CELLS or used[1] > MOST_PAYLOAD:
            raise _too_large(segments, polygons)
        if outcome == DONE:
            break
        sub.resize(len(sub.array) * 3 // 2)
        records.resize(len(records.array) * 3 // 2)
    sub.resize(used[0])
    records.resize(used[1])
    cells = Cells(
        lattice.x0, lattice.y0, 1.0 / lattice.width, lattice.side, top, sub.array, records.array,
        segments.table,
    )  # fmt: skip
    suspects = np.unpackbits(suspect.view(np.uint8), count=polygons, bitorder="little")
    return Built(cells, suspects.astype(np.bool_), found)


def _too_large(segments: Segments, polygons: int) -> GeometryError:
    return GeometryError(
        f"grids is too large for one index: {polygons:,} polygons with "
        f"{len(segments.table):,} distinct segments.",
        hint="Split the layer and make an index of each part.",
        code="geometry.too-large",
    )


@njit(cache=True)
def _fill_rows(
    segments: Segments,
    lattice: Lattice,
    start: Ints,
    ids: Ints,
    row: int,
    top: Ints,
    sub: Ints,
    records: Ints,
    used: npt.NDArray[np.int64],
    found: npt.NDArray[np.int64],
    suspect: Bits,
    members: Members,
    desk: Desk,
) -> tuple[int, int]:
    """Fill rows of top cells from ``row`` on, each from right to left.

    ``sub`` and what follows make a ``Sheet``, which is put together here: a tuple made in Python
    may live on for a while, and then its arrays cannot grow.

    Returns
    -------
    row : int
        The first row not filled; ``used`` and ``found`` count those before it.
    outcome : int
        ``DONE``; ``FULL``: the row does not fit, enlarge both and call again; ``UNUSABLE``.
    """
    table = segments.table
    sheet = Sheet(sub, records, used, found, suspect, members, desk)
    side, width = lattice.side, lattice.width
    eps = widening(width, lattice.ulp, 0)
    most = 1
    for c in range(side * side):
        most = max(most, start[c + 1] - start[c])
    here = np.empty(most, np.int32)  # segments of the top cell; those of its right neighbour before
    sides = np.empty(most, np.int8)
    crossed = np.empty(most, np.int32)
    crowds = [Block(0, 0, 0.0, 0.0, 0.0, here[:0], sides[:0], here[:0], 0)]
    crowds.clear()
    while row < side:
        used_before = used.copy()
        found_before = found.copy()
        clear(members)
        n = 0
        low = lattice.y0 + row * width - eps
        high = lattice.y0 + (row + 1) * width + eps
        for i in range(side - 1, -1, -1):
            c = row * side + i
            left = lattice.x0 + i * width - eps
            right = lattice.x0 + (i + 1) * width + eps
            if step(segments, here, sides, n, right, low, members, crossed, 0) < 0:
                return row, UNUSABLE
            n = 0
            reach = 0.0
            for k in range(start[c], start[c + 1]):
                ax, ay, bx, by = ends_of(table, ids[k])
                kind = side_of(ax, ay, bx, by, left, right, low, high)
                if kind != AWAY:
                    here[n] = ids[k]
                    sides[n] = kind
                    n += 1
                    reach += reach_of(ax, ay, bx, by, left, right, low, high) / width
            if n == 0:
                top[c] = lowest_label(members)
                continue
            depth = depth_of(n, reach, _MOST_LINKS * n + _FEW_LINKS, width, lattice)
            cell = Block(
                1, depth, lattice.x0 + i * width, lattice.y0 + row * width, width,
                here[:n], sides[:n], here[:0], -1,
            )  # fmt: skip
            outcome, offset = divide(segments, lattice, cell, sheet, crowds)
            while outcome == DONE and len(crowds) > 0:
                outcome = _divide_crowd(segments, lattice, crowds.pop(), sheet, crowds)
            if outcome != DONE:
                used[:] = used_before
                found[:] = found_before
                return row, outcome
            top[c] = -block_code(offset, depth) - 1
        row += 1
    return row, DONE


@njit(cache=True)
def _divide_crowd(
    segments: Segments, lattice: Lattice, block: Block, sheet: Sheet, crowds: list[Block]
) -> int:
    """Divide a sub cell of the top cell at hand, and give its outcome."""
    for s in block.crossed:
        toggle_owners(sheet.members, segments.start, segments.owner, s)
    outcome, offset = divide(segments, lattice, block, sheet, crowds)
    for s in block.crossed:
        toggle_owners(sheet.members, segments.start, segments.owner, s)
    sheet.sub[block.place] = -(block_code(offset, block.depth) << 2 | BLOCK) - 1
    return outcome
