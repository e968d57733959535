"""How long incidents wait for an answer: nobody who still waits is left out."""

import datetime as dt

import numpy as np
import pandas as pd
from scipy.special import ndtri

from gridgeo.analysis.rates import named
from gridgeo.errors import ParameterError

_HOUR = pd.Timedelta(hours=1)


def response_curve(
    incidents: pd.DataFrame, as_of: dt.datetime, level: float = 0.95
) -> pd.DataFrame:
    """Say what share of incidents is still unanswered so many hours after the report.

    Parameters
    ----------
    incidents : DataFrame, shape (n, …)
        As ``INCIDENTS`` promises: ``reported_at``, and ``closed_at`` where closed. Those
        reported after ``as_of`` are not looked at; one closed after it still waited then.
    as_of : datetime with time zone
        The moment asked about.
    level : float
        Confidence of the interval, 0 to 1.

    Returns
    -------
    DataFrame
        Indexed by ``hours``, rising, a row for each wait after which some were closed:
        ``waiting``, how many had waited so long; ``closed``, how many were closed then;
        ``open_share`` after it; its standard error ``se``; and the interval ``low``, ``high``,
        ``nan`` where the share is 0. No rows where none was closed.

    Raises
    ------
    ParameterError
        A column is missing, an incident has no ``reported_at`` or was closed before it, or
        ``as_of`` has no time zone.

    Notes
    -----
    Kaplan and Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958)
    457–481, by statsmodels: those still open count as long as they have waited. The median of
    the closed ones alone is too short, the more so the more are stuck. Standard error:
    Greenwood; interval on the scale log(−log S) (Kalbfleisch and Prentice 1980, p. 15).

    Examples
    --------
    >>> hours = pd.to_timedelta([2, 4, None], unit="h")
    >>> start = pd.Timestamp("2026-06-01T00:00Z")
    >>> incidents = pd.DataFrame({"reported_at": [start] * 3, "closed_at": start + hours})
    >>> response_curve(incidents, start + pd.Timedelta(hours=9))["open_share"].round(3).tolist()
    [0.667, 0.333]
    """
    if not 0 < level < 1:
        raise ParameterError(f"level is {level}; it must lie between 0 and 1.", fields=["level"])
    cases = waits(incidents, as_of)
    columns = ["waiting", "closed", "open_share", "se", "low", "high"]
    if not cases["done"].any():
        none = pd.Index([], name="hours", dtype="float64")
        return pd.DataFrame(columns=columns, index=none, dtype="float64")
    # Imported here: statsmodels is slow to load, and `import gridgeo` need not wait for it.
    from statsmodels.duration.survfunc import SurvfuncRight

    fit = SurvfuncRight(cases["waited_h"].to_numpy(), cases["done"].to_numpy(dtype="float64"))
    share = np.asarray(fit.surv_prob)
    with np.errstate(invalid="ignore", divide="ignore"):
        # statsmodels answers nan where the share falls to 0, and the error is 0 there.
        se = np.where(share > 0, fit.surv_prob_se, 0.0)
        width = ndtri((1 + level) / 2) * se / np.abs(share * np.log(share))
        low, high = share ** np.exp(width), share ** np.exp(-width)
    inner = share > 0
    values = (fit.n_risk, fit.n_events, share, se)
    curve = pd.DataFrame(dict(zip(columns, values, strict=False)))
    curve["low"], curve["high"] = np.where(inner, low, np.nan), np.where(inner, high, np.nan)
    curve = curve.set_axis(pd.Index(np.asarray(fit.surv_times, dtype="float64"), name="hours"))
    return curve[curve["closed"] > 0]


def hours_until(curve: pd.DataFrame, share: float = 0.5) -> float:
    """Say after how many hours a share of the incidents is answered.

    Parameters
    ----------
    curve : DataFrame
        As ``response_curve`` gives.
    share : float
        0.5 for the median; above 0 and up to 1.

    Returns
    -------
    float
        Hours; ``inf`` where so many have not been answered yet.

    Raises
    ------
    ParameterError
        ``share`` is out of range.
    """
    if not 0 < share <= 1:
        raise ParameterError(
            f"share is {share}; it must be above 0 and at most 1.", fields=["share"]
        )
    answered = curve.index[curve["open_share"] <= 1 - share + 1e-12]
    return float(answered[0]) if len(answered) else np.inf


def waits(incidents: pd.DataFrame, as_of: dt.datetime) -> pd.DataFrame:
    """Give the waits of the incidents reported by a moment.

    Parameters
    ----------
    incidents, as_of
        As for ``response_curve``.

    Returns
    -------
    DataFrame, a row for each incident reported by then, in their order
        ``at``, its position in ``incidents``; ``waited_h``, hours until closed or, so far,
        ``as_of``; ``age_h``, hours until ``as_of``; ``done``, whether closed by then.

    Raises
    ------
    ParameterError
        As ``response_curve``.
    """
    now = pd.Timestamp(as_of)
    if now.tz is None:
        raise ParameterError(
            f"as_of is {now} without a time zone; incidents have one.",
            hint='Say it, such as pandas.Timestamp("2026-07-01", tz="Asia/Shanghai").',
            fields=["as_of"],
        )
    lacking = [name for name in ("reported_at", "closed_at") if name not in incidents]
    if lacking:
        raise ParameterError(
            f"incidents has no column {' and no '.join(lacking)}.",
            hint="Bring it into the form of INCIDENTS; closed_at may be empty.",
            fields=lacking,
        )
    reported = pd.to_datetime(incidents["reported_at"], utc=True).reset_index(drop=True)
    closed = pd.to_datetime(incidents["closed_at"], utc=True).reset_index(drop=True)
    for wrong, says, field in (
        (reported.isna(), "have no reported_at", "reported_at"),
        (closed < reported, "were closed before they were reported", "closed_at"),
    ):
        if wrong.any():
            raise ParameterError(
                f"{wrong.sum()} of {len(wrong)} incidents {says}, such as "
                f"{named(incidents.index[wrong])}.",
                hint="Correct these rows, or leave them out.",
                fields=[field],
            )
    done = closed <= now
    age_h = (now - reported) / _HOUR
    cases = pd.DataFrame(
        {
            "at": np.arange(len(incidents)),
            "waited_h": ((closed - reported) / _HOUR).where(done, age_h),
            "age_h": age_h,
            "done": done,
        }
    )
    return cases[age_h >= 0].reset_index(drop=True)
