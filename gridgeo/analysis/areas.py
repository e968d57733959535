"""Areas as people draw them, made fit for measuring: valid, flat, and taken apart."""

from collections.abc import Iterable

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridgeo.errors import GeometryError

# Where borders cross, corners are rounded by some nanometres; where one neighbour has a corner
# that the other lacks, reprojection opens a hair between them. 1 mm is above both and below any
# survey: nearer than this is touching, and what is narrower than twice this is a hair.
TOUCH_M = 1e-3


def mended_areas(
    shapes: np.ndarray, ids: Iterable, layer: str = "grids"
) -> tuple[np.ndarray, list[int]]:
    """Make every shape a valid area in two dimensions.

    Parameters
    ----------
    shapes : ndarray of Polygon, MultiPolygon or None, shape (n,)
        Stays as it is.
    ids : iterable, n values
        Names of the rows, for the message.
    layer : str
        Name of the layer, for the message.

    Returns
    -------
    areas : ndarray of Polygon, MultiPolygon or None, shape (n,)
        A valid shape is the same without heights. An invalid one covers what the even-odd rule
        says: a place is inside when a ray from it crosses the rings an odd number of times,
        the meaning that ``GridIndex`` has. ``None`` where no area is left, where a coordinate is
        not finite, or nothing was there.
    mended : list of int
        Positions that were not valid as they came, in order.

    Raises
    ------
    GeometryError
        A shape is of points or lines.
    """
    kind = shapely.get_type_id(shapes)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    wrong = np.flatnonzero(~empty & (kind != 3) & (kind != 6))
    if len(wrong):
        names = list(ids)
        shown = ", ".join(str(names[i]) for i in wrong[:3]) + (", …" if len(wrong) > 3 else "")
        raise GeometryError(
            f"{layer} has {len(wrong)} rows that are not areas ({shown}); "
            "they must be Polygon or MultiPolygon.",
            hint=f"Take these rows out of {layer}, or close their lines to polygons.",
            fields=["geometry"],
        )
    areas = shapely.force_2d(shapes)
    coordinates, owner = shapely.get_coordinates(areas, return_index=True)
    lost = empty.copy()
    lost[owner[~np.isfinite(coordinates).all(axis=1)]] = True
    areas[lost] = None
    broken = ~lost & ~shapely.is_valid(areas)
    areas[broken] = [_even_odd(shape) for shape in areas[broken]]
    return areas, np.flatnonzero(lost | broken).tolist()


def _even_odd(shape: BaseGeometry) -> BaseGeometry | None:
    """Keep the faces from which a ray to the right crosses the rings an odd number of times.

    ``shapely.make_valid`` is no substitute: it counts a border that is walked twice as one.
    """
    rings = shapely.get_rings(shapely.get_parts(shape))
    faces = shapely.get_parts(shapely.polygonize([shapely.unary_union(rings)]))
    x, y = shapely.get_coordinates(generic_points(faces)).T[:, :, None]
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    here = np.flatnonzero(ring[1:] == ring[:-1])
    (ax, ay), (bx, by) = xy[here].T, xy[here + 1].T
    spans = (ay > y) != (by > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossed = spans & (x < ax + (y - ay) / (by - ay) * (bx - ax))
    odd = shapely.union_all(faces[crossed.sum(axis=1) % 2 == 1])
    return None if shapely.is_empty(odd) else odd


def generic_points(faces: np.ndarray) -> np.ndarray:
    """Give a point well inside each face, and on no line that was not drawn to make a face.

    Parameters
    ----------
    faces : ndarray of Polygon, shape (f,)

    Returns
    -------
    ndarray of Point, shape (f,)
        In a direction and at a distance from the middle that no plan follows.
    """
    at, rims = shapely.point_on_surface(faces), shapely.boundary(faces)
    # Where a face tapers to nothing half-way, that point can lie on its rim.
    for i in np.flatnonzero((shapely.distance(at, rims) < TOUCH_M) & (shapely.area(faces) > 1e-3)):
        triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(faces[i]))
        at[i] = shapely.centroid(triangles[np.argmax(shapely.area(triangles))])
    # The middle of a rectangle of whole metres is a corner of the grids in it: step aside.
    step_m = 0.618 * shapely.distance(at, rims)
    x, y = shapely.get_x(at) + step_m * np.cos(1), shapely.get_y(at) + step_m * np.sin(1)
    return shapely.points(x, y)


def polygon_parts(shapes: np.ndarray, min_area_m2: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Take geometries apart and keep the polygons above an area.

    Parameters
    ----------
    shapes : geometry or ndarray of geometry, shape (n,)
        Of any kind, such as an intersection with its stray lines and points; None is skipped.
    min_area_m2 : float

    Returns
    -------
    owner : ndarray of int, shape (p,)
        Position in ``shapes``, ascending.
    parts : ndarray of Polygon, shape (p,)
    """
    parts, owner = shapely.get_parts(np.atleast_1d(shapes), return_index=True)
    keep = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > min_area_m2)
    return owner[keep], parts[keep]
