"""What need not be looked at: groups and candidates that others make up for."""

import numpy as np
from scipy.sparse import csr_array

from gridgeo.analysis.near_pairs import Ints

_MOST = 30_000_000  # pairs of groups to compare: some seconds


def useful_candidates(rows: csr_array) -> Ints:
    """Give the candidates that reach a group no single other one makes up for.

    Parameters
    ----------
    rows : csr_array of 0 and 1, shape (g, m)

    Returns
    -------
    int64
        Ascending. Of candidates that reach the same groups the first is kept.
    """
    return _largest(rows.T.tocsr())


def decisive_groups(rows: csr_array) -> Ints:
    """Give the groups that must be looked at, so that everybody is reached.

    Who can be reached from A, B and C is reached whenever somebody is who can be reached from A
    and B only.

    Parameters
    ----------
    rows : csr_array of 0 and 1, shape (g, m)

    Returns
    -------
    int64
        Ascending. All of them where comparing would take longer than it spares.
    """
    reach = np.asarray(rows.sum(axis=0))
    if (reach**2).sum() > _MOST:
        return np.arange(rows.shape[0])
    return _smallest(rows)


def _largest(sets: csr_array) -> Ints:
    """Give the rows that are in no other row."""
    size = np.asarray(sets.sum(axis=1))
    both = (sets @ sets.T).tocoo()
    (inner, outer), shared = both.coords, both.data
    within = (shared == size[inner]) & ((size[inner] < size[outer]) | (outer < inner))
    lost = inner[within & (inner != outer)]
    return np.setdiff1d(np.flatnonzero(size), lost)


def _smallest(sets: csr_array) -> Ints:
    """Give the rows that hold no other row."""
    size = np.asarray(sets.sum(axis=1))
    both = (sets @ sets.T).tocoo()
    (outer, inner), shared = both.coords, both.data
    holds = (shared == size[inner]) & ((size[inner] < size[outer]) | (inner < outer))
    lost = outer[holds & (inner != outer)]
    return np.setdiff1d(np.arange(len(size)), lost)
