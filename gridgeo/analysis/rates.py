"""Rates of small areas: what was expected, and what a rate is worth where few live."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridgeo.errors import ParameterError

Floats = npt.NDArray[np.float64]


def shrink_rates(observed: pd.Series, population: pd.Series) -> pd.Series:
    """Draw the rate of each area towards that of all, the more the fewer live there.

    Parameters
    ----------
    observed : Series of float, shape (n,)
        Cases by area, 0 or more.
    population : Series of float, shape (n,)
        Those at risk (persons, households, or expected cases) by area, on the same index in any
        order; 0 or more. Rates are per unit of it.

    Returns
    -------
    Series of float64, shape (n,)
        ``rate`` on the index of ``observed``, between the area's own rate and the rate of all;
        the rate of all where nobody lives, or where the areas differ no more than chance lets
        them; ``nan`` everywhere if nobody lives anywhere.

    Raises
    ------
    ParameterError
        The indexes differ, a figure is negative or no number, or cases lie where nobody lives.

    Notes
    -----
    The global empirical Bayes estimator of Marshall, "Mapping disease and mortality rates using
    empirical Bayes estimators", Applied Statistics 40 (1991) 283–294, p. 284–285: with rate r_i,
    population n_i, m = Σ cases / Σ n and s² = Σ n_i (r_i − m)² / Σ n, the variance between areas
    is A = max(0, s² − m / mean(n)) and the rate m + (r_i − m) · A / (A + m / n_i).

    Examples
    --------
    >>> shrink_rates(pd.Series([0, 30, 3]), pd.Series([10, 1000, 1000])).round(4).tolist()
    [0.015, 0.0287, 0.0043]
    """
    cases = figures(observed, "observed")
    people = figures(aligned(population, observed, "population", "observed"), "population")
    nowhere = (people == 0) & (cases > 0)
    if nowhere.any():
        raise ParameterError(
            f"{nowhere.sum()} areas have cases but nobody lives there, such as "
            f"{named(observed.index[nowhere])}; a rate needs a population.",
            hint="Correct the population, or leave these areas out.",
            fields=["population"],
        )
    if not people.any():
        return pd.Series(np.nan, index=observed.index, name="rate")
    lived = people > 0
    n = people[lived]
    own = cases[lived] / n
    overall = cases.sum() / n.sum()
    spread = n @ (own - overall) ** 2 / n.sum()
    between = max(0.0, spread - overall / n.mean())
    rate = np.full(len(cases), overall)
    if between > 0:
        rate[lived] += (own - overall) * between / (between + overall / n)
    return pd.Series(rate, index=observed.index, name="rate")


def class_rates(observed: pd.DataFrame, at_risk: pd.DataFrame) -> pd.DataFrame:
    """Give the rate of each class in each season, over all grids.

    Parameters
    ----------
    observed : DataFrame of float, shape (c, t)
        Cases of the whole city: a row for each class, a column for each season.
    at_risk : DataFrame of float, shape (g, c)
        How many of each class there are in each grid, such as households, shops, schools.

    Returns
    -------
    DataFrame of float64, shape (c, t)
        Cases per one at risk and season; 0 for a class of which there are none.

    Raises
    ------
    ParameterError
        A class of ``observed`` is no column of ``at_risk``, a figure is negative or no number,
        or a class has cases but nobody at risk.
    """
    total = _of_classes(at_risk, observed.index, "observed").sum(axis=0)
    cases = figures(observed, "observed")
    stray = (total == 0) & (cases.sum(axis=1) > 0)
    if stray.any():
        raise ParameterError(
            f"{stray.sum()} classes have cases but nobody is at risk, such as "
            f"{named(observed.index[stray])}.",
            hint="Give how many there are of them in at_risk, or leave their cases out.",
            fields=["at_risk"],
        )
    rates = cases / np.where(total > 0, total, 1.0)[:, None]
    return pd.DataFrame(rates, index=observed.index, columns=observed.columns)


def expected_counts(at_risk: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """Say how many cases each grid would have in each season if it were like all others.

    Parameters
    ----------
    at_risk : DataFrame of float, shape (g, c)
        How many of each class there are in each grid.
    rates : DataFrame of float, shape (c, t)
        Cases per one at risk, by class and season, as ``class_rates`` gives.

    Returns
    -------
    DataFrame of float64, shape (g, t)
        E_g = Σ_c n_gc · rate_c for each season, on the index of ``at_risk``. With rates of the
        same city the sum over grids is what was observed.

    Raises
    ------
    ParameterError
        A class of ``rates`` is no column of ``at_risk``, or a figure is negative or no number.

    Examples
    --------
    >>> homes = pd.DataFrame({"flat": [100, 0], "shop": [0, 10]}, index=["g1", "g2"])
    >>> rates = pd.DataFrame({"winter": [0.5, 2.0]}, index=["flat", "shop"])
    >>> expected_counts(homes, rates)["winter"].tolist()
    [50.0, 20.0]
    """
    counts = _of_classes(at_risk, rates.index, "rates") @ figures(rates, "rates")
    return pd.DataFrame(counts, index=at_risk.index, columns=rates.columns)


def aligned(series: pd.Series, on: pd.Series, name: str, other: str) -> pd.Series:
    """Bring a series into the order of another on the same index.

    Parameters
    ----------
    series, on : Series, shape (n,)
    name, other : str
        What the two are called in the message.

    Returns
    -------
    Series, shape (n,)
        ``series`` on the index of ``on``.

    Raises
    ------
    ParameterError
        The indexes do not hold the same labels, or hold one twice in different order.
    """
    if series.index.equals(on.index):
        return series
    if len(series) != len(on) or not series.index.is_unique or not on.index.is_unique:
        raise ParameterError(
            f"{name} has {len(series)} rows, {other} {len(on)}; "
            "both must have the same index, each label once.",
            fields=[name, other],
        )
    lacking = ~on.index.isin(series.index)
    if lacking.any():
        raise ParameterError(
            f"{name} lacks {lacking.sum()} labels of {other}, such as {named(on.index[lacking])}.",
            hint=f"Reindex {name} to {other} first.",
            fields=[name, other],
        )
    return series.reindex(on.index)


def figures(values: pd.Series | pd.DataFrame | npt.ArrayLike, name: str) -> Floats:
    """Take figures that are 0 or more.

    Parameters
    ----------
    values : array-like of float
    name : str
        What they are called in the message.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    ParameterError
        A figure is negative, infinite or missing.
    """
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name} holds something that is no number.", fields=[name]) from error
    wrong = ~(np.isfinite(numbers) & (numbers >= 0))
    if wrong.any():
        raise ParameterError(
            f"{wrong.sum()} of {numbers.size} figures of {name} are negative, infinite or missing; "
            "each must be 0 or more.",
            hint="Correct these rows, or leave them out.",
            fields=[name],
        )
    return numbers


def named(labels: pd.Index) -> str:
    """List at most three labels for a message."""
    return ", ".join(map(str, labels[:3]))


def _of_classes(at_risk: pd.DataFrame, classes: pd.Index, of: str) -> Floats:
    """Give the columns of ``at_risk`` in the order of ``classes``."""
    lacking = ~classes.isin(at_risk.columns)
    if lacking.any():
        raise ParameterError(
            f"{lacking.sum()} classes of {of} are no columns of at_risk, such as "
            f"{named(classes[lacking])}.",
            hint="Give how many there are of them in each grid, 0 where there are none.",
            fields=["at_risk", of],
        )
    return figures(at_risk[classes], "at_risk")
