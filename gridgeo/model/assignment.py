"""Unit → grid as somebody else made it: complete, or a sentence about what is not."""

from collections.abc import Iterable
from numbers import Real

import numpy as np
import pandas as pd

from gridgeo.errors import ContractError


def assigned(plan: pd.Series, ids: pd.Index, name: str = "plan") -> pd.Series:
    """Bring an assignment into the order of the units; it must fit them exactly.

    Parameters
    ----------
    plan : Series
        Unit → grid, in any order.
    ids : Index, shape (n,)
        The units, each once.
    name : str
        What the assignment is called in messages.

    Returns
    -------
    Series, shape (n,)
        On ``ids``.

    Raises
    ------
    ContractError
        Units twice, unknown, missing or without a grid: all of it at once, with how many and
        three ids each.
    """
    # Not isin: on texts it takes a hundred times as long.
    place = ids.get_indexer(plan.index)
    left_out = np.ones(len(ids), bool)
    left_out[place[place >= 0]] = False
    twice = plan.index[plan.index.duplicated()].unique()
    unknown = plan.index[place < 0].unique()
    missing = ids[left_out]
    empty = plan.index[plan.isna().to_numpy() & (place >= 0)].unique()
    faults = [
        f"{len(found)} units {said} ({_three(found)})"
        for found, said in (
            (twice, "stand more than once"),
            (unknown, "are unknown"),
            (missing, "are missing"),
            (empty, "have no grid"),
        )
        if len(found)
    ]
    if faults:
        raise ContractError(
            f"{name} does not fit the {len(ids)} units: {'; '.join(faults)}.",
            hint="Give every unit exactly one grid, by the ids the units have"
            + (_of_types(plan.index, ids) if len(unknown) else "")
            + ".",
            fields=["plan"],
        )
    return plan.reindex(ids)


def in_order(grids: Iterable[object]) -> pd.Index:
    """Give ids of grids once each, ascending: numbers by value, then texts and others by text."""
    found = pd.Index(pd.unique(pd.Series(list(grids), dtype=object))).infer_objects()
    try:
        return found.sort_values()
    except TypeError:
        return pd.Index(sorted(found, key=_place), dtype=object)


def _place(grid: object) -> tuple[bool, float, str]:
    return (False, float(grid), "") if isinstance(grid, Real) else (True, 0.0, str(grid))


def _of_types(given: pd.Index, ids: pd.Index) -> str:
    """Say that ids are of two types, the usual reason why none is known."""
    kinds = [pd.api.types.infer_dtype(one, skipna=True) for one in (given, ids)]
    return "" if kinds[0] == kinds[1] else f" ({kinds[1]}, while here they are {kinds[0]})"


def _three(ids: Iterable[object]) -> str:
    names = [str(one) for one in ids]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
