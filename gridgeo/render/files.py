"""Published layers as files: whole or absent, never half."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from gridgeo.model.files import replace_with, write_frame
from gridgeo.publish import Layer
from gridgeo.render.geojson import require_layer, to_geojson


def write_layer(layer: Layer, path: Path) -> None:
    """Write a layer in the format its name asks for.

    Parameters
    ----------
    layer : Layer
    path : Path
        ``.geojson``, ``.gpkg``, ``.parquet`` (GeoParquet), ``.fgb``, ``.shp`` or ``.csv``. An
        existing file is replaced; a failure leaves it as it was.

    Raises
    ------
    DisclosureError
        Not a Layer.
    ParameterError
        A format gridgeo does not write.
    InputError
        The file cannot be written there.

    Notes
    -----
    GeoJSON, GeoPackage and GeoParquet also hold ``Layer.meta``, as ``gridgeo``. A Shapefile cuts
    column names to ten letters.
    """
    require_layer(layer)
    kind = path.suffix.lower()
    if kind == ".geojson":
        replace_with(path, lambda draft: _geojson(layer, draft))
    elif kind == ".gpkg":
        replace_with(path, lambda draft: _gpkg(layer, draft))
    elif kind == ".parquet":
        replace_with(path, lambda draft: _parquet(layer, draft))
    elif kind == ".shp":
        write_frame(layer.features.rename(columns=_short(layer)), path)
    else:
        write_frame(layer.features, path)


def _geojson(layer: Layer, path: Path) -> None:
    path.write_bytes(to_geojson(layer))


def _gpkg(layer: Layer, path: Path) -> None:
    layer.features.reset_index().to_file(
        path, driver="GPKG", layer=layer.id, layer_metadata={"gridgeo": _said(layer)}
    )


def _parquet(layer: Layer, path: Path) -> None:
    layer.features.to_parquet(path)
    table = pq.read_table(path)
    said = {**table.schema.metadata, b"gridgeo": _said(layer).encode()}
    pq.write_table(table.replace_schema_metadata(said), path)


def _short(layer: Layer) -> dict[str, str]:
    """Give names of at most ten letters, as a Shapefile holds, with a digit where two are alike."""
    short: dict[str, str] = {}
    for field in layer.columns:
        name, again = field.name[:10], 1
        while name in short.values():
            again += 1
            name = f"{field.name[:9]}{again}"
        short[field.name] = name
    return short


def _said(layer: Layer) -> str:
    return json.dumps(layer.meta(), ensure_ascii=False)
