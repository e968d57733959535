"""What plans need of the store: to be kept, taken from step to step, and filed."""

import datetime as dt
from contextlib import AbstractContextManager
from typing import Protocol

import geopandas as gpd

from gridgeo.model.contract import Contract
from gridgeo.model.plan_states import PUBLICITY_DAYS
from gridgeo.model.records import Moved, PlanStep, StoredPlan
from gridgeo.services.sources import Frame, Source


class OpenFiling(Protocol):
    """A plan about to be filed; all of it is kept, or nothing."""

    plan: StoredPlan
    step: PlanStep

    def frame(self, contract: Contract, *, as_of: dt.date | None = None) -> Frame:
        """Give a layer's rows."""
        ...

    def check(self) -> None:
        """See that the plan may be filed."""
        ...

    def write(
        self,
        drawn: gpd.GeoDataFrame,
        closed: tuple[str, ...],
        concerned: set[str],
        valid_from: dt.date,
        *,
        now: dt.datetime,
        by: str,
        note: str = "",
    ) -> PlanStep:
        """Write the borders and take the step."""
        ...


class PlanRegister(Source, Protocol):
    """The parts of the store that plans need."""

    def plan(self, plan_id: int, version_no: int | None = None) -> StoredPlan:
        """Give a plan."""
        ...

    def keep_base(self, day: dt.date) -> int:
        """Keep what stands, for a plan about to be made."""
        ...

    def save_plan(self, plan: StoredPlan) -> int:
        """Keep a new plan."""
        ...

    def add_plan_version(self, plan_id: int, plan: StoredPlan) -> int:
        """Keep a new version of a draft."""
        ...

    def advance_plan(
        self,
        plan_id: int,
        to: str,
        *,
        now: dt.datetime,
        by: str,
        note: str = "",
        publicity_days: int = PUBLICITY_DAYS,
        version_no: int | None = None,
    ) -> PlanStep:
        """Take the next step."""
        ...

    def plan_moved(self, plan_id: int) -> Moved:
        """Tell what changed since a plan was made."""
        ...

    def plan_base(self, plan_id: int) -> tuple[dict[str, str | None], set[str]] | None:
        """Give the units with their grids, and the grids, that a plan was made from."""
        ...

    def filing(self, plan_id: int) -> AbstractContextManager[OpenFiling]:
        """File a plan in one transaction."""
        ...
