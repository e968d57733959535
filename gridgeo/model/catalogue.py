"""The catalogue of incident classes: who handles each, and within which time."""

from functools import cache
from importlib.resources import files

import pandas as pd

UNITS = ("hour", "workhour", "workday")


def incident_classes() -> pd.DataFrame:
    """Give the catalogue of incident classes, every cell as text.

    Returns
    -------
    DataFrame of str, shape (78, …)
        Indexed by the four-digit ``code``: ``class_code`` (two digits), ``class_zh``,
        ``sub_zh``, ``sub_en``, ``kind`` ("event", "service" or "part"), ``sla_value`` and
        ``sla_unit``, the time allowed ("hour" of the clock, "workhour", "workday"),
        ``sla_source``, where that comes from ("D": our default), and ``recommended_route``, the
        department that handles it.
    """
    return _read().copy()


def class_limits() -> pd.DataFrame:
    """Give the time allowed for each class.

    Returns
    -------
    DataFrame, shape (78, 2)
        Indexed by the four-digit ``code``: ``value``, whole number above 0, of ``unit``
        ("hour", "workhour" or "workday").
    """
    classes = _read()
    return pd.DataFrame(
        {"value": classes["sla_value"].astype("int64"), "unit": classes["sla_unit"]}
    )


@cache
def _read() -> pd.DataFrame:
    with files("gridgeo.model").joinpath("incident_classes.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str).set_index("code")
