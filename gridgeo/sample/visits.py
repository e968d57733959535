"""Visits of a sample, with the households that were left out for longer than a quarter."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridgeo.sample.posts import callers

STANDARD_DAYS = 90
AS_OF = "2026-07-01"

# Days before AS_OF, both ends included; none near 90, so that every way of counting agrees.
_IN_TIME = (1, 87)
_OVERDUE = (96, 177)
_OVERDUE_SHARE, _OVERDUE_SHARE_WEAK = 0.022, 0.42
_NEVER_SHARE, _NEVER_SHARE_WEAK = 0.004, 0.09
_AGAIN_SHARE = 0.12
_IN_VAIN_SHARE = 0.2
_IN_VAIN = {"nobody-home": 0.75, "refused": 0.15, "moved-away": 0.10}
_AT_THE_DOOR = ("refused", "moved-away")
_APART_DAYS = 30


def call(
    households: pd.DataFrame,
    appointments: pd.DataFrame,
    weak: list[str],
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Let the workers of each grid call on its households.

    Parameters
    ----------
    households : DataFrame
        ``grid_code`` on record and ``lived_in``.
    appointments : DataFrame
        Filed workers in post all the time do the calling.
    weak : list of str
        Grids in which many households wait.
    rng : Generator

    Returns
    -------
    visits : DataFrame
        By time. Most lived-in households were met within the last 87 days, some of them twice,
        30 days or more apart; nor did anybody refuse a visit, or say who moved away, nearer to
        one. Some were met 96 to 177 days ago and not since, some never: in vain at most. A
        household without a grid on record is nobody's and gets no call.
    truth : list of dict
        Per grid, as of 1 July 2026: kind "visit-overdue" (last met more than 90 days ago) and
        "never-visited"; ``subjects`` household ids, ``grid_code`` None for those of no grid.
    """
    homes = households[households["lived_in"]]
    grid = homes["grid_code"].fillna("").to_numpy(dtype=object)
    bad = np.isin(grid, np.array(weak, dtype=object))
    draw = rng.random(len(homes))
    never = draw < np.where(bad, _NEVER_SHARE_WEAK, _NEVER_SHARE)
    overdue = ~never & (draw > 1 - np.where(bad, _OVERDUE_SHARE_WEAK, _OVERDUE_SHARE))
    lost = grid == ""
    never, overdue = never | lost, overdue & ~lost

    met = np.flatnonzero(~never)
    span = np.where(overdue[met, None], _OVERDUE, _IN_TIME)
    ago = rng.integers(span[:, 0], span[:, 1] + 1)
    twice = (
        ~overdue[met] & (ago <= _IN_TIME[1] - _APART_DAYS) & (rng.random(len(met)) < _AGAIN_SHARE)
    )
    before = rng.integers(ago[twice] + _APART_DAYS, _IN_TIME[1] + 1)
    vain = np.flatnonzero(~lost & (rng.random(len(homes)) < _IN_VAIN_SHARE))
    home = np.concatenate([met, met[twice], vain])
    days_ago = np.concatenate([ago, before, rng.integers(1, _IN_TIME[1] + 1, len(vain))])
    outcome = np.concatenate(
        [
            np.full(len(met) + int(twice.sum()), "met", dtype=object),
            rng.choice(
                np.array(list(_IN_VAIN), dtype=object), len(vain), p=list(_IN_VAIN.values())
            ),
        ]
    )
    # Nobody opens twice within 30 days: of two such calls the one in vain met nobody.
    opened = np.flatnonzero(np.isin(outcome, _AT_THE_DOOR))
    met_ago, met_before = np.full((2, len(homes)), np.inf)
    met_ago[met], met_before[met[twice]] = ago, before
    for last in (met_ago, met_before):
        near = np.abs(days_ago[opened] - last[home[opened]]) < _APART_DAYS
        outcome[opened[near]] = "nobody-home"
    minute = rng.integers(8 * 60 + 30, 19 * 60, len(home))
    when = pd.Timestamp(f"{AS_OF}T00:00+08:00") + pd.to_timedelta(
        minute - days_ago * 1440, unit="min"
    )
    visits = pd.DataFrame(
        {
            "household_id": homes.index.to_numpy()[home],
            "worker_id": _caller(grid[home], appointments, rng),
            "visited_at": when.tz_convert("UTC").as_unit("us"),
            "outcome": outcome,
        }
    ).sort_values(["visited_at", "household_id"], ignore_index=True)
    visits.index = pd.Index([f"V{n + 1:06d}" for n in range(len(visits))], name="visit_id")
    truth = [
        *_waiting("visit-overdue", homes.index[overdue], grid[overdue]),
        *_waiting("never-visited", homes.index[never], grid[never]),
    ]
    return visits, truth


def _caller(
    grid: NDArray[np.object_], appointments: pd.DataFrame, rng: np.random.Generator
) -> NDArray[np.object_]:
    """Draw a worker of each grid."""
    team = callers(appointments)
    codes = team["grid_code"].to_numpy()
    first, end = (np.searchsorted(codes, grid, side=side) for side in ("left", "right"))
    return team["worker_id"].to_numpy()[rng.integers(first, end)]


def _waiting(kind: str, ids: pd.Index, grid: NDArray[np.object_]) -> list[dict[str, object]]:
    of_grid = pd.Series(ids, index=grid).groupby(level=0, sort=True).agg(list)
    note = f"{kind.replace('-', ' ')} as of {AS_OF}, standard {STANDARD_DAYS} days"
    return [
        {
            "kind": kind,
            "subjects": subjects,
            "grid_code": code or None,
            "value": len(subjects),
            "note": note,
        }
        for code, subjects in of_grid.items()
    ]
