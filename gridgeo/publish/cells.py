"""Squares large enough that none tells of fewer than k people."""

import hashlib
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridgeo.errors import ParameterError
from gridgeo.model.crs import require_metric

Ints = npt.NDArray[np.int64]

_LEVELS = 5  # sides of 1, 2, 4, 8, 16 times the least
_Z_BITS = 24  # room for 16 million squares a side: more than the Earth has


@dataclass(frozen=True)
class Cells:
    """What became of a set of points.

    Parameters
    ----------
    frame : GeoDataFrame
        Indexed by ``cell_id``: ``count`` (int), ``area_km2``, ``geometry``. Disjoint, each
        with a count of at least k. An id is a name of the shape and of nothing else: equal
        ids mean the same ground in every release, and the same ground has the same id.
        ``500mE3N7`` is the whole square of 500 m in column 3, row 7; with squares cut out of
        it or joined to it, eight hexadecimal digits of its outline follow.
    withheld : int or None
        0, or None when all points together are fewer than k: then no cell exists.
    """

    frame: gpd.GeoDataFrame
    withheld: int | None


def k_safe_cells(
    points: gpd.GeoSeries,
    k: int,
    least_m: float = 250.0,
    weights: pd.Series | None = None,
) -> Cells:
    """Merge points into squares until each tells of at least k.

    Parameters
    ----------
    points : GeoSeries of Point, shape (n,)
        In a metric CRS. Missing and empty points are refused.
    k : int
        Least count a cell may have.
    least_m : float
        Side of the smallest square: 250 m in towns, 500 m in the country.
    weights : Series of int, shape (n,), optional
        How many each point stands for; one by default.

    Returns
    -------
    Cells
        The counts of the cells sum to that of the points, or there is no cell at all.

    Raises
    ------
    ParameterError
        k below 2, no positive side, a missing point, a negative weight.
    CRSError
        ``points`` is not in true metres.

    Notes
    -----
    A quadtree from below: a square of the lattice with k or more is a cell; what is left
    waits and is counted in the square of twice the side, without the cells inside, and so on
    up to 16 sides. So towns keep small squares beside country ones, and a cell never shows
    which part of it is inhabited. The largest squares still below k are joined along a Z-curve.
    Quadtree aggregation under a confidentiality rule: Lagonigro, Oller and Martori, "A quadtree
    approach based on European geographic grids: reconciling data privacy and accuracy",
    SORT 41(1), 2017.

    Safe within one release. Over time ``release`` holds the figure of each cell by its id, so
    a change of fewer than k inside *one and the same* shape is not told. Not covered: shapes
    that follow one another. A square told at 21 and later as parts of 10 and 12 tells that one
    was added, and so does any ground that is a union of whole cells on two days, ground
    without a cell counting as 0.
    """
    require_metric(points, "points")
    amount = np.ones(len(points), np.int64) if weights is None else weights.to_numpy(np.int64)
    bare = shapely.is_missing(points.array) | shapely.is_empty(points.array)
    if k < 2 or not least_m > 0 or bare.any() or (amount < 0).any():
        raise ParameterError(
            f"Found k = {k}, least_m = {least_m}, {bare.sum()} points without a place, "
            f"{(amount < 0).sum()} negative weights; cells need k of 2 or more, a positive side, "
            "a place for every point and weights of 0 or more.",
            hint="Correct the arguments named.",
            fields=["points", "k", "least_m", "weights"],
        )
    total = int(amount.sum())
    squares = pd.DataFrame(
        {
            "column": np.floor(points.x.to_numpy() / least_m).astype(np.int64),
            "row": np.floor(points.y.to_numpy() / least_m).astype(np.int64),
            "count": amount,
        }
    )
    waiting = squares[squares["count"] > 0].groupby(["column", "row"], as_index=False).sum()
    if total < k:
        waiting = waiting.iloc[:0]
    found = []
    for level in range(_LEVELS):
        enough = waiting["count"] >= k
        found.append(waiting[enough].assign(level=level))
        waiting = waiting[~enough]
        if level < _LEVELS - 1:
            waiting = waiting.assign(column=waiting["column"] // 2, row=waiting["row"] // 2)
            waiting = waiting.groupby(["column", "row"], as_index=False).sum()
    cells = pd.concat(found, ignore_index=True)
    rest = waiting.assign(level=_LEVELS - 1).reset_index(drop=True)
    cells["geometry"] = _outlines(cells, cells, least_m)
    rest["geometry"] = _outlines(rest, cells, least_m)
    cells = _join(cells, rest, k)
    return Cells(_frame(cells, least_m, points), None if 0 < total < k else 0)


def exactly_placed(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell rows with a place of their own from those known only by their grid.

    Parameters
    ----------
    rows : DataFrame, shape (n,)
        ``placed_by`` where known: "coordinates", "address" or "grid".

    Returns
    -------
    bool, shape (n,)
        False where the point is no more than the representative point of a grid: many stand on
        one spot, and cells of them would show a gathering that is none. True where nothing is
        said.
    """
    if "placed_by" not in rows:
        return np.ones(len(rows), dtype=bool)
    said: npt.NDArray[np.bool_] = rows["placed_by"].ne("grid").fillna(True).to_numpy(dtype=bool)
    return said


def _outlines(squares: pd.DataFrame, cells: pd.DataFrame, least_m: float) -> npt.NDArray:
    """Draw squares without the smaller cells inside them."""
    side = least_m * 2.0 ** squares["level"].to_numpy()
    west, south = squares["column"].to_numpy() * side, squares["row"].to_numpy() * side
    outlines = shapely.box(west, south, west + side, south + side)
    boxes = least_m * 2.0 ** cells["level"].to_numpy()
    x, y = cells["column"].to_numpy() * boxes, cells["row"].to_numpy() * boxes
    inner = shapely.box(x, y, x + boxes, y + boxes)
    for level in np.unique(squares["level"]):
        mine = squares[squares["level"] == level].reset_index(names="position")
        below = cells[cells["level"] < level]
        sides = 2 ** (level - below["level"])
        owners = below.assign(column=below["column"] // sides, row=below["row"] // sides)
        pairs = owners.reset_index(names="inner").merge(mine, on=["column", "row"])
        for position, group in pairs.groupby("position")["inner"]:
            outlines[position] = shapely.difference(
                outlines[position], shapely.union_all(inner[group.to_numpy()])
            )
    return outlines


def _join(cells: pd.DataFrame, rest: pd.DataFrame, k: int) -> pd.DataFrame:
    """Join the largest squares that are still below k until none is."""
    rest = rest.iloc[np.argsort(_z_order(rest), kind="stable")]
    group, so_far = [0] * len(rest), 0
    for position, count in enumerate(rest["count"]):
        group[position] = group[position - 1] + (so_far >= k) if position else 0
        so_far = count + (so_far if so_far < k else 0)
    joined = _union(rest, np.array(group, dtype=np.int64))
    cells = pd.concat([cells[["count", "geometry"]], joined], ignore_index=True)
    if 0 < so_far < k:
        shapes = cells["geometry"].to_numpy()
        nearest = np.argmin(shapely.distance(shapes[:-1], shapes[-1]))
        target = np.arange(len(cells))
        target[-1] = nearest
        cells = _union(cells, target)
    return cells


def _union(squares: pd.DataFrame, group: Ints) -> pd.DataFrame:
    """Make one of each group: its count and its shape."""
    groups = squares.groupby(group)
    shapes = [shapely.union_all(shapes.to_numpy()) for _, shapes in groups["geometry"]]
    merged = groups["count"].sum().to_frame()
    return merged.assign(geometry=np.array(shapes, dtype=object)).reset_index(drop=True)


def _z_order(squares: pd.DataFrame) -> Ints:
    """Give each square its place on a Z-curve: neighbours in order are near in place."""
    code = np.zeros(len(squares), np.int64)
    x, y = (squares[axis].to_numpy() for axis in ("column", "row"))
    x, y = x - x.min(initial=0), y - y.min(initial=0)
    for bit in range(_Z_BITS):
        code |= ((x >> bit) & 1) << (2 * bit) | ((y >> bit) & 1) << (2 * bit + 1)
    return code


def _name(shape: shapely.Geometry, least_m: float) -> str:
    """Name a union of squares of the lattice after its shape alone, however it came about."""
    corners = _corners(shape, least_m)
    low = corners.min(axis=0)
    side = int((corners.max(axis=0) - low).max())
    column, row = low // side
    name = f"{side * least_m:g}mE{column}N{row}"
    square = [[x, y] for x in (column, column + 1) for y in (row, row + 1)]
    if np.array_equal(corners, np.array(square) * side):
        return name
    outline = (corners * least_m).astype("<f8").tobytes()
    return f"{name}-{hashlib.blake2b(outline, digest_size=4).hexdigest()}"


def _corners(shape: shapely.Geometry, least_m: float) -> Ints:
    """Give the lattice points where the outline turns, but for those where it turns twice.

    An outline without diagonals is known from them: along each line of the lattice every
    corner switches between inside and outside, and two at one place switch nothing.
    """
    turns = []
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        at = np.rint(shapely.get_coordinates(ring)[:-1] / least_m).astype(np.int64)
        straight = (np.roll(at, 1, axis=0) == at) & (at == np.roll(at, -1, axis=0))
        turns.append(at[~straight.any(axis=1)])
    corners, times = np.unique(np.concatenate(turns), axis=0, return_counts=True)
    odd: Ints = corners[times % 2 == 1]
    return odd


def _frame(cells: pd.DataFrame, least_m: float, points: gpd.GeoSeries) -> gpd.GeoDataFrame:
    names = [_name(shape, least_m) for shape in cells["geometry"]]
    frame = gpd.GeoDataFrame(
        {"count": cells["count"].astype("int64").to_numpy()},
        geometry=gpd.GeoSeries(cells["geometry"].to_numpy(), crs=points.crs).array,
        index=pd.Index(names, name="cell_id", dtype="str"),
    )
    frame.insert(1, "area_km2", frame.area / 1e6)
    return frame.sort_index()
