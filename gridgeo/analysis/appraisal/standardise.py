"""Observed over expected: what is left when everybody's mix of classes is taken into account."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtri, ndtri

from gridgeo.analysis.appraisal.counts import require_level
from gridgeo.analysis.rates import aligned, class_rates, expected_counts, figures, named
from gridgeo.errors import ParameterError

Floats = npt.NDArray[np.float64]


def observed_over_expected(
    cases: pd.DataFrame,
    at_risk: pd.DataFrame,
    peers: pd.Series | None = None,
    level: float = 0.9,
) -> pd.DataFrame:
    """Compare each unit with what its peers would have had with its mix of classes.

    Parameters
    ----------
    cases : DataFrame of float, shape (m, c)
        What befell, such as incidents closed late: a row for each unit, a column for each class.
    at_risk : DataFrame of float, shape (m, c)
        How often it could have, such as incidents due; the same rows and columns in any order.
    peers : Series, shape (m,), optional
        Units of the same label are compared with each other, such as grids of one kind; those
        without a label among themselves. By default all.
    level : float
        Confidence of the interval, 0 to 1.

    Returns
    -------
    DataFrame, shape (m, 5)
        On the index of ``cases``: ``observed``; ``expected``, Σ_c at risk × rate of that class
        among the peers; ``ratio`` of the two, 1 is like the peers, ``nan`` where nothing is
        expected; ``low``, ``high``, its exact interval. Over each group of peers, observed and
        expected sum to the same.

    Raises
    ------
    ParameterError
        The rows or columns differ, a figure is negative or no number, cases exceed those at
        risk, or ``level`` is out of range.

    Notes
    -----
    Indirect standardisation: Breslow and Day, Statistical Methods in Cancer Research II (1987),
    section 2.3. The interval is that of a Poisson count; for something that happens often it is
    wider than it need be, never too narrow. Standardised ratios of two units are each comparable
    with 1, not with each other.

    Examples
    --------
    >>> due = pd.DataFrame({"easy": [90, 10], "hard": [10, 90]}, index=["g1", "g2"])
    >>> late = pd.DataFrame({"easy": [9, 1], "hard": [5, 45]}, index=["g1", "g2"])
    >>> observed_over_expected(late, due)["ratio"].tolist()
    [1.0, 1.0]
    """
    lacking = ~cases.columns.isin(at_risk.columns)
    if lacking.any():
        raise ParameterError(
            f"{lacking.sum()} classes of cases are no columns of at_risk, such as "
            f"{named(cases.columns[lacking])}.",
            fields=["cases", "at_risk"],
        )
    first = pd.Series(0, index=cases.index)
    rows = aligned(pd.Series(np.arange(len(at_risk)), at_risk.index), first, "at_risk", "cases")
    risk = at_risk.iloc[rows.to_numpy()][cases.columns]
    counted, exposed = figures(cases, "cases"), figures(risk, "at_risk")
    beyond = (counted > exposed).any(axis=1)
    if beyond.any():
        raise ParameterError(
            f"cases exceed those at risk in {beyond.sum()} units, such as "
            f"{named(cases.index[np.flatnonzero(beyond)])}.",
            hint="Count both from the same rows.",
            fields=["cases", "at_risk"],
        )
    observed = counted.sum(axis=1)
    expected = np.zeros(len(cases))
    labels = first if peers is None else aligned(peers, first, "peers", "cases")
    group = pd.factorize(labels, use_na_sentinel=False)[0]
    for number in np.unique(group):
        mine = group == number
        rates = class_rates(cases[mine].sum().to_frame("all"), risk[mine])
        expected[mine] = expected_counts(risk[mine], rates)["all"]
    ratio = np.divide(observed, expected, out=np.full(len(cases), np.nan), where=expected > 0)
    low, high = ratio_interval(observed, expected, level)
    return pd.DataFrame(
        {"observed": observed, "expected": expected, "ratio": ratio, "low": low, "high": high},
        index=cases.index,
    )


def ratio_interval(
    observed: npt.ArrayLike,
    expected: npt.ArrayLike,
    level: float = 0.9,
    method: Literal["exact", "byar"] = "exact",
) -> tuple[Floats, Floats]:
    """Give the interval in which a ratio of observed to expected lies.

    Parameters
    ----------
    observed, expected : array-like of float, shape (m,)
        ``expected`` is taken to be known.
    level : float
        Confidence, 0 to 1.
    method : {"exact", "byar"}
        Exact by the chi-square distribution, or Byar's approximation, within 0.2 % from ten
        cases on.

    Returns
    -------
    low, high : ndarray of float64, shape (m,)
        ``nan`` where nothing is expected.

    Raises
    ------
    ParameterError
        A figure is negative or no number, or ``level`` is out of range.

    Notes
    -----
    Exact: Ulm, "A simple method to calculate the confidence interval of a standardized mortality
    ratio", Am. J. Epidemiology 131 (1990) 373–375. Byar: Breslow and Day (1987), page 69.
    """
    O = figures(observed, "observed")  # noqa: E741 - as in the formula
    E = figures(expected, "expected")
    tail = (1 - require_level(level)) / 2
    some = np.maximum(O, 1.0)
    if method == "exact":
        low, high = chdtri(2 * some, 1 - tail) / 2, chdtri(2 * O + 2, tail) / 2
    else:
        z = -ndtri(tail)
        low = some * (1 - 1 / (9 * some) - z / (3 * np.sqrt(some))) ** 3
        more = O + 1
        high = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
    E = np.where(E > 0, E, np.nan)
    return np.where(O > 0, low, 0.0) / E, high / E
