"""Cells that cannot be kept, each with its own word for the clerk who mends them."""

import numpy as np
import pandas as pd

from gridgeo.ingest.coerce import number, stripped
from gridgeo.model.contract import Column

CELL_ERRORS = ("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!")
CODES = ("_id", "_code")
LONGEST_CODE = 200  # characters; an index of the database cannot hold a text of kilobytes
LEAST_TOO_LARGE = 2.0**63  # what 64 bits no longer hold


def spoilt(values: pd.Series, lost: pd.Series, column: Column) -> pd.Series:
    """Name what is wrong with cells before the contract judges what they were turned into.

    Parameters
    ----------
    values : Series, shape (n,)
        As the file's format gives them.
    lost : Series of bool, shape (n,)
        The cell could not be turned into the kind of the column.
    column : Column

    Returns
    -------
    Series of str, shape (n,)
        ``not-…`` where lost, or the exact reason where one is known: ``cell-error``,
        ``mangled-code``, ``nul-character`` and ``too-long`` for texts, ``beyond-64-bits`` for
        whole numbers. Empty elsewhere.
    """
    values = stripped(values)
    code = np.full(len(values), "", dtype=object)
    code[lost] = f"not-{column.kind}"
    texts = _texts(values)
    if column.kind == "text":
        code[mangled(texts)] = "mangled-code"
        code[with_nul(texts)] = "nul-character"
        if column.name.endswith(CODES):
            code[texts.str.len().gt(LONGEST_CODE).to_numpy(dtype=bool, na_value=False)] = "too-long"
    elif column.kind == "int":
        # Nothing lost is exact: as floats 2**63 and the last number that fits are the same.
        large = number(values[lost]).abs() >= LEAST_TOO_LARGE
        code[np.flatnonzero(lost)[large.to_numpy(dtype=bool, na_value=False)]] = "beyond-64-bits"
    code[cell_error(texts)] = "cell-error"
    return pd.Series(code, index=values.index, dtype=object)


def cell_error(values: pd.Series) -> pd.Series:
    """Tell which cells hold what a spreadsheet shows for a formula that failed.

    Parameters
    ----------
    values : Series, shape (n,)

    Returns
    -------
    Series of bool, shape (n,)
    """
    return _texts(values).isin(CELL_ERRORS)


def mangled(values: pd.Series) -> pd.Series:
    """Tell which texts are long codes that a spreadsheet turned into ``3.21282E+13``.

    Parameters
    ----------
    values : Series, shape (n,)

    Returns
    -------
    Series of bool, shape (n,)
    """
    if not isinstance(values.dtype, pd.StringDtype):
        return pd.Series(False, index=values.index)
    found = values.str.contains("+", regex=False).fillna(False).astype(bool)
    if found.any():  # the dearer question, of few
        found[found] = values[found].str.fullmatch(r"\d(\.\d+)?[eE]\+\d+").astype(bool)
    return found


def with_nul(values: pd.Series) -> pd.Series:
    """Tell which cells are texts with a NUL character, which PostgreSQL cannot keep.

    Parameters
    ----------
    values : Series, shape (n,)

    Returns
    -------
    Series of bool, shape (n,)
    """
    return _texts(values).str.contains("\0", regex=False).fillna(False).astype(bool)


def _texts(values: pd.Series) -> pd.Series:
    """Give the cells that are texts; all others are missing."""
    if isinstance(values.dtype, pd.StringDtype):
        return values
    if values.dtype != object:
        return pd.Series(None, index=values.index, dtype="str")
    return pd.Series(
        [text if isinstance(text, str) else None for text in values.tolist()],
        values.index,
        dtype="str",
    )
