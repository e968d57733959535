"""How much of the stations' capacity is there for each household: floating catchment areas."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.near_pairs import (
    Floats,
    Ints,
    Layer,
    amounts,
    pairs_given,
    pairs_within,
    places,
    require_radius,
)
from gridgeo.errors import ParameterError
from gridgeo.model.crs import require_metric
from gridgeo.model.findings import make_findings
from gridgeo.model.people import lived_in, persons_of

Method = Literal["2sfca", "e2sfca", "3sfca"]
RING_WEIGHTS = (1.0, 0.68, 0.22)


def access(
    households: Layer | pd.DataFrame,
    stations: Layer | pd.DataFrame,
    radius_m: float,
    method: Method = "2sfca",
    weights: Sequence[float] | None = None,
    demand: str | None = "persons",
    capacity: str | None = "capacity",
    distances: Any = None,  # noqa: ANN401 - an array or any sparse matrix
) -> pd.Series:
    """Share out the capacity of each station among the persons it reaches, and add it up.

    Parameters
    ----------
    households : GeoDataFrame or GeoSeries of Point, shape (n,)
        Metric CRS, with a column of persons; in a GeoSeries each household counts 1. With
        ``distances`` any frame will do.
    stations : GeoDataFrame or GeoSeries of Point, shape (m,)
        Brought into the CRS of ``households``; ``m`` may be 0. With a column of capacity; in a
        GeoSeries each station counts 1. One without a point serves nobody. With ``distances`` any
        frame will do.
    radius_m : float
        Metres; a household exactly so far from a station is in reach.
    method : {"2sfca", "e2sfca", "3sfca"}
        "2sfca": everybody in reach counts alike. "e2sfca": nearer ones count more. "3sfca":
        they count more, and people who can choose between stations burden each of them less.
    weights : sequence of float, optional
        For "e2sfca" and "3sfca": weights of rings of equal width, the innermost first, an outer
        edge belonging to its ring. The default 1, 0.68, 0.22 is for thirds of the radius.
    demand, capacity : str or None
        Columns of ``households`` and ``stations``; None: each row counts 1.
    distances : array or sparse matrix of float, shape (n, m), optional
        Metres from each household to each station instead of the straight line, such as
        ``street_distances`` gives. ``inf`` or NaN, and what a sparse matrix does not store, cannot
        be reached; a stored 0 is 0 m.

    Returns
    -------
    Series of float64, shape (n,)
        ``access`` on the index of ``households``: capacity for each person, 0 where no station is
        in reach, ``nan`` where the household has no point (with ``distances``: never). Summed up
        over all persons it is the capacity of the stations that reach anybody; one that reaches
        no demand adds nothing.

    Raises
    ------
    CRSError
        ``households`` does not measure metres, or a layer has no CRS.
    GeometryError
        A row is no point.
    InputError
        A column is missing, or holds values that are missing, negative or not finite.
    ParameterError
        The method is not known, the radius or the weights cannot be used, or ``distances`` has
        another shape or negative entries.

    Notes
    -----
    With f the weight of a pair, w the persons of household h, S the capacity of station s:
    R_s = S_s / Σ_h f_hs w_h and A_h = Σ_s f_hs R_s. In "2sfca" f is 1 (Luo and Wang, "Measures of
    spatial accessibility to health care in a GIS environment", Environment and Planning B 30,
    2003), in "e2sfca" that of the ring (Luo and Qi, "An enhanced two-step floating catchment area
    (E2SFCA) method", Health & Place 15, 2009, whose weights are the default), in "3sfca" it is
    f²/Σ_s f: the share of each station in what the household can choose from, times f (Wan, Zou
    and Sternberg, "A three-step floating catchment area method", International Journal of
    Geographical Information Science 26, 2012).

    Examples
    --------
    >>> import geopandas as gpd
    >>> homes = gpd.GeoDataFrame(
    ...     {"persons": [2, 3, 5]}, geometry=gpd.points_from_xy([0, 100, 900], [0, 0, 0]), crs=4549
    ... )
    >>> station = gpd.GeoDataFrame(
    ...     {"capacity": [10]}, geometry=gpd.points_from_xy([0], [0]), crs=4549
    ... )
    >>> access(homes, station, radius_m=300).tolist()
    [2.0, 2.0, 0.0]
    """
    radius_m = require_radius(radius_m)
    ring_weights = _ring_weights(method, weights)
    unplaced = np.zeros(len(households), bool)
    if distances is None:
        homes = places(require_metric(households, "households"), "households")
        bases = places(stations, "stations", households, "households")
        pairs = pairs_within(homes, bases, radius_m)
        unplaced = np.isnan(homes[:, 0])
    else:
        pairs = pairs_given(distances, (len(households), len(stations)), radius_m)
    persons = amounts(households, demand, "households", "demand")
    supply = amounts(stations, capacity, "stations", "capacity")
    f = ring_weights[_rings(pairs.metres, radius_m, len(ring_weights))]
    home, base = pairs.household, pairs.station
    total = shared_out(home, base, f, persons, supply, chosen=method == "3sfca")
    total[unplaced] = np.nan
    return pd.Series(total, index=households.index, name="access")


def access_faults(
    households: gpd.GeoDataFrame,
    access_value: pd.Series,
    least: float,
    standard: str,
    as_of: dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Find the households for whom too little capacity is in reach (R2).

    Parameters
    ----------
    households : GeoDataFrame of Point, shape (n,)
        ``grid_code`` on record is passed on.
    access_value : Series of float, shape (n,)
        On the same rows, as ``access`` gives it: capacity for each person. ``nan``: not judged.
    least : float
        A household with exactly so much meets the standard. More than 0.
    standard : str
        What the standard is called.
    as_of : date, optional
        Day the findings hold for.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS`` of kind "access", in the order of ``households``, ``value`` the capacity for
        each person: 0 where no station is in reach. Dwellings where nobody lives are none.

    Raises
    ------
    ParameterError
        ``least`` is not above 0, or no number.
    """
    if not 0 < least < np.inf:
        raise ParameterError(
            f"least is {least}; a standard of access is a finite number above 0.",
            hint="Give the capacity for each person, such as 0.5.",
            fields=["least"],
        )
    value = access_value.to_numpy("float64")
    # Shares of a whole sum up to a rounding; who has what is asked for must not fail by one.
    at = np.flatnonzero((value < least * (1 - 1e-12)) & lived_in(households))
    return make_findings(
        "access",
        households.index[at].astype("str").tolist(),
        standard,
        grid_code=households["grid_code"].iloc[at] if "grid_code" in households else None,
        value=value[at],
        unit="places per person",
        households=1,
        persons=persons_of(households)[at],
        geometry=households.geometry.iloc[at],
        crs=households.crs,
        as_of=as_of,
    )


def shared_out(
    home: Ints, base: Ints, f: Floats, persons: Floats, supply: Floats, chosen: bool
) -> Floats:
    """Share out supplies among persons by the weights of pairs.

    Parameters
    ----------
    home, base : int64, shape (p,)
        Positions of the household and the station of each pair, each pair once.
    f : float64, shape (p,)
        Weight of the pair, 0 or more.
    persons : float64, shape (n,)
    supply : float64, shape (m,)
    chosen : bool
        Whether people choose among stations in proportion to ``f``, which burdens each of them
        less.

    Returns
    -------
    float64, shape (n,)
        Supply for each person; 0 for a household in no pair.
    """
    if chosen:
        choice = _summed(home, f, len(persons))[home]
        f = np.divide(f * f, choice, out=np.zeros_like(f), where=choice > 0)
    asked = _summed(base, f * persons[home], len(supply))
    ratio = np.divide(supply, asked, out=np.zeros_like(supply), where=asked > 0)
    return _summed(home, f * ratio[base], len(persons))


def _summed(at: Ints, amount: Floats, count: int) -> Floats:
    """Add up amounts by position; without any, numpy would answer in integers."""
    return np.bincount(at, weights=amount, minlength=count).astype("float64", copy=False)


def _rings(metres: Floats, radius_m: float, count: int) -> Ints:
    """Give the ring of each distance, 0 the innermost; an edge belongs to the ring inside it."""
    edges = radius_m * np.arange(1, count) / count
    return np.searchsorted(edges, metres, side="left")


def _ring_weights(method: Method, weights: Sequence[float] | None) -> Floats:
    """Give the weights of the rings.

    Raises
    ------
    ParameterError
        The method is not known, has no weights, or they cannot be used.
    """
    if method not in get_args(Method):
        raise ParameterError(
            f"method is {method!r}; it must be one of {', '.join(get_args(Method))}.",
            hint='Choose "2sfca" where everybody in reach counts alike.',
            fields=["method"],
        )
    if method == "2sfca":
        if weights is not None:
            raise ParameterError(
                'weights are given, but in "2sfca" everybody in reach counts alike.',
                hint='Leave weights out, or choose "e2sfca".',
                fields=["weights", "method"],
            )
        return np.ones(1)
    given = RING_WEIGHTS if weights is None else weights
    ring_weights = np.asarray(given, dtype="float64")
    good = ring_weights.ndim == 1 and len(ring_weights) and np.isfinite(ring_weights).all()
    if not (good and (ring_weights >= 0).all()):
        raise ParameterError(
            f"weights is {weights!r}; one finite number of 0 or more is needed for each ring.",
            hint="Give the innermost ring first, such as (1, 0.68, 0.22).",
            fields=["weights"],
        )
    return ring_weights
