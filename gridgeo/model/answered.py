"""What the store and the services hand each other when incidents get their grids."""

from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Basis:
    """The grids that answers were given by.

    Parameters
    ----------
    base_id : int
    versions : GeoDataFrame of Polygon or MultiPolygon, shape (m, 2)
        Every version of every grid: index ``grid_code`` in its order by code point, then
        ``valid_from`` and ``valid_to`` (NaT where open). In EPSG:4490.
    nearest_within_m : float or None
        A point in no grid went to the nearest one so near.
    """

    base_id: int
    versions: gpd.GeoDataFrame
    nearest_within_m: float | None = None


@dataclass(frozen=True, eq=False)
class Asked:
    """Incidents that wait for their grid.

    Parameters
    ----------
    incident_id : Array of large_string, n
    x, y : float64, shape (n,)
        As they rest, in EPSG:4490; NaN where the place is empty.
    day : int64, shape (n,)
        Days since 1970-01-01 in the city's zone.
    known : bool, shape (n,)
        Whether the incident was answered before.
    """

    incident_id: pa.Array
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    day: npt.NDArray[np.int64]
    known: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        """Count the incidents."""
        return len(self.x)

    def only(self, keep: npt.NDArray[np.bool_]) -> "Asked":
        """Give those marked in ``keep``, shape (n,)."""
        ids = self.incident_id.filter(pa.array(keep))
        return Asked(ids, self.x[keep], self.y[keep], self.day[keep], self.known[keep])


@dataclass(frozen=True, eq=False)
class Where:
    """Which incidents are meant: those of some days, everywhere or in some places.

    Parameters
    ----------
    since, until : date or None
        First day, and first day no more; None where open.
    places : array of geometry, or None
        In EPSG:4490; simple ones, such as hulls. None is everywhere.
    within : float
        Degrees from a place that still count.
    """

    since: date | None = None
    until: date | None = None
    places: npt.NDArray[np.object_] | None = None
    within: float = 0.0


@dataclass(frozen=True)
class Written:
    """What a chunk of answers changed.

    Parameters
    ----------
    new, rewritten : int
        Answers that were not there, and those that are another now in any way.
    regridded : int
        Of ``rewritten`` those with another grid.
    """

    new: int
    rewritten: int
    regridded: int


@dataclass(frozen=True)
class Answered:
    """How far the store's incidents have their grids.

    Parameters
    ----------
    answered : int
        Incidents whose answer is of the place and day they have now.
    waiting : int
        New ones, and those whose place or day changed since.
    borders_moved : bool
        Grids changed since, or a run was cut off: answers may be another.
    """

    answered: int
    waiting: int
    borders_moved: bool
