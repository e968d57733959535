"""What a share is worth where little was counted: drawn towards the peers, with its interval."""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq, minimize, root
from scipy.special import betaincinv, betaln, digamma, expit, logit, xlog1py, xlogy

from gridgeo.analysis.appraisal.counts import Floats, counts_of, require_level
from gridgeo.errors import ParameterError

FIT_FROM = 10  # of fewer peers no spread can be fitted
WEIGHTS = (1e-2, 1e6)  # a + b, in between which the likelihood is searched
LEAST_WEIGHT = 1.0  # of peers that seem alike: no less than Jeffreys' prior
_PROVEN = 1.353  # half the 90 % point of chi-square with one degree: 95 % on one side

Prior = Literal["fitted", "alike", "few"]


class BetaPrior(NamedTuple):
    """How the shares of the peers differ: Beta(a, b).

    Parameters
    ----------
    a, b : float
        Above 0; the peers count as much as ``a + b`` of one's own.
    kind : {"fitted", "alike", "few"}
        "fitted" by maximum likelihood. "alike": the counts differ no more than chance lets them,
        see ``fit_beta``. "few": fewer than 10 peers, Jeffreys' prior Beta(½, ½), nothing is
        borrowed.
    """

    a: float
    b: float
    kind: Prior


def shrunk_shares(
    numerator: pd.Series,
    denominator: pd.Series,
    peers: pd.Series | None = None,
    level: float = 0.9,
) -> pd.DataFrame:
    """Draw the share of each unit towards that of its peers, the more the less was counted.

    Parameters
    ----------
    numerator, denominator : Series of float, shape (m,)
        Counts by unit, a part and its whole, on the same index in any order; missing where not
        known.
    peers : Series, shape (m,), optional
        Units of the same label are peers, such as grids of one kind; those without a label
        among themselves. By default all.
    level : float
        Probability of the interval, 0 to 1.

    Returns
    -------
    DataFrame, shape (m, 11)
        On the index of ``numerator``: ``numerator`` y and ``denominator`` n; ``share`` as it was
        counted; ``shrunk`` = (y + a) / (n + a + b); ``low``, ``high``, between which the true
        share lies with probability ``level``, as much below as above; ``alpha``, ``beta``, the
        posterior Beta(y + a, n − y + b) that all follows from; ``peers_share``, the mean of the
        prior; ``prior``, its kind as in ``BetaPrior``; ``peers``, how many it was fitted on.
        All between n and the last three are ``nan`` where the denominator is 0 or not known.

    Raises
    ------
    ParameterError
        The indexes differ, a figure is negative, infinite or no number, a part exceeds its
        whole, or ``level`` is out of range.

    Notes
    -----
    Beta-binomial empirical Bayes: Skellam, J. R. Stat. Soc. B 10 (1948) 257–261; Griffiths,
    Biometrics 29 (1973) 637–648. Each unit is among its own peers. That a and b are estimates
    themselves is not in the interval; with tens of peers it hardly matters.

    Examples
    --------
    >>> y, n = pd.Series([10, 0, 8] * 10), pd.Series([10, 10, 10] * 10)
    >>> shrunk_shares(y, n)["shrunk"].iloc[:3].round(2).tolist()
    [0.98, 0.02, 0.79]
    """
    counts = counts_of(numerator, denominator, peers)
    tail = (1 - require_level(level)) / 2
    known = counts.n > 0
    a, b, fitted_on = np.full((3, len(counts.y)), np.nan)
    kinds = np.full(len(counts.y), "few", dtype=object)
    for number in np.unique(counts.group):
        mine = counts.group == number
        told = mine & known
        prior = fit_beta(counts.y[told], counts.n[told])
        a[mine], b[mine], kinds[mine], fitted_on[mine] = *prior, told.sum()
    alpha = np.where(known, counts.y + a, np.nan)
    beta = np.where(known, counts.n - counts.y + b, np.nan)
    whole = np.where(known, counts.n, np.nan)
    return pd.DataFrame(
        {
            "numerator": counts.y,
            "denominator": counts.n,
            "share": counts.y / whole,
            "shrunk": alpha / (alpha + beta),
            "low": betaincinv(alpha, beta, tail),
            "high": betaincinv(alpha, beta, 1 - tail),
            "alpha": alpha,
            "beta": beta,
            "peers_share": a / (a + b),
            "prior": pd.array(kinds, dtype="str"),
            "peers": fitted_on.astype("int64"),
        },
        index=numerator.index,
    )


def fit_beta(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> BetaPrior:
    """Fit how the shares of peers differ, by maximum likelihood.

    Parameters
    ----------
    numerator, denominator : array-like of float, shape (m,)
        Parts and wholes. A whole of 0 tells nothing.

    Returns
    -------
    BetaPrior
        The same to the bit whatever the order of the units. Where the likelihood has no
        greatest value at a finite weight a + b, the counts differ no more than chance lets them.
        That does not prove the peers equal: then the mean is the share of all (half a count
        added on either side), and the weight the least that the counts do not speak against, at
        95 % on one side, but not below 1. So ten peers of two counts each do not come out as
        sure as the sum of them.

    Raises
    ------
    ParameterError
        A part is negative, exceeds its whole, or is no finite number.
    """
    y, n = np.asarray(numerator, dtype="float64"), np.asarray(denominator, dtype="float64")
    if not (np.isfinite(n).all() and ((y >= 0) & (y <= n)).all()):
        raise ParameterError(
            "A numerator is below 0, above its denominator or missing.",
            hint="Leave out what is not known; count both from the same rows.",
            fields=["numerator", "denominator"],
        )
    y, n = y[n > 0], n[n > 0]
    if len(y) < FIT_FROM:
        return BetaPrior(0.5, 0.5, "few")
    pairs, times = np.unique(np.column_stack([y, n]), axis=0, return_counts=True)
    data = pairs[:, 0], pairs[:, 1], times.astype("float64")
    y, n, times = data
    mean = float((times @ y + 0.5) / (times @ n + 1))
    low, high = np.log(WEIGHTS)
    starts = [[logit(mean), log_weight] for log_weight in np.linspace(low / 2, high / 2, 4)]
    bounds = [(-30.0, 30.0), (low, high)]
    # Not L-BFGS-B: its linear algebra wakes all cores for two numbers, and takes 80 times as long.
    found = [minimize(_loss, at, data, jac=True, method="TNC", bounds=bounds) for at in starts]
    best = min(found, key=lambda one: float(one.fun))
    # The likelihood is flat around its top: its slope finds the place, its height does not.
    # On its way there it may look where the weight is past what numbers can hold.
    least_at, most_at = np.transpose(bounds)

    def kept_in(at: Floats) -> tuple[float, Floats]:
        return _loss(np.clip(at, least_at, most_at), *data)

    top = root(lambda at: kept_in(at)[1], best.x)
    found_top = top.success and kept_in(top.x)[0] <= best.fun + 1e-7
    middle_logit, log_weight = top.x if found_top else best.x
    alike = -float(times @ (xlogy(y, mean) + xlog1py(n - y, -mean)))
    inside = low < log_weight < high - 0.1 and abs(middle_logit) < 29.9
    if inside and best.fun < alike - 1e-9:
        middle, weight = float(expit(middle_logit)), float(np.exp(log_weight))
        return BetaPrior(middle * weight, (1 - middle) * weight, "fitted")

    def spoken_against(log_weight: float) -> float:
        return float(_loss(np.array([logit(mean), log_weight]), *data)[0]) - alike - _PROVEN

    least = np.log(LEAST_WEIGHT)
    if spoken_against(least) > 0 > spoken_against(high):
        least = brentq(spoken_against, least, high)
    weight = float(np.exp(least))
    return BetaPrior(mean * weight, (1 - mean) * weight, "alike")


def _loss(at: Floats, y: Floats, n: Floats, times: Floats) -> tuple[float, Floats]:
    """Give minus the log-likelihood at (logit of the mean, log of the weight), and its slope."""
    mean, weight = expit(at[0]), np.exp(at[1])
    a, b = mean * weight, expit(-at[0]) * weight
    loss = -times @ (betaln(y + a, n - y + b) - betaln(a, b))
    shared = digamma(n + weight) - digamma(weight)
    by_a = times @ (digamma(y + a) - digamma(a) - shared)
    by_b = times @ (digamma(n - y + b) - digamma(b) - shared)
    turn = a * expit(-at[0])  # d a / d logit = −d b / d logit
    return float(loss), -np.array([turn * (by_a - by_b), a * by_a + b * by_b])
