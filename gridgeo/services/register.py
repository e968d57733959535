"""What does the blind-spot register say today, and does it get better?"""

import datetime as dt
from typing import Literal, Protocol, get_args

import geopandas as gpd
import pandas as pd

from gridgeo.analysis.register_trend import open_over_time
from gridgeo.errors import ParameterError
from gridgeo.model.contract import Contract
from gridgeo.model.findings import HOUSEHOLD_KINDS
from gridgeo.model.frames import GRIDS, VILLAGES
from gridgeo.publish.layer import K
from gridgeo.services.sources import Frame

Level = Literal["grid", "village", "town", "city"]
LEVELS: tuple[Level, ...] = get_args(Level)
_K = K["internal"]
_COUNTS = ["open", "opened", "closed"]


class RegisterStore(Protocol):
    """The part of the store that the register needs."""

    def frame(self, contract: Contract, *, as_of: dt.date | None = None) -> Frame:
        """Give a layer."""
        ...

    def findings(self, on: dt.date | None = None) -> gpd.GeoDataFrame:
        """Give the findings open on a day."""
        ...

    def episodes(self) -> pd.DataFrame:
        """Give every finding that ever was, with its life."""
        ...


def trend(
    store: RegisterStore,
    last: dt.date,
    steps: int = 13,
    step_days: int = 7,
    level: Level = "city",
) -> pd.DataFrame:
    """Say how many findings of each kind were open, came and went, step by step.

    Parameters
    ----------
    store : RegisterStore
    last : date
        The last day told about.
    steps, step_days : int
        How many days are told about, and how far apart.
    level : {"grid", "village", "town", "city"}
        What is counted apart. A finding between several grids counts in the first of them.

    Returns
    -------
    DataFrame
        One row for each ``kind``, ``code`` of the level (empty for what lies in none) and
        ``day``, in this order: ``open``, ``opened``, ``closed`` (Int64). Counts of households
        are multiples of k = 5, and missing from 1 to below k.

    Raises
    ------
    ParameterError
        No such level, or fewer than one step or day.

    Notes
    -----
    Rounded to multiples of k, a count tells nothing of one household, alone or beside its sum.
    """
    if level not in LEVELS or steps < 1 or step_days < 1:
        raise ParameterError(
            f"Found level {level!r}, {steps} steps of {step_days} days; one of "
            f"{', '.join(LEVELS)} and one or more steps and days are needed.",
            hint="Say `gridgeo register --level village --weeks 13`.",
            fields=["level", "steps", "step_days"],
        )
    episodes = store.episodes()
    end = pd.Timestamp(last)
    episodes = episodes[episodes["opened_on"] <= end]
    episodes = episodes.assign(code=_codes(store, episodes["grid_code"], level))
    days = pd.date_range(end=end, periods=steps, freq=f"{step_days}D")
    # Faults mended before the first day would count as come and gone on it.
    late = ~(episodes["closed_on"] <= days[0])
    told = open_over_time(episodes[late], days, ("kind", "code")).reset_index()
    homes = told["kind"].isin(HOUSEHOLD_KINDS)
    for name in _COUNTS:
        count = told[name].astype("Int64")
        rough = ((count + _K // 2) // _K * _K).mask(count.between(1, _K - 1))
        told[name] = count.mask(homes, rough)
    return told


def weightiest(store: RegisterStore, on: dt.date, most: int = 20) -> pd.DataFrame:
    """List the findings about grids and borders that weigh most on a day.

    Parameters
    ----------
    store : RegisterStore
    on : date
    most : int
        How many, at most.

    Returns
    -------
    DataFrame
        On ``finding_id``, greatest ``severity`` first: ``kind``, ``subject``, ``value``,
        ``unit``, ``standard``, ``opened_on``, ``days``, ``severity``. None of them is a
        household: those are counted in ``trend`` and listed to nobody here.
    """
    found = pd.DataFrame(store.findings(on))
    found = found[~found["kind"].isin(HOUSEHOLD_KINDS)]
    # Of a gap only its area may be told: how few live in it could be worked out of its weight.
    found = found.sort_values("severity", ascending=False, kind="stable").head(most)
    few = found["households"].astype("float64").between(1, _K - 1)
    found = found.assign(severity=found["severity"].mask(few))
    names = ["kind", "subject", "value", "unit", "standard", "opened_on", "days", "severity"]
    return found[names]


def _codes(store: RegisterStore, grid_codes: pd.Series, level: Level) -> pd.Series:
    """Say in which unit of a level each grid lies; empty where none is known."""
    codes = grid_codes.astype("str").fillna("")
    if level == "grid":
        return codes
    if level == "city":
        return pd.Series("", index=codes.index, dtype="str")
    grids = store.frame(GRIDS)
    of_grid = grids["village_code"] if "village_code" in grids else pd.Series(dtype="str")
    found = codes.map(of_grid)
    if level == "town":
        villages = store.frame(VILLAGES)
        towns = villages["town_code"] if "town_code" in villages else pd.Series(dtype="str")
        found = found.map(towns)
    return found.astype("str").fillna("")
