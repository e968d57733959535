"""Faults of territory as rows of the register: grids against duty, villages and households."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.areas import mended_areas, polygon_parts
from gridgeo.errors import ParameterError
from gridgeo.model.crs import require_metric, to_crs_of
from gridgeo.model.findings import make_findings
from gridgeo.model.people import lived_in, persons_of


def territory_findings(
    faults: gpd.GeoDataFrame,
    households: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    min_area_m2: float = 1.0,
    as_of: dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Enter what ``tiling_faults`` found into the register (T1, T2, T5).

    Parameters
    ----------
    faults : GeoDataFrame
        As ``tiling_faults`` gives it.
    households : GeoDataFrame or GeoSeries of Point, optional
        Counted inside each fault where somebody lives in them. Left out, severity is not known.
    min_area_m2 : float
        The area ``tiling_faults`` was asked with; it is the standard.
    as_of : date, optional
        Day the findings hold for.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS``, row by row: ``subject`` the grid codes joined by "+" ("jurisdiction" where
        a gap touches no grid), ``grid_code`` the first of them, ``value`` the area in m².
    """
    ids = [[str(grid) for grid in grids] for grids in faults["grid_ids"]]
    return make_findings(
        faults["kind"].tolist(),
        ["+".join(codes) or "jurisdiction" for codes in ids],
        ["valid" if kind == "invalid" else f"{min_area_m2:.10g}m2" for kind in faults["kind"]],
        grid_code=[codes[0] if codes else None for codes in ids],
        value=faults["area_m2"].tolist(),
        unit="m2",
        households=_homes_inside(faults.geometry, households),
        geometry=faults.geometry,
        crs=faults.crs,
        as_of=as_of,
    )


def across_faults(
    grids: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame,
    tolerance_m2: float = 1.0,
    households: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    as_of: dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Find the grids that reach beyond their own village (T6).

    Parameters
    ----------
    grids : GeoDataFrame of Polygon or MultiPolygon, shape (n,)
        Metric CRS. ``village_code`` names a grid's own village; where it is absent, empty or not
        among ``villages``, the village that holds most of the grid is its own.
    villages : GeoDataFrame of Polygon or MultiPolygon
        Indexed by ``village_code``; brought into the CRS of ``grids``.
    tolerance_m2 : float
        So much area beyond is let pass: borders of two layers rarely agree to the millimetre.
    households : GeoDataFrame or GeoSeries of Point, optional
        Counted where the grid is beyond. Left out, severity is not known.
    as_of : date, optional
        Day the findings hold for.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS`` of kind "across", in the order of ``grids``: ``value`` the area beyond in m²
        and that area as evidence; all of a grid that lies in no village.

    Raises
    ------
    CRSError
        ``grids`` does not measure metres, or ``villages`` has no CRS.
    GeometryError
        A row of either layer is no area.
    ParameterError
        ``tolerance_m2`` is negative or no number.
    """
    require_metric(grids, "grids")
    if not tolerance_m2 >= 0:
        raise ParameterError(
            f"tolerance_m2 is {tolerance_m2}; it must be 0 or more square metres.",
            hint="Leave it out for 1 m².",
            fields=["tolerance_m2"],
        )
    layer = to_crs_of(villages, grids, "villages", "grids").geometry
    shapes, _ = mended_areas(np.asarray(grids.geometry.array), grids.index)
    homes, _ = mended_areas(np.asarray(layer.array), layer.index, "villages")
    own = own_village(grids, shapes, homes, layer.index)
    beyond = shapes.copy()
    known = own >= 0
    beyond[known] = shapely.difference(shapes[known], homes[own[known]])
    owner, parts = polygon_parts(beyond)
    area = np.bincount(owner, weights=shapely.area(parts), minlength=len(grids))
    at = np.flatnonzero(area > tolerance_m2)
    reach = np.isin(owner, at)
    shapes_beyond = shapely.multipolygons(parts[reach], indices=np.searchsorted(at, owner[reach]))
    evidence = gpd.GeoSeries(shapes_beyond, index=at, crs=grids.crs)
    codes = grids.index[at].astype("str").tolist()
    return make_findings(
        "across",
        codes,
        f"{tolerance_m2:.10g}m2",
        grid_code=codes,
        value=area[at],
        unit="m2",
        households=_homes_inside(evidence, households),
        geometry=evidence,
        crs=grids.crs,
        as_of=as_of,
    )


def household_faults(
    households: gpd.GeoDataFrame | gpd.GeoSeries,
    grids: gpd.GeoDataFrame,
    as_of: dt.date | None = None,
    jurisdiction: gpd.GeoDataFrame | BaseGeometry | None = None,
) -> gpd.GeoDataFrame:
    """Find the households outside, in no grid, in several, or in another than recorded (T3–T7).

    Parameters
    ----------
    households : GeoDataFrame or GeoSeries of Point, shape (n,)
        Any CRS. ``grid_code`` on record and ``lived_in`` are used where present.
    grids : GeoDataFrame of Polygon or MultiPolygon
        Indexed by ``grid_code``. Metric CRS.
    as_of : date, optional
        Day the findings hold for.
    jurisdiction : GeoDataFrame or geometry, optional
        What the grids are to cover; a geometry in the CRS of the grids. Left out, nobody is
        outside.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS``, by kind, then in the order of ``households``; ``subject`` the household id:

        orphan : in no grid, though not outside the jurisdiction. ``value`` metres to the
            nearest; ``inf`` without any grid, ``nan`` without a point.
        outside-household : outside the jurisdiction, its border not counted, in a grid or not.
            ``value`` metres to the jurisdiction.
        doubled : inside two grids or more. ``value`` how many, ``grid_code`` the first.
        mismatch : in some grid, but the recorded one does not cover it. ``value`` metres to the
            recorded grid (``nan`` where no such grid exists), ``grid_code`` the first that does.

    Raises
    ------
    CRSError
        ``grids`` does not measure metres, or ``households`` has no CRS.

    Notes
    -----
    A border belongs to the grids on both sides: a household on it is neither an orphan nor
    doubled, and either of the two is right on record. A household without a recorded grid is no
    mismatch, and an orphan is not reported as one again.
    """
    require_metric(grids, "grids")
    points = np.asarray(to_crs_of(households, grids, "households", "grids").geometry.array).copy()
    points[~np.isfinite(shapely.bounds(points)).all(axis=1)] = None
    areas = np.asarray(grids.geometry.array)
    codes = grids.index.astype("str").to_numpy()
    occupied = lived_in(households).astype(int)
    persons = persons_of(households)

    def rows(
        kind: str, at: np.ndarray, standard: str, value: np.ndarray, unit: str
    ) -> gpd.GeoDataFrame:
        return make_findings(
            kind,
            households.index[at].astype("str").tolist(),
            standard,
            grid_code=[None if g < 0 else codes[g] for g in first[at]],
            value=value,
            unit=unit,
            households=occupied[at],
            persons=persons[at],
            geometry=points[at],
            crs=grids.crs,
            as_of=as_of,
        )

    grid, home = shapely.STRtree(points).query(areas, predicate="covers")
    covering = np.bincount(home, minlength=len(points))
    first = np.full(len(points), -1)
    first[home[::-1]] = grid[::-1]  # the tree answers by grid, ascending: the lowest stays

    orphan = np.flatnonzero(covering == 0)
    several = np.flatnonzero(covering > 1)
    inner = shapely.STRtree(points[several]).query(areas, predicate="contains_properly")[1]
    depth = np.bincount(inner, minlength=len(several))

    recorded = _recorded(households)
    beyond, outside_m = _outside(points, jurisdiction, grids)
    orphan = orphan[~beyond[orphan]]
    right = np.zeros(len(points), bool)
    right[home[recorded[home] == codes[grid]]] = True
    wrong = np.flatnonzero((covering > 0) & ~right & (recorded != ""))
    drawn = dict(zip(codes[::-1], areas[::-1], strict=True))
    off_m = shapely.distance(points[wrong], [drawn.get(code) for code in recorded[wrong]])
    return pd.concat(
        [
            rows("orphan", orphan, "one grid", _nearest_m(points[orphan], areas), "m"),
            rows("outside-household", np.flatnonzero(beyond), "jurisdiction", outside_m, "m"),
            rows("doubled", several[depth > 1], "one grid", depth[depth > 1], "grids"),
            rows("mismatch", wrong, "grid on record", off_m, "m"),
        ]
    )


def _nearest_m(points: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Measure to the nearest area: ``inf`` where there is none, ``nan`` without a point."""
    away_m = np.where(shapely.is_missing(points), np.nan, np.inf)
    near, metres = shapely.STRtree(areas).query_nearest(
        points, return_distance=True, all_matches=False
    )
    away_m[near[0]] = metres
    return away_m


def _outside(
    points: np.ndarray,
    jurisdiction: gpd.GeoDataFrame | BaseGeometry | None,
    grids: gpd.GeoDataFrame,
) -> tuple[np.ndarray, np.ndarray]:
    """Tell which points lie outside, and how far each of these does."""
    if jurisdiction is None:
        return np.zeros(len(points), bool), np.empty(0)
    if isinstance(jurisdiction, BaseGeometry):
        jurisdiction = gpd.GeoSeries([jurisdiction], crs=grids.crs)
    layer = to_crs_of(jurisdiction, grids, "jurisdiction", "grids").geometry
    duty, _ = mended_areas(np.asarray(layer.array), layer.index, "jurisdiction")
    beyond = ~shapely.is_missing(points)
    beyond[shapely.STRtree(points).query(duty, predicate="covers")[1]] = False
    return beyond, _nearest_m(points[beyond], duty)


def _recorded(households: gpd.GeoDataFrame | gpd.GeoSeries) -> np.ndarray:
    """Give the grid on record as text, empty where there is none."""
    if not isinstance(households, pd.DataFrame) or "grid_code" not in households:
        return np.full(len(households), "", dtype=object)
    return households["grid_code"].astype("str").str.strip().fillna("").to_numpy(dtype=object)


def own_village(
    grids: gpd.GeoDataFrame, shapes: np.ndarray, villages: np.ndarray, names: pd.Index
) -> np.ndarray:
    """Tell which village a grid belongs to.

    Parameters
    ----------
    grids : GeoDataFrame, shape (n,)
        ``village_code`` where known.
    shapes : ndarray of Polygon or MultiPolygon, shape (n,)
        Their areas, valid.
    villages : ndarray of Polygon or MultiPolygon, shape (m,)
        Valid.
    names : Index, shape (m,)
        Codes of the villages.

    Returns
    -------
    ndarray of int, shape (n,)
        Position of the village on record, else of the one that holds most of the grid, else -1.
    """
    own = np.full(len(grids), -1)
    if "village_code" in grids:
        own = names.astype("str").get_indexer(grids["village_code"].astype("str"))
    open_ = np.flatnonzero(own < 0)
    grid, village = shapely.STRtree(villages).query(shapes[open_], predicate="intersects")
    # Most grids meet one village alone, which needs no measuring.
    several = np.bincount(grid, minlength=len(open_))[grid] > 1
    shared = np.empty(len(grid))
    shared[several] = shapely.area(
        shapely.intersection(shapes[open_[grid[several]]], villages[village[several]])
    )
    alone = ~several
    shared[alone] = ~shapely.touches(shapes[open_[grid[alone]]], villages[village[alone]])
    most = np.lexsort((-shared, grid))
    most = most[shared[most] > 0]
    chosen, at = np.unique(grid[most], return_index=True)
    own[open_[chosen]] = village[most][at]
    return own


def _homes_inside(
    places: gpd.GeoSeries, households: gpd.GeoDataFrame | gpd.GeoSeries | None
) -> np.ndarray | None:
    """Count the occupied households strictly inside each place; a border is in some grid."""
    if households is None:
        return None
    homes = to_crs_of(households[lived_in(households)], places, "households", "grids").geometry
    at, _ = shapely.STRtree(np.asarray(homes.array)).query(
        np.asarray(places.array), predicate="contains_properly"
    )
    return np.bincount(at, minlength=len(places))
