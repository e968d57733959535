"""Which grid is responsible, for more points than one machine holds."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from uuid import uuid4

import geopandas as gpd
import numpy as np

from gridgeo._version import __version__
from gridgeo.analysis.assign import HOW, Assigner
from gridgeo.analysis.assign_table import ANSWERS, Place, assign_table
from gridgeo.errors import ConflictError
from gridgeo.model.frames import GRIDS
from gridgeo.scale.cluster import Engine
from gridgeo.scale.parts import ROWS, Output, Part, PartReader, PartWriter, cut, digest_of

Progress = Callable[[float, str], None]

UNPLACED = "unplaced"
_KEY = GRIDS.key
_BATCH_ROWS = 524_288  # of a part in memory at a time


def assign_dataset(
    engine: Engine,
    points: Sequence[Path],
    place: Place,
    grids: gpd.GeoDataFrame,
    output: Path,
    nearest_within_m: float | None = None,
    progress: Progress | None = None,
    part_rows: int = ROWS,
) -> Counter[str]:
    """Add the responsible grid to each point of a Parquet data set, on a cluster.

    Parameters
    ----------
    engine : distributed.Client
        Of ``gridgeo.scale.cluster.cluster``. Its workers see the files under the same paths.
    points : sequence of Path
        Parquet files with the same columns, in the order their rows shall have.
    place : Place
        Where the points stand in them.
    grids : GeoDataFrame of Polygon or MultiPolygon
        Indexed by ``grid_code``; where several cover a point, the first in order is given.
    output : Path
        Folder to write: Parquet files whose names are in the order of the rows, with the columns
        of ``points`` and those of ``assign_table``.
    nearest_within_m : float, optional
        As in ``assign``.
    progress : callable, optional
        Called with the share done and how many rows that is.
    part_rows : int
        Least rows of a part; a row group is never divided.

    Returns
    -------
    Counter
        Rows by ``how``, which add up to those of ``points``; and how many of those in none have no
        point, under ``unplaced``.

    Raises
    ------
    ConflictError
        ``output`` is there and is no data set of ours, a file changed meanwhile, or the cluster
        went away.
    InputError
        A file cannot be read, or what was written has not its rows.

    Notes
    -----
    Parts are written whole. A worker that goes leaves its part to another; the same call again goes
    on with the parts that are missing, and does nothing when none is.
    """
    parts = cut(points, part_rows)
    given = list(_said(place, grids, nearest_within_m))
    work = Output(output, digest_of(parts, *given))
    total = sum(part.rows for part in parts)
    found: dict[Part, dict[str, int]] = {}

    def note(part: Part, told: dict[str, int]) -> None:
        found[part] = told
        done = sum(part.rows for part in found)
        if progress is not None:
            progress(done / max(total, 1), f"{done:,} of {total:,} points")

    work.prepare()
    for part in parts:
        if (told := work.told(part)) is not None:
            note(part, told)
    missing = [part for part in parts if part not in found]
    if missing:
        _share_out(engine, missing, place, grids, nearest_within_m, work, note)
    if digest_of(parts, *given) != work.digest:
        raise ConflictError(
            "The points changed while they were read.",
            hint="Run it again when nobody writes to them.",
            code="input.changed",
        )
    work.finish(parts)
    return Counter({what: sum(told[what] for told in found.values()) for what in (*HOW, UNPLACED)})


class Workers:
    """A cluster that answers for services, which do not know what it is made of.

    Parameters
    ----------
    engine : distributed.Client
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def assign(
        self,
        points: Sequence[Path],
        place: Place,
        grids: gpd.GeoDataFrame,
        output: Path,
        nearest_within_m: float | None = None,
        progress: Progress | None = None,
    ) -> Counter[str]:
        """Add the responsible grid to each point: see ``assign_dataset``."""
        return assign_dataset(
            self._engine, points, place, grids, output, nearest_within_m, progress
        )


def assign_part(
    part: Part, place: Place, assigner: Assigner, folder: Path, digest: str
) -> dict[str, int]:
    """Read, answer and write one part, a batch at a time.

    Parameters
    ----------
    part : Part
    place : Place
    assigner : Assigner
    folder : Path
        Where the part goes.
    digest : str
        Of the work it belongs to.

    Returns
    -------
    dict
        Rows by ``how``, and of those in none the ``unplaced`` ones.
    """
    counts, unplaced = np.zeros(len(HOW), np.int64), 0
    text = (_KEY, *ANSWERS)
    with (
        PartReader(part) as reader,
        PartWriter(folder, part, digest, text=text, **reader.style) as writer,
    ):
        for table in reader.tables(_BATCH_ROWS):
            answered = assign_table(assigner, table, place, _KEY)
            counts += answered.counts
            unplaced += answered.unplaced
            writer.write(answered.table)
        told = dict(zip(HOW, counts.tolist(), strict=True)) | {UNPLACED: unplaced}
        writer.finish(told)
    return told


def _share_out(
    engine: Engine,
    parts: Sequence[Part],
    place: Place,
    grids: gpd.GeoDataFrame,
    nearest_within_m: float | None,
    work: Output,
    note: Callable[[Part, dict[str, int]], None],
) -> None:
    from distributed import KilledWorker, as_completed
    from distributed.comm import CommClosedError

    # Made on a worker and fetched by the others: what is lost with a worker is made again, whereas
    # data scattered from here could only be lost.
    assigner = engine.submit(Assigner, grids, nearest_within_m, key=f"grids-{work.digest}")
    run = uuid4().hex
    waiting = {
        engine.submit(
            assign_part,
            part,
            place,
            assigner,
            work.folder,
            work.digest,
            key=f"{part.name}-{run}",
        ): part
        for part in parts
    }
    try:
        for future in as_completed(waiting):
            note(waiting[future], future.result())
    except (KilledWorker, CancelledError, CommClosedError) as error:
        raise ConflictError(
            f"The cluster went away ({type(error).__name__}) with parts not yet done.",
            hint="Run the same again: what is written stays, and the rest is done.",
            code="cluster.lost",
        ) from error
    finally:
        engine.cancel(list(waiting))


def _said(
    place: Place, grids: gpd.GeoDataFrame, nearest_within_m: float | None
) -> Iterator[bytes | str]:
    """All that the answers depend on, beside the points."""
    yield f"{__version__} {place.columns} {place.crs} {nearest_within_m} {grids.crs}"
    yield from map(str, grids.index)
    yield from (shape or b"" for shape in grids.geometry.to_wkb())
