"""The arguments of ``balance``, checked and turned into arrays in an order of their own."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.balance.naming import three
from gridgeo.analysis.balance.unit_graph import UnitGraph, is_number
from gridgeo.analysis.balance.watch import Progress
from gridgeo.analysis.balance.workers import check_load
from gridgeo.errors import ContractError, InfeasibleError, ParameterError

Load = str | Mapping[str, float]
Targets = Sequence[float] | np.ndarray | pd.Series | Mapping[object, float]


@dataclass(frozen=True)
class Inputs:
    """What was asked, in canonical order: units ascending by id, so that row order is no input.

    Parameters
    ----------
    order : ndarray of int64, shape (n,)
        Position in the given frame of each unit.
    load : ndarray of float64, shape (n,)
    k : int
    relative : ndarray of float64, shape (k,), or None
        Relative targets: by position, or first of ``ids``, then of ``added``.
    today : ndarray of int64, shape (n,)
        Code of today's grid, −1 where there is none.
    ids : list
        Today's grids by code, in order of appearance.
    added : list
        Ids that only ``targets`` names.
    region : ndarray of int64, shape (n,)
        Code of the region; all 0 without regions.
    regions : list
        Region values by code; empty without regions.
    locked : ndarray of int64
        Codes of locked grids, ascending.
    has_current : bool
    """

    order: np.ndarray
    load: np.ndarray
    k: int
    relative: np.ndarray | None
    today: np.ndarray
    ids: list[object]
    added: list[object]
    region: np.ndarray
    regions: list[object]
    locked: np.ndarray
    has_current: bool

    @property
    def n(self) -> int:
        """Number of units."""
        return len(self.load)


def read_inputs(
    graph: UnitGraph,
    load: Load,
    k: int | None,
    targets: Targets | None,
    current: str | None,
    region: str | None,
    locked: Iterable[object] | None,
) -> Inputs:
    """Check the arguments that depend on the units.

    Parameters
    ----------
    graph, load, k, targets, current, region, locked
        As in ``balance``.

    Raises
    ------
    ContractError
        A column is missing, a load cannot be shared, a unit has no region.
    ParameterError
        Arguments do not fit together.
    InfeasibleError
        More grids than units.
    """
    units = graph.units
    order = _canonical(units.index)
    values = _load(units, load)[order]
    today = np.full(len(units), -1, np.int64)
    ids: list[object] = []
    if current is not None:
        codes, found = pd.factorize(column_of(units, current, "current").iloc[order])
        today, ids = codes.astype(np.int64), list(found)
    zones = np.zeros(len(units), np.int64)
    names: list[object] = []
    if region is not None:
        if targets is not None:
            raise ParameterError(
                "region and targets cannot be given together: with regions a grid's target is its "
                "region's load ÷ its grids.",
                hint="Leave one of them out.",
                fields=["region", "targets"],
            )
        zones, names = _regions(column_of(units, region, "region"), order)
    count, relative, added = _targets(k, targets, ids, current is not None)
    if count > len(units):
        raise InfeasibleError(
            f"{count} grids cannot be made of {len(units)} units: a unit is never split.",
            hint=f"Choose k up to {len(units)}, or smaller units.",
            fields=["k"],
        )
    return Inputs(
        order=order,
        load=values,
        k=count,
        relative=relative,
        today=today,
        ids=ids,
        added=added,
        region=zones,
        regions=names,
        locked=_locked(locked, ids, current is not None),
        has_current=current is not None,
    )


def check_plain(
    tolerance: float,
    compactness: float,
    stability: float,
    seed: int,
    limit_s: float | None,
    progress: Progress | None,
) -> None:
    """Refuse numbers outside their range, or that are none.

    Raises
    ------
    ParameterError
        ``tolerance`` below 0 or not finite, ``compactness`` or ``stability`` outside 0 to 1,
        ``seed`` no whole number from 0, ``time_limit_s`` below 0, ``progress`` that cannot be
        called.
    """
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    in_time = limit_s is None or (is_number(limit_s) and limit_s >= 0)
    heard = progress is None or callable(progress)
    for name, value, good, need in (
        (
            "tolerance",
            tolerance,
            is_number(tolerance) and 0 <= tolerance < np.inf,
            "0 or more, such as 0.05 for 5 %",
        ),
        (
            "compactness",
            compactness,
            is_number(compactness) and 0 <= compactness <= 1,
            "from 0 to 1",
        ),
        ("stability", stability, is_number(stability) and 0 <= stability <= 1, "from 0 to 1"),
        ("seed", seed, whole and seed >= 0, "a whole number from 0"),
        ("time_limit_s", limit_s, in_time, "0 seconds or more, or None"),
        ("progress", progress, heard, "a function of (share done, text), or None"),
    ):
        if not good:
            raise ParameterError(f"{name} is {value!r}; it must be {need}.", fields=[name])


def _canonical(index: pd.Index) -> np.ndarray:
    try:
        return np.asarray(index.argsort(), np.int64)
    except TypeError:  # ids of several types have no order of their own
        keys = [(type(one).__name__, str(one)) for one in index]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)


def _load(units: pd.DataFrame, load: Load) -> np.ndarray:
    """Sum the columns of the load by their weights, shape (n,)."""
    if not isinstance(load, Mapping):
        return check_load(column_of(units, load, "load"), "units")
    wrong = [name for name, weight in load.items() if not (is_number(weight) and weight >= 0)]
    if wrong or not any(load.values()):
        raise ParameterError(
            f"load weighs {three(wrong)} by no number from 0."
            if wrong
            else "load names no column with a weight above 0.",
            hint='Give columns with weights, such as {"households": 1, "planned_households": 0.5}.',
            fields=["load"],
        )
    total = np.zeros(len(units))
    with np.errstate(over="ignore", invalid="ignore"):
        for name in sorted(load, key=str):  # so that the order of the mapping changes no bit
            total += float(load[name]) * check_load(column_of(units, name, "load"), "units")
    if not np.isfinite(total).all():
        raise ParameterError("load sums to more than a number can hold.", fields=["load"])
    return total


def column_of(units: pd.DataFrame, name: str, argument: str) -> pd.Series:
    """Give a column that an argument names.

    Raises
    ------
    ContractError
        There is none of this name, or several, or it holds shapes, lists or tables.
    """
    if not isinstance(name, str) or name not in units.columns:
        raise ContractError(
            f"units has no column {name!r}, which {argument} names; it has "
            f"{', '.join(map(str, units.columns[:8]))}.",
            hint=f"Give {argument} the name of a column.",
            fields=[argument],
        )
    column = units[name]
    if not isinstance(column, pd.Series):
        raise ContractError(
            f"units has {column.shape[1]} columns {name!r}, which {argument} names.",
            hint="Rename or drop all but one.",
            fields=[argument],
        )
    if isinstance(column, gpd.GeoSeries) or not column.dropna().map(_is_value).all():
        raise ContractError(
            f"{name} of units holds shapes, lists or tables, which are no values to tell apart; "
            f"{argument} names it.",
            hint="Give a column of texts or numbers.",
            fields=[argument],
        )
    return column


def _is_value(one: object) -> bool:
    return isinstance(one, Hashable)


def _regions(column: pd.Series, order: np.ndarray) -> tuple[np.ndarray, list[object]]:
    codes, names = pd.factorize(column.iloc[order])
    if (codes < 0).any():
        nowhere = column.index[column.isna()]
        raise ContractError(
            f"{len(nowhere)} units have no {column.name} ({three(nowhere)}); every unit must "
            "lie in one region.",
            fields=[str(column.name)],
        )
    return codes.astype(np.int64), list(names)


def _targets(
    k: int | None, targets: Targets | None, ids: list[object], has_current: bool
) -> tuple[int, np.ndarray | None, list[object]]:
    """Settle k: (k, relative targets, ids that are new)."""
    if k is not None and (isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1):
        raise ParameterError(
            f"k is {k!r}; it must be a whole number of grids from 1.", fields=["k"]
        )
    if targets is None:
        count = k if k is not None else len(ids)
        if count == 0:
            raise ParameterError(
                "Neither k nor targets says how many grids to make, and no plan is in force.",
                hint="Give k, targets, or current.",
                fields=["k", "targets", "current"],
            )
        return int(count), None, []
    added: list[object] = []
    if has_current:
        series = _by_id(targets, ids)
        added = [one for one in series.index if one not in set(ids)]
        values = series.reindex([*ids, *added])
    else:
        values = pd.Series(np.asarray(targets, dtype=object).ravel())
    relative = pd.to_numeric(values, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    if len(relative) == 0 or not (np.isfinite(relative) & (relative > 0)).all():
        bad = int((~(np.isfinite(relative) & (relative > 0))).sum())
        raise ParameterError(
            f"{bad} of {len(relative)} targets are no number above 0; each grid needs a share.",
            hint="Give relative shares, e.g. full-time equivalents: 1.0, 0.5.",
            fields=["targets"],
        )
    if k is not None and k != len(relative):
        raise ParameterError(
            f"k is {k}, but targets has {len(relative)} entries.",
            hint="Leave k out, or give k targets.",
            fields=["k", "targets"],
        )
    return len(relative), relative, added


def _by_id(targets: Targets, ids: list[object]) -> pd.Series:
    if not isinstance(targets, pd.Series | Mapping):
        raise ParameterError(
            "With current, targets must be a Series by grid id, so that each grid gets its own.",
            hint="Give pd.Series({id: share, …}).",
            fields=["targets", "current"],
        )
    series = pd.Series(targets, dtype=object)
    absent = [one for one in ids if one not in series.index]
    if absent or not series.index.is_unique:
        raise ParameterError(
            f"targets must name each of today's {len(ids)} grids once; it lacks {len(absent)} "
            f"({three(absent)})."
            if absent
            else "targets names a grid twice.",
            hint="Add the missing grids; a grid that is only in targets is a new one.",
            fields=["targets"],
        )
    return series


def _locked(locked: Iterable[object] | None, ids: list[object], has_current: bool) -> np.ndarray:
    if locked is None:
        return np.empty(0, np.int64)
    if not has_current:
        raise ParameterError(
            "locked needs current: a grid keeps its units only if it has some today.",
            hint="Name the column of today's grid in current.",
            fields=["locked", "current"],
        )
    if not isinstance(locked, Iterable):
        raise ParameterError(
            f"locked is {locked!r}; it must be a list of today's grid ids.",
            hint=f"Give [{locked!r}].",
            fields=["locked"],
        )
    wanted = pd.Index([locked] if isinstance(locked, str) else list(locked)).unique()
    codes = pd.Index(ids, dtype=object).get_indexer(wanted)
    if (codes < 0).any():
        raise ParameterError(
            f"locked names {(codes < 0).sum()} grids that no unit is in today "
            f"({three(wanted[codes < 0])}).",
            hint="Give ids that occur in the column of current.",
            fields=["locked"],
        )
    return np.sort(codes).astype(np.int64)
