"""The units of a plan and which of them touch: built once, used for many plans."""

from numbers import Real

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.analysis.adjacency import Borders, shared_borders
from gridgeo.analysis.balance.naming import three
from gridgeo.errors import ContractError, ParameterError
from gridgeo.model.crs import require_metric, to_metric


class UnitGraph:
    """The units of a plan and which of them touch.

    Parameters
    ----------
    units : GeoDataFrame, shape (n, …)
        Base units with a unique index and areas in a metric CRS. With ``edges`` any DataFrame
        will do: the shapes, if any, then serve only to measure, and degrees are brought into
        metres for that.
    edges : array of int, shape (m, 2), optional
        Positions of neighbours; replaces what the shapes say.
    min_shared_m : float
        Units are neighbours when they share more than this many metres of border; a point is
        never enough.

    Attributes
    ----------
    units : GeoDataFrame
        As given, with index and columns.
    pairs : ndarray of int64, shape (m, 2)
        Positions of neighbours, the lower first, ascending, each pair once.
    shared_m : ndarray of float64, shape (m,)
        Metres of border each pair shares: 0 for a given edge without one, nan without shapes.
    area_m2, perimeter_m : ndarray of float64, shape (n,)
        nan without shapes.
    mended : Index
        Units with an invalid shape; it was mended for adjacency only.
    isolated : Index
        Units without a neighbour: islands, each a piece of its own.

    Raises
    ------
    ContractError
        No unit, or an id that stands twice.
    CRSError
        No CRS or one that does not measure metres, where the shapes decide who touches.
    GeometryError
        A unit has no area.
    ParameterError
        ``units`` is no table; ``edges`` names positions that do not exist, ties a unit to itself
        or is no array of pairs.
    """

    def __init__(
        self, units: pd.DataFrame, edges: object = None, min_shared_m: float = 0.01
    ) -> None:
        if not isinstance(units, pd.DataFrame):
            raise ParameterError(
                f"units is a {type(units).__name__}; a GeoDataFrame of base units is needed.",
                hint="Give a GeoDataFrame with a column of loads; of a GeoSeries, call to_frame() "
                "and add them.",
                fields=["units"],
            )
        if len(units) == 0:
            raise ContractError("units is empty; a plan needs at least one unit.", fields=["units"])
        if not units.index.is_unique:
            twice = units.index[units.index.duplicated()].unique()
            raise ContractError(
                f"units has {len(twice)} ids more than once ({three(twice)}); each id names one "
                "unit.",
                hint="Make the index unique; dissolve a unit of several rows to a MultiPolygon.",
                fields=["units"],
            )
        if not (is_number(min_shared_m) and min_shared_m >= 0):
            raise ParameterError(
                f"min_shared_m is {min_shared_m!r}; it must be 0 metres or more.",
                fields=["min_shared_m"],
            )
        self.units = units
        self.borders = self._measured(units, edges is None, min_shared_m)
        if edges is not None:
            self.pairs = _checked(edges, len(units))
            self.shared_m = self._looked_up()
        else:
            assert self.borders is not None  # noqa: S101  _measured raised otherwise
            self.pairs, self.shared_m = self.borders.pairs, self.borders.shared_m
        unknown = np.full(len(units), np.nan)
        shapes = None if self.borders is None else self.borders.shapes
        self.area_m2 = unknown if shapes is None else shapely.area(shapes)
        self.perimeter_m = unknown if shapes is None else shapely.length(shapes)
        mended = np.zeros(len(units), bool) if self.borders is None else self.borders.mended
        self.mended = units.index[mended]
        self.isolated = units.index[np.bincount(self.pairs.ravel(), minlength=len(units)) == 0]

    def __repr__(self) -> str:
        return (
            f"UnitGraph({len(self.units)} units, {len(self.pairs)} borders, "
            f"{len(self.isolated)} isolated, {len(self.mended)} mended)"
        )

    @staticmethod
    def _measured(units: pd.DataFrame, needed: bool, min_shared_m: float) -> Borders | None:
        if needed:
            if not isinstance(units, gpd.GeoDataFrame):
                raise ContractError(
                    "units has no geometry, so nobody knows which units touch.",
                    hint="Give a GeoDataFrame, or edges: an (m, 2) array of neighbours' positions.",
                    fields=["units"],
                )
            return shared_borders(require_metric(units, "units").geometry, min_shared_m)
        if isinstance(units, gpd.GeoDataFrame) and units.crs is not None:
            return shared_borders(to_metric(units, "units").geometry, min_shared_m)
        return None

    def _looked_up(self) -> np.ndarray:
        """Shared metres of the given pairs."""
        if self.borders is None:
            return np.full(len(self.pairs), np.nan)
        n = len(self.units)
        known = self.borders.pairs @ np.array([n, 1])
        asked = self.pairs @ np.array([n, 1])
        place = np.minimum(np.searchsorted(known, asked), max(len(known) - 1, 0))
        if len(known) == 0:
            return np.zeros(len(asked))
        return np.where(known[place] == asked, self.borders.shared_m[place], 0.0)


def is_number(value: object) -> bool:
    """Tell whether a value can stand for a quantity; True and False do not."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool)


def _checked(edges: object, n: int) -> np.ndarray:
    try:
        given = np.asarray(edges)
    except ValueError as error:  # rows of several lengths
        raise ParameterError(
            "edges has rows of several lengths; it must be whole numbers of shape (m, 2).",
            hint="Give each neighbourhood as a pair of positions.",
            fields=["edges"],
        ) from error
    if given.size == 0:
        return np.empty((0, 2), np.int64)
    if given.ndim != 2 or given.shape[1] != 2 or not np.issubdtype(given.dtype, np.integer):
        raise ParameterError(
            f"edges has shape {given.shape} and type {given.dtype}; it must be whole numbers of "
            "shape (m, 2).",
            hint="Give positions of units, not their ids.",
            fields=["edges"],
        )
    bad = (given < 0).any(axis=1) | (given >= n).any(axis=1) | (given[:, 0] == given[:, 1])
    if bad.any():
        raise ParameterError(
            f"{bad.sum()} edges are no pair of two units among 0 … {n - 1}, the first is "
            f"{tuple(given[bad][0].tolist())}.",
            hint="Give positions of units, not their ids.",
            fields=["edges"],
        )
    return np.unique(np.sort(given.astype(np.int64), axis=1), axis=0)
