"""From fixes to legs: what a phone reports, in order and broken where it cannot be one walk."""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.near_pairs import Floats, Ints, Layer, places
from gridgeo.analysis.units.layers import require_size
from gridgeo.errors import InputError

MAX_GAP_S = 120.0
MAX_SPEED_M_S = 8.0


class Fixes(NamedTuple):
    """Fixes that have a place, by track and time.

    Parameters
    ----------
    ids : Index, shape (m,)
        The tracks of all fixes, sorted.
    row : int64, shape (n,)
        Position in the layer given.
    track : int64, shape (n,)
        Position in ``ids``, ascending.
    t_us : int64, shape (n,)
        Microseconds since 1970, UTC; ascending within each track.
    xy : float64, shape (n, 2)
    """

    ids: pd.Index
    row: Ints
    track: Ints
    t_us: Ints
    xy: Floats

    def joined(self, max_gap_s: float, max_speed_m_s: float) -> np.ndarray:
        """Tell after which fixes the walk goes on to the next.

        Parameters
        ----------
        max_gap_s : float
            Seconds between two fixes of one leg, at most.
        max_speed_m_s : float
            Metres a second along one leg, at most. Two fixes of one moment make a leg only at
            one place.

        Returns
        -------
        ndarray of bool, shape (n − 1,), or (0,) where there is no fix

        Raises
        ------
        ParameterError
            A limit is negative or no number.
        """
        require_size(max_gap_s, "max_gap_s")
        require_size(max_speed_m_s, "max_speed_m_s")
        gap_s = np.diff(self.t_us) / 1e6
        same = self.track[1:] == self.track[:-1]
        return same & (gap_s <= max_gap_s) & (self.steps_m() <= max_speed_m_s * gap_s)

    def steps_m(self) -> Floats:
        """Metres from each fix to the next, of whatever track."""
        step = np.diff(self.xy, axis=0)
        return np.hypot(step[:, 0], step[:, 1])


class Legs(NamedTuple):
    """Straight pieces of walks; a fix that belongs to none is one of length 0.

    Parameters
    ----------
    track : int64, shape (k,)
        As in ``Fixes``, ascending.
    ends : int64, shape (k, 2)
        Rows of the fixes at its two ends.
    """

    track: Ints
    ends: Ints


def read_fixes(fixes: gpd.GeoDataFrame, other: Layer, other_name: str) -> Fixes:
    """Check fixes, bring them into the CRS of another layer and into order.

    Parameters
    ----------
    fixes : GeoDataFrame of Point
        With ``track_id`` and ``t``, in any order; a time without a zone is one in UTC. A fix
        without a place, or with a coordinate that is not finite, is passed over.
    other : GeoDataFrame or GeoSeries
    other_name : str

    Returns
    -------
    Fixes
        Fixes of one track and moment go by x, then y, so that no order of rows matters.

    Raises
    ------
    CRSError
        A layer has no CRS.
    GeometryError
        A row is no point.
    InputError
        A column is missing; a fix has no track or no time.
    """
    xy = places(fixes, "fixes", other, other_name)
    track, ids = _tracks(fixes)
    t_us = times_us(fixes, "t", "fixes")
    row = np.flatnonzero(np.isfinite(xy).all(axis=1))
    track, t_us, xy = track[row], t_us[row], xy[row]
    later = np.diff(track) > 0
    later |= (np.diff(track) == 0) & (np.diff(t_us) > 0)
    if not later.all():
        order = np.lexsort((xy[:, 1], xy[:, 0], t_us, track))
        row, track, t_us, xy = row[order], track[order], t_us[order], xy[order]
    return Fixes(ids, row, track, t_us, xy)


def legs_of(fixes: Fixes, max_gap_s: float, max_speed_m_s: float) -> Legs:
    """Make legs of fixes.

    Parameters
    ----------
    fixes : Fixes
    max_gap_s, max_speed_m_s : float
        As for ``Fixes.joined``.

    Returns
    -------
    Legs
    """
    on = fixes.joined(max_gap_s, max_speed_m_s)
    alone = np.ones(len(fixes.row), bool)
    alone[1:] &= ~on
    alone[:-1] &= ~on
    begin = np.flatnonzero(np.append(on, False) | alone if len(alone) else alone)
    end = np.where(alone[begin], begin, begin + 1)
    return Legs(fixes.track[begin], np.column_stack([begin, end]))


def times_us(frame: pd.DataFrame, column: str, layer: str) -> Ints:
    """Give times as microseconds since 1970, UTC.

    Raises
    ------
    InputError
        The column is missing, holds numbers, or a row has no time.
    """
    values = _column(frame, column, layer)
    if pd.api.types.is_numeric_dtype(values.dtype) and len(values):
        raise InputError(
            f"{column} of {layer} is {values.dtype}; a time is needed.",
            hint="Say what the numbers count: pandas.to_datetime(numbers, unit='s', utc=True).",
            fields=[column],
        )
    moments = pd.to_datetime(values, utc=True, errors="coerce", format="ISO8601")
    _none_missing(frame, moments.isna().to_numpy(), f"no time in {column}", column, layer)
    return np.asarray(moments.dt.as_unit("us").astype("int64"), dtype=np.int64)


def _tracks(fixes: gpd.GeoDataFrame) -> tuple[Ints, pd.Index]:
    """Give each fix the number of its track, and the tracks in the order of their ids."""
    values = _column(fixes, "track_id", "fixes")
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    track, ids = pd.factorize(values, sort=True)
    _none_missing(fixes, track < 0, "no track_id", "track_id", "fixes")
    return track.astype(np.int64), pd.Index(ids, name="track_id")


def _column(frame: pd.DataFrame, column: str, layer: str) -> pd.Series:
    if isinstance(frame, pd.DataFrame) and column in frame:
        return frame[column]
    raise InputError(
        f"{layer} has no column {column}.",
        hint=f"Name the column {column}, or bring {layer} in with gridgeo import.",
        fields=[column],
    )


def _none_missing(
    frame: pd.DataFrame, gone: np.ndarray, what: str, column: str, layer: str
) -> None:
    if gone.any():
        ids = ", ".join(map(str, frame.index[gone][:3])) + (", …" if gone.sum() > 3 else "")
        raise InputError(
            f"{layer} has {gone.sum()} rows with {what} ({ids}).",
            hint=f"Correct these rows, or take them out of {layer}.",
            fields=[column],
        )
