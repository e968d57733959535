"""Since when a grid has fallen silent: a lower CUSUM of its counts."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaln, pdtrc, xlogy

from gridgeo.analysis.rates import figures
from gridgeo.errors import ParameterError

Floats = npt.NDArray[np.float64]

# Lattice steps in one count, for small k, and states below h: solved in some milliseconds.
_FINEST = 60
_STATES = 4000


def silence_onset(
    observed: pd.DataFrame,
    expected: pd.DataFrame,
    ratio: float = 0.3,
    run_length: float = 1000.0,
) -> pd.DataFrame:
    """Find the grids whose reports have dried up, and since when.

    Parameters
    ----------
    observed : DataFrame of float, shape (g, t)
        Incidents by grid and period, oldest period first.
    expected : DataFrame of float, shape (g, t)
        Incidents expected, on the same rows and columns in the same order.
    ratio : float
        The fall to be found quickly, as a share of what is expected, above 0 and below 1.
    run_length : float
        Periods between two false alarms of a grid that reports as expected, on average; above 1.

    Returns
    -------
    DataFrame, shape (g, 4)
        On the index of ``observed``: ``cusum`` after the last period; ``threshold``, the
        decision interval h of that grid, ``inf`` where nothing is expected; ``since`` and
        ``alarm``, labels of the first period of the fall and of the one in which C reached h
        first, missing where it never did.

    Raises
    ------
    ParameterError
        The frames differ in shape or labels, a figure is negative or no number, or ``ratio`` or
        ``run_length`` is out of range.

    Notes
    -----
    C_t = max(0, C_{t−1} + k_t − O_t), an alarm is C ≥ h. k is ``reference_value`` of the mean of
    E over the periods, rounded by at most 2.5 % to a fraction of small denominator, for which h
    can be found exactly (``decision_interval``); k_t = k · E_t / mean. Where E changes much
    within the periods the run length holds on average only.
    Page, "Continuous inspection schemes", Biometrika 41 (1954) 100–115; Lucas, "Counted data
    CUSUM's", Technometrics 27 (1985) 129–144.

    Examples
    --------
    >>> reports = pd.DataFrame([[4, 6, 5, 0, 0, 0]], ["g1"], list("abcdef"))
    >>> silence_onset(reports, reports * 0 + 5.0)[["since", "alarm"]].to_numpy().tolist()
    [['d', 'e']]
    """
    if not (observed.index.equals(expected.index) and observed.columns.equals(expected.columns)):
        raise ParameterError(
            f"observed has shape {observed.shape}, expected {expected.shape}; "
            "both must have the same rows and columns in the same order.",
            hint="Call expected.reindex(index=observed.index, columns=observed.columns).",
            fields=["observed", "expected"],
        )
    O, E = figures(observed, "observed"), figures(expected, "expected")  # noqa: E741
    usual = E.mean(axis=1) if E.size else np.zeros(len(E))
    factor = float(reference_value(1.0, ratio))
    k, h = _scheme(usual, factor, run_length)
    k_t = E * np.divide(k, usual, out=np.zeros(len(E)), where=usual > 0)[:, None]
    c = np.zeros(len(O))
    began, since, alarm = (np.full(len(O), -1) for _ in range(3))
    for t in range(O.shape[1]):
        began = np.where(c > 0, began, t)
        c = np.maximum(0.0, c + k_t[:, t] - O[:, t])
        new = (alarm < 0) & (c >= h - 1e-9)  # C and h are sums of the same fractions
        alarm[new], since[new] = t, began[new]
    missing = observed.columns.insert(len(observed.columns), None)
    return pd.DataFrame(
        {"cusum": c, "threshold": h, "since": missing[since], "alarm": missing[alarm]},
        index=observed.index,
    )


def reference_value(mean: npt.ArrayLike, ratio: float) -> Floats:
    """Give the count that lies, by likelihood, half-way between usual and silent.

    Parameters
    ----------
    mean : array-like of float
        Usual count μ0 of a period, 0 or more.
    ratio : float
        Count to be found as a share of it, μ1/μ0, above 0 and below 1.

    Returns
    -------
    ndarray of float64
        k = (μ0 − μ1) / (ln μ0 − ln μ1), between the two.

    Raises
    ------
    ParameterError
        ``ratio`` is out of range.

    Examples
    --------
    >>> reference_value([10.0], 0.5).round(3).tolist()
    [7.213]
    """
    if not 0 < ratio < 1:
        raise ParameterError(
            f"ratio is {ratio}; it must lie between 0 and 1.",
            hint="0.3 looks for a fall to three tenths.",
            fields=["ratio"],
        )
    return figures(mean, "mean") * ((ratio - 1) / np.log(ratio))


def in_control_run_length(mean: float, k: float, h: float) -> float:
    """Say how many periods pass on average until a lower CUSUM of Poisson counts reaches h.

    Parameters
    ----------
    mean : float
        Mean of the counts: the usual one for false alarms, a lower one for the delay.
    k : float
        Reference value, above 0.
    h : float
        Decision interval, above 0: the alarm is C ≥ h.

    Returns
    -------
    float
        Periods from C = 0 on, 1 or more; ``inf`` above some 10¹⁵.

    Raises
    ------
    ParameterError
        A figure is out of range.

    Notes
    -----
    Brook and Evans, "An approach to the probability distribution of CUSUM run length",
    Biometrika 59 (1972) 539–549. Counts are whole, so C moves on a lattice once k is a
    fraction; k is rounded to a near one of small denominator and h up to its lattice; where
    both lie on one already the answer is exact. C itself must then use the rounded k: with
    1.744 in the place of 7/4, two empty periods fall short of an h of 3.5.

    Examples
    --------
    With k = h = 1/2 one empty period is the alarm: the run length is that of waiting for it.

    >>> round(in_control_run_length(2.0, 0.5, 0.5), 6) == round(float(np.exp(2.0)), 6)
    True
    """
    for name, value in (("mean", mean), ("k", k), ("h", h)):
        if not (value > 0 and np.isfinite(value)):
            raise ParameterError(f"{name} is {value}; it must be above 0.", fields=[name])
    return _run_length(mean, *_lattice(k, h))


def decision_interval(mean: float, k: float, run_length: float) -> float:
    """Find the smallest h whose false alarms are rare enough.

    Parameters
    ----------
    mean : float
        Usual count of a period, above 0.
    k : float
        Reference value, above 0 and below ``mean``.
    run_length : float
        Periods between two false alarms, on average, above 1.

    Returns
    -------
    float
        The smallest h on the lattice of k for which ``in_control_run_length`` is at least
        ``run_length``.

    Raises
    ------
    ParameterError
        A figure is out of range, or k is not below the mean: C would rise without a fall.
    """
    if not (0 < k < mean):
        raise ParameterError(
            f"k is {k} and the mean {mean}; k must lie between 0 and the mean.",
            hint="Use reference_value(mean, ratio).",
            fields=["k"],
        )
    if not (run_length > 1 and np.isfinite(run_length)):
        raise ParameterError(
            f"run_length is {run_length}; it must be above 1.", fields=["run_length"]
        )
    one, up, enough = _lattice(k, 1.0)
    while _run_length(mean, one, up, enough) < run_length:
        enough *= 2
    low = 0
    while enough - low > 1:
        middle = (low + enough) // 2
        if _run_length(mean, one, up, middle) >= run_length:
            enough = middle
        else:
            low = middle
    return enough / one


def _lattice(k: float, h: float) -> tuple[int, int, int]:
    """Give the steps in 1, the steps in k and the states below h of a lattice that holds both."""
    finest = max(1, min(int(_FINEST / (k + 1)), int(_STATES / h)), int(np.ceil(2 / k)))
    part = Fraction(k).limit_denominator(finest)
    one = part.denominator
    return one, max(1, part.numerator), max(1, int(np.ceil(h * one - 1e-9)))


def _run_length(mean: float, one: int, up: int, n: int) -> float:
    """Solve for the run length of a chain of ``n`` states, in the steps of ``_lattice``."""
    states = np.arange(n)
    fall = states[:, None] + up - states
    counts = np.arange((n + up) // one + 2)
    chance = np.append(np.exp(xlogy(counts, mean) - mean - gammaln(counts + 1)), 0.0)
    moves = chance[np.where((fall >= 0) & (fall % one == 0), fall // one, -1)]
    # Every count that ends at 0: this one or more, and one is the least, for k is above 0.
    moves[:, 0] = pdtrc(-(-(states + up) // one) - 1, mean)
    try:
        periods = float(np.linalg.solve(np.eye(n) - moves, np.ones(n))[0])
    except np.linalg.LinAlgError:
        return np.inf
    return periods if 0 < periods < 1e15 else np.inf


def _scheme(mean: Floats, factor: float, run_length: float) -> tuple[Floats, Floats]:
    """Find k and h for each mean, h once for each k."""
    k, h = np.zeros(len(mean)), np.full(len(mean), np.inf)
    found: dict[Fraction, float] = {}
    for i in np.flatnonzero(mean > 0):
        simple = _simple_fraction(factor * mean[i])
        k[i] = float(simple)
        if simple not in found:
            found[simple] = decision_interval(k[i] / factor, k[i], run_length)
        h[i] = found[simple]
    return k, h


def _simple_fraction(value: float, within: float = 0.025) -> Fraction:
    """Round to the fraction of least denominator that is near enough."""
    one = max(1, int(1 / (value * (1 + within))))
    while abs(round(value * one) - value * one) > within * value * one:
        one += 1
    return Fraction(round(value * one), one)
