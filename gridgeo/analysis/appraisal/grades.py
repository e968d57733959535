"""Grades A to D by probability: what chance alone can move earns none."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betainc, betaincc

from gridgeo.analysis.appraisal.metric import Better, require_order
from gridgeo.errors import ParameterError

Floats = npt.NDArray[np.float64]

UNDECIDED = "not enough evidence"
GRADES = ("A", "B", "C", "D", UNDECIDED)
SURE = 0.9

_NEEDED = ("numerator", "denominator", "alpha", "beta")


def grades(
    shares: pd.DataFrame,
    target: float,
    floor: float,
    better: Better = "high",
    sure: float = SURE,
) -> pd.DataFrame:
    """Grade shares by how probable it is that they meet a target or miss a floor.

    Parameters
    ----------
    shares : DataFrame, shape (m, …)
        As ``shrunk_shares`` gives it.
    target, floor : float
        0 < floor < target < 1 where high is better, 0 < target < floor < 1 where low is.
    better : {"high", "low"}
    sure : float
        How probable it must be, from 0.5 to below 1.

    Returns
    -------
    DataFrame, shape (m, 3)
        On the index of ``shares``: ``p_target``, the probability that the true share meets the
        target; ``p_floor``, that it misses the floor; ``grade``:

        A : the target is met with more than ``sure``.
        D : the floor is missed with more than ``sure``.
        C : else, the target is missed with more than ``sure``.
        B : else; the counts do not tell, and nothing inside B is a rank.
        not enough evidence : the denominator is below ``least_denominator``, or so small beside
            the weight of the peers that the grade would be the same whatever the numerator.

        Missing where the share is: what is not known is never a grade.

    Raises
    ------
    ParameterError
        Target and floor contradict each other, ``sure`` is out of range, or columns are missing.

    Notes
    -----
    Cliff scores (95 % is 10 points, 90 % is 8 …) have no such gate: what moves a small grid over
    an edge there is mostly chance.

    Examples
    --------
    >>> from gridgeo.analysis.appraisal.shrink import shrunk_shares
    >>> shares = shrunk_shares(pd.Series([200, 90, 60, 1]), pd.Series([200, 100, 100, 1]))
    >>> grades(shares, target=0.95, floor=0.8)["grade"].tolist()
    ['A', 'C', 'D', 'not enough evidence']
    """
    require_order(target, floor, better)
    _require_sure(sure)
    absent = [name for name in _NEEDED if name not in shares]
    if absent:
        raise ParameterError(
            f"shares lack {', '.join(absent)}.",
            hint="Give what shrunk_shares answers.",
            fields=["shares"],
        )
    y, n, alpha, beta = (shares[name].to_numpy("float64", na_value=np.nan) for name in _NEEDED)

    def judged(part: Floats) -> tuple[Floats, Floats, npt.NDArray]:
        """Judge the units as if that part of their denominator had been counted."""
        a, b = alpha - y + part, beta + y - part
        met = betaincc(a, b, target) if better == "high" else betainc(a, b, target)
        missed = betainc(a, b, floor) if better == "high" else betaincc(a, b, floor)
        low = np.where(missed > sure, "D", np.where(1 - met > sure, "C", "B"))
        return met, missed, np.where(met > sure, "A", low)

    p_target, p_floor, said = judged(y)
    decided = (n >= least_denominator(target, better, sure)) & (
        judged(np.zeros_like(n))[2] != judged(n)[2]
    )
    said = np.where(decided, said, UNDECIDED).astype(object)
    said[~np.isfinite(alpha)] = None
    return pd.DataFrame(
        {"p_target": p_target, "p_floor": p_floor, "grade": pd.array(said, dtype="str")},
        index=shares.index,
    )


def least_denominator(target: float, better: Better = "high", sure: float = SURE) -> int:
    """Say from how many counted on a unit is graded at all.

    Parameters
    ----------
    target : float
        0 to 1.
    better : {"high", "low"}
    sure : float
        As for ``grades``.

    Returns
    -------
    int
        The least denominator with which a clean sheet (all of it where high is better, nothing
        where low is) would earn an A by itself, without peers (prior Beta(½, ½)). Below it a
        unit could only lose.

    Raises
    ------
    ParameterError
        ``target`` or ``sure`` is out of range.

    Examples
    --------
    >>> least_denominator(0.95)
    27
    """
    _require_sure(sure)
    if not 0 < target < 1:
        raise ParameterError(f"target is {target}; it must lie between 0 and 1.", fields=["target"])
    distance = target if better == "high" else 1 - target

    def enough(n: int) -> bool:
        return bool(betaincc(n + 0.5, 0.5, distance) > sure)

    high = 1
    while not enough(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _require_sure(sure: float) -> None:
    if not 0.5 <= sure < 1:
        raise ParameterError(
            f"sure is {sure}; it must be 0.5 or more and below 1.",
            hint="0.9 lets one grade in ten be chance.",
            fields=["sure"],
        )
