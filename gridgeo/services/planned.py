"""What if a plan were in force: the grids of a day as it would have them; nothing is changed."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import pandas as pd

from gridgeo.errors import ConflictError
from gridgeo.model.contract import Contract
from gridgeo.model.frames import GRIDS, UNITS
from gridgeo.model.plan import FORCED_COLUMNS, Plan
from gridgeo.model.records import named
from gridgeo.publish import roughly
from gridgeo.publish.layer import K
from gridgeo.services.plan_codes import name_of
from gridgeo.services.sources import Frame, Source, need


@dataclass(frozen=True, eq=False)
class Borders:
    """What a plan does to the grids of a day.

    Parameters
    ----------
    today : GeoDataFrame
        The grids in force that day without the plan.
    units : GeoDataFrame
        The units of that day.
    after : Series of str
        Unit → its grid as planned; units that the plan does not name stay where they are.
    changed, new, closed, unchanged : tuple of str
        Codes, in order. A grid is unchanged when it keeps exactly its units.
    """

    today: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    after: pd.Series
    changed: tuple[str, ...]
    new: tuple[str, ...]
    closed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def moved(self) -> pd.Index:
        """The units whose grid changes."""
        return self.units.index[_differ(self.units["grid_code"], self.after)]

    @property
    def households_moved(self) -> str:
        """How many households change their grid, no closer than a multiple of k."""
        return roughly(int(self.units.loc[self.moved, "households"].sum()), K["internal"]) or "0"

    @cached_property
    def drawn(self) -> gpd.GeoDataFrame:
        """The grids that change or are new, dissolved from their units.

        Returns
        -------
        GeoDataFrame
            Keeps ``GRIDS``, in the CRS of the units, without days. What is known of a grid but
            its shape stays; a new one has the village of its units, and is named like the other
            grids there.
        """
        codes = sorted((*self.changed, *self.new))
        columns = [c.name for c in GRIDS.columns if c.name not in ("valid_from", "valid_to")]
        known_today = pd.DataFrame(self.today).reindex(columns=columns)
        known = known_today.reindex(pd.Index(codes, name="grid_code"))
        known = known.astype(object).where(known.notna(), None)
        part = self.units[self.after.isin(codes)]
        for code in self.new:
            village = village_of(self, code)
            there = (known_today["village_code"] == village).fillna(False).astype(bool)
            known.loc[code, ["village_code", "kind"]] = [village, "general"]
            known.loc[code, "name"] = name_of(code, known_today.loc[there, "name"])
        shapes = _dissolved(part, self.after[part.index], codes)
        return gpd.GeoDataFrame(known.astype("str"), geometry=shapes, crs=self.units.crs)

    @cached_property
    def grids(self) -> gpd.GeoDataFrame:
        """All grids of the day as planned, in the order of their codes; keeps ``GRIDS``."""
        kept = self.today.loc[list(self.unchanged)]
        drawn = self.drawn.reindex(columns=kept.columns)
        days = {name: kept[name].dtype for name in ("valid_from", "valid_to") if name in kept}
        whole = pd.concat([kept, drawn.astype(days)]).sort_index()
        return gpd.GeoDataFrame(whole, geometry="geometry", crs=self.today.crs)


def borders(source: Source, assignment: pd.Series, day: dt.date | None) -> Borders:
    """Work out what a plan does to the grids of a day.

    Parameters
    ----------
    source : Source
        Grids and units are needed.
    assignment : Series of str
        Unit → grid.
    day : date or None

    Returns
    -------
    Borders

    Raises
    ------
    ConflictError
        The plan names units that are not there, or leaves units in no grid.
    ParameterError
        There are no grids or no units.
    """
    today, units = need(source, GRIDS, as_of=day), need(source, UNITS, as_of=day)
    gone = assignment.index.difference(units.index)
    if len(gone):
        raise ConflictError(
            f"{len(gone):,} units of the plan are not in the store ({named(list(gone))}).",
            hint="Rebase the plan, or import the units it was made from.",
            code="plan.units",
            fields=["unit_id"],
        )
    before = units["grid_code"]
    after = (
        assignment.reindex(units.index)
        .astype("str")
        .where(units.index.isin(assignment.index), before)
    )
    if after.isna().any():
        lost = units.index[after.isna()].tolist()
        raise ConflictError(
            f"{len(lost):,} units are in no grid, neither today nor in the plan ({named(lost)}).",
            hint="Give every unit a grid in the plan.",
            code="plan.units",
            fields=["grid_code"],
        )
    moved = _differ(before, after)
    touched = set(before[moved].dropna()) | set(after[moved]) | (set(assignment) - set(today.index))
    filled = set(after)
    new = touched & filled - set(today.index)
    closed = touched & set(today.index) - filled
    changed = touched & filled & set(today.index)
    unchanged = set(today.index) - changed - closed
    parts = (tuple(sorted(one)) for one in (changed, new, closed, unchanged))
    return Borders(today, units, after.rename("grid_code"), *parts)


class Planned:
    """A city as it would be were a plan in force: every question can be asked of it.

    Parameters
    ----------
    source : Source
        The city as it is.
    assignment : Series of str
        Unit → grid.
    """

    def __init__(self, source: Source, assignment: pd.Series) -> None:
        self._source, self._assignment = source, assignment
        self._borders: dict[dt.date | None, Borders] = {}

    def frame(self, contract: Contract, *, as_of: dt.date | None = None) -> Frame:
        """Give a layer's rows: grids and units as planned, all others as they are."""
        if contract.name not in (GRIDS.name, UNITS.name):
            return self._source.frame(contract, as_of=as_of)
        if as_of not in self._borders:
            self._borders[as_of] = borders(self._source, self._assignment, as_of)
        found = self._borders[as_of]
        return found.grids if contract is GRIDS else found.units.assign(grid_code=found.after)


def village_of(found: Borders, code: str) -> str | None:
    """Give the village with most of a grid's households, the lower code where two have as many."""
    if "village_code" not in found.units:
        return None
    mine = found.units[found.after.eq(code)]
    weight = mine.groupby("village_code")["households"].sum() + 0.001
    return None if not len(weight) else str(weight.idxmax())


def _dissolved(units: gpd.GeoDataFrame, after: pd.Series, codes: list[str]) -> gpd.GeoSeries:
    """Join units as they rest, in degrees: nothing is measured, and every corner stays to the bit.

    A way to metres and back would shift the corners that a grid shares with neighbours that stay.
    """
    load = units["households"].astype("float64")
    plan = Plan(
        units,
        load,
        after,
        load.groupby(after).sum().reindex(codes),
        scores={},
        forced=pd.DataFrame(columns=list(FORCED_COLUMNS)),
        moved=units.index[:0],
    )
    return plan.grids().geometry


def _differ(before: pd.Series, after: pd.Series) -> pd.Series:
    return (before != after) | before.isna()
