"""Find in which columns of a file its points stand, and in which CRS."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely

from gridgeo.errors import CRSError
from gridgeo.ingest.delimited import clean
from gridgeo.ingest.places import Placer
from gridgeo.ingest.reference import check_metres, contradiction, known_crs, needed, same
from gridgeo.ingest.source import Crs, Source

_SAMPLE_ROWS = 1000
_GEOARROW = ("geoarrow.wkb", "geoarrow.wkt", "geoarrow.point", "ogc.wkb")
_NAME, _SAID = b"ARROW:extension:name", b"ARROW:extension:metadata"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Where:
    """Columns that hold points.

    Parameters
    ----------
    columns : tuple of str
        Two: x (or longitude) and y (or latitude). One: points as WKB, WKT or GeoArrow.
    crs : CRS
    """

    columns: tuple[str, ...]
    crs: Crs


def where_in_schema(schema: pa.Schema, file: str, crs: int | None = None) -> Where:
    """Find the points of a Parquet file.

    Parameters
    ----------
    schema : Schema
    file : str
        The file's name, for messages.
    crs : int, optional
        EPSG code said by the user.

    Returns
    -------
    Where
        As GeoParquet says it, or GeoArrow; else by the names of the columns.

    Raises
    ------
    InputError
        Nothing says where the points are.
    CRSError
        The CRS is missing, unknown, or said twice and differently.
    """
    geo = json.loads((schema.metadata or {}).get(b"geo", b"null"))
    if geo is not None:
        column = geo["primary_column"]
        # GeoParquet: a CRS that is left out is CRS84, one that is null is unknown.
        said = _crs(geo["columns"][column].get("crs", "OGC:CRS84"))
        return Where((column,), _agreed(said, crs, file))
    for field in schema:
        kind, said = _extension(field)
        if kind in _GEOARROW:
            return Where((field.name,), _agreed(_crs(said.get("crs")), crs, file))
    none = pd.DataFrame(columns=pd.Index(schema.names, dtype=object), dtype=object)
    placer = Placer(Source(file, none), (), {}, crs)
    columns = tuple(theirs for _, theirs in placer.understood)
    if len(columns) == 2:
        return Where(columns, placer.place(Source(file, none)).shapes.crs)
    return Where(columns, needed(None if crs is None else known_crs(crs), file))


class WhereInText:
    """The points of a table whose cells are all text, such as a CSV file.

    Parameters
    ----------
    headers : sequence of str
        One may stand there twice.
    sample : Table, shape (n, len(headers))
        Its first rows; may have none.
    file : str
        The file's name, for messages.
    crs : int, optional
        EPSG code said by the user.

    Attributes
    ----------
    places : tuple of int
        Which columns: two of x and y, or one of WKT.
    crs : CRS

    Raises
    ------
    InputError, CRSError
        As ``where_in_schema``; also EWKT in several CRS.
    """

    def __init__(
        self, headers: Sequence[str], sample: pa.Table, file: str, crs: int | None = None
    ) -> None:
        self._file = file
        source = self._source(headers, sample.slice(0, _SAMPLE_ROWS), range(len(headers)))
        self._placer = Placer(source, (), {}, crs)
        self._headers = [theirs for _, theirs in self._placer.understood]
        self.places = tuple(list(headers).index(theirs) for theirs in self._headers)
        self.crs = self._placer.place(source).shapes.crs

    def from_wkt(self, table: pa.Table) -> npt.NDArray[np.object_]:
        """Read the shapes of a table with WKT; None where none can be read."""
        source = self._source(self._headers, table, self.places)
        return self._placer.place(source).shapes.to_numpy()

    def _source(self, headers: Sequence[str], table: pa.Table, places: Sequence[int]) -> Source:
        cells: dict[int, pd.Series] = {
            k: clean(table.column(place)).to_pandas() for k, place in enumerate(places)
        }
        frame = pd.DataFrame(cells).set_axis(pd.RangeIndex(1, table.num_rows + 1, name="row"))
        return Source(self._file, frame.set_axis(pd.Index(headers, dtype=object), axis=1))


def check_sample(x: Floats, y: Floats, crs: Crs, file: str) -> None:
    """Let points pass that can be in metres; ``CRSError`` where all of them are degrees."""
    points = shapely.points(x, y)
    check_metres(gpd.GeoSeries(points, crs=crs), file)


def _agreed(said: Crs, crs: int | None, file: str) -> Crs:
    if crs is None:
        return needed(said, file)
    given = known_crs(crs)
    if said is not None and not same(said, given):
        raise contradiction(file, said, given)
    return given if said is None else said


def _crs(said: Any) -> Crs:  # noqa: ANN401
    if said is None:
        return None
    try:
        return gpd.GeoSeries([], crs=said).crs
    except RuntimeError as error:  # pyproj's CRSError
        raise CRSError(
            "The file names a coordinate reference system that is not known.",
            hint="Save it in a known one such as EPSG:4490.",
            code="crs.unknown",
            fields=["crs"],
        ) from error


def _extension(field: pa.Field) -> tuple[str, dict[str, Any]]:
    """Give the name of an Arrow extension and what it says, registered or not."""
    if isinstance(field.type, pa.BaseExtensionType):
        kind, said = (
            field.type.extension_name,
            getattr(field.type, "__arrow_ext_serialize__", bytes)(),
        )
    else:
        meta = field.metadata or {}
        kind, said = meta.get(_NAME, b"").decode(), meta.get(_SAID, b"")
    return kind, (json.loads(said) if said else None) or {}
