"""One publication: all layers of a city, its register and its proposal, whole or not at all."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
from sqlalchemy import Connection

from gridgeo.model.records import StoredPlan
from gridgeo.store import plan_bases, plans, published, register
from gridgeo.store.connection import take_turns
from gridgeo.store.reading import Frame
from gridgeo.store.register import RegisterChange


class Publication:
    """A publication under way, in one transaction; of ``Store.publication``.

    Parameters
    ----------
    connection : Connection
        Two publications take turns, so that none misses what the other told.
    """

    def __init__(self, connection: Connection) -> None:
        take_turns(connection, "publish a city")
        self._connection = connection

    def layers(self) -> pd.DataFrame:
        """List the current layers, internal ones too; as ``Store.published_layers``."""
        return published.listing(self._connection, "internal")

    def ledger(self, layer_id: str) -> pd.DataFrame:
        """Give every figure that a layer ever told; as ``Store.ledger``."""
        return published.told(self._connection, layer_id)

    def publish(
        self,
        layer_id: str,
        features: gpd.GeoDataFrame,
        meta: Mapping[str, Any],
        counts: pd.DataFrame,
    ) -> int:
        """Put a new version of a layer in the place of the old one; as ``Store.publish``."""
        return published.publish(self._connection, layer_id, features, meta, counts)

    def withdraw_all_but(self, layer_ids: Collection[str]) -> None:
        """Let no other layer be current: what could not be made anew would tell of old days."""
        published.withdraw_all_but(self._connection, layer_ids)

    def record_findings(
        self, frame: Frame, as_of: date, kinds: Collection[str] | None = None
    ) -> RegisterChange:
        """Bring the register to what was found on a day; as ``Store.record_findings``."""
        return register.record(self._connection, frame, as_of, kinds)

    def keep_base(self, day: date) -> int:
        """Keep what stands, for a plan about to be made; as ``Store.keep_base``."""
        return plan_bases.keep(self._connection, day)

    def save_plan(self, plan: StoredPlan) -> int:
        """Keep a plan; as ``Store.save_plan``."""
        return plans.save(self._connection, plan)
