"""The units that are appraised: grids, and what they lie in."""

import datetime as dt
from typing import NamedTuple

import pandas as pd

from gridgeo.errors import ParameterError
from gridgeo.model.frames import GRIDS, TOWNS, VILLAGES
from gridgeo.services.kept import Kept
from gridgeo.services.sources import Frame, need
from gridgeo.words import say

LEVELS = ("grid", "village", "town", "city", "department")
CITY = "city"


class Level(NamedTuple):
    """Units of one level above the grids.

    Parameters
    ----------
    of : Series of str
        Code of the unit each grid lies in, by ``grid_code``; missing where not known.
    named : DataFrame
        By code: ``name`` and ``peers``, the label of those it is compared with.
    """

    of: pd.Series
    named: pd.DataFrame


def units_of(source: Kept, as_of: dt.date) -> dict[str, Level]:
    """Give the units of each level, of the grids each is itself.

    Parameters
    ----------
    source : Kept
        Grids are needed; villages and towns give names, kinds and the way up.
    as_of : date

    Returns
    -------
    dict of str to Level
        "grid", "village", "town", "city"; a level that no grid belongs to is left out. Peers are
        of one level and one kind: general or dedicated grids; communities or villages.

    Raises
    ------
    ParameterError
        No grids, or a grid code that stands twice.
    """
    grids = need(source, GRIDS, as_of=as_of)
    if grids.index.has_duplicates:
        twice = grids.index[grids.index.duplicated()].unique()
        raise ParameterError(
            f"{len(twice)} grid codes stand more than once on {as_of}, such as "
            f"{', '.join(map(str, twice[:3]))}; each grid is appraised once.",
            hint="Give each a code of its own, or say when the older version ended.",
            fields=["grid_code"],
        )
    villages = source.frame(VILLAGES, as_of=as_of)
    towns = source.frame(TOWNS, as_of=as_of)
    itself = pd.Series(grids.index.astype("str"), index=grids.index)
    village = _column(grids, "village_code")
    town = village.map(_column(villages, "town_code"))
    city = pd.Series(CITY, index=grids.index)
    levels = {
        "grid": Level(itself, _named("grid", itself, grids)),
        "village": Level(village, _named("village", village, villages)),
        "town": Level(town, _named("town", town, towns)),
        "city": Level(city, pd.DataFrame({"name": say(CITY, "zh"), "peers": CITY}, [CITY])),
    }
    return {name: level for name, level in levels.items() if level.of.notna().any()}


def _named(level: str, codes: pd.Series, frame: Frame) -> pd.DataFrame:
    """Give name and peers of each code that occurs."""
    there = pd.Index(codes.dropna().unique(), dtype="str").sort_values()
    names = _column(frame, "name").reindex(there)
    kinds = _column(frame, "kind").reindex(there)
    return pd.DataFrame(
        {
            "name": names.fillna(pd.Series(there, index=there)),
            "peers": (level + " " + kinds).fillna(level),
        },
        index=there,
    )


def _column(frame: Frame, name: str) -> pd.Series:
    """Give a column as text; missing where there is none or a cell is blank."""
    texts = frame.get(name, pd.Series(None, index=frame.index, dtype="str")).astype("str")
    texts = texts.set_axis(frame.index.astype("str"))
    return texts.where(texts.str.strip().ne("") & texts.notna())
