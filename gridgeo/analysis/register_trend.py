"""How a register of faults comes and goes: what was open, opened and closed by each day."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def open_over_time(
    episodes: pd.DataFrame, days: pd.DatetimeIndex, by: Sequence[str] = ("kind",)
) -> pd.DataFrame:
    """Count the faults open on each of several days, and those that came and went in between.

    Parameters
    ----------
    episodes : DataFrame, shape (n,)
        ``opened_on``, ``closed_on`` (the first day on which it is no longer there; missing while
        it is open), and the columns of ``by``, of which none may be missing.
    days : DatetimeIndex, shape (d,)
        Ascending.
    by : sequence of str
        What to count apart.

    Returns
    -------
    DataFrame of int, shape (g × d, 3)
        Indexed by ``by`` and ``day``, for every combination of ``by`` that stands in
        ``episodes``: ``open`` on that day; ``opened`` and ``closed`` since the day before it in
        ``days``, that one not counted. On the first day these count all that came before.
        ``open`` = ``open`` of the day before + ``opened`` − ``closed``.

    Examples
    --------
    >>> first, second = pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-08")
    >>> faults = pd.DataFrame(
    ...     {"kind": ["gap", "gap"], "opened_on": [first, second], "closed_on": [second, pd.NaT]}
    ... )
    >>> open_over_time(faults, pd.DatetimeIndex([first, second])).to_numpy().tolist()
    [[1, 1, 0], [1, 1, 1]]
    """
    keys = pd.MultiIndex.from_frame(episodes[list(by)].drop_duplicates().sort_values(list(by)))
    whose = keys.get_indexer(pd.MultiIndex.from_frame(episodes[list(by)]))
    table = np.zeros((2, len(keys), len(days) + 1), np.int64)
    for n, name in enumerate(("opened_on", "closed_on")):
        moments = pd.DatetimeIndex(episodes[name])
        there = np.asarray(moments.notna())
        # A day later than all is past the last place, which is dropped.
        at = days.searchsorted(moments[there], side="left")
        np.add.at(table[n], (whose[there], at), 1)
    opened, closed = table[:, :, :-1].reshape(2, -1)
    still = (table[0] - table[1])[:, :-1].cumsum(axis=1).ravel()
    levels = [*(keys.get_level_values(name) for name in by)]
    index = pd.MultiIndex.from_arrays(
        [*(level.repeat(len(days)) for level in levels), np.tile(days, len(keys))],
        names=[*by, "day"],
    )
    return pd.DataFrame({"open": still, "opened": opened, "closed": closed}, index=index)
