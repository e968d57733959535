"""Read a plan back: unit → grid, from a file that gridgeo or a person wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gridgeo.errors import ContractError, InputError, ParameterError
from gridgeo.ingest.formats import open_source
from gridgeo.ingest.names import bare_header, spellings, told
from gridgeo.ingest.source import Source
from gridgeo.model.assignment import assigned
from gridgeo.model.files import FORMULA
from gridgeo.model.frames import GRIDS, UNITS


def read_plan(
    path: Path | str,
    units: pd.DataFrame | pd.Index,
    known: Iterable[object] | None = None,
) -> pd.Series:
    r"""Read which grid each unit is in.

    Parameters
    ----------
    path : path
        What ``Plan.to_file`` wrote, or any table: of a GeoPackage the layer ``units``, CSV in
        UTF-8 or GB18030 with commas, semicolons or tabs, ``.xlsx`` and others. The unit stands
        under the name of the index of ``units`` or one of ``unit_id``'s, else in the first
        column; the grid under ``grid_id`` or one of the names of ``grid_code``, else in the next.
    units : DataFrame or Index, shape (n, …)
        The units the plan is about: an id in the file that is written like one of theirs is
        that one, so that a number stays a number and ``007`` a text.
    known : iterable of grid ids, optional
        Grids that exist, such as today's column; likewise.

    Returns
    -------
    Series, shape (n,)
        Unit → grid, on the index of ``units``, named ``grid_id``. A grid that is not ``known``
        is text, or a number where the file's own type says so. In a CSV, which has no types,
        grids numbered 0 … k−1, as ``balance`` numbers them, are numbers too.

    Raises
    ------
    InputError
        The file cannot be read, has a single column, or a row without a unit.
    ContractError
        Units of the file twice, unknown, missing or without a grid: how many, and three ids;
        or two ids of ``units`` or ``known`` that no file tells apart, such as 1 and "1".
    ParameterError
        ``units`` is no table.

    Notes
    -----
    Outer white space is no part of an id, nor an apostrophe before ``= + - @``.

    Examples
    --------
    >>> import tempfile
    >>> units = pd.DataFrame(index=["007", "008"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "plan.csv"
    ...     _ = file.write_text("楼栋;网格编码\n008;东\n007;new-1\n", encoding="gb18030")
    ...     read_plan(file, units).to_dict()
    {'007': 'new-1', '008': '东'}
    """
    if not isinstance(units, pd.Index | pd.DataFrame):
        raise ParameterError(
            f"units is a {type(units).__name__}; a DataFrame of units or their ids are needed.",
            hint="Of a UnitGraph, give graph.units.",
            fields=["units"],
        )
    ids = units if isinstance(units, pd.Index) else units.index
    source = open_source(path, prefer="units")
    _check_rows(source)
    of_units, of_grid = _columns(source, ids)
    cells = [source.table.iloc[:, place] for place in of_units]
    blank = pd.concat([cell.isna() for cell in cells], axis=1).any(axis=1)
    if blank.any():
        raise InputError(
            f"{source.name} has {blank.sum()} rows without a unit, the first is data row "
            f"{blank.idxmax()}.",
            hint="Fill in the unit, or delete the row.",
            fields=[str(source.headers[of_units[0]])],
        )
    theirs = _by_text(ids, "units")
    rows = list(zip(*(cell.tolist() for cell in cells), strict=True))
    found: list[Any] = [theirs.get(_written(*row), row if len(row) > 1 else row[0]) for row in rows]
    index = pd.MultiIndex.from_tuples(found) if ids.nlevels > 1 else pd.Index(found)
    grids = source.table.iloc[:, of_grid]
    untyped = source.name.lower().endswith(".csv")
    plan = pd.Series(_grid_ids(grids, known, untyped=untyped), index=index, name="grid_id")
    return assigned(plan, ids, source.name)


def _check_rows(source: Source) -> None:
    if source.ragged:
        row, (wide, cells) = next(iter(source.ragged.items()))
        raise InputError(
            f"{source.name} has {len(source.ragged)} rows that do not fit its {wide} columns; "
            f"data row {row} has {cells} cells.",
            hint="Mend these rows.",
            code="input.ragged",
        )


def _columns(source: Source, ids: pd.Index) -> tuple[list[int], int]:
    """Find the columns of the unit, one for each level of its id, and that of the grid."""
    headers, levels = source.headers, ids.nlevels
    if len(headers) <= levels:
        found, hint = told(headers, "Write one line a unit, such as `unit_id,grid_id`.")
        raise InputError(
            f"{source.name} must have a column more than the {levels} of a unit's id; {found}.",
            hint=hint,
            code="input.column",
            fields=["plan"],
        )
    usual = spellings(UNITS)[UNITS.key]
    of_units: list[int] = []
    for level, name in enumerate(ids.names):
        plain = usual if levels == 1 else (f"unit_id_{level + 1}",)
        own = () if name is None else (f"unit_{name}", str(name))
        place = _find(headers, (*own, *plain), of_units)
        of_units.append(level if place is None else place)
    if len(set(of_units)) < levels:  # found in part, and by place the same again
        of_units = list(range(levels))
    place = _find(headers, ("grid_id", *spellings(GRIDS)[GRIDS.key]), of_units)
    if place is None:
        place = next(p for p in range(len(headers)) if p not in of_units)
    return of_units, place


def _find(headers: Sequence[str], names: Iterable[str], taken: list[int]) -> int | None:
    """Find the column with the first of the names that is there."""
    for name in names:
        for place, header in enumerate(headers):
            if place not in taken and bare_header(header) == bare_header(name):
                return place
    return None


def _written(*parts: object) -> tuple[str, ...]:
    """Give an id as a file has it."""
    texts = []
    for part in parts:
        whole = isinstance(part, float) and part.is_integer()
        text = str(int(part) if whole else part).strip()  # type: ignore[call-overload]
        texts.append(text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text)
    return tuple(texts)


def _by_text(ids: Iterable[object], what: str) -> dict[tuple[str, ...], object]:
    """Index ids by how a file has them."""
    listed = list(ids)
    found = {_written(*(one if isinstance(one, tuple) else (one,))): one for one in listed}
    if len(found) < len(listed):
        alike = [one for one in listed if one not in set(found.values())]
        raise ContractError(
            f"{len(alike)} ids of {what} are written like another one ({alike[0]!r}), so no file "
            "tells them apart.",
            hint="Give ids of one type, without white space around them.",
            fields=[what],
        )
    return found


def _grid_ids(cells: pd.Series, known: Iterable[object] | None, *, untyped: bool) -> pd.Index:
    """Give the ids of grids; missing cells stay missing."""
    theirs = {} if known is None else _by_text(pd.unique(pd.Series(list(known)).dropna()), "known")
    numbered = {_written(number): number for number in range(cells.nunique())}
    texts = {_written(one) for one in cells.dropna()}
    if untyped and not theirs and texts == set(numbered):
        theirs = {**numbered}
    found: list[object] = []
    for cell in cells:
        if pd.isna(cell):
            found.append(None)
            continue
        whole = isinstance(cell, float) and cell.is_integer()
        plain = int(cell) if whole else cell
        found.append(theirs.get(_written(cell), plain))
    return pd.Index(found, dtype=object).infer_objects()
