from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit

from gridgeo.analysis.orientation import _sign_by_digits
from gridgeo.analysis.orientation import orient as orient_kernel

TINY = 5e-324


@njit
def orient(ax, ay, bx, by, cx, cy):
    return orient_kernel(ax, ay, bx, by, cx, cy)


def rational_orient(*coordinates):
    ax, ay, bx, by, cx, cy = (Fraction(v) for v in coordinates)
    det = (ax - cx) * (by - cy) - (ay - cy) * (bx - cx)
    return (det > 0) - (det < 0)


anywhere = st.floats(-1e300, 1e300, allow_nan=False)
city = st.floats(3.5e6, 3.6e6) | st.integers(3_500_000, 3_500_010).map(float)
near_zero = st.sampled_from([0.0, TINY, -TINY, 1e-320, 1e-300, 1e-160, 1.0, -1.0])


@given(st.tuples(*[city] * 6) | st.tuples(*[near_zero] * 6) | st.tuples(*[st.floats(-9, 9)] * 6))
@example((0.0, 0.0, 0.0, 1.0, -TINY, 0.5))  # the neighbour of an edge at 0
@example((1e-300, 1.1e-300, 1.0, 1.1, 0.0, 0.0))
@example((-1e300, -1e300, 1e300, 1e300, 1e300, 0.0))
@example((0.1, 0.1, 0.3, 0.3, 0.2, 0.2))
@example((1.0, 1.0, 0.0, TINY, -TINY, 0.0))  # the products of small differences decide
@example((-TINY, 0.0, 0.0, -TINY, 1.0, -1.0))
def test_sides_are_those_of_rational_arithmetic(coordinates):
    assert orient(*coordinates) == rational_orient(*coordinates)


def test_whole_numbers_tell_sides_as_rational_arithmetic_does_whatever_the_sizes():
    rng = np.random.default_rng(1)
    exponents = rng.integers(-1074, 990, (2000, 6)) * rng.choice([0, 1], (2000, 6))
    for row in rng.choice([-1.0, 0.0, 0.75, 1.0], (2000, 6)) * 2.0**exponents:
        assert _sign_by_digits(*row) == rational_orient(*row)


@given(st.tuples(*[anywhere] * 6))
def test_sides_do_not_depend_on_where_the_line_begins(coordinates):
    ax, ay, bx, by, cx, cy = coordinates
    assert orient(ax, ay, bx, by, cx, cy) == -orient(bx, by, ax, ay, cx, cy)


@pytest.mark.parametrize("origin", [0.5, 3.5e6, 1e15, -1e-9])
def test_neighbours_of_a_point_on_a_line_are_told_apart(origin):
    # Kettner et al. 2008: a lattice of neighbouring doubles around a diagonal.
    step = np.spacing(origin)
    for i in range(-8, 9):
        for j in range(-8, 9):
            here = (origin + i * step, origin + j * step)
            line = (12.0, 12.0, 24.0, 24.0)
            assert orient(*line, *here) == rational_orient(*line, *here)
