"""A source that is read once and places its households once, however many questions are asked."""

import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from gridgeo.analysis.assign import assign
from gridgeo.model.contract import Contract
from gridgeo.model.crs import to_crs_of, to_metric
from gridgeo.model.frames import GRIDS, HOUSEHOLDS, INCIDENTS
from gridgeo.model.people import lived_in
from gridgeo.services.reports import Reports, reports_of
from gridgeo.services.sources import Frame, Source, need


@dataclass(frozen=True, eq=False)
class Homes:
    """The households of a day and where they lie.

    Parameters
    ----------
    frame : GeoDataFrame of Point, shape (n,)
        The households, in the metric CRS of the grids.
    position : ndarray of int, shape (n,)
        The grid each lies in, by position among the grids in force; -1 in none. One on a border
        or in an overlap belongs to the lowest ``grid_code``.
    on_border : ndarray of bool, shape (n,)
        Whether it lies on the border of that grid.
    occupied : ndarray of bool, shape (n,)
        Whether somebody lives there.
    """

    frame: gpd.GeoDataFrame
    position: np.ndarray
    on_border: np.ndarray
    occupied: np.ndarray

    def count(self, which: np.ndarray, grids: int) -> np.ndarray:
        """Count by grid the households of which something is true; those in no grid nowhere."""
        counts: np.ndarray = np.bincount(self.position[which & (self.position >= 0)], None, grids)
        return counts


class Kept:
    """A source whose frames are read once and kept; nobody may change them.

    Parameters
    ----------
    source : Source

    Attributes
    ----------
    origin : Source
        What it was made of.
    """

    def __init__(self, source: Source) -> None:
        self.origin = source
        self._frames: dict[tuple[str, dt.date | None], Frame] = {}
        self._homes: dict[dt.date, Homes | None] = {}
        self._reports: dict[tuple[dt.date, str], Reports | None] = {}

    def frame(self, contract: Contract, *, as_of: dt.date | None = None) -> Frame:
        """Give a layer's rows, as they were when first asked for."""
        key = (contract.name, as_of)
        if key not in self._frames:
            self._frames[key] = self.origin.frame(contract, as_of=as_of)
        return self._frames[key]

    def homes(self, as_of: dt.date) -> Homes | None:
        """Give the households and their grids; None where no household is known.

        Raises
        ------
        ParameterError
            There are no grids.
        CRSError
            A layer has no CRS, or the grids cannot be brought to metres.
        """
        if as_of not in self._homes:
            self._homes[as_of] = self._placed(as_of)
        return self._homes[as_of]

    def reports(self, as_of: dt.date, zone: str) -> Reports | None:
        """Give the incidents reported before a day began; None where no incident is known.

        Raises
        ------
        ParameterError
            There are no grids.
        CRSError
            A layer has no CRS, or the grids cannot be brought to metres.
        """
        key = (as_of, zone)
        if key not in self._reports:
            incidents = self.frame(INCIDENTS)
            self._reports[key] = None
            if len(incidents):
                grids = to_metric(need(self, GRIDS, as_of=as_of), "grids")
                self._reports[key] = reports_of(incidents, grids, as_of, zone, self.origin)
        return self._reports[key]

    def _placed(self, as_of: dt.date) -> Homes | None:
        households = self.frame(HOUSEHOLDS, as_of=as_of)
        if not len(households):
            return None
        grids = to_metric(need(self, GRIDS, as_of=as_of), "grids")
        frame = to_crs_of(households, grids, "households", "grids")
        # By position, so that grids of one name (a mistake to be found elsewhere) stay apart.
        found = assign(frame, grids.geometry.reset_index(drop=True))
        return Homes(
            frame,
            found["grid_id"].fillna(-1).to_numpy(dtype="int64"),
            found["how"].eq("border").to_numpy(),
            lived_in(frame),
        )


def kept(source: Source) -> Kept:
    """Keep what is read of a source; one that is kept already is given back."""
    return source if isinstance(source, Kept) else Kept(source)
