"""Days of incidents up to the end of June 2026, by class, weekday, hour and channel."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgeo.model.catalogue import incident_classes

END = "2026-07-01"  # the first day without incidents

_PATROL_A_GRID_A_DAY = 5.8
_HOTLINE_A_HOUSEHOLD_A_DAY = 600 / 240_000
_SILENT = 0.1  # a silent grid reports this share of what happens
_HOURS = (
    0.5, 0.3, 0.2, 0.2, 0.3, 0.6, 1.5, 3.5, 6.5, 8.5, 9.5, 8,
    5, 5.5, 8.5, 8, 7, 6, 4.5, 4, 3.5, 3, 2, 0.9,
)  # fmt: skip
_WEEKDAYS = (1.12, 1.08, 1.05, 1.04, 1.06, 0.86, 0.79)  # Monday … Sunday
# Two-digit classes of the catalogue and their share in per cent.
_PATROL_MIX = {"01": 65.2, "05": 24.5, "02": 3.2, "19": 2.1, "03": 2.0, "04": 1.0, "23": 2.0}
_HOTLINE_MIX = {"21": 46.0, "22": 12, "25": 10, "23": 6, "24": 1, "01": 12, "05": 8, "04": 5}
_HOTLINE_CHANNELS = {"hotline": 0.7, "app": 0.2, "walk-in": 0.1}
_PATROL_MEDIAN_H = 1.4
_HOTLINE_WORKING_DAYS = (1, 5)
_OFFICE_H = (9.0, 17.5)


def happen(
    blocks: NDArray[np.object_],
    centres: NDArray[np.float64],
    grid: NDArray[np.int64],
    occupied: NDArray[np.int64],
    silent: list[int],
    days: int,
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:
    """Let incidents happen in every grid: found on patrol along streets, or reported by residents.

    Parameters
    ----------
    blocks, centres, grid
        Polygons of the blocks in EPSG:4549, a point inside each, the position of its grid.
    occupied : ndarray of int, shape (n,)
        Households per block; more of them, more incidents.
    silent : list of int
        Positions of grids from which about a tenth of the incidents is reported.
    days : int
        How many, up to 30 June 2026.
    rng : Generator

    Returns
    -------
    GeoDataFrame of Point
        By time, as the contract says, in EPSG:4549. Patrols handle theirs in a lognormal time,
        median 1.4 h; residents' reports take 1 to 5 working days (Monday to Friday). What was
        not handled by the end of June is still open.
    """
    per_grid = np.bincount(grid, occupied)
    told = np.ones(len(per_grid))
    told[silent] = _SILENT
    uneven = rng.lognormal(mean=-0.02, sigma=0.2, size=len(per_grid))
    patrol = rng.poisson(_PATROL_A_GRID_A_DAY * days * uneven * told)
    reports = rng.poisson(_HOTLINE_A_HOUSEHOLD_A_DAY * days * per_grid * told)
    count = int(patrol.sum() + reports.sum())
    found = np.repeat([True, False], [patrol.sum(), reports.sum()])
    of_grid = np.concatenate([np.repeat(np.arange(len(n)), n) for n in (patrol, reports)])
    code = np.concatenate([_classes(_PATROL_MIX, int(patrol.sum()), rng),
                           _classes(_HOTLINE_MIX, int(reports.sum()), rng)])  # fmt: skip
    channels = np.array(list(_HOTLINE_CHANNELS), dtype=object)
    channel = rng.choice(channels, size=count, p=list(_HOTLINE_CHANNELS.values()))
    channel[found] = "patrol"

    last = pd.Timestamp(f"{END}T00:00+08:00")  # a fixed offset needs no zone data
    first = last - pd.Timedelta(days=days)
    second = _moments(first, days, count, rng)
    handled = np.where(
        found,
        second + 3600 * _PATROL_MEDIAN_H * rng.lognormal(sigma=0.9, size=count),
        _after_working_days(first, second, rng),
    ).astype("int64")
    over = handled < days * 86_400
    stages = np.array(["accepted", "dispatched", "handled"], dtype=object)
    stage = rng.choice(stages, size=count)
    stage[over] = "closed"
    reported, closed = (
        (first + pd.to_timedelta(s, unit="s")).tz_convert("UTC").as_unit("us")
        for s in (second, handled)
    )
    routes = incident_classes()["recommended_route"]
    order = np.lexsort([code.astype("str"), second])
    frame = gpd.GeoDataFrame(
        {
            "class_code": code,
            "channel": channel,
            "reported_at": reported,
            "closed_at": closed.where(over),
            "stage": stage,
            "department": routes.to_numpy(dtype=object)[routes.index.get_indexer(pd.Index(code))],
        },
        geometry=_places(blocks, centres, grid, occupied, of_grid, rng),
        crs=4549,
    ).iloc[order]
    frame.index = pd.Index([f"I{n + 1:06d}" for n in range(count)], name="incident_id")
    return frame


def _moments(
    first: pd.Timestamp, days: int, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw seconds since the first midnight, by the rhythm of the week and of the day."""
    weekday = (first.weekday() + np.arange(days)) % 7
    weight = np.array(_WEEKDAYS)[weekday]
    day = rng.choice(days, size=count, p=weight / weight.sum())
    hour = rng.choice(24, size=count, p=np.array(_HOURS) / sum(_HOURS))
    return np.asarray(day * 86_400 + hour * 3600 + rng.integers(0, 3600, count), dtype="int64")


def _after_working_days(
    first: pd.Timestamp, second: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Give the second, in office hours, at which a report is settled."""
    start = np.datetime64(first.strftime("%Y-%m-%d"))
    low, high = _HOTLINE_WORKING_DAYS
    took = rng.integers(low, high + 1, len(second))
    reported = start + (second // 86_400).astype("timedelta64[D]")
    settled = np.busday_offset(reported, took, roll="backward")
    since = (settled - start).astype("int64")
    return since * 86_400 + rng.uniform(*_OFFICE_H, len(second)) * 3600


def _classes(mix: dict[str, float], count: int, rng: np.random.Generator) -> NDArray[np.object_]:
    """Draw four-digit classes; within a two-digit class the first are the commonest."""
    catalogue = incident_classes()
    codes: list[str] = []
    chances: list[float] = []
    for class_code, share in mix.items():
        members = catalogue.index[catalogue["class_code"] == class_code].tolist()
        falling = 1 / np.arange(1, len(members) + 1)
        codes += members
        chances += (share * falling / falling.sum()).tolist()
    chance = np.array(chances)
    return rng.choice(np.array(codes, dtype=object), size=count, p=chance / chance.sum())


def _places(
    blocks: NDArray[np.object_],
    centres: NDArray[np.float64],
    grid: NDArray[np.int64],
    occupied: NDArray[np.int64],
    of_grid: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.object_]:
    """Draw a place near a street of each incident's grid."""
    busy = (occupied + 2.0) * rng.lognormal(sigma=1.1, size=len(occupied))  # markets, crossings
    order = np.argsort(grid, kind="stable")
    ahead = np.concatenate([[0.0], np.cumsum(busy[order])])
    bounds = np.searchsorted(grid[order], np.arange(int(grid.max()) + 2))
    low, high = ahead[bounds[:-1]][of_grid], ahead[bounds[1:]][of_grid]
    at = np.searchsorted(ahead, low + rng.random(len(of_grid)) * (high - low), side="right") - 1
    block = order[np.clip(at, bounds[:-1][of_grid], bounds[1:][of_grid] - 1)]
    streets = shapely.get_exterior_ring(blocks)[block]
    kerb = shapely.get_coordinates(
        shapely.line_interpolate_point(streets, rng.random(len(block)), normalized=True)
    )
    inward = rng.uniform(0.03, 0.35, len(block))[:, None]
    return np.asarray(shapely.points(kerb + inward * (centres[block] - kerb)))
