"""Household points that somebody forgot to bring back from GCJ-02, and what follows from it."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridgeo.model.crs import to_rest
from gridgeo.sample.carve import no_room
from gridgeo.sample.homes import REACH_M

BATCH = 10  # households of one building whose points came from a web map

_A, _E2 = 6378245.0, 0.00669342162296594323  # Krasovsky 1940, as GCJ-02 has it
_APART_M = 1500.0  # batches so far apart never add up in one grid
_CLEAR_M = 2.0  # a shifted point this near to a border could be told either way
_REACH_CLEAR_M = 5.0


def gcj02(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift places as Chinese web maps do (WGS 84 to GCJ-02).

    Parameters
    ----------
    lon, lat : ndarray, shape (n,)
        Degrees, inside China.

    Returns
    -------
    ndarray, shape (n, 2)
        Shifted longitude and latitude; about 490 m to the south-east in Jingjiang.
    """
    x, y = lon - 105.0, lat - 35.0
    common = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (common + 20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (common + 20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    sine = 1.0 - _E2 * np.sin(np.radians(lat)) ** 2
    dlat = np.degrees(north / (_A * (1.0 - _E2) / (sine * np.sqrt(sine))))
    dlon = np.degrees(east / (_A / np.sqrt(sine) * np.cos(np.radians(lat))))
    return np.column_stack([lon + dlon, lat + dlat])


def leave_shifted(
    households: gpd.GeoDataFrame,
    grids: gpd.GeoSeries,
    blocks: NDArray[np.object_],
    stations: gpd.GeoDataFrame,
    settled: list[str],
    points: int,
    rng: np.random.Generator,
) -> tuple[gpd.GeoDataFrame, list[dict[str, object]]]:
    """Leave some households' points in GCJ-02, and record what a detector finds because of it.

    Parameters
    ----------
    households : GeoDataFrame of Point
        EPSG:4549, with ``grid_code`` and ``lived_in``.
    grids : GeoSeries of Polygon
        As drawn, by grid code.
    blocks : ndarray of Polygon
        All the ground there is: beyond it lies another city.
    stations : GeoDataFrame of Point
    settled : list of str
        Grids whose size is judged wrong, or whose borders are; no household leaves these or
        moves into them.
    points : int
        A multiple of ``BATCH``.
    rng : Generator

    Returns
    -------
    households : GeoDataFrame
        The same rows; ``points`` of them lie about 490 m to the south-east.
    truth : list of dict
        Kind "offset", one entry a batch; "orphan", "outside-household", "mismatch" and "reach"
        for the households that are found to be so only where their shifted points lie.

    Raises
    ------
    InfeasibleError
        Fewer batches find a place than are wanted.

    Notes
    -----
    A batch is ``BATCH`` lived-in households of one block; no two batches leave or enter the same
    grid, so that no grid's size leaves its band. No shifted point lies within 2 m of a border or
    within 5 m of the reach standard.
    """
    lived = households[households["lived_in"] & households["grid_code"].notna()]
    lived = lived[~lived["grid_code"].isin(settled)]
    unit = lived["address_id"].str.rpartition("-")[0].str.rpartition("-")[0]
    size = unit.groupby(unit).size()
    order = rng.permutation(size.index[size >= BATCH].to_numpy(dtype=object))
    tree = shapely.STRtree(grids.to_numpy())
    ground = shapely.STRtree(blocks)
    of_unit = unit.groupby(unit).indices
    reach = cKDTree(shapely.get_coordinates(stations.geometry.to_numpy()))
    taken = np.empty((0, 2))
    used = set(settled)
    truth: list[dict[str, object]] = []
    moved: list[tuple[pd.Index, NDArray[np.object_]]] = []
    kinds = ("orphan", "outside-household", "mismatch", "reach")
    caused: dict[str, list[str]] = {kind: [] for kind in kinds}
    for name in order:
        if len(moved) * BATCH >= points:
            break
        batch = lived.iloc[of_unit[name][:BATCH]]
        middle = shapely.get_coordinates(batch.geometry.to_numpy()).mean(axis=0)
        if len(taken) and np.linalg.norm(taken - middle, axis=1).min() < _APART_M:
            continue
        there = _shifted(batch)
        within = [tree.query(point, predicate="intersects") for point in there]
        near = [tree.query(point, predicate="dwithin", distance=_CLEAR_M) for point in there]
        nearest_m, _ = reach.query(shapely.get_coordinates(there))
        into = set(grids.index[np.concatenate(near)]) | set(batch["grid_code"])
        clear = all(len(a) == len(b) <= 1 for a, b in zip(within, near, strict=True))
        if not clear or into & used or (abs(nearest_m - REACH_M) < _REACH_CLEAR_M).any():
            continue
        taken = np.vstack([taken, middle])
        used |= into
        moved.append((batch.index, there))
        truth.append(
            {
                "kind": "offset",
                "subjects": batch.index.tolist(),
                "note": "points of one block left in GCJ-02",
            }
        )
        code = batch["grid_code"].to_numpy()
        for at, home in enumerate(batch.index):
            if len(within[at]) == 0:
                here = len(ground.query(there[at], predicate="intersects")) > 0
                caused["orphan" if here else "outside-household"].append(home)
            elif grids.index[within[at][0]] != code[at]:
                caused["mismatch"].append(home)
            if nearest_m[at] > REACH_M:
                caused["reach"].append(home)
    if len(moved) * BATCH < points:
        raise no_room(f"{points} households whose points are left in GCJ-02")
    geometry = households.geometry.copy()
    for index, there in moved:
        geometry.loc[index] = there
    note = "because its point was left in GCJ-02"
    truth += [{"kind": k, "subjects": s, "note": note} for k, s in caused.items() if s]
    return households.set_geometry(geometry), truth


def _shifted(batch: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Give the points of a batch where GCJ-02 has them, in the batch's CRS."""
    degrees = to_rest(batch[["geometry"]]).geometry
    there = gcj02(degrees.x.to_numpy(), degrees.y.to_numpy())
    points = gpd.GeoSeries(shapely.points(np.round(there, 9)), crs=degrees.crs)
    return np.asarray(points.to_crs(batch.crs).to_numpy())
