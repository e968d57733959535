"""Cells of which each period tells of at least k, so that no period has to be withheld."""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridgeo.errors import ParameterError
from gridgeo.publish.cells import _name, _z_order
from gridgeo.publish.suppress import Bools

_LEVELS = 9  # sides of 1 … 256 times the least


class ByPeriod(NamedTuple):
    """Cells by period.

    Parameters
    ----------
    frame : GeoDataFrame
        Indexed by ``cell_id``: the periods 0 … p−1 as columns of int, ``area_km2``,
        ``geometry``. Empty where all points together are too few in some period.
    member : Series of text
        For each cell given the id of the one it has become part of.
    """

    frame: gpd.GeoDataFrame
    member: pd.Series


def cells_by_period(
    cells: gpd.GeoDataFrame,
    points: gpd.GeoSeries,
    period: npt.NDArray[np.int64],
    periods: int,
    k: int,
    least_m: float = 250.0,
) -> ByPeriod:
    """Join whole k-safe cells until each tells of at least k in every period.

    Parameters
    ----------
    cells : GeoDataFrame
        ``Cells.frame`` of ``k_safe_cells`` on these same points, k and side.
    points : GeoSeries of Point, shape (n,)
    period : int, shape (n,)
        0 … ``periods`` − 1.
    periods, k : int
    least_m : float

    Returns
    -------
    ByPeriod

    Raises
    ------
    ParameterError
        ``cells`` do not count exactly these points.

    Notes
    -----
    Nothing is withheld, so there is no complement to take. The new cells are unions of whole
    published ones: their totals over the periods are sums of published figures and tell nothing
    new, nor does any difference of the two releases. What stays unknown is how one published
    cell c of a union T is split: in period t it lies between max(0, c + t − T) and min(c, t).
    These Fréchet bounds are sharp, and min(c, t, T − c, T − t) apart: each of the four is 0 or at
    least k, and where it is 0 the split is a figure that is told, itself at least k.

    Safe within one release. Over time ``release`` holds the figures of one and the same cell;
    shapes that follow one another are not covered, as ``k_safe_cells`` says.
    """
    # The middle of its smallest square is inside exactly one cell, also for a point on a border.
    middle = (np.floor(np.column_stack([points.x, points.y]) / least_m) + 0.5) * least_m
    at, cell = shapely.STRtree(cells.geometry.to_numpy()).query(
        shapely.points(middle), predicate="within"
    )
    counts = np.zeros((len(cells), periods), dtype=np.int64)
    np.add.at(counts, (cell, np.asarray(period)[at]), 1)
    if len(cells) and not np.array_equal(counts.sum(axis=1), cells["count"].to_numpy()):
        raise ParameterError(
            "The cells do not count these points; they must be made of the same ones.",
            hint="Call k_safe_cells on the same points, k and side.",
            fields=["cells", "points"],
        )
    group = _groups(cells, counts, k, least_m)
    many = int(group.max(initial=-1)) + 1
    sums = np.zeros((many, periods), dtype=np.int64)
    np.add.at(sums, group, counts)
    if not (sums >= k).all():  # all together are too few
        many, sums = 0, sums[:0]
        group = np.full(len(cells), -1)
    shapes = [shapely.union_all(cells.geometry.to_numpy()[group == g]) for g in range(many)]
    names = [_name(shape, least_m) for shape in shapes]
    frame = gpd.GeoDataFrame(
        {number: sums[:, number] for number in range(periods)},
        geometry=gpd.GeoSeries(shapes, crs=cells.crs).array,
        index=pd.Index(names, name="cell_id", dtype="str"),
    )
    frame["area_km2"] = frame.area / 1e6
    member = pd.Series([names[g] if many else "" for g in group], cells.index, dtype="str")
    return ByPeriod(frame.sort_index(), member)


def _groups(
    cells: gpd.GeoDataFrame, counts: npt.NDArray[np.int64], k: int, least_m: float
) -> npt.NDArray[np.int64]:
    """Give each cell the number of its union: squares from below, then a Z-curve."""
    group = np.full(len(cells), -1)
    made = 0
    place = shapely.get_coordinates(shapely.point_on_surface(cells.geometry.to_numpy()))
    for level in range(_LEVELS):
        waits = np.flatnonzero(group < 0)
        square = np.floor(place[waits] / (least_m * 2.0**level)).astype(np.int64)
        _, number = np.unique(square, axis=0, return_inverse=True)
        sums = np.zeros((number.max(initial=-1) + 1, counts.shape[1]), dtype=np.int64)
        np.add.at(sums, number, counts[waits])
        enough: Bools = np.all(sums >= k, axis=1)
        new = np.cumsum(enough) - 1 + made
        group[waits[enough[number]]] = new[number[enough[number]]]
        made += int(enough.sum())
    waits = np.flatnonzero(group < 0)
    square = np.floor(place[waits] / least_m).astype(np.int64)
    order = np.argsort(_z_order(pd.DataFrame(square, columns=["column", "row"])), kind="stable")
    so_far = np.zeros(counts.shape[1], dtype=np.int64)
    for one in waits[order]:
        group[one] = made
        so_far = so_far + counts[one]
        if (so_far >= k).all():
            made, so_far = made + 1, so_far * 0
    rest = np.flatnonzero(group == made)
    if len(rest) and made:  # what remains joins the nearest
        shapes = cells.geometry.to_numpy()
        others = np.flatnonzero(group != made)
        near = np.argmin(shapely.distance(shapes[others], shapely.union_all(shapes[rest])))
        group[rest] = group[others[near]]
    return group
