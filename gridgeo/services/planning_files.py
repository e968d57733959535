"""Plans from files: what ``gridgeo balance`` reads."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.balance import balance
from gridgeo.errors import InputError, ParameterError
from gridgeo.ingest.plain import load
from gridgeo.model.crs import to_crs_of, to_metric
from gridgeo.model.frames import UNITS
from gridgeo.model.plan import Plan
from gridgeo.services.plans import Progress
from gridgeo.services.sources import as_it_is, column_of


def units_of(path: Path, load_column: str, crs: int | None = None) -> gpd.GeoDataFrame:
    """Read the units of a plan with all their columns, in a metric CRS.

    Parameters
    ----------
    path : Path
    load_column : str
        Must hold numbers.
    crs : int, optional
        EPSG code where the file does not say it.

    Returns
    -------
    GeoDataFrame
        Indexed by the unit's id where the file has one, else by row number from 1.
    """
    units = as_it_is(path, UNITS, crs=crs)
    units[load_column] = column_of(units, load_column, UNITS)
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


def lines_of(path: Path, units: gpd.GeoDataFrame) -> list[BaseGeometry]:
    """Read borders that no grid may cross, in the CRS of the units."""
    frame = load(path)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(f"{path.name} has no lines.", fields=["fixed_borders"])
    return list(to_crs_of(frame, units, "fixed borders", "units").geometry)


def balance_file(
    units: gpd.GeoDataFrame,
    load_column: str,
    *,
    k: int | None,
    targets: Path | None,
    current: str | None,
    region: str | None,
    locked: Path | None,
    fixed_borders: Path | None,
    tolerance: float,
    seed: int,
    time_limit_s: float,
    progress: Progress,
) -> Plan:
    """Balance units read by ``units_of``; the other files are read here.

    Raises
    ------
    ParameterError
        Neither k nor targets nor a plan in force.
    InputError
        A file cannot be used.
    """
    if k is None and targets is None and current is None:
        raise ParameterError(
            "How many grids? Neither --k, --targets nor --current was given.",
            hint="Say --k 150, or --current COLUMN for the plan in force.",
            fields=["k"],
        )
    for column in (current, region):
        if column is not None and column not in units.columns:
            raise ParameterError(f"units have no column {column!r}.", fields=[column])
    return balance(
        units,
        load_column,
        k=k,
        targets=None if targets is None else targets_of(targets, by_id=current is not None),
        tolerance=tolerance,
        current=current,
        region=region,
        locked=None if locked is None else ids_of(locked),
        fixed_borders=None if fixed_borders is None else lines_of(fixed_borders, units),
        seed=seed,
        time_limit_s=time_limit_s,
        progress=progress,
    )
