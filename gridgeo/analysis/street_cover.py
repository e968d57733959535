"""How much of the streets in each grid was walked, and where it was too little."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.analysis.near_pairs import Floats, Ints
from gridgeo.analysis.tracks.kernel import merge
from gridgeo.analysis.tracks.lines import Lines, read_lines
from gridgeo.errors import InputError, ParameterError
from gridgeo.model.crs import require_metric
from gridgeo.model.findings import make_findings

# Grids end on streets: one along a border belongs to both sides, and drawn borders miss it a bit.
BORDER_M = 1.0


def streets_walked(
    grids: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    covered: pd.DataFrame,
    border_m: float = BORDER_M,
) -> pd.DataFrame:
    """Measure the streets of each grid, and how much of them patrols have walked.

    Parameters
    ----------
    grids : GeoDataFrame of Polygon or MultiPolygon, shape (n, …)
        Metric CRS.
    streets : GeoDataFrame of LineString or MultiLineString
        In the CRS of ``grids``; each index value once.
    covered : DataFrame
        Stretches of any tracks, in any order: ``street`` (index value), ``from_m``, ``to_m``, as
        ``analysis.tracks.street_intervals`` gives them. Of unknown streets they tell nothing.
    border_m : float
        A street so near outside a grid belongs to it as well.

    Returns
    -------
    DataFrame of float64, shape (n, 3)
        On the index of ``grids``: ``street_m``, ``walked_m``, ``walked_share`` 0 to 1, ``nan``
        where a grid has no street.

    Raises
    ------
    CRSError
        A layer does not measure metres.
    GeometryError
        A street is no line.
    InputError
        The layers are in different CRS, or an index value of ``streets`` is there twice.
    """
    require_metric(grids, "grids")
    if streets.crs != grids.crs or not streets.index.is_unique:
        raise InputError(
            "streets must be in the CRS of grids, and have each index value once.",
            hint="Call to_crs_of(streets, grids), and set_index('street_id').",
            fields=["streets"],
        )
    lines = read_lines(streets)
    areas = shapely.buffer(np.asarray(grids.geometry.array), border_m)
    street_m = _length_in(areas, lines.segments)
    walked_m = np.minimum(_length_in(areas, _pieces(lines, streets.index, covered)), street_m)
    share = walked_m / np.where(street_m > 0, street_m, np.nan)
    columns = {"street_m": street_m, "walked_m": walked_m, "walked_share": share}
    return pd.DataFrame(columns, index=grids.index)


def patrol_share_faults(
    grids: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    covered: pd.DataFrame,
    share: float,
    days: int,
    as_of: dt.date,
    households: pd.Series | None = None,
) -> gpd.GeoDataFrame:
    """Find the grids of whose streets too little was walked (V3).

    Parameters
    ----------
    grids, streets, covered
        As for ``streets_walked``; ``covered`` of the days asked about.
    share : float
        The standard, 0 to 1, met at >=.
    days : int
        How many days ``covered`` tells of.
    as_of : date
    households : Series of int, optional
        Occupied households by grid. Left out, severity is not known.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS`` of kind "patrol-share", in the order of ``grids``: ``value`` the share walked,
        ``standard`` such as "50%,7d", the grid as evidence. A grid without streets has none.

    Raises
    ------
    ParameterError
        ``share`` is no share.
    CRSError, GeometryError, InputError
        As ``streets_walked``.
    """
    if not 0 <= share <= 1:
        raise ParameterError(
            f"share is {share}; a share is 0 to 1.", hint="Half is 0.5.", fields=["share"]
        )
    walked = streets_walked(grids, streets, covered)["walked_share"]
    at = np.flatnonzero((walked < share).to_numpy())
    codes = grids.index[at].astype("str").tolist()
    return make_findings(
        "patrol-share",
        codes,
        f"{100 * share:g}%,{days}d",
        grid_code=codes,
        value=walked.iloc[at],
        unit="share",
        households=None if households is None else households.reindex(grids.index[at]).fillna(0),
        geometry=grids.geometry.iloc[at],
        crs=grids.crs,
        as_of=as_of,
    )


def _pieces(lines: Lines, index: pd.Index, covered: pd.DataFrame) -> Floats:
    """Cut stretches of streets into straight pieces, none of which lies on another."""
    street = index.get_indexer(pd.Index(covered["street"])).astype(np.int64)
    from_m, to_m = (covered[name].to_numpy("float64") for name in ("from_m", "to_m"))
    known = np.flatnonzero(street >= 0)
    known = known[np.lexsort((from_m[known], street[known]))]
    street, from_m, to_m = street[known], from_m[known], to_m[known]
    n = merge(street, from_m, to_m)
    first, last = _segments_of(lines, street[:n], from_m[:n], to_m[:n])
    count = np.maximum(last - first, 0)
    which = np.repeat(np.arange(n), count)
    segment = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    start, end = lines.start_m[segment], lines.end_m[segment]
    long_m = np.where(end > start, end - start, 1.0)
    low = (np.maximum(from_m[which], start) - start) / long_m
    high = (np.minimum(to_m[which], end) - start) / long_m
    here, there = lines.segments[segment, :2], lines.segments[segment, 2:]
    ends = [here + share[:, None] * (there - here) for share in (low, high)]
    return np.hstack(ends)


def _segments_of(lines: Lines, street: Ints, from_m: Floats, to_m: Floats) -> tuple[Ints, Ints]:
    """Give the first segment that reaches into each stretch, and the one after the last."""
    begin, stop = (np.searchsorted(lines.street, street, side=s) for s in ("left", "right"))
    first, last = np.empty_like(begin), np.empty_like(begin)
    for k in range(len(street)):
        own = slice(begin[k], stop[k])
        first[k] = begin[k] + np.searchsorted(lines.end_m[own], from_m[k], side="right")
        last[k] = begin[k] + np.searchsorted(lines.start_m[own], to_m[k], side="left")
    return first, last


def _length_in(areas: np.ndarray, segments: Floats) -> Floats:
    """Sum up the metres of straight pieces in each area."""
    pieces = shapely.linestrings(segments.reshape(-1, 2, 2))
    area, piece = shapely.STRtree(pieces).query(areas, predicate="intersects")
    shapely.prepare(areas)
    whole = shapely.covers(areas[area], pieces[piece])
    inside_m: Floats = shapely.length(pieces[piece])
    cut = np.flatnonzero(~whole)
    inside_m[cut] = shapely.length(shapely.intersection(areas[area[cut]], pieces[piece[cut]]))
    return np.bincount(area, weights=inside_m, minlength=len(areas)).astype("float64")
