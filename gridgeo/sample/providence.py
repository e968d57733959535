"""What the sample of Providence derives from its real census blocks: points, wards, the city."""

from pathlib import Path

import geopandas as gpd
import pandas as pd

from gridgeo.model.crs import to_wgs84
from gridgeo.sample.files import save
from gridgeo.sample.layers import rounded

DERIVED = {
    "block_points": "csv",
    "wards": "geojson",
    "jurisdiction": "geojson",
}

_CITY_CODE = "4459000"  # Providence in the US Census Bureau's list of places


def derive(blocks: gpd.GeoDataFrame) -> dict[str, gpd.GeoDataFrame]:
    """Derive one point a block, today's wards as grids, and the city.

    Parameters
    ----------
    blocks : GeoDataFrame of Polygon or MultiPolygon, shape (n, …)
        ``block_id``, ``pop`` (persons) and ``region`` (ward number). A clean coverage.

    Returns
    -------
    dict of str to GeoDataFrame
        By the names of ``DERIVED``, in EPSG:4326 with 9 decimals: a point inside each block
        with its ``pop``, on ``block_id``; wards on ``grid_code`` "W01" …; the city on
        ``town_code``.
    """
    by_ward = blocks.geometry.groupby(blocks["region"]).agg(lambda shapes: shapes.union_all())
    points = gpd.GeoDataFrame(
        {"pop": blocks["pop"].to_numpy()},
        index=pd.Index(blocks["block_id"], name="block_id"),
        geometry=blocks.representative_point().to_numpy(),
        crs=blocks.crs,
    )
    wards = gpd.GeoDataFrame(
        {"name": [f"Ward {number}" for number in by_ward.index], "kind": "general"},
        index=pd.Index([f"W{number:02d}" for number in by_ward.index], name="grid_code"),
        geometry=by_ward.to_numpy(),
        crs=blocks.crs,
    )
    city = gpd.GeoDataFrame(
        {"name": ["Providence"]},
        index=pd.Index([_CITY_CODE], name="town_code"),
        geometry=[blocks.union_all()],
        crs=blocks.crs,
    )
    layers = {"block_points": points, "wards": wards, "jurisdiction": city}
    return {name: rounded(to_wgs84(frame)) for name, frame in layers.items()}


def write_derived(folder: Path) -> list[Path]:
    """Write what follows from ``blocks.parquet`` beside it.

    Parameters
    ----------
    folder : Path
        Holds ``blocks.parquet``; files of the derived names are replaced.

    Returns
    -------
    list of Path
        The files, in the order of ``DERIVED``.
    """
    layers = derive(gpd.read_parquet(folder / "blocks.parquet"))
    return [save(layers[name], folder / f"{name}.{kind}") for name, kind in DERIVED.items()]
