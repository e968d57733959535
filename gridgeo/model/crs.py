"""Where coordinates rest, where they are measured, how they are given out.

The only caller of pyproj. Layers rest in EPSG:4490 (CGCS2000), are measured in true
metres and are given out in EPSG:4326 (WGS 84). Degrees and Web Mercator never measure.
"""

from functools import lru_cache
from typing import TypeVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer

from gridgeo.errors import CRSError, ParameterError

REST = CRS.from_epsg(4490)
GIVE_OUT = CRS.from_epsg(4326)

# China's mainland and its waters, generously: the CGCS2000 3-degree zones are made for it.
_CHINA_LON = (73.5, 136.5)
_CHINA_LAT = (3.0, 54.0)

Geo = TypeVar("Geo", gpd.GeoDataFrame, gpd.GeoSeries)
Floats = npt.NDArray[np.float64]


def measures_metres(crs: CRS | None) -> bool:
    """Tell whether coordinates in ``crs`` are true metres.

    Parameters
    ----------
    crs : CRS or None

    Returns
    -------
    bool
        False for no CRS, for degrees, for feet and for Web Mercator, whose metre
        is 18 % too long at 32° N.
    """
    if crs is None or not crs.is_projected:
        return False
    operation = crs.coordinate_operation
    if operation is not None and "Pseudo" in operation.method_name:
        return False
    return all(axis.unit_conversion_factor == 1.0 for axis in crs.axis_info[:2])


def require_geo(frame: object, layer: str) -> None:
    """Refuse what is no layer at all, such as a list of shapes.

    Raises
    ------
    ParameterError
        Neither a GeoDataFrame nor a GeoSeries.
    """
    if not isinstance(frame, gpd.GeoDataFrame | gpd.GeoSeries):
        raise ParameterError(
            f"{layer} is a {type(frame).__name__}; a GeoDataFrame or GeoSeries is needed.",
            hint="Make one with geopandas.GeoSeries(shapes, crs=EPSG).",
            fields=[layer],
        )


def require_metric(frame: Geo, layer: str) -> Geo:
    """Refuse a layer whose coordinates cannot measure.

    Parameters
    ----------
    frame : GeoDataFrame or GeoSeries
    layer : str
        The layer's name, used in the message.

    Returns
    -------
    GeoDataFrame or GeoSeries
        ``frame`` itself.

    Raises
    ------
    CRSError
        No CRS, degrees, feet or Web Mercator.
    ParameterError
        No layer at all.
    """
    require_geo(frame, layer)
    if measures_metres(frame.crs):
        return frame
    raise CRSError(
        f"{layer} is in {_name(frame.crs)}; measuring needs a metric projection such as EPSG:4549.",
        hint=f"Call to_metric({layer}) first.",
        code="crs.not-metric",
        fields=[layer],
    )


def to_metric(frame: Geo, layer: str = "layer") -> Geo:
    """Bring a layer into true metres.

    Parameters
    ----------
    frame : GeoDataFrame or GeoSeries
        With any CRS. One that already measures metres is given back as it is.
    layer : str
        The layer's name, used in messages.

    Returns
    -------
    GeoDataFrame or GeoSeries
        In the CGCS2000 3-degree zone of the layer's middle (Jingjiang: EPSG:4549),
        outside China in the local UTM zone.

    Raises
    ------
    CRSError
        No CRS at all.
    """
    if frame.crs is None:
        raise CRSError(
            f"{layer} has no CRS; measuring needs to know what its coordinates mean.",
            hint="Say it with set_crs(EPSG) or --crs EPSG.",
            code="crs.missing",
            fields=[layer],
        )
    if measures_metres(frame.crs):
        return frame
    return frame.to_crs(metric_crs(frame))


def metric_crs(frame: Geo) -> CRS:
    """Choose the metric projection of a layer's middle.

    Parameters
    ----------
    frame : GeoDataFrame or GeoSeries
        With a CRS; may be empty.

    Returns
    -------
    CRS
        ``frame``'s own if it measures metres; the CGCS2000 3-degree zone inside China;
        the UTM zone elsewhere; EPSG:4549 for an empty layer.
    """
    if measures_metres(frame.crs):
        return frame.crs
    west, south, east, north = frame.to_crs(GIVE_OUT).total_bounds
    if not (west <= east):  # empty: NaN bounds
        return CRS.from_epsg(4549)
    lon, lat = (west + east) / 2, (south + north) / 2
    if _CHINA_LON[0] <= lon <= _CHINA_LON[1] and _CHINA_LAT[0] <= lat <= _CHINA_LAT[1]:
        meridian = 3 * round(lon / 3)
        return CRS.from_epsg(4534 + (min(max(meridian, 75), 135) - 75) // 3)
    return frame.estimate_utm_crs()


def to_crs_of(frame: Geo, other: Geo, layer: str, other_layer: str) -> Geo:
    """Bring one layer into another's CRS.

    Parameters
    ----------
    frame, other : GeoDataFrame or GeoSeries
    layer, other_layer : str
        Their names, used in messages.

    Returns
    -------
    GeoDataFrame or GeoSeries
        ``frame`` in the CRS of ``other``; itself when they agree.

    Raises
    ------
    CRSError
        One of them has no CRS.
    """
    for one, name, over in ((frame, layer, other_layer), (other, other_layer, layer)):
        require_geo(one, name)
        if one.crs is None:
            raise CRSError(
                f"{name} has no CRS, so it cannot be laid over {over}.",
                hint="Say it with set_crs(EPSG) or --crs EPSG.",
                code="crs.missing",
                fields=[name],
            )
    return frame if frame.crs == other.crs else frame.to_crs(other.crs)


def moved(x: Floats, y: Floats, source: CRS | None, target: CRS | None) -> tuple[Floats, Floats]:
    """Bring coordinates of points from one CRS into another.

    Parameters
    ----------
    x, y : float64, shape (n,)
        Longitude before latitude and east before north, whatever the CRS says of its axes.
    source, target : CRS
        Of the points, and of the grids they are laid over.

    Returns
    -------
    x, y : float64, shape (n,)
        Those given where the two agree. NaN or infinite where they were, and beyond the reach of
        ``target``.

    Raises
    ------
    CRSError
        One of them is not known.
    """
    for crs, name, over in ((source, "points", "grids"), (target, "grids", "points")):
        if crs is None:
            raise CRSError(
                f"{name} has no CRS, so it cannot be laid over {over}.",
                hint="Say it with set_crs(EPSG) or --crs EPSG.",
                code="crs.missing",
                fields=[name],
            )
    if source == target:
        return x, y
    way = _way(source, target)
    after: tuple[Floats, Floats] = way.transform(x, y)
    return after


@lru_cache(maxsize=32)
def _way(source: CRS, target: CRS) -> Transformer:
    """Make ready how to go from one CRS to another: 20 ms that no batch of points should pay."""
    return Transformer.from_crs(source, target, always_xy=True)


def to_rest(frame: Geo) -> Geo:
    """Bring a layer into EPSG:4490, the CRS it rests in."""
    return frame if frame.crs == REST else frame.to_crs(REST)


def to_wgs84(frame: Geo) -> Geo:
    """Bring a layer into EPSG:4326, the CRS it is given out in."""
    return frame if frame.crs == GIVE_OUT else frame.to_crs(GIVE_OUT)


def _name(crs: CRS | None) -> str:
    if crs is None:
        return "no CRS"
    authority = crs.to_authority()
    return f"{':'.join(authority)} ({crs.name})" if authority else crs.name
