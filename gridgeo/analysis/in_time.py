"""Which grid was responsible here on that day?"""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridgeo.analysis.assign import NEAREST, NONE, Answer, Assigner
from gridgeo.model.crs import metric_crs

Days = npt.NDArray[np.int64]

EVER = np.int64(2**40)  # beyond every day


class GridsInTime:
    """Grids with a life, to be asked which of them was in force at a place on a day.

    Parameters
    ----------
    versions : GeoDataFrame of Polygon or MultiPolygon, shape (m, …)
        ``valid_from`` (first day in force) and ``valid_to`` (first day no more), NaT where open.
        Of several that cover a point on a day the first in order is given.
    nearest_within_m : float, optional
        As for ``assign``. Covering is judged in the CRS of ``versions`` as it is; only points
        in no grid are brought into metres.

    Attributes
    ----------
    codes : Index, shape (m,)
        Of ``versions``.
    breaks : int64, shape (b,)
        Days since 1970-01-01 on which the grids in force may change, ascending. Interval i is
        from ``breaks[i - 1]`` to the day before ``breaks[i]``.

    Raises
    ------
    ParameterError
        ``nearest_within_m`` is negative or NaN.

    Notes
    -----
    Points are best asked in the order of their intervals: the index of one interval is kept.
    """

    def __init__(self, versions: gpd.GeoDataFrame, nearest_within_m: float | None = None) -> None:
        self.codes = versions.index
        self._areas = versions.geometry
        self._since, self._until = lives(versions)
        ends = np.unique(np.concatenate([self._since, self._until]))
        self.breaks: Days = ends[np.abs(ends) < EVER]
        self._within_m = nearest_within_m
        self._metric_crs = None if nearest_within_m is None else metric_crs(self._areas)
        self._interval = -1
        self._rows: npt.NDArray[np.intp] = np.empty(0, np.intp)
        self._assigner = Assigner(self._areas.iloc[:0])
        self._near: Assigner | None = None
        if self._metric_crs is not None:  # what is wrong with the distance is said at once
            Assigner(self._areas.iloc[:0].to_crs(self._metric_crs), nearest_within_m)

    def at(self, x: npt.ArrayLike, y: npt.ArrayLike, day: npt.ArrayLike) -> Answer:
        """Give every point the grid in force.

        Parameters
        ----------
        x, y : float64, shape (n,)
            Coordinates in the CRS of ``versions``; a point with NaN is in no grid.
        day : int64, shape (n,)
            Days since 1970-01-01.

        Returns
        -------
        Answer
            ``position`` is that of the version.
        """
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        interval = np.searchsorted(self.breaks, day, side="right")
        position = np.full(len(x), -1, np.int32)
        how = np.full(len(x), NONE, np.int8)
        distance_m = np.full(len(x), np.nan)
        for one in np.unique(interval):
            here = np.flatnonzero(interval == one)
            found = self._in(int(one), x[here], y[here])
            position[here], how[here], distance_m[here] = found
        return Answer(position, how, distance_m)

    def _in(self, interval: int, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Answer:
        if interval != self._interval:
            self._turn_to(interval)
        position, how, distance_m = self._assigner.at(x, y)
        lost = np.flatnonzero((position < 0) & np.isfinite(x) & np.isfinite(y))
        if self._within_m is not None and len(lost):
            spots = gpd.GeoSeries.from_xy(x[lost], y[lost], crs=self._areas.crs)
            spots = spots.to_crs(self._metric_crs)
            near = self._nearest().at(spots.x, spots.y)
            got = near.position >= 0
            lost = lost[got]
            position[lost], how[lost] = near.position[got], NEAREST
            distance_m[lost] = near.distance_m[got]
        rows = np.append(self._rows, -1).astype(np.int32)
        return Answer(rows[position], how, distance_m)

    def _nearest(self) -> Assigner:
        if self._near is None:
            areas = self._areas.iloc[self._rows].to_crs(self._metric_crs)
            self._near = Assigner(areas, self._within_m)
        return self._near

    def _turn_to(self, interval: int) -> None:
        day = self.breaks[interval - 1] if interval else -EVER
        self._rows = np.flatnonzero((self._since <= day) & (day < self._until))
        self._assigner = Assigner(self._areas.iloc[self._rows])
        self._near, self._interval = None, interval


def lives(versions: gpd.GeoDataFrame) -> tuple[Days, Days]:
    """Give the first day of each version, and its first day no more, as days since 1970-01-01.

    Where open, −``EVER`` and ``EVER``.
    """
    return _days(versions["valid_from"], -EVER), _days(versions["valid_to"], EVER)


def _days(moments: pd.Series, missing: np.int64) -> Days:
    days = pd.to_datetime(moments).to_numpy("datetime64[D]").astype(np.int64)
    return np.where(moments.isna(), missing, days)
