"""Which households and stations are near each other, and what they bring along."""

from typing import Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import issparse
from scipy.spatial import cKDTree

from gridgeo.errors import GeometryError, InputError, ParameterError
from gridgeo.model.crs import to_crs_of

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Layer: TypeAlias = gpd.GeoDataFrame | gpd.GeoSeries


class Pairs(NamedTuple):
    """Households and stations that are near enough to each other, each pair once.

    Parameters
    ----------
    household, station : int64, shape (p,)
        Positions.
    metres : float64, shape (p,)
        Between the two.
    """

    household: Ints
    station: Ints
    metres: Floats


def pairs_within(households: Floats, stations: Floats, radius_m: float) -> Pairs:
    """Find every household and station at most ``radius_m`` apart in a straight line.

    Parameters
    ----------
    households : float64, shape (n, 2)
        A row with NaN is near to nobody.
    stations : float64, shape (m, 2)
        As ``households``.
    radius_m : float
        0 or more and finite; a pair exactly so far apart is near enough.

    Returns
    -------
    Pairs
    """
    home = np.flatnonzero(np.isfinite(households).all(axis=1))
    base = np.flatnonzero(np.isfinite(stations).all(axis=1))
    if not (len(home) and len(base)):
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    # Compact nodes take longer to make than they save in one question.
    homes = cKDTree(households[home], balanced_tree=False, compact_nodes=False)
    # The tree compares squares; the last bit is decided below, by the distance `reach` gives.
    wide_m = radius_m * (1 + 1e-9) + 1e-9
    near = cKDTree(stations[base]).sparse_distance_matrix(homes, wide_m, output_type="ndarray")
    i, j = home[near["j"]], base[near["i"]]
    dx, dy = (households[i] - stations[j]).T
    metres = np.sqrt(dx * dx + dy * dy)
    kept = metres <= radius_m
    return Pairs(i[kept], j[kept], metres[kept])


def pairs_given(
    distances: Any,  # noqa: ANN401 - an array or any sparse matrix
    shape: tuple[int, int],
    radius_m: float,
    stations: str = "stations",
) -> Pairs:
    """Find every household and station at most ``radius_m`` apart by distances that are given.

    Parameters
    ----------
    distances : array or sparse matrix of float, shape (n, m)
        Metres from each household to each station. ``inf`` or NaN, and what a sparse matrix does
        not store, cannot be reached; a stored 0 is 0 m. Of a pair stored twice the shorter way
        counts.
    shape : (int, int)
        Households and stations there are.
    radius_m : float
        A pair exactly so far apart is near enough.
    stations : str
        What the columns are called in messages.

    Returns
    -------
    Pairs
        Sorted by household, then station.

    Raises
    ------
    ParameterError
        ``distances`` has another shape, or negative entries.
    """
    sparse = issparse(distances)
    table: Any = distances.tocoo() if sparse else np.asarray(distances, dtype="float64")
    if table.shape != shape:
        raise ParameterError(
            f"distances has shape {table.shape}; {shape[0]} households and {shape[1]} {stations} "
            f"need {shape}.",
            hint=f"Give a row for each household and a column for each of the {stations}, in "
            "their order.",
            fields=["distances"],
        )
    metres = np.asarray(table.data, dtype="float64") if sparse else table
    negative = np.count_nonzero(metres < 0)
    if negative:
        raise ParameterError(
            f"distances has {negative} negative entries; metres are 0 or more.",
            hint="Write inf, or store nothing in a sparse matrix, where there is no way.",
            fields=["distances"],
        )
    if not sparse:
        home, station = np.nonzero(metres <= radius_m)
        return Pairs(home, station, metres[home, station])
    near = np.flatnonzero(metres <= radius_m)
    home, station = (np.asarray(at[near], np.int64) for at in table.coords)
    order = np.lexsort((metres[near], station, home))
    home, station, metres = home[order], station[order], metres[near[order]]
    once = np.append(True, (home[1:] != home[:-1]) | (station[1:] != station[:-1]))[: len(home)]
    return Pairs(home[once], station[once], metres[once])


def places(layer: Layer, name: str, other: Layer | None = None, other_name: str = "") -> Floats:
    """Give the coordinates of a layer of points.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries of Point, shape (n,)
    name : str
        What it is called in messages.
    other : GeoDataFrame or GeoSeries, optional
        Brought into the CRS of this one.
    other_name : str

    Returns
    -------
    float64, shape (n, 2)
        NaN where a row has no point, or one with a coordinate that is not finite.

    Raises
    ------
    CRSError
        A layer has no CRS.
    GeometryError
        A row is no point.
    """
    shapes = layer.geometry if other is None else to_crs_of(layer, other, name, other_name).geometry
    points = np.asarray(shapes.array)
    some = ~(shapely.is_missing(points) | shapely.is_empty(points))
    wrong = some & (shapely.get_type_id(points) != 0)
    if wrong.any():
        ids = ", ".join(map(str, layer.index[wrong][:3])) + (", …" if wrong.sum() > 3 else "")
        raise GeometryError(
            f"{name} has {wrong.sum()} rows that are no points ({ids}).",
            hint=f"Give {name}.representative_point() of areas and lines.",
            code=f"geometry.{name}",
            fields=[name],
        )
    points = np.where(some, points, np.array(None))  # GEOS raises on the x of an empty point
    xy = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    xy[~np.isfinite(xy).all(axis=1)] = np.nan
    return xy


def amounts(layer: Layer | pd.DataFrame, column: str | None, name: str, argument: str) -> Floats:
    """Give what each row of a layer counts: persons of a household, capacity of a station.

    Parameters
    ----------
    layer : GeoDataFrame or GeoSeries, shape (n,)
    column : str or None
        Each row counts 1 where it is None, and where the layer is a GeoSeries, which has no
        columns.
    name, argument : str
        What the layer, and the argument that names the column, are called in messages.

    Returns
    -------
    float64, shape (n,)

    Raises
    ------
    InputError
        The column is missing, or a value is missing, negative or not finite.
    """
    if column is None or not isinstance(layer, pd.DataFrame):
        return np.ones(len(layer))
    if column not in layer:
        raise InputError(
            f"{name} has no column {column}; it says how much each row counts.",
            hint=f"Name the column with {argument}=…, or give {argument}=None: each counts 1.",
            code=f"input.{argument}",
            fields=[column],
        )
    value = pd.to_numeric(layer[column], errors="coerce").to_numpy("float64", na_value=np.nan)
    bad = ~(np.isfinite(value) & (value >= 0))
    if bad.any():
        ids = ", ".join(map(str, layer.index[bad][:3])) + (", …" if bad.sum() > 3 else "")
        raise InputError(
            f"{name} has {bad.sum()} rows whose {column} is missing, negative or infinite ({ids}).",
            hint="Give 0 or more in each row, or take these rows out.",
            code=f"input.{argument}",
            fields=[column],
        )
    return value


def require_radius(radius_m: float, name: str = "radius_m") -> float:
    """Give a radius, or another distance that people are to be within, as a float.

    Raises
    ------
    ParameterError
        It is negative, not finite or no number.
    """
    if isinstance(radius_m, bool) or not (
        isinstance(radius_m, int | float | np.number) and 0 <= radius_m < np.inf
    ):
        raise ParameterError(
            f"{name} is {radius_m!r}; it must be a finite number of 0 or more metres.",
            hint="Give it in metres, such as 500.",
            fields=[name],
        )
    return float(radius_m)
