"""The blind-spot register: what one finding is, whichever analysis found it.

A finding is one row: what kind of fault, on whom or where, how bad, against which standard.
Its id says kind, subject and standard and never the value, so that the same fault found again
tomorrow keeps its id and the register can open, keep and close rows.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.model.contract import Column, Contract

# Severity of one household concerned, by kind: our choice, to be replaced by a city's own.
KIND_WEIGHTS: dict[str, float] = {
    "gap": 1.0,
    "overlap": 0.5,
    "sliver": 0.1,
    "invalid": 0.1,
    "outside": 0.2,
    "across": 0.2,
    "orphan": 1.0,
    "outside-household": 0.5,
    "doubled": 0.5,
    "mismatch": 0.2,
    "size": 0.2,
    "no-leader": 0.5,
    "few-workers": 0.5,
    "no-full-time": 0.3,
    "reach": 0.5,
    "visit-overdue": 0.5,
    "never-visited": 1.0,
}

# Each row of these kinds is one household: it leaves the house only merged into k-safe cells.
HOUSEHOLD_KINDS = (
    "orphan",
    "outside-household",
    "doubled",
    "mismatch",
    "reach",
    "visit-overdue",
    "never-visited",
)


class Measure(Column):
    """A number that may be infinite: a household that no station can reach is ``inf`` away."""

    def faults(self, values: pd.Series) -> pd.Series:
        """Name the fault of each value, as ``Column.faults`` does; ``inf`` is none."""
        number = pd.to_numeric(values, errors="coerce").astype("float64")
        return super().faults(values.mask(np.isinf(number)))


# Evidence may be of any kind of geometry or missing, therefore the contract asks for none.
FINDINGS = Contract(
    "findings",
    key="finding_id",
    columns=(
        Column("kind", "text", required=True, choices=tuple(KIND_WEIGHTS), zh="类型", en="kind"),
        Column(
            "subject",
            "text",
            required=True,
            zh="对象",
            en="grid codes joined by +, or a household id",
        ),
        Column("grid_code", "text", zh="网格编码", en="grid concerned, where it is one"),
        Measure("value", "float", zh="数值", en="how bad, in the unit beside it"),
        Column("unit", "text", zh="单位", en="unit of the value"),
        Column("standard", "text", required=True, zh="标准", en="standard that is not met"),
        Column("households", "int", low=0, zh="涉及户数", en="households concerned"),
        Column(
            "severity",
            "float",
            low=0,
            zh="严重程度",
            en="households concerned × weight of the kind",
        ),
        Column("as_of", "date", zh="截至", en="day the finding holds for"),
    ),
    zh="盲点台账",
    en="blind-spot register",
)


# One value for all rows, or one a row.
PerRow = str | float | int | Iterable

_DTYPES = {"value": "float64", "households": "Int64"}


def finding_id(kind: str, subject: str, standard: str) -> str:
    """Name a finding by what it is about, never by how bad it is.

    Parameters
    ----------
    kind, subject, standard : str

    Returns
    -------
    str
        ``kind`` and 12 hexadecimal digits of BLAKE2b, such as ``gap-5f0c1d2e3a4b``:
        among a million findings two share one with a chance below 0.2 %.
    """
    said = "\x1f".join((kind, subject, standard)).encode()
    return f"{kind}-{hashlib.blake2b(said, digest_size=6).hexdigest()}"


def make_findings(
    kind: PerRow,
    subject: Sequence[str],
    standard: PerRow,
    *,
    grid_code: PerRow | None = None,
    value: PerRow | None = None,
    unit: PerRow | None = None,
    households: PerRow | None = None,
    geometry: Iterable | None = None,
    crs: object = None,
    as_of: dt.date | None = None,
    weights: Mapping[str, float] = KIND_WEIGHTS,
) -> gpd.GeoDataFrame:
    """Make rows of the register.

    Parameters
    ----------
    kind : str, or iterable of str
        Key of ``KIND_WEIGHTS``.
    subject : sequence of str, shape (n,)
        Whom or where.
    standard : str, or iterable of str
        What is not met.
    grid_code, value, unit, households : optional
        One a row, or one for all; left out where not known.
    geometry : iterable of geometry or None, shape (n,), optional
        Evidence, in ``crs``.
    crs : CRS, optional
    as_of : date, optional
        Day the findings hold for.
    weights : mapping, optional
        Severity of one household concerned, by kind.

    Returns
    -------
    GeoDataFrame, n rows
        Keeps ``FINDINGS``. ``severity`` = ``households`` × weight, ``nan`` where the households
        concerned are not known. Rows alike in kind, subject and standard (two holes between
        the same grids) are told apart by ``-2``, ``-3`` … after the id, in the order given.
    """
    rows = pd.DataFrame(index=pd.RangeIndex(len(subject)))
    for name, said in (
        ("kind", kind),
        ("subject", subject),
        ("grid_code", grid_code),
        ("value", value),
        ("unit", unit),
        ("standard", standard),
        ("households", households),
    ):
        values = said if said is None or isinstance(said, str | float | int) else list(said)
        rows[name] = pd.Series(values, index=rows.index, dtype=_DTYPES.get(name, "str"))
    weight = rows["kind"].map(dict(weights)).astype("float64")
    rows["severity"] = rows["households"].astype("float64") * weight
    rows["as_of"] = pd.Series(
        pd.NaT if as_of is None else pd.Timestamp(as_of), index=rows.index, dtype="datetime64[us]"
    )
    ids = [
        finding_id(*said)
        for said in zip(rows["kind"], rows["subject"], rows["standard"], strict=True)
    ]
    again = pd.Series(ids, index=rows.index, dtype="str").groupby(ids).cumcount()
    rows.index = pd.Index(
        [name if n == 0 else f"{name}-{n + 1}" for name, n in zip(ids, again, strict=True)],
        name=FINDINGS.key,
        dtype="str",
    )
    shapes = [None] * len(rows) if geometry is None else list(geometry)
    return gpd.GeoDataFrame(rows, geometry=gpd.GeoSeries(shapes, index=rows.index, crs=crs))


def lived_in(households: pd.DataFrame | pd.Series) -> np.ndarray:
    """Tell in which dwellings somebody lives.

    Parameters
    ----------
    households : DataFrame or Series, shape (n,)
        ``lived_in`` may be absent or empty.

    Returns
    -------
    ndarray of bool, shape (n,)
        False only where the record says so.
    """
    if not isinstance(households, pd.DataFrame) or "lived_in" not in households:
        return np.ones(len(households), bool)
    return households["lived_in"].astype("boolean").fillna(True).to_numpy(dtype=bool)
