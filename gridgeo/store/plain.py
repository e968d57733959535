"""Values as JSON knows them: what a JSONB column may hold."""

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd


def plain(value: object) -> Any:  # noqa: ANN401  # JSON is any of seven kinds
    """Turn a value into what JSON can say, all the way down.

    Parameters
    ----------
    value : object

    Returns
    -------
    None, bool, int, float, str, list or dict
        Empty and non-finite numbers are None, dates ISO 8601, anything unknown its text.
        NUL characters, which PostgreSQL cannot store, become U+FFFD.
    """
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray | pd.Index):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool | int):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).replace("\0", "�")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a table as plain dictionaries, without the index.

    Examples
    --------
    >>> records(pd.DataFrame({"n": [1, 2], "share": [0.5, float("nan")]}))
    [{'n': 1, 'share': 0.5}, {'n': 2, 'share': None}]
    """
    columns = [[plain(value) for value in frame[name]] for name in frame.columns]
    return [dict(zip(frame.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def as_json(value: object) -> str:
    """Write a value as JSON text, as ``plain`` says it."""
    return json.dumps(plain(value), ensure_ascii=False)
