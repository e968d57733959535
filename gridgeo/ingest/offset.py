"""Undo the offsets of Chinese web maps: GCJ-02 and Baidu's BD-09 exist only here."""

from collections.abc import Callable
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridgeo.errors import CRSError, ParameterError
from gridgeo.ingest.notes import Note

Floats = npt.NDArray[np.floating]
Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]

NAMES: Final = {"gcj02": "GCJ-02", "bd09": "BD-09"}
DEGREES: Final = (4326, 4490)  # WGS 84 and CGCS2000, which agree to a few centimetres

# The box in which the public formula shifts; beyond it GCJ-02 is WGS 84.
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271

A: Final = 6378245.0  # Krasovsky 1940, m
EE: Final = 0.00669342162296594323
TURNS: Final = np.pi * 3000.0 / 180.0  # of Baidu's ripple

BLOCK: Final = 16_384  # points whose arrays stay in the cache


def offset_named(name: str) -> str:
    """Give the offset of that name, whatever its case and hyphens.

    Raises
    ------
    ParameterError
        Neither ``gcj02`` nor ``bd09``.
    """
    plain = name.casefold().replace("-", "").replace("_", "")
    if plain not in NAMES:
        raise ParameterError(
            f"{name!r} is no offset; there are {' and '.join(NAMES)}.",
            hint="Say --offset gcj02 (Amap, Tencent, Google China) or --offset bd09 (Baidu).",
            fields=["offset"],
        )
    return plain


def shifted(lon: npt.ArrayLike, lat: npt.ArrayLike, offset: str) -> tuple[Floats, Floats]:
    """Shift places as a web map shows them.

    Parameters
    ----------
    lon, lat : float64, shape (n,)
        Degrees, WGS 84 or CGCS2000.
    offset : str
        ``gcj02`` or ``bd09``.

    Returns
    -------
    lon, lat : float64, shape (n,)
        Not finite where the place is not. GCJ-02 leaves what lies outside the box
        72.004–137.8347° E, 0.8293–55.8271° N where it is; BD-09 moves that by its own step alone.

    Notes
    -----
    The public formulas, as in googollee/eviltransform and wandergis/coordtransform; GCJ-02 is
    applied to CGCS2000 as to WGS 84. In Jingjiang it is 489 m to the south-east.
    """
    return _by_blocks(lon, lat, {"gcj02": _gcj, "bd09": lambda x, y: _baidu(*_gcj(x, y))}[offset])


def unshifted(lon: npt.ArrayLike, lat: npt.ArrayLike, offset: str) -> tuple[Floats, Floats]:
    """Bring shifted places back: the exact inverse of ``shifted``.

    Parameters
    ----------
    lon, lat : float64, shape (n,)
        Degrees as a web map shows them.
    offset : str
        ``gcj02`` or ``bd09``.

    Returns
    -------
    lon, lat : float64, shape (n,)
        To 1e-10 degrees; ``shifted`` gives the places put in again. At the
        edge of the box some places are shown at one spot: that inside the box is given; and to
        some spots nothing is shifted: those stay.

    Notes
    -----
    The fixed point of place = shown − shift(place): over a step the shift changes by less than
    0.8 % of it (Baidu's by 2.4 %), so every round wins two digits.
    """
    back = {"gcj02": _ungcj, "bd09": lambda x, y: _ungcj(*_unbaidu(x, y))}[offset]
    return _by_blocks(lon, lat, back)


def undo(shapes: gpd.GeoSeries, offset: str, file: str) -> gpd.GeoSeries:
    """Bring the shapes of a file back from an offset.

    Parameters
    ----------
    shapes : GeoSeries, shape (n,)
        Points, lines or areas in degrees, EPSG:4326 or EPSG:4490; None and empty stay.
    offset : str
        ``gcj02`` or ``bd09``.
    file : str
        The file's name, for messages.

    Returns
    -------
    GeoSeries, shape (n,)
        Every vertex brought back; same index and CRS.

    Raises
    ------
    CRSError
        The coordinates are metres, or degrees of another datum: no web map has such.
    ParameterError
        There is no such offset.
    """
    offset = offset_named(offset)
    code = shapes.crs.to_epsg() if shapes.crs is not None else None
    if code not in DEGREES:
        found = "no CRS" if shapes.crs is None else shapes.crs.name
        raise CRSError(
            f"{file} is in {found}, but {NAMES[offset]} exists only in degrees (EPSG:4326).",
            hint="Leave --offset out; or, if its numbers are degrees from a web map, say so with "
            "--crs 4326. If a shifted file was projected, ask for the degrees it was made from.",
            code="crs.contradiction",
            fields=["offset"],
        )

    def back(pairs: Floats) -> Floats:
        return np.column_stack(unshifted(pairs[:, 0], pairs[:, 1], offset))

    moved = shapely.transform(shapes.to_numpy(), back)
    return gpd.GeoSeries(moved, index=shapes.index, crs=shapes.crs)


def came_back(shapes: gpd.GeoSeries, offset: str) -> Note:
    """Say how many places were brought back from an offset."""
    there = int((~(shapes.isna() | shapes.is_empty)).sum())
    name = NAMES[offset_named(offset)]
    return Note(
        f"Places brought back from {name} to CGCS2000: {{0:,}}.",
        f"{{0:,}}个位置已从{name}还原为CGCS2000。",
        (there,),
    )


def _by_blocks(lon: npt.ArrayLike, lat: npt.ArrayLike, turn: Shift) -> tuple[Floats, Floats]:
    x, y = np.array(lon, dtype=np.float64, ndmin=1), np.array(lat, dtype=np.float64, ndmin=1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for start in range(0, len(x), BLOCK):
            part = slice(start, start + BLOCK)
            x[part], y[part] = turn(x[part], y[part])
    return x, y


def _inside(lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    return (lon >= WEST) & (lon <= EAST) & (lat >= SOUTH) & (lat <= NORTH)


def _gcj(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    inside = _inside(lon, lat)
    dx, dy = _gcj_shift(lon, lat)
    return np.where(inside, lon + dx, lon), np.where(inside, lat + dy, lat)


def _gcj_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Give the shift in degrees, as if the box had no end."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    px, py = np.pi * x, np.pi * y
    third_x, third_y = np.sin(px / 3.0), np.sin(py / 3.0)
    twice = np.sin(2.0 * px)
    ripple = (_of_thrice(twice) + twice) * (40.0 / 3.0)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += (20.0 * _of_thrice(third_y) + 40.0 * third_y) * (2.0 / 3.0)
    north += (160.0 * np.sin(py / 12.0) + 320.0 * np.sin(py / 30.0)) * (2.0 / 3.0)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += (20.0 * _of_thrice(third_x) + 40.0 * third_x) * (2.0 / 3.0)
    east += (150.0 * np.sin(px / 12.0) + 300.0 * np.sin(px / 30.0)) * (2.0 / 3.0)
    sine = np.sin(np.radians(lat))
    magic = 1.0 - EE * sine * sine
    # Metres become degrees on the ellipsoid; cos(lat) is positive in the box.
    turn = np.sqrt(magic) * (180.0 / (A * np.pi))
    return east * turn / np.sqrt(1.0 - sine * sine), north * turn * magic / (1.0 - EE)


def _of_thrice(sine: Floats) -> Floats:
    """Give the sine of three times an angle, without asking for a sine."""
    return sine * (3.0 - 4.0 * sine * sine)


def _ungcj(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = _fixed_point(lon, lat, _gcj_shift, 4)
    inside = _inside(x, y)
    return np.where(inside, x, lon), np.where(inside, y, lat)


def _baidu(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    dx, dy = _baidu_shift(lon, lat)
    return lon + dx, lat + dy


def _baidu_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Give Baidu's own shift on top of GCJ-02: longer and turned a little, then moved."""
    radius = np.hypot(lon, lat)
    longer = 1.0 + 0.00002 * np.sin(lat * TURNS) / radius
    angle = 0.000003 * np.cos(lon * TURNS)
    sine, cosine = np.sin(angle), np.cos(angle)
    dx = longer * (lon * cosine - lat * sine) + 0.0065 - lon
    return dx, longer * (lon * sine + lat * cosine) + 0.006 - lat


def _unbaidu(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return _fixed_point(lon, lat, _baidu_shift, 5)


def _fixed_point(lon: Floats, lat: Floats, shift: Shift, rounds: int) -> tuple[Floats, Floats]:
    """Solve place = shown − shift(place).

    The first two rounds go in single precision, at a fifth of the cost: each later round wipes
    out 99.2 % of an error (Baidu's 97.6 %).
    """
    x, y = lon, lat
    for done in range(rounds):
        if done < 2:
            x, y = x.astype(np.float32), y.astype(np.float32)
        dx, dy = shift(x, y)
        x, y = lon - dx, lat - dy
    return x, y
