"""Who is near enough to a station, in a straight line or along streets."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.analysis.network.walk import nearest_along_streets
from gridgeo.errors import ParameterError
from gridgeo.model.crs import require_metric, to_crs_of
from gridgeo.model.findings import make_findings
from gridgeo.model.people import lived_in, persons_of


def reach(
    households: gpd.GeoDataFrame | gpd.GeoSeries,
    stations: gpd.GeoDataFrame | gpd.GeoSeries,
    streets: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
) -> pd.Series:
    """Measure how far each household is from its nearest station.

    Parameters
    ----------
    households : GeoDataFrame or GeoSeries of Point, shape (n,)
        Metric CRS.
    stations : GeoDataFrame or GeoSeries, shape (m,)
        Brought into the CRS of ``households``; ``m`` may be 0. One without geometry serves nobody.
        With ``streets``: of Point.
    streets : GeoDataFrame or GeoSeries of LineString or MultiLineString, optional
        Brought into the CRS of ``households``. Without them distances are straight lines. Rows
        without a line are passed over.

    Returns
    -------
    Series of float64, shape (n,)
        ``reach_m`` on the index of ``households``: metres, ``inf`` where no station exists or
        none can be reached, ``nan`` where the household has no point.

    Raises
    ------
    CRSError
        ``households`` does not measure metres, or a layer has no CRS.
    GeometryError
        With ``streets``: a household or station is no point, or a street is no line.

    Notes
    -----
    Search tree: Leutenegger, Edgington and Lopez, "STR", ICDE 1997.
    Walking is longer than a straight line: never reuse one's standard for the other.

    Along streets, a way goes straight from the household to the nearest point of a street, along
    streets, and straight to the station from the point of a street that is nearest to it; all
    three count. Streets hang together where they share a corner (an end or a vertex), and where
    the end of one lies on another, to 2 cm. Where two cross and neither has a corner or an end,
    they pass over each other. So a river is a barrier wherever no street crosses it; but a
    household whose nearest street is on the other bank is led there. Of several nearest points,
    that on the street first in ``streets`` is taken. Heights and one-way rules are not looked at.

    Examples
    --------
    >>> homes = gpd.GeoSeries.from_xy([0, 300], [0, 400], crs=4549)
    >>> reach(homes, homes.iloc[:1]).tolist()
    [0.0, 500.0]
    >>> street = gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 300 0, 300 400)"], crs=4549)
    >>> reach(homes, homes.iloc[:1], street).tolist()
    [0.0, 700.0]
    """
    if streets is not None:
        along_m = nearest_along_streets(households, stations, streets)
        return pd.Series(along_m, index=households.index, name="reach_m")
    require_metric(households, "households")
    places = to_crs_of(stations, households, "stations", "households").geometry
    homes = np.asarray(households.geometry.array)
    bases = np.asarray(places.array)
    bases = bases[np.isfinite(shapely.bounds(bases)).all(axis=1)]
    placed = np.isfinite(shapely.bounds(homes)).all(axis=1)
    nearest_m = np.where(placed, np.inf, np.nan)
    if len(bases):
        near, metres = shapely.STRtree(bases).query_nearest(
            homes[placed], return_distance=True, all_matches=False
        )
        nearest_m[np.flatnonzero(placed)[near[0]]] = metres
    return pd.Series(nearest_m, index=households.index, name="reach_m")


def reach_faults(
    households: gpd.GeoDataFrame | gpd.GeoSeries,
    stations: gpd.GeoDataFrame | gpd.GeoSeries,
    within_m: float,
    as_of: dt.date | None = None,
    streets: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
) -> gpd.GeoDataFrame:
    """Find the households that no station is near enough to (R1).

    Parameters
    ----------
    households : GeoDataFrame or GeoSeries of Point, shape (n,)
        Metric CRS. ``grid_code`` on record is passed on.
    stations : GeoDataFrame or GeoSeries, shape (m,)
    within_m : float
        The standard in metres; a household exactly so far away meets it.
    as_of : date, optional
        Day the findings hold for.
    streets : GeoDataFrame or GeoSeries, optional
        As for ``reach``: the standard is meant along them; without them in a straight line.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS``, those of one kind in the order of ``households``: "reach", ``value`` the
        metres; then "unreachable", ``value`` ``inf``, where there is no station at all or no way
        to any. ``standard`` is such as "500m", along streets "500m-walk". A household without a
        point cannot be judged and is none of them; ``reach`` answers ``nan`` for it.

    Raises
    ------
    CRSError, GeometryError
        As ``reach``.
    ParameterError
        ``within_m`` is negative or no number.
    """
    if not within_m >= 0:
        raise ParameterError(
            f"within_m is {within_m}; a standard is 0 or more metres.",
            hint="Give it in metres, such as 500.",
            fields=["within_m"],
        )
    nearest_m = reach(households, stations, streets).to_numpy()
    far, cut_off = (np.flatnonzero(some) for some in (nearest_m > within_m, nearest_m == np.inf))
    at = np.concatenate([np.setdiff1d(far, cut_off), cut_off])
    recorded = isinstance(households, pd.DataFrame) and "grid_code" in households
    return make_findings(
        np.where(nearest_m[at] == np.inf, "unreachable", "reach").tolist(),
        households.index[at].astype("str").tolist(),
        standard_of(within_m, streets is not None),
        grid_code=households["grid_code"].iloc[at] if recorded else None,
        value=nearest_m[at],
        unit="m",
        households=lived_in(households)[at].astype(int),
        persons=persons_of(households)[at],
        geometry=households.geometry.iloc[at],
        crs=households.crs,
        as_of=as_of,
    )


def standard_of(within_m: float, walked: bool) -> str:
    """Name a standard of distance, such as "500m", or "500m-walk" along streets."""
    return f"{within_m:.10g}m" + ("-walk" if walked else "")
