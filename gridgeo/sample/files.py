"""A sample written to a folder, in the formats cities hand over."""

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from gridgeo.model.frames import LAYERS
from gridgeo.sample.jingjiang import Sample

FORMATS = {
    "towns": "geojson",
    "villages": "geojson",
    "grids": "geojson",
    "units": "gpkg",
    "households": "parquet",
    "stations": "csv",
    "workers": "csv",
    "appointments": "csv",
    "incidents": "csv",
    "visits": "parquet",
}

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
        The files, in the order of the layers, then ``truth.json`` and ``README.md``. The same
        sample gives the same bytes under the same versions of the libraries.

    Notes
    -----
    Times are written in UTC, coordinates in EPSG:4490 with 9 decimals. The sample is synthetic:
    this is the one place where household points are written to files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, kind in FORMATS.items():
        written.append(save(sample.layers[name], folder / f"{name}.{kind}"))
    written += [folder / "truth.json", folder / "README.md"]
    truth = {
        "town_code": sample.town_code,
        "seed": sample.seed,
        "crs": "EPSG:4549",
        "defects": sample.truth,
    }
    written[-2].write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    written[-1].write_text(_readme(sample), encoding="utf-8")
    return written


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


_WRITERS = {".geojson": _geojson, ".gpkg": _gpkg, ".parquet": _parquet, ".csv": _csv}


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


def _readme(sample: Sample) -> str:
    rows = [
        f"| `{name}.{kind}` | {LAYERS[name].zh} | {len(sample.layers[name]):,} |"
        for name, kind in FORMATS.items()
    ]
    town = sample.layers["towns"]["name"].iloc[0]
    households = sample.layers["units"]["households"].sum()
    return f"""# A synthetic town of Jingjiang: {town} ({sample.town_code})

Made by gridgeo from seed {sample.seed}, for demonstrations and tests. **Nobody in it exists**: the
ground, the households, the workers and all that happens are synthetic, the duty lines fictitious.
The names and codes of the town and its villages are real, from the public codes of administrative
divisions (`gridgeo/sample/jingjiang_villages.csv`); the incident classes, their limits and routes
are those of `gridgeo/sample/event_catalog.csv`, whose `sla_source` tells sourced from default.

| file | layer | rows |
|---|---|---|
{chr(10).join(rows)}
| `truth.json` | planted defects | {len(sample.truth)} |

- {households:,} occupied households; incidents of June 2026, visits of April to June 2026.
- Coordinates: EPSG:4490 (CGCS2000), longitude and latitude; shapes and areas in `truth.json` in
  EPSG:4549. A CSV cannot say its CRS; read as WGS 84, its points are the same. Times in UTC; the
  days are those of China (UTC+8).
- `units.gpkg` is the plan in force, complete and clean. `grids.geojson` is the same plan as
  somebody drew it, with gaps, overlaps, a sliver and a grid across a village border. `truth.json`
  records these, the households in no grid, too few workers on 30 June 2026, general grids outside
  the size band (300–500 occupied households in a community, 200–400 in a village) and a hamlet
  farther than 1,000 m in a straight line from every station: a detector should find these and
  nothing else.
- Licence: Apache-2.0, as the rest of gridgeo.
- Made again by `gridgeo sample --town` (same seed, same rows).
"""
