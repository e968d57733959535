"""What the store answers about plans, and how they go from step to step."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Engine

from gridgeo.model.plan_states import PUBLICITY_DAYS
from gridgeo.model.records import Moved, PlanStep, StoredPlan
from gridgeo.store import plan_bases, plan_steps, plans
from gridgeo.store.connection import transaction
from gridgeo.store.filing import Filing


class PlanStore:
    """The plans of a city: the part of ``Store`` that keeps them.

    A plan is kept in versions and steps. Both are only ever added: the database refuses to change
    or remove one.
    """

    engine: Engine

    def keep_base(self, day: date) -> int:
        """Keep what stands of grids and units on a day, for a plan that is about to be made.

        Returns
        -------
        int
            For ``StoredPlan.base_id``; the same as before where nothing moved since.
        """
        with transaction(self.engine) as connection:
            return plan_bases.keep(connection, day)

    def save_plan(self, plan: StoredPlan) -> int:
        """Keep a new plan as a draft, with what it was made from.

        Parameters
        ----------
        plan : StoredPlan

        Returns
        -------
        int
            Its ``plan_id``.

        Raises
        ------
        ParameterError
            A unit without a grid or with two, no unit at all, nobody who made it, or a state
            other than draft.
        """
        with transaction(self.engine) as connection:
            return plans.save(connection, plan)

    def add_plan_version(self, plan_id: int, plan: StoredPlan) -> int:
        """Keep a new version of a draft; those before stay as they are.

        Parameters
        ----------
        plan_id : int
        plan : StoredPlan
            With ``version_no`` it was made from that version, which must be the newest.

        Returns
        -------
        int
            Its ``version_no``.

        Raises
        ------
        ConflictError
            The plan is no draft any more, or somebody made a newer version.
        NotFoundError
            There is no such plan.
        ParameterError
            As for ``save_plan``.
        """
        with transaction(self.engine) as connection:
            return plans.add_version(connection, plan_id, plan)

    def plan(self, plan_id: int, version_no: int | None = None) -> StoredPlan:
        """Give a version of a plan, the newest without ``version_no``.

        Its units come in the order of their ids. ``state`` is that of the plan now.

        Raises
        ------
        NotFoundError
            There is no such plan, or no such version of it.
        """
        with transaction(self.engine) as connection:
            return plans.read(connection, plan_id, version_no)

    def plans(self) -> pd.DataFrame:
        """List the plans.

        Returns
        -------
        DataFrame
            Index ``plan_id``, oldest first: ``created_at`` (UTC), ``state``; of the newest
            version ``seed``, ``params``, ``scores``, ``base_date``, ``version_no``, ``by``,
            ``note`` and ``units`` (how many); ``valid_from`` (first day of its borders, NaT
            unless filed).
        """
        with transaction(self.engine) as connection:
            return plans.listing(connection)

    def plan_versions(self, plan_id: int) -> pd.DataFrame:
        """List the versions of a plan.

        Returns
        -------
        DataFrame
            Index ``version_no``, oldest first: ``created_at`` (UTC), ``by``, ``note``, ``seed``,
            ``params``, ``scores``, ``base_date``.

        Raises
        ------
        NotFoundError
            There is no such plan.
        """
        with transaction(self.engine) as connection:
            return plans.versions(connection, plan_id)

    def plan_steps(self, plan_id: int) -> pd.DataFrame:
        """List the steps of a plan; the last one says where it stands.

        Returns
        -------
        DataFrame
            Index ``step_no``, oldest first: ``version_no``, ``state``, ``at`` (UTC), ``by``,
            ``note``, ``publicity_days`` (NA unless publicised), ``valid_from`` (NaT unless
            filed).

        Raises
        ------
        NotFoundError
            There is no such plan.
        """
        with transaction(self.engine) as connection:
            return plan_steps.listing(connection, plan_id)

    def advance_plan(
        self,
        plan_id: int,
        to: str,
        *,
        now: datetime,
        by: str,
        note: str = "",
        publicity_days: int = PUBLICITY_DAYS,
        version_no: int | None = None,
    ) -> PlanStep:
        """Take the next step of a plan.

        Parameters
        ----------
        plan_id : int
        to : str
            The next state: proposed after draft, then publicised, then approved; withdrawn or
            rejected from each of these. See ``filing`` for filed.
        now : datetime
            With a time zone.
        by : str
            Who takes it.
        note : str
            Of an end, the reason.
        publicity_days : int
            With publicised: how many days of 24 hours must pass before it is approved.
        version_no : int, optional
            The version that was looked at; it must be the newest.

        Returns
        -------
        PlanStep

        Raises
        ------
        ConflictError
            The plan is not where this step begins, its days of publicity are not over, a newer
            version was made, or (for proposed and approved) grids or units moved since it was
            made.
        ParameterError
            No such state, nobody who takes it, an end without a reason, or filed.
        NotFoundError
            There is no such plan.

        Notes
        -----
        Of two persons at once the second one waits for the first, and then fails.
        """
        with transaction(self.engine) as connection:
            return plan_steps.advance(
                connection,
                plan_id,
                to,
                now=now,
                by=by,
                note=note,
                publicity_days=publicity_days,
                version_no=version_no,
            )

    def plan_moved(self, plan_id: int) -> Moved:
        """Tell what changed of the grids and units since a plan's newest version was made.

        Raises
        ------
        NotFoundError
            There is no such plan.
        """
        with transaction(self.engine) as connection:
            return plan_bases.moved(connection, *plans.base(connection, plan_id))

    def plan_base(self, plan_id: int) -> tuple[dict[str, str | None], set[str]] | None:
        """Give the units with their grids, and the grids, that a plan was made from.

        Returns
        -------
        units : dict of str to str or None
            Unit → its grid then.
        grids : set of str
            Or None in place of both where nobody kept them.

        Raises
        ------
        NotFoundError
            There is no such plan.
        """
        with transaction(self.engine) as connection:
            base_id, _ = plans.base(connection, plan_id)
            return None if base_id is None else plan_bases.grids_then(connection, base_id)

    @contextmanager
    def filing(self, plan_id: int) -> Iterator[Filing]:
        """File a plan in one transaction.

        Yields
        ------
        Filing
            What is done with it is kept when the block ends, and all undone when it fails.

        Raises
        ------
        NotFoundError
            There is no such plan.
        """
        with transaction(self.engine) as connection:
            yield Filing(connection, plan_id)
