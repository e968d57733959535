"""What every layer of one publication says of itself."""

import datetime as dt
from dataclasses import dataclass, field
from typing import TypedDict

from gridgeo.publish import Ledger
from gridgeo.services.standards import Standards


class Said(TypedDict):
    """What a layer says of itself, as ``Scope`` takes it."""

    period: str
    source: str
    plan_version: str
    as_of: str


@dataclass(frozen=True)
class About:
    """What every layer of one publication says of itself.

    Parameters
    ----------
    as_of : date
        The day told about.
    source : str
        Where the data came from.
    plan_version : str
        The plan in force.
    ledger : Ledger or None
        What was published before; None for a single file.
    standards : Standards
    zone : str
        Time zone whose days are meant.
    """

    as_of: dt.date
    source: str = ""
    plan_version: str = ""
    ledger: Ledger | None = None
    standards: Standards = field(default_factory=Standards)
    zone: str = "Asia/Shanghai"

    def said(self) -> Said:
        """Give period, source, plan version and day as ``Scope`` takes them."""
        return {
            "period": self.as_of.isoformat(),
            "source": self.source,
            "plan_version": self.plan_version,
            "as_of": self.as_of.isoformat(),
        }
