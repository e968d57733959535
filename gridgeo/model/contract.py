"""A frame's promise: key, columns, units, geometry kinds. All breaches are said at once."""

from collections.abc import Iterator, Mapping
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
        code = np.full(len(values), "", dtype=object)
        for where, fault in reversed(list(self._breaches(values))):
            code[where] = fault
        return pd.Series(code, index=values.index, dtype=object)

    def _breaches(self, values: pd.Series) -> Iterator[tuple[np.ndarray, str]]:
        """Yield where each promise is broken; of the breaches of one value the first counts."""
        if issubclass(values.dtype.type, str):
            values = values.astype("str")  # whose gaps compare as False
        elif isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(object)
        there = values.notna().to_numpy()
        if self.kind == "text":
            there = there & ~_blank(values)
            yield there & ~_hold(values, str), "not-text"
            if self.choices:
                yield there & ~values.isin(self.choices).to_numpy(dtype=bool), "not-a-choice"
            if self.pattern:
                good = values.astype("str").str.fullmatch(self.pattern)
                yield there & ~good.to_numpy(dtype=bool, na_value=False), "pattern"
        elif self.kind in ("int", "float"):
            number = numbers(values).to_numpy(dtype="float64", na_value=np.nan)
            bad = ~np.isfinite(number)
            if self.kind == "int":
                bad |= number != np.floor(number)
            yield there & bad, f"not-{self.kind}"
            if self.low is not None:
                yield there & (number < self.low), "too-low"
            if self.high is not None:
                yield there & (number > self.high), "too-high"
        elif self.kind == "bool":
            yield there & ~_hold(values, bool, np.bool_), "not-bool"
        elif not pd.api.types.is_datetime64_any_dtype(values.dtype):
            yield there & ~_hold(values, pd.Timestamp), f"not-{self.kind}"
        if self.required:
            yield ~there, "missing"


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
    key_from : tuple of str
        Required columns of texts and times that make the key of a file that has none; empty where
        every file has to have it.
    fleeting : bool
        Rows may be kept for a while only. So nothing that would outlast them is written down:
        neither what a feed replaces nor the cells of refused rows.
    """

    name: str
    key: str
    columns: tuple[Column, ...]
    geometry: tuple[str, ...] = ()
    zh: str = ""
    en: str = ""
    key_aliases: tuple[str, ...] = field(default=())
    key_from: tuple[str, ...] = ()
    fleeting: bool = False

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
        kind = frame.index.dtype if isinstance(frame.index.dtype, pd.StringDtype) else object
        keys = pd.Series(frame.index, index=pd.RangeIndex(len(frame)), dtype=kind)
        key_code = Column(self.key, "text", required=True).faults(keys)
        key_code[keys.duplicated() & (key_code == "")] = "duplicate-key"
        found = {self.key: key_code}
        for column in self.columns:
            if column.name in frame.columns:
                found[column.name] = column.faults(frame[column.name])
        if self.geometry:
            found["geometry"] = self._geometry_faults(frame)
        return _listed(found)

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
        if not isinstance(frame, gpd.GeoDataFrame):
            return pd.Series("geometry-missing", index=frame.index, dtype=object)
        shapes = np.asarray(frame.geometry.array)
        kinds = shapely.get_type_id(shapes)
        allowed = [shapely.GeometryType[kind.upper()] for kind in self.geometry]
        code = np.full(len(shapes), "", dtype=object)
        # From the last that counts to the first, each over the one before.
        if frame.crs is not None and frame.crs.is_geographic:
            code[off_earth(shapely.bounds(shapes))] = "geometry-off-earth"
        code[not_finite(shapes)] = "geometry-not-finite"
        code[~np.isin(kinds, allowed)] = "geometry-kind"
        code[(kinds < 0) | shapely.is_empty(shapes)] = "geometry-missing"
        return pd.Series(code, index=frame.index, dtype=object)


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
    # The bounds of a point are its coordinates. Those of a ring step over a NaN inside it.
    west, south, _, _ = shapely.bounds(shapes).T
    point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    others = np.flatnonzero(~(point & np.isfinite(west) & np.isfinite(south)))
    xy, owner = shapely.get_coordinates(shapes[others], return_index=True)
    endless = np.zeros(len(shapes), dtype=bool)
    endless[others[owner[~np.isfinite(xy).all(axis=1)]]] = True
    return endless


def off_earth(bounds: np.ndarray) -> np.ndarray:
    """Tell which bounds in degrees reach beyond ±180 of longitude or ±90 of latitude.

    Parameters
    ----------
    bounds : ndarray, shape (n, 4)
        West, south, east, north; ``nan`` where there is no shape.

    Returns
    -------
    ndarray of bool, shape (n,)
        False where nothing is known.
    """
    west, south, east, north = bounds.T
    return (west < -180) | (east > 180) | (south < -90) | (north > 90)


def _hold(values: pd.Series, *types: type) -> np.ndarray:
    """Tell which values are of these types; every dtype but ``object`` holds one type alone."""
    if values.dtype == object:
        return values.map(lambda v: isinstance(v, types)).to_numpy(dtype=bool)
    return np.full(len(values), issubclass(values.dtype.type, types))


def _blank(values: pd.Series) -> np.ndarray:
    """Tell which values are texts of white space alone."""
    if isinstance(values.dtype, pd.StringDtype):
        return ((values == "") | values.str.isspace()).to_numpy(dtype=bool)
    if values.dtype == object:
        return values.map(lambda v: isinstance(v, str) and not v.strip()).to_numpy(dtype=bool)
    return np.zeros(len(values), dtype=bool)


def _listed(found: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Lay out the codes of each field as rows, by position, then in the order given."""
    faulty = {name: np.flatnonzero(code.to_numpy().astype(bool)) for name, code in found.items()}
    position = np.concatenate(list(faulty.values()))
    field = np.repeat(list(faulty), [len(rows) for rows in faulty.values()])
    code = np.concatenate([found[name].to_numpy()[rows] for name, rows in faulty.items()])
    order = np.argsort(position, kind="stable")
    codes = code[order].tolist()
    return pd.DataFrame(
        {
            "position": position[order],
            "field": pd.Series(field[order], dtype="str"),
            "code": pd.Series(codes, dtype="str"),
            "reason_zh": pd.Series([FAULTS[c][0] for c in codes], dtype="str"),
            "reason_en": pd.Series([FAULTS[c][1] for c in codes], dtype="str"),
        }
    )
