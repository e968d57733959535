"""Who was on duty when: workers are followed in their duty hours only."""

import numpy as np
import pandas as pd


def on_duty(fixes: pd.DataFrame, rosters: pd.DataFrame) -> pd.Series:
    """Tell which fixes were taken in duty hours of their worker.

    Parameters
    ----------
    fixes : DataFrame, shape (n, …)
        With ``worker_id`` and ``t``, as ``FIXES`` promises, in any order.
    rosters : DataFrame
        With ``worker_id``, ``starts_at`` and ``ends_at``, as ``ROSTERS`` promises. Duties of one
        worker may overlap.

    Returns
    -------
    Series of bool, shape (n,)
        On the index of ``fixes``. Both ends of a duty count, for whichever grid it is. False where
        the worker or the time is not known, and for a worker who is on no roster.

    Examples
    --------
    >>> at = pd.to_datetime(["2026-06-24T07:59Z", "2026-06-24T08:00Z", "2026-06-24T09:01Z"])
    >>> seen = pd.DataFrame({"worker_id": "w", "t": at})
    >>> duty = pd.DataFrame({"worker_id": ["w"], "starts_at": at[1:2],
    ...     "ends_at": [pd.Timestamp("2026-06-24T09:00Z")]})
    >>> on_duty(seen, duty).tolist()
    [False, True, False]
    """
    duties = pd.DataFrame(
        {
            "worker": rosters["worker_id"].astype("str").array,
            "since": _moments(rosters["starts_at"]),
            "until": _moments(rosters["ends_at"]),
        }
    ).dropna()
    # Of the duties begun before a fix the one that ends last decides.
    duties = duties.sort_values("since", kind="stable")
    duties["until"] = duties.groupby("worker")["until"].cummax()
    seen = pd.DataFrame(
        {
            "worker": fixes["worker_id"].astype("str").array,
            "t": _moments(fixes["t"]),
            "row": np.arange(len(fixes)),
        }
    ).dropna()
    seen = seen.sort_values("t", kind="stable")
    begun = pd.merge_asof(seen, duties, left_on="t", right_on="since", by="worker")
    on = np.zeros(len(fixes), bool)
    on[begun["row"].to_numpy()] = (begun["t"] <= begun["until"]).to_numpy()
    return pd.Series(on, index=fixes.index, name="on_duty")


def _moments(values: pd.Series) -> np.ndarray:
    return pd.to_datetime(values, utc=True).dt.tz_localize(None).to_numpy("datetime64[us]")
