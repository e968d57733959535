"""What a detector may look at, and what it answers."""

import datetime as dt
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd
from shapely.geometry.base import BaseGeometry

from gridgeo.services.kept import Homes, Kept
from gridgeo.services.standards import Standards


@dataclass(frozen=True, eq=False)
class Day:
    """A city on the day asked about.

    Parameters
    ----------
    source : Kept
        Further layers, read once.
    as_of : date
    standards : Standards
    zone : str
        Time zone whose days are meant.
    grids : GeoDataFrame
        Those in force, in metres; never empty.
    villages : GeoDataFrame
        May be empty.
    duty : GeoDataFrame, geometry or None
        What the grids are to cover, where known.
    homes : Homes or None
        The households and their grids, in the CRS of ``grids``.
    counts : Series of int or None
        Occupied households of each grid, on its index; None where nothing tells.
    """

    source: Kept
    as_of: dt.date
    standards: Standards
    zone: str
    grids: gpd.GeoDataFrame
    villages: gpd.GeoDataFrame
    duty: gpd.GeoDataFrame | BaseGeometry | None
    homes: Homes | None
    counts: pd.Series | None


@dataclass
class Found:
    """What one detector found, and what it could not judge.

    Parameters
    ----------
    findings : list of GeoDataFrame
        Rows of ``FINDINGS``, in the CRS of the grids or with no geometry at all.
    judged : list of str
        Kinds that were looked for, also where there is none of them.
    not_judged : dict of str to str
        Kind → what is missing.
    strays : dict of str to int
        What could not be counted, by reason: see ``BlindSpots.strays``.
    not_judgeable : dict of str to int
        Kind → the grids of which too little is known to tell: neither found nor clean.
    """

    findings: list[gpd.GeoDataFrame] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    not_judged: dict[str, str] = field(default_factory=dict)
    strays: dict[str, int] = field(default_factory=dict)
    not_judgeable: dict[str, int] = field(default_factory=dict)

    def can_judge(self, kinds: tuple[str, ...], *missing: str) -> bool:
        """Note that kinds are looked for, or what is missing for it.

        Parameters
        ----------
        kinds : tuple of str
        *missing : str
            Names of layers without a row; empty texts are none.

        Returns
        -------
        bool
            Whether nothing is missing.
        """
        lacking = [name for name in missing if name]
        if lacking:
            self.not_judged |= dict.fromkeys(kinds, ", ".join(lacking))
        else:
            self.judged += kinds
        return not lacking
