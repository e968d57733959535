"""Take a file in: rows that keep the layer's promise, and the others with their reasons."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.errors import ContractError, ParameterError
from gridgeo.ingest.coerce import coerce, dates_without_hour, tightened, time_zone
from gridgeo.ingest.elsewhere import CODES, Elsewhere
from gridgeo.ingest.formats import open_batches
from gridgeo.ingest.headers import personal_note
from gridgeo.ingest.known import Directory
from gridgeo.ingest.made_key import made_key
from gridgeo.ingest.names import PLACES, check_mapping, recognise, spellings, told
from gridgeo.ingest.notes import Note, gathered
from gridgeo.ingest.places import Fault, Placed, Placer, to_rest_judged
from gridgeo.ingest.reasons import explain
from gridgeo.ingest.reference import crs_name
from gridgeo.ingest.rejects import cells_of_shapes
from gridgeo.ingest.seen import Seen, hashed
from gridgeo.ingest.source import BATCH_ROWS, DETECT, How, Source, listed
from gridgeo.ingest.spoilt import spoilt
from gridgeo.model.contract import Column, Contract
from gridgeo.model.records import Part

DUPLICATE, ENDED = "duplicate-key", "ends-before-it-begins"
SPANS = (("valid_from", "valid_to"), ("starts_at", "ends_at"))


class Reading:
    """A file read as a layer, part by part, so that it need never be in memory as a whole.

    Parameters
    ----------
    path : path
        Of a format in ``formats.FORMATS``.
    contract : Contract
        The layer it should become.
    mapping : mapping of str to str, optional
        Ours → theirs, for headers that are not recognised; ``lon``, ``lat``, ``x``, ``y`` and
        ``geometry`` (WKT) count as ours, and so does ``address`` where a place may be told by it.
    crs : int, optional
        EPSG code of the coordinates where the file does not say it.
    zone : str
        Meaning of times that name no zone.
    layer : str, optional
        Layer or sheet of a file that has several.
    encoding : str
        Of a CSV file or of the texts in a Shapefile; ``detect`` tells UTF-8 and GB18030 apart.
    offset : str, optional
        ``gcj02`` or ``bd09``: the places are those of a web map and are brought back.
    directory : callable, optional
        Gives what is known of places; asked once, when a row without coordinates is met. Without
        it such rows are refused.
    batch_rows : int or None
        Most rows of a part; None reads the file as one.

    Attributes
    ----------
    contract : Contract
    understood : tuple of (str, str)
        Ours, theirs.
    unused : tuple of str
        Headers that belong to no column of the layer. Nothing under them is taken in.
    crs : str
        What the file's coordinates are in; empty for a layer without geometry.
    rows_read, rows_accepted, rows_rejected : int
        Rows so far.
    share : float
        How much of the file is read, 0 to 1.
    first_faults : DataFrame
        Of the first part that has any, at most five.

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

    Notes
    -----
    Of rows with one key the first that has no other fault is accepted. Where a file may lack the
    key, it is made of other columns: see ``made_key``. Borders that cross themselves are accepted:
    they are findings of the analyses, not of the intake.
    """

    def __init__(
        self,
        path: Path | str,
        contract: Contract,
        mapping: Mapping[str, str] | None = None,
        crs: int | None = None,
        zone: str = "Asia/Shanghai",
        layer: str | None = None,
        encoding: str = DETECT,
        offset: str | None = None,
        directory: Callable[[], Directory] | None = None,
        batch_rows: int | None = BATCH_ROWS,
    ) -> None:
        mapping = dict(mapping or {})
        check_mapping(mapping, contract)
        self.contract, self._offset = contract, offset
        self._clock = time_zone(zone)
        if offset is not None and not contract.geometry:
            raise ParameterError(
                f"{contract.name} have no places that an offset could have moved.",
                hint="Leave --offset out.",
                fields=["offset"],
            )
        self._batches = open_batches(path, How(layer, contract.name, encoding, "", batch_rows))
        try:
            self._understand(self._batches.first, mapping, crs, directory)
        except BaseException:
            self._batches.close()
            raise
        self.rows_read = self.rows_accepted = self.rows_rejected = 0
        self.share, self.crs = 0.0, ""
        self.first_faults = pd.DataFrame()
        self._seen = Seen()
        self._notes: list[str] = []

    def _understand(
        self,
        source: Source,
        mapping: Mapping[str, str],
        crs: int | None,
        directory: Callable[[], Directory] | None,
    ) -> None:
        contract = self.contract
        theirs = recognise(source.headers, spellings(contract), mapping, source.name)
        _require(contract, theirs, source)
        asked = [Column(contract.key, "text", required=True), *contract.columns]
        self._theirs = theirs
        self._keyless = contract.key not in theirs
        self._columns = [column for column in asked if column.name in theirs]
        self._elsewhere = Elsewhere.of(source, contract, mapping, theirs, directory)
        self._placer: Placer | None = None
        placed: tuple[tuple[str, str], ...] = ()
        if contract.geometry:
            elsewhere = self._elsewhere is not None and self._elsewhere.told
            self._placer = Placer(source, contract.geometry, mapping, crs, elsewhere=elsewhere)
            placed = self._placer.understood
        if self._elsewhere is not None:
            placed += self._elsewhere.understood
        self.understood = tuple(theirs.items()) + placed
        used = {header for _, header in self.understood}
        self.unused = tuple(header for header in source.headers if header not in used)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed, mended or dropped so far: ``Note`` or str."""
        return gathered([*self._notes, *personal_note(self.unused, self.contract.name)])

    def close(self) -> None:
        """Let go of the file, however far it was read."""
        self._batches.close()

    def __iter__(self) -> Iterator[Part]:
        """Give the parts, once, in the order of the file.

        Yields
        ------
        Part
            Accepted rows pass ``contract.check`` and have only columns of the layer, in EPSG:4490
            where it has a geometry. Refused rows are one row a fault, by row of the file, then
            in the order of the contract; their ``content`` is the recognised cells as the file
            has them, by the file's headers.
        """
        with closing(self._batches):
            for source in self._batches:
                part = self._part(source)
                self.rows_read += part.rows_read
                self.rows_accepted += len(part.accepted)
                self.rows_rejected += part.rejected
                self.share = source.share
                if not len(self.first_faults):
                    self.first_faults = part.refused.head()
                yield part

    def _part(self, source: Source) -> Part:
        written = source.table[[self._theirs[column.name] for column in self._columns]]
        written.columns = pd.Index([column.name for column in self._columns])
        frame, faults = self._coerced(written)
        if self._keyless:
            frame.insert(0, self.contract.key, made_key(frame, self.contract))
        shapes: gpd.GeoSeries | None = None
        if self._placer is None:
            self._notes += source.notes
        else:
            placed = self._placer.place(source)
            shapes = placed.shapes if source.shapes is not None else None
            frame, place_faults = self._placed(frame, placed, source)
            faults += place_faults
            self.crs = self.crs or crs_name(placed.shapes.crs)
        faults = self._judged(frame, faults)
        accepted = frame
        if faults:
            accepted = frame[~frame.index.isin([row for row, _, _ in faults])]
        accepted = accepted.assign(**{c.name: tightened(accepted[c.name]) for c in self._columns})
        faults += [(row, "", "ragged") for row in source.ragged]
        refused = _table(faults, self.contract, source, self.understood, shapes)
        return Part(accepted.set_index(self.contract.key), refused, source.rows)

    def _coerced(self, written: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
        """Turn each column into its kind, and name what cannot be turned or kept."""
        turned: dict[str, pd.Series] = {}
        faults: list[Fault] = []
        for column in self._columns:
            name, values = column.name, written[column.name]
            turned[name], lost = coerce(values, column, self._clock)
            codes = spoilt(values, lost, column)
            bad = codes[codes != ""]
            faults += [(int(row), name, code) for row, code in zip(bad.index, bad, strict=True)]
            if column.kind == "time":
                self._notes.append(self._midnight(name, dates_without_hour(values)))
        for begin, end in SPANS:
            if begin in turned and end in turned:
                over = turned[end] <= turned[begin]
                faults += [(int(row), end, ENDED) for row in written.index[over]]
        return pd.DataFrame(turned, index=written.index), faults

    def _placed(
        self, frame: pd.DataFrame, placed: Placed, source: Source
    ) -> tuple[gpd.GeoDataFrame, list[Fault]]:
        """Give the rows their places at rest: by coordinates, or else by what is known."""
        shapes, faults, notes = to_rest_judged(placed, source.name, self._offset)
        self._notes += notes
        if self._elsewhere is not None:
            named = {row for row, _, _ in faults}
            found = self._elsewhere.place(frame, shapes, source, named)
            shapes, frame = found.shapes, frame.assign(placed_by=found.placed_by)
            faults += found.faults
            self._notes += found.notes
        return gpd.GeoDataFrame(frame, geometry=shapes), faults

    def _judged(self, frame: pd.DataFrame, known: list[Fault]) -> list[Fault]:
        """Add the contract's faults to those known; of rows with one key the first sound stays."""
        contract, rows = self.contract, frame.index.to_numpy()
        told = {(row, name) for row, name, _ in known}
        told |= {(r, "geometry") for r, name, code in known if name in PLACES or code in CODES}
        if self._keyless:  # a key that cannot be made is the fault of what it is made of
            told |= {(row, contract.key) for row in rows[frame[contract.key].isna()].tolist()}
        found = contract.faults(frame.set_index(contract.key))
        faults = known + [
            (row, name, code)
            for row, name, code in zip(
                rows[found["position"]].tolist(), found["field"], found["code"], strict=True
            )
            if code != DUPLICATE and (row, name) not in told
        ]
        doubled = self._doubled(frame, [row for row, _, _ in faults])
        return faults + [(int(row), contract.key, DUPLICATE) for row in rows[doubled]]

    def _doubled(self, frame: pd.DataFrame, faulty: list[int]) -> np.ndarray:
        """Tell which rows come after a sound one of their key, and remember the sound ones."""
        keys = frame[self.contract.key]
        given = keys.notna().to_numpy()
        sound = given & ~frame.index.isin(faulty)
        marks = hashed(keys)
        before = given & self._seen.have(marks)
        codes, distinct = pd.factorize(keys)
        order = np.arange(len(keys))
        first = np.full(len(distinct) + 1, len(keys))  # the last is what missing keys pick
        np.minimum.at(first, codes[sound], order[sound])
        doubled: np.ndarray = before | (given & (order > first[codes]))
        self._seen.add(marks[sound & ~doubled])
        return doubled

    def _midnight(self, name: str, count: int) -> Note:
        return Note(
            f"Values of {name} that are dates without an hour, taken as 00:00 "
            f"{self._clock.key}: {{0:,}}.",
            f"{name}中只有日期没有时刻的值按{self._clock.key} 00:00读入:{{0:,}}个。",
            (count,),
        )


@dataclass(frozen=True, eq=False)
class Intake:
    """What came of a file that was read whole.

    Parameters
    ----------
    contract : Contract
        The layer it was read as.
    accepted, rejects : DataFrame or GeoDataFrame
        As ``Part.accepted`` and ``Part.refused``.
    understood, unused, crs, notes
        As of ``Reading``.
    rows_read : int
        Accepted rows and distinct rejected rows together.
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


def read(path: Path | str, contract: Contract, **how: Any) -> Intake:  # noqa: ANN401
    """Read a file whole as a layer.

    Parameters
    ----------
    path, contract, **how
        As of ``Reading``.

    Returns
    -------
    Intake

    Raises
    ------
    InputError, ContractError, CRSError, ParameterError
        As ``Reading``.
    """
    reading = Reading(path, contract, **how, batch_rows=None)
    (part,) = reading
    return Intake(
        contract,
        part.accepted,
        part.refused,
        reading.understood,
        reading.unused,
        part.rows_read,
        reading.crs,
        reading.notes,
    )


def _require(contract: Contract, theirs: Mapping[str, str], source: Source) -> None:
    key = [] if contract.key_from else [contract.key]
    needed = key + [column.name for column in contract.columns if column.required]
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


def _table(
    faults: list[Fault],
    contract: Contract,
    source: Source,
    understood: tuple[tuple[str, str], ...],
    shapes: gpd.GeoSeries | None,
) -> pd.DataFrame:
    """Lay out the refused rows with what the file says in them."""
    order = [contract.key, *(column.name for column in contract.columns), "address", *PLACES]
    faults = sorted(faults, key=lambda f: (f[0], order.index(f[1]) if f[1] else -1))
    rows = source.table.index.intersection(pd.Index([row for row, _, _ in faults], dtype="int64"))
    cells = source.table.loc[rows, list(dict.fromkeys(header for _, header in understood))]
    cells = cells.astype(object).where(cells.notna(), None)
    content: dict[Any, dict[Any, Any]] = dict(zip(rows, cells.to_dict("records"), strict=True))
    if shapes is not None:
        for row, place in cells_of_shapes(shapes.loc[rows], contract.geometry).items():
            content[row] |= place
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
