"""Read a file whole and as it is, for commands that ask for no layer."""

from pathlib import Path

import geopandas as gpd
import pandas as pd

from gridgeo.errors import GeometryError, InputError
from gridgeo.ingest.formats import open_source
from gridgeo.ingest.names import PLACES, recognise
from gridgeo.ingest.places import place
from gridgeo.ingest.reasons import say_fault
from gridgeo.ingest.source import DETECT, Source


def load(
    path: Path | str,
    crs: int | None = None,
    layer: str | None = None,
    encoding: str = DETECT,
    prefer: str = "",
) -> pd.DataFrame:
    """Read every column of a file.

    Parameters
    ----------
    path : path
        Of a format in ``formats.FORMATS``.
    crs : int, optional
        EPSG code of the coordinates where the file does not say it.
    layer : str, optional
        Layer of a file that has several.
    encoding : str
        Of a CSV file or of the texts in a Shapefile; ``detect`` tells UTF-8 and GB18030 apart.
    prefer : str
        Layer to take when none is named and one is called like this.

    Returns
    -------
    DataFrame or GeoDataFrame
        All columns by the file's headers, those of a CSV as text; indexed by the number of the
        data row, from 1. Geometry in the CRS of the file, None where a row has none; a table
        without geometry and without columns for places is a plain DataFrame.

    Raises
    ------
    InputError
        The file cannot be read, or a row has more or fewer cells than the header.
    GeometryError
        A place cannot be read. Here nobody collects refused rows, so one stops the whole.
    CRSError
        The CRS is missing, unknown, or said twice and differently.
    """
    source = open_source(path, layer=layer, prefer=prefer, encoding=encoding)
    if source.ragged:
        row, (wide, cells) = next(iter(source.ragged.items()))
        raise InputError(
            f"{source.name} has {len(source.ragged)} rows that do not fit its {wide} columns; "
            f"data row {row} has {cells} cells.",
            hint="Mend these rows.",
            code="input.ragged",
        )
    if not _says_places(source):
        return source.table
    placed = place(source, (), {}, crs)
    if placed.faults:
        row, name, code = placed.faults[0]
        raise GeometryError(
            f"{source.name} has {len(placed.faults)} rows without a readable place; "
            f"in data row {row} {name} {say_fault(code)[1]}.",
            hint="Mend these rows.",
            fields=[name],
        )
    used = [theirs for _, theirs in placed.understood if theirs == "geometry"]
    return gpd.GeoDataFrame(source.table.drop(columns=used), geometry=placed.shapes)


def _says_places(source: Source) -> bool:
    if source.shapes is not None:
        return True
    theirs = recognise(source.headers, PLACES, {}, source.name)
    return "geometry" in theirs or {"lon", "lat"} <= set(theirs) or {"x", "y"} <= set(theirs)
