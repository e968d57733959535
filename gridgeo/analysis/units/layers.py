"""What units are drawn from, checked and brought to flat geometries in one CRS."""

from dataclasses import dataclass
from numbers import Real
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.areas import mended_areas
from gridgeo.errors import GeometryError, ParameterError
from gridgeo.model.crs import require_metric, to_crs_of

Layer: TypeAlias = gpd.GeoDataFrame | gpd.GeoSeries
_LINES, _AREAS, _POINTS = (1, 2, 5), (3, 6), (0, 4)


@dataclass(frozen=True)
class Ground:
    """The place that units divide, and what no unit may cross.

    Parameters
    ----------
    area : Polygon or MultiPolygon
        The rows of the boundary in one, prepared.
    walls : ndarray of LineString or MultiLineString
        Rings of every row of the boundary, line barriers, banks of barrier areas.
    barriers : ndarray of geometry
        The same without the boundary.
    water : Polygon, MultiPolygon or an empty geometry
        All barrier areas in one, prepared.
    dropped : int
        Barriers without a usable geometry.
    """

    area: BaseGeometry
    walls: np.ndarray
    barriers: np.ndarray
    water: BaseGeometry
    dropped: int

    def in_water(self, shapes: np.ndarray) -> np.ndarray:
        """Tell of shapes that no bank cuts whether they lie in a barrier area."""
        return shapely.intersects(self.water, shapely.point_on_surface(shapes))


def read_ground(boundary: Layer, barriers: Layer | None) -> Ground:
    """Check a boundary and its barriers and bring them together.

    Raises
    ------
    CRSError
        ``boundary`` does not measure metres, or ``barriers`` has no CRS.
    GeometryError
        ``boundary`` has no area or rows of points or lines; ``barriers`` has points.
    ParameterError
        One of them is no layer.
    """
    given = require_metric(boundary, "boundary").geometry
    with np.errstate(invalid="ignore"):  # a row with a coordinate that is no number has no area
        rows = mended_areas(np.asarray(given.array), given.index, "boundary")[0]
    rows = rows[~shapely.is_missing(rows)]
    area = shapely.union_all(rows)
    if shapely.is_empty(area) or not shapely.area(area) > 0:
        raise GeometryError(
            "boundary has no area, so there is nothing to divide into units.",
            hint="Give the border of the city, the town or its villages as polygons.",
            code="geometry.boundary",
            fields=["boundary"],
        )
    lines, areas, dropped = np.empty(0, object), np.empty(0, object), 0
    if barriers is not None:
        found, _, dropped = usable(barriers, boundary, "barriers", _LINES + _AREAS)
        lying = np.isin(shapely.get_type_id(found), _AREAS)
        lines = found[~lying]
        areas = mended_areas(found[lying], range(lying.sum()), "barriers")[0]
    water = shapely.union_all(areas[~shapely.is_missing(areas)])
    banks = shapely.boundary(shapely.get_parts(water))
    shapely.prepare([area, water])
    edge = shapely.boundary(np.append(rows, area))
    barrier = np.concatenate([lines, banks])
    return Ground(area, np.concatenate([edge, barrier]), barrier, water, dropped)


def read_streets(streets: Layer | None, boundary: Layer) -> tuple[np.ndarray, int]:
    """Give the usable streets as lines in the CRS of the boundary, and how many rows are not."""
    if streets is None:
        return np.empty(0, object), 0
    found, _, dropped = usable(streets, boundary, "streets", _LINES)
    return found, dropped


def read_points(points: Layer, boundary: Layer) -> tuple[np.ndarray, np.ndarray, int]:
    """Give the usable points, their positions, and how many rows are not usable."""
    found, position, dropped = usable(points, boundary, "points", (0,))
    return found, position, dropped


def read_buildings(buildings: Layer, boundary: Layer) -> tuple[np.ndarray, np.ndarray, int]:
    """Give the usable buildings as valid areas, their households, and how many rows are not.

    A point becomes a square of 10 cm: too small to see, large enough that no border runs
    through it.
    """
    found, position, dropped = usable(buildings, boundary, "buildings", (0, *_AREAS))
    load = loads(buildings, "buildings")[position]
    shapes = found.copy()
    spot = shapely.get_type_id(found) == 0
    x, y = shapely.get_x(found[spot]), shapely.get_y(found[spot])
    shapes[spot] = shapely.box(x - 0.05, y - 0.05, x + 0.05, y + 0.05)
    shapes = mended_areas(shapes, position.tolist(), "buildings")[0]
    kept = ~shapely.is_missing(shapes)
    return shapes[kept], load[kept], dropped + int((~kept).sum())


def loads(layer: Layer, name: str) -> np.ndarray:
    """Households of each row: the column, or 1 where there is none; a missing one counts 0.

    Raises
    ------
    ParameterError
        A negative count, or one that is not finite or no number.
    """
    if not (isinstance(layer, pd.DataFrame) and "households" in layer):
        return np.ones(len(layer))
    count = pd.to_numeric(layer["households"], errors="coerce").to_numpy(float, na_value=np.nan)
    said = layer["households"].notna().to_numpy()
    bad = said & ~(np.isfinite(count) & (count >= 0))
    if bad.any():
        raise ParameterError(
            f"{name} has {bad.sum()} rows whose households are negative or no number.",
            hint="Give counts of 0 or more; leave a cell empty for 0.",
            fields=["households"],
        )
    return np.where(said, count, 0.0)


def usable(
    layer: Layer, boundary: Layer, name: str, kinds: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Give the flat geometries of a layer, their positions, and how many rows have none.

    Raises
    ------
    CRSError
        The layer has no CRS.
    GeometryError
        A row has a geometry of another kind than ``kinds``.
    """
    with np.errstate(invalid="ignore"):  # coordinates that are no number are counted below
        there = to_crs_of(layer, boundary, name, "boundary").geometry
        shapes = shapely.force_2d(np.asarray(there))
    some = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    wrong = some & ~np.isin(shapely.get_type_id(shapes), kinds)
    if wrong.any():
        words = {0: "Point", 1: "LineString", 2: "LinearRing", 3: "Polygon"}
        words |= {5: "MultiLineString", 6: "MultiPolygon"}
        ids = ", ".join(map(str, layer.index[wrong][:3])) + (", …" if wrong.sum() > 3 else "")
        raise GeometryError(
            f"{name} has {wrong.sum()} rows of another kind ({ids}); "
            f"they must be {' or '.join(words[kind] for kind in kinds if kind != 2)}.",
            hint=f"Take these rows out of {name}, or take them apart.",
            code=f"geometry.{name}",
            fields=[name],
        )
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    some[owner[~np.isfinite(xy).all(axis=1)]] = False
    return shapes[some], np.flatnonzero(some), int((~some).sum())


def require_size(value: float, name: str, least: float = 0.0) -> None:
    """Refuse a size that is no finite number, or less than it can be.

    Raises
    ------
    ParameterError
        It is.
    """
    good = isinstance(value, Real) and not isinstance(value, bool | np.bool)
    if not (good and least <= value < np.inf):
        raise ParameterError(
            f"{name} is {value!r}; it must be a number of {least:g} or more.",
            hint=f"Leave {name} out for its default.",
            fields=[name],
        )
