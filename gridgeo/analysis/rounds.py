"""Whom the visiting rounds have left out: the days since a household was last met."""

import datetime as dt
from collections.abc import Collection

import geopandas as gpd
import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from gridgeo.errors import ParameterError
from gridgeo.model.findings import make_findings
from gridgeo.model.people import lived_in, persons_of

ZONE = "Asia/Shanghai"
COUNTED = ("met",)


def visit_ages(
    households: pd.DataFrame,
    visits: pd.DataFrame,
    as_of: dt.date,
    outcomes: Collection[str] = COUNTED,
    zone: str = ZONE,
) -> pd.Series:
    """Count the days since each household was last met.

    Parameters
    ----------
    households : DataFrame or GeoDataFrame, shape (n,)
        Indexed by ``household_id``.
    visits : DataFrame
        As ``VISITS`` promises. One of an unknown household tells nothing here; see
        ``stray_visits``.
    as_of : date
        The day asked about. Visits of later days are not looked at.
    outcomes : collection of str
        Outcomes by which a household counts as visited; one that is not recorded never counts.
    zone : str
        Time zone whose days are meant.

    Returns
    -------
    Series of float64, shape (n,)
        ``visit_age_days`` on the index of ``households``: whole days, 0 on the day itself;
        ``inf`` where no visit counted, also where nobody lives.

    Examples
    --------
    >>> homes = pd.DataFrame(index=pd.Index(["a", "b"], name="household_id"))
    >>> seen = pd.DataFrame({"household_id": ["a"], "outcome": ["met"],
    ...     "visited_at": pd.to_datetime(["2026-06-30T23:30+08:00"], utc=True)})
    >>> visit_ages(homes, seen, dt.date(2026, 7, 1)).tolist()
    [1.0, inf]
    """
    latest = np.full(len(households), np.inf)
    if len(visits) and "outcome" in visits:
        at = households.index.get_indexer(pd.Index(visits["household_id"]))
        age = _ages(visits, as_of, zone)
        counts = (at >= 0) & (age >= 0) & visits["outcome"].isin(outcomes).to_numpy()
        np.minimum.at(latest, at[counts], age[counts])
    return pd.Series(latest, index=households.index, name="visit_age_days")


def stray_visits(
    households: pd.DataFrame, visits: pd.DataFrame, as_of: dt.date, zone: str = ZONE
) -> pd.DataFrame:
    """Name the visits that cannot be counted.

    Parameters
    ----------
    households, visits, as_of, zone
        As for ``visit_ages``.

    Returns
    -------
    DataFrame
        Rows of ``visits`` with a column ``reason``: "unknown-household", or "later-visit" (on a
        day after ``as_of``). A row that is both is named for its household.
    """
    unknown = households.index.get_indexer(pd.Index(visits["household_id"])) < 0
    later = _ages(visits, as_of, zone) < 0
    stray = visits[unknown | later]
    reason = np.where(unknown, "unknown-household", "later-visit")[unknown | later]
    return stray.assign(reason=reason)


def round_faults(
    households: gpd.GeoDataFrame,
    visits: pd.DataFrame,
    within_days: int,
    as_of: dt.date,
    outcomes: Collection[str] = COUNTED,
    zone: str = ZONE,
) -> gpd.GeoDataFrame:
    """Find the households that were not met for too long, or never (V1).

    Parameters
    ----------
    households : GeoDataFrame of Point, shape (n,)
        ``lived_in`` and ``grid_code`` on record are used where present. An empty dwelling owes
        no visit. Since when a household is on record is not known: a new one counts as never
        visited from its first day.
    visits, as_of, outcomes, zone
        As for ``visit_ages``.
    within_days : int
        The standard; a household met exactly so many days ago meets it.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS`` by kind, then in the order of ``households``; ``subject`` the household id:

        visit-overdue : last met more than ``within_days`` days ago. ``value`` the days since,
            ``days`` those over the standard.
        never-visited : no visit ever counted. ``value`` ``inf``.

    Raises
    ------
    ParameterError
        ``within_days`` is negative.
    """
    _require_days(within_days)
    age = visit_ages(households, visits, as_of, outcomes, zone).to_numpy()
    occupied = lived_in(households)
    never = np.flatnonzero(np.isinf(age) & occupied)
    overdue = np.flatnonzero(np.isfinite(age) & (age > within_days) & occupied)
    at = np.concatenate([overdue, never])
    return make_findings(
        ["visit-overdue"] * len(overdue) + ["never-visited"] * len(never),
        households.index[at].astype("str").tolist(),
        [f"{within_days}d"] * len(overdue) + ["one visit"] * len(never),
        grid_code=households["grid_code"].iloc[at] if "grid_code" in households else None,
        value=age[at],
        unit="days",
        households=np.ones(len(at), dtype=int),
        persons=persons_of(households)[at],
        days=np.append(age[overdue] - within_days, np.ones(len(never))),
        geometry=households.geometry.iloc[at],
        crs=households.crs,
        as_of=as_of,
    )


def rounds_per_grid(
    position: np.ndarray, grids: int, owing: np.ndarray, age_days: np.ndarray, within_days: int
) -> pd.DataFrame:
    """Count how the rounds stand in each grid.

    Parameters
    ----------
    position : ndarray of int, shape (n,)
        Grid of each household, -1 for none.
    grids : int
        How many grids there are.
    owing : ndarray of bool, shape (n,)
        Whether the household is owed a visit.
    age_days : ndarray of float, shape (n,)
        As ``visit_ages`` gives it.
    within_days : int
        The standard, met at <=.

    Returns
    -------
    DataFrame of int, shape (grids, 3)
        By position: ``visited``, ``overdue``, ``never_visited``; together the households owing.
    """
    _require_days(within_days)

    def count(which: np.ndarray) -> np.ndarray:
        return np.bincount(position[which & owing & (position >= 0)], minlength=grids)

    never = np.isinf(age_days)
    met = age_days <= within_days
    return pd.DataFrame(
        {"visited": count(met), "overdue": count(~met & ~never), "never_visited": count(never)}
    )


def wilson(part: np.ndarray, whole: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, ...]:
    """Give the interval in which a share lies, as far as the counts tell.

    Parameters
    ----------
    part, whole : ndarray of float, shape (m,)
        Counts, 0 <= part <= whole; nan where not known.
    level : float
        Confidence, 0 to 1.

    Returns
    -------
    low, high : ndarray of float64, shape (m,)
        nan where ``whole`` is 0 or not known.

    Notes
    -----
    Wilson, "Probable inference", JASA 22 (1927), by statsmodels.
    """
    part, whole = np.asarray(part, dtype="float64"), np.asarray(whole, dtype="float64")
    known = (whole > 0) & np.isfinite(part)
    low, high = np.full((2, len(whole)), np.nan)
    if known.any():
        low[known], high[known] = proportion_confint(
            part[known], whole[known], alpha=1 - level, method="wilson"
        )
    return low, high


def _ages(visits: pd.DataFrame, as_of: dt.date, zone: str) -> np.ndarray:
    """Give the days from each visit's day to ``as_of``; negative for later ones."""
    days = pd.to_datetime(visits["visited_at"], utc=True).dt.tz_convert(zone).dt.tz_localize(None)
    return (pd.Timestamp(as_of) - days.dt.normalize()).dt.days.to_numpy(dtype="float64")


def _require_days(within_days: int) -> None:
    if not within_days >= 0:
        raise ParameterError(
            f"within_days is {within_days}; a standard is 0 or more days.",
            hint="Give it in days, such as 90.",
            fields=["within_days"],
        )
