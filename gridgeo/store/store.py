"""The store of one city: every question that is answered from the database."""

from collections.abc import Iterable
from datetime import date

import pandas as pd
from sqlalchemy import Engine, text

from gridgeo.model.contract import Contract
from gridgeo.store import feeds, frames_io
from gridgeo.store.connection import transaction
from gridgeo.store.feeds import FeedIn, FeedResult
from gridgeo.store.frames_io import Bbox, Frame


class Store:
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
            it, each grid's last version. Layers without a life are as they stand.
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
            return frames_io.read(connection, contract, as_of=as_of, bbox=bbox, ids=ids)

    def take_in(
        self, contract: Contract, accepted: Frame, refused: pd.DataFrame, feed: FeedIn
    ) -> FeedResult:
        """Take in what was read from a file: all of it, or nothing.

        Parameters
        ----------
        contract : Contract
        accepted : DataFrame or GeoDataFrame
            Keeps the contract; any CRS. Rows are matched by key: new ones are inserted, changed
            ones updated, the others not touched. Columns it lacks keep what stands. Rows of the
            layer that it lacks stay.
        refused : DataFrame
            ``row`` (of the file, from 1), ``field``, ``code``, ``reason_zh``, ``reason_en``,
            ``content`` (mapping): one row a fault. May be empty.
        feed : FeedIn

        Returns
        -------
        FeedResult
            The same file read the same way changes nothing (``repeated``).

        Raises
        ------
        ContractError
            ``accepted`` breaks the promise.
        InputError
            A grid ends before it begins.

        Notes
        -----
        Grids are versions: see ``gridgeo.store.lives.changes``.
        """
        with transaction(self.engine) as connection:
            return feeds.take_in(connection, contract, accepted, refused, feed)

    def feeds(self) -> pd.DataFrame:
        """Give the register of feeds.

        Returns
        -------
        DataFrame
            Index ``feed_id``, oldest first: ``layer``, ``file_name``, ``sha256``, ``params``,
            ``department``, ``rows_read``, ``accepted``, ``rejected``, ``imported_at`` (UTC),
            ``imported_by``.
        """
        with transaction(self.engine) as connection:
            return feeds.list_feeds(connection)

    def rejects(self, feed_id: int) -> pd.DataFrame:
        """Give the refused rows of a feed, one row a fault, as ``take_in`` was given them."""
        with transaction(self.engine) as connection:
            return feeds.list_rejects(connection, feed_id)
