"""Choose k: how many grids hold a band such as 300 to 500 households, by region and in all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridgeo.analysis.balance.inputs import Load, read_inputs
from gridgeo.analysis.balance.propose import constrained
from gridgeo.analysis.balance.share import apportion
from gridgeo.analysis.balance.unit_graph import UnitGraph, is_number
from gridgeo.errors import ParameterError

SLACK = 1e-9
# Numbers of grids that are tried; each takes a few milliseconds.
MOST_TRIED = 5000


@dataclass(frozen=True, eq=False)
class Choice:
    """How many grids hold a band.

    Parameters
    ----------
    k : int
        The number recommended.
    fewest, most : int or None
        Numbers at which the mean load of all grids lies in the band; None where none does.
    regions : DataFrame
        By region, or one row ``all``: ``load``, ``units``, ``pieces``, ``fewest`` and ``most``
        (grids whose mean load lies in the band; NA where no whole number fits), ``least_off``
        (how far off the band the mean is at the best number: 0 where one fits, else mean ÷ the
        nearer end − 1), ``grids`` (of the ``k`` recommended, as ``balance`` shares them out),
        ``mean_load`` and ``off`` of these.
    table : DataFrame
        By ``k``: ``mean_load``, ``in_band_share`` (of the grids, when each carries the mean of
        its region), ``regions_in_band``.
    """

    k: int
    fewest: int | None
    most: int | None
    regions: pd.DataFrame
    table: pd.DataFrame

    @property
    def misfits(self) -> pd.Series:
        """Regions for which no whole number fits, with ``least_off``; the farthest first."""
        off = self.regions["least_off"]
        return off[off != 0].sort_values(key=np.abs, ascending=False, kind="stable")


def choose_k(
    units: pd.DataFrame | UnitGraph,
    load: Load,
    at_least: float,
    at_most: float,
    region: str | None = None,
) -> Choice:
    """Say how many grids hold a band of load.

    Parameters
    ----------
    units : GeoDataFrame or UnitGraph, shape (n, …)
        As for ``balance``.
    load : str, or mapping of str to float
        As for ``balance``.
    at_least, at_most : float
        The band, such as 300 and 500 households, both ends included.
    region : str, optional
        Column no grid may cross.

    Returns
    -------
    Choice
        ``balance(units, load, k=choice.k, region=region)`` has as many grids in each region as
        ``choice.regions["grids"]`` says.

    Raises
    ------
    ParameterError
        No band, or one so wide that more than 5,000 numbers fit.
    ContractError, CRSError, GeometryError
        As ``balance``.

    Notes
    -----
    Recommended is the k that leaves most regions in the band; of equals the one whose mean load
    is nearest to the middle of the band, then the least. As for ``balance``, a region has at
    least a grid for each of its connected pieces and at most one a unit, and grids are
    apportioned so that the largest |mean load ÷ global mean − 1| is least. The load of a single
    grid can be off its region's mean: by the tolerance, and where a piece is small.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> row = [shapely.box(x, 0, x + 1, 1) for x in range(9)]
    >>> units = gpd.GeoDataFrame({"village": list("aaaabbbbb")}, geometry=row, crs=4549)
    >>> units["households"] = 200
    >>> choice = choose_k(units, "households", 300, 500, region="village")
    >>> choice.k, choice.regions["grids"].to_dict()
    (5, {'a': 2, 'b': 3})
    """
    _check_band(at_least, at_most)
    graph = units if isinstance(units, UnitGraph) else UnitGraph(units)
    inputs = read_inputs(graph, load, 1, None, None, region, None)
    pieces = constrained(graph, inputs, None, np.ones(len(graph.pairs))).pieces()
    r = int(inputs.region.max()) + 1
    first = np.unique(pieces, return_index=True)[1]
    least = np.bincount(inputs.region[first], minlength=r)
    count = np.bincount(inputs.region, minlength=r)
    loads = np.bincount(inputs.region, weights=inputs.load, minlength=r)
    band = (float(at_least), float(at_most))
    few, many = _numbers(loads, least, count, band)
    nearest = _nearest(loads, least, count, band)
    fits = few <= many
    total = np.array([loads.sum()]), np.array([least.sum()]), np.array([count.sum()])
    lowest, highest = (int(one[0]) for one in _numbers(*total, band))
    tried = _tried(
        (int(np.where(fits, few, nearest).sum()), int(np.where(fits, many, nearest).sum())),
        (lowest, highest),
        int(_nearest(*total, band)[0]),
    )
    # Where nobody lives at all, balance shares grids out by units.
    weight = loads if loads.sum() > 0 else count.astype("float64")
    shared = {k: apportion(weight, least, count, k, weight.sum() / k) for k in tried}
    table = _table(shared, loads, band)
    ranked = table.assign(away=(table["mean_load"] - sum(band) / 2).abs().round(9)).sort_values(
        ["regions_in_band", "away"], ascending=[False, True], kind="stable"
    )
    k = int(ranked.index[0])
    numbers = shared[k]
    regions = pd.DataFrame(
        {
            "load": loads,
            "units": count,
            "pieces": least,
            "fewest": pd.array(np.where(fits, few, 0), "Int64"),
            "most": pd.array(np.where(fits, many, 0), "Int64"),
            "least_off": _off(loads / nearest, band),
            "grids": numbers,
            "mean_load": loads / numbers,
            "off": _off(loads / numbers, band),
        },
        index=pd.Index(inputs.regions, name=region) if region is not None else pd.Index(["all"]),
    )
    regions.loc[~fits, ["fewest", "most"]] = pd.NA
    held = lowest <= highest
    return Choice(k, lowest if held else None, highest if held else None, regions, table)


def _check_band(at_least: float, at_most: float) -> None:
    good = is_number(at_least) and is_number(at_most)
    if not good or not 0 < at_least <= at_most < np.inf:
        raise ParameterError(
            f"The band is {at_least!r} to {at_most!r}; it must run from above 0 upwards.",
            hint="Give a band such as 300, 500.",
            fields=["at_least", "at_most"],
        )


def _numbers(
    loads: np.ndarray, least: np.ndarray, most: np.ndarray, band: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Give the fewest and most grids with a mean in the band; fewest > most where none has."""
    few = np.ceil(loads / band[1] - SLACK).astype(np.int64)
    many = np.floor(loads / band[0] + SLACK).astype(np.int64)
    return np.maximum(few, least), np.minimum(many, most)


def _nearest(
    loads: np.ndarray, least: np.ndarray, most: np.ndarray, band: tuple[float, float]
) -> np.ndarray:
    """Give the number of grids whose mean is least off the band; of equals the fewest."""
    # The distance to the band falls and then rises with the number: only its ends come near.
    ends = [np.floor(loads / band[1]), np.ceil(loads / band[1] - SLACK), np.floor(loads / band[0])]
    ends += [np.ceil(loads / band[0])]
    tries = np.sort([np.clip(one, least, most) for one in ends], axis=0).astype(np.int64)
    off = np.abs(_off(loads / tries, band))
    return np.take_along_axis(tries, off.argmin(axis=0)[None], axis=0)[0]


def _off(mean: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    """Measure mean ÷ the nearer end of the band − 1; 0 inside."""
    off = np.where(mean > band[1], mean / band[1] - 1, np.minimum(mean / band[0] - 1, 0.0))
    return np.where(np.abs(off) <= SLACK, 0.0, off)


def _tried(by_region: tuple[int, int], in_all: tuple[int, int], nearest: int) -> range:
    """Settle which numbers of grids are worth trying."""
    first, last = by_region
    first, last = min(first, nearest), max(last, nearest)
    if in_all[0] <= in_all[1]:
        first, last = min(first, in_all[0]), max(last, in_all[1])
    if last - first >= MOST_TRIED:
        raise ParameterError(
            f"The band is so wide that {last - first + 1:,} numbers of grids would have to be "
            "tried.",
            hint="Give a narrower band, such as 300 to 500 households.",
            fields=["at_least", "at_most"],
        )
    return range(first, last + 1)


def _table(
    shared: dict[int, np.ndarray], loads: np.ndarray, band: tuple[float, float]
) -> pd.DataFrame:
    """Score each number of grids; ``shared`` is k → grids of each region."""
    rows = []
    for k, numbers in shared.items():
        inside = _off(loads / numbers, band) == 0
        rows.append((loads.sum() / k, numbers[inside].sum() / k, int(inside.sum())))
    return pd.DataFrame(
        rows,
        columns=["mean_load", "in_band_share", "regions_in_band"],
        index=pd.Index(list(shared), name="k"),
    )
