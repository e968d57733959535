"""Which of many things hang together."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def groups(n: int, pair: np.ndarray) -> np.ndarray:
    """Give each of n things the number of its connected group."""
    net = coo_array((np.ones(len(pair)), (pair[:, 0], pair[:, 1])), shape=(n, n))
    return connected_components(net, directed=False)[1]
