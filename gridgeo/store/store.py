"""The store of one city: every question that is answered from the database."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
from sqlalchemy import Engine, func, select, text

from gridgeo.model.contract import Contract
from gridgeo.model.records import FeedIn, FeedResult, Part
from gridgeo.store import feeds, history, published, reading, register
from gridgeo.store.answer_store import AnswerStore
from gridgeo.store.connection import Scope, transaction
from gridgeo.store.plan_store import PlanStore
from gridgeo.store.publication import Publication
from gridgeo.store.reading import Bbox, Frame
from gridgeo.store.register import RegisterChange
from gridgeo.store.tables import metadata
from gridgeo.store.walk_store import WalkStore


class Store(PlanStore, AnswerStore, WalkStore):
    """A city's database.

    Every method is one transaction: all of it is kept, or nothing. All raise ``StoreError`` where
    the database is unreachable, not migrated or refuses.

    Parameters
    ----------
    engine : Engine
        Of ``gridgeo.store.connection.engine``: as owner for the city's own work, as API for
        answering others.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def ping(self) -> None:
        """See that the database answers."""
        with transaction(self.engine) as connection:
            connection.execute(text("SELECT 1"))

    def counts(self) -> dict[str, int]:
        """Count the rows of every table, by ``schema.table``."""
        with transaction(self.engine) as connection:
            return {
                table.fullname: connection.execute(
                    select(func.count()).select_from(table)
                ).scalar_one()
                for table in metadata.sorted_tables
            }

    def frame(
        self,
        contract: Contract,
        *,
        as_of: date | None = None,
        bbox: Bbox | None = None,
        ids: Iterable[str] | None = None,
    ) -> Frame:
        """Read a layer.

        Parameters
        ----------
        contract : Contract
            Which layer; a name of ``LAYERS``.
        as_of : date, optional
            For layers with a life (grids, appointments): the rows in force on that day. Without
            it, each grid's last version. Layers without a life are as they stand, but units say
            the grid that plans filed give them on that day; without it, on the last day.
        bbox : tuple of float, optional
            West, south, east, north in degrees: only rows that meet it, its border included.
        ids : iterable of str, optional
            Only these keys; one that is not there is not an error.

        Returns
        -------
        GeoDataFrame or DataFrame
            Index = the key, in its order by code point. All columns of the contract, with its
            dtypes: ``str``, ``int64`` (``Int64`` where it may be empty), ``float64``,
            ``boolean``, ``datetime64[us]``, ``datetime64[us, UTC]``. Shapes in EPSG:4490.

        Raises
        ------
        ParameterError
            ``bbox`` for a layer without places, or with its corners swapped.
        """
        with transaction(self.engine) as connection:
            return reading.read(connection, contract, as_of=as_of, bbox=bbox, ids=ids)

    def take_in(self, contract: Contract, parts: Iterable[Part], feed: FeedIn) -> FeedResult:
        """Take in what is read from a file: all of it, or nothing.

        Parameters
        ----------
        contract : Contract
        parts : iterable of Part
            Asked for one by one while the rows go in, so that a file need never be in memory as
            a whole; what it raises undoes everything. Rows are matched by key: new ones are
            inserted, changed ones updated, the others not touched. Columns they lack keep what
            stands. Rows of the layer that they lack stay.
        feed : FeedIn

        Returns
        -------
        FeedResult
            The same file read the same way changes nothing (``repeated``), and is not asked for
            its parts, unless another file may have changed its rows or what places them
            meanwhile: then they are as the file says again, in a new feed.

        Raises
        ------
        ContractError
            A part breaks the promise, or two parts hold one key.
        InputError
            A grid ends before it begins.

        Notes
        -----
        Grids are versions: see ``gridgeo.store.lives.changes``. What is replaced is kept: see
        ``history``.
        """
        with transaction(self.engine) as connection:
            return feeds.take_in(connection, contract, parts, feed)

    def history(self, contract: Contract, key: str) -> Frame:
        """Give the states of a row that later feeds replaced.

        Parameters
        ----------
        contract : Contract
        key : str

        Returns
        -------
        GeoDataFrame or DataFrame
            As ``frame`` gives a row, one a state, oldest first; and ``feed_id`` that brought it,
            ``replaced_by_feed``, ``replaced_at`` (UTC). Empty where nothing was replaced.
        """
        with transaction(self.engine) as connection:
            return history.read(connection, contract, key)

    def repeated(self, contract: Contract, feed: FeedIn) -> FeedResult | None:
        """Tell whether a file came before, read the same way, and nothing of its layer since.

        Returns
        -------
        FeedResult or None
            What ``take_in`` would give without changing anything; None where it has to look.
        """
        with transaction(self.engine) as connection:
            return feeds.repeated(connection, contract, feed)

    def feeds(self) -> pd.DataFrame:
        """Give the register of feeds.

        Returns
        -------
        DataFrame
            Index ``feed_id``, oldest first: ``layer``, ``file_name``, ``sha256``, ``params``,
            ``department``, ``purpose``, ``lawful_basis``, ``data_from`` and ``data_to`` (UTC:
            the time its rows tell of), ``rows_read``, ``accepted``, ``rejected``,
            ``imported_at`` (UTC), ``imported_by``.
        """
        with transaction(self.engine) as connection:
            return feeds.list_feeds(connection)

    def rejects(self, feed_id: int) -> pd.DataFrame:
        """Give the refused rows of a feed, one row a fault, as ``take_in`` was given them."""
        with transaction(self.engine) as connection:
            return feeds.list_rejects(connection, feed_id)

    def record_findings(
        self, frame: Frame, as_of: date, kinds: Collection[str] | None = None
    ) -> RegisterChange:
        """Bring the blind-spot register to what was found on a day.

        Parameters
        ----------
        frame : DataFrame or GeoDataFrame
            Keeps ``FINDINGS``: everything found.
        as_of : date
            The day it was found.
        kinds : collection of str, optional
            What was looked for: open findings of these kinds that are not in ``frame`` are
            closed. None means that every kind was looked for.

        Returns
        -------
        RegisterChange
            The same findings on the same day change nothing.

        Raises
        ------
        ContractError
            ``frame`` breaks the promise.
        ConflictError
            The register already stands at a later day.
        """
        with transaction(self.engine) as connection:
            return register.record(connection, frame, as_of, kinds)

    def findings(self, on: date | None = None) -> gpd.GeoDataFrame:
        """Give the register.

        Parameters
        ----------
        on : date, optional
            Findings that were open on that day; those open now if not given.

        Returns
        -------
        GeoDataFrame
            Columns of ``FINDINGS``, ``opened_on``, ``closed_on`` and the evidence in EPSG:4490,
            missing where a finding has none. In the order of ``finding_id``.
        """
        with transaction(self.engine) as connection:
            return register.read(connection, on)

    def episodes(self) -> pd.DataFrame:
        """Give the whole register without its evidence.

        Returns
        -------
        DataFrame
            Columns of ``FINDINGS``, ``opened_on``, ``closed_on`` (the first day on which it was
            no longer found). One row an episode, oldest first: a fault that came back has two.
        """
        with transaction(self.engine) as connection:
            return register.episodes(connection)

    def publish(
        self,
        layer_id: str,
        features: gpd.GeoDataFrame,
        meta: Mapping[str, Any],
        counts: pd.DataFrame,
    ) -> int:
        """Put a new version of a layer in the place of the old one.

        Parameters
        ----------
        layer_id : str
        features : GeoDataFrame
            ``Layer.features``: EPSG:4326, indexed by ``feature_id``.
        meta : mapping
            ``Layer.meta()``. Without ``disclosure`` it is internal.
        counts : DataFrame
            ``Layer.ledger_rows()``: entered into the ledger for good.

        Returns
        -------
        int
            The version that is current now. Publishing again what is current changes nothing.

        Raises
        ------
        CRSError
            Not in EPSG:4326.
        ParameterError
            Two features with one id.
        """
        with transaction(self.engine) as connection:
            return published.publish(connection, layer_id, features, meta, counts)

    @contextmanager
    def publication(self) -> Iterator[Publication]:
        """Publish several layers, the register and a plan in one transaction.

        Yields
        ------
        Publication
            What is done with it is kept when the block ends, and all undone when it fails.
        """
        with transaction(self.engine) as connection:
            yield Publication(connection)

    def published(
        self, layer_id: str, scope: Scope = "public"
    ) -> tuple[gpd.GeoDataFrame, dict[str, Any]] | None:
        """Give a layer as it was published.

        Parameters
        ----------
        layer_id : str
        scope : {"public", "internal"}
            Who is asking.

        Returns
        -------
        features : GeoDataFrame
            In the order, with the columns and dtypes they were published with.
        meta : dict
            Or None in place of both: not published, or not for this scope.
        """
        with transaction(self.engine, scope) as connection:
            return published.read(connection, layer_id, scope)

    def published_version(self, layer_id: str, scope: Scope = "public") -> int | None:
        """Give the current version of a layer, None where ``published`` gives None."""
        with transaction(self.engine, scope) as connection:
            return published.current_version(connection, layer_id, scope)

    def published_layers(self, scope: Scope = "public") -> pd.DataFrame:
        """List the current layers that a scope may see.

        Returns
        -------
        DataFrame
            Index ``layer_id``: ``version``, ``meta``, ``created_at`` (UTC).
        """
        with transaction(self.engine, scope) as connection:
            return published.listing(connection, scope)

    def ledger(self, layer_id: str) -> pd.DataFrame:
        """Give every figure that a layer ever told, whatever became of its versions.

        Returns
        -------
        DataFrame
            ``feature_id``, ``period``, ``column``, ``value`` (NaN where withheld), oldest first.
        """
        with transaction(self.engine) as connection:
            return published.told(connection, layer_id)
