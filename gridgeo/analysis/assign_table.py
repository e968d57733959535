"""Give every point of an Arrow table its grid."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gridgeo.analysis.assign import HOW, Answer, Assigner
from gridgeo.analysis.point_columns import Place, coordinates_of
from gridgeo.model.crs import moved

__all__ = [
    "ANSWERS",
    "Assigned",
    "Place",
    "answer_columns",
    "answer_schema",
    "answers",
    "assign_table",
]

ANSWERS = ("how", "distance_m")  # columns beside the one with the grid


class Assigned(NamedTuple):
    """A table whose points have their grids.

    Parameters
    ----------
    table : Table, shape (n, …)
        The columns that were there, then the grid's, ``how`` and ``distance_m``.
    counts : int64, shape (4,)
        Rows by the ways of ``gridgeo.analysis.assign.HOW``; they add up to ``n``.
    unplaced : int
        Rows without a point or with one that cannot be read; they are among those in no grid.
    """

    table: pa.Table
    counts: npt.NDArray[np.int64]
    unplaced: int


def assign_table(
    assigner: Assigner,
    table: pa.Table | pa.RecordBatch,
    place: Place,
    key: str = "grid_code",
    threads: int = 1,
) -> Assigned:
    """Give every point of a table its grid.

    Parameters
    ----------
    assigner : Assigner
    table : Table or RecordBatch, shape (n, …)
        ``n`` may be 0. Earlier columns called ``key``, ``how`` or ``distance_m`` are replaced.
    place : Place
        Where its points stand. Where that is another CRS than the grids', they are brought into it;
        a point beyond that projection's reach is in no grid.
    key : str
        Name of the column with the grid.
    threads : int
        Cores to use; the answer does not depend on it.

    Returns
    -------
    Assigned
        Rows, their order and the other columns are as they were, the schema's metadata too. A grid
        is its index value: text as a dictionary of all grids, the same in every table of one
        assigner; null in none. ``how`` is a dictionary, ``distance_m`` float64: 0 inside and on
        the border, null in none.

    Raises
    ------
    CRSError
        The CRS of the points or of the grids is not known.
    GeometryError
        A row holds something else than a point.
    ParameterError
        The table has not the columns that ``place`` names.
    """
    found = answers(assigner, table, place, key, threads)
    return found._replace(table=_with(table, found.table))


def answers(
    assigner: Assigner,
    table: pa.Table | pa.RecordBatch,
    place: Place,
    key: str = "grid_code",
    threads: int = 1,
) -> Assigned:
    """Give the three columns that ``assign_table`` would add, alone; otherwise the same."""
    x, y = coordinates_of(table, place)
    unplaced = len(x) - int(np.count_nonzero(np.isfinite(x) & np.isfinite(y)))
    answer = assigner.at(*moved(x, y, place.crs, assigner.crs), threads)
    counts = np.bincount(answer.how, minlength=len(HOW)).astype(np.int64)
    return Assigned(answer_columns(assigner, answer, key), counts, unplaced)


def answer_columns(assigner: Assigner, answer: Answer, key: str = "grid_code") -> pa.Table:
    """Give an answer as columns: the grid's under ``key``, ``how`` and ``distance_m``."""
    ids = pa.array(assigner.ids, from_pandas=True)
    position = pa.array(answer.position, mask=answer.position < 0)
    if pa.types.is_string(ids.type) or pa.types.is_large_string(ids.type):
        grid = pa.DictionaryArray.from_arrays(position, ids.cast(pa.string()))
    else:
        grid = ids.take(position)
    how = pa.DictionaryArray.from_arrays(pa.array(answer.how), pa.array(HOW))
    distance_m = pa.array(answer.distance_m, from_pandas=True)
    return pa.table([grid, how, distance_m], names=[key, *ANSWERS])


def answer_schema(assigner: Assigner, key: str = "grid_code") -> pa.Schema:
    """Give the names and types of the three columns that answers have."""
    nobody = np.empty(0)
    return answer_columns(assigner, assigner.at(nobody, nobody), key).schema


def _with(table: pa.Table | pa.RecordBatch, more: pa.Table) -> pa.Table:
    """Put columns behind those of a table, in place of what is called so there."""
    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    kept = [k for k, name in enumerate(table.schema.names) if name not in more.schema.names]
    table = table.select(kept)
    for field, column in zip(more.schema, more.columns, strict=True):
        table = table.append_column(field, column)
    return table
