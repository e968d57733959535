"""Counts above and below the line, as everybody in this room takes them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridgeo.analysis.rates import aligned, named
from gridgeo.errors import ParameterError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


class Counts(NamedTuple):
    """Two rows of numbers and who is whose peer.

    Parameters
    ----------
    y, n : float64, shape (m,)
        ``nan`` in both where one of them is not known.
    group : int, shape (m,)
        Group of peers, counted from 0.
    """

    y: Floats
    n: Floats
    group: Ints


def counts_of(
    numerator: pd.Series,
    denominator: pd.Series,
    peers: pd.Series | None,
    *,
    part: bool = True,
) -> Counts:
    """Take a numerator and a denominator, by unit.

    Parameters
    ----------
    numerator, denominator : Series of float, shape (m,)
        0 or more; missing where not known. On the same index in any order.
    peers : Series, shape (m,), optional
        Units of the same label are peers, those without a label among themselves; by default all.
    part : bool
        Whether the numerator is a part of the denominator.

    Returns
    -------
    Counts

    Raises
    ------
    ParameterError
        The indexes differ, a figure is negative, infinite or no number, or a part exceeds its
        whole.
    """
    y = _numbers(numerator, "numerator")
    n = _numbers(aligned(denominator, numerator, "denominator", "numerator"), "denominator")
    y, n = np.where(np.isnan(n), np.nan, y), np.where(np.isnan(y), np.nan, n)
    beyond = y > n if part else (y > 0) & (n == 0)
    if beyond.any():
        what = "exceeds its denominator" if part else "is above 0 where 0 is expected"
        raise ParameterError(
            f"The numerator {what} in {beyond.sum()} of {len(y)} units, such as "
            f"{named(numerator.index[beyond])}.",
            hint="Count both from the same rows.",
            fields=["numerator", "denominator"],
        )
    if peers is None:
        return Counts(y, n, np.zeros(len(y), dtype=np.intp))
    labels = aligned(peers, numerator, "peers", "numerator")
    return Counts(y, n, np.asarray(pd.factorize(labels, use_na_sentinel=False)[0], dtype=np.intp))


def _numbers(values: pd.Series, name: str) -> Floats:
    """Take figures that are 0 or more, or missing."""
    try:
        numbers = values.to_numpy("float64", na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name} holds something that is no number.", fields=[name]) from error
    wrong = (numbers < 0) | np.isinf(numbers)
    if wrong.any():
        raise ParameterError(
            f"{wrong.sum()} of {len(numbers)} figures of {name} are negative or infinite, such as "
            f"those of {named(values.index[wrong])}; each must be 0 or more, or missing.",
            fields=[name],
        )
    return numbers


def require_level(level: float) -> float:
    """Refuse a confidence that is none.

    Raises
    ------
    ParameterError
        Not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ParameterError(f"level is {level}; it must lie between 0 and 1.", fields=["level"])
    return level
