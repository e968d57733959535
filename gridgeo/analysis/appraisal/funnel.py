"""Funnels: how far a unit may lie from its peers before it is more than chance."""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from gridgeo.analysis.appraisal.counts import counts_of
from gridgeo.analysis.appraisal.metric import Form
from gridgeo.errors import ParameterError

Floats = npt.NDArray[np.float64]
Dispersion = Literal["additive", "multiplicative", "none"]

WINSORISED = 0.1
LIMITS = (0.95, 0.998)


class OverDispersion(NamedTuple):
    """How much more the units differ than chance alone lets them.

    Parameters
    ----------
    phi : float
        Mean of the squared winsorised z; 1 is chance.
    tau2 : float
        Variance between units, on the scale of the standard errors; 0 where ``phi`` is not
        beyond what chance gives.
    """

    phi: float
    tau2: float


def funnel(
    numerator: pd.Series,
    denominator: pd.Series,
    peers: pd.Series | None = None,
    form: Form = "share",
    dispersion: Dispersion = "additive",
    target: float | None = None,
    winsorised: float = WINSORISED,
) -> pd.DataFrame:
    """Say how far each unit lies from its peers, and between which limits chance lets it lie.

    Parameters
    ----------
    numerator, denominator : Series of float, shape (m,)
        Of a share, a part and its whole; of a ratio, what was observed and what was expected. On
        the same index in any order; missing where not known.
    peers : Series, shape (m,), optional
        Units of the same label are peers; those without a label among themselves. By default all.
    form : {"share", "ratio"}
    dispersion : {"additive", "multiplicative", "none"}
        How the limits allow for units that differ by nature: a variance between units is added
        to that of chance, or that of chance is multiplied, or neither.
    target : float, optional
        The middle of the funnel; by default the sum of numerators over that of denominators of
        the peers.
    winsorised : float
        Share of the units drawn in at either end before over-dispersion is measured, so that
        those looked for do not hide themselves; 0 to below 0.5.

    Returns
    -------
    DataFrame, shape (m, 10)
        On the index of ``numerator``: ``value``, the share or ratio; ``middle``; ``z_plain``,
        how many standard errors it lies from the middle, and ``z``, the same with
        over-dispersion; ``phi`` and ``tau2`` of the peers; ``low_95``, ``high_95``, ``low_998``,
        ``high_998``, the limits at this denominator. ``nan`` where the denominator is 0 or not
        known.

    Raises
    ------
    ParameterError
        The indexes differ, a figure is negative, infinite or no number, a part exceeds its
        whole, or an argument is out of range.

    Notes
    -----
    Spiegelhalter, "Funnel plots for comparing institutional performance", Statistics in Medicine
    24 (2005) 1185–1202, and "Handling over-dispersion of performance indicators", Quality and
    Safety in Health Care 14 (2005) 347–351: on the scales asin √p and √(O/E), where the standard
    errors are 1/(2√n) and 1/(2√E) whatever the share, so that limits stay within what is
    possible. Limits are never narrower than those of chance.

    A funnel says who is unlike the others; ``grades`` says who meets the target.

    Examples
    --------
    >>> y, n = pd.Series([50, 500, 60]), pd.Series([100, 1000, 100])
    >>> funnel(y, n, dispersion="none", target=0.5)["z"].round(2).tolist()
    [0.0, 0.0, 2.01]
    """
    if dispersion not in ("additive", "multiplicative", "none"):
        raise ParameterError(
            f"dispersion is {dispersion!r}; it is additive, multiplicative or none.",
            fields=["dispersion"],
        )
    counts = counts_of(numerator, denominator, peers, part=form == "share")
    known = counts.n > 0
    value = np.divide(counts.y, counts.n, out=np.full(len(counts.y), np.nan), where=known)
    s = 0.5 / np.sqrt(np.where(known, counts.n, np.nan))
    middle, z_plain, phi, tau2 = np.full((4, len(value)), np.nan)
    for number in np.unique(counts.group[known]):
        mine = known & (counts.group == number)
        pooled = counts.y[mine].sum() / counts.n[mine].sum()
        middle[mine] = _middle(pooled if target is None else target, form)
        z_plain[mine] = (_scaled(value[mine], form) - _scaled(middle[mine], form)) / s[mine]
        found = over_dispersion(z_plain[mine], s[mine], winsorised)
        phi[mine], tau2[mine] = found
    spread = s
    if dispersion == "additive":
        spread = np.sqrt(s**2 + tau2)
    elif dispersion == "multiplicative":
        spread = s * np.sqrt(np.maximum(phi, 1.0))
    table = {
        "value": value,
        "middle": middle,
        "z_plain": z_plain,
        "z": z_plain * s / spread,
        "phi": phi,
        "tau2": tau2,
    }
    for level in LIMITS:
        away = -ndtri((1 - level) / 2) * spread
        said = f"{level * 1000:.0f}".removesuffix("0")
        table[f"low_{said}"] = _back(_scaled(middle, form) - away, form)
        table[f"high_{said}"] = _back(_scaled(middle, form) + away, form)
    return pd.DataFrame(table, index=numerator.index)


def over_dispersion(
    z: npt.ArrayLike, s: npt.ArrayLike, winsorised: float = WINSORISED
) -> OverDispersion:
    """Measure how much more units differ than chance alone lets them.

    Parameters
    ----------
    z : array-like of float, shape (m,)
        Standard errors from the middle.
    s : array-like of float, shape (m,)
        The standard errors themselves, above 0.
    winsorised : float
        Share of the units at either end whose z is set to that of the next one, 0 to below 0.5.

    Returns
    -------
    OverDispersion
        φ = Σ z² / m over the winsorised z, and τ² = max(0, (mφ − (m − 1)) / (Σw − Σw²/Σw)) with
        w = 1/s². φ is 1 and τ² is 0 for fewer than two units, which cannot differ.

    Raises
    ------
    ParameterError
        Not as many z as s, a standard error is not above 0, or ``winsorised`` is out of range.

    Notes
    -----
    Spiegelhalter (2005), as for ``funnel``. Without winsorising, and about the weighted mean,
    τ² is the estimator of DerSimonian and Laird, "Meta-analysis in clinical trials", Controlled
    Clinical Trials 7 (1986) 177–188.
    """
    z, s = np.asarray(z, dtype="float64"), np.asarray(s, dtype="float64")
    if not 0 <= winsorised < 0.5:
        raise ParameterError(
            f"winsorised is {winsorised}; it must be 0 or more and below 0.5.",
            fields=["winsorised"],
        )
    if z.shape != s.shape or not (np.isfinite(z).all() and (s > 0).all()):
        raise ParameterError(
            f"There are {z.size} z and {s.size} standard errors; needed are as many of both, "
            "finite, and standard errors above 0.",
            fields=["z", "s"],
        )
    m = len(z)
    if m < 2:
        return OverDispersion(1.0, 0.0)
    # Imported here: it loads all of scipy.stats, which is slow.
    from scipy.stats.mstats import winsorize

    drawn_in = np.asarray(winsorize(z, limits=(winsorised, winsorised)))
    phi = float(drawn_in @ drawn_in / m)
    w = 1 / s**2
    tau2 = (m * phi - (m - 1)) / (w.sum() - w @ w / w.sum())
    return OverDispersion(phi, max(0.0, float(tau2)))


def _middle(value: float, form: Form) -> float:
    """Refuse a middle that no share or ratio can have."""
    if not (0 <= value <= 1 if form == "share" else 0 <= value < np.inf):
        raise ParameterError(
            f"target is {value}; a {form} is 0 {'to 1' if form == 'share' else 'or more'}.",
            fields=["target"],
        )
    return float(value)


def _scaled(value: Floats, form: Form) -> Floats:
    """Bring shares or ratios to the scale on which chance does not depend on them."""
    root = np.sqrt(value)
    return np.arcsin(root) if form == "share" else root


def _back(scaled: Floats, form: Form) -> Floats:
    """Bring limits back; beyond the end of the scale lies the end."""
    inside = np.clip(scaled, 0.0, np.pi / 2 if form == "share" else np.inf)
    back = np.sin(inside) if form == "share" else inside
    squared: Floats = back**2
    return squared
