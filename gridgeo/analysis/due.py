"""Whom each worker is to call on next, and in which order."""

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridgeo.analysis.contacts import IN_VAIN, days_ago, unsolicited
from gridgeo.analysis.near_pairs import Floats, Ints, Layer, places
from gridgeo.analysis.rounds import COUNTED, ZONE, visit_ages
from gridgeo.analysis.staffing import appointments_in_force
from gridgeo.analysis.walking_order import (
    ranks,
    street_metres,
    to_metres,
    to_mm,
    walk,
    walking_order,
)
from gridgeo.errors import ParameterError
from gridgeo.model.crs import require_metric
from gridgeo.model.people import lived_in

AGAIN_DAYS = 7  # a door tried in vain so lately lets all others go first


class Due(NamedTuple):
    """Who is to be called on, and who is due but not on a list.

    Parameters
    ----------
    calls : GeoDataFrame of Point, shape (c, …)
        Index ``household_id``; by worker, then in walking order.

        worker_id : who calls.
        turn : 1, 2, … of that worker.
        leg_m : metres from the call before, or from the start; NaN where no place is known.
        grid_code : the grid.
        why : "never" (no visit ever counted), "overdue", or "soon" (due within ``ahead_days``).
        days : since the last visit that counts; NA for never.
        last_met : its day.
        last_attempt, attempt : day and outcome of the last visit since then that does not count.
        geometry : None for a household known by its grid alone.
    left_out : GeoDataFrame of Point, shape (l, …)
        Index ``household_id``, by grid, the most urgent first; the same columns without those
        of the walk, and

        because : "contacted" (called on within ``not_within_days`` without having asked), "full"
            (beyond ``most``), or "nobody" (no grid known, or nobody in post there).
        not_before : first day on which one who was contacted may be called on again.
    """

    calls: gpd.GeoDataFrame
    left_out: gpd.GeoDataFrame


def due_list(
    households: gpd.GeoDataFrame,
    visits: pd.DataFrame,
    appointments: pd.DataFrame,
    as_of: dt.date,
    within_days: int = 90,
    ahead_days: int = 7,
    not_within_days: int = 30,
    most: int | None = None,
    stations: Layer | None = None,
    streets: Layer | None = None,
    grid_code: pd.Series | None = None,
    outcomes: Collection[str] = COUNTED,
    in_vain: Collection[str] = IN_VAIN,
    again_days: int = AGAIN_DAYS,
    zone: str = ZONE,
) -> Due:
    """Make each worker's list of calls for a day, in walking order.

    Parameters
    ----------
    households : GeoDataFrame of Point, shape (n,)
        As ``HOUSEHOLDS`` promises, metric CRS. An empty dwelling owes no visit.
    visits, appointments : DataFrame
        As ``VISITS`` and ``APPOINTMENTS`` promise. Visits after ``as_of`` are not looked at.
    as_of : date
    within_days : int
        The standard; a household met exactly so many days ago is not overdue.
    ahead_days : int
        Those that will be overdue after so many more days are called on already.
    not_within_days : int
        Nobody is called on who was reached, without having asked, fewer days ago than this; see
        ``contacts.unsolicited``. A door that stayed shut was no contact.
    most : int, optional
        Calls of one worker, over all their grids; the most urgent ones are kept.
    stations : GeoSeries or GeoDataFrame of Point, optional
        Each walk begins at the one nearest to the middle of its calls. Without them, and
        without ``streets``, a walk begins at one of its ends.
    streets : GeoSeries or GeoDataFrame of LineString or MultiLineString, optional
        Ways are measured along them; for a few workers at a time.
    grid_code : Series of str, shape (n,), optional
        Which grid serves each household, on the index of ``households``; default: on record.
    outcomes : collection of str
        Outcomes by which a household counts as visited.
    in_vain : collection of str
        Outcomes with which nobody was disturbed.
    again_days : int
        A household tried without success fewer days ago than this goes behind all others, so
        that a door that never opens takes nobody's place.
    zone : str
        Time zone whose days are meant.

    Returns
    -------
    Due
        Every household that is due stands in it exactly once.

    Raises
    ------
    CRSError
        ``households`` is in no metric CRS.
    ParameterError
        A number of days is negative, ``most`` below 1, an id stands twice, or no grid is said.

    Notes
    -----
    Most urgent: those not tried lately before those that were; never visited, then by the days
    since the last visit; then those tried longest ago; then by id.

    Workers of one grid share its calls: of the most urgent ``most`` times their number, laid out
    in one walk, each takes a stretch, in the order of their ids; stretches differ by one call at
    most. A grid leader calls only where the grid has no worker.
    """
    _require(households, within_days, ahead_days, not_within_days, most, again_days)
    of_grid = _grids(households, grid_code)
    age = visit_ages(households, visits, as_of, outcomes, zone).to_numpy()
    contact, tried, attempt = _contacts(households, visits, as_of, outcomes, in_vain, zone)
    tried = np.where(tried <= age, tried, np.inf)
    due = np.flatnonzero((age > within_days - ahead_days) & lived_in(households))
    rank = ranks(households.index)
    lately = (tried < again_days) & (tried >= 0)
    by_urgency = due[np.lexsort((rank[due], -tried[due], -age[due], lately[due]))]
    urgency = np.full(len(households), len(households))
    urgency[by_urgency] = np.arange(len(due))

    because = np.full(len(households), "", dtype=object)
    because[by_urgency] = "nobody"
    contacted = by_urgency[contact[by_urgency] < not_within_days]
    because[contacted] = "contacted"
    ways = _Ways(households, rank, stations, streets)
    crews = crews_of(appointments, as_of)
    shares: dict[str, list[Ints]] = {}
    free = by_urgency[because[by_urgency] == "nobody"]
    for code, at in _by_grid(of_grid, free):
        crew = crews.get(code)
        if crew is None:
            continue
        because[at] = "full"
        at = at if most is None else at[: most * len(crew)]
        stretches = [at] if len(crew) == 1 else np.array_split(ways.laid_out(at), len(crew))
        for worker, stretch in zip(crew, stretches, strict=True):
            shares.setdefault(worker, []).append(stretch)

    order, legs, whose = [], [], []
    for worker in sorted(shares):
        at = np.concatenate(shares[worker])
        at = at[np.argsort(urgency[at])][:most]
        if not len(at):
            continue
        at, leg_m = ways.order(at)
        order.append(at)
        legs.append(leg_m)
        whose += [worker] * len(at)
    called = np.concatenate([*order, np.empty(0, np.int64)]).astype(np.int64)
    because[called] = ""

    told = _told(households, of_grid, age, tried, attempt, within_days, as_of, ways.placed)
    calls = told.iloc[called].copy()
    calls.insert(0, "worker_id", pd.Series(whose, index=calls.index, dtype="str"))
    turn = np.concatenate([*(np.arange(1, len(at) + 1) for at in order), []]).astype("int64")
    calls.insert(1, "turn", turn)
    calls.insert(2, "leg_m", np.concatenate([*legs, np.empty(0)]))
    rest = by_urgency[because[by_urgency] != ""]
    rest = rest[np.argsort(pd.factorize(of_grid[rest], sort=True)[0], kind="stable")]
    left_out = told.iloc[rest].copy()
    left_out["because"] = pd.Series(because[rest], index=left_out.index, dtype="str")
    again = np.where(because[rest] == "contacted", not_within_days - contact[rest], np.nan)
    left_out["not_before"] = pd.Timestamp(as_of) + pd.to_timedelta(again, unit="D")
    return Due(calls, left_out)


class _Ways:
    """Short ways through households given by position."""

    def __init__(
        self,
        households: gpd.GeoDataFrame,
        rank: Ints,
        stations: Layer | None,
        streets: Layer | None,
    ) -> None:
        xy = places(households, "households")
        self.placed = np.isfinite(xy[:, 0])
        if "placed_by" in households:
            self.placed &= households["placed_by"].ne("grid").fillna(True).to_numpy(dtype=bool)
        self._mm = to_mm(np.where(self.placed[:, None], xy, 0.0))
        self._rank, self._streets, self._crs = rank, streets, households.crs
        spots = np.empty((0, 2))
        if stations is not None:
            spots = places(stations, "stations", households, "households")
        bases = to_mm(spots[np.isfinite(spots[:, 0])])
        self._bases = bases[np.lexsort((bases[:, 1], bases[:, 0]))]

    def laid_out(self, at: Ints) -> Ints:
        """Give positions in one walk, to be cut into stretches: along streets or not."""
        there, lost = self._split(at)
        order, _ = walk(self._mm[there], self._rank[there], self._begin(there), shakes=0)
        return np.append(there[order], lost)

    def order(self, at: Ints) -> tuple[Ints, Floats]:
        """Give positions in walking order, and the metres to each; those without place last."""
        there, lost = self._split(at)
        begin = self._begin(there)
        if self._streets is None:
            order, leg = walk(self._mm[there], self._rank[there], begin)
            leg_m = to_metres(leg)
        else:
            points = gpd.GeoSeries.from_xy(*self._mm[there].T / 1000, crs=self._crs)
            points.index = pd.Index([f"{r:012d}" for r in self._rank[there]])
            start = None if begin is None else shapely.Point(begin / 1000)
            metres = street_metres(points, self._streets, start)
            walked = walking_order(points, start, metres).reset_index(drop=True)
            order = np.argsort(walked["turn"].to_numpy())
            leg_m = walked["leg_m"].to_numpy()[order]
        return np.append(there[order], lost), np.append(leg_m, np.full(len(lost), np.nan))

    def _split(self, at: Ints) -> tuple[Ints, Ints]:
        """Give those with a place, and the others by id."""
        lost = at[~self.placed[at]]
        return at[self.placed[at]], lost[np.argsort(self._rank[lost])]

    def _begin(self, at: Ints) -> Ints | None:
        """Give the station nearest to the middle of these places, the more western of several."""
        if not (len(self._bases) and len(at)):
            return None
        away = self._bases - self._mm[at].sum(axis=0) // len(at)
        return self._bases[np.argmin(np.hypot(*away.T))]


def _contacts(
    households: pd.DataFrame,
    visits: pd.DataFrame,
    as_of: dt.date,
    outcomes: Collection[str],
    in_vain: Collection[str],
    zone: str,
) -> tuple[Floats, Floats, npt.NDArray[np.object_]]:
    """Give days since the last contact and since the last visit that did not count; its outcome."""
    contact, tried = np.full((2, len(households)), np.inf)
    attempt = np.empty(len(households), dtype=object)
    if len(visits):
        home = households.index.get_indexer(pd.Index(visits["household_id"]))
        age = days_ago(visits, as_of, zone)
        known = (home >= 0) & (age >= 0)
        reached = known & unsolicited(visits, in_vain)
        np.minimum.at(contact, home[reached], age[reached])
        said = visits["outcome"] if "outcome" in visits else pd.Series(None, index=visits.index)
        vain = np.flatnonzero(known & ~said.isin(outcomes).to_numpy(dtype=bool))
        key = ranks(visits.index)[vain]
        when = pd.to_datetime(visits["visited_at"], utc=True).to_numpy()[vain]
        vain = vain[np.lexsort((key, when))]  # the last one written stays
        tried[home[vain]] = age[vain]
        attempt[home[vain]] = said.astype(object).to_numpy()[vain]
    return contact, tried, attempt


def _told(
    households: gpd.GeoDataFrame,
    of_grid: npt.NDArray[np.object_],
    age: Floats,
    tried: Floats,
    attempt: npt.NDArray[np.object_],
    within_days: int,
    as_of: dt.date,
    placed: npt.NDArray[np.bool_],
) -> gpd.GeoDataFrame:
    """Say of every household what its worker is to know."""
    index = households.index
    day = pd.Timestamp(as_of)

    def before(days: Floats) -> pd.Series:
        known = np.where(np.isfinite(days), days, np.nan)
        return pd.Series(day - pd.to_timedelta(known, unit="D"), index=index).dt.as_unit("us")

    why = np.where(np.isinf(age), "never", np.where(age > within_days, "overdue", "soon"))
    days = pd.Series(np.where(np.isinf(age), np.nan, age), index=index)
    attempt = np.where(np.isfinite(tried), attempt, np.array(None))
    shapes = np.where(placed, np.asarray(households.geometry.array), np.array(None))
    return gpd.GeoDataFrame(
        {
            "grid_code": pd.Series(of_grid, index=index, dtype="str"),
            "why": pd.Series(why, index=index, dtype="str"),
            "days": days.astype("Int64"),
            "last_met": before(age),
            "last_attempt": before(tried),
            "attempt": pd.Series(attempt, index=index, dtype="str"),
        },
        geometry=gpd.GeoSeries(shapes, index=index, crs=households.crs),
        index=index,
    )


def crews_of(appointments: pd.DataFrame, on: dt.date) -> dict[str, list[str]]:
    """Give the callers of each grid on a day.

    Parameters
    ----------
    appointments : DataFrame
        As ``APPOINTMENTS`` promises.
    on : date

    Returns
    -------
    dict of str to list of str
        Grid code → its workers by id, or its leaders where it has no worker.
    """
    force = appointments_in_force(appointments, on)
    posts = force[["grid_code", "role", "worker_id"]].astype("str").drop_duplicates()
    workers = posts[posts["role"] == "worker"]
    leaders = posts[(posts["role"] == "leader") & ~posts["grid_code"].isin(workers["grid_code"])]
    both = pd.concat([workers, leaders]).sort_values(["grid_code", "worker_id"])
    return {str(code): list(ids) for code, ids in both.groupby("grid_code")["worker_id"]}


def _grids(households: gpd.GeoDataFrame, grid_code: pd.Series | None) -> npt.NDArray[np.object_]:
    if grid_code is None and "grid_code" not in households:
        raise ParameterError(
            "households do not say which grid serves them, and no grid_code is given.",
            hint="Give grid_code=assign(households, grids)['grid_id'].",
            fields=["grid_code"],
        )
    given = households["grid_code"] if grid_code is None else grid_code.reindex(households.index)
    codes = given.astype("str").astype(object)
    return codes.where(given.notna(), None).to_numpy(dtype=object)


def _by_grid(of_grid: npt.NDArray[np.object_], at: Ints) -> list[tuple[str, Ints]]:
    """Split positions by grid, each part in the order given; those of no grid are left out."""
    code, names = pd.factorize(of_grid[at], sort=True)
    order = np.argsort(code, kind="stable")
    ends = np.searchsorted(code[order], np.arange(len(names) + 1))
    return [(str(name), at[order[ends[k] : ends[k + 1]]]) for k, name in enumerate(names)]


def _require(
    households: gpd.GeoDataFrame,
    within_days: int,
    ahead_days: int,
    not_within_days: int,
    most: int | None,
    again_days: int,
) -> None:
    require_metric(households, "households")
    for name, given, least in (
        ("within_days", within_days, 0),
        ("ahead_days", ahead_days, 0),
        ("not_within_days", not_within_days, 0),
        ("most", most, 1),
        ("again_days", again_days, 0),
    ):
        if given is not None and not given >= least:
            raise ParameterError(
                f"{name} is {given}; {least} or more is needed.",
                hint="Give whole days such as 90, and of calls a day's number such as 20.",
                fields=[name],
            )
    twice = int(households.index.duplicated().sum())
    if twice:
        raise ParameterError(
            f"{twice} households have an id that stands twice; a list names each once.",
            hint="Take the file in with `gridgeo import households FILE`, which names the rows.",
            fields=["household_id"],
        )
