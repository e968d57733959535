"""Which incidents were answered within their limit, and which still wait."""

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridgeo.analysis.rates import named
from gridgeo.analysis.response import waits
from gridgeo.errors import ParameterError

Floats = npt.NDArray[np.float64]


def on_time(
    incidents: pd.DataFrame,
    limit_h: float | pd.Series,
    as_of: dt.datetime,
    by: str | None = None,
    deferred: pd.Series | None = None,
) -> pd.DataFrame:
    """Count the incidents whose limit has run out, and those answered within it.

    Parameters
    ----------
    incidents : DataFrame, shape (n, …)
        As for ``response_curve``.
    limit_h : float or Series, shape (n,)
        Hours allowed, above 0: one for all, or one each on the index of ``incidents``; ``nan``
        where there is no limit.
    as_of : datetime with time zone
        The moment asked about.
    by : str, optional
        Column of ``incidents`` to count by, such as "grid_code" or "department".
    deferred : Series of bool, shape (n,), optional
        Incidents whose clock was stopped by order, on the index of ``incidents``.

    Returns
    -------
    DataFrame
        Indexed by the values of ``by`` in order, those without one under ``nan``; or one row,
        "all". ``due``, incidents whose limit ran out by ``as_of`` and was not deferred: the
        mature cohort, open or closed; ``on_time``, those of them closed within it, the last
        moment included; ``late``, the others; ``deferred``, left out of ``due``; ``share``,
        ``nan`` where none was due; ``low``, ``high``, its 95 % interval.

    Raises
    ------
    ParameterError
        As ``response_curve``; or ``by`` is no column, a limit is not above 0, or a series is
        not on the index of ``incidents``.

    Notes
    -----
    Incidents whose limit has not run out are in neither number: to count them as on time
    flatters, and to count those of them that are closed already flatters, too. Sum ``on_time``
    and ``due`` over grids to get the share of a town; never average shares. Interval: Wilson,
    "Probable inference", JASA 22 (1927).

    Examples
    --------
    >>> start = pd.Timestamp("2026-06-01T00:00Z")
    >>> incidents = pd.DataFrame({"reported_at": [start] * 3,
    ...     "closed_at": start + pd.to_timedelta([24, 25, None], unit="h")})
    >>> found = on_time(incidents, 24, start + pd.Timedelta(hours=48)).loc["all"]
    >>> int(found["on_time"]), int(found["due"])
    (1, 3)
    """
    cases = waits(incidents, as_of)
    limit = _limits(limit_h, incidents)[cases["at"]]
    stopped = np.zeros(len(incidents), dtype=bool)
    if deferred is not None:
        flags = _on_index(deferred, incidents, "deferred").astype("boolean")
        stopped = flags.fillna(False).to_numpy(dtype=bool)
    stopped = stopped[cases["at"]]
    mature = cases["age_h"].to_numpy() >= limit
    due = mature & ~stopped
    met = due & cases["done"].to_numpy() & (cases["waited_h"].to_numpy() <= limit)
    counts = pd.DataFrame(
        {"due": due, "on_time": met, "late": due & ~met, "deferred": mature & stopped}
    ).astype("int64")
    if by is None:
        groups = counts.sum().to_frame("all").T
    else:
        if by not in incidents:
            raise ParameterError(
                f"incidents has no column {by!r}.",
                hint=f"It has {named(incidents.columns)} and others.",
                fields=["by"],
            )
        keys = incidents[by].iloc[cases["at"]].reset_index(drop=True)
        groups = counts.groupby(keys, sort=True, dropna=False, observed=True).sum()
    # Imported here: it loads statsmodels, which is slow, and `import gridgeo` need not wait.
    from gridgeo.analysis.rounds import wilson

    low, high = wilson(groups["on_time"].to_numpy(), groups["due"].to_numpy())
    share = groups["on_time"] / groups["due"].where(groups["due"] > 0)
    return groups.assign(share=share.astype("float64"), low=low, high=high)


def ageing(incidents: pd.DataFrame, limit_h: float | pd.Series, as_of: dt.datetime) -> pd.DataFrame:
    """List the incidents that still wait, the longest wait first.

    Parameters
    ----------
    incidents, limit_h, as_of
        As for ``on_time``.

    Returns
    -------
    DataFrame
        Those of ``incidents`` reported and not closed by ``as_of``, with all their columns and
        ``age_h``, hours waited; ``limit_h``; ``overdue_h``, hours past the limit, negative
        while it runs, ``nan`` without one. Of the same age they keep their order.

    Raises
    ------
    ParameterError
        As ``on_time``.
    """
    cases = waits(incidents, as_of)
    cases["limit_h"] = _limits(limit_h, incidents)[cases["at"]]
    waiting = cases[~cases["done"]].sort_values("age_h", ascending=False, kind="stable")
    rows = incidents.iloc[waiting["at"]]
    return rows.assign(
        age_h=waiting["age_h"].to_numpy(),
        limit_h=waiting["limit_h"].to_numpy(),
        overdue_h=(waiting["age_h"] - waiting["limit_h"]).to_numpy(),
    )


def _limits(limit_h: float | pd.Series, incidents: pd.DataFrame) -> Floats:
    """Give the limit of each incident; nan for none."""
    if isinstance(limit_h, pd.Series):
        limit = _on_index(limit_h, incidents, "limit_h").to_numpy("float64", na_value=np.nan)
    else:
        limit = np.full(len(incidents), float(limit_h))
    if (limit <= 0).any():
        raise ParameterError(
            f"{(limit <= 0).sum()} limits are not above 0 hours.",
            hint="Give hours, such as 24, and nan where there is no limit.",
            fields=["limit_h"],
        )
    return limit


def _on_index(series: pd.Series, incidents: pd.DataFrame, name: str) -> pd.Series:
    """Refuse a series that is not on the index of the incidents."""
    if series.index.equals(incidents.index):
        return series
    raise ParameterError(
        f"{name} has not the index of incidents.",
        hint=f"Call {name}.reindex(incidents.index).",
        fields=[name],
    )
