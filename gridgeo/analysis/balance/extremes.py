"""Greatest and least by group, without a word from the processor's float flags.

``ufunc.at`` of NumPy reads flags that compiled code before it may have left standing, and warns
of an invalid value where there is none; assigning in ascending order does without.
"""

import numpy as np


def raise_to(values: np.ndarray, where: np.ndarray, least: np.ndarray) -> None:
    """Raise ``values[where]`` to at least ``least``, in place; ``where`` may repeat.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    where : ndarray of int, shape (m,)
    least : ndarray of float64, shape (m,)
    """
    ascending = np.argsort(least, kind="stable")
    where, least = where[ascending], least[ascending]
    # Of several values for one place the last assigned stays: the greatest.
    values[where] = np.maximum(values[where], least)
