"""Take a file in, whole or not at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from gridgeo.errors import ParameterError
from gridgeo.ingest.formats import fingerprint
from gridgeo.ingest.intake import Intake, read
from gridgeo.ingest.offset import offset_named
from gridgeo.ingest.rejects import write_rejects
from gridgeo.model.contract import Contract
from gridgeo.model.frames import LAYERS
from gridgeo.model.records import FeedIn, FeedResult, Part


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
        # Feeds from before there were offsets must still count as repeated.
        moved = {} if self.offset is None else {"offset": offset_named(self.offset)}
        return moved | {
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


def understand(asked: Asked) -> Intake:
    """Read a file as a layer, without taking it in.

    Raises
    ------
    InputError, ContractError, CRSError, ParameterError
        As ``ingest.read``.
    """
    return read(
        asked.path,
        asked.contract(),
        mapping=asked.mapping,
        crs=asked.crs,
        zone=asked.zone,
        encoding=asked.encoding,
        offset=asked.offset,
    )


def import_file(
    store: ImportStore,
    asked: Asked,
    *,
    now: datetime,
    who: str,
) -> tuple[Intake, FeedResult]:
    """Read a file and take it in, in one transaction.

    Parameters
    ----------
    store : ImportStore
    asked : Asked
    now : datetime
        With a time zone: when it is taken in.
    who : str
        Who takes it in.

    Returns
    -------
    intake : Intake
        What was understood and refused.
    result : FeedResult
        What changed; ``repeated`` when the same file came before, read the same way.

    Notes
    -----
    The fingerprint is taken before the file is read, so that a file that grows meanwhile is
    never mistaken for one that was taken in whole.
    """
    feed = _feed(asked, now, who)
    intake = understand(asked)
    part = Part(intake.accepted, intake.rejects, intake.rows_read)
    return intake, store.take_in(asked.contract(), [part], feed)


def import_new(store: ImportStore, asked: Asked, *, now: datetime, who: str) -> FeedResult:
    """Take a file in as ``import_file`` does; do not even read it where that changes nothing."""
    known = store.repeated(asked.contract(), _feed(asked, now, who))
    return known or import_file(store, asked, now=now, who=who)[1]


def _feed(asked: Asked, now: datetime, who: str) -> FeedIn:
    return FeedIn(
        file_name=asked.path.name,
        sha256=fingerprint(asked.path),
        imported_at=now,
        imported_by=who,
        params=asked.reading(),
        department=asked.department,
        valid_from=asked.valid_from,
    )


__all__ = [
    "Asked",
    "FeedResult",
    "Intake",
    "import_file",
    "import_new",
    "understand",
    "write_rejects",
]
