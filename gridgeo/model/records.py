"""What the store is handed and hands back: a file's feed, and a plan as it is kept."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of a file that were judged together; a file is one part or many.

    Parameters
    ----------
    accepted : DataFrame or GeoDataFrame, shape (n, …)
        Keeps the layer's contract; any CRS. All parts of a file have the same columns.
    refused : DataFrame
        One row a fault: ``row`` (of the file, from 1), ``field``, ``code``, ``reason_zh``,
        ``reason_en``, ``content`` (mapping). May be empty.
    rows_read : int
        Rows of the file in this part.
    """

    accepted: pd.DataFrame
    refused: pd.DataFrame
    rows_read: int

    @property
    def rejected(self) -> int:
        """How many rows were refused."""
        return int(self.refused["row"].nunique()) if len(self.refused) else 0


@dataclass(frozen=True)
class FeedIn:
    """A file about to be taken in.

    Parameters
    ----------
    file_name : str
        Without its folder.
    sha256 : str
        Of the file's bytes, hexadecimal.
    imported_at : datetime
        With a time zone.
    imported_by : str
    params : mapping
        How it was read: mapping of columns, CRS, encoding. The same file read otherwise is
        another feed.
    department : str or None
    valid_from : date or None
        First day of the grids that say none themselves.
    purpose, lawful_basis : str or None
        What the data is kept for, and the law or agreement that allows it.
    data_as_of : datetime or None
        With a time zone: the moment the file describes, where its rows do not tell when they
        happened.
    """

    file_name: str
    sha256: str
    imported_at: datetime
    imported_by: str
    params: Mapping[str, Any] = field(default_factory=dict)
    department: str | None = None
    valid_from: date | None = None
    purpose: str | None = None
    lawful_basis: str | None = None
    data_as_of: datetime | None = None

    def reading(self) -> dict[str, Any]:
        """Give all that makes this reading of the file differ from another one."""
        day = None if self.valid_from is None else self.valid_from.isoformat()
        return {**self.params, "valid_from": day}

    def digest(self) -> str:
        """Condense ``reading`` to 64 hexadecimal digits."""
        said = json.dumps(self.reading(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True)
class FeedResult:
    """What a feed changed.

    Parameters
    ----------
    feed_id : int
    inserted, updated, unchanged : int
        Rows of the layer; for grids, ``updated`` counts grids with a new or amended version.
    rejected : int
        Rows refused.
    repeated : bool
        This file was taken in before, read the same way: nothing was changed. ``unchanged`` and
        ``rejected`` are as they were then.
    """

    feed_id: int
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    repeated: bool = False


@dataclass(frozen=True, eq=False)
class Walked:
    """The patrols of a period.

    Parameters
    ----------
    patrols : DataFrame
        Keeps ``PATROLS``: those that begin in the period, or in the 24 hours before it, for they
        decide which of the first ones come too soon.
    covered : DataFrame or None
        The stretches of street covered in the period: ``street`` (its key), ``from_m``, ``to_m``.
        None where no patrol, of any period, is known to have covered any.
    known : bool
        Whether a patrol of any period is known at all.
    """

    patrols: pd.DataFrame
    covered: pd.DataFrame | None
    known: bool


@dataclass(frozen=True, eq=False)
class StoredPlan:
    """One version of a plan as it is kept.

    Parameters
    ----------
    assignment : Series of str, shape (n,)
        Unit → grid, index ``unit_id``.
    created_at : datetime
        With a time zone.
    seed : int
    params, scores : mapping
        How it was found, how good it is. Numbers that are not finite are kept as None.
    base_date : date or None
        The grids in force on this day were its starting point; the day of ``created_at`` if None.
    by : str
        Who made it; the solver is called gridgeo.
    note : str
    state : str
        How far the plan has come; a new one is a draft.
    plan_id, version_no : int or None
        None until it is saved.
    base_id : int or None
        What it was made from, as ``Store.keep_base`` kept it; None takes what stands when it is
        saved.
    """

    assignment: pd.Series
    created_at: datetime
    seed: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    base_date: date | None = None
    by: str = "gridgeo"
    note: str = ""
    state: str = "draft"
    plan_id: int | None = None
    version_no: int | None = None
    base_id: int | None = None


@dataclass(frozen=True)
class PlanStep:
    """One step of a plan on its road.

    Parameters
    ----------
    plan_id, step_no, version_no : int
        Steps count from 1. The version is the one that took the step.
    state : str
        Reached by the step.
    at : datetime
        In UTC.
    by : str
        Who took it.
    note : str
        Why; of an end, the reason.
    publicity_days : int or None
        Of publicised: how many days people may object.
    valid_from : date or None
        Of filed: first day of its borders.
    """

    plan_id: int
    step_no: int
    version_no: int
    state: str
    at: datetime
    by: str
    note: str = ""
    publicity_days: int | None = None
    valid_from: date | None = None


@dataclass(frozen=True)
class Moved:
    """What changed under a plan since it was made.

    Parameters
    ----------
    grids, units : tuple of str
        Keys of rows that are new, gone or not as they were, in order.
    known : bool
        False where nobody kept what the plan was made from.
    """

    grids: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    known: bool = True

    def __bool__(self) -> bool:
        """Tell whether anything moved, or might have."""
        return not self.known or bool(self.grids or self.units)

    def said(self) -> str:
        """Say as half a sentence what moved, naming at most three of each."""
        if not self.known:
            return "nobody kept what it was made from"
        parts = [(self.grids, "grids"), (self.units, "units")]
        told = " and ".join(f"{len(ids):,} {what} ({named(ids)})" for ids, what in parts if ids)
        return f"since it was made, {told} changed"


def named(ids: Sequence[str]) -> str:
    """Name at most three."""
    return ", ".join(ids[:3]) + (", …" if len(ids) > 3 else "")
