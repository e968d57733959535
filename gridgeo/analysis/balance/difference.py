"""Difference: what changes between two plans of the same units, border by border."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from gridgeo.analysis.balance.naming import new_ids, three
from gridgeo.errors import ContractError, ParameterError
from gridgeo.model.assignment import assigned, in_order
from gridgeo.model.plan import Plan


@dataclass(frozen=True, eq=False)
class Difference:
    """What changes from one plan to another.

    Parameters
    ----------
    borders : DataFrame
        One row for each pair of grids between which units move, most load first:
        ``from_grid``, ``to_grid``, ``units`` (their number), ``load``, ``households``,
        ``distance_before_m``, ``distance_after_m``, as ``Plan.explain`` has them.
    grids : DataFrame
        One row for each grid whose units or target change, by id: ``load_before``,
        ``load_after``, ``target_before``, ``target_after``, ``deviation_before``,
        ``deviation_after``, ``units_gained``, ``units_lost``, ``load_gained``, ``load_lost``.
        A grid that is in one plan only has load 0 and no target (nan) in the other.
    scores : DataFrame
        Indexed by score: ``before``, ``after``, ``change``; nan where a plan lacks it.
    moved : Index
        Units that change their grid, in the order of the first plan.
    after : Plan
        The second plan on the units of the first, its grids named as in ``borders``; its
        ``before`` is the first plan.
    """

    borders: pd.DataFrame
    grids: pd.DataFrame
    scores: pd.DataFrame
    moved: pd.Index
    after: Plan

    @property
    def empty(self) -> bool:
        """Whether every unit keeps its grid."""
        return len(self.moved) == 0


def difference(before: Plan, after: Plan, match: bool = False) -> Difference:
    """Compare two plans of the same units.

    Parameters
    ----------
    before, after : Plan
        Of the same units, in any order, and with the same load.
    match : bool
        Whether the grids of ``after`` are named first after those of ``before`` they share most
        load with, all in all, so that a plan drawn anew can be compared. A grid that shares
        nothing keeps its id, or is called ``new-1`` … where that id is taken.

    Returns
    -------
    Difference

    Raises
    ------
    ContractError
        The units differ, or what they weigh: how many, and three ids.
    ParameterError
        One of the two is no Plan.

    Notes
    -----
    The load shared is the greatest possible (Kuhn–Munkres, by SciPy's
    ``linear_sum_assignment``). Where nobody lives, units decide; of equals a grid keeps its id.

    Examples
    --------
    >>> from gridgeo.analysis.balance import judge
    >>> import geopandas as gpd, shapely
    >>> row = [shapely.box(x, 0, x + 1, 1) for x in range(4)]
    >>> units = gpd.GeoDataFrame({"households": 10}, geometry=row, index=list("abcd"), crs=4549)
    >>> old = judge(units, "households", dict(zip("abcd", "wwwe")))
    >>> new = judge(units, "households", dict(zip("abcd", "1122")))
    >>> found = difference(old, new, match=True)
    >>> found.borders[["from_grid", "to_grid", "load"]].to_numpy().tolist()
    [['w', 'e', 10.0]]
    >>> float(found.scores.loc["max_deviation", "change"])
    -0.5
    """
    _check(before, after)
    ids = before.units.index
    values = assigned(after.assignment, ids, "the second plan")
    targets = after.targets
    if match:
        names = _names(before, pd.Index(values), targets.index)
        values = pd.Series(
            names.take(targets.index.get_indexer(pd.Index(values))), index=ids, name=values.name
        )
        targets = targets.set_axis(names)
    grids = in_order([*before.targets.index, *targets.index])
    old = grids.get_indexer(pd.Index(before.assignment))
    new = grids.get_indexer(pd.Index(values))
    moved = ids[old != new]
    broken = after.broken
    if match:
        broken = broken.set_axis(names.take(after.targets.index.get_indexer(broken.index)))
    made = replace(
        after,
        units=after.units.reindex(ids),
        load=after.load.reindex(ids),
        assignment=values,
        targets=targets,
        moved=moved,
        before=before.assignment.rename("grid_today"),
        broken=broken,
    )
    return Difference(
        borders=made.explain(),
        grids=_grids(before, made, grids, old, new),
        scores=_scores(before, after),
        moved=moved,
        after=made,
    )


def _check(before: Plan, after: Plan) -> None:
    for name, plan in (("before", before), ("after", after)):
        if not isinstance(plan, Plan):
            raise ParameterError(
                f"{name} is a {type(plan).__name__}; it must be a Plan.",
                hint="Make one with judge(units, load, assignment).",
                fields=[name],
            )
    first, second = before.units.index, after.units.index
    apart = [
        f"{len(ids)} units are only in {name} ({three(ids)})"
        for ids, name in (
            (first[~first.isin(second)], "before"),
            (second[~second.isin(first)], "after"),
        )
        if len(ids)
    ]
    if apart:
        raise ContractError(
            f"The two plans are not of the same units: {'; '.join(apart)}.",
            hint="Judge both plans on one file of units.",
            fields=["before", "after"],
        )
    other = after.load.reindex(first).to_numpy()
    differs = ~np.isclose(before.load.to_numpy(), other, rtol=1e-9, atol=0.0)
    if differs.any():
        raise ContractError(
            f"The two plans weigh {differs.sum()} units differently ({three(first[differs])}).",
            hint="Judge both plans with the same load.",
            fields=["load"],
        )


def _names(before: Plan, assignment: pd.Index, grids: pd.Index) -> pd.Index:
    """Name the grids of a plan after those of another one, shape (k,)."""
    today = before.targets.index
    rows, columns = grids.get_indexer(assignment), today.get_indexer(pd.Index(before.assignment))
    load = before.load.to_numpy(dtype="float64")
    grain = max(float(load.mean()), 1e-300)
    shared = np.zeros((len(grids), len(today)))
    np.add.at(shared, (rows, columns), load + 1e-9 * grain)
    worth = shared.copy()
    own = today.get_indexer(grids)
    worth[np.flatnonzero(own >= 0), own[own >= 0]] += 1e-12 * grain
    mine, theirs = linear_sum_assignment(worth, maximize=True)
    named: dict[int, object] = {
        int(grid): today[name]
        for grid, name in zip(mine, theirs, strict=True)
        if shared[grid, name] > 0
    }
    taken = {*today, *named.values()}
    kept = {g: one for g, one in enumerate(grids) if g not in named and one not in taken}
    fresh = iter(new_ids(len(grids), [*taken, *kept.values()]))
    names = [
        named[g] if g in named else kept[g] if g in kept else next(fresh) for g in range(len(grids))
    ]
    return pd.Index(names)


def _grids(
    before: Plan, after: Plan, grids: pd.Index, old: np.ndarray, new: np.ndarray
) -> pd.DataFrame:
    """Tell each grid that changes; ``old`` and ``new`` are positions in ``grids``."""
    load, k, off = after.load.to_numpy(dtype="float64"), len(grids), old != new
    table = pd.DataFrame(
        {
            "load_before": np.bincount(old, weights=load, minlength=k),
            "load_after": np.bincount(new, weights=load, minlength=k),
            "target_before": before.targets.reindex(grids).to_numpy(),
            "target_after": after.targets.reindex(grids).to_numpy(),
            "deviation_before": before.deviations().reindex(grids).to_numpy(),
            "deviation_after": after.deviations().reindex(grids).to_numpy(),
            "units_gained": np.bincount(new[off], minlength=k),
            "units_lost": np.bincount(old[off], minlength=k),
            "load_gained": np.bincount(new[off], weights=load[off], minlength=k),
            "load_lost": np.bincount(old[off], weights=load[off], minlength=k),
        },
        index=grids.rename("grid_id"),
    )
    first, second = table["target_before"], table["target_after"]
    same = np.isclose(first, second, rtol=1e-9, atol=0.0, equal_nan=True)
    return table[~same | (table["units_gained"] + table["units_lost"] > 0)]


def _scores(before: Plan, after: Plan) -> pd.DataFrame:
    names = list(dict.fromkeys([*before.scores, *after.scores]))
    table = pd.DataFrame(
        {
            "before": pd.Series(before.scores, dtype="float64").reindex(names),
            "after": pd.Series(after.scores, dtype="float64").reindex(names),
        }
    )
    return table.assign(change=table["after"] - table["before"]).rename_axis("score")
