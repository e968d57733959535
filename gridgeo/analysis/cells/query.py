"""From points to labels."""

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.reading import (
    read_line,
    read_line_exactly,
    read_record,
    read_record_exactly,
)
from gridgeo.analysis.cells.records import BLOCK, BLOCK_UNIT, RECORD, Cells
from gridgeo.analysis.cells.segments import Floats, Ints

AT_ONCE = 1024  # points taken together through each step, so that their cache misses overlap


@njit(nogil=True, cache=True)
def locate_slice(
    x: Floats,
    y: Floats,
    first: int,
    end: int,
    cells: Cells,
    position: Ints,
    mark: bool,
    on_border: npt.NDArray[np.bool_],
) -> None:
    """Locate points ``first`` … ``end − 1``.

    Parameters
    ----------
    x, y : float64, shape (n,)
    first, end : int
    cells : Cells
    position : int32, shape (n,)
        Written: position of the first covering polygon, −1 for none.
    mark : bool
        Whether to write ``on_border``.
    on_border : bool, shape (n,)
        All False; set True where the point lies on that polygon's boundary.
    """
    x0, y0, per_unit, _, top, sub, records, table = cells
    tags = table.view(np.int64)
    side = np.int32(cells.side)
    highest = cells.side - 1e-9
    u_rest = np.empty(AT_ONCE, np.float64)
    v_rest = np.empty(AT_ONCE, np.float64)
    code = np.empty(AT_ONCE, np.int32)
    # Places are unsigned: for others numba asks each time whether they count from the end.
    place = np.empty(AT_ONCE, np.uint32)
    divided = np.empty(AT_ONCE, np.uint32)  # points whose cell is divided, and its block
    block = np.empty(AT_ONCE, np.uint32)
    lined = np.empty(AT_ONCE, np.uint32)  # points whose cell a line divides, and which
    line = np.empty(AT_ONCE, np.uint32)
    recorded = np.empty(AT_ONCE, np.uint32)  # points whose cell has a record, and where
    record = np.empty(AT_ONCE, np.uint32)
    touched = np.empty(AT_ONCE, np.int64)
    for now in range(first, end, AT_ONCE):
        size = min(AT_ONCE, end - now)
        xs = x[now : now + size]
        ys = y[now : now + size]
        found = position[now : now + size]
        for i in range(size):
            u = (xs[i] - x0) * per_unit
            v = (ys[i] - y0) * per_unit
            # Written so that NaN fails the first test and lands in the empty rim.
            u = u if u > 0.0 else 0.0
            v = v if v > 0.0 else 0.0
            u = u if u < highest else highest
            v = v if v < highest else highest
            column = np.int32(u)
            row = np.int32(v)
            u_rest[i] = u - column
            v_rest[i] = v - row
            place[i] = row * side + column
        # Loops that only look up are kept apart: so many cache misses are under way at once.
        for i in range(size):
            code[i] = top[place[i]]
        n = 0
        for i in range(size):
            found[i] = code[i] - np.int32(1)
            divided[n] = i
            block[n] = -(code[i] + 1)
            n += int(code[i] < 0)
        n_lines = 0
        n_records = 0
        while n > 0:  # once, but where segments crowd
            for k in range(n):
                i = divided[k]
                depth = block[k] & 7
                m = np.float64(1 << depth)
                u = u_rest[i] * m
                v = v_rest[i] * m
                column = np.int32(u)
                row = np.int32(v)
                u_rest[i] = u - column
                v_rest[i] = v - row
                place[k] = (block[k] >> 3) * BLOCK_UNIT + ((row << depth) | column)
            for k in range(n):
                code[k] = sub[place[k]]
            blocks = n
            n = 0
            for k in range(blocks):
                i = divided[k]
                found[i] = code[k] - np.int32(1)
                told = -(code[k] + 1)
                kind = told & 3
                lined[n_lines] = i
                line[n_lines] = told
                n_lines += int((code[k] < 0) & (kind < RECORD))
                recorded[n_records] = i
                record[n_records] = told >> 2
                n_records += int((code[k] < 0) & (kind == RECORD))
                divided[n] = i
                block[n] = told >> 2
                n += int((code[k] < 0) & (kind == BLOCK))
        # Both cache lines are fetched of every segment before any is read.
        for k in range(n_lines):
            s = line[k] >> 2
            touched[k] = tags[s, 0] + tags[s, 4]
        unsure = 0
        for k in range(n_lines):
            i = lined[k]
            label = read_line(table, tags, line[k] >> 2, np.int64(line[k] & 1), xs[i], ys[i])
            found[i] = label - 1
            place[unsure] = k
            unsure += int(label < 0)
        for t in range(unsure):
            k = place[t]
            i = lined[k]
            label, border = read_line_exactly(
                table, tags, line[k] >> 2, np.int64(line[k] & 1), xs[i], ys[i]
            )
            found[i] = label - 1
            if mark:
                on_border[now + i] = border
        for k in range(n_records):
            place[k] = records[record[k] + 2] >> 2
        for k in range(n_records):
            touched[k] = tags[place[k], 0] + tags[place[k], 4]
        unsure = 0
        for k in range(n_records):
            i = recorded[k]
            label = read_record(records, table, tags, record[k], xs[i], ys[i])
            found[i] = label - 1
            place[unsure] = k
            unsure += int(label < 0)
        for t in range(unsure):
            k = place[t]
            i = recorded[k]
            label, border = read_record_exactly(records, table, tags, record[k], xs[i], ys[i])
            found[i] = label - 1
            if mark:
                on_border[now + i] = border
