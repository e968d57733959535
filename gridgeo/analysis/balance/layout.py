"""How many grids stand where, what each should carry, and which of today's grids they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridgeo.analysis.balance.bounds import Cause
from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.inputs import Inputs
from gridgeo.analysis.balance.naming import new_ids
from gridgeo.analysis.balance.share import apportion, deal, exchange
from gridgeo.errors import InfeasibleError


@dataclass(frozen=True)
class Layout:
    """The grids of a plan before their borders are drawn.

    Parameters
    ----------
    names : list
        Id of each grid, shape (k,).
    part : ndarray of int64, shape (k,)
        The part each grid begins in; −1 for a locked grid.
    targets : ndarray of float64, shape (k,)
        Load each grid should carry.
    weights : ndarray of float64, shape (n,)
        Load as the solver sees it: in units of the mean target, and spread evenly over the units
        of a region where nobody lives.
    goals : ndarray of float64, shape (k,)
        Targets as the solver sees them, > 0.
    labels : ndarray of int64, shape (n,)
        The grid of today of each unit as a position in ``names``; −1 where it has none.
    region_grids : ndarray of int64, shape (r,)
        Grids of each region.
    """

    names: list[object]
    part: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    goals: np.ndarray
    labels: np.ndarray
    region_grids: np.ndarray


@dataclass(frozen=True)
class Solved:
    """A finished plan in canonical order.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        Positions in ``layout.names``.
    layout : Layout
    graph : Graph
        The constrained graph with weights.
    pieces : ndarray of int64, shape (n,)
        Connected pieces of the free units, −1 for units of locked grids.
    causes : list of Cause
        What was found to be impossible beforehand, at positions in the whole.
    """

    labels: np.ndarray
    layout: Layout
    graph: Graph
    pieces: np.ndarray
    causes: list[Cause]


def lay_out(inputs: Inputs, parts: np.ndarray, tolerance: float) -> Layout:
    """Settle what does not depend on borders.

    Parameters
    ----------
    inputs : Inputs
    parts : ndarray of int64, shape (n,)
        Connected parts 0 … p−1 of the units that are free, each in one region; −1 for units of
        locked grids.
    tolerance : float
        Unequal targets of today's grids change parts only where one is off by more.

    Raises
    ------
    InfeasibleError
        k does not fit the parts, each of which needs a grid.
    """
    region_grids = _region_grids(inputs, parts)
    weights, region_goal = _weights(inputs, region_grids)
    homes = _homes(inputs, parts, weights)
    if inputs.relative is None:
        return _equal(inputs, parts, weights, region_grids, region_goal, homes)
    return _unequal(inputs, parts, weights, region_grids, homes, tolerance)


def _locked_by_region(inputs: Inputs, r: int) -> np.ndarray:
    """Count the locked grids of each region; a locked grid lies in one."""
    first = np.array([int(np.argmax(inputs.today == code)) for code in inputs.locked], np.int64)
    return np.bincount(inputs.region[first], minlength=r)


def _region_grids(inputs: Inputs, parts: np.ndarray) -> np.ndarray:
    r = int(inputs.region.max()) + 1
    free = parts >= 0
    locked = _locked_by_region(inputs, r)
    first = np.unique(parts[free], return_index=True)[1]
    pieces = np.bincount(inputs.region[free][first], minlength=r)
    least, most = pieces + locked, np.bincount(inputs.region[free], minlength=r) + locked
    if not least.sum() <= inputs.k <= most.sum():
        where = f" in {r} regions" if r > 1 else ""
        kept = f" and {len(inputs.locked)} locked grids" if len(inputs.locked) else ""
        raise InfeasibleError(
            f"k = {inputs.k} has no plan: {pieces.sum()} pieces that no grid may join{where}{kept} "
            f"need at least {least.sum()} grids and hold at most {most.sum()}.",
            hint=f"Choose k from {least.sum()} to {most.sum()}, or join the pieces with edges.",
            fields=["k"],
        )
    load = np.bincount(inputs.region, weights=inputs.load, minlength=r)
    if load.sum() == 0:
        load = np.bincount(inputs.region, minlength=r).astype(float)
    return apportion(
        load, least, most, inputs.k, load.sum() / inputs.k, _grids_today(inputs, inputs.region, r)
    )


def _grids_today(inputs: Inputs, where: np.ndarray, count: int) -> np.ndarray | None:
    """Count today's grids by the class in which most of their load lies."""
    if not inputs.has_current:
        return None
    home = _home(inputs, where, inputs.load, count)
    return np.bincount(home[home >= 0], minlength=count)


def _home(inputs: Inputs, where: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    """Find the class in which most of each grid's load lies; −1 for a grid without units."""
    ids = len(inputs.ids)
    known = (inputs.today >= 0) & (where >= 0)
    key = inputs.today[known] * count + where[known]
    shape = (ids, count)
    load = np.bincount(key, weights=weights[known], minlength=ids * count).reshape(shape)
    units = np.bincount(key, minlength=ids * count).reshape(shape)
    # Zero loads: the class with more units; equal ones: the first.
    ranked = np.where(units > 0, load + 1e-9 * units * max(float(weights.mean()), 1e-300), -1.0)
    return np.where(units.any(axis=1), ranked.argmax(axis=1), -1) if count else np.full(ids, -1)


def _weights(inputs: Inputs, region_grids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the loads as the solver sees them, and the goal of each region's grids."""
    r, total = len(region_grids), inputs.load.sum()
    load = np.bincount(inputs.region, weights=inputs.load, minlength=r)
    units = np.bincount(inputs.region, minlength=r)
    # One division: whole numbers times a constant give the same weights to the bit.
    weights = inputs.load * inputs.k / total if total > 0 else np.ones(inputs.n)
    goal = load * inputs.k / total / region_grids if total > 0 else units / region_grids
    empty = (load == 0) & (total > 0)
    weights[empty[inputs.region]] = 1.0
    goal[empty] = units[empty] / region_grids[empty]
    return weights, goal


def _homes(inputs: Inputs, parts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Find the part of each of today's grids that is free; −1 for the locked."""
    home = _home(inputs, parts, weights, int(parts.max(initial=-1)) + 1)
    home[inputs.locked] = -1
    return home


def _part_grids(
    inputs: Inputs,
    parts: np.ndarray,
    weights: np.ndarray,
    region_grids: np.ndarray,
    region_goal: np.ndarray,
    homes: np.ndarray,
) -> np.ndarray:
    """Count the grids of each part whose targets are its region's."""
    free = parts >= 0
    count = int(parts.max(initial=-1)) + 1
    load = np.bincount(parts[free], weights=weights[free], minlength=count)
    units = np.bincount(parts[free], minlength=count)
    today = np.bincount(homes[homes >= 0], minlength=count)
    least = np.ones(count, np.int64)
    grids = np.zeros(count, np.int64)
    region = np.zeros(count, np.int64)
    region[parts[free]] = inputs.region[free]
    free_grids = region_grids - _locked_by_region(inputs, len(region_grids))
    for zone in range(len(region_grids)):
        mine = np.flatnonzero(region == zone) if count else np.empty(0, np.int64)
        if len(mine):
            wish = today[mine] if inputs.has_current else None
            grids[mine] = apportion(
                load[mine], least[mine], units[mine], int(free_grids[zone]), region_goal[zone], wish
            )
    return grids


def _equal(
    inputs: Inputs,
    parts: np.ndarray,
    weights: np.ndarray,
    region_grids: np.ndarray,
    region_goal: np.ndarray,
    homes: np.ndarray,
) -> Layout:
    """Lay out grids whose target is their region's load ÷ its grids."""
    part_grids = _part_grids(inputs, parts, weights, region_grids, region_goal, homes)
    kept = _kept(inputs, homes, weights, part_grids)
    codes = np.concatenate([inputs.locked, kept])
    names = [inputs.ids[code] for code in codes]
    part = np.concatenate([np.full(len(inputs.locked), -1), homes[kept]])
    lacking = part_grids - np.bincount(homes[kept], minlength=len(part_grids))
    fresh = np.repeat(np.arange(len(part_grids)), lacking)
    part = np.concatenate([part, fresh]).astype(np.int64)
    names += new_ids(len(fresh), inputs.ids) if inputs.has_current else list(range(len(fresh)))
    region = _region_of_grids(inputs, parts, part)
    load = np.bincount(inputs.region, weights=inputs.load, minlength=len(region_grids))
    targets = (load / region_grids)[region]
    labels = _relabelled(inputs, codes)
    return Layout(names, part, targets, weights, region_goal[region], labels, region_grids)


def _unequal(
    inputs: Inputs,
    parts: np.ndarray,
    weights: np.ndarray,
    region_grids: np.ndarray,
    homes: np.ndarray,
    tolerance: float,
) -> Layout:
    """Lay out grids with targets of their own; all of today's stay, most where they are."""
    relative = inputs.relative
    assert relative is not None  # noqa: S101  lay_out asked
    shares = relative / relative.sum()
    goals = shares * weights.sum()
    free = parts >= 0
    count = int(parts.max(initial=-1)) + 1
    part = np.full(inputs.k, -1, np.int64)
    part[: len(homes)] = homes
    # A part without a grid takes one from the part with most; only there can one be spared.
    held = np.bincount(part[part >= 0], minlength=count)
    loose = np.flatnonzero(part < 0)
    loose = loose[~np.isin(loose, inputs.locked)]
    for _ in range(int((held == 0).sum()) - len(loose)):
        fullest = int(np.argmax(held))
        mine = np.flatnonzero(part == fullest)
        least = mine[np.argmin(goals[mine])]
        part[least] = -1
        held[fullest] -= 1
        loose = np.append(loose, least)
    load = np.bincount(parts[free], weights=weights[free], minlength=count)
    left = load - np.bincount(part[part >= 0], weights=goals[part >= 0], minlength=count)
    units = np.bincount(parts[free], minlength=count)
    part[loose] = deal(left, (held == 0).astype(np.int64), units - held, goals[loose])
    dealt = np.flatnonzero(part >= 0)
    enough = tolerance if inputs.has_current else 0.0
    part[dealt] = exchange(part[dealt], load, units, goals[dealt], enough)
    names = [*inputs.ids, *inputs.added] if inputs.has_current else [*range(inputs.k)]
    labels = _relabelled(inputs, np.arange(len(inputs.ids)))
    targets = shares * inputs.load.sum()
    return Layout(names, part, targets, weights, goals, labels, region_grids)


def _kept(
    inputs: Inputs, homes: np.ndarray, weights: np.ndarray, part_grids: np.ndarray
) -> np.ndarray:
    """Codes of today's free grids that stay in their part: the heaviest, as many as fit."""
    known = inputs.today >= 0
    load = np.bincount(inputs.today[known], weights=weights[known], minlength=len(inputs.ids))
    kept: list[int] = []
    room = part_grids.copy()
    for code in np.argsort(-load, kind="stable").tolist():
        if homes[code] >= 0 and room[homes[code]] > 0:
            room[homes[code]] -= 1
            kept.append(code)
    return np.sort(np.array(kept, np.int64))


def _relabelled(inputs: Inputs, codes: np.ndarray) -> np.ndarray:
    """Today's grid of each unit as a position in ``codes``; −1 where it does not stay."""
    position = np.full(len(inputs.ids) + 1, -1, np.int64)
    position[codes] = np.arange(len(codes))
    return position[inputs.today]


def _region_of_grids(inputs: Inputs, parts: np.ndarray, part: np.ndarray) -> np.ndarray:
    region = np.zeros(len(part), np.int64)
    free = parts >= 0
    of_part = np.zeros(int(parts.max(initial=-1)) + 1, np.int64)
    of_part[parts[free]] = inputs.region[free]
    region[part >= 0] = of_part[part[part >= 0]]
    for grid, code in enumerate(inputs.locked):
        region[grid] = inputs.region[int(np.argmax(inputs.today == code))]
    return region
