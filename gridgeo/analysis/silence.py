"""Which grids report suspiciously little, and where that cannot be told."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import gammainc, gammaln

from gridgeo.analysis.rates import aligned, figures
from gridgeo.errors import ParameterError

Floats = npt.NDArray[np.float64]

LOW = 0.3  # less than this share of what is expected is silence,
SURE = 0.8  # if it is that probable
SHAPE = 4.0  # of too few grids to fit one: rates of grids differ by half
FIT_FROM = 30


def silent_grids(
    observed: pd.Series,
    expected: pd.Series,
    alpha: float = 0.05,
    shape: float | None = None,
    mean: float = 1.0,
) -> pd.DataFrame:
    """Find the grids that report too little to be believed.

    Parameters
    ----------
    observed : Series of float, shape (n,)
        Incidents reported, by grid.
    expected : Series of float, shape (n,)
        Incidents expected, by grid, on the same index in any order, such as ``expected_counts``
        gives; 0 or more.
    alpha : float
        How often a grid like the others may report nothing at all and still be judged, 0 to 1.
    shape : float, optional
        Shape a of the gamma distribution of the grids' rates: the smaller, the more they differ
        by nature. Left out, it is fitted on 30 or more grids with E > 0, otherwise it is 4.
    mean : float
        Mean m of that distribution; 1 where ``expected`` sums to what all grids report.

    Returns
    -------
    DataFrame, shape (n, 3)
        On the index of ``observed``: ``theta``, the posterior mean of the share reported of what
        is expected; ``p_below`` = P(θ < 0.3 | O); ``verdict``, "silent" when ``p_below`` > 0.8
        and E is at least the power gate, "not judgeable" when E is below it, else "ok".

    Raises
    ------
    ParameterError
        The indexes differ, a figure is negative or no number, or ``alpha``, ``shape`` or
        ``mean`` is out of range.

    Notes
    -----
    θ ~ Γ(a, a/m) and O | θ ~ Poisson(θE), so θ | O ~ Γ(a + O, a/m + E): Clayton and Kaldor,
    "Empirical Bayes estimates of age-standardized relative risks for use in disease mapping",
    Biometrics 43 (1987) 671–681. The power gate is where even O = 0 begins to be unusual:
    P(O = 0) = (a / (a + E))^a = α at E = a(α^(−1/a) − 1).

    A grid is called silent by what it reports, and some grids have little to report: with rates
    of shape 4, one grid in thirty lies below 0.3 by nature. Expected counts by class and season
    leave less of that, and ``silent_chance`` tells such grids from silent ones.

    Examples
    --------
    >>> silent_grids(pd.Series([40, 2, 0]), pd.Series([50.0, 50.0, 2.0]))["verdict"].tolist()
    ['ok', 'silent', 'not judgeable']
    """
    O = figures(observed, "observed")  # noqa: E741 - as in the formula
    E = figures(aligned(expected, observed, "expected", "observed"), "expected")
    _above_0(mean, "mean")
    if shape is None:
        a = fit_shape(O, E, mean) if (E > 0).sum() >= FIT_FROM else SHAPE
    else:
        a = _above_0(shape, "shape")
    gate = power_gate(alpha, a)
    rate = a / mean + E
    p_below = gammainc(a + O, LOW * rate)
    verdict = np.where(gate > E, "not judgeable", np.where(p_below > SURE, "silent", "ok"))
    return pd.DataFrame(
        {"theta": (a + O) / rate, "p_below": p_below, "verdict": pd.array(verdict, dtype="str")},
        index=observed.index,
    )


def power_gate(alpha: float, shape: float) -> float:
    """Say how many incidents must be expected before silence can be told from chance.

    Parameters
    ----------
    alpha : float
        How often a grid like the others may report nothing at all, 0 to 1.
    shape : float
        Shape of the gamma distribution of the grids' rates, above 0.

    Returns
    -------
    float
        a(α^(−1/a) − 1), expected incidents: with so many expected, a grid of mean rate 1 reports
        nothing with probability ``alpha``. −ln α where the grids do not differ (a → ∞).

    Raises
    ------
    ParameterError
        ``alpha`` is not between 0 and 1, or ``shape`` not above 0.

    Examples
    --------
    >>> round(power_gate(0.05, 4.0), 2)
    4.46
    """
    if not 0 < alpha < 1:
        raise ParameterError(
            f"alpha is {alpha}; it must lie between 0 and 1.",
            hint="0.05 lets one grid in twenty report nothing.",
            fields=["alpha"],
        )
    a = _above_0(shape, "shape")
    with np.errstate(over="ignore"):
        return float(a * np.expm1(-np.log(alpha) / a))


def fit_shape(observed: npt.ArrayLike, expected: npt.ArrayLike, mean: float = 1.0) -> float:
    """Fit how much the rates of the grids differ, by maximum likelihood.

    Parameters
    ----------
    observed, expected : array-like of float, shape (n,)
        Incidents reported and expected, by grid. One with E = 0 tells nothing.
    mean : float
        Mean of the rates, held fixed.

    Returns
    -------
    float
        Shape a of the gamma distribution, 0.01 to 10,000. The upper end says that the counts
        differ no more than Poisson counts do.

    Raises
    ------
    ParameterError
        A figure is negative or no number, no grid has E > 0, or ``mean`` is not above 0.

    Notes
    -----
    The marginal of O is negative binomial with mean mE and size a. Silent grids among the
    others lower a, which makes ``silent_grids`` a little bolder and its gate higher.
    """
    O, E = figures(observed, "observed"), figures(expected, "expected")  # noqa: E741
    _above_0(mean, "mean")
    O, mu = O[E > 0], mean * E[E > 0]  # noqa: E741
    if not len(O):
        raise ParameterError(
            "no grid has an expected count above 0; the shape cannot be fitted.",
            hint="Give shape, such as 4.",
            fields=["expected"],
        )

    def loss(log_a: float) -> float:
        a = np.exp(log_a)
        # log Γ(a + O) − log Γ(a) as one difference would lose all digits for large a.
        rising = np.where(O > 0, gammaln(a + O) - gammaln(a) - O * np.log(a), 0.0)
        return float(-np.sum(rising - (a + O) * np.log1p(mu / a)))

    ends = np.log([1e-2, 1e4])
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-9})
    return float(np.exp(min([found.x, *ends], key=loss)))


def _above_0(value: float, name: str) -> float:
    """Refuse what is not above 0."""
    if not (value > 0 and np.isfinite(value)):
        raise ParameterError(f"{name} is {value}; it must be above 0.", fields=[name])
    return float(value)
