"""Plans from files: what ``gridgeo balance`` reads."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.balance import balance, proposals
from gridgeo.analysis.balance.inputs import Load
from gridgeo.analysis.balance.proposals import Asked
from gridgeo.errors import InputError, ParameterError
from gridgeo.ingest.plain import load
from gridgeo.model.crs import to_crs_of, to_metric
from gridgeo.model.frames import UNITS
from gridgeo.model.plan import Plan
from gridgeo.services.plans import Progress
from gridgeo.services.sources import as_it_is, column_of


@dataclass(frozen=True)
class BalanceFiles:
    """What ``gridgeo balance`` is asked, as in ``balance``; files where that takes frames."""

    load: dict[str, float]
    k: int | None = None
    targets: Path | None = None
    current: str | None = None
    region: str | None = None
    locked: Path | None = None
    fixed_borders: Path | None = None
    along: Path | None = None
    together: str | None = None
    tolerance: float = 0.05
    compactness: float = 0.5
    stability: float = 1.0


def weights_of(said: list[str]) -> dict[str, float]:
    """Read columns of a load with their weights, such as ``households`` and ``planned=0.5``.

    Raises
    ------
    ParameterError
        A weight is no number from 0, or a column stands twice.
    """
    weights: dict[str, float] = {}
    for one in said:
        column, equals, text = one.rpartition("=")
        column, text = (column, text) if equals else (one, "1")
        weight = float(pd.to_numeric(text, errors="coerce"))
        if not 0 <= weight < np.inf or not column or column in weights:
            raise ParameterError(
                f"--load {one}: {column!r} stands twice."
                if column in weights
                else f"--load {one}: a column and its weight, a number from 0, are needed.",
                hint="Say --load households --load planned=0.5.",
                fields=["load"],
            )
        weights[column] = weight
    return weights


def units_of(path: Path, load_columns: str | list[str], crs: int | None = None) -> gpd.GeoDataFrame:
    """Read the units of a plan with all their columns, in a metric CRS.

    Parameters
    ----------
    path : Path
    load_columns : str or list of str
        Must hold numbers.
    crs : int, optional
        EPSG code where the file does not say it.

    Returns
    -------
    GeoDataFrame
        Indexed by the unit's id where the file has one, else by row number from 1.
    """
    units = as_it_is(path, UNITS, crs=crs)
    for column in [load_columns] if isinstance(load_columns, str) else load_columns:
        units[column] = column_of(units, column, UNITS)
    return to_metric(units, "units")


def targets_of(path: Path, *, by_id: bool) -> pd.Series | list[float]:
    """Read relative targets: a CSV with the grid in the first column and a number in the last.

    Parameters
    ----------
    path : Path
    by_id : bool
        Whether grids are meant by their id, as with a plan in force; otherwise by position.

    Raises
    ------
    InputError
        A value is no number, or a grid stands twice.
    """
    table = load(path)
    table = pd.DataFrame(table.drop(columns="geometry", errors="ignore"))
    numbers = pd.to_numeric(table.iloc[:, -1], errors="coerce")
    if not np.isfinite(numbers.to_numpy(dtype="float64")).all() or numbers.empty:
        raise InputError(
            f"{path.name}: the last column must hold a number in every row.",
            hint="Write one line a grid, such as `grid_code,workers`.",
            fields=["targets"],
        )
    if not by_id:
        return [float(v) for v in numbers]
    ids = table.iloc[:, 0].astype("str")
    if ids.duplicated().any():
        raise InputError(f"{path.name}: a grid stands twice.", fields=["targets"])
    return pd.Series(numbers.to_numpy(dtype="float64"), index=pd.Index(ids))


def ids_of(path: Path) -> list[str]:
    """Read ids: the first column of a CSV with a header."""
    return load(path).iloc[:, 0].astype("str").tolist()


def lines_of(path: Path, units: gpd.GeoDataFrame, name: str) -> list[BaseGeometry]:
    """Read lines, such as borders that no grid may cross, in the CRS of the units."""
    frame = load(path)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(f"{path.name} has no lines.", fields=[name])
    return list(to_crs_of(frame, units, name.replace("_", " "), "units").geometry)


def balance_files(
    units: gpd.GeoDataFrame,
    asked: BalanceFiles,
    count: int,
    seed: int,
    time_limit_s: float,
    progress: Progress,
) -> list[Plan]:
    """Balance units read by ``units_of``; the other files are read here.

    Parameters
    ----------
    units : GeoDataFrame
    asked : BalanceFiles
    count : int
        Plans to choose from; with more than one, ``stability`` is gone through in steps.
    seed : int
    time_limit_s : float
    progress : callable

    Returns
    -------
    list of Plan

    Raises
    ------
    ParameterError
        Neither k nor targets nor a plan in force.
    InputError
        A file cannot be used.
    """
    if asked.k is None and asked.targets is None and asked.current is None:
        raise ParameterError(
            "How many grids? Neither --k, --targets nor --current was given.",
            hint="Say --k 150, or --current COLUMN for the plan in force.",
            fields=["k"],
        )
    for column in (asked.current, asked.region, asked.together):
        if column is not None and column not in units.columns:
            raise ParameterError(f"units have no column {column!r}.", fields=[column])
    by_id = asked.current is not None
    wishes: Asked = {
        "targets": None if asked.targets is None else targets_of(asked.targets, by_id=by_id),
        "tolerance": asked.tolerance,
        "region": asked.region,
        "locked": None if asked.locked is None else ids_of(asked.locked),
        "fixed_borders": _lines(asked.fixed_borders, units, "fixed_borders"),
        "compactness": asked.compactness,
        "along": _lines(asked.along, units, "along"),
        "together": asked.together,
    }
    load: Load = asked.load
    if list(asked.load.values()) == [1.0]:
        load = next(iter(asked.load))
    if count == 1:
        return [
            balance(
                units,
                load,
                asked.k,
                current=asked.current,
                stability=asked.stability,
                seed=seed,
                time_limit_s=time_limit_s,
                progress=progress,
                **wishes,
            )
        ]
    return proposals(
        units,
        load,
        asked.k,
        count=count,
        current=asked.current,
        seed=seed,
        time_limit_s=time_limit_s,
        progress=progress,
        **wishes,
    )


def _lines(path: Path | None, units: gpd.GeoDataFrame, name: str) -> list[BaseGeometry] | None:
    return None if path is None else lines_of(path, units, name)
