"""A sample written to a folder, in the formats cities hand over."""

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from gridgeo.model.files import write_text
from gridgeo.sample.jingjiang import Sample
from gridgeo.sample.readme import readme

FORMATS = {
    "towns": "geojson",
    "villages": "geojson",
    "grids": "geojson",
    "streets": "fgb",
    "waters": "fgb",
    "units": "gpkg",
    "addresses": "parquet",
    "households": "parquet",
    "stations": "csv",
    "workers": "csv",
    "appointments": "csv",
    "rosters": "csv",
    "incidents": "csv",
    "dispatches": "parquet",
    "visits": "parquet",
}
VERSION = 5  # of the sample: counted up whenever the same seed makes something else
TRUTH = "truth.json"
TRACKS = "tracks.parquet"  # of the layer fixes: what is made of them is kept, not they

_MANY_ROWS = 50_000  # a CSV of more takes long to read
_WRITTEN = "2026-07-01T00:00:00.000Z"  # GeoPackage notes when it was written; ours must not differ
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_DAY = "%Y-%m-%d"


def write(sample: Sample, folder: Path) -> list[Path]:
    """Write a sample's layers, its truth and a README.

    Parameters
    ----------
    sample : Sample
    folder : Path
        Made if it is not there; files of the same names are replaced.

    Returns
    -------
    list of Path
        The files, in the order of the layers, then the patrol tracks, ``README.md`` and last
        ``truth.json``: a folder that has it is complete. The same sample gives the same bytes
        under the same versions of the libraries.

    Notes
    -----
    Times are written in UTC, coordinates in EPSG:4490 with 9 decimals. The sample is synthetic:
    this is the one place where household points are written to files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TRUTH).unlink(missing_ok=True)
    written = [
        save(sample.layers[name], folder / f"{name}.{kind}")
        for name, kind in formats_of(sample).items()
    ]
    written += [folder / TRACKS, folder / "README.md", folder / TRUTH]
    sample.tracks.to_parquet(written[-3], index=False, compression="zstd")
    truth = made_of(sample) | {"crs": "EPSG:4549", "defects": sample.truth}
    write_text(readme(sample, formats_of(sample), made_of(sample)), written[-2])
    write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", written[-1])
    return written


def formats_of(sample: Sample) -> dict[str, str]:
    """Give the layers that are written, and the suffix of each; large tables not as CSV."""
    return {
        name: "parquet" if kind == "csv" and len(sample.layers[name]) > _MANY_ROWS else kind
        for name, kind in FORMATS.items()
        if name in sample.layers
    }


def made_of(sample: Sample) -> dict[str, object]:
    """Say from what a sample was made, as ``truth.json`` does at its head."""
    return made_from(sample.town_code, sample.seed, sample.scale)


def made_from(town_code: str, seed: int, scale: float) -> dict[str, object]:
    """Say from what a sample is made: a town by its nine digits, a whole city by its six."""
    return {"town_code": town_code, "seed": seed, "scale": scale, "version": VERSION}


def save(frame: pd.DataFrame, path: Path) -> Path:
    """Write one layer, its key as the first column, replacing a file of that name.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
    path : Path
        ``.geojson``, ``.gpkg``, ``.parquet`` or ``.csv`` (points as ``lon`` and ``lat``).

    Returns
    -------
    Path
        ``path`` itself.
    """
    path.unlink(missing_ok=True)
    _WRITERS[path.suffix](frame, path)
    return path


def _geojson(frame: pd.DataFrame, path: Path) -> None:
    shapes = json.loads(shapely.to_geojson(shapely.GeometryCollection(list(frame.geometry))))
    table = _plain(frame).astype(object)
    table = table.where(table.notna(), None)
    features = [
        {"type": "Feature", "properties": properties, "geometry": shape}
        for properties, shape in zip(table.to_dict("records"), shapes["geometries"], strict=True)
    ]
    collection: dict[str, object] = {"type": "FeatureCollection"}
    epsg = frame.crs.to_epsg()
    if epsg != 4326:
        # RFC 7946 knows WGS 84 only; for others GDAL and QGIS read this older member.
        collection["crs"] = {
            "type": "name",
            "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"},
        }
    collection["features"] = features
    text = json.dumps(collection, ensure_ascii=False, separators=(",", ":"))
    path.write_text(
        text.replace('{"type":"Feature",', '\n{"type":"Feature",') + "\n", encoding="utf-8"
    )


def _gpkg(frame: pd.DataFrame, path: Path) -> None:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _WRITTEN})
    try:
        pyogrio.write_dataframe(frame.reset_index(), path, layer=path.stem, driver="GPKG")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.reset_index().to_parquet(path, index=False, compression="zstd")


def _csv(frame: pd.DataFrame, path: Path) -> None:
    _plain(frame).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the key, the columns as text where they are dates, and lon and lat of points."""
    table = pd.DataFrame(frame.drop(columns="geometry", errors="ignore")).reset_index()
    for name in table.columns:
        if isinstance(table[name].dtype, pd.DatetimeTZDtype):
            table[name] = table[name].dt.strftime(_TIME)
        elif pd.api.types.is_datetime64_any_dtype(table[name].dtype):
            table[name] = table[name].dt.strftime(_DAY)
    if isinstance(frame, gpd.GeoDataFrame) and (frame.geom_type == "Point").all():
        table["lon"], table["lat"] = frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()
    return table


def _fgb(frame: pd.DataFrame, path: Path) -> None:
    pyogrio.write_dataframe(frame.reset_index(), path, driver="FlatGeobuf", SPATIAL_INDEX="NO")


_WRITERS = {
    ".geojson": _geojson,
    ".gpkg": _gpkg,
    ".fgb": _fgb,
    ".parquet": _parquet,
    ".csv": _csv,
}
