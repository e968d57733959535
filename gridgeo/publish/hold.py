"""Figures over time: a change of fewer than k people is not told."""

import numpy as np
import pandas as pd

from gridgeo.publish.suppress import Bools, small


def hold(
    figures: pd.DataFrame, past: pd.DataFrame, k: int, again: pd.Series | None = None
) -> tuple[pd.DataFrame, pd.Series]:
    """Publish the nearest earlier figures again where the new ones lie within k of any.

    Parameters
    ----------
    figures : DataFrame, shape (n, c)
        New figures by feature; the columns tell of the same people and are held as one.
    past : DataFrame
        What ``Ledger.published`` gives, oldest first.
    k : int
    again : Series of bool, optional
        By feature: whether the last earlier figures are published again, however far they are.

    Returns
    -------
    figures : DataFrame, shape (n, c)
        Equal to, or at least k away from, all that was published before; of two earlier
        figures as near, the later one. Those below k were told under a lesser k to other
        readers, and are not counted.
    held : Series of bool, shape (n,)
    """
    kept = pd.Series(False, index=figures.index)
    group = list(figures.columns)
    rows = past[past["column"].isin(group) & past["feature_id"].isin(figures.index)]
    if rows.empty:
        return figures, kept
    # One row a feature and earlier release, also of the same period; the latest first.
    rows = rows.assign(again=rows.groupby(["feature_id", "period", "column"]).cumcount())
    earlier = (
        rows[::-1]
        .pivot_table(
            index=["feature_id", "period", "again"], columns="column", values="value", sort=False
        )
        .reindex(columns=group)
        .dropna()
        .droplevel(["period", "again"])
    )
    open_to_all: Bools = ~np.any(small(earlier.to_numpy(), k), axis=1)
    earlier = earlier.loc[open_to_all]
    apart = (earlier - figures.loc[earlier.index]).abs().to_numpy()
    close = pd.Series(small(apart, k).any(axis=1), index=earlier.index)
    kept |= close.groupby(level=0).any().reindex(figures.index, fill_value=False)
    distance = pd.Series(apart.sum(axis=1), index=earlier.index)
    if again is not None:
        kept |= again & kept.index.isin(earlier.index)
        distance[again.loc[earlier.index].to_numpy()] = 0.0  # of equals the latest is taken
    order = np.argsort(distance.to_numpy(), kind="stable")
    nearest = earlier.take(order).groupby(level=0).first()
    return figures.mask(kept, nearest.reindex(figures.index)), kept
