"""Codes and names of grids that a plan opens: 14 digits, those of the village and a sequence.

New grids come after those that ever were, from west to east and from north to south among
themselves: a code that was in use once means another grid in old records.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from gridgeo.errors import InfeasibleError

_PLACEHOLDER = re.compile(r"new-\d+")
_VILLAGE = re.compile(r"\d{12}")
_NAME = re.compile(r"(.*第)[一二三四五六七八九十]+(网格)")
_DIGITS = "零一二三四五六七八九"


def is_placeholder(code: str) -> bool:
    """Tell whether the solver named a grid for want of a code.

    Examples
    --------
    >>> is_placeholder("new-1"), is_placeholder("32128240100101")
    (True, False)
    """
    return _PLACEHOLDER.fullmatch(code) is not None


def breaks_rule(code: str, village: str | None) -> bool:
    """Tell whether a code does not belong to its village, where villages have 12 digits.

    Examples
    --------
    >>> breaks_rule("32128240100104", "321282401001")
    False
    >>> breaks_rule("32128240100204", "321282401001")
    True
    >>> breaks_rule("north", "old town")
    False
    """
    if village is None or not _VILLAGE.fullmatch(village):
        return False
    return re.fullmatch(f"{village}\\d\\d", code) is None


def proposed_codes(
    shapes: gpd.GeoSeries, villages: Mapping[str, Any], used: Iterable[str]
) -> dict[str, str]:
    """Propose the next free codes of each village.

    Parameters
    ----------
    shapes : GeoSeries
        The grids that need a code, on what they are called so far.
    villages : mapping of str to str or None
        The village of each.
    used : iterable of str
        Codes of all grids that are or were.

    Returns
    -------
    dict of str to str
        What a grid is called so far → its code. A grid of no village of 12 digits has none.

    Raises
    ------
    InfeasibleError
        A village has no free number up to 99.
    """
    last: dict[str, int] = {}
    for code in used:
        if re.fullmatch(r"\d{14}", code):
            last[code[:12]] = max(last.get(code[:12], 0), int(code[12:]))
    inner = shapes.representative_point()
    order = pd.DataFrame({"x": inner.x, "y": -inner.y}).sort_values(["x", "y"], kind="stable")
    found = {}
    for grid in order.index:
        village = villages[grid]
        if village is None or not _VILLAGE.fullmatch(village):
            continue
        last[village] = last.get(village, 0) + 1
        if last[village] > 99:
            raise InfeasibleError(
                f"Village {village} has used the numbers of its grids up to 99.",
                hint="Give a code that was free again by hand.",
                fields=["grid_code"],
            )
        found[str(grid)] = f"{village}{last[village]:02d}"
    return found


def name_of(code: str, siblings: pd.Series) -> str | None:
    """Name a new grid as the others of its village are named.

    Parameters
    ----------
    code : str
    siblings : Series of str
        Names of the village's grids.

    Returns
    -------
    str or None
        None where they are not named by number.

    Examples
    --------
    >>> name_of("32128240100112", pd.Series(["同兴社区第一网格"]))
    '同兴社区第十二网格'
    """
    named = [found for found in map(_NAME.fullmatch, siblings.dropna()) if found]
    if not named or not re.fullmatch(r"\d{14}", code):
        return None
    return f"{named[0][1]}{_said(int(code[12:]))}{named[0][2]}"


def _said(number: int) -> str:
    """Say 1 to 99 in Chinese."""
    tens, ones = divmod(number, 10)
    said = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return said + (_DIGITS[ones] if ones or not tens else "")
