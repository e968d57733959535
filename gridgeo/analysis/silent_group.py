"""Silent grids as a group of their own, told from grids that have little to report by nature."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, gammaln

from gridgeo.analysis.rates import aligned, figures
from gridgeo.analysis.silence import FIT_FROM, LOW, fit_shape

Floats = npt.NDArray[np.float64]

# Of two wrongs, to blame a grid and to pass over a silent one, the second weighs twice.
LIKELY = 1 / 3
SURE = 0.9  # so likely a member is silent also where it alone does not show it

# Logarithms of shape and mean, logits of share and rate: as far as 30 grids can tell.
_BOUNDS = ((-4.0, 9.0), (-1.0, 1.0), (-9.0, -1.0), (-6.0, 6.0))


@dataclass(frozen=True)
class SilentGroup:
    """Two kinds of grids: most report what happens, some a fraction of it.

    Parameters
    ----------
    shape : float
        Shape of the gamma distribution of what happens in a grid against what is expected.
    mean : float
        Mean of that distribution.
    share : float
        Share of the grids that are silent, 0 to 0.27.
    rate : float
        Share of what happens that these report, below 0.3.
    """

    shape: float
    mean: float
    share: float
    rate: float

    def chance(self, observed: npt.ArrayLike, expected: npt.ArrayLike) -> Floats:
        """Say how likely each grid is one of the silent.

        Parameters
        ----------
        observed, expected : array-like of float, shape (n,)
            0 or more.

        Returns
        -------
        ndarray of float64, shape (n,)
            0 to 1, falling in ``observed``; ``share`` where nothing is expected or reported.

        Raises
        ------
        ParameterError
            A figure is negative or no number.
        """
        O, E = figures(observed, "observed"), figures(expected, "expected")  # noqa: E741
        full, faint = _log_parts(O, E, self)
        return np.asarray(expit(faint - full))


def silent_chance(observed: pd.Series, expected: pd.Series) -> pd.Series:
    """Say how likely each grid belongs to a group that reports a fraction of what happens.

    Parameters
    ----------
    observed : Series of float, shape (n,)
        Incidents reported, by grid.
    expected : Series of float, shape (n,)
        Incidents expected, by grid, on the same index in any order; 0 or more.

    Returns
    -------
    Series of float64, shape (n,)
        ``p_silent`` on the index of ``observed``; ``nan`` everywhere where fewer than 30 grids
        have E > 0: so few do not show whether there is such a group.

    Raises
    ------
    ParameterError
        The indexes differ, or a figure is negative or no number.

    Notes
    -----
    ``silent_grids`` asks of each grid alone whether it lies below 0.3. Where grids differ much
    by nature, many do that report everything: with rates of shape 4 every thirtieth. This asks
    beside it whether those below stand apart from the left tail of the others. Take a grid for
    silent where both say so, ``p_silent`` > 1/3: of 40 silent among 2,000 grids of shape 4,
    0.5 incidents a household, that finds nine in ten, three in four of those named being right
    (0.47 by ``silent_grids`` alone). Where grids differ little and few incidents are expected,
    ``silent_grids`` draws a silent one towards the others and passes it over; take it for
    silent where ``p_silent`` > 0.9 and the gate is passed: of 12 among 750 grids of shape 25
    with 20 incidents each that finds nine in ten, nearly all of those named being right.

    Examples
    --------
    >>> expected = pd.Series(np.full(40, 100.0))
    >>> reports = pd.Series([*np.linspace(60, 140, 39).round(), 5.0])
    >>> silent_chance(reports, expected).round(2).iloc[[0, 38, 39]].tolist()
    [0.0, 0.0, 1.0]
    """
    O = figures(observed, "observed")  # noqa: E741
    E = figures(aligned(expected, observed, "expected", "observed"), "expected")
    chance = np.full(len(O), np.nan)
    if (E > 0).sum() >= FIT_FROM:
        chance = fit_silent_group(O, E).chance(O, E)
    return pd.Series(chance, index=observed.index, name="p_silent")


def fit_silent_group(observed: npt.ArrayLike, expected: npt.ArrayLike) -> SilentGroup:
    """Fit the two kinds of grids by maximum likelihood.

    Parameters
    ----------
    observed, expected : array-like of float, shape (n,)
        Incidents reported and expected, by grid. One with E = 0 tells nothing.

    Returns
    -------
    SilentGroup

    Raises
    ------
    ParameterError
        A figure is negative or no number, or no grid has E > 0.

    Notes
    -----
    O | full ~ NB(mean mE, size a), O | silent ~ NB(mean rmE, size a): the gamma–Poisson model
    of Clayton and Kaldor (1987) with two means. Mixtures of count distributions: McLachlan and
    Peel, "Finite Mixture Models", Wiley 2000, ch. 5. The likelihood has more than one top;
    the higher of two climbs from fixed starts is taken.
    """
    O, E = figures(observed, "observed"), figures(expected, "expected")  # noqa: E741
    shape = np.log(fit_shape(O, E))  # says it where no grid has E > 0
    O, E = O[E > 0], E[E > 0]  # noqa: E741

    def loss(x: Floats) -> float:
        full, faint = _log_parts(O, E, _group(x))
        return float(-np.logaddexp(full, faint).sum())

    low, high = np.array(_BOUNDS).T
    # The spread of all grids, and twice it: with the silent ones taken out the others are alike.
    starts = ([shape, 0.0, -4.0, -0.7], [shape + 0.7, 0.0, -3.0, -0.7])
    climbs = [
        minimize(loss, np.clip(start, low, high), method="L-BFGS-B", bounds=_BOUNDS)
        for start in starts
    ]
    return _group(min(climbs, key=lambda climb: climb.fun).x)


def _group(x: Floats) -> SilentGroup:
    return SilentGroup(
        float(np.exp(x[0])), float(np.exp(x[1])), float(expit(x[2])), float(LOW * expit(x[3]))
    )


def _log_parts(O: Floats, E: Floats, group: SilentGroup) -> tuple[Floats, Floats]:  # noqa: E741
    """Give the log of the chance of each count from a full and from a silent grid.

    Both lack the same terms in O and E alone.
    """
    a = group.shape
    rising = gammaln(a + O) - gammaln(a) - O * np.log(a)
    full = group.mean * E
    parts = []
    for mu, log_rate, share in (
        (full, 0.0, 1 - group.share),
        (group.rate * full, np.log(group.rate), group.share),
    ):
        # O · log(mean) is a term of both; so E = 0 asks for no log of 0.
        own = O * (log_rate + np.log(group.mean))
        parts.append(np.log(share) + rising + own - (a + O) * np.log1p(mu / a))
    return parts[0], parts[1]
