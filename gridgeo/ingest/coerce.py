"""Turn what a file holds into the kinds a contract asks for; guess nothing."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gridgeo.errors import ParameterError
from gridgeo.model.contract import Column, numbers

YES = frozenset({"是", "yes", "y", "true", "t", "1"})
NO = frozenset({"否", "no", "n", "false", "f", "0"})
TRUTHS = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)

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
# For RE2, whose \\d and \\s know ASCII alone: digits are to be ASCII, gaps may be any white space.
ISO = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
)
GAP = "\\t-\\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
WRITTEN = (
    r"^(?P<year>[0-9]{4})(?:[-/.年](?P<month>[0-9]{1,2})[-/.月](?P<day>[0-9]{1,2})日?"
    r"|(?P<month2>[0-9]{2})(?P<day2>[0-9]{2}))"
    rf"(?:[T{GAP}]+(?P<hour>[0-9]{{1,2}})[::](?P<minute>[0-9]{{2}})"
    r"(?:[::](?P<second>[0-9]{2})(?P<fraction>\.[0-9]+)?)?"
    rf"[{GAP}]*(?P<offset>Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?$"
)
LONGEST_DATE = len("2026年01月31日")


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
            turned = _truths(values)
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
    values = stripped(values)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return 0
    text = _written(values)
    return int((_iso(text[text.str.len() <= LONGEST_DATE]).str.len() == len("2026-01-31")).sum())


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


def _by_word(
    text: pd.Series, meanings: Mapping[str, str | bool], dtype: pd.api.extensions.ExtensionDtype
) -> pd.Series:
    """Give what each word means, in any case; all other texts mean nothing."""
    # Each distinct text once, and none that is longer than a word: a column of keys has no end.
    codes, distinct = pd.factorize(text.where(text.str.len() <= max(map(len, meanings))))
    meant = pd.Series([meanings.get(word.casefold()) for word in distinct], dtype=dtype).array
    return pd.Series(meant.take(codes, allow_fill=True), index=text.index)


def _text(values: pd.Series, column: Column) -> pd.Series:
    text = _texts(values)
    if column.choices or column.name.endswith(("_code", "_id")):
        real = text.str.contains(".0", regex=False)
        text[real] = text[real].str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    if column.choices:
        choices = {choice.casefold(): choice for choice in column.choices}
        choices |= {zh: c for zh, c in CHOICE_WORDS.items() if c in column.choices}
        other = text[text.notna() & ~text.isin(column.choices)]
        text[other.index] = _by_word(other, choices, pd.StringDtype(na_value=np.nan)).fillna(other)
    return text


def _texts(values: pd.Series) -> pd.Series:
    """Give texts, and whole numbers as their digits; all others are missing."""
    if isinstance(values.dtype, pd.StringDtype) or pd.api.types.is_integer_dtype(values.dtype):
        return values.astype("str")
    if pd.api.types.is_float_dtype(values.dtype):
        return _exact(values.astype("float64")).astype("str")
    return values.map(_as_text).astype("str")


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
    if isinstance(values.dtype, pd.StringDtype):
        try:  # twenty times as fast as pandas, where all are numbers
            read = pc.cast(pa.array(values), pa.float64()).to_pandas()
            return read.set_axis(values.index)
        except pa.ArrowInvalid:
            pass
    return _numbers(values)


def _numbers(values: pd.Series) -> pd.Series:
    if values.dtype == object:
        values = values.where(values.map(lambda v: isinstance(v, str | int | float | np.number)))
    return numbers(values)


def _exact(real: pd.Series) -> pd.Series:
    """Give as ``Int64`` the floats that are one whole number and no other."""
    return real.where(np.isfinite(real) & (real == np.floor(real)) & (real.abs() < EXACT)).astype(
        "Int64"
    )


def _whole(values: pd.Series) -> pd.Series:
    read = _numbers(values)
    if pd.api.types.is_signed_integer_dtype(read.dtype):
        return read.astype("Int64")
    real = read.astype("float64")
    whole = _exact(real)
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


def _truths(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.StringDtype):
        return _by_word(values, TRUTHS, pd.BooleanDtype())
    if values.dtype.kind in "biuf":
        return values.where(values.isin((0, 1))).astype("boolean")
    if values.dtype == object:
        return values.map(_truth).astype("boolean")
    return pd.Series(pd.NA, index=values.index, dtype="boolean")


def _truth(value: object) -> bool | None:
    if isinstance(value, bool | np.bool_ | int | float | np.number):
        return bool(value) if value in (0, 1) else None
    return TRUTHS.get(str(value).casefold())


def _moments(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Read dates and times; those without a zone first, those with one, in UTC, second."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        zoned = values.dt.tz_convert("UTC").astype(UTC_MOMENT)
        return pd.Series(pd.NaT, index=values.index, dtype=MOMENT), zoned
    if pd.api.types.is_datetime64_dtype(values.dtype):
        return values.astype(MOMENT), pd.Series(pd.NaT, index=values.index, dtype=UTC_MOMENT)
    text = _iso(_written(values))
    aware = text.str.slice(len("2026-01-31")).str.contains("[-+Z]")
    naive, zoned = _read(text.where(~aware), None), _read(text.where(aware), "UTC")
    return naive.astype(MOMENT), zoned.astype(UTC_MOMENT)


def _read(iso: pd.Series, zone: str | None) -> pd.Series:
    try:  # ten times as fast as pandas, where all are moments
        return pc.cast(pa.array(iso), pa.timestamp("us", zone)).to_pandas().set_axis(iso.index)
    except pa.ArrowInvalid:
        return pd.to_datetime(iso, format="ISO8601", errors="coerce", utc=zone is not None)


def _written(values: pd.Series) -> pd.Series:
    """Give dates and times as they are written; what no date is written as is missing."""
    if values.dtype == object:
        days = values.map(lambda v: v.isoformat() if isinstance(v, date) else v, na_action="ignore")
        return _texts(days)
    return _texts(values)


def _iso(text: pd.Series) -> pd.Series:
    """Write dates and times as ISO 8601; missing where there is none."""
    plain = pc.match_substring_regex(pa.array(text), ISO).to_pandas()
    other = ~plain.fillna(True).to_numpy(dtype=bool)
    text[other] = _rewritten(text[other])
    return text


def _rewritten(text: pd.Series) -> pd.Series:
    found = pc.extract_regex(pa.array(text, pa.string()), WRITTEN)
    part = {name: pc.struct_field(found, name) for name in re.findall(r"<(\w+)>", WRITTEN)}
    month = pc.utf8_lpad(_joined(part["month"], part["month2"]), 2, "0")
    day = pc.utf8_lpad(_joined(part["day"], part["day2"]), 2, "0")
    date_ = _joined(part["year"], "-", month, "-", day)
    second = pc.if_else(pc.equal(part["second"], ""), "00", part["second"])
    offset = pc.replace_substring_regex(part["offset"], r"^(...)([0-9]{2})$", r"\1:\2")
    hour = pc.utf8_lpad(part["hour"], 2, "0")
    moment = _joined(date_, "T", hour, ":", part["minute"], ":", second, part["fraction"], offset)
    return pc.if_else(pc.equal(part["hour"], ""), date_, moment).to_pandas().set_axis(text.index)


def _joined(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")
