"""Take a file in, whole or not at all."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import geopandas as gpd

from gridgeo.errors import ParameterError
from gridgeo.ingest.formats import fingerprint
from gridgeo.ingest.intake import Reading
from gridgeo.ingest.known import PREFIXES, Directory
from gridgeo.ingest.offset import offset_named
from gridgeo.ingest.rejects import RejectFile
from gridgeo.ingest.watch import MOST_ROWS, Known, OffsetWatch
from gridgeo.model.contract import Contract
from gridgeo.model.frames import (
    ADDRESSES,
    FIXES,
    GRIDS,
    HOUSEHOLDS,
    LAYERS,
    STREETS,
    VILLAGES,
)
from gridgeo.model.records import FeedIn, FeedResult, Part
from gridgeo.services.duty_hours import DutyHours
from gridgeo.services.sources import Frame

Told = Callable[[float, str], None]


@dataclass(frozen=True)
class Asked:
    """How a file is to be read.

    Parameters
    ----------
    layer : str
        A name of ``LAYERS``.
    path : Path
    mapping : mapping of str to str
        Our column → the file's header, where it is not recognised.
    crs : int or None
        EPSG code where the file does not say it.
    encoding : str
        Of a CSV file or of the texts in a Shapefile; ``detect`` tells UTF-8 and GB18030 apart.
    zone : str
        Meaning of times that name no zone.
    valid_from : date or None
        First day of grids that say none themselves.
    department : str or None
        Where the file came from.
    offset : str or None
        ``gcj02`` or ``bd09``: the web map whose places the file holds.
    sheet : str or None
        Layer or sheet of a file that has several.
    purpose, basis : str or None
        What the data is kept for, and the law or agreement that allows it.
    data_as_of : date or None
        The day the file describes, where its rows do not tell when they happened.
    prefixes : tuple of str
        What offices write before an address, or leave out: province, city, county.
    """

    layer: str
    path: Path
    mapping: Mapping[str, str]
    crs: int | None = None
    encoding: str = "detect"
    zone: str = "Asia/Shanghai"
    valid_from: date | None = None
    department: str | None = None
    offset: str | None = None
    sheet: str | None = None
    purpose: str | None = None
    basis: str | None = None
    data_as_of: date | None = None
    prefixes: tuple[str, ...] = PREFIXES

    def contract(self) -> Contract:
        """Give the layer's contract.

        Raises
        ------
        ParameterError
            There is no such layer; all are named.
        """
        if self.layer not in LAYERS:
            raise ParameterError(
                f"{self.layer!r} is no layer; there are {', '.join(LAYERS)}.", fields=["layer"]
            )
        return LAYERS[self.layer]

    def reading(self) -> dict[str, Any]:
        """Give all that makes this reading of the file differ from another.

        Raises
        ------
        ParameterError
            There is no such offset.
        """
        # Feeds from before there were these must still count as repeated.
        later = {} if self.offset is None else {"offset": offset_named(self.offset)}
        later |= {} if self.sheet is None else {"sheet": self.sheet}
        return later | {
            "mapping": dict(self.mapping),
            "crs": self.crs,
            "encoding": self.encoding,
            "zone": self.zone,
        }


class ImportStore(Protocol):
    """The part of the store that takes files in."""

    def take_in(self, contract: Contract, parts: Iterable[Part], feed: FeedIn) -> FeedResult:
        """Take in a file: all of it, or nothing."""
        ...

    def repeated(self, contract: Contract, feed: FeedIn) -> FeedResult | None:
        """Tell whether this file is what the layer's latest feed brought."""
        ...

    def frame(
        self,
        contract: Contract,
        *,
        as_of: date | None = None,
        ids: Iterable[str] | None = None,
    ) -> Frame:
        """Give what is known of a layer."""
        ...


@dataclass(frozen=True, eq=False)
class Imported:
    """What came of a file that was taken in.

    Parameters
    ----------
    reading : Reading
        What was understood, counted and refused.
    notes : tuple of str
        What was assumed, mended, dropped or is suspected, some with ``.zh``.
    result : FeedResult
        What changed.
    """

    reading: Reading
    notes: tuple[str, ...]
    result: FeedResult


def known_places(store: ImportStore, day: date, prefixes: tuple[str, ...]) -> Directory:
    """Give what a store knows of places on a day: addresses, and grids in force."""
    return Directory(store.frame(ADDRESSES), store.frame(GRIDS, as_of=day), prefixes)


def understand(
    asked: Asked,
    *,
    directory: Callable[[], Directory] | None = None,
    told: Told | None = None,
    rejects: RejectFile | None = None,
) -> Reading:
    """Read a file as a layer, without taking it in.

    Parameters
    ----------
    asked : Asked
    directory : callable, optional
        Gives what is known of places (``known_places``), where a row has no coordinates. Without
        it such rows are refused.
    told : callable, optional
        Told the share done, 0 to 1, and a few words.
    rejects : RejectFile, optional
        Takes the refused rows.

    Returns
    -------
    Reading
        Read to its end.

    Raises
    ------
    InputError, ContractError, CRSError, ParameterError
        As ``ingest.intake.Reading``.
    """
    reading = _open(asked, directory)
    for _ in _followed(reading, asked, None, told, rejects):
        pass
    return reading


def import_file(
    store: ImportStore,
    asked: Asked,
    *,
    now: datetime,
    who: str,
    told: Told | None = None,
    rejects: RejectFile | None = None,
) -> Imported:
    """Read a file and take it in, in one transaction.

    Parameters
    ----------
    store : ImportStore
    asked : Asked
    now : datetime
        With a time zone: when it is taken in.
    who : str
        Who takes it in.
    told, rejects
        As for ``understand``.

    Returns
    -------
    Imported
        Its result is ``repeated`` when the same file came before, read the same way; then it was
        read only where ``rejects`` wanted its refused rows. Of fixes only those taken in duty
        hours go in, and its notes say how many did not.

    Notes
    -----
    The fingerprint is taken before the file is read, so that a file that grows meanwhile is
    never mistaken for one that was taken in whole.
    """
    feed, contract = _feed(asked, now, who), asked.contract()
    day = now.astimezone(ZoneInfo(asked.zone)).date()
    reading = _open(asked, lambda: known_places(store, day, asked.prefixes))
    watch = _Watch(store, contract, day) if asked.offset is None else None
    hours = DutyHours(store, now) if contract is FIXES else None
    try:
        parts = _followed(reading, asked, watch, told, rejects)
        if hours is not None:
            parts = map(hours.kept, parts)
        result = store.take_in(contract, parts, feed)
        if result.repeated and rejects is not None:
            for _ in parts:
                pass
    finally:
        reading.close()
    said = (*reading.notes, *(watch.said() if watch is not None else ()))
    return Imported(reading, said if hours is None else (*said, *hours.said()), result)


def import_new(
    store: ImportStore, asked: Asked, *, now: datetime, who: str, told: Told | None = None
) -> FeedResult:
    """Take a file in as ``import_file`` does; do not even open it where that changes nothing."""
    known = store.repeated(asked.contract(), _feed(asked, now, who))
    if known is not None:
        return known
    return import_file(store, asked, now=now, who=who, told=told).result


def _open(asked: Asked, directory: Callable[[], Directory] | None) -> Reading:
    return Reading(
        asked.path,
        asked.contract(),
        mapping=asked.mapping,
        crs=asked.crs,
        zone=asked.zone,
        layer=asked.sheet,
        encoding=asked.encoding,
        offset=asked.offset,
        directory=directory,
    )


def _followed(
    reading: Reading,
    asked: Asked,
    watch: "_Watch | None",
    told: Told | None,
    rejects: RejectFile | None,
) -> Iterator[Part]:
    """Give the parts of a file, seen by all who want to see them."""
    for part in reading:
        if watch is not None:
            watch.look(part.accepted)
        if rejects is not None:
            rejects.add(part.refused, asked.path.name)
        if told is not None:
            told(0.9 * reading.share, f"{reading.rows_read:,} rows")
        yield part


class _Watch:
    """Looks for an offset that nobody said, against what the store knows of places."""

    def __init__(self, store: ImportStore, contract: Contract, day: date) -> None:
        self._store, self._contract, self._day = store, contract, day
        self._watch: OffsetWatch | None = None

    def look(self, frame: Frame) -> None:
        """Look at the places of a part."""
        if self._contract.geometry != ("Point",) or not len(frame):
            return
        if self._watch is None:
            self._watch = OffsetWatch(self._known(frame))
        self._watch.look(frame)

    def said(self) -> tuple[str, ...]:
        """Say what is suspected, if anything."""
        note = None if self._watch is None else self._watch.said()
        return () if note is None else (note,)

    def _known(self, frame: gpd.GeoDataFrame) -> Known:
        give, first = self._store.frame, frame.head(MOST_ROWS)
        doors = first["address_id"].dropna().unique() if "address_id" in first else []
        return Known(
            grids=give(GRIDS, as_of=self._day),
            villages=give(VILLAGES),
            streets=give(STREETS),
            addresses=give(ADDRESSES, ids=doors) if len(doors) else None,
            households=give(HOUSEHOLDS, ids=first.index) if self._contract is HOUSEHOLDS else None,
        )


def _feed(asked: Asked, now: datetime, who: str) -> FeedIn:
    as_of = asked.data_as_of
    return FeedIn(
        file_name=asked.path.name,
        sha256=fingerprint(asked.path),
        imported_at=now,
        imported_by=who,
        params=asked.reading(),
        department=asked.department,
        valid_from=asked.valid_from,
        purpose=asked.purpose,
        lawful_basis=asked.basis,
        data_as_of=None if as_of is None else datetime.combine(as_of, time(), ZoneInfo(asked.zone)),
    )


__all__ = [
    "Asked",
    "Directory",
    "FeedResult",
    "ImportStore",
    "Imported",
    "Reading",
    "RejectFile",
    "import_file",
    "import_new",
    "known_places",
    "understand",
]
