"""From counts to answers: share, interval, place among the peers, grade."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gridgeo.analysis.appraisal import (
    Metric,
    funnel,
    grades,
    ratio_interval,
    shrunk_shares,
)

ANSWERS: dict[str, str] = {
    "share": "float64",
    "shrunk": "float64",
    "low": "float64",
    "high": "float64",
    "peers_share": "float64",
    "z": "float64",
    "limit_low": "float64",
    "limit_high": "float64",
    "p_target": "float64",
    "grade": "str",
    "peers_counted": "float64",
    "prior": "str",
}


_AWAY = {"z": "z", "limit_low": "low_998", "limit_high": "high_998"}


def judged(rows: pd.DataFrame, metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """Answer every row from its counts and those of its peers, and from nothing else.

    Parameters
    ----------
    rows : DataFrame, shape (n, …)
        ``metric``, ``peers``, ``numerator``, ``rest`` and, of ratios, ``expected``; counts may
        be missing.
    metrics : mapping of name to Metric

    Returns
    -------
    DataFrame, shape (n, 12)
        On the index of ``rows``: ``share``, of a ratio observed ÷ expected; ``shrunk``, drawn
        towards the peers (shares alone); ``low`` and ``high``, 90 %; ``peers_share``, the sum
        of their numerators over that of their denominators; ``z``, standard errors above them
        with over-dispersion; ``limit_low`` and ``limit_high``, between which 99.8 % of units like
        the peers lie at this denominator; ``p_target``, the probability that the target is
        met; ``grade``, missing where nothing is graded; ``peers_counted`` and ``prior`` as in
        ``shrunk_shares``.
    """
    out = pd.DataFrame(
        {name: pd.Series(None, rows.index, dtype=kind) for name, kind in ANSWERS.items()}
    )
    for name, mine in rows.groupby("metric", sort=False):
        metric = metrics[str(name)]
        part = mine["numerator"].astype("Float64")
        found = _ratios(part, mine) if metric.form == "ratio" else _shares(part, mine, metric)
        for column in found:
            out.loc[mine.index, column] = found[column]
    return out


def _shares(part: pd.Series, rows: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    whole = part + rows["rest"].astype("Float64")
    shares = shrunk_shares(part, whole, rows["peers"])
    found = shares[["share", "shrunk", "low", "high", "prior"]].copy()
    away = funnel(part, whole, rows["peers"])
    found["peers_share"] = away["middle"]
    found[[*_AWAY]] = away[[*_AWAY.values()]].to_numpy()
    found["peers_counted"] = shares["peers"].astype("float64")
    if metric.target is not None and metric.floor is not None:
        graded = grades(shares, metric.target, metric.floor, metric.better)
        found[["p_target", "grade"]] = graded[["p_target", "grade"]]
    return found


def _ratios(part: pd.Series, rows: pd.DataFrame) -> pd.DataFrame:
    expected = rows["expected"].astype("Float64")
    told = part.notna() & expected.notna() & (expected > 0)
    observed = part.where(told)
    away = funnel(observed, expected.where(told), rows["peers"], form="ratio")
    low, high = np.full((2, len(rows)), np.nan)
    known = told.to_numpy(dtype=bool)
    low[known], high[known] = ratio_interval(observed[told], expected[told])
    found = away[["value", *_AWAY.values()]].set_axis(["share", *_AWAY], axis=1)
    return found.assign(low=low, high=high, peers_share=np.where(known, 1.0, np.nan))
