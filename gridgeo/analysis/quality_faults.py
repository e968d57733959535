"""Whose household records are too poor to rely on (D)."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.rounds import wilson
from gridgeo.errors import ParameterError
from gridgeo.model.findings import make_findings

# Good and bad of each question; together all that could be judged.
ASKED = {
    "complete": ("fields_filled", "fields_empty"),
    "accurate": ("placed_right", "placed_wrong"),
    "fresh": ("fresh", "stale"),
}
CERTAIN = 0.95


def record_faults(
    grids: gpd.GeoDataFrame,
    counts: pd.DataFrame,
    least: float,
    as_of: dt.date,
    households: pd.Series | None = None,
) -> gpd.GeoDataFrame:
    """Find the grids whose records are below a standard, beyond what chance explains.

    Parameters
    ----------
    grids : GeoDataFrame, shape (m,)
        Indexed by ``grid_code``.
    counts : DataFrame of float, shape (m, 6)
        The columns of ``ASKED``, on the index of ``grids`` in its order.
    least : float
        The standard: quality that is good enough, above 0 to 1. Quality is the geometric mean of
        the shares complete, accurate and fresh, so that none makes up for another at 0.
    as_of : date
        Day the findings hold for.
    households : Series of int, optional
        Occupied households by grid; one that is not in it has 0.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS`` of kind "records", in the order of ``grids``, the grid as evidence:
        ``value``, the quality to two places. A grid is found where the quality stays below
        ``least`` even with all three shares at the upper end of their intervals (Wilson, 95 % on
        one side); one of which a share cannot be judged is not.

    Raises
    ------
    ParameterError
        ``least`` is out of range, columns are missing, or there are not as many rows as grids.
    """
    if not 0 < least <= 1:
        raise ParameterError(
            f"The least quality is {least}; it must be above 0 and at most 1.", fields=["least"]
        )
    names = [name for pair in ASKED.values() for name in pair]
    absent = [name for name in names if name not in counts]
    if absent or len(counts) != len(grids):
        raise ParameterError(
            f"There are counts of {len(counts)} grids, without {', '.join(absent) or 'nothing'}; "
            f"needed are {', '.join(names)} of all {len(grids)}.",
            fields=["counts"],
        )
    quality, at_best = np.ones((2, len(counts)))
    for good, bad in ASKED.values():
        part = counts[good].to_numpy("float64")
        whole = part + counts[bad].to_numpy("float64")
        quality *= np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
        at_best *= wilson(part, whole, level=2 * CERTAIN - 1)[1]
    quality, at_best = quality ** (1 / 3), at_best ** (1 / 3)
    at = np.flatnonzero(at_best < least)
    codes = grids.index[at].astype("str").tolist()
    return make_findings(
        "records",
        codes,
        f"quality>={least:g}",
        grid_code=codes,
        value=quality[at].round(2),
        unit="share",
        households=None if households is None else households.reindex(grids.index[at]).fillna(0),
        geometry=grids.geometry.iloc[at],
        crs=grids.crs,
        as_of=as_of,
    )
