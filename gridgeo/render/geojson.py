"""A layer as GeoJSON (RFC 7946): longitude first, exterior rings counter-clockwise."""

from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely

from gridgeo.errors import DisclosureError
from gridgeo.publish import Layer

DECIMALS = 7  # one centimetre


def to_geojson(layer: Layer) -> bytes:
    """Write a layer as a GeoJSON feature collection.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    bytes
        UTF-8. Withheld and unknown figures are ``null``; dates are ISO. The foreign member
        ``gridgeo`` holds what the layer says about itself.

    Raises
    ------
    DisclosureError
        Not a Layer.
    """
    require_layer(layer)
    names = [field.name for field in layer.columns]
    columns = [_plain(layer.features[name]) for name in names]
    shapes_ = shapes(layer.features.geometry, DECIMALS)
    rows = zip(*columns, strict=True) if columns else [()] * len(shapes_)
    features = [
        {
            "type": "Feature",
            "id": key,
            "geometry": shape,
            "properties": dict(zip(names, row, strict=True)),
        }
        for key, shape, row in zip(layer.features.index, shapes_, rows, strict=True)
    ]
    return orjson.dumps(
        {"type": "FeatureCollection", "features": features, "gridgeo": layer.meta()}
    )


def shapes(geometry: gpd.GeoSeries, decimals: int) -> list[dict[str, Any] | None]:
    """Write geometries as GeoJSON objects.

    Parameters
    ----------
    geometry : GeoSeries, shape (n,)
        In EPSG:4326.
    decimals : int

    Returns
    -------
    list of dict or None
        None where there is no geometry or an empty one.
    """
    wound = shapely.orient_polygons(geometry.to_numpy())
    rounded = shapely.transform(wound, lambda xy: np.round(xy, decimals))
    written = shapely.to_geojson(rounded)
    absent = shapely.is_missing(wound) | shapely.is_empty(wound)
    return [None if gone else orjson.loads(t) for t, gone in zip(written, absent, strict=True)]


def require_layer(layer: object) -> None:
    """Refuse what has not passed publication."""
    if not isinstance(layer, Layer):
        raise DisclosureError(
            f"Found a {type(layer).__name__}; only published layers are written.",
            hint="Call publish.release(frame, scope, ledger) first.",
        )


def _plain(values: pd.Series) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = values.dt.strftime("%Y-%m-%d")
    return [None if gone else v for v, gone in zip(values.tolist(), values.isna(), strict=True)]
