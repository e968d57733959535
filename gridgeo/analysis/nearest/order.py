"""An order of points in which neighbours follow each other."""

from numba import njit

from gridgeo.analysis.nearest.rings import Floats, Ints

CELLS = 2048  # along a side of the window; a power of two
_BITS = 11


@njit(cache=True, nogil=True)
def put_in_order(
    x: Floats, y: Floats, window: Floats, order: Ints, spare: Ints, key: Ints, begin: Ints
) -> None:
    """Sort points by their cell's place along Morton's curve (a Z within a Z within a Z …).

    Parameters
    ----------
    x, y : float64, shape (n,)
        Finite; a point beside the window counts as in its nearest cell.
    window : float64, shape (4,)
        Least x and y, and cells per unit of x and y.
    order : int32, shape (≥ n,)
        Written: the points in order.
    spare, key : int32, shape (≥ n,)
        Room to work.
    begin : int32, shape (CELLS + 1,)
        Room to work.
    """
    last = CELLS - 1.0
    for k in range(len(x)):
        u = min(max((x[k] - window[0]) * window[2], 0.0), last)
        v = min(max((y[k] - window[1]) * window[3], 0.0), last)
        key[k] = _spread(int(u)) | (_spread(int(v)) << 1)
        spare[k] = k
    _sort_by_digit(spare, order, key, 0, len(x), begin)
    _sort_by_digit(order, spare, key, _BITS, len(x), begin)
    order[: len(x)] = spare[: len(x)]


@njit(inline="always")
def _spread(number: int) -> int:
    """Put a zero before each binary digit of a number below 2¹⁶."""
    number = (number | (number << 8)) & 0x00FF00FF
    number = (number | (number << 4)) & 0x0F0F0F0F
    number = (number | (number << 2)) & 0x33333333
    return (number | (number << 1)) & 0x55555555


@njit(cache=True, nogil=True)
def _sort_by_digit(given: Ints, sorted_: Ints, key: Ints, shift: int, n: int, begin: Ints) -> None:
    """Sort by ``_BITS`` bits of the key, keeping the order of equal ones."""
    begin[:] = 0
    for t in range(n):
        begin[((key[given[t]] >> shift) & (CELLS - 1)) + 1] += 1
    for c in range(CELLS):
        begin[c + 1] += begin[c]
    for t in range(n):
        c = (key[given[t]] >> shift) & (CELLS - 1)
        sorted_[begin[c]] = given[t]
        begin[c] += 1
