"""Which CRS a file's coordinates are in: what the file says, and what the user says."""

import geopandas as gpd
import numpy as np
import shapely

from gridgeo.errors import CRSError
from gridgeo.ingest.notes import Note
from gridgeo.ingest.source import Crs, Source


def known_crs(crs: int) -> Crs:
    """Give the CRS of an EPSG code; ``CRSError`` where there is none."""
    try:
        return gpd.GeoSeries([], crs=f"EPSG:{crs}").crs
    except RuntimeError as error:  # pyproj's CRSError
        raise CRSError(
            f"EPSG:{crs} is not a known coordinate reference system.",
            hint="Give an EPSG code such as 4490 (degrees) or 4549 (metres, Jingjiang).",
            code="crs.unknown",
            fields=["crs"],
        ) from error


def needed(crs: Crs, file: str) -> Crs:
    """Give ``crs`` back; ``CRSError`` where nobody said one."""
    if crs is None:
        raise CRSError(
            f"{file} does not say in which CRS its coordinates are; gridgeo must know.",
            hint="Say it with --crs EPSG, such as --crs 4549.",
            code="crs.missing",
            fields=["crs"],
        )
    return crs


def same(one: Crs, other: Crs) -> bool:
    """Tell whether two CRS mean the same places, whatever the order of their axes."""
    if one == other or one.equals(other, ignore_axis_order=True):
        return True
    codes = [
        4326 if crs.to_authority() == ("OGC", "CRS84") else crs.to_epsg() for crs in (one, other)
    ]
    return codes[0] is not None and codes[0] == codes[1]


def contradiction(file: str, said: Crs, given: Crs) -> CRSError:
    """Make the error for a file that says one CRS while the user says another."""
    return CRSError(
        f"{file} says it is in {said.name}; --crs says {given.name}.",
        hint="Leave --crs out, or mend the file.",
        code="crs.contradiction",
        fields=["crs"],
    )


def degrees_only(source: Source, given: Crs) -> bool:
    """Tell whether a file that should be degrees is, while metres are said."""
    bounds = shapely.total_bounds(source.shapes)
    fits = np.abs(bounds) <= np.array([180, 90, 180, 90])
    return bool(given.is_projected and fits.all())


def check_metres(shapes: gpd.GeoSeries, file: str) -> None:
    """Let places pass that can be in metres; ``CRSError`` where all of them are degrees.

    Parameters
    ----------
    shapes : GeoSeries
        In the CRS they are said to be in.
    file : str
        For the message.

    Notes
    -----
    Degrees they are where, read as such, all lie in the area that the projection is made for,
    in either order. As metres they would lie within 180 m of its false origin.
    """
    crs = shapes.crs
    bounds = shapely.bounds(shapes.to_numpy())
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    area = crs.area_of_use
    if not (crs.is_projected and area is not None and len(bounds)):
        return
    first, second = (bounds[:, 0], bounds[:, 2]), (bounds[:, 1], bounds[:, 3])
    for lon, lat in ((first, second), (second, first)):
        if _within(lon, area.west, area.east) and _within(lat, area.south, area.north):
            raise CRSError(
                f"{file} is said to be in {crs_name(crs)}, which counts in "
                f"{crs.axis_info[0].unit_name}s, but all its places are degrees.",
                hint="Give it its own CRS, such as EPSG:4490 for degrees of CGCS2000.",
                code="crs.degrees",
                fields=["crs"],
            )


def _within(pair: tuple[np.ndarray, np.ndarray], low: float, high: float) -> bool:
    return low <= high and bool((pair[0] >= low - 3).all() and (pair[1] <= high + 3).all())


def far_note(crs: Crs, bounds: np.ndarray) -> tuple[Note, ...]:
    """Say how many places lie outside the area a CRS is made for: axes may be exchanged."""
    area = crs.area_of_use
    if area is None or area.west > area.east:
        return ()
    x, y = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    far = (x < area.west - 3) | (x > area.east + 3) | (y < area.south - 3) | (y > area.north + 3)
    return (
        Note(
            f"{{0:,}} of {{1:,}} places lie outside the area {crs.name} is made for; "
            "check the CRS and the order of the coordinates.",
            f"{{1:,}}个位置中有{{0:,}}个在{crs.name}的适用范围之外,请检查坐标系和坐标顺序。",
            (int(far.sum()), len(far)),
        ),
    )


def crs_name(crs: Crs) -> str:
    """Name a CRS by its code, such as ``EPSG:4549``; by its own name where it has none."""
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.name)
