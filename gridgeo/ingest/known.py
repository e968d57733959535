"""Place rows that have no coordinates by what is known: addresses, then grids."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.errors import ParameterError

# What offices write before a street, or leave out.
PREFIXES: Final = ("江苏省", "泰州市", "靖江市")
COORDINATES, ADDRESS, GRID = "coordinates", "address", "grid"

_DROPPED = re.compile(r"[\s,,.。;;、·]+")
_DASHES = str.maketrans({"號": "号", "—": "-", "–": "-", "-": "-", "−": "-", "~": "-"})


def plain_address(text: str, prefixes: Sequence[str] = PREFIXES) -> str:
    """Write an address as all offices would, so that equal ones are equal.

    Parameters
    ----------
    text : str
    prefixes : sequence of str
        Province, city and county, from the widest to the narrowest; taken off at the start, each
        at most once.

    Returns
    -------
    str
        Half-width, without white space and punctuation, 號 as 号, every dash as ``-``. Chinese
        numerals stay: 三里街 is a name and no number.

    Examples
    --------
    >>> plain_address("江苏省靖江市 人民路 12號")
    '人民路12号'
    """
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    plain = _DROPPED.sub("", plain).casefold()
    for prefix in prefixes:
        if plain != prefix:
            plain = plain.removeprefix(prefix)
    return plain


@dataclass(frozen=True, eq=False)
class Directory:
    """What is known of a city's places.

    Parameters
    ----------
    addresses : GeoDataFrame of Point or None
        A frame of ``ADDRESSES``, EPSG:4490.
    grids : GeoDataFrame or None
        A frame of ``GRIDS`` in force, EPSG:4490.
    prefixes : tuple of str
        As in ``plain_address``.
    """

    addresses: gpd.GeoDataFrame | None = None
    grids: gpd.GeoDataFrame | None = None
    prefixes: tuple[str, ...] = PREFIXES

    def place(
        self,
        rows: pd.Index,
        address_id: pd.Series | None = None,
        address: pd.Series | None = None,
        grid_code: pd.Series | None = None,
    ) -> pd.DataFrame:
        """Find the place of rows: by address id, by address text, by grid code, in this order.

        Parameters
        ----------
        rows : Index, shape (n,)
            Rows without coordinates, each once.
        address_id, address, grid_code : Series of str, optional
            What each row says; missing cells say nothing.

        Returns
        -------
        DataFrame, shape (n,)
            On ``rows``: ``lon`` and ``lat`` in degrees (NaN where none was found), ``placed_by``
            ("address" or "grid"; "grid" is the grid's representative point and no more exact than
            the grid is wide) and ``code``, empty where a place was found:
            ``address-ambiguous`` (the text stands at several places, and the grid code does not
            tell them apart), ``address-unknown``, ``grid-unknown`` or ``missing`` (nothing said).

        Raises
        ------
        ParameterError
            A row stands twice in ``rows``.

        Notes
        -----
        An unknown address is no fault where the grid is known: the row is placed by its grid.
        An ambiguous one is: which of the places is meant can be mended.
        """
        if not rows.is_unique:
            raise ParameterError("rows stand twice; each is placed once.", fields=["rows"])
        said_id, said_text, said_grid = (
            _on(rows, said) for said in (address_id, address, grid_code)
        )
        found = pd.DataFrame(
            {"lon": np.nan, "lat": np.nan, "placed_by": None, "code": "missing"}, index=rows
        ).astype({"placed_by": object, "code": object})
        found.loc[said_grid.notna(), "code"] = "grid-unknown"
        found.loc[said_id.notna() | said_text.notna(), "code"] = "address-unknown"

        if self.grids is not None and len(self.grids):
            anchors = self.grids.geometry.representative_point()
            known = said_grid.isin(anchors.index)
            _settle(found, known, anchors.reindex(said_grid[known]), GRID)
        if self.addresses is not None and len(self.addresses):
            self._by_text(found, said_text, said_grid)
            known = said_id.isin(self.addresses.index)
            _settle(found, known, self.addresses.geometry.reindex(said_id[known]), ADDRESS)
        return found

    @cached_property
    def _doors(self) -> pd.DataFrame:
        """Every known address as a plain text, with its place and grid."""
        if self.addresses is None:
            return pd.DataFrame(columns=["plain", "lon", "lat", "grid"])
        texts, at = self.addresses["address"], self.addresses.geometry
        return pd.DataFrame(
            {
                "plain": [plain_address(str(text), self.prefixes) for text in texts],
                "lon": at.x.to_numpy(),
                "lat": at.y.to_numpy(),
                "grid": self.addresses.get("grid_code"),
            }
        )

    def _by_text(self, found: pd.DataFrame, text: pd.Series, grid: pd.Series) -> None:
        """Place rows by their address text; ambiguous ones lose what their grid gave."""
        doors = self._doors
        said = text.dropna().map(lambda value: plain_address(str(value), self.prefixes))
        said = said[said != ""]
        asked = pd.DataFrame({"row": said.index, "plain": said.to_numpy()})
        asked["said_grid"] = grid.reindex(said.index).to_numpy()
        pairs = asked.merge(doors, on="plain").drop_duplicates(["row", "lon", "lat", "grid"])
        places = pairs.drop_duplicates(["row", "lon", "lat"])
        several = places["row"].duplicated(keep=False)
        one = places[~several]
        same = pairs[pairs["row"].isin(places.loc[several, "row"])]
        same = same[same["grid"].notna() & (same["grid"] == same["said_grid"])]
        told_apart = same[~same["row"].duplicated(keep=False)]
        good = pd.concat([one, told_apart]).set_index("row")
        found.loc[good.index, ["lon", "lat"]] = good[["lon", "lat"]].to_numpy()
        found.loc[good.index, "placed_by"] = ADDRESS
        found.loc[good.index, "code"] = ""
        lost = pd.Index(places.loc[several, "row"].unique()).difference(told_apart["row"])
        found.loc[lost, ["lon", "lat"]] = np.nan
        found.loc[lost, "placed_by"] = None
        found.loc[lost, "code"] = "address-ambiguous"


def _on(rows: pd.Index, said: pd.Series | None) -> pd.Series:
    if said is None:
        return pd.Series(None, index=rows, dtype=object)
    said = said.reindex(rows).astype(object)
    return said.where(said.notna(), None)


def _settle(found: pd.DataFrame, known: pd.Series, at: gpd.GeoSeries, by: str) -> None:
    found.loc[known, "lon"] = at.x.to_numpy()
    found.loc[known, "lat"] = at.y.to_numpy()
    found.loc[known, "placed_by"] = by
    found.loc[known, "code"] = ""
