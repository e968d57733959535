"""Filing a plan: its borders are in force from a day on, whole or not at all."""

import hashlib
from collections.abc import Collection
from datetime import date, datetime

import geopandas as gpd
import pandas as pd
from sqlalchemy import Connection, or_, select

from gridgeo.errors import ConflictError
from gridgeo.model.contract import Contract
from gridgeo.model.frames import GRIDS, UNITS
from gridgeo.model.plan_states import check_step
from gridgeo.model.records import FeedIn, Part, PlanStep, StoredPlan, named
from gridgeo.store import feeds, plan_steps, plans, reading
from gridgeo.store.arrivals import REJECT_COLUMNS
from gridgeo.store.connection import take_turns
from gridgeo.store.reading import Frame
from gridgeo.store.tables import layers


class Filing:
    """A plan about to be filed, in one transaction; of ``Store.filing``.

    Parameters
    ----------
    connection : Connection
        Imports of grids and units wait until it ends, and so does whoever takes a step of the
        same plan.
    plan_id : int

    Attributes
    ----------
    plan : StoredPlan
        Its newest version.
    step : PlanStep
        Where it stands.

    Raises
    ------
    NotFoundError
        There is no such plan.
    """

    def __init__(self, connection: Connection, plan_id: int) -> None:
        for contract in (GRIDS, UNITS):
            take_turns(connection, f"take in {contract.name}")
        self._connection = connection
        self.step: PlanStep = plan_steps.locked(connection, plan_id)
        self.plan: StoredPlan = plans.read(connection, plan_id)

    def frame(self, contract: Contract, *, as_of: date | None = None) -> Frame:
        """Read a layer; as ``Store.frame``."""
        return reading.read(self._connection, contract, as_of=as_of)

    def check(self) -> None:
        """See that the plan may be filed: it is approved, and what it was made from stands.

        Raises
        ------
        ConflictError
        """
        check_step(self.step.plan_id, self.step.state, "filed")
        plan_steps.check_base(self._connection, self.step.plan_id, self.step.version_no, "filed")

    def write(
        self,
        drawn: gpd.GeoDataFrame,
        closed: Collection[str],
        concerned: Collection[str],
        valid_from: date,
        *,
        now: datetime,
        by: str,
        note: str = "",
    ) -> PlanStep:
        """Write the borders and take the step.

        Parameters
        ----------
        drawn : GeoDataFrame
            Grids that are new or change, without days; keeps ``GRIDS``.
        closed : collection of str
            Grids that end that day.
        concerned : collection of str
            All grids of the plan, those that stay as they are included.
        valid_from : date
        now : datetime
            With a time zone.
        by, note : str

        Returns
        -------
        PlanStep

        Raises
        ------
        ConflictError
            The plan may not be filed, or a grid of it is known to change after the day the plan
            was made for.
        """
        self.check()
        self._check_later(concerned, valid_from)
        day = pd.Timestamp(valid_from).as_unit("us")
        ended = self.frame(GRIDS, as_of=valid_from)
        ended = ended[ended.index.isin(list(closed))].assign(valid_to=day)
        begun = drawn.assign(valid_from=day, valid_to=pd.NaT)
        parts = [
            Part(frame, pd.DataFrame(columns=REJECT_COLUMNS), len(frame))
            for frame in (begun, ended)
            if len(frame)
        ]
        result = feeds.take_in(self._connection, GRIDS, parts, self._feed(valid_from, now, by))
        step = PlanStep(
            self.step.plan_id,
            self.step.step_no + 1,
            self.step.version_no,
            "filed",
            now,
            by,
            note,
            valid_from=valid_from,
        )
        return plan_steps.write(self._connection, step, result.feed_id)

    def _check_later(self, concerned: Collection[str], day: date) -> None:
        """See that nothing is known to change between what the plan was made from and its day."""
        table, base = layers[GRIDS.name], self.plan.base_date or day
        chosen = (
            select(table.c.grid_code, table.c.valid_from, table.c.valid_to)
            .where(
                table.c.grid_code.in_(list(concerned)),
                or_(table.c.valid_from >= day, table.c.valid_from > base, table.c.valid_to > base),
            )
            .order_by(table.c.grid_code.collate("C"), table.c.valid_from)
        )
        later = self._connection.execute(chosen).all()
        if later:
            codes = list(dict.fromkeys(row.grid_code for row in later))
            days = [d for row in later for d in (row.valid_from, row.valid_to) if d is not None]
            raise ConflictError(
                f"{len(codes):,} grids of plan {self.step.plan_id} ({named(codes)}) begin or end "
                f"up to {max(days)}; the plan was made for {base} and would cut that short.",
                hint=f"Run `gridgeo plan rebase {self.step.plan_id} --as-of {max(days)}`, and file "
                "that for a later day.",
                code="plan.later-grids",
                fields=["valid_from"],
            )

    def _feed(self, valid_from: date, now: datetime, by: str) -> FeedIn:
        """Enter the plan into the register of feeds: what changed the grids, and when."""
        params = {
            "plan": self.step.plan_id,
            "version": self.step.version_no,
            "filed_from": valid_from.isoformat(),
        }
        said = self.plan.assignment.to_csv() + repr(params)
        digest = hashlib.sha256(said.encode()).hexdigest()
        return FeedIn(f"plan {self.step.plan_id}", digest, now, by, params)
