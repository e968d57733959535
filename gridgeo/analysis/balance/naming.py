"""Ids in messages, ids for grids that are new, and names of today for grids drawn anew."""

from collections.abc import Iterable

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching


def three(ids: Iterable[object]) -> str:
    """Show at most three ids."""
    names = [str(one) for one in ids]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def new_ids(count: int, taken: Iterable[object]) -> list[object]:
    """Name new grids ``new-1``, ``new-2`` …, leaving out names that are taken."""
    used, number = set(taken), 0
    names: list[object] = []
    while len(names) < count:
        number += 1
        if f"new-{number}" not in used:
            names.append(f"new-{number}")
    return names


def after_today(
    labels: np.ndarray, today: np.ndarray, load: np.ndarray, kinds: np.ndarray
) -> np.ndarray:
    """Name every grid after the one of today it shares most load with, all in all.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        0 … k−1.
    today : ndarray of int, shape (n,)
        0 … k−1, or −1 for units without a grid.
    load : ndarray of float64, shape (n,)
    kinds : ndarray of int, shape (k,)
        Grids take names of their kind only: of their region and target.

    Returns
    -------
    ndarray of int32, shape (n,)
        The same grids; the load that keeps its name is the greatest possible.
    """
    k = len(kinds)
    known = today >= 0
    known[known] = kinds[labels[known]] == kinds[today[known]]
    # Where nobody lives, the units decide; a name of its own that nobody wants is a last resort.
    weight = load[known] + 1e-9 * max(float(load.mean()), 1e-300)
    rows = np.concatenate([labels[known], np.arange(k)])
    columns = np.concatenate([today[known], k + np.arange(k)])
    last = np.full(k, 1e-9 * float(weight.min(initial=1.0)))
    shared = coo_matrix((np.concatenate([weight, last]), (rows, columns)), (k, 2 * k)).tocsr()
    name = min_weight_full_bipartite_matching(shared, maximize=True)[1].astype(np.int64)
    for kind in np.unique(kinds):
        mine = np.flatnonzero(kinds == kind)
        nameless = mine[name[mine] >= k]
        name[nameless] = np.setdiff1d(mine, name[mine])
    return name[labels].astype(np.int32)
