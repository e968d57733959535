"""The least largest deviation of any plan, found another way than the solver's.

All connected sets of units near enough to a target are listed, and HiGHS chooses those that cover
every unit once (set partitioning): contiguity is exact, and the optimum is proven.
"""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_matrix

# The band is widened until a plan exists: then none outside it can be better.
BANDS = (0.01, 0.015, 0.02, 0.03, 0.04, 0.055, 0.075, 0.1, 0.14, 0.2, 0.3, 0.45, 0.7, 1.0, 2.0)


def least_deviation(pairs, load, k):
    """Prove the least max |load ÷ target − 1| over contiguous plans of ``k`` nonempty grids.

    Parameters
    ----------
    pairs : array of int, shape (m, 2)
        Neighbours.
    load : array of float, shape (n,)
        ≥ 0, not all 0; targets are equal.
    k : int

    Returns
    -------
    float
        inf where every plan has a grid above three times its target.
    """
    target = load.sum() / k
    for band in BANDS:
        sets = connected_sets(pairs, load, (1 + band) * target + 1e-9)
        sets = [(units, held) for units, held in sets if held >= (1 - band) * target - 1e-9]
        if sets and (best := _chosen(sets, len(load), k, target)) is not None:
            return best
    return np.inf


def connected_sets(pairs, load, most):
    """All connected sets of units that hold at most ``most``: (bits, load) of each, once."""
    beside = [0] * len(load)
    for a, b in np.asarray(pairs).tolist():
        beside[a] |= 1 << b
        beside[b] |= 1 << a
    found = []
    for root in range(len(load)):
        if load[root] > most:
            continue
        # Units below the root belong to sets counted before; tried ones to other branches.
        stack = [(1 << root, float(load[root]), (1 << root) - 1)]
        while stack:
            units, held, barred = stack.pop()
            found.append((units, held))
            edge = 0
            for u in _members(units):
                edge |= beside[u]
            barred |= units
            for u in _members(edge & ~barred):
                if held + load[u] <= most:
                    stack.append((units | 1 << u, held + float(load[u]), barred))
                barred |= 1 << u
    return found


def _members(bits):
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def _chosen(sets, n, k, target):
    """The least band in which ``k`` of the sets cover each unit once; None when none do."""
    off = np.abs(np.array([held for _, held in sets]) / target - 1)
    covers = np.array([[units >> u & 1 for units, _ in sets] for u in range(n)] + [[1] * len(sets)])
    bands = np.unique(off.round(12))
    if not _exists(covers, k):
        return None
    low, high = 0, len(bands) - 1  # a plan exists within bands[high]
    while low < high:
        middle = (low + high) // 2
        if _exists(covers[:, off <= bands[middle] + 1e-12], k):
            high = middle
        else:
            low = middle + 1
    return float(bands[high])


def _exists(covers, k):
    demand = np.append(np.ones(len(covers) - 1), k)
    answer = milp(
        np.zeros(covers.shape[1]),
        integrality=np.ones(covers.shape[1]),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(csc_matrix(covers), demand, demand),
    )
    assert answer.status in (0, 2), answer.message
    return answer.status == 0
