"""On which side of a line a point lies, exactly, whatever the rounding.

Floating point decides when its error bound allows; otherwise the determinant is expanded into
terms whose sum is exact. Differences are scaled by powers of two before, so that products
neither overflow nor underflow: the neighbour of 0.0 is 5e-324. Where no scale does for all of
them, as for 5e-324 beside 1.0, whole numbers of many digits decide.

Source: Shewchuk, "Adaptive precision floating-point arithmetic and fast robust geometric
predicates", Discrete & Computational Geometry 18, 1997 (error bound A, two-sum,
grow-expansion); Dekker, "A floating-point technique for extending the available precision",
Numerische Mathematik 18, 1971 (two-product).
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

# (3 + 16u) u with u = 2^-53: beyond this share of |left| + |right| the sign cannot be wrong.
ERROR_SHARE = 3.3306690738754716e-16
# Products this small have lost bits to underflow, which the share does not count.
ERROR_FLOOR = 2e-323
_SPLITTER = 134217729.0  # 2^27 + 1
_LEAST_PRODUCT = 2.0**-900  # the error of a smaller one might underflow
_BITS = 24  # of a digit: sums of 180 products of two fit into 64 bits
_DIGITS = 90  # hold any difference of two coordinates in units of the least float, 2^-1074


@njit(inline="always")
def orient(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    """Tell on which side of the line from a to b the point c lies.

    Parameters
    ----------
    ax, ay, bx, by, cx, cy : float
        Coordinates, finite and at most 1e300 in size.

    Returns
    -------
    int
        1 left of it, −1 right of it, 0 exactly on it (or a = b).
    """
    left = (ax - cx) * (by - cy)
    right = (ay - cy) * (bx - cx)
    det = left - right
    # |left + right| is the bound's |left| + |right| when the signs agree; when they differ
    # it is smaller than |det|, and then the sign is certain.
    # Infinities and NaN of an overflow fail the test.
    if abs(det) > abs(left + right) * ERROR_SHARE + ERROR_FLOOR:
        return 1 if det > 0 else -1
    return _orient_exact(ax, ay, bx, by, cx, cy)


@njit(inline="always")
def _two_sum(a: float, b: float) -> tuple[float, float]:
    """Sum and its rounding error, together exact."""
    total = a + b
    b_seen = total - a
    return total, (a - (total - b_seen)) + (b - b_seen)


@njit(inline="always")
def _two_product(a: float, b: float) -> tuple[float, float]:
    """Product and its rounding error, together exact."""
    product = a * b
    c = _SPLITTER * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = _SPLITTER * b
    b_high = c - (c - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@njit(inline="always")
def _scale(size: float) -> float:
    """Give the power of two that brings ``size`` to about 2^500, or as near as one can."""
    return math.ldexp(1.0, min(500 - math.frexp(size)[1], 1000))


@njit(cache=True)
def _orient_exact(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    p, p_tail = _two_sum(ax, -cx)
    q, q_tail = _two_sum(by, -cy)
    r, r_tail = _two_sum(ay, -cy)
    s, s_tail = _two_sum(bx, -cx)
    # The larger difference of x, and of y, comes to about 2^500: of the two products then one
    # can underflow only where the other decides.
    scale = _scale(max(abs(p), abs(s)))
    p, p_tail, s, s_tail = p * scale, p_tail * scale, s * scale, s_tail * scale
    scale = _scale(max(abs(q), abs(r)))
    q, q_tail, r, r_tail = q * scale, q_tail * scale, r * scale, r_tail * scale
    if p_tail != 0.0 or q_tail != 0.0 or r_tail != 0.0 or s_tail != 0.0:
        if _least(p, p_tail, s, s_tail) * _least(q, q_tail, r, r_tail) < _LEAST_PRODUCT:
            return _sign_by_digits(ax, ay, bx, by, cx, cy)
        return _sign_of_expansion(p, p_tail, q, q_tail, r, r_tail, s, s_tail)
    # The usual case: the differences are exact, two exact products are left to compare.
    left, left_tail = _two_product(p, q)
    right, right_tail = _two_product(r, s)
    if left != right:
        return 1 if left > right else -1
    if left_tail != right_tail:
        return 1 if left_tail > right_tail else -1
    return 0


@njit(cache=True)
def _sign_of_expansion(
    p: float,
    p_tail: float,
    q: float,
    q_tail: float,
    r: float,
    r_tail: float,
    s: float,
    s_tail: float,
) -> int:
    """Sign of (p + p_tail)(q + q_tail) − (r + r_tail)(s + s_tail), from 16 exact terms."""
    term = np.zeros(17)
    n = 0
    for k in range(8):
        if k < 4:
            u = p if k < 2 else p_tail
            v = q if k % 2 == 0 else q_tail
        else:
            u = -r if k < 6 else -r_tail
            v = s if k % 2 == 0 else s_tail
        high, low = _two_product(u, v)
        for half in range(2):
            carry = low if half == 0 else high
            for i in range(n):
                carry, term[i] = _two_sum(carry, term[i])
            term[n] = carry
            n += 1
    # Terms do not overlap and grow in size: the largest that is not zero has the sign.
    for i in range(n - 1, -1, -1):
        if term[i] > 0.0:
            return 1
        if term[i] < 0.0:
            return -1
    return 0


@njit(cache=True)
def _least(a: float, b: float, c: float, d: float) -> float:
    """Give the least size of those that are not 0."""
    least = math.inf
    for value in (a, b, c, d):
        if value != 0.0:
            least = min(least, abs(value))
    return least


@njit(cache=True)
def _sign_by_digits(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    """Sign of (ax − cx)(by − cy) − (ay − cy)(bx − cx) in whole numbers.

    For floats so large beside others so small that their products have no common range.
    """
    p, q = _difference(ax, cx), _difference(by, cy)
    r, s = _difference(ay, cy), _difference(bx, cx)
    total = np.zeros(2 * _DIGITS + 1, np.int64)
    for i in range(_DIGITS):
        for j in range(_DIGITS):
            total[i + j] += p[i] * q[j] - r[i] * s[j]
    _carry(total)
    top = total[-1]
    if top < 0:
        return -1
    return 1 if total.any() else 0


@njit(cache=True)
def _difference(a: float, b: float) -> npt.NDArray[np.int64]:
    """Digits of a − b, lowest first; the highest has the sign."""
    digits = np.zeros(_DIGITS, np.int64)
    for value in (a, -b):
        part, exponent = math.frexp(value)
        whole = np.int64(part * 2.0**53)
        shift = exponent - 53 + 1074
        if shift < 0:  # it has fewer bits, and these are 0
            whole >>= -shift
            shift = 0
        at, rest = shift // _BITS, shift % _BITS
        sign = 1 if whole >= 0 else -1
        whole = abs(whole)
        for k in range(3):
            digit = (whole >> (k * _BITS)) & ((1 << _BITS) - 1)
            digits[at + k] += sign * (digit << rest)
    _carry(digits)
    return digits


@njit(cache=True)
def _carry(digits: npt.NDArray[np.int64]) -> None:
    """Bring all digits but the highest into 0 … 2^24 − 1."""
    for i in range(len(digits) - 1):
        digits[i + 1] += digits[i] >> _BITS
        digits[i] &= (1 << _BITS) - 1
