"""Borders of polygons, as they were drawn."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

_CHUNK = 2000


class Rings(NamedTuple):
    """Rings of polygons one after the other, in the order in which GEOS goes through them.

    Parameters
    ----------
    x, y : float64, shape (v,)
        Vertices; each ring ends where it begins.
    start : int32, shape (r + 1,)
        Vertices of ring i are ``start[i]`` … ``start[i + 1] − 1``.
    polygon : int32, shape (r,)
        Position of its polygon, ascending.
    box : float64, shape (r, 4)
        Least x, least y, greatest x, greatest y.
    """

    x: Floats
    y: Floats
    start: Ints
    polygon: Ints
    box: Floats


def read_rings(polygons: npt.NDArray[np.object_]) -> Rings:
    """Collect the rings of polygons.

    Parameters
    ----------
    polygons : object array, shape (n,)
        Polygon, MultiPolygon or None, with fewer than 2³¹ vertices in all; empty ones have no
        rings; Z and M are not read.

    Returns
    -------
    Rings
    """
    # In chunks: shapely's lists of parts and rings never stand for the whole layer at once.
    count = int(shapely.get_num_coordinates(polygons).sum())
    x, y = np.empty(count), np.empty(count)
    lengths, owners, boxes = [np.zeros(1, np.int64)], [np.zeros(0, np.int32)], [np.zeros((0, 4))]
    at = 0
    for first in range(0, len(polygons), _CHUNK):
        parts, owner = shapely.get_parts(polygons[first : first + _CHUNK], return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        filled = ~shapely.is_empty(rings)
        rings, part = rings[filled], part[filled]
        points = shapely.get_coordinates(rings)
        x[at : at + len(points)], y[at : at + len(points)] = points.T
        at += len(points)
        lengths.append(shapely.get_num_coordinates(rings))
        owners.append((owner[part] + first).astype(np.int32))
        boxes.append(shapely.bounds(rings))
    return Rings(
        x,
        y,
        np.cumsum(np.concatenate(lengths)).astype(np.int32),
        np.concatenate(owners),
        np.concatenate(boxes),
    )
