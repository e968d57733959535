"""A frame's promise: key, columns, units, geometry kinds. All breaches are said at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.errors import ContractError

Kind = Literal["text", "int", "float", "bool", "date", "time"]

# What a clerk reads beside a refused row: code → (中文, English).
FAULTS: dict[str, tuple[str, str]] = {
    "missing": ("不能为空", "must not be empty"),
    "not-text": ("应为文本", "must be text"),
    "not-int": ("应为整数", "must be a whole number"),
    "not-float": ("应为数字", "must be a number"),
    "not-bool": ("应为是或否", "must be yes or no"),
    "not-date": ("应为日期,如 2026-01-31", "must be a date such as 2026-01-31"),
    "not-time": (
        "应为时间,如 2026-01-31 08:30",
        "must be a time such as 2026-01-31 08:30",
    ),
    "too-low": ("数值过小", "is below the least allowed value"),
    "too-high": ("数值过大", "is above the greatest allowed value"),
    "not-a-choice": ("不在允许的取值中", "is not one of the allowed values"),
    "pattern": ("格式不正确", "does not have the form of this field"),
    "duplicate-key": ("编号重复", "stands more than once; a key must be unique"),
    "geometry-missing": ("没有位置", "has no geometry"),
    "geometry-kind": ("几何类型不符", "has the wrong kind of geometry"),
    "geometry-not-finite": ("坐标不是有限数", "has a coordinate that is not a finite number"),
    "geometry-off-earth": ("坐标超出地球范围", "has a coordinate outside the Earth"),
}


@dataclass(frozen=True)
class Column:
    """One column of a layer.

    Parameters
    ----------
    name : str
        ASCII snake_case, unit included.
    kind : {"text", "int", "float", "bool", "date", "time"}
        ``date`` is a naive midnight ``datetime64``; ``time`` is timezone-aware, UTC.
    required : bool
        Present and never empty. Otherwise the column may be absent and values may be empty.
    choices : tuple of str
        Allowed values; empty means any.
    pattern : str
        Regular expression the whole text must match; empty means any.
    low, high : float or None
        Bounds, both included.
    zh, en : str
        What the column means.
    aliases : tuple of str
        Other headers files use for it, lower case.
    """

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""
    low: float | None = None
    high: float | None = None
    zh: str = ""
    en: str = ""
    aliases: tuple[str, ...] = ()

    def faults(self, values: pd.Series) -> pd.Series:
        """Name the fault of each value.

        Parameters
        ----------
        values : Series, shape (n,)

        Returns
        -------
        Series of str, shape (n,)
            A code of ``FAULTS``; empty where the value keeps the promise.
        """
        code = pd.Series("", index=values.index, dtype=object)
        empty = values.isna()
        if self.kind == "text":
            text = values.astype("object")
            empty |= text.map(lambda v: isinstance(v, str) and not v.strip())
            _mark(code, ~empty & ~text.map(lambda v: isinstance(v, str)), "not-text")
            if self.choices:
                _mark(code, ~empty & ~text.isin(self.choices), "not-a-choice")
            if self.pattern:
                good = text.astype("str").str.fullmatch(self.pattern).fillna(False).astype(bool)
                _mark(code, ~empty & ~good, "pattern")
        elif self.kind in ("int", "float"):
            number = numbers(values).astype("float64")
            bad = number.isna() | ~np.isfinite(number)
            if self.kind == "int":
                bad |= number != np.floor(number)
            _mark(code, ~empty & bad, f"not-{self.kind}")
            if self.low is not None:
                _mark(code, ~empty & (number < self.low), "too-low")
            if self.high is not None:
                _mark(code, ~empty & (number > self.high), "too-high")
        elif self.kind == "bool":
            good = values.map(lambda v: isinstance(v, bool | np.bool_))
            _mark(code, ~empty & ~good.astype(bool), "not-bool")
        elif not pd.api.types.is_datetime64_any_dtype(values.dtype):
            good = values.map(lambda v: isinstance(v, pd.Timestamp))
            _mark(code, ~empty & ~good.astype(bool), f"not-{self.kind}")
        if self.required:
            _mark(code, empty, "missing")
        return code


@dataclass(frozen=True)
class Contract:
    """What a layer promises.

    Parameters
    ----------
    name : str
        The layer's name, plural, as in commands and tables.
    key : str
        The column that is the frame's index once the frame is taken in.
    columns : tuple of Column
        Without the key and the geometry.
    geometry : tuple of str
        Allowed ``geom_type``; empty for a table without geometry.
    zh, en : str
        The layer's name for people.
    key_aliases : tuple of str
        Other headers files use for the key, lower case.
    """

    name: str
    key: str
    columns: tuple[Column, ...]
    geometry: tuple[str, ...] = ()
    zh: str = ""
    en: str = ""
    key_aliases: tuple[str, ...] = field(default=())

    def column(self, name: str) -> Column:
        """Give the column of that name; ``KeyError`` if the layer has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def faults(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Name every fault of every row.

        Parameters
        ----------
        frame : DataFrame or GeoDataFrame, shape (n, …)
            Index = key values, in any state.

        Returns
        -------
        DataFrame
            One row a fault: ``position`` (0 … n−1), ``field``, ``code``, ``reason_zh``,
            ``reason_en``; by position, then in the order of the contract. Empty when all is well.
        """
        keys = pd.Series(frame.index, index=pd.RangeIndex(len(frame)), dtype=object)
        key_code = Column(self.key, "text", required=True).faults(keys)
        _mark(key_code, keys.duplicated() & (key_code == ""), "duplicate-key")
        found = [_listed(self.key, key_code)]
        for column in self.columns:
            if column.name in frame.columns:
                values = frame[column.name].reset_index(drop=True)
                found.append(_listed(column.name, column.faults(values)))
        if self.geometry:
            found.append(_listed("geometry", self._geometry_faults(frame)))
        faults = pd.concat(found, ignore_index=True)
        return faults.sort_values("position", kind="stable", ignore_index=True)

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Let a frame pass that keeps the promise.

        Parameters
        ----------
        frame : DataFrame or GeoDataFrame

        Returns
        -------
        DataFrame or GeoDataFrame
            ``frame`` itself.

        Raises
        ------
        ContractError
            All breaches at once: missing columns, a wrong index, faulty rows counted by column
            and reason with at most three keys each.
        """
        breaches: list[str] = []
        fields: list[str] = []
        if frame.index.name != self.key:
            breaches.append(f"the index must be {self.key}, it is {frame.index.name!r}")
            fields.append(self.key)
        absent = [c.name for c in self.columns if c.required and c.name not in frame.columns]
        if absent:
            breaches.append(f"missing columns: {', '.join(absent)}")
            fields += absent
        if self.geometry and not isinstance(frame, gpd.GeoDataFrame):
            breaches.append("it must be a GeoDataFrame")
            fields.append("geometry")
        else:
            if self.geometry and frame.crs is None:
                breaches.append("it has no CRS")
                fields.append("geometry")
            for (name, code), rows in self.faults(frame).groupby(["field", "code"], sort=False):
                ids = ", ".join(str(frame.index[p]) for p in rows["position"].iloc[:3])
                more = ", …" if len(rows) > 3 else ""
                breaches.append(f"{name} {FAULTS[str(code)][1]} in {len(rows)} rows ({ids}{more})")
                fields.append(str(name))
        if breaches:
            raise ContractError(
                f"{self.name} breaks its promise: {'; '.join(breaches)}.",
                hint=f"Mend the rows, or take the file in with `gridgeo import {self.name} FILE`.",
                fields=fields,
            )
        return frame

    def _geometry_faults(self, frame: pd.DataFrame) -> pd.Series:
        code = pd.Series("", index=pd.RangeIndex(len(frame)), dtype=object)
        if not isinstance(frame, gpd.GeoDataFrame):
            return code.mask(code == "", "geometry-missing")
        shapes = np.asarray(frame.geometry.array)
        empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        kinds = pd.Series(frame.geom_type.to_numpy(), index=code.index, dtype=object)
        _mark(code, pd.Series(empty), "geometry-missing")
        _mark(code, ~kinds.isin(self.geometry), "geometry-kind")
        _mark(code, pd.Series(not_finite(shapes)), "geometry-not-finite")
        if frame.crs is not None and frame.crs.is_geographic:
            bounds = shapely.bounds(shapes)
            with np.errstate(invalid="ignore"):
                off = (np.abs(bounds[:, [0, 2]]) > 180).any(axis=1)
                off |= (np.abs(bounds[:, [1, 3]]) > 90).any(axis=1)
            _mark(code, pd.Series(off), "geometry-off-earth")
        return code


def numbers(values: pd.Series) -> pd.Series:
    """Read numbers, from text too; dates, times and spans are none, though pandas counts them.

    Parameters
    ----------
    values : Series, shape (n,)

    Returns
    -------
    Series of a numeric dtype, shape (n,)
        ``nan`` where no number stands.
    """
    if values.dtype.kind in "mM" or isinstance(values.dtype, pd.PeriodDtype):
        return pd.Series(np.nan, index=values.index)
    return pd.to_numeric(values, errors="coerce")


def not_finite(shapes: np.ndarray) -> np.ndarray:
    """Tell which shapes have a coordinate that is ``nan`` or infinite.

    Parameters
    ----------
    shapes : ndarray of shapely geometry or None, shape (n,)

    Returns
    -------
    ndarray of bool, shape (n,)
        False for None and for empty shapes.
    """
    # Bounds step over a NaN inside a ring; the coordinates themselves do not.
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    endless = np.zeros(len(shapes), dtype=bool)
    endless[owner[~np.isfinite(xy).all(axis=1)]] = True
    return endless


def _mark(code: pd.Series, where: pd.Series, fault: str) -> None:
    """Write ``fault`` where the rows are hit and not yet marked, in place."""
    code[(code == "").to_numpy() & where.to_numpy(dtype=bool)] = fault


def _listed(name: str, code: pd.Series) -> pd.DataFrame:
    positions = np.flatnonzero((code != "").to_numpy())
    codes: Sequence[str] = code.iloc[positions].tolist()
    return pd.DataFrame(
        {
            "position": positions,
            "field": pd.Series(name, index=range(len(positions)), dtype="str"),
            "code": pd.Series(codes, dtype="str"),
            "reason_zh": pd.Series([FAULTS[c][0] for c in codes], dtype="str"),
            "reason_en": pd.Series([FAULTS[c][1] for c in codes], dtype="str"),
        }
    )
