"""Frames as Arrow tables: whole columns at a time, in the types that COPY sends."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gridgeo.errors import ContractError, CRSError
from gridgeo.model.contract import Column, Contract, Kind, numbers
from gridgeo.model.crs import to_rest
from gridgeo.store.tables import REST_SRID

Frame = Any  # a GeoDataFrame, or a DataFrame for layers without geometry

ARROW: Mapping[Kind, pa.DataType] = {
    "text": pa.large_string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "time": pa.timestamp("us", tz="UTC"),
}


def arrow_of(contract: Contract, frame: Frame, *, shapes: bool) -> pa.Table:
    """Give a frame as an Arrow table, null where nothing stands.

    Parameters
    ----------
    contract : Contract
    frame : DataFrame or GeoDataFrame, shape (n, …)
        Keeps ``contract``.
    shapes : bool
        Whether ``frame`` is a GeoDataFrame whose shapes are wanted.

    Returns
    -------
    Table, n rows
        Key, the contract's columns that ``frame`` has, ``geometry``: EWKB in EPSG:4490, without Z
        and M, which the city's maps do not use. Blank text is null, as for the intake.

    Raises
    ------
    ContractError
        What a contract lets through and PostgreSQL has no place for: a NUL character, a number
        beyond 64 bits, a time without a zone.
    CRSError
        There are shapes, and nobody says in which CRS.
    """
    keys = frame.index.to_series().set_axis(frame.index)
    columns = {contract.key: _column(contract, Column(contract.key, "text"), keys)}
    for column in contract.columns:
        if column.name in frame.columns:
            columns[column.name] = _column(contract, column, frame[column.name])
    if shapes:
        columns["geometry"] = _shapes(contract, frame)
    return pa.table(columns)


def _shapes(contract: Contract, frame: gpd.GeoDataFrame) -> pa.Array:
    if frame.crs is not None:
        frame = to_rest(frame)
    elif frame.geometry.notna().any():
        raise CRSError(
            f"{contract.name} have no CRS, so their places cannot be kept.",
            hint="Say it with set_crs(EPSG).",
            code="crs.missing",
            fields=[contract.name],
        )
    flat = frame.geometry.to_numpy()
    if shapely.has_z(flat).any() or shapely.has_m(flat).any():
        flat = shapely.force_2d(flat)
    flat = shapely.set_srid(flat, REST_SRID)
    return pa.array(shapely.to_wkb(flat, include_srid=True), pa.binary(), from_pandas=True)


def _column(contract: Contract, column: Column, values: pd.Series) -> pa.Array:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    match column.kind:
        case "text":
            return _text(contract, column, values)
        case "int":
            return _whole(contract, column, values)
        case "float":
            values = numbers(values).astype("float64")
        case "date" | "time":
            values = _moments(contract, column, values)
    return pa.array(values, ARROW[column.kind], from_pandas=True)


def _text(contract: Contract, column: Column, values: pd.Series) -> pa.Array:
    text = pa.array(values, pa.large_string(), from_pandas=True)
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    _fits(contract, column, values, pc.match_substring(text, "\0"), "a NUL character")
    blank = pc.equal(pc.utf8_trim_whitespace(text), "")
    return pc.if_else(blank, pa.scalar(None, pa.large_string()), text)


def _whole(contract: Contract, column: Column, values: pd.Series) -> pa.Array:
    if values.dtype.kind == "i":
        return pa.array(values, pa.int64(), from_pandas=True)
    exact = [None if pd.isna(value) else int(value) for value in values]
    large = pa.array([value is not None and abs(value) >= 2**63 for value in exact], pa.bool_())
    _fits(contract, column, values, large, "a number beyond 64 bits")
    return pa.array(exact, pa.int64())


def _moments(contract: Contract, column: Column, values: pd.Series) -> pd.Series:
    moments = pd.to_datetime(values, utc=values.dtype == object)
    if column.kind == "date":
        return moments.dt.tz_localize(None).dt.normalize().astype("datetime64[s]")
    if moments.dt.tz is None:
        raise ContractError(
            f"{contract.name} breaks its promise: {column.name} has no time zone.",
            hint="Say it with .dt.tz_localize('Asia/Shanghai').",
            fields=[column.name],
        )
    return moments.dt.tz_convert("UTC").astype("datetime64[us, UTC]")


def _fits(contract: Contract, column: Column, values: pd.Series, bad: pa.Array, what: str) -> None:
    if not pc.any(bad).as_py():
        return
    rows = values.index[np.asarray(bad.fill_null(False))]
    named = ", ".join(repr(key) for key in rows[:3]) + (", …" if len(rows) > 3 else "")
    raise ContractError(
        f"{contract.name} cannot be kept: {column.name} holds {what}"
        f" in {len(rows)} rows ({named}).",
        hint="Mend the rows in the file and import it again.",
        fields=[column.name],
    )
