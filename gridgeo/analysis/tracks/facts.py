"""What a patrol track comes to: who, where, when, how far, and how much of it in its grid."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.analysis.duty import on_duty
from gridgeo.analysis.locate import GridIndex
from gridgeo.analysis.near_pairs import Ints
from gridgeo.analysis.tracks.legs import MAX_GAP_S, MAX_SPEED_M_S, Fixes, read_fixes
from gridgeo.analysis.units.layers import require_size
from gridgeo.errors import InputError
from gridgeo.model.crs import require_metric


def track_facts(
    fixes: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    duty: pd.DataFrame | None = None,
    max_gap_s: float = MAX_GAP_S,
    max_speed_m_s: float = MAX_SPEED_M_S,
    border_m: float = 0.0,
) -> pd.DataFrame:
    """Sum up each track.

    Parameters
    ----------
    fixes : GeoDataFrame of Point
        With ``track_id`` and ``t``, as for ``patrol_share``; ``worker_id`` and ``grid_code`` where
        they are known.
    grids : GeoDataFrame of Polygon or MultiPolygon
        Indexed by ``grid_code``, by rising code. Metric CRS.
    duty : DataFrame, optional
        As ``ROSTERS`` promises. Given, only fixes of a worker's own duty hours count, as
        ``analysis.duty.on_duty`` tells; left out, all count.
    max_gap_s, max_speed_m_s : float
        Where a track is broken, as for ``patrol_share``.
    border_m : float
        How far outside its grid a fix still counts as inside: phones err by some metres, and the
        streets that are walked are the borders of grids.

    Returns
    -------
    DataFrame
        Indexed by ``track_id``, sorted; the columns of ``PATROLS``. A track of which no fix
        counts has no row.

        worker_id : the one most of its fixes name, NA where none does.
        grid_code : the one most of its fixes name; where none does, the grid in which most of
            them lie, NA where none lies in any. Of several the first in order of code.
        starts_at, ends_at : datetime64[us, UTC], of its first and last fix.
        fixes : int64, those that have a place and count.
        inside_share : float64, share of these in its grid, the border included; 0.0 where its
            grid is not among ``grids``.
        distance_m : float64, length of its legs.

    Raises
    ------
    CRSError
        ``grids`` does not measure metres, or ``fixes`` has no CRS.
    GeometryError
        A fix is no point.
    InputError
        ``track_id`` or ``t`` is missing; with ``duty``, a column of it or ``worker_id``.
    ParameterError
        A limit or distance is negative or no number.
    """
    require_metric(grids, "grids")
    require_size(border_m, "border_m")
    given = read_fixes(fixes, grids, "grids")
    # Legs are made before duty counts: leaving out the fix between two does not join them.
    on = given.joined(max_gap_s, max_speed_m_s)
    counts = np.ones(len(given.row), bool) if duty is None else _on_duty(given, fixes, duty)
    walked_m = np.where(on & counts[1:] & counts[:-1], given.steps_m(), 0.0)
    m = len(given.ids)
    distance_m = np.bincount(given.track[1:], weights=walked_m, minlength=m)
    track, row, xy = given.track[counts], given.row[counts], given.xy[counts]
    number = np.bincount(track, minlength=m)
    codes = pd.Index(grids.index.astype("str"))
    lying = GridIndex(grids).locate(*np.ascontiguousarray(xy.T)).astype(np.int64)
    most = _most(track, lying, m)
    code = _named(fixes, "grid_code", row, track, m)
    code = code.where(code.notna(), pd.Series([*codes, None], dtype="str").iloc[most].to_numpy())
    place = codes.get_indexer(pd.Index(code))
    areas = np.asarray(grids.geometry.array)
    inside = _inside(areas, place[track], xy)
    if border_m > 0:  # a buffer cuts corners by a rounding: what is inside stays inside
        inside |= _inside(shapely.buffer(areas, border_m), place[track], xy)
    t = pd.Series(given.t_us[counts]).groupby(track)
    facts = pd.DataFrame(
        {
            "worker_id": _named(fixes, "worker_id", row, track, m),
            "grid_code": code,
            "starts_at": pd.to_datetime(t.min().reindex(range(m)), unit="us", utc=True),
            "ends_at": pd.to_datetime(t.max().reindex(range(m)), unit="us", utc=True),
            "fixes": number,
            "inside_share": np.bincount(track, weights=inside, minlength=m) / np.maximum(number, 1),
            "distance_m": distance_m,
        }
    ).set_axis(given.ids)
    return facts[number > 0]


def _inside(areas: np.ndarray, place: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Tell which points lie in the area at the position beside them, border included."""
    inside = np.zeros(len(place), bool)
    known = np.flatnonzero(place >= 0)
    chosen = np.unique(place[known])
    shapely.prepare(areas[chosen])
    inside[known] = shapely.intersects_xy(areas[place[known]], xy[known])
    shapely.destroy_prepared(areas[chosen])
    return inside


def _named(fixes: pd.DataFrame, column: str, row: Ints, track: Ints, m: int) -> pd.Series:
    """Give what most fixes of each track say in a column; NA where none says anything."""
    if column not in fixes:
        return pd.Series(None, index=range(m), dtype="str")
    said, names = pd.factorize(fixes[column].iloc[row].astype("str"), sort=True)
    most = _most(track, said.astype(np.int64), m)
    return pd.Series([*names, None], dtype="str").iloc[most].reset_index(drop=True)


def _most(track: Ints, value: Ints, m: int) -> Ints:
    """Give the value that is there most often in each track, the least of several, or −1."""
    known = value >= 0
    width = int(value.max(initial=0)) + 1
    pair, count = np.unique(track[known] * width + value[known], return_counts=True)
    of, what = np.divmod(pair, width)
    order = np.lexsort((-what, count, of))  # the last of each track is its most frequent
    most = np.full(m, -1, np.int64)
    most[of[order]] = what[order]
    return most


def _on_duty(given: Fixes, fixes: pd.DataFrame, duty: pd.DataFrame) -> np.ndarray:
    """Tell which fixes fall into duty hours of their worker."""
    for frame, layer, columns in (
        (fixes, "fixes", ("worker_id",)),
        (duty, "duty", ("worker_id", "starts_at", "ends_at")),
    ):
        lacking = [name for name in columns if name not in frame]
        if lacking:
            raise InputError(
                f"{layer} has no column {', '.join(lacking)}, so nobody's duty hours are known.",
                hint="Give the worker of each fix and of each duty, or leave duty out.",
                fields=lacking,
            )
    return on_duty(fixes[["worker_id", "t"]].iloc[given.row], duty).to_numpy()
