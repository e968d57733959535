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
from gridgeo.model.people import PERSONS_PER_HOUSEHOLD

# Severity of one person concerned for one day, by kind: our choice, to be replaced by a city's own.
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
    "unreachable": 1.0,
    "access": 0.3,
    "visit-overdue": 0.5,
    "never-visited": 1.0,
    "over-contact": 0.1,
    "patrol": 0.2,
    "patrol-share": 0.1,
    "silent": 0.5,
    "unanswered": 0.3,
    "response": 0.3,
    "seam": 0.2,
    "records": 0.1,
}

# Each row of these kinds is one household: it leaves the house only merged into k-safe cells.
HOUSEHOLD_KINDS = (
    "orphan",
    "outside-household",
    "doubled",
    "mismatch",
    "reach",
    "unreachable",
    "access",
    "visit-overdue",
    "never-visited",
    "over-contact",
)

# A share of incidents is judged, and told in tenths, only where it is one of so many.
LEAST_OF_SHARE = 50


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
        Column("persons", "float", low=0, zh="涉及人数", en="persons concerned, as estimated"),
        Column("days", "int", low=1, zh="持续天数", en="days it has lasted, the first one counted"),
        Column(
            "severity",
            "float",
            low=0,
            zh="严重程度",
            en="persons concerned × days × weight of the kind",
        ),
        Column("as_of", "date", zh="截至", en="day the finding holds for"),
    ),
    zh="盲点台账",
    en="blind-spot register",
)


# One value for all rows, or one a row.
PerRow = str | float | int | Iterable

_DTYPES = {"value": "float64", "households": "Int64", "persons": "float64", "days": "Int64"}


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
    persons: PerRow | None = None,
    days: PerRow | None = None,
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
    persons : optional
        People concerned; ``households`` × ``PERSONS_PER_HOUSEHOLD`` where not known.
    days : optional
        How long it has lasted, as far as the evidence itself tells; 1 where it does not.
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
        Keeps ``FINDINGS``. ``severity`` = ``persons`` × ``days`` × weight, ``nan`` where nobody
        knows who is concerned. Rows alike in kind, subject and standard (two holes between
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
        ("persons", persons),
        ("days", days),
    ):
        values = said if said is None or isinstance(said, str | float | int) else list(said)
        rows[name] = pd.Series(values, index=rows.index, dtype=_DTYPES.get(name, "str"))
    estimate = rows["households"].astype("float64") * PERSONS_PER_HOUSEHOLD
    rows["persons"] = rows["persons"].fillna(estimate)
    rows["days"] = rows["days"].fillna(1)
    rows["severity"] = severity(rows, weights)
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


def severity(rows: pd.DataFrame, weights: Mapping[str, float] = KIND_WEIGHTS) -> pd.Series:
    """Weigh findings against each other.

    Parameters
    ----------
    rows : DataFrame, shape (n,)
        ``kind``, ``persons`` and ``days``.
    weights : mapping, optional
        Severity of one person concerned for one day, by kind.

    Returns
    -------
    Series of float64, shape (n,)
        ``persons`` × ``days`` × weight; ``nan`` where one of them is not known.
    """
    weight = rows["kind"].map(dict(weights)).astype("float64")
    persons, days = (pd.to_numeric(rows[n]).astype("Float64") for n in ("persons", "days"))
    return (persons * days * weight).astype("float64")


def lasting(rows: gpd.GeoDataFrame, opened_on: pd.Series, as_of: dt.date) -> gpd.GeoDataFrame:
    """Let findings that were known before last since then.

    Parameters
    ----------
    rows : GeoDataFrame, shape (n,)
        Findings of a day, as ``make_findings`` gives them.
    opened_on : Series of datetime64
        By ``finding_id``: the day on which each was first found. Others are new.
    as_of : date
        The day of ``rows``.

    Returns
    -------
    GeoDataFrame, shape (n,)
        ``rows`` with ``days`` as many as the evidence tells or as passed since ``opened_on``,
        both days counted, whichever is more; ``severity`` grows in proportion.
    """
    known = opened_on.reindex(rows.index)
    since = (pd.Timestamp(as_of) - known).dt.days + 1
    days = rows["days"].astype("float64")
    more = since.where(since > days, days).round()
    grown = rows["severity"] * (more / days)
    return rows.assign(
        days=more.astype("Int64"), severity=grown.where(more > days, rows["severity"])
    )
