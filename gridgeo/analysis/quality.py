"""How good the records of the households are: complete, accurate, fresh (完整、准确、鲜活)."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.model.people import lived_in

# What a household's record is expected to say; a city may ask for other fields.
REQUIRED = ("address_id", "size_band", "lived_in", "grid_code")


def fields_filled(
    households: pd.DataFrame, required: tuple[str, ...] = REQUIRED
) -> tuple[np.ndarray, np.ndarray]:
    """Count the fields that each record is expected to fill, and those it does.

    Parameters
    ----------
    households : DataFrame, shape (n, …)
        A required column that is absent counts as empty.
    required : tuple of str

    Returns
    -------
    filled, expected : ndarray of int, shape (n,)
        ``size_band`` is not expected of a dwelling in which nobody lives.
    """
    filled, expected = np.zeros((2, len(households)), dtype="int64")
    occupied = lived_in(households)
    for name in required:
        asked = occupied if name == "size_band" else np.ones(len(households), bool)
        expected += asked
        if name in households:
            values = households[name]
            there = values.notna().to_numpy()
            if not pd.api.types.is_bool_dtype(values.dtype):
                there = there & values.astype("str").str.strip().ne("").to_numpy(dtype=bool)
            filled += asked & there
    return filled, expected


def rightly_recorded(
    households: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, position: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compare the grid on record with the place.

    Parameters
    ----------
    households : GeoDataFrame of Point, shape (n,)
        ``grid_code`` on record; ``placed_by`` where known.
    grids : GeoDataFrame of Polygon or MultiPolygon
        Indexed by ``grid_code``, in the CRS of ``households``.
    position : ndarray of int, shape (n,)
        The grid each lies in, -1 for none.

    Returns
    -------
    right, judged : ndarray of bool, shape (n,)
        Right where the recorded grid covers the household, borders included. Not judged: without
        a recorded grid or a point, or placed by anything but its own coordinates, since then the
        place says nothing new.
    """
    judged = ~(households.geometry.isna() | households.geometry.is_empty).to_numpy()
    if "grid_code" not in households:
        return np.zeros(len(households), bool), judged & False
    recorded = households["grid_code"].astype("str").str.strip()
    judged &= recorded.fillna("").ne("").to_numpy(dtype=bool)
    if "placed_by" in households:
        placed_by = households["placed_by"].fillna("coordinates")
        judged &= placed_by.eq("coordinates").to_numpy(dtype=bool)
    codes = grids.index.astype("str")
    first = codes.to_numpy(dtype=object)
    lies_in = np.where(position < 0, "", first[position]) if len(grids) else np.array("")
    right = judged & (recorded.to_numpy(dtype=object) == lies_in)
    # On a border, or where grids overlap, another grid than the first covers it as well.
    known = pd.Series(np.asarray(grids.geometry.array), index=codes)
    known = known[~known.index.duplicated()]
    open_ = np.flatnonzero(judged & ~right & recorded.isin(known.index).to_numpy())
    areas = known.loc[recorded.iloc[open_]].to_numpy()
    points = np.asarray(households.geometry.array)[open_]
    right[open_] = shapely.intersects(areas, points)
    return right, judged


def freshly_checked(
    households: pd.DataFrame,
    visit_age_days: pd.Series | None,
    within_days: int,
    as_of: dt.date,
) -> tuple[np.ndarray, np.ndarray]:
    """Tell whose record was checked lately, by a visit or in the register.

    Parameters
    ----------
    households : DataFrame, shape (n, …)
        ``updated_on`` where known; days after ``as_of`` are not looked at.
    visit_age_days : Series of float, shape (n,), optional
        As ``rounds.visit_ages`` gives it; None where no visits are known.
    within_days : int
        A record checked exactly so many days ago is fresh.
    as_of : date

    Returns
    -------
    fresh, judged : ndarray of bool, shape (n,)
        A dwelling in which nobody lives gets no visits: it is judged only where the register
        says of any household when it was updated. Nobody is where nothing at all tells.
    """
    age = np.full(len(households), np.inf)
    judged = np.zeros(len(households), bool)
    if visit_age_days is not None:
        age = visit_age_days.to_numpy(dtype="float64")
        judged = lived_in(households)
    if "updated_on" in households and households["updated_on"].notna().any():
        judged = np.ones(len(households), bool)
        days = pd.to_datetime(households["updated_on"])
        since = (pd.Timestamp(as_of) - days).dt.days.to_numpy(dtype="float64")
        age = np.fmin(age, np.where(since >= 0, since, np.inf))
    return judged & (age <= within_days), judged
