"""From points to labels."""

import numpy as np
import numpy.typing as npt
from numba import njit

from gridgeo.analysis.cells.records import Cells, read_exact, read_fast
from gridgeo.analysis.cells.segments import Floats, Ints

BLOCK = 1024  # points taken together through each step, so that their cache misses overlap


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
    floats = cells.words.view(np.float64)
    side = np.int32(cells.side)
    highest = cells.side - 1e-9
    u_rest = np.empty(BLOCK, np.float64)
    v_rest = np.empty(BLOCK, np.float64)
    cell = np.empty(BLOCK, np.int32)
    divided = np.empty(BLOCK, np.int32)  # points whose top cell is divided, and its code
    divided_code = np.empty(BLOCK, np.int32)
    place = np.empty(BLOCK, np.int32)
    recorded = np.empty(BLOCK, np.int32)  # points whose sub cell has a record, and where
    record = np.empty(BLOCK, np.int64)
    touched = np.empty(BLOCK, np.int64)
    for block in range(first, end, BLOCK):
        size = min(BLOCK, end - block)
        for i in range(size):
            u = (x[block + i] - cells.x0) * cells.per_unit
            v = (y[block + i] - cells.y0) * cells.per_unit
            # Written so that NaN fails the first test and lands in the empty rim.
            u = u if u > 0.0 else 0.0
            v = v if v > 0.0 else 0.0
            u = u if u < highest else highest
            v = v if v < highest else highest
            column = np.int32(u)
            row = np.int32(v)
            u_rest[i] = u - column
            v_rest[i] = v - row
            cell[i] = row * side + column
        n = 0
        for i in range(size):
            code = cells.top[cell[i]]
            position[block + i] = code - np.int32(1)
            divided[n] = i
            divided_code[n] = code
            n += int(code < 0)
        for k in range(n):
            code = -(divided_code[k] + 1)
            depth = code & 7
            m = np.float64(1 << depth)
            i = divided[k]
            place[k] = (code >> 3) + ((np.int32(v_rest[i] * m) << depth) | np.int32(u_rest[i] * m))
        n_records = 0
        for k in range(n):
            code = cells.sub[place[k]]
            position[block + divided[k]] = code - np.int32(1)
            recorded[n_records] = divided[k]
            record[n_records] = -(np.int64(code) + 1)
            n_records += int(code < 0)
        for k in range(n_records):  # fetch both cache lines of the records before any is read
            touched[k] = cells.words[record[k]] + cells.words[record[k] + 5]
        unsure = 0
        for k in range(n_records):
            p = block + recorded[k]
            label = read_fast(cells.words, floats, record[k], x[p], y[p])
            position[p] = label - np.int32(1)
            place[unsure] = k
            unsure += int(label < 0)
        for t in range(unsure):
            k = place[t]
            p = block + recorded[k]
            label, border = read_exact(cells.words, floats, record[k], x[p], y[p])
            position[p] = label - np.int32(1)
            if mark:
                on_border[p] = border
