"""Several proposals that differ where it matters, for people to choose from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict, Unpack

import numpy as np
import pandas as pd

from gridgeo.analysis.balance.apart import Lines
from gridgeo.analysis.balance.inputs import Load, Targets, check_plain
from gridgeo.analysis.balance.naming import after_today
from gridgeo.analysis.balance.propose import balance
from gridgeo.analysis.balance.unit_graph import UnitGraph
from gridgeo.analysis.balance.watch import Progress
from gridgeo.errors import ParameterError
from gridgeo.model.plan import Plan

# Plans drawn for each one that is shown where no plan is in force.
DRAWN = 3


class Asked(TypedDict, total=False):
    """What each plan is asked, as in ``balance``."""

    targets: Targets | None
    tolerance: float
    region: str | None
    locked: Iterable[object] | None
    fixed_borders: Lines | None
    compactness: float
    along: Lines | None
    together: str | None


def proposals(
    units: pd.DataFrame | UnitGraph,
    load: Load,
    k: int | None = None,
    *,
    count: int = 4,
    current: str | None = None,
    seed: int = 0,
    time_limit_s: float | None = 60.0,
    progress: Progress | None = None,
    **asked: Unpack[Asked],
) -> list[Plan]:
    """Draw several plans that differ where it matters.

    Parameters
    ----------
    units, load, k, current, seed
        As in ``balance``.
    count : int
        Plans to choose from, 2 or more.
    time_limit_s : float or None
        For all plans together; each has its even share.
    progress : callable, optional
        Called with (share done, text).
    **asked
        All else that ``balance`` takes but ``stability``.

    Returns
    -------
    list of Plan
        With ``current`` from the least change to borders drawn anew, in even steps of
        ``stability``. Without, of three times as many plans from as many seeds: first the one
        with the shortest borders, then always the one that differs most from those before it,
        by the load that is together with others. Plans that keep the tolerance go first. Fewer
        than ``count`` where no more differ.

    Raises
    ------
    ParameterError
        ``count`` is no whole number from 2, or ``stability`` is given.
    GridgeoError
        As in ``balance``.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> row = [shapely.box(x, y, x + 1, y + 1) for x in range(4) for y in range(2)]
    >>> today = [1, 2] * 4
    >>> units = gpd.GeoDataFrame({"households": 10, "today": today}, geometry=row, crs=4549)
    >>> plans = proposals(units, "households", current="today", count=2)
    >>> [(len(plan.moved), plan.scores["cut_edges"]) for plan in plans]
    [(0, 4), (4, 2)]
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 2:
        raise ParameterError(
            f"count is {count!r}; it must be a whole number of plans from 2.", fields=["count"]
        )
    if "stability" in asked:
        raise ParameterError(
            "proposals goes through all steps of stability itself.",
            hint="Leave stability out, or call balance for one plan.",
            fields=["stability"],
        )
    tolerance, compactness = asked.get("tolerance", 0.05), asked.get("compactness", 0.5)
    check_plain(tolerance, compactness, 1.0, seed, time_limit_s, progress)
    locked = asked.get("locked")
    if isinstance(locked, Iterable) and not isinstance(locked, str):
        asked["locked"] = list(locked)  # a generator would lock the grids of the first plan only
    graph = units if isinstance(units, UnitGraph) else UnitGraph(units)
    if current is None:
        ways = [(seed + number, 1.0) for number in range(DRAWN * int(count))]
    else:
        ways = [(seed, step) for step in np.linspace(1.0, 0.0, int(count)).tolist()]
    limit_s = None if time_limit_s is None else time_limit_s / len(ways)
    plans: list[Plan] = []
    for number, (dice, stability) in enumerate(ways):
        plan = balance(
            graph,
            load,
            k,
            current=current,
            stability=stability,
            seed=dice,
            time_limit_s=limit_s,
            progress=None if progress is None else _within(progress, number, len(ways)),
            **asked,
        )
        plans.append(plan)
        if plan.stopped == "interrupt":
            break
    return _unlike(plans) if current is not None else _far_apart(plans, int(count))


def _within(progress: Progress, number: int, count: int) -> Progress:
    def told(share: float, text: str) -> None:
        progress((number + share) / count, f"plan {number + 1} of {count}: {text}")

    return told


def _unlike(plans: list[Plan]) -> list[Plan]:
    """Leave out plans that stand before in the list."""
    kept: list[Plan] = []
    for plan in plans:
        if not any(plan.assignment.equals(other.assignment) for other in kept):
            kept.append(plan)
    return kept


def _far_apart(plans: list[Plan], count: int) -> list[Plan]:
    """Choose plans far apart from each other, the best one first."""
    order = sorted(
        range(len(plans)),
        key=lambda i: (plans[i].scores["over_tolerance"], plans[i].scores["cut_edges"], i),
    )
    least = plans[order[0]].scores["over_tolerance"]
    order = [i for i in order if plans[i].scores["over_tolerance"] == least]
    chosen = [order[0]]
    nearest = {i: differing_share(plans[order[0]], plans[i]) for i in order}
    while len(chosen) < count and max(nearest.values()) > 0:
        farthest = max(order, key=lambda i: nearest[i])  # of equals the better plan
        chosen.append(farthest)
        for i in order:
            nearest[i] = min(nearest[i], differing_share(plans[farthest], plans[i]))
    return [plans[i] for i in chosen]


def differing_share(plan: Plan, other: Plan) -> float:
    """Measure the share of load that is in another grid, whatever the grids are called.

    Parameters
    ----------
    plan, other : Plan
        Of the same units, with as many grids.

    Returns
    -------
    float
        0 to 1.
    """
    labels, others = (
        one.targets.index.get_indexer(pd.Index(one.assignment)) for one in (plan, other)
    )
    load = plan.load.to_numpy()
    named = after_today(labels, others, load, np.zeros(len(plan.targets), np.int64))
    total = load.sum()
    off = named != others
    return float(load[off].sum() / total) if total > 0 else float(off.mean())
