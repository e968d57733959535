"""How complete, accurate and fresh the household records of each grid are, in counts."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.quality import fields_filled, freshly_checked, rightly_recorded
from gridgeo.analysis.quality_faults import ASKED
from gridgeo.services.kept import Homes
from gridgeo.services.standards import Standards


def record_counts(
    homes: Homes,
    grids: gpd.GeoDataFrame,
    visit_age_days: pd.Series | None,
    as_of: dt.date,
    standards: Standards,
) -> pd.DataFrame:
    """Count the household records of each grid, good and bad.

    Parameters
    ----------
    homes : Homes
        Dwellings of the day; one in no grid counts where it is recorded.
    grids : GeoDataFrame, shape (m,)
        Those in force, in the order that ``homes`` counts them in and in its CRS.
    visit_age_days : Series of float, optional
        As ``rounds.visit_ages`` gives it; None where no visits are known.
    as_of : date
    standards : Standards
        Which fields are required, for how long a record is fresh.

    Returns
    -------
    DataFrame of float64, shape (m, 6)
        On the index of ``grids``: the columns of ``ASKED``.
    """
    records = homes.frame
    place = homes.position
    if "grid_code" in records:
        codes = pd.Index(records["grid_code"].astype("str"))
        place = np.where(place < 0, grids.index.astype("str").get_indexer(codes), place)
    filled, expected = fields_filled(records, standards.required_fields)
    right, placed = rightly_recorded(records, grids, homes.position)
    fresh, judged = freshly_checked(records, visit_age_days, standards.fresh_within_days, as_of)
    parts = (filled, expected - filled, right, placed & ~right, fresh, judged & ~fresh)
    names = [name for pair in ASKED.values() for name in pair]
    known = place >= 0
    counts = {
        name: np.bincount(place[known], part[known], len(grids)).round()
        for name, part in zip(names, parts, strict=True)
    }
    return pd.DataFrame(counts, index=grids.index)
