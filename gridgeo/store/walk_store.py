"""What the store answers about patrols and the tracks they were made from."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine

from gridgeo.model.records import Walked
from gridgeo.store import walks
from gridgeo.store.connection import transaction
from gridgeo.store.walks import Walks


class WalkStore:
    """The part of ``Store`` that turns tracks into patrols.

    Raw fixes of a worker stand for days only; the patrols and the stretches of street that they
    covered are kept.
    """

    engine: Engine

    @contextmanager
    def walks(self) -> Iterator[Walks]:
        """Turn tracks into patrols and drop old fixes in one transaction.

        Yields
        ------
        Walks
            What is done with it is kept when the block ends, and all undone when it fails.
        """
        with transaction(self.engine) as connection:
            yield Walks(connection)

    def walked(self, since: datetime, until: datetime) -> Walked:
        """Give the patrols that begin in a period, and what they covered together.

        Parameters
        ----------
        since, until : datetime
            With a time zone; ``until`` itself is out.

        Returns
        -------
        Walked
        """
        with transaction(self.engine) as connection:
            return walks.walked(connection, since, until)

    def fixes_waiting(self) -> tuple[int, datetime | None]:
        """Count the raw fixes that stand, and tell when the oldest was taken, if there is one."""
        with transaction(self.engine) as connection:
            return walks.waiting(connection)
