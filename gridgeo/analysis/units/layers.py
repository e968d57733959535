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
_LINES, _AREAS = (1, 2, 5), (3, 6)
_SQUARE_M = 0.1


@dataclass(frozen=True)
class Barriers:
    """What no unit may cross: rivers, canals, railways.

    Parameters
    ----------
    lines : ndarray of LineString, MultiLineString or LinearRing
    banks : ndarray of LineString or MultiLineString
        Borders of ``water``.
    water : Polygon, MultiPolygon or an empty geometry
        All areas in one, prepared.
    dropped : int
        Rows without a usable geometry.
    """

    lines: np.ndarray
    banks: np.ndarray
    water: BaseGeometry
    dropped: int

    def hold(self, shapes: np.ndarray) -> np.ndarray:
        """Tell of shapes that no bank cuts whether they lie in a barrier area."""
        return shapely.intersects(self.water, shapely.point_on_surface(shapes))


@dataclass(frozen=True)
class Ground:
    """The place that units divide, and what no unit may cross.

    Parameters
    ----------
    area : Polygon or MultiPolygon
        The rows of the boundary in one, prepared.
    walls : ndarray of lines
        Rings of every row of the boundary, line barriers, banks.
    barriers : Barriers
    """

    area: BaseGeometry
    walls: np.ndarray
    barriers: Barriers


def read_ground(boundary: Layer, barriers: Layer | None) -> Ground:
    """Check a boundary and its barriers and bring them together.

    Raises
    ------
    CRSError
        ``boundary`` does not measure metres, or ``barriers`` has no CRS.
    GeometryError
        ``boundary`` has no area or rows of points or lines; ``barriers`` has points.
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
    shapely.prepare(area)
    found = read_barriers(barriers, boundary, "boundary")
    edge = shapely.boundary(np.append(rows, area))
    return Ground(area, np.concatenate([edge, found.lines, found.banks]), found)


def read_barriers(barriers: Layer | None, target: Layer, target_name: str) -> Barriers:
    """Check barriers and bring them into the CRS of another layer."""
    lines, areas, dropped = np.empty(0, object), np.empty(0, object), 0
    if barriers is not None:
        found, at, dropped = usable(barriers, target, "barriers", _LINES + _AREAS, target_name)
        lying = np.isin(shapely.get_type_id(found), _AREAS)
        lines = found[~lying]
        areas = mended_areas(found[lying], at[lying].tolist(), "barriers")[0]
        flat = shapely.is_missing(areas)
        areas, dropped = areas[~flat], dropped + int(flat.sum())
    water = shapely.union_all(areas)
    shapely.prepare(water)
    return Barriers(lines, shapely.boundary(shapely.get_parts(water)), water, dropped)


def read_streets(
    streets: Layer | None, target: Layer, target_name: str = "boundary"
) -> tuple[np.ndarray, int]:
    """Give the usable streets as lines in the CRS of a layer, and how many rows are not."""
    if streets is None:
        return np.empty(0, object), 0
    found, _, dropped = usable(streets, target, "streets", _LINES, target_name)
    return found, dropped


def read_points(points: Layer, boundary: Layer) -> tuple[np.ndarray, np.ndarray, int]:
    """Give the usable points, their positions, and how many rows are not usable."""
    return usable(points, boundary, "points", (0,))


def read_buildings(buildings: Layer, boundary: Layer) -> tuple[np.ndarray, np.ndarray, int]:
    """Give the usable buildings as valid areas, their households, and how many rows are not.

    A point, and an area that is smaller, becomes a square of 10 cm: too small to see, large
    enough that no border runs through it.
    """
    found, position, dropped = usable(buildings, boundary, "buildings", (0, *_AREAS))
    load = loads(buildings, "buildings")[position]
    spot = shapely.get_type_id(found) == 0
    shapes = np.empty(len(found), object)
    shapes[spot] = found[spot]
    shapes[~spot] = mended_areas(found[~spot], position[~spot].tolist(), "buildings")[0]
    kept = ~shapely.is_missing(shapes)
    shapes, load = shapes[kept], load[kept]
    small = shapely.area(shapes) < _SQUARE_M**2
    xy = shapely.get_coordinates(shapely.point_on_surface(shapes[small]))
    half = np.full(xy.shape, _SQUARE_M / 2)
    shapes[small] = shapely.box(*(xy - half).T, *(xy + half).T)
    return shapes, load, dropped + int((~kept).sum())


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
    layer: Layer, target: Layer, name: str, kinds: tuple[int, ...], target_name: str = "boundary"
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
        there = to_crs_of(layer, target, name, target_name).geometry
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
            hint="Give the centre lines of streets, and no other rows."
            if name == "streets"
            else f"Take these rows out of {name}, or take them apart.",
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
