"""Where cases lie so close together, or so few, that chance does not explain it."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from numba import njit

from gridgeo.analysis.rates import figures, named
from gridgeo.errors import ParameterError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Places whose distances differ by less than this share of the extent lie on one circle.
_ALIKE = 1e-9


@dataclass(frozen=True)
class Cluster:
    """Areas within one circle that have too many cases, or too few.

    Parameters
    ----------
    ids : ndarray of int
        Positions of the areas, nearest to the middle of the circle first, which is itself one.
    cases : int
    expected : float
        Cases if the rate were the same everywhere.
    llr : float
        Logarithm of the likelihood ratio, above 0.
    relative_risk : float
        Rate inside over rate outside; ``inf`` if there is no case outside.
    p : float
        (1 + simulations whose best circle is at least so good) / (simulations + 1).
    """

    ids: Ints
    cases: int
    expected: float
    llr: float
    relative_risk: float
    p: float


def scan(
    cases: npt.ArrayLike,
    population: npt.ArrayLike,
    xy: npt.ArrayLike | gpd.GeoSeries,
    max_share: float = 0.5,
    high: bool = True,
    simulations: int = 999,
    rng: int | np.random.Generator = 0,
) -> list[Cluster]:
    """Find the clusters of cases, or of their absence, with Kulldorff's scan statistic.

    Parameters
    ----------
    cases : array-like of int, shape (n,)
        Cases by area.
    population : array-like of float, shape (n,)
        Those at risk by area, or expected cases; 0 or more.
    xy : array-like of float, shape (n, 2), or GeoSeries
        Where the areas lie, in a unit that is the same both ways, such as metres; of other
        shapes the centroids count. The i-th row belongs to the i-th case, whatever the indexes.
    max_share : float
        Largest share of the population a circle may hold, above 0 and up to 1.
    high : bool
        Look for too many cases; False for too few.
    simulations : int
        Random maps of as many cases, for p; 0 or more.
    rng : int or Generator
        Seed. The same one gives the same answer on any machine with any number of threads.

    Returns
    -------
    list of Cluster
        By falling ``llr``, the first being the most likely cluster. No two share an area: of
        the best circle round each area those remain that touch none better. All circles with
        an ``llr`` above 0 are candidates; ``p`` says which are worth a look.

    Raises
    ------
    ParameterError
        A figure is negative, missing or, of cases, not whole; the lengths differ; cases lie
        where nobody lives; or an argument is out of range.

    Notes
    -----
    Kulldorff, "A spatial scan statistic", Communications in Statistics – Theory and Methods 26
    (1997) 1481–1496, Poisson model: with c of C cases where e are expected, llr = c ln(c/e) +
    (C − c) ln((C − c)/(C − e)). Circles run round each area through each other one; areas at
    the same distance enter together. The p of a second cluster is set against the best circle
    of each random map, too, and is therefore cautious.

    Examples
    --------
    >>> row = np.column_stack([np.arange(20), np.zeros(20)])
    >>> found = scan([1] * 8 + [9] * 4 + [1] * 8, [100] * 20, row)
    >>> sorted(found[0].ids.tolist()), found[0].cases, found[0].p
    ([7, 8, 9, 10, 11], 37, 0.001)
    """
    c, n = _cases(cases), figures(population, "population")
    places = _places(xy)
    _fitting(c, n, places, max_share, simulations)
    C = int(c.sum())
    if not C:
        return []
    e = C * n / n.sum()
    maps = np.random.default_rng(rng).multinomial(C, n / n.sum(), size=simulations)
    # Areas in rows, the observed map first: the kernel runs along the maps.
    counts = np.ascontiguousarray(np.vstack([c[None, :], maps]).T.astype(np.int32))
    table = _x_ln_x(C)
    best = np.zeros(simulations + 1)
    llr, length = np.zeros(len(c)), np.zeros(len(c), dtype=np.int64)
    tolerance = _ALIKE * max(float(np.ptp(places, axis=0).max()), np.finfo(float).tiny)
    limit = max_share * n.sum() * (1 + 1e-12)
    orders = []
    for i in range(len(c)):
        order, ends = _rings(np.hypot(*(places - places[i]).T), tolerance)
        within = np.searchsorted(np.cumsum(n[order]), limit, side="right")
        order = order[:within]
        llr[i], length[i] = _scan_round(counts, order, ends[:within], e, C, table, bool(high), best)
        orders.append(order[: length[i]].copy())  # no view, which would keep all of it
    found: list[Cluster] = []
    taken = np.zeros(len(c), dtype=bool)
    for i in np.argsort(-llr, kind="stable"):
        ids = orders[i]
        if llr[i] <= 0 or taken[ids].any():
            continue
        taken[ids] = True
        inside, expected = int(c[ids].sum()), float(e[ids].sum())
        outside = (C - inside) / (C - expected) if expected < C else 0.0
        risk = inside / expected / outside if outside > 0 else np.inf
        p = (1 + int((best[1:] >= llr[i]).sum())) / (simulations + 1)
        found.append(Cluster(ids, inside, expected, float(llr[i]), float(risk), p))
    return found


def warm_scan() -> None:
    """Compile the kernel, or load it from numba's disk cache."""
    scan([1, 0], [1.0, 1.0], [[0.0, 0.0], [1.0, 0.0]], simulations=1)


@njit(cache=True, nogil=True)
def _scan_round(
    counts: npt.NDArray[np.int32],
    order: Ints,
    ends: npt.NDArray[np.bool_],
    e: Floats,
    C: int,
    table: Floats,
    high: bool,
    best: Floats,
) -> tuple[float, int]:
    """Grow a circle round one area over all maps at once.

    ``best`` keeps the best llr of each map over all calls; given back are the best llr of the
    first map in this call and how many areas its circle holds.
    """
    maps = counts.shape[1]
    inside = np.zeros(maps, np.int32)
    own, length, expected = 0.0, 0, 0.0
    for k in range(len(order)):
        expected += e[order[k]]
        row = counts[order[k]]
        for s in range(maps):
            inside[s] += row[s]
        # The whole city is no circle: there is nothing to compare it with.
        if not ends[k] or expected <= 0.0 or expected >= C * (1 - 1e-12):
            continue
        # llr = c ln c + (C − c) ln(C − c) − c (ln e − ln(C − e)) − C ln(C − e)
        rest = np.log(C - expected)
        slope = np.log(expected) - rest
        base = C * rest
        for s in range(maps):
            c = inside[s]
            value = table[c] - c * slope - base
            extreme = c > expected if high else c < expected
            if extreme and value > best[s]:
                best[s] = value
        c = inside[0]
        value = table[c] - c * slope - base
        extreme = c > expected if high else c < expected
        if extreme and value > own:
            own, length = value, k + 1
    return own, length


def _rings(away: Floats, tolerance: float) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Order places by distance, and mark the last of each that lie at the same one."""
    order = np.argsort(away, kind="stable")
    further = np.diff(away[order]) > tolerance
    ring = np.concatenate([[0], np.cumsum(further)])
    return order[np.lexsort((order, ring))], np.append(further, True)


def _x_ln_x(C: int) -> Floats:
    """Give c ln c + (C − c) ln(C − c) for each count c up to C, 0 ln 0 being 0."""
    c = np.arange(C + 1, dtype=np.float64)
    part = c * np.log(np.maximum(c, 1))
    return part + part[::-1]


def _cases(cases: npt.ArrayLike) -> Ints:
    """Take whole counts."""
    c = figures(cases, "cases")
    if (c != np.floor(c)).any():
        raise ParameterError(
            f"{(c != np.floor(c)).sum()} of {c.size} cases are no whole numbers.",
            hint="Give counts; a rate belongs to its population.",
            fields=["cases"],
        )
    return c.astype(np.int64)


def _places(xy: npt.ArrayLike | gpd.GeoSeries) -> Floats:
    """Take coordinates, of shapes their centroids."""
    if isinstance(xy, gpd.GeoSeries | gpd.GeoDataFrame):
        middle = shapely.centroid(np.asarray(xy.geometry.array))
        return np.column_stack([shapely.get_x(middle), shapely.get_y(middle)])
    return np.asarray(xy, dtype=np.float64)


def _fitting(c: Ints, n: Floats, xy: Floats, max_share: float, simulations: int) -> None:
    """Refuse arguments that do not fit together."""
    if c.ndim != 1 or n.shape != c.shape or xy.shape != (len(c), 2):
        raise ParameterError(
            f"cases has shape {c.shape}, population {n.shape}, xy {xy.shape}; "
            "(n,), (n,) and (n, 2) are needed.",
            fields=["cases", "population", "xy"],
        )
    if not np.isfinite(xy).all():
        raise ParameterError(
            f"{(~np.isfinite(xy).all(axis=1)).sum()} areas have no place.",
            hint="Leave them out of cases and population, too.",
            fields=["xy"],
        )
    nowhere = (n == 0) & (c > 0)
    if nowhere.any():
        raise ParameterError(
            f"{nowhere.sum()} areas have cases but nobody lives there, such as those at positions "
            f"{named(pd.Index(np.flatnonzero(nowhere)))}.",
            hint="Correct the population, or leave these areas out.",
            fields=["population"],
        )
    if not 0 < max_share <= 1:
        raise ParameterError(
            f"max_share is {max_share}; it must be above 0 and at most 1.", fields=["max_share"]
        )
    if simulations < 0:
        raise ParameterError(
            f"simulations is {simulations}; it must be 0 or more.", fields=["simulations"]
        )
