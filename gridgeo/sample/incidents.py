"""Thirty days of incidents: June 2026, by class, hour and channel."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgeo.sample.ground import Ground
from gridgeo.sample.plan import Plan
from gridgeo.sample.registers import incident_classes

FIRST_DAY = "2026-06-01"
DAYS = 30

_PATROL_A_GRID_A_DAY = 5.8
_HOTLINE_A_HOUSEHOLD_A_DAY = 600 / 240_000
_HOURS = (
    0.5, 0.3, 0.2, 0.2, 0.3, 0.6, 1.5, 3.5, 6.5, 8.5, 9.5, 8,
    5, 5.5, 8.5, 8, 7, 6, 4.5, 4, 3.5, 3, 2, 0.9,
)  # fmt: skip
# Two-digit classes of the catalogue and their share in per cent.
_PATROL_MIX = {"01": 65.2, "05": 24.5, "02": 3.2, "19": 2.1, "03": 2.0, "04": 1.0, "23": 2.0}
_HOTLINE_MIX = {"21": 46.0, "22": 12, "25": 10, "23": 6, "24": 1, "01": 12, "05": 8, "04": 5}
_HOTLINE_CHANNELS = {"hotline": 0.7, "app": 0.2, "walk-in": 0.1}
_PATROL_MEDIAN_H = 1.4


def happen(
    ground: Ground, plan: Plan, occupied: NDArray[np.int64], rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Let incidents happen in every grid: found on patrol along streets, or reported by residents.

    Parameters
    ----------
    ground, plan
        The blocks and their grids.
    occupied : ndarray of int, shape (n,)
        Households per block; more of them, more incidents.
    rng : Generator

    Returns
    -------
    GeoDataFrame of Point
        By time, as the contract says, in EPSG:4549. What was not handled by the end of June is
        still open.
    """
    per_grid = np.bincount(plan.grid, occupied)
    patrol = rng.poisson(
        _PATROL_A_GRID_A_DAY * DAYS * rng.lognormal(sigma=0.25, size=len(per_grid))
    )
    reports = rng.poisson(_HOTLINE_A_HOUSEHOLD_A_DAY * DAYS * per_grid)
    count = int(patrol.sum() + reports.sum())
    found = np.repeat([True, False], [patrol.sum(), reports.sum()])
    grid = np.concatenate([np.repeat(np.arange(len(n)), n) for n in (patrol, reports)])
    code = np.concatenate([_classes(_PATROL_MIX, int(patrol.sum()), rng),
                           _classes(_HOTLINE_MIX, int(reports.sum()), rng)])  # fmt: skip
    channels, shares = list(_HOTLINE_CHANNELS), list(_HOTLINE_CHANNELS.values())
    channel = np.where(found, "patrol", rng.choice(channels, size=count, p=shares))

    hour = rng.choice(24, size=count, p=np.array(_HOURS) / sum(_HOURS))
    second = rng.integers(0, DAYS, count) * 86_400 + hour * 3600 + rng.integers(0, 3600, count)
    first = pd.Timestamp(f"{FIRST_DAY}T00:00+08:00")  # a fixed offset needs no zone data
    reported = first + pd.to_timedelta(second, unit="s")
    handling_h = np.where(
        found,
        _PATROL_MEDIAN_H * rng.lognormal(sigma=0.9, size=count),
        24 * rng.uniform(1, 7, count),
    )
    closed = reported + pd.to_timedelta((handling_h * 3600).astype("int64"), unit="s")
    over = closed < first + pd.Timedelta(days=DAYS)
    stage = np.where(over, "closed", rng.choice(["accepted", "dispatched", "handled"], size=count))
    department = incident_classes()["recommended_route"].loc[code].to_numpy()
    frame = gpd.GeoDataFrame(
        {
            "class_code": code,
            "channel": channel,
            "reported_at": reported.tz_convert("UTC").as_unit("us"),
            "closed_at": closed.tz_convert("UTC").as_unit("us").where(over),
            "stage": stage,
            "department": department,
        },
        geometry=_places(ground, plan, occupied, grid, rng),
        crs=4549,
    ).sort_values(["reported_at", "class_code"], kind="stable", ignore_index=True)
    frame.index = pd.Index([f"I{n + 1:06d}" for n in range(count)], name="incident_id")
    return frame


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
    ground: Ground,
    plan: Plan,
    occupied: NDArray[np.int64],
    grid: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.object_]:
    """Draw a place near a street of each incident's grid."""
    block = np.empty(len(grid), dtype="int64")
    busy = (occupied + 2.0) * rng.lognormal(sigma=1.1, size=len(occupied))  # markets, crossings
    for one in range(int(plan.grid.max()) + 1):
        members, mine = np.flatnonzero(plan.grid == one), np.flatnonzero(grid == one)
        block[mine] = rng.choice(members, size=len(mine), p=busy[members] / busy[members].sum())
    streets = shapely.get_exterior_ring(ground.blocks[block])
    kerb = shapely.get_coordinates(
        shapely.line_interpolate_point(streets, rng.random(len(grid)), normalized=True)
    )
    inward = rng.uniform(0.03, 0.35, len(grid))[:, None]
    return shapely.points(kerb + inward * (ground.centres[block] - kerb))
