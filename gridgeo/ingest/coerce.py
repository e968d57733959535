"""Turn what a file holds into the kinds a contract asks for; guess nothing."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from gridgeo.errors import ParameterError
from gridgeo.model.contract import Column, numbers

YES = frozenset({"是", "yes", "y", "true", "t", "1"})
NO = frozenset({"否", "no", "n", "false", "f", "0"})

# How offices write the choices of a contract.
CHOICE_WORDS = {
    "社区": "community",
    "居委会": "community",
    "村": "village",
    "行政村": "village",
    "村委会": "village",
    "综合": "general",
    "综合网格": "general",
    "专属": "dedicated",
    "专属网格": "dedicated",
    "专职": "full-time",
    "兼职": "part-time",
    "网格长": "leader",
    "网格员": "worker",
}

# Beyond this a float no longer tells neighbouring whole numbers apart.
EXACT = 2**53

MOMENT: Final = "datetime64[us]"
UTC_MOMENT: Final = "datetime64[us, UTC]"
WRITTEN = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))"
    r"(?:[T\s]+(\d{1,2})[::](\d{2})(?:[::](\d{2})(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?"
)


def time_zone(zone: str) -> ZoneInfo:
    """Give a time zone by its IANA name; ``ParameterError`` where there is none."""
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ParameterError(
            f"no time zone is called {zone!r}; an IANA name is needed.",
            hint="Give one such as Asia/Shanghai.",
            fields=["zone"],
        ) from error


def coerce(values: pd.Series, column: Column, zone: ZoneInfo) -> tuple[pd.Series, pd.Series]:
    """Turn values into the kind of a column.

    Parameters
    ----------
    values : Series, shape (n,)
        Text, numbers, dates: as the file's format gives them.
    column : Column
    zone : ZoneInfo
        Meaning of times that name no zone.

    Returns
    -------
    turned : Series, shape (n,)
        On the index of ``values``: ``str``, ``Int64``, ``float64``, ``boolean``, naive
        ``datetime64`` at midnight, or UTC ``datetime64``. Missing where nothing stands and where
        what stands cannot be turned. Turning it again changes nothing.
    lost : Series of bool, shape (n,)
        Something stands there that cannot be turned.

    Notes
    -----
    A code read as a number is text again (``1.0`` → ``"1"``) if it is whole and below 2**53;
    above, its last digits are already lost. Text keeps its zeros: ``"007"`` stays.
    A local time that does not exist or exists twice (summer time) is not a time.
    """
    values = stripped(values)
    match column.kind:
        case "text":
            turned = _text(values, column)
        case "int":
            turned = _whole(values)
        case "float":
            turned = number(values).astype("float64")
        case "bool":
            turned = _by_value(values, _truth).astype("boolean")
        case "date":
            naive, zoned = _moments(values)
            turned = naive.fillna(zoned.dt.tz_convert(zone).dt.tz_localize(None)).dt.normalize()
        case "time":
            naive, zoned = _moments(values)
            local = naive.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
            turned = local.dt.tz_convert("UTC").astype(UTC_MOMENT).fillna(zoned)
    return turned, turned.isna() & values.notna()


def tightened(values: pd.Series) -> pd.Series:
    """Give ``Int64`` and ``boolean`` without gaps as plain ``int64`` and ``bool``."""
    if values.hasnans:
        return values
    if isinstance(values.dtype, pd.Int64Dtype):
        return values.astype("int64")
    return values.astype("bool") if isinstance(values.dtype, pd.BooleanDtype) else values


def dates_without_hour(values: pd.Series) -> int:
    """Count the times that are only a date, which are taken as midnight."""
    return int(_by_value(stripped(values), _is_bare_date).fillna(False).astype(bool).sum())


def stripped(values: pd.Series) -> pd.Series:
    """Take off outer white space; empty text is missing. Decimals become numbers."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if isinstance(values.dtype, pd.StringDtype):
        text = values.str.strip()
        return text.mask(text == "")
    if values.dtype == object:
        # Not by map, which makes floats of long codes that stand beside gaps.
        return pd.Series([_bare(value) for value in values], values.index, dtype=object)
    return values


def _bare(value: object) -> object:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _by_value(values: pd.Series, turn: Callable[[Any], Any]) -> pd.Series:
    """Turn each distinct value once; missing stays missing."""
    if values.dtype == object:  # lists and the like cannot be told apart by hash
        return values.map(turn, na_action="ignore")
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    turned = np.empty(len(distinct) + 1, dtype=object)
    turned[:-1] = [turn(value) for value in distinct]
    turned[-1] = None  # what code −1 picks
    return pd.Series(turned[codes], index=values.index, dtype=object)


def _text(values: pd.Series, column: Column) -> pd.Series:
    if isinstance(values.dtype, pd.StringDtype):
        text = values.astype("str")
    else:
        text = values.map(_as_text).astype("str")
    if column.choices or column.name.endswith(("_code", "_id")):
        text = text.str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    if column.choices:
        choices = {choice.casefold(): choice for choice in column.choices}
        choices |= {zh: c for zh, c in CHOICE_WORDS.items() if c in column.choices}
        text = _by_value(text, lambda v: choices.get(v.casefold(), v)).astype("str")
    return text


def _as_text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, int | np.integer):
        return str(value)
    if isinstance(value, float | np.floating):
        real = float(value)
        return str(int(real)) if real.is_integer() and abs(real) < EXACT else None
    return None


def number(values: pd.Series) -> pd.Series:
    """Read numbers, as ``contract.numbers`` does; of mixed cells only numbers and text count."""
    if values.dtype == object:
        values = values.where(values.map(lambda v: isinstance(v, str | int | float | np.number)))
    return numbers(values)


def _whole(values: pd.Series) -> pd.Series:
    read = number(values)
    if pd.api.types.is_signed_integer_dtype(read.dtype):
        return read.astype("Int64")
    real = read.astype("float64")
    exact = np.isfinite(real) & (real == np.floor(real)) & (real.abs() < EXACT)
    whole = real.where(exact).astype("Int64")
    # One gap among its neighbours, and pandas makes a float of a number that fits 64 bits.
    long = real.abs() >= EXACT
    whole[long] = pd.array([_digits(value) for value in values[long]], dtype="Int64")
    return whole


def _digits(value: object) -> int | None:
    """Give a whole number written in digits where 64 bits hold it; a float has lost its last."""
    if not isinstance(value, int | np.integer) and not (
        isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,30}", value)
    ):
        return None
    exact = int(value)
    return exact if -(2**63) <= exact < 2**63 else None


def _truth(value: object) -> bool | None:
    if isinstance(value, bool | np.bool_ | int | float | np.number):
        return bool(value) if value in (0, 1) else None
    word = str(value).casefold()
    return True if word in YES else False if word in NO else None


def _moments(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Read dates and times; those without a zone first, those with one, in UTC, second."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        zoned = values.dt.tz_convert("UTC").astype(UTC_MOMENT)
        return pd.Series(pd.NaT, index=values.index, dtype=MOMENT), zoned
    if pd.api.types.is_datetime64_dtype(values.dtype):
        return values.astype(MOMENT), pd.Series(pd.NaT, index=values.index, dtype=UTC_MOMENT)
    text = _by_value(values, _as_iso).astype("str")
    aware = text.str.contains(r"(?:Z|[+-]\d{2}:\d{2})$").fillna(False).astype(bool)
    naive = pd.to_datetime(text.where(~aware), format="ISO8601", errors="coerce")
    zoned = pd.to_datetime(text.where(aware), format="ISO8601", errors="coerce", utc=True)
    return naive.astype(MOMENT), zoned.astype(UTC_MOMENT)


def _as_iso(value: object) -> str | None:
    """Write a date or time as ISO 8601; None where it is none."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    found = WRITTEN.fullmatch(_as_text(value) or "")
    if found is None:
        return None
    year, month, day, month2, day2, hour, minute, second, fraction, offset = found.groups()
    iso = f"{year}-{month or month2:0>2}-{day or day2:0>2}"
    if hour is None:
        return iso
    if offset is not None and offset != "Z" and ":" not in offset:
        offset = f"{offset[:3]}:{offset[3:]}"
    return f"{iso}T{hour:0>2}:{minute}:{second or '00'}{fraction or ''}{offset or ''}"


def _is_bare_date(value: object) -> bool:
    if isinstance(value, datetime) or (
        isinstance(value, str) and len(value) > len("2026年01月31日")
    ):
        return False
    iso = _as_iso(value)
    return iso is not None and len(iso) == 10
