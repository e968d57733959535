"""Rows in: copied beside the tables first, then merged, so that a table sees whole files only."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import shapely
from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    false,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy import (
    Column as TableColumn,
)
from sqlalchemy.types import NullType, TypeEngine

from gridgeo.errors import ContractError, CRSError
from gridgeo.model.contract import Column, Contract
from gridgeo.model.crs import to_rest
from gridgeo.store.tables import REST_SRID

Frame = Any  # a GeoDataFrame, or a DataFrame for layers without geometry

# One transaction may stage several times; a temporary table belongs to its session alone.
_numbers = itertools.count(1)

_WIRE: dict[type[TypeEngine], str] = {
    Text: "text",
    BigInteger: "int8",
    Integer: "int4",
    Double: "float8",
    Boolean: "bool",
    Date: "date",
    TIMESTAMP: "timestamptz",
    LargeBinary: "bytea",
}


def stage(connection: Connection, contract: Contract, frame: Frame, target: Table) -> Table:
    """Copy a frame into a table that is gone when the transaction ends.

    Parameters
    ----------
    connection : Connection
    contract : Contract
    frame : DataFrame or GeoDataFrame
        Keeps ``contract``; columns it lacks are lacking in the table, too.
    target : Table
        Where the rows will go.

    Returns
    -------
    Table
        With the key first; ``geometry`` is WKB.
    """
    names, rows = rows_of(contract, frame, shapes="geometry" in target.c)
    types = {n: LargeBinary() if n == "geometry" else target.c[n].type for n in names}
    return stage_rows(connection, types, rows)


def stage_rows(
    connection: Connection,
    types: Mapping[str, TypeEngine],
    rows: Iterable[tuple[Any, ...]],
) -> Table:
    """Send rows by COPY BINARY, an order of magnitude faster than INSERT.

    Not into the tables themselves: PostgreSQL refuses COPY where row security is on.

    Parameters
    ----------
    connection : Connection
    types : mapping of column to type
        In the order of the values in ``rows``.
    rows : iterable of tuple

    Returns
    -------
    Table
        Under a name of its own; it is gone when the transaction ends.
    """
    name = f"staged_{next(_numbers)}"
    staged = Table(
        name,
        MetaData(),
        *(TableColumn(column, kind) for column, kind in types.items()),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    staged.create(connection)
    session = cast(psycopg.Connection, connection.connection.driver_connection)
    columns = ", ".join(f'"{column}"' for column in types)
    with (
        session.cursor() as cursor,
        cursor.copy(f"COPY {name} ({columns}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types([_WIRE[type(kind)] for kind in types.values()])
        for row in rows:
            copy.write_row(row)
    return staged


def merge(
    connection: Connection,
    table: Table,
    staged: Table,
    same: ColumnElement,
    stamp: Mapping[str, Any],
    insert_stamp: Mapping[str, Any] | None = None,
) -> tuple[int, int]:
    """Insert staged rows that are new and update those that differ.

    Parameters
    ----------
    connection : Connection
    table, staged : Table
    same : condition
        Says which row of ``table`` a staged row is.
    stamp : mapping
        Written on every row that is inserted or updated.
    insert_stamp : mapping, optional
        Written on inserted rows only.

    Returns
    -------
    inserted, updated : int
        Rows that are as they were are not rewritten.
    """
    values = {
        column.name: shape_from(column) if column.name == "geometry" else column
        for column in staged.c
    }
    differs = or_(false(), *(table.c[n].is_distinct_from(v) for n, v in values.items()))
    updated = connection.execute(update(table).where(same, differs).values({**values, **stamp}))
    marks: dict[str, ColumnElement] = {
        name: bindparam(f"mark_{name}", value)
        for name, value in {**stamp, **(insert_stamp or {})}.items()
    }
    new = select(*values.values(), *marks.values()).where(~select(table).where(same).exists())
    inserted = connection.execute(
        insert(table).from_select([*values, *marks], new),
        execution_options={"preserve_rowcount": True},
    )
    return inserted.rowcount, updated.rowcount


def rows_of(
    contract: Contract, frame: Frame, *, shapes: bool
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Take a frame apart into rows of plain values, None where empty.

    Parameters
    ----------
    contract : Contract
    frame : DataFrame or GeoDataFrame
    shapes : bool
        Whether ``frame`` is a GeoDataFrame whose shapes are wanted.

    Returns
    -------
    names : list of str
        Key, the contract's columns that ``frame`` has, ``geometry``.
    rows : iterator of tuple
        Shapes as WKB in EPSG:4490, without Z and M, which the city's maps do not use.
    """
    present = [column for column in contract.columns if column.name in frame.columns]
    names = [contract.key, *(column.name for column in present)]
    parts = [_plain(contract, Column(contract.key, "text"), frame.index.to_series())]
    parts += [_plain(contract, column, frame[column.name]) for column in present]
    if shapes:
        names.append("geometry")
        parts.append(shapes_in(contract, frame))
    return names, zip(*parts, strict=True)


def shapes_in(contract: Contract, frame: gpd.GeoDataFrame) -> list[bytes | None]:
    """Give the shapes of a frame as WKB in EPSG:4490, None where missing."""
    if frame.crs is not None:
        frame = to_rest(frame)
    elif frame.geometry.notna().any():
        raise CRSError(
            f"{contract.name} have no CRS, so their places cannot be kept.",
            hint="Say it with set_crs(EPSG).",
            code="crs.missing",
            fields=[contract.name],
        )
    return list(shapely.to_wkb(shapely.force_2d(frame.geometry.to_numpy())))


def shape_from(wkb: ColumnElement) -> ColumnElement:
    """Turn a column or parameter that holds WKB into a geometry at rest."""
    # Without a type, so that GeoAlchemy2 does not wrap it once more on its way between tables.
    return func.ST_GeomFromWKB(wkb, REST_SRID, type_=NullType())


def _plain(contract: Contract, column: Column, values: pd.Series) -> list[Any]:
    """Give the values of a column as the driver takes them; blank text is empty, as for intake."""
    empty = values.isna().to_numpy()
    if column.kind in ("date", "time"):
        return _days_or_moments(contract, column, values, empty)
    if column.kind == "text":
        texts = [v if isinstance(v, str) and v.strip() else None for v in values]
        _fits(contract, column, values, [v is None or "\0" not in v for v in texts])
        return texts
    make = {"int": int, "float": float, "bool": bool}[column.kind]
    plain = [None if none else make(v) for v, none in zip(values, empty, strict=True)]
    if column.kind == "int":
        _fits(contract, column, values, [v is None or abs(v) < 2**63 for v in plain])
    return plain


def _days_or_moments(
    contract: Contract, column: Column, values: pd.Series, empty: np.ndarray
) -> list[date | None]:
    moments = pd.to_datetime(values, utc=values.dtype == object)
    if column.kind == "date":
        return [None if none else v.date() for v, none in zip(moments, empty, strict=True)]
    if moments.dt.tz is None:
        raise ContractError(
            f"{contract.name} breaks its promise: {column.name} has no time zone.",
            hint="Say it with .dt.tz_localize('Asia/Shanghai').",
            fields=[column.name],
        )
    utc = moments.dt.tz_convert("UTC")
    return [None if none else v.to_pydatetime() for v, none in zip(utc, empty, strict=True)]


def _fits(contract: Contract, column: Column, values: pd.Series, good: list[bool]) -> None:
    """Refuse what a contract lets through and PostgreSQL has no place for."""
    bad = values.index[~np.array(good, dtype=bool)]
    if len(bad):
        named = ", ".join(repr(key) for key in bad[:3]) + (", …" if len(bad) > 3 else "")
        what = "a NUL character" if column.kind == "text" else "a number beyond 64 bits"
        raise ContractError(
            f"{contract.name} cannot be kept: {column.name} holds {what}"
            f" in {len(bad)} rows ({named}).",
            hint="Mend the rows in the file and import it again.",
            fields=[column.name],
        )
