"""How might borders with gaps and overlaps be mended? Proposals for a person, never applied."""

import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.mending import propose_repairs
from gridgeo.analysis.tiling import KINDS, tiling_faults
from gridgeo.errors import ParameterError
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import GRIDS, VILLAGES
from gridgeo.services.coverage import duty_of
from gridgeo.services.sources import Source, need
from gridgeo.words import say

LOOK_ABOVE_M2 = 10_000.0


@dataclass(frozen=True, eq=False)
class Mended:
    """Grids as they would be, and what was proposed.

    Parameters
    ----------
    grids : GeoDataFrame
        Rows, columns and CRS of the source. Corners that were there before are the very same.
    proposals : GeoDataFrame
        Numbered from 1, in the CRS of ``grids``: ``kind``, ``grids`` (codes joined by "+"),
        ``to_grid``, ``from_grid``, ``area_m2`` to a square centimetre, ``repaired``, ``look``,
        ``reason`` (a code), ``reason_zh``, ``reason_en``.
    found, left : dict of str to int
        Faults by kind, before and after.
    """

    grids: gpd.GeoDataFrame
    proposals: gpd.GeoDataFrame
    found: dict[str, int]
    left: dict[str, int]


def repairs(
    source: Source,
    as_of: dt.date,
    jurisdiction: gpd.GeoDataFrame | BaseGeometry | None = None,
    min_area_m2: float = 1.0,
    look_above_m2: float = LOOK_ABOVE_M2,
) -> Mended:
    """Propose how gaps, overlaps, slivers and invalid borders of the grids in force be mended.

    Parameters
    ----------
    source : Source
        Grids are needed. Where villages are known no place goes across their borders.
    as_of : date
    jurisdiction : GeoDataFrame or geometry, optional
        What the grids are to cover; by default the towns, or else the villages.
    min_area_m2 : float
        Faults up to this area are noise.
    look_above_m2 : float
        Larger places are marked to be looked at.

    Returns
    -------
    Mended

    Raises
    ------
    ParameterError
        No grids; or an area is negative or no number.
    """
    given = need(source, GRIDS, as_of=as_of)
    villages = source.frame(VILLAGES, as_of=as_of)
    grids = to_metric(given, "grids")
    duty = duty_of(source, villages, jurisdiction, as_of)
    faults = tiling_faults(grids, duty, min_area_m2)
    mended = propose_repairs(
        grids, faults, villages if len(villages) else None, min_area_m2, look_above_m2
    )
    left = tiling_faults(mended.grids, duty, min_area_m2)
    return Mended(
        _back(given, grids, mended.grids), _told(mended.proposals, given), _by_kind(faults),
        _by_kind(left),
    )  # fmt: skip


def only_new_files(*paths: object) -> None:
    """Refuse to write two answers to one file.

    Raises
    ------
    ParameterError
        Two of the paths are the same.
    """
    named = [path for path in paths if path is not None]
    if len(set(named)) < len(named):
        raise ParameterError(
            "Grids and proposals cannot be written to one file.", fields=["proposals"]
        )


def _by_kind(faults: gpd.GeoDataFrame) -> dict[str, int]:
    count = faults["kind"].value_counts()
    return {kind: int(count.get(kind, 0)) for kind in KINDS}


def _back(
    given: gpd.GeoDataFrame, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Bring mended grids into the CRS they came in, and leave all others untouched."""
    old, new = np.asarray(before.geometry.array), np.asarray(after.geometry.array)
    touched = np.flatnonzero([a is not b for a, b in zip(old, new, strict=True)])
    shapes = np.asarray(given.geometry.array).copy()
    moved = gpd.GeoSeries(new[touched], crs=after.crs).to_crs(given.crs)
    # There and back, a corner is off by nanometres: neighbours would no longer meet.
    xy, corner = _corners(old), _corners(shapes)
    known, first = np.unique(xy, return_index=True)
    mended = _corners(new[touched])
    at = np.minimum(np.searchsorted(known, mended), len(known) - 1)
    same = known[at] == mended
    back = shapely.get_coordinates(np.asarray(moved.array))
    back[same] = _pairs(corner[first[at[same]]])
    shapes[touched] = shapely.set_coordinates(np.asarray(moved.array).copy(), back)
    return given.set_geometry(gpd.GeoSeries(shapes, given.index, given.crs))


def _corners(shapes: np.ndarray) -> np.ndarray:
    xy = shapely.get_coordinates(shapes)
    return xy[:, 0] + 1j * xy[:, 1]


def _pairs(corners: np.ndarray) -> np.ndarray:
    return np.column_stack([corners.real, corners.imag])


def _told(proposals: gpd.GeoDataFrame, given: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put the proposals as a person reads them."""
    told = pd.DataFrame(
        {
            "kind": proposals["kind"],
            "grids": ["+".join(map(str, ids)) for ids in proposals["grid_ids"]],
            "to_grid": proposals["to_grid"].astype("str"),
            "from_grid": proposals["from_grid"].astype("str"),
            "area_m2": proposals["area_m2"].round(4),
            "repaired": proposals["repaired"],
            "look": proposals["look"],
            "reason": proposals["reason"],
            "reason_zh": [say(reason, "zh") for reason in proposals["reason"]],
            "reason_en": [say(reason, "en") for reason in proposals["reason"]],
        }
    )
    shapes = proposals.geometry.to_crs(given.crs)
    told.index = pd.RangeIndex(1, len(told) + 1, name="proposal")
    return gpd.GeoDataFrame(told, geometry=shapes.array)
