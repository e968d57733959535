"""Random numbers inside kernels: xorshift64 (Marsaglia, J. Stat. Softw. 8(14), 2003)."""

import numpy as np
from numba import njit


@njit(cache=True, inline="always")
def seeded(seed: int) -> np.uint64:
    """Make a state from any whole number; never 0, which would stay 0."""
    return np.uint64(seed) * np.uint64(2654435761) + np.uint64(88172645463325252) | np.uint64(1)


@njit(cache=True, inline="always")
def step(state: np.uint64) -> np.uint64:
    """Move the state on."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    return state


@njit(cache=True, inline="always")
def below(state: np.uint64, n: int) -> np.int64:
    """Read a whole number in [0, n)."""
    return np.int64((state >> np.uint64(11)) % np.uint64(n))


@njit(cache=True, inline="always")
def share(state: np.uint64) -> float:
    """Read a number in [0, 1)."""
    return np.float64(state >> np.uint64(11)) * (1.0 / 9007199254740992.0)
