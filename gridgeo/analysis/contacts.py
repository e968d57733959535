"""How often people are called on who did not ask for it."""

import datetime as dt
from collections.abc import Collection

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridgeo.analysis.rounds import ZONE
from gridgeo.errors import ParameterError
from gridgeo.model.findings import make_findings
from gridgeo.model.people import persons_of

IN_VAIN = ("nobody-home",)


def days_ago(visits: pd.DataFrame, as_of: dt.date, zone: str = ZONE) -> npt.NDArray[np.float64]:
    """Count the days from each visit to a day, by the calendar of the city.

    Parameters
    ----------
    visits : DataFrame, shape (m, …)
        As ``VISITS`` promises.
    as_of : date
    zone : str

    Returns
    -------
    float64, shape (m,)
        0 on the day itself, negative for later visits.
    """
    days = pd.to_datetime(visits["visited_at"], utc=True).dt.tz_convert(zone).dt.tz_localize(None)
    age = (pd.Timestamp(as_of) - days.dt.normalize()).dt.days
    return np.asarray(age, dtype=np.float64)


def unsolicited(visits: pd.DataFrame, in_vain: Collection[str] = IN_VAIN) -> npt.NDArray[np.bool_]:
    """Tell which visits reached somebody who had not asked for one.

    Parameters
    ----------
    visits : DataFrame, shape (m, …)
        ``outcome`` and ``asked_for`` where known.
    in_vain : collection of str
        Outcomes with which nobody was disturbed.

    Returns
    -------
    bool, shape (m,)
        True also where the door was opened only to refuse, or to say that they moved away, and
        where no outcome was recorded: the doubt is the resident's. An empty ``asked_for`` is no.
    """
    contact = np.ones(len(visits), dtype=bool)
    if "outcome" in visits:
        contact &= ~visits["outcome"].isin(in_vain).to_numpy(dtype=bool)
    if "asked_for" in visits:
        contact &= ~visits["asked_for"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    return contact


def over_contact(
    households: gpd.GeoDataFrame,
    visits: pd.DataFrame,
    as_of: dt.date,
    within_days: int = 30,
    most: int = 1,
    look_back_days: int | None = None,
    in_vain: Collection[str] = IN_VAIN,
    zone: str = ZONE,
) -> gpd.GeoDataFrame:
    """Find the households that were called on too often without having asked.

    Parameters
    ----------
    households : GeoDataFrame of Point, shape (n,)
        ``grid_code`` on record is used where present. Vacant ones count, too: somebody opened.
    visits : DataFrame
        As ``VISITS`` promises; which of them count, ``unsolicited`` says. Visits to one household
        at one instant are one, recorded twice. Those of unknown households tell nothing here.
    as_of : date
        The last day looked at.
    within_days : int
        Days in a row that are looked at together; a visit exactly so many days after another one
        is not too early.
    most : int
        Visits allowed within them.
    look_back_days : int, optional
        Visits so many days ago or longer are not looked at; default all.
    in_vain : collection of str
        Outcomes with which nobody was disturbed.
    zone : str
        Time zone whose days are meant.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS`` of kind "over-contact" in the order of ``households``: ``value`` the most
        visits within ``within_days``.

    Raises
    ------
    ParameterError
        ``within_days`` or ``look_back_days`` is below 1, or ``most`` below 0.
    """
    for name, given, least in (
        ("within_days", within_days, 1),
        ("most", most, 0),
        ("look_back_days", look_back_days, 1),
    ):
        if given is not None and not given >= least:
            raise ParameterError(
                f"{name} is {given}; {least} or more is needed.",
                hint="At most 1 visit within 30 days is usual.",
                fields=[name],
            )
    count = np.zeros(len(households), np.int64)
    home = households.index.get_indexer(pd.Index(visits["household_id"]))
    age = days_ago(visits, as_of, zone)
    counts = (home >= 0) & (age >= 0) & unsolicited(visits, in_vain)
    if look_back_days is not None:
        counts &= age < look_back_days
    once = visits.loc[counts, ["household_id", "visited_at"]].duplicated().to_numpy()
    home, age = home[counts][~once], age[counts][~once].astype(np.int64)
    if len(home):
        # Households lie further apart than any two days, so that no window holds two of them.
        span = int(age.max()) + within_days + 1
        key = np.sort(home * span + age)
        first = np.searchsorted(key, key - within_days, side="right")
        np.maximum.at(count, key // span, np.arange(len(key)) - first + 1)
    at = np.flatnonzero(count > most)
    return make_findings(
        "over-contact",
        households.index[at].astype("str").tolist(),
        f"{most} in {within_days}d",
        grid_code=households["grid_code"].iloc[at] if "grid_code" in households else None,
        value=count[at],
        unit="visits",
        households=np.ones(len(at), dtype=int),
        persons=persons_of(households)[at],
        geometry=households.geometry.iloc[at],
        crs=households.crs,
        as_of=as_of,
    )
