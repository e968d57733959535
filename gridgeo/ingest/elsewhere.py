"""Rows of a file that have no coordinates, but say an address or a grid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from gridgeo.ingest.coerce import stripped
from gridgeo.ingest.known import ADDRESS, COORDINATES, GRID, Directory
from gridgeo.ingest.names import TEXTS_OF_PLACES, recognise
from gridgeo.ingest.notes import Note
from gridgeo.ingest.source import Source
from gridgeo.model.contract import Contract

# What stands for the missing place of a row, instead of the contract's word.
CODES: Final = {"address-ambiguous", "address-unknown", "grid-unknown"}


@dataclass(frozen=True, eq=False)
class Found:
    """The places of a batch, with those that were found elsewhere.

    Parameters
    ----------
    shapes : GeoSeries, shape (n,)
    placed_by : Series of str, shape (n,)
        ``coordinates``, ``address`` or ``grid``; missing where there is no place.
    faults : list of (int, str, str)
        Row, field, code: why a row that says an address or a grid has no place.
    notes : tuple of Note
    """

    shapes: gpd.GeoSeries
    placed_by: pd.Series
    faults: list[tuple[int, str, str]]
    notes: tuple[Note, ...]


class Elsewhere:
    """Places rows without coordinates by what is known, and says of all what placed them.

    Parameters
    ----------
    header : str or None
        Of the address as a text.
    columns : set of str
        Ours that the file has.
    directory : callable
        Gives what is known; asked once, when it is needed first.

    Attributes
    ----------
    told : bool
        The file has a column that may tell a place.
    understood : tuple of (str, str)
        Ours, theirs.
    """

    def __init__(
        self, header: str | None, columns: set[str], directory: Callable[[], Directory]
    ) -> None:
        self._header, self._ask = header, directory
        self._by_id, self._by_grid = "address_id" in columns, "grid_code" in columns
        self._known: Directory | None = None
        self.told = header is not None or self._by_id or self._by_grid
        self.understood = () if header is None else (("address", header),)

    @classmethod
    def of(
        cls,
        source: Source,
        contract: Contract,
        mapping: Mapping[str, str],
        theirs: Mapping[str, str],
        directory: Callable[[], Directory] | None,
    ) -> "Elsewhere | None":
        """Prepare for a file; None where nothing is known, or the layer tells no ``placed_by``."""
        if directory is None or all(column.name != "placed_by" for column in contract.columns):
            return None
        header = recognise(source.headers, TEXTS_OF_PLACES, mapping, source.name).get("address")
        return cls(header, set(theirs), directory)

    def place(
        self, frame: pd.DataFrame, shapes: gpd.GeoSeries, source: Source, faulty: set[int]
    ) -> Found:
        """Place what has no coordinates.

        Parameters
        ----------
        frame : DataFrame, shape (n, …)
            Columns of the layer.
        shapes : GeoSeries, shape (n,)
            EPSG:4490, missing or empty where a row has no coordinates.
        source : Source
            The batch as the file has it.
        faulty : set of int
            Rows whose coordinates are at fault: they are not looked for elsewhere.

        Returns
        -------
        Found
        """
        there = ~(shapes.isna() | shapes.is_empty).to_numpy()
        said = frame["placed_by"] if "placed_by" in frame else pd.Series(pd.NA, frame.index)
        placed_by = said.astype("str").fillna(COORDINATES).where(there)
        rows = frame.index[~there & ~frame.index.isin(faulty)]
        if not self.told or not len(rows):
            return Found(shapes, placed_by, [], ())
        if self._known is None:
            self._known = self._ask()
        text = None if self._header is None else stripped(source.table.loc[rows, self._header])
        found = self._known.place(
            rows,
            address_id=frame.loc[rows, "address_id"] if self._by_id else None,
            address=text,
            grid_code=frame.loc[rows, "grid_code"] if self._by_grid else None,
        )
        good = found[found["code"] == ""]
        points = shapes.to_numpy().copy()
        place = frame.index.get_indexer(good.index)
        points[place] = shapely.points(good["lon"].to_numpy(float), good["lat"].to_numpy(float))
        placed_by.loc[good.index] = good["placed_by"]
        lost = found.loc[found["code"].isin(CODES), "code"]
        faults = [
            (row, self._field(code), code) for row, code in zip(lost.index, lost, strict=True)
        ]
        counts = good["placed_by"].value_counts()
        return Found(
            gpd.GeoSeries(points, index=shapes.index, crs=shapes.crs),
            placed_by,
            faults,
            _counted(int(counts.get(ADDRESS, 0)), int(counts.get(GRID, 0))),
        )

    def _field(self, code: str) -> str:
        if code == "grid-unknown":
            return "grid_code"
        return "address_id" if self._header is None else "address"


def _counted(by_address: int, by_grid: int) -> tuple[Note, Note]:
    return (
        Note(
            "Rows without coordinates placed by a known address: {0:,}.",
            "无坐标、按已知地址定位的行:{0:,}。",
            (by_address,),
        ),
        Note(
            "Rows without coordinates placed in the middle of their grid, for want of a known "
            "address: {0:,}; they count for the grid and are left out of maps of places.",
            "无坐标、地址未知、按网格中心定位的行:{0:,};计入该网格,不在点位图上显示。",
            (by_grid,),
        ),
    )
