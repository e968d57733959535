"""Everything of a sample that has a date or a person, and what is planted in it."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridgeo.sample.carve import no_room
from gridgeo.sample.dispatches import hand_out
from gridgeo.sample.incidents import happen
from gridgeo.sample.offsets import BATCH, leave_shifted
from gridgeo.sample.patrols import walk
from gridgeo.sample.posts import staff
from gridgeo.sample.rosters import on_duty
from gridgeo.sample.visits import call

_DISPATCHES = 1000  # far beyond the streams that are spawned


@dataclass(frozen=True)
class Land:
    """The ground on which things happen.

    Parameters
    ----------
    blocks : ndarray of Polygon, shape (n,)
        EPSG:4549.
    centres : ndarray, shape (n, 2)
        A point inside each block.
    grid : ndarray of int, shape (n,)
        Position in ``grids``, per block.
    grids : DataFrame
        As ``Plan.grids``: by grid code, ``role`` "" for an ordinary grid.
    occupied : ndarray of int, shape (n,)
        Occupied households per block.
    households, stations : GeoDataFrame of Point
        As their contracts say, in EPSG:4549.
    drawn : ndarray of Polygon
        The grids as drawn, in the order of ``grids``.
    touched : set of int
        Positions of the grids that a planted defect of territory or size concerns.
    """

    blocks: NDArray[np.object_]
    centres: NDArray[np.float64]
    grid: NDArray[np.int64]
    grids: pd.DataFrame
    occupied: NDArray[np.int64]
    households: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    drawn: NDArray[np.object_]
    touched: set[int]


@dataclass(frozen=True)
class Amounts:
    """How much happens, and how many grids of each kind are planted.

    Parameters
    ----------
    days : int
        Days of incidents up to 30 June 2026.
    understaffed, silent, unvisited, once : int
        Grids with too few workers; that report a tenth; where many households wait for a
        visit; that are patrolled once a day instead of twice.
    shifted : int
        Household points left in GCJ-02, a multiple of 10.
    seams : int
        Borders between two grids across which incidents are sent on.
    """

    days: int
    understaffed: int
    silent: int
    unvisited: int
    once: int
    shifted: int
    seams: int


TOWN = Amounts(days=30, understaffed=5, silent=2, unvisited=3, once=2, shifted=20, seams=2)


def amounts_of_city(grids: int) -> Amounts:
    """Give the amounts of a city: those of 750 grids, fewer of each in a smaller one."""
    share = min(grids / 750, 1.0)
    return Amounts(
        days=90,
        understaffed=max(round(9 * share), 5),
        silent=max(round(12 * share), 2),
        unvisited=max(round(15 * share), 3),
        once=max(round(6 * share), 2),
        shifted=max(round(200 / BATCH * share), 2) * BATCH,
        seams=max(round(8 * share), 2),
    )


@dataclass(frozen=True)
class Records:
    """What happened, and the truth about it.

    Parameters
    ----------
    layers : dict of str to DataFrame
        "households" (as given, with ``updated_on``, some points left in GCJ-02), "workers",
        "appointments", "incidents", "dispatches", "visits", "rosters". Geometry in EPSG:4549.
    tracks : DataFrame
        Patrol fixes; see ``patrols.walk``.
    truth : list of dict
    """

    layers: dict[str, pd.DataFrame]
    tracks: pd.DataFrame
    truth: list[dict[str, object]]


def record(land: Land, amounts: Amounts, seed: np.random.SeedSequence) -> Records:
    """Let things happen on a ground.

    Parameters
    ----------
    land : Land
    amounts : Amounts
    seed : SeedSequence
        Same seed, same records.

    Returns
    -------
    Records
        Planted are, each in grids of its own without any other defect: too few workers
        ("no-leader", "few-workers", "no-full-time"), silence ("silent"), visits long overdue or
        never made ("visit-overdue", "never-visited"; some in every grid), one patrol a day
        instead of two ("patrol"); between two grids without a defect of territory each, incidents
        sent on across their border ("seam"); and points in GCJ-02 ("offset") with the "orphan",
        "mismatch" and "reach" that follow from them.

    Raises
    ------
    InfeasibleError
        Too few grids without defects.
    """
    rngs = [np.random.default_rng(child) for child in seed.spawn(7)]
    codes = land.grids.index
    free = [code for g, code in enumerate(codes) if g not in land.touched]
    wanted = [amounts.understaffed, amounts.silent, amounts.unvisited, amounts.once]
    if len(free) < sum(wanted):
        raise no_room(f"{sum(wanted)} grids with a defect of their own; {len(free)} are left")
    order = rngs[0].permutation(np.array(free, dtype=object))
    lacking, silent, unvisited, once = (
        part.tolist() for part in np.split(order, np.cumsum(wanted))[:4]
    )
    workers, appointments, truth = staff(land.grids, lacking, rngs[1])
    rosters = on_duty(appointments)
    visits, waiting = call(land.households, appointments, unvisited, rngs[2])
    tracks, single = walk(land.blocks, land.grid, codes, rosters, once, rngs[3])
    households, shifted = leave_shifted(
        land.households,
        gpd.GeoSeries(land.drawn, index=codes, crs=land.households.crs),
        land.blocks,
        land.stations,
        codes[sorted(land.touched)].tolist(),
        amounts.shifted,
        rngs[4],
    )
    households["updated_on"] = _checked(households, visits, rngs[6])
    places = codes.get_indexer(pd.Index(silent)).tolist()
    incidents = happen(
        land.blocks, land.centres, land.grid, land.occupied, places, amounts.days, rngs[5]
    )
    quiet: list[dict[str, object]] = [
        {"kind": "silent", "subjects": [code], "note": "about a tenth of its incidents reported"}
        for code in silent
    ]
    dispatches, crossed = hand_out(
        incidents,
        land.blocks,
        land.grid,
        land.drawn,
        codes,
        land.touched | set(places),
        amounts.seams,
        _own_stream(seed, _DISPATCHES),
    )
    layers: dict[str, pd.DataFrame] = {
        "households": households,
        "workers": workers,
        "appointments": appointments,
        "incidents": incidents,
        "dispatches": dispatches,
        "visits": visits,
        "rosters": rosters,
    }
    return Records(layers, tracks, [*truth, *quiet, *waiting, *single, *shifted, *crossed])


def _own_stream(seed: np.random.SeedSequence, number: int) -> np.random.Generator:
    """Give a stream beside those spawned, so that what came later changes nothing of the rest."""
    key = (*seed.spawn_key, number)
    return np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=key))


def _checked(households: pd.DataFrame, visits: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Give the day each household's entry was last checked: its last visit, or a day of 2025."""
    met = visits[visits["outcome"] == "met"]
    local = met["visited_at"] + pd.Timedelta(hours=8)
    last = local.groupby(met["household_id"]).max().dt.tz_localize(None).dt.normalize()
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, len(households)), "D")
    checked = last.reindex(households.index)
    return checked.fillna(pd.Series(day, index=households.index)).astype("datetime64[us]")
