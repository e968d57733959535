"""Remember which keys a file had so far, in 16 bytes each."""

import numpy as np
import numpy.typing as npt
import pandas as pd

# Two keyed hashes of 64 bits: among 10⁷ keys two share both with a chance of 10⁻²⁵.
_WORDS = ("gridgeo hash one", "gridgeo hash two")

Hashes = npt.NDArray[np.uint64]  # shape (n, 2)


def hashed(keys: pd.Series) -> Hashes:
    """Condense each text to 128 bits; missing ones to something, too."""
    texts = keys.to_numpy(dtype=object)
    pair = [pd.util.hash_array(texts, hash_key=word, categorize=False) for word in _WORDS]
    return np.column_stack(pair)


class Seen:
    """The keys of a file's accepted rows so far, by what ``hashed`` makes of them.

    Notes
    -----
    Sorted runs, joined when the last is no longer small beside the one before it: ten million
    keys take 160 MB, a Python set of them takes a gigabyte.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def have(self, keys: Hashes) -> npt.NDArray[np.bool_]:
        """Tell which keys were added before.

        Parameters
        ----------
        keys : ndarray of uint64, shape (n, 2)

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        found = np.zeros(len(keys), dtype=bool)
        for run in self._runs:
            first = run[:, 0]
            place = np.minimum(np.searchsorted(first, keys[:, 0]), len(run) - 1)
            likely = first[place] == keys[:, 0]
            same = likely & (run[place, 1] == keys[:, 1])
            for row in np.flatnonzero(likely & ~same):  # keys that share one half stand together
                end = np.searchsorted(first, keys[row, 0], side="right")
                same[row] = (run[place[row] : end, 1] == keys[row, 1]).any()
            found |= same
        return found

    def add(self, keys: Hashes) -> None:
        """Add keys, none of which was added before."""
        while self._runs and len(self._runs[-1]) < 2 * len(keys):
            keys = np.concatenate([self._runs.pop(), keys])
        if len(keys):
            self._runs.append(keys[np.argsort(keys[:, 0], kind="stable")])
