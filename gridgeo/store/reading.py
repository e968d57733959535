"""Frames out: whole columns, exact shapes, the contract's dtypes."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Table,
    and_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import NullType, Text

from gridgeo.errors import ParameterError
from gridgeo.model.contract import Column, Contract
from gridgeo.model.crs import REST
from gridgeo.model.frames import GRIDS, UNITS
from gridgeo.store.plans_in_force import grid_of_unit
from gridgeo.store.tables import REST_SRID, layers

Frame = Any  # a GeoDataFrame, or a DataFrame for layers without geometry
Bbox = tuple[float, float, float, float]

UTC_MOMENT = "datetime64[us, UTC]"
_DTYPES = {
    "text": "str",
    "int": "Int64",
    "float": "float64",
    "bool": "boolean",
    "date": "datetime64[us]",
    "time": UTC_MOMENT,
}


def read(
    connection: Connection,
    contract: Contract,
    *,
    as_of: date | None = None,
    bbox: Bbox | None = None,
    ids: Iterable[str] | None = None,
) -> Frame:
    """Read a layer, narrowed by day, place and key; see ``Store.frame``."""
    table = layers[contract.name]
    key = table.c[contract.key]
    columns: dict[str, ColumnElement] = {c.name: table.c[c.name] for c in contract.columns}
    if contract is UNITS:
        columns["grid_code"] = grid_of_unit(as_of)
    chosen = select(key, *columns.values())
    if contract.geometry:
        chosen = chosen.add_columns(shape_out(table.c.geometry))
    if as_of is not None and "valid_from" in table.c:
        chosen = chosen.where(_in_force(table, as_of))
    elif contract is GRIDS:
        chosen = chosen.where(_last(table))
    if bbox is not None:
        chosen = chosen.where(_meets(contract, table, bbox))
    if ids is not None:
        wanted = bindparam("ids", list(ids), type_=ARRAY(Text))
        chosen = chosen.where(key == func.any(wanted))
    # By code point, whatever the server's collation: the order of Python's sorted().
    chosen = chosen.order_by(key.collate("C"))
    return collect(connection, chosen, contract, shapes=bool(contract.geometry))


def collect(
    connection: Connection, chosen: Select[Any], contract: Contract, *, shapes: bool
) -> Frame:
    """Make the frame of what a statement selects: key, the contract's columns, then the shape.

    Parameters
    ----------
    connection : Connection
    chosen : Select
    contract : Contract
    shapes : bool
        Whether a shape follows.

    Returns
    -------
    GeoDataFrame or DataFrame
    """
    rows = connection.execute(chosen).all()
    parts = list(zip(*rows, strict=True)) or [()] * len(chosen.selected_columns)
    index = pd.Index(pd.array(parts[0], dtype="str"), name=contract.key)
    values = {
        column.name: pd.Series(part, index=index, dtype=_dtype(column))
        for column, part in zip(contract.columns, parts[1:], strict=False)
    }
    if not shapes:
        return pd.DataFrame(values, index=index)
    found = shapely.from_wkb(np.array(parts[-1], dtype=object))
    return gpd.GeoDataFrame(values, index=index, geometry=found, crs=REST)


def shape_out(column: ColumnElement) -> ColumnElement:
    """Give a geometry column as WKB."""
    return func.ST_AsBinary(column, type_=LargeBinary)


def _in_force(table: Table, as_of: date) -> ColumnElement:
    return and_(
        or_(table.c.valid_from.is_(None), table.c.valid_from <= as_of),
        or_(table.c.valid_to.is_(None), table.c.valid_to > as_of),
    )


def _last(table: Table) -> ColumnElement:
    """Keep each grid's last version, so that the code is a key without naming a day."""
    later = table.alias()
    newer = and_(later.c.grid_code == table.c.grid_code, later.c.valid_from >= table.c.valid_to)
    return ~select(later.c.grid_code).where(newer).exists()


def _meets(contract: Contract, table: Table, bbox: Bbox) -> ColumnElement:
    if not contract.geometry:
        raise ParameterError(
            f"{contract.name} have no place, so they cannot be narrowed by bbox.",
            hint="Narrow them by ids.",
            fields=["bbox"],
        )
    west, south, east, north = bbox
    if not (np.isfinite(bbox).all() and west <= east and south <= north):
        raise ParameterError(
            f"bbox is {bbox}; west, south, east, north in degrees are needed, in that order.",
            hint="Swap the corners.",
            fields=["bbox"],
        )
    box = func.ST_MakeEnvelope(west, south, east, north, REST_SRID, type_=NullType())
    # The box alone uses the index; ST_Intersects alone would, too, but costs more per row.
    return and_(table.c.geometry.op("&&")(box), func.ST_Intersects(table.c.geometry, box))


def _dtype(column: Column) -> str:
    return "int64" if column.kind == "int" and column.required else _DTYPES[column.kind]
