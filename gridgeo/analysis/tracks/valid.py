"""Which patrols count, and why the others do not."""

import datetime as dt

import numpy as np
import pandas as pd

from gridgeo.analysis.rounds import ZONE
from gridgeo.analysis.tracks.legs import times_us
from gridgeo.analysis.units.layers import require_size
from gridgeo.errors import InputError, ParameterError

# Two patrols a day, morning and afternoon, an hour or more each: our reading of the work rules.
MIN_MINUTES = 60.0
# A fix every two minutes: as sparse as a track may be without being broken.
MIN_FIXES = 30
MIN_INSIDE_SHARE = 0.5
# 8:00 and 10:30 are one morning; 10:30 and 13:30 are a morning and an afternoon.
APART_H = 3.0


def valid_patrols(
    patrols: pd.DataFrame,
    min_minutes: float = MIN_MINUTES,
    min_fixes: int = MIN_FIXES,
    min_inside_share: float = MIN_INSIDE_SHARE,
    apart_h: float = APART_H,
) -> pd.DataFrame:
    """Tell which patrols are valid, and of the others why not (V2).

    Parameters
    ----------
    patrols : DataFrame, shape (n, …)
        As ``track_facts`` gives it, or ``PATROLS`` promises.
    min_minutes : float
        From the first fix to the last, at least.
    min_fixes : int
        Least number of fixes.
    min_inside_share : float
        Least share of fixes in the grid, 0 to 1.
    apart_h : float
        Hours from the start of a valid patrol to that of the next one in the same grid, at least.

    Returns
    -------
    DataFrame, shape (n, 2)
        On the index of ``patrols``: ``valid`` (bool) and ``reason`` (str), empty for a valid one,
        else all that is wrong, joined by ``+``:

        no-grid : it names no grid.
        short : fewer minutes.
        few-fixes : fewer fixes.
        outside : a smaller share inside the grid, or one that is not known.
        too-soon : nothing of these, but it starts too soon after a valid one of its grid.

        A standard is met at >=.

    Raises
    ------
    InputError
        A column is missing, or a patrol has no time.
    ParameterError
        A standard is negative or no number; ``min_inside_share`` is above 1.

    Notes
    -----
    Of those without a fault of their own, each grid's earliest is valid, then the first that
    starts ``apart_h`` or more after the last valid one, and so on. No other choice has more: say
    that one chooses p1 < p2 < … and the rule g1 < g2 < …. g1 is the earliest of all, so g1 <= p1.
    If gi <= pi, then p(i+1) starts late enough after gi too, and the rule, which takes the first
    such, has g(i+1) <= p(i+1). So whenever the other has an i-th, the rule has one, no later.
    This holds up to any moment, too. Which hours are morning is asked nowhere: a city may patrol
    at night. Of several that start at once, the one that ends first is taken.

    Examples
    --------
    >>> at = pd.to_datetime(["2026-06-24T00:30Z", "2026-06-24T02:00Z", "2026-06-24T07:00Z"])
    >>> walked = pd.DataFrame({"grid_code": "g", "starts_at": at, "fixes": 90,
    ...     "ends_at": at + pd.Timedelta("70min"), "inside_share": [0.9, 0.9, 0.3]})
    >>> valid_patrols(walked)["reason"].tolist()
    ['', 'too-soon', 'outside']
    """
    for value, name in (
        (min_minutes, "min_minutes"),
        (min_fixes, "min_fixes"),
        (min_inside_share, "min_inside_share"),
        (apart_h, "apart_h"),
    ):
        require_size(value, name)
    if min_inside_share > 1:
        raise ParameterError(
            f"min_inside_share is {min_inside_share}; a share is 0 to 1.",
            hint="Half of the fixes is 0.5.",
            fields=["min_inside_share"],
        )
    require_columns(patrols, ("grid_code", "starts_at", "ends_at", "fixes", "inside_share"))
    starts, ends = (times_us(patrols, name, "patrols") for name in ("starts_at", "ends_at"))
    grid, _ = pd.factorize(patrols["grid_code"].astype("str"))
    fixes, inside = (
        pd.to_numeric(patrols[name]).to_numpy("float64", na_value=np.nan)
        for name in ("fixes", "inside_share")
    )
    faults = {
        "no-grid": grid < 0,
        "short": (ends - starts) < min_minutes * 60e6,
        "few-fixes": ~(fixes >= min_fixes),
        "outside": ~(inside >= min_inside_share),
    }
    sound = ~np.logical_or.reduce(list(faults.values()))
    too_soon = sound.copy()
    too_soon[_first_apart(grid, starts, ends, sound, apart_h * 3600e6)] = False
    reason = np.full(len(patrols), "", dtype=object)
    for name, wrong in (*faults.items(), ("too-soon", too_soon)):
        reason[wrong] += np.where(reason[wrong] == "", "", "+") + name
    return pd.DataFrame(
        {"valid": sound & ~too_soon, "reason": pd.Series(reason, patrols.index, dtype="str")},
        index=patrols.index,
    )


def patrol_days(
    patrols_valid: pd.DataFrame,
    grids: pd.DataFrame,
    first: dt.date,
    last: dt.date,
    zone: str = ZONE,
) -> pd.DataFrame:
    """Count the valid patrols of each grid and local day.

    Parameters
    ----------
    patrols_valid : DataFrame
        The valid ones alone, such as ``patrols[valid_patrols(patrols)["valid"]]``.
    grids : DataFrame, shape (m, …)
        Indexed by ``grid_code``. Patrols of other grids are passed over.
    first, last : date
        Both are counted; none is where ``last`` is before ``first``.
    zone : str
        Time zone whose days are meant. A patrol belongs to the day on which it starts.

    Returns
    -------
    DataFrame of int64, shape (m, days)
        On the index of ``grids``, a column for each day (``date``).

    Raises
    ------
    InputError
        A column is missing, or a patrol has no time.
    """
    require_columns(patrols_valid, ("grid_code", "starts_at"))
    days = max((last - first).days + 1, 0)
    at = pd.Series(pd.to_datetime(times_us(patrols_valid, "starts_at", "patrols"), unit="us"))
    local = at.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
    day = (local - pd.Timestamp(first)).dt.days.to_numpy("int64")
    codes = pd.Index(grids.index.astype("str"))
    grid = codes.get_indexer(pd.Index(patrols_valid["grid_code"].astype("str")))
    counted = (grid >= 0) & (day >= 0) & (day < days)
    count = np.bincount(grid[counted] * days + day[counted], minlength=len(grids) * days).reshape(
        len(grids), days
    )
    columns = [first + dt.timedelta(days=n) for n in range(days)]
    return pd.DataFrame(count, index=grids.index, columns=pd.Index(columns, dtype=object))


def require_columns(patrols: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Refuse patrols that do not tell what is needed.

    Raises
    ------
    InputError
        A column is missing.
    """
    lacking = [name for name in columns if name not in patrols]
    if lacking:
        raise InputError(
            f"patrols has no column {', '.join(lacking)}.",
            hint="Make it from fixes with track_facts.",
            fields=lacking,
        )


def _first_apart(
    grid: np.ndarray, starts: np.ndarray, ends: np.ndarray, sound: np.ndarray, apart_us: float
) -> list[int]:
    """Choose in each grid the earliest, then always the first that starts late enough after it."""
    at = np.flatnonzero(sound)
    at = at[np.lexsort((ends[at], starts[at], grid[at]))]
    chosen: list[int] = []
    for k in at.tolist():
        last = chosen[-1] if chosen else -1
        if last < 0 or grid[last] != grid[k] or starts[k] - starts[last] >= apart_us:
            chosen.append(k)
    return chosen
