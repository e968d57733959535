"""How many people a household stands for: it is known by a size band at most."""

import numpy as np
import pandas as pd

# Persons a family household on average; Seventh National Population Census of China (2020),
# National Bureau of Statistics, Bulletin no. 2.
PERSONS_PER_HOUSEHOLD = 2.62

# Middle of each band of ``frames.SIZE_BANDS``; of the open one, our choice.
_PERSONS = {"1": 1.0, "2": 2.0, "3-4": 3.5, "5+": 5.5}


def lived_in(households: pd.DataFrame | pd.Series) -> np.ndarray:
    """Tell in which dwellings somebody lives.

    Parameters
    ----------
    households : DataFrame or Series, shape (n,)
        ``lived_in`` may be absent or empty.

    Returns
    -------
    ndarray of bool, shape (n,)
        False only where the record says so.
    """
    if not isinstance(households, pd.DataFrame) or "lived_in" not in households:
        return np.ones(len(households), bool)
    return households["lived_in"].astype("boolean").fillna(True).to_numpy(dtype=bool)


def persons_of(households: pd.DataFrame | pd.Series) -> np.ndarray:
    """Say how many people live in each household.

    Parameters
    ----------
    households : DataFrame or Series, shape (n,)
        ``size_band`` and ``lived_in`` may be absent or empty.

    Returns
    -------
    ndarray of float64, shape (n,)
        The middle of the band: 1, 2, 3.5, and 5.5 for five or more; without a band
        ``PERSONS_PER_HOUSEHOLD``. 0 where the record says that nobody lives there.

    Examples
    --------
    >>> homes = pd.DataFrame({"size_band": ["1", "3-4", None], "lived_in": [True, True, False]})
    >>> persons_of(homes).tolist()
    [1.0, 3.5, 0.0]
    """
    persons = np.full(len(households), PERSONS_PER_HOUSEHOLD)
    if isinstance(households, pd.DataFrame) and "size_band" in households:
        bands = households["size_band"].astype("str").map(_PERSONS)
        persons = bands.fillna(PERSONS_PER_HOUSEHOLD).to_numpy(dtype="float64")
    return np.where(lived_in(households), persons, 0.0)
