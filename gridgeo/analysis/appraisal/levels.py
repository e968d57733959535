"""From grids to villages, towns and the city: sums over sums."""

import pandas as pd

from gridgeo.analysis.rates import aligned

SUMMED = ("numerator", "denominator", "excluded")


def roll_up(counts: pd.DataFrame, codes: pd.Series) -> pd.DataFrame:
    """Sum what was counted above and below the line, by the unit of a higher level.

    Parameters
    ----------
    counts : DataFrame, shape (m, …)
        ``numerator``, ``denominator`` and ``excluded`` by unit; missing where not known.
    codes : Series, shape (m,)
        The higher unit each belongs to, on the index of ``counts`` in any order; one without a
        code belongs to none.

    Returns
    -------
    DataFrame of float64, shape (higher units, 3)
        In the order of their codes. The share of a town is the sum of numerators over the sum of
        denominators, never the mean of shares, in which a grid of ten incidents would weigh as
        much as one of a thousand. Missing where nothing is known of any part.

    Raises
    ------
    ParameterError
        The indexes differ.

    Examples
    --------
    >>> grids = pd.DataFrame({"numerator": [9, 1], "denominator": [10, 90], "excluded": [0, 2]})
    >>> town = roll_up(grids, pd.Series(["t1", "t1"])).loc["t1"]
    >>> float(town["numerator"] / town["denominator"])
    0.1
    """
    of = aligned(codes, counts[SUMMED[0]], "codes", "counts")
    numbers = counts[[*SUMMED]].astype("float64")
    # What is known of one side only would bend the share of the whole.
    known = numbers[["numerator", "denominator"]].notna().all(axis=1)
    return numbers[known].groupby(of[known], sort=True).sum()
