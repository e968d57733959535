"""How much of each street the patrols have walked along."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.analysis.near_pairs import Layer
from gridgeo.analysis.network.kernel import plant
from gridgeo.analysis.tracks.kernel import PAD_M, merge, stretches
from gridgeo.analysis.tracks.legs import MAX_GAP_S, MAX_SPEED_M_S, legs_of, read_fixes
from gridgeo.analysis.tracks.lines import Lines, read_lines
from gridgeo.analysis.units.layers import require_size
from gridgeo.errors import InputError


def patrol_share(
    fixes: gpd.GeoDataFrame,
    streets: Layer,
    radius_m: float,
    max_gap_s: float = MAX_GAP_S,
    max_speed_m_s: float = MAX_SPEED_M_S,
) -> pd.Series:
    """Measure which share of each street was patrolled (V3).

    Parameters
    ----------
    fixes : GeoDataFrame of Point, shape (n, …)
        With ``track_id`` and ``t``, in any order and any CRS. A time without a zone is one in
        UTC. A fix without a place, or with a coordinate that is not finite, is passed over.
    streets : GeoDataFrame or GeoSeries of LineString or MultiLineString, shape (m,)
        Metric CRS.
    radius_m : float
        Metres around a track that count as patrolled; a place exactly so far away counts.
    max_gap_s : float
        A track is broken between two fixes more seconds apart.
    max_speed_m_s : float
        A track is broken where it would be faster, in metres a second, such as at a bad fix.

    Returns
    -------
    Series of float64, shape (m,)
        ``patrol_share`` on the index of ``streets``: 0 to 1; ``nan`` where a row has no line.
        A street without length has 1.0 where its place was patrolled, else 0.0.

    Raises
    ------
    CRSError
        ``streets`` does not measure metres, or ``fixes`` has no CRS.
    GeometryError
        A fix is no point, or a street is no line.
    InputError
        ``track_id`` or ``t`` is missing.
    ParameterError
        A distance or limit is negative or no number.

    Notes
    -----
    Exact: each leg, two consecutive fixes of one track, is a capsule; a fix in no leg is a disc.
    A capsule is convex and cuts a straight piece of street in one interval; the intervals are
    merged. Memory grows with streets and fixes, never with the pairs of them.

    More tracks, and more fixes at the end of a track, never lower a share. A fix in the middle
    can: the walk then led elsewhere, or was broken.

    Examples
    --------
    >>> walked = gpd.GeoDataFrame(
    ...     {"track_id": ["a", "a"], "t": pd.to_datetime(["2026-06-24T08:00", "2026-06-24T08:01"])},
    ...     geometry=gpd.GeoSeries.from_xy([0, 60], [3, 3], crs=4549))
    >>> street = gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 128 0)"], crs=4549)
    >>> patrol_share(walked, street, 5).tolist()
    [0.5]
    """
    lines = read_lines(streets)
    require_size(radius_m, "radius_m")
    given = read_fixes(fixes, streets, "streets")
    legs = legs_of(given, max_gap_s, max_speed_m_s)
    if not len(legs.ends):
        none = np.empty(0)
        return lines.share(np.empty(0, np.int64), none, none)
    every = np.arange(len(lines.segments))
    tree = plant(given.xy, legs.ends)
    segment, low, high = stretches(lines.segments, every, tree, float(radius_m))
    return lines.share(lines.street[segment], *lines.along(segment, low, high))


def street_intervals(
    fixes: gpd.GeoDataFrame,
    streets: Layer,
    radius_m: float,
    max_gap_s: float = MAX_GAP_S,
    max_speed_m_s: float = MAX_SPEED_M_S,
) -> pd.DataFrame:
    """Find the stretches of street that each track covers: what is kept when the fixes go.

    Parameters
    ----------
    fixes, streets, radius_m, max_gap_s, max_speed_m_s
        As for ``patrol_share``. The index of ``streets`` has no value twice.

    Returns
    -------
    DataFrame
        By track, street and metres, numbered from 0: ``track_id``, ``street`` (index value),
        ``from_m``, ``to_m`` (float64: metres along the street, through the parts of a
        MultiLineString in their order). Stretches of one track on one street neither touch nor
        overlap. A street without length has one from 0 to 0 where its place was patrolled.

    Raises
    ------
    CRSError, GeometryError, InputError, ParameterError
        As ``patrol_share``; an index value of ``streets`` twice is an InputError.

    See Also
    --------
    share_of_intervals : Gives from these the shares that ``patrol_share`` gives, to the bit.
    """
    lines = _known_lines(streets)
    require_size(radius_m, "radius_m")
    given = read_fixes(fixes, streets, "streets")
    legs = legs_of(given, max_gap_s, max_speed_m_s)
    bounds = np.searchsorted(legs.track, np.arange(len(given.ids) + 1))
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))]
    index = shapely.STRtree(shapely.linestrings(lines.segments.reshape(-1, 2, 2)))
    for walk in np.flatnonzero(np.diff(bounds)):
        tree = plant(given.xy, legs.ends[bounds[walk] : bounds[walk + 1]])
        around = tree.boxes[-1] + (radius_m + PAD_M) * np.array([-1, -1, 1, 1])
        near = np.sort(index.query(shapely.box(*around)))
        segment, low, high = stretches(lines.segments, near, tree, float(radius_m))
        found.append((np.full(len(segment), walk), segment, *lines.along(segment, low, high)))
    track, segment, from_m, to_m = (np.concatenate(part) for part in zip(*found, strict=True))
    # By track, street and metres already: what goes on beyond a corner becomes one stretch.
    key = track * len(lines.ids) + lines.street[segment]
    n = merge(key, from_m, to_m)
    track, street = np.divmod(key[:n], max(len(lines.ids), 1))
    return pd.DataFrame(
        {
            "track_id": given.ids[track],
            "street": lines.ids[street],
            "from_m": from_m[:n],
            "to_m": to_m[:n],
        }
    )


def share_of_intervals(intervals: pd.DataFrame, streets: Layer) -> pd.Series:
    """Measure which share of each street was patrolled, from the stretches that were kept.

    Parameters
    ----------
    intervals : DataFrame
        As ``street_intervals`` gives it, of any tracks, in any order. Rows about streets that are
        not in ``streets`` are passed over; what is past the end of a street does not count.
    streets : GeoDataFrame or GeoSeries of LineString or MultiLineString, shape (m,)
        Metric CRS; the index has no value twice.

    Returns
    -------
    Series of float64, shape (m,)
        As ``patrol_share`` gives it.

    Raises
    ------
    CRSError
        ``streets`` does not measure metres.
    GeometryError
        A street is no line.
    InputError
        A column is missing, an index value of ``streets`` is there twice, or a stretch has no
        number or ends before it begins.
    """
    lines = _known_lines(streets)
    lacking = [name for name in ("street", "from_m", "to_m") if name not in intervals]
    if lacking:
        raise InputError(
            f"intervals has no column {', '.join(lacking)}.",
            hint="Make it with street_intervals.",
            fields=lacking,
        )
    from_m = intervals["from_m"].to_numpy("float64", na_value=np.nan)
    to_m = intervals["to_m"].to_numpy("float64", na_value=np.nan)
    bad = ~((from_m >= 0) & (from_m <= to_m))
    if bad.any():
        raise InputError(
            f"intervals has {bad.sum()} rows that are no stretch of a street.",
            hint="from_m is 0 or more and to_m is not below it; make them with street_intervals.",
            fields=["from_m", "to_m"],
        )
    street = lines.ids.get_indexer(pd.Index(intervals["street"])).astype(np.int64)
    known = np.flatnonzero(street >= 0)
    known = known[from_m[known] <= lines.length_m[street[known]]]
    street, from_m, to_m = street[known], from_m[known], to_m[known]
    return lines.share(street, from_m, np.minimum(to_m, lines.length_m[street]))


def _known_lines(streets: Layer) -> Lines:
    """Take streets apart whose index tells them apart."""
    lines = read_lines(streets)
    twice = lines.ids[lines.ids.duplicated()]
    if len(twice):
        raise InputError(
            f"streets has {len(twice)} rows whose index value is there before, such as {twice[0]}; "
            "a stretch must say on which street it is.",
            hint="Give each street an id of its own as index.",
            fields=["streets"],
        )
    return lines
