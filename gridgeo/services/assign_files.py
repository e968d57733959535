"""Add the responsible grid to the points of a file: from none to more than memory holds."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from gridgeo._version import __version__
from gridgeo.analysis.assign import HOW, Assigner
from gridgeo.analysis.assign_table import answer_columns, answer_schema
from gridgeo.errors import GridgeoError, ParameterError
from gridgeo.ingest.formats import require_file
from gridgeo.ingest.geojson_lines import SEQUENCES
from gridgeo.ingest.source import unusable
from gridgeo.model.crs import moved, to_metric
from gridgeo.model.files import FORMATS, write_frame
from gridgeo.model.frames import GRIDS
from gridgeo.services.assign_lines import LineCopy
from gridgeo.services.assign_parquet import ParquetCopy
from gridgeo.services.points_in import ParquetPoints, Points, open_points
from gridgeo.services.points_out import CsvWriter, LineWriter, ParquetWriter, Writer
from gridgeo.services.sources import as_it_is
from gridgeo.services.unfinished import Step, Unfinished, changed

STREAMED = (".parquet", ".csv", *SEQUENCES)
MANY = 5_000_000  # rows beyond which what must be whole in memory is refused
_KEY = GRIDS.key

Told = Callable[[float, str], None]


@dataclass(frozen=True)
class Answered:
    """What came of it.

    Parameters
    ----------
    rows : int
    ways : dict of str to int
        Rows by how they were answered, those that are none left out.
    unplaced : int
        Rows without a readable point; they are among those in no grid.
    behind : int
        Rows that an earlier call, which was interrupted, had done.
    """

    rows: int
    ways: dict[str, int] = field(default_factory=dict)
    unplaced: int = 0
    behind: int = 0


class Job(Protocol):
    """One way from a file to another."""

    @property
    def rows_read(self) -> int:
        """Count the rows of the input."""
        ...

    def steps(self, at: int, rows: int, size: int, /) -> Iterator[Step]:
        """Go on at a place, behind so many rows and so many bytes that are written."""
        ...

    def made(self, data: Path, ends: list[int], /) -> Path:
        """Make the file of what the steps wrote, given where each ended."""
        ...

    def rows_in(self, path: Path) -> int:
        """Count the rows of a finished file by reading it again."""
        ...


def assign_files(
    points: Path,
    grids: Path,
    output: Path,
    nearest_within_m: float | None = None,
    crs: int | None = None,
    threads: int = 1,
    restart: bool = False,
    told: Told = lambda _share, _text: None,
) -> Answered:
    """Add the responsible grid to each point of a file.

    Parameters
    ----------
    points : Path
        Of a format that gridgeo reads, or a GeoJSON sequence. Parquet, CSV and sequences may be of
        any size; an earlier ``grid_code``, ``how`` or ``distance_m`` is replaced.
    grids : Path
        Those without a recognised code go by row number; of several that cover a point the lower
        code answers.
    output : Path
        ``.parquet``, ``.csv`` or a GeoJSON sequence are written in little memory; the other formats
        of ``gridgeo.model.files`` hold at most ``MANY`` rows. Rows keep the order of their file
        and all their columns. Parquet from Parquet and sequences from sequences keep all else, too,
        and a CSV its cells; CSV gets the places of shapes as ``lon`` and ``lat`` or ``x`` and
        ``y``, GeoParquet the points in their own CRS.
    nearest_within_m : float, optional
        Give a point in no grid to the nearest one within that distance.
    crs : int, optional
        EPSG code of files that do not say theirs.
    threads : int
        Cores to use, at least 1; the answer does not depend on it.
    restart : bool
        Begin afresh, also where an interrupted call could be gone on with.
    told : callable
        Told the share done, 0 to 1, and a short sentence.

    Returns
    -------
    Answered

    Raises
    ------
    InputError
        A file cannot be read or written, changed meanwhile, holds something else than points, or
        has not as many rows when written as when read. Nothing is put in place of ``output``;
        interrupted work of some size stays beside it, and the same call goes on with it.
    ParameterError
        Nothing can be written as ``output``, or it would be too much in memory.
    ConflictError
        Another gridgeo is writing ``output``.
    """
    kind = output.suffix.lower()
    _require_output(output)
    require_file(points)
    state = _state(points)
    frame = as_it_is(grids, GRIDS, crs=crs)
    if nearest_within_m is not None:
        frame = to_metric(frame, "grids")
    frame = frame.sort_index()
    assigner = Assigner(frame, nearest_within_m)
    with _readable(points, state):
        if kind not in STREAMED:
            return _whole(open_points(points, crs), assigner, points, output, threads, told)
        job = _job(points, output, assigner, crs, threads)
    identity = {
        "gridgeo": __version__,
        "points": [str(points.resolve()), *state],
        "grids": _digest(frame),
        "asked": [nearest_within_m, crs, _KEY],
    }
    with Unfinished(output, identity, restart) as work, _readable(points, state):
        behind = work.done.rows
        for step in job.steps(work.done.at, behind, work.done.size):
            work.add(step)
            if _state(points) != state:
                raise changed(points)
            told(step.share, f"{work.done.rows:,} rows")
        done = work.done
        told(1.0, "(putting it in its place)")
        work.finish(job.made, job.rows_read, job.rows_in)
    return Answered(done.rows, _ways(done.counts), done.unplaced, behind)


@contextmanager
def _readable(points: Path, state: tuple[int, ...]) -> Iterator[None]:
    """Say why a file cannot be read; one that was written to meanwhile may fail in any way."""
    try:
        yield
    except (OSError, RuntimeError, ValueError, KeyError, EOFError, pa.ArrowException) as error:
        if _state(points) != state:
            raise changed(points) from error
        raise unusable(
            points,
            f"cannot be read; it may be damaged or cut short ({_first_line(error)}).",
            "Copy or save it again from its source.",
        ) from error
    except GridgeoError as error:
        if _state(points) != state:
            raise changed(points) from error
        raise


class Through:
    """From a file that is read piece by piece to one that is written so.

    Parameters
    ----------
    points : Points
    writer : Writer
    assigner : Assigner
    threads : int
    """

    def __init__(self, points: Points, writer: Writer, assigner: Assigner, threads: int) -> None:
        self._points, self._writer = points, writer
        self._assigner, self._threads = assigner, threads
        self.made, self.rows_in = writer.made, writer.rows_in

    @property
    def rows_read(self) -> int:
        """Count the rows of the pieces read."""
        return self._points.rows_read

    def steps(self, at: int, rows: int, size: int) -> Iterator[Step]:
        """Go on at a place, behind so many rows and so many bytes that are written."""
        if size == 0 and self._writer.head:
            yield Step(0, at, (0,) * len(HOW), 0, self._writer.head)
        for piece in self._points.pieces(at, rows):
            if not piece.table.num_rows:
                continue
            x, y = piece.x, piece.y
            answer = self._assigner.at(
                *moved(x, y, self._points.crs, self._assigner.crs), self._threads
            )
            columns = answer_columns(self._assigner, answer, _KEY)
            yield Step(
                len(x),
                piece.at,
                tuple(np.bincount(answer.how, minlength=len(HOW)).tolist()),
                len(x) - int(np.count_nonzero(np.isfinite(x) & np.isfinite(y))),
                self._writer.encode(piece, columns),
                piece.share,
            )


def _job(points: Path, output: Path, assigner: Assigner, crs: int | None, threads: int) -> Job:
    source, target = points.suffix.lower(), output.suffix.lower()
    separated = target == ".geojsons"
    if source in SEQUENCES and target in SEQUENCES:
        return LineCopy(points, assigner, _KEY, crs, separated, threads)
    opened = open_points(points, crs)
    if isinstance(opened, ParquetPoints) and target == ".parquet":
        return ParquetCopy(points, opened.place, assigner, _KEY, threads)
    columns = answer_schema(assigner, _KEY)
    writer: Writer
    if target == ".csv":
        writer = CsvWriter(opened, columns)
    elif target == ".parquet":
        writer = ParquetWriter(opened, columns)
    else:
        writer = LineWriter(opened, columns, separated)
    return Through(opened, writer, assigner, threads)


def _whole(
    opened: Points, assigner: Assigner, points: Path, output: Path, threads: int, told: Told
) -> Answered:
    """Read all points, and write them as a format that must be made whole."""
    tables, xs, ys = [], [], []
    for piece in opened.pieces(0, 0):
        tables.append(piece.table)
        xs.append(piece.x)
        ys.append(piece.y)
        if opened.rows_read > MANY:
            raise ParameterError(
                f"{points.name} has more than {MANY:,} rows, and a {output.suffix} must be whole "
                "in memory before it is written.",
                hint=f"Write one of {', '.join(STREAMED)}; ogr2ogr makes others of them.",
                code="output.too-large",
                fields=["path"],
            )
        told(piece.share / 2, f"{opened.rows_read:,} rows")
    x, y = (np.concatenate([np.empty(0), *parts]) for parts in (xs, ys))
    answer = assigner.at(*moved(x, y, opened.crs, assigner.crs), threads)
    told(0.5, "writing")
    rows = pd.RangeIndex(1, len(x) + 1, name="row")
    said = assigner.frame(answer, rows).rename(columns={"grid_id": _KEY})
    whole = pa.concat_tables(tables) if tables else opened.schema.empty_table()
    table = whole.to_pandas(integer_object_nulls=True)
    table = table.set_axis(pd.Index(opened.headers, dtype=object), axis=1).set_axis(rows)
    table = table.drop(columns=[name for name in (*said, "geometry") if name in table])
    lost = ~(np.isfinite(x) & np.isfinite(y))
    shapes = np.full(len(x), None, dtype=object)
    shapes[~lost] = shapely.points(x[~lost], y[~lost])
    frame = gpd.GeoDataFrame(table, geometry=shapes, crs=opened.crs).join(said)
    write_frame(frame, output)
    counts = np.bincount(answer.how, minlength=len(HOW)).tolist()
    return Answered(len(x), _ways(counts), int(lost.sum()))


def _require_output(output: Path) -> None:
    kind = output.suffix.lower()
    if kind not in (*STREAMED, *FORMATS):
        raise ParameterError(
            f"Nothing can be written as {kind or 'a file without extension'}.",
            hint=f"Use one of {', '.join(dict.fromkeys((*STREAMED, *FORMATS)))}.",
            fields=["path"],
        )


def _state(path: Path) -> tuple[int, ...]:
    """Tell a file from itself when it was written to; all zeros where it is gone."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_size, found.st_mtime_ns, found.st_ino


def _digest(grids: gpd.GeoDataFrame) -> str:
    """Tell grids from others by their codes, shapes and CRS."""
    said = hashlib.sha256(json.dumps([str(code) for code in grids.index]).encode())
    said.update(str(grids.crs).encode())
    for shape in grids.geometry.to_wkb():
        said.update(b"-" if shape is None else shape)
    return said.hexdigest()


def _ways(counts: list[int]) -> dict[str, int]:
    return {way: n for way, n in zip(HOW, counts, strict=True) if n}


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__
