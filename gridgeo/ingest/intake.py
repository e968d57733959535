"""Take a file in: rows that keep the layer's promise, and the others with their reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd

from gridgeo.errors import ContractError, ParameterError
from gridgeo.ingest.coerce import coerce, dates_without_hour, tightened, time_zone
from gridgeo.ingest.formats import open_source
from gridgeo.ingest.headers import personal_note
from gridgeo.ingest.names import PLACES, check_mapping, recognise, spellings, told
from gridgeo.ingest.notes import gathered
from gridgeo.ingest.places import Fault, Placed, place, to_rest_judged
from gridgeo.ingest.reasons import explain
from gridgeo.ingest.reference import crs_name
from gridgeo.ingest.rejects import cells_of_shapes
from gridgeo.ingest.source import DETECT, Source, listed
from gridgeo.ingest.spoilt import spoilt
from gridgeo.model.contract import Column, Contract

DUPLICATE = "duplicate-key"


@dataclass(frozen=True, eq=False)
class Intake:
    """What came of a file.

    Parameters
    ----------
    contract : Contract
        The layer it was read as.
    accepted : DataFrame or GeoDataFrame
        Rows that pass ``contract.check``, in the order of the file, in EPSG:4490 where the
        layer has a geometry. Only columns of the layer.
    rejects : DataFrame
        One row a fault, by row of the file, then in the order of the contract: ``row`` (data
        rows count from 1), ``field``, ``code``, ``reason_zh``, ``reason_en``, ``content`` (dict
        of the recognised cells as the file has them, by the file's headers).
    understood : tuple of (str, str)
        Ours, theirs.
    unused : tuple of str
        Headers that belong to no column of the layer. Nothing under them was taken in.
    rows_read : int
        Accepted rows and distinct rejected rows together.
    crs : str
        What the file's coordinates are in; empty for a layer without geometry.
    notes : tuple of str
        What was assumed, mended or dropped.
    """

    contract: Contract
    accepted: pd.DataFrame
    rejects: pd.DataFrame
    understood: tuple[tuple[str, str], ...]
    unused: tuple[str, ...]
    rows_read: int
    crs: str
    notes: tuple[str, ...]

    @property
    def rows_rejected(self) -> int:
        """How many rows of the file were refused."""
        return int(self.rejects["row"].nunique())


def read(
    path: Path | str,
    contract: Contract,
    mapping: Mapping[str, str] | None = None,
    crs: int | None = None,
    zone: str = "Asia/Shanghai",
    layer: str | None = None,
    encoding: str = DETECT,
    offset: str | None = None,
) -> Intake:
    """Read a vector or table file as a layer.

    Parameters
    ----------
    path : path
        Of a format in ``formats.FORMATS``.
    contract : Contract
        The layer it should become.
    mapping : mapping of str to str, optional
        Ours → theirs, for headers that are not recognised; ``lon``, ``lat``, ``x``, ``y`` and
        ``geometry`` (WKT) count as ours.
    crs : int, optional
        EPSG code of the coordinates where the file does not say it.
    zone : str
        Meaning of times that name no zone.
    layer : str, optional
        Layer of a file that has several.
    encoding : str
        Of a CSV file or of the texts in a Shapefile; ``detect`` tells UTF-8 and GB18030 apart.
    offset : str, optional
        ``gcj02`` or ``bd09``: the places are those of a web map and are brought back.

    Returns
    -------
    Intake
        Of rows with one key, the first that has no other fault is accepted. Borders that cross
        themselves are accepted: they are findings of the analyses, not of the intake.

    Raises
    ------
    InputError
        The file cannot be read, or its headers are ambiguous.
    ContractError
        The key or a required column is missing.
    CRSError
        The CRS is missing, unknown, or said twice and differently.
    ParameterError
        ``mapping`` names a column the layer does not have, ``zone`` or ``offset`` is none that
        exists, or a layer without places is to be brought back.
    """
    mapping = dict(mapping or {})
    check_mapping(mapping, contract)
    clock = time_zone(zone)
    if offset is not None and not contract.geometry:
        raise ParameterError(
            f"{contract.name} have no places that an offset could have moved.",
            hint="Leave --offset out.",
            fields=["offset"],
        )
    source = open_source(path, layer=layer, prefer=contract.name, encoding=encoding)
    theirs = recognise(source.headers, spellings(contract), mapping, source.name)
    _require(contract, theirs, source)
    placed = place(source, contract.geometry, mapping, crs) if contract.geometry else None

    asked = [Column(contract.key, "text", required=True), *contract.columns]
    columns = [column for column in asked if column.name in theirs]
    written = source.table[[theirs[column.name] for column in columns]]
    written.columns = pd.Index([column.name for column in columns])
    frame, faults = _coerced(written, columns, clock)
    notes = _midnight_notes(written, columns, clock)
    if placed is None:
        notes += source.notes
    else:
        shapes, place_faults, place_notes = to_rest_judged(placed, source.name, offset)
        frame = gpd.GeoDataFrame(frame, geometry=shapes)
        faults += place_faults
        notes += place_notes
    faults = _judged(frame, contract, faults)
    accepted = frame[~frame.index.isin([row for row, _, _ in faults])]
    accepted = accepted.assign(**{c.name: tightened(accepted[c.name]) for c in columns})
    faults += [(row, "", "ragged") for row in source.ragged]
    understood = tuple(theirs.items()) + (placed.understood if placed else ())
    used = {header for _, header in understood}
    unused = tuple(header for header in source.headers if header not in used)
    notes += personal_note(unused, contract.name)
    return Intake(
        contract,
        accepted.set_index(contract.key),
        _table(faults, contract, source, understood, placed),
        understood,
        unused,
        source.rows,
        "" if placed is None else crs_name(placed.shapes.crs),
        gathered(notes),
    )


def _require(contract: Contract, theirs: Mapping[str, str], source: Source) -> None:
    needed = [contract.key, *(column.name for column in contract.columns if column.required)]
    absent = [name for name in needed if name not in theirs]
    if absent:
        maps = " ".join(f"--map {name}=THEIRS" for name in absent)
        found, hint = told(source.headers, f"Say which it is: {maps}.")
        raise ContractError(
            f"{source.name} has no column for {listed(absent)}, which {contract.name} needs; "
            f"{found}.",
            hint=hint,
            code="contract.columns",
            fields=absent,
        )


def _coerced(
    written: pd.DataFrame, columns: list[Column], zone: ZoneInfo
) -> tuple[pd.DataFrame, list[Fault]]:
    """Turn each column into its kind, and name what cannot be turned or kept."""
    frame = pd.DataFrame(index=written.index)
    faults: list[Fault] = []
    for column in columns:
        name, values = column.name, written[column.name]
        frame[name], lost = coerce(values, column, zone)
        codes = spoilt(values, lost, column)
        bad = codes[codes != ""]
        faults += [(int(row), name, code) for row, code in zip(bad.index, bad, strict=True)]
    return frame, faults


def _judged(frame: pd.DataFrame, contract: Contract, known: list[Fault]) -> list[Fault]:
    """Add the contract's faults to those known; of rows with one key the first sound one stays."""
    rows = frame.index.to_numpy()
    told = {(row, name) for row, name, _ in known}
    told |= {(row, "geometry") for row, name, _ in known if name in PLACES}
    found = contract.faults(frame.set_index(contract.key))
    faults = known + [
        (row, name, code)
        for row, name, code in zip(
            rows[found["position"]].tolist(), found["field"], found["code"], strict=True
        )
        if code != DUPLICATE and (row, name) not in told
    ]
    keys = frame[contract.key]
    shared = keys[keys.duplicated(keep=False)]
    first = shared[~shared.index.isin([row for row, _, _ in faults])].drop_duplicates()
    doubled = shared.index[shared.isin(first) & ~shared.index.isin(first.index)]
    return faults + [(int(row), contract.key, DUPLICATE) for row in doubled]


def _table(
    faults: list[Fault],
    contract: Contract,
    source: Source,
    understood: tuple[tuple[str, str], ...],
    placed: Placed | None,
) -> pd.DataFrame:
    """Lay out the refused rows with what the file says in them."""
    order = [contract.key, *(column.name for column in contract.columns), *PLACES]
    faults = sorted(faults, key=lambda f: (f[0], order.index(f[1]) if f[1] else -1))
    rows = source.table.index.intersection(pd.Index([row for row, _, _ in faults], dtype="int64"))
    cells = source.table.loc[rows, list(dict.fromkeys(header for _, header in understood))]
    if placed is not None and source.shapes is not None:
        cells = cells.join(cells_of_shapes(placed.shapes.loc[rows]))
    cells = cells.astype(object).where(cells.notna(), None)
    content: dict[Any, Any] = dict(zip(rows, cells.to_dict("records"), strict=True))
    reasons = [explain(contract, name, code) for _, name, code in faults]
    return pd.DataFrame(
        {
            "row": pd.Series([row for row, _, _ in faults], dtype="int64"),
            "field": pd.Series([name for _, name, _ in faults], dtype="str"),
            "code": pd.Series([code for _, _, code in faults], dtype="str"),
            "reason_zh": pd.Series([zh for zh, _ in reasons], dtype="str"),
            "reason_en": pd.Series([en for _, en in reasons], dtype="str"),
            "content": pd.Series([content.get(row, {}) for row, _, _ in faults], dtype=object),
        }
    )


def _midnight_notes(
    written: pd.DataFrame, columns: list[Column], zone: ZoneInfo
) -> tuple[str, ...]:
    times = [column.name for column in columns if column.kind == "time"]
    counts = {name: dates_without_hour(written[name]) for name in times}
    return tuple(
        f"{count} values of {name} are dates without an hour; they are taken as 00:00 {zone.key}."
        for name, count in counts.items()
        if count
    )
