"""Published layers as files: whole or absent, never half."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from gridgeo.errors import InputError
from gridgeo.publish import Layer
from gridgeo.render.geojson import require_layer, to_geojson


def write_layer(layer: Layer, path: Path) -> None:
    """Write a layer in the format its name asks for.

    Parameters
    ----------
    layer : Layer
    path : Path
        ``.geojson``, ``.gpkg``, ``.parquet`` (GeoParquet), ``.fgb``, ``.shp`` or ``.csv``
        (shapes as WKT). An existing file is replaced; a failure leaves it as it was.

    Raises
    ------
    DisclosureError
        Not a Layer.
    InputError
        A format gridgeo does not write.

    Notes
    -----
    GeoJSON, GeoPackage and GeoParquet also hold ``Layer.meta``. A Shapefile cuts column names
    to ten letters. In CSV, text that a spreadsheet would run is led by an apostrophe.
    """
    require_layer(layer)
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise InputError(
            f"{path.name} asks for {path.suffix or 'no format'}; layers are written as "
            f"{', '.join(WRITERS)}.",
            hint="Choose one of these endings.",
            fields=["path"],
        )
    _whole(path, lambda draft: write(layer, draft))


def write_text(text: str, path: Path) -> None:
    """Write a page or another text, whole or not at all.

    Parameters
    ----------
    text : str
    path : Path
        Replaced if it exists.
    """
    _whole(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write in a folder beside the target, then move what came of it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".gridgeo-", dir=path.parent))
    try:
        write(folder / path.name)
        # The named file last: who sees it sees its companions too.
        for part in sorted(folder.iterdir(), key=lambda part: part.name == path.name):
            part.replace(path.parent / part.name)
    finally:
        shutil.rmtree(folder)


def _geojson(layer: Layer, path: Path) -> None:
    path.write_bytes(to_geojson(layer))


def _gpkg(layer: Layer, path: Path) -> None:
    said = json.dumps(layer.meta(), ensure_ascii=False)
    layer.features.reset_index().to_file(
        path, driver="GPKG", layer=layer.id, layer_metadata={"gridgeo": said}
    )


def _parquet(layer: Layer, path: Path) -> None:
    layer.features.to_parquet(path)
    table = pq.read_table(path)
    said = json.dumps(layer.meta(), ensure_ascii=False).encode()
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"gridgeo": said}), path)


def _fgb(layer: Layer, path: Path) -> None:
    layer.features.reset_index().to_file(path, driver="FlatGeobuf")


def _shp(layer: Layer, path: Path) -> None:
    layer.features.reset_index().to_file(path, driver="ESRI Shapefile", encoding="UTF-8")


def _csv(layer: Layer, path: Path) -> None:
    frame = pd.DataFrame(layer.features.reset_index())
    frame["geometry"] = layer.features.geometry.to_wkt(rounding_precision=7).to_numpy()
    for name in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[name].dtype):
            frame[name] = frame[name].map(_harmless, na_action="ignore")
    # The mark at the beginning lets spreadsheets read Chinese.
    frame.to_csv(path, index=False, encoding="utf-8-sig")


def _harmless(value: object) -> object:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return "'" + value
    return value


WRITERS: dict[str, Callable[[Layer, Path], None]] = {
    ".geojson": _geojson,
    ".gpkg": _gpkg,
    ".parquet": _parquet,
    ".fgb": _fgb,
    ".shp": _shp,
    ".csv": _csv,
}
