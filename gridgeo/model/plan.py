"""A plan: every unit in exactly one grid, with what speaks for it and what it could not do."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgeo.errors import ContractError, ParameterError
from gridgeo.model.crs import to_metric
from gridgeo.model.files import write_frame, write_layers

FORCED_COLUMNS = ("kind", "id", "reason", "bound")


@dataclass(frozen=True, eq=False)
class Plan:
    """An assignment of units to grids.

    Gaps and overlaps cannot arise: a plan is no drawing; geometry is dissolved when asked for.

    Parameters
    ----------
    units : GeoDataFrame or DataFrame, shape (n, …)
        The base units, each id once.
    load : Series of float64, shape (n,)
        What each unit weighs, on the index of ``units``.
    assignment : Series, shape (n,)
        Unit → grid, on the index of ``units``; none is missing.
    targets : Series of float64, shape (k,)
        Grid → the load it should carry; every grid has at least one unit.
    scores : dict of str to float or int
        What the plan is worth; the keys stand in ``gridgeo.analysis.balance.scores``.
    forced : DataFrame
        What no plan could do better: ``kind`` ("unit" | "region" | "piece" | "lock"), ``id``,
        ``reason``, ``bound`` (the deviation it forces).
    moved : Index
        Units whose grid of today is another one; empty without a plan in force.
    before : Series, shape (n,), optional
        Unit → grid of today, NA where it has none; None without a plan in force.
    stopped : {"", "time", "interrupt"}
        What cut the search short, if anything. The plan is whole all the same.
    broken : Series of int64
        Grid → pieces of each grid in more than one; only a plan that somebody else made and
        ``judge`` scored can have such grids.

    Raises
    ------
    ContractError
        A unit without a grid, a grid without a unit, or indices that differ.
    """

    units: pd.DataFrame
    load: pd.Series
    assignment: pd.Series
    targets: pd.Series
    scores: dict[str, float | int]
    forced: pd.DataFrame
    moved: pd.Index
    before: pd.Series | None = None
    stopped: Literal["", "time", "interrupt"] = ""
    broken: pd.Series = field(default_factory=lambda: pd.Series([], name="pieces", dtype="int64"))

    def __post_init__(self) -> None:
        ids = self.units.index
        faults = []
        if not ids.is_unique:
            faults.append("a unit stands more than once")
        if not (self.assignment.index.equals(ids) and self.load.index.equals(ids)):
            faults.append("assignment or load is not on the index of units")
        if self.assignment.isna().any():
            faults.append(f"{self.assignment.isna().sum()} units have no grid")
        named = pd.Index(self.assignment.dropna().unique())
        if len(named.difference(self.targets.index)):
            faults.append(f"{len(named.difference(self.targets.index))} grids have no target")
        if len(self.targets.index.difference(named)):
            faults.append(f"{len(self.targets.index.difference(named))} grids have no unit")
        if faults:
            raise ContractError(
                f"This is no plan: {'; '.join(faults)}.",
                hint="A plan gives every unit exactly one grid, and every grid a unit.",
                fields=["assignment"],
            )

    def loads(self) -> pd.Series:
        """Sum the load of each grid, on the index of ``targets``."""
        sums = self.load.groupby(self.assignment.to_numpy()).sum()
        return sums.reindex(self.targets.index).rename("load")

    def deviations(self) -> pd.Series:
        """Measure load ÷ target − 1 of each grid, on the index of ``targets``.

        0 where neither load nor target exists.
        """
        return deviation(self.loads(), self.targets)

    def share_in_band(self, low: float, high: float) -> float:
        """Give the share of grids whose load lies in a band, both ends included.

        Parameters
        ----------
        low, high : float
            In the unit of ``load``, such as 300 and 500 households.

        Returns
        -------
        float
            0 to 1.

        Raises
        ------
        ParameterError
            ``low`` is above ``high``, or one of them is no number.
        """
        if not low <= high:
            raise ParameterError(
                f"The band {low!r} to {high!r} holds nothing; low must not be above high.",
                hint="Give a band such as 300, 500.",
                fields=["low", "high"],
            )
        return float(self.loads().between(low, high).mean())

    def reock(self) -> pd.Series:
        """Measure how round each grid is: its area ÷ that of the smallest circle around it.

        Returns
        -------
        Series of float64, shape (k,)
            0 to 1, on the index of ``targets``; a square has 2/π, a circle 1. nan without area.

        Raises
        ------
        ContractError
            ``units`` has no geometry.
        CRSError
            The units have no CRS.

        Notes
        -----
        Reock, Midwest Journal of Political Science 5(1), 1961.
        """
        shapes = to_metric(self.grids(), "units").geometry
        circle = np.pi * shapely.minimum_bounding_radius(shapes.to_numpy()) ** 2
        share = np.where(circle > 0, shapes.area / np.where(circle > 0, circle, 1.0), np.nan)
        return pd.Series(share, index=self.targets.index, name="reock")

    def grids(self) -> gpd.GeoDataFrame:
        """Dissolve the units of each grid.

        Returns
        -------
        GeoDataFrame, shape (k, 5)
            On the index of ``targets``, in the CRS of ``units``: ``load``, ``target``,
            ``deviation``, ``units`` (their number), ``geometry`` (Polygon, or MultiPolygon
            where a unit is one). Invalid units are mended in the drawing only.

        Raises
        ------
        ContractError
            ``units`` has no geometry.
        """
        shapes = self._shapes()
        shapes = shapes.where(shapes.is_valid, shapes.make_valid())
        dissolved = gpd.GeoSeries(
            {
                grid: shapely.union_all(part.to_numpy())
                for grid, part in shapes.groupby(self.assignment.to_numpy())
            },
            crs=shapes.crs,
        ).reindex(self.targets.index)
        return gpd.GeoDataFrame(
            {
                "load": self.loads(),
                "target": self.targets.rename("target"),
                "deviation": self.deviations(),
                "units": self.assignment.value_counts().reindex(self.targets.index),
            },
            geometry=dissolved.array,
            index=self.targets.index.rename(self.assignment.name or "grid_id"),
            crs=shapes.crs,
        )

    def explain(self) -> pd.DataFrame:
        """Say what changes at each border, for those who live there.

        Returns
        -------
        DataFrame
            One row for each pair of grids between which units move, most load first:
            ``from_grid``, ``to_grid``, ``units`` (their number), ``load`` (shifted),
            ``households`` (of the column of that name; nan without it), ``distance_before_m``
            and ``distance_after_m``: the mean straight distance from a moved unit's inner point
            to the centre of its grid before and after, weighted by load. A grid's centre is the
            load-weighted mean of its units' inner points. nan without geometry. Empty without
            a plan in force.

        Notes
        -----
        Walking is longer than a straight line; the two figures are for comparing with each
        other only.
        """
        columns = (
            "from_grid",
            "to_grid",
            "units",
            "load",
            "households",
            "distance_before_m",
            "distance_after_m",
        )
        if self.before is None or len(self.moved) == 0:
            return pd.DataFrame({name: [] for name in columns})
        before = self.before.reindex(self.moved)
        after = self.assignment.reindex(self.moved)
        load = self.load.reindex(self.moved)
        none = pd.Series(np.nan, index=self.moved)
        households = self.units.get("households", none)
        weight = load.where(load > 0, 1e-9 * max(float(load.max()), 1e-9))
        moves = pd.DataFrame(
            {
                "from_grid": before,
                "to_grid": after,
                "units": 1,
                "load": load,
                "households": households.reindex(self.moved),
                "weight": weight,
                "distance_before_m": self._distance(self.before) * weight,
                "distance_after_m": self._distance(self.assignment) * weight,
            }
        )
        rows = moves.groupby(["from_grid", "to_grid"], sort=True).sum(min_count=1).reset_index()
        for name in ("distance_before_m", "distance_after_m"):
            rows[name] = rows[name] / rows["weight"]
        rows = rows.sort_values("load", ascending=False, kind="stable", ignore_index=True)
        return rows[list(columns)]

    def to_file(self, path: str | os.PathLike[str]) -> None:
        """Write the plan: the whole file or none of it.

        Parameters
        ----------
        path : path
            The extension says how. ``.csv``: unit, grid, load, and grid of today if there is
            one. ``.gpkg``: layers ``units`` and ``grids``. ``.geojson`` (WGS 84), ``.parquet``,
            ``.fgb``, ``.shp``: the units with their grid. An id of several levels becomes as
            many columns.

        Raises
        ------
        ParameterError
            The extension is none of these.
        ContractError
            A map format, and ``units`` has no geometry.
        """
        suffix = Path(path).suffix.lower()
        if suffix == ".csv":
            write_frame(_with_plain_ids(self.table()), path)
        elif suffix == ".gpkg":
            grids = self.grids()
            grids.index = pd.Index(_one_type(grids.index.to_series()), name=grids.index.name)
            write_layers({"units": self._drawn(), "grids": grids}, path)
        else:
            write_frame(self._drawn(), path)

    def table(self) -> pd.DataFrame:
        """Give unit → grid as a table: the grid, the load, and the grid of today if any."""
        columns = {self.assignment.name or "grid_id": _one_type(self.assignment), "load": self.load}
        if self.before is not None:
            columns["grid_today"] = _one_type(self.before)
        return pd.DataFrame(columns, index=self.units.index)

    def _shapes(self) -> gpd.GeoSeries:
        if not isinstance(self.units, gpd.GeoDataFrame):
            raise ContractError(
                "The units of this plan have no geometry, so it cannot be drawn.",
                hint="Make the plan from a GeoDataFrame, or write it as .csv.",
                fields=["units"],
            )
        return self.units.geometry

    def _drawn(self) -> gpd.GeoDataFrame:
        table = self.table()
        shapes = self._shapes()
        return gpd.GeoDataFrame(_with_plain_ids(table), geometry=shapes.array, crs=shapes.crs)

    def _distance(self, assignment: pd.Series) -> pd.Series:
        """Metres from each moved unit to the centre of its grid in ``assignment``."""
        if not isinstance(self.units, gpd.GeoDataFrame) or self.units.crs is None:
            return pd.Series(np.nan, index=self.moved)
        points = to_metric(self.units, "units").geometry.representative_point()
        xy = pd.DataFrame({"x": points.x, "y": points.y})
        weight = self.load + 1e-9 * max(float(self.load.max()), 1e-9)  # nobody: the plain mean
        sums = xy.mul(weight, axis=0).assign(weight=weight).groupby(assignment.to_numpy()).sum()
        centre = sums[["x", "y"]].div(sums["weight"], axis=0)
        own = centre.reindex(assignment.reindex(self.moved).to_numpy()).to_numpy()
        away = xy.reindex(self.moved).to_numpy() - own
        return pd.Series(np.hypot(away[:, 0], away[:, 1]), index=self.moved)


def deviation(loads: pd.Series, targets: pd.Series) -> pd.Series:
    """Measure load ÷ target − 1; 0 where both are 0."""
    idle = (targets == 0) & (loads == 0)
    return (loads / targets.where(~idle, 1.0) - 1.0).where(~idle, 0.0).rename("deviation")


def _one_type(ids: pd.Series) -> pd.Series:
    """Make ids of several types text: numbers of today beside ``new-1`` fit no file column."""
    mixed = pd.api.types.infer_dtype(ids, skipna=True).startswith("mixed")
    return ids.map(str, na_action="ignore") if mixed else ids


def _with_plain_ids(table: pd.DataFrame) -> pd.DataFrame:
    """Make ids fit for a file: the first level stays the index, others lead the columns."""
    index, names = table.index, [str(name) for name in table.columns]
    levels = []
    for level in range(index.nlevels):
        unnamed = "unit_id" if index.nlevels == 1 else f"unit_id_{level + 1}"
        name = unnamed if index.names[level] is None else str(index.names[level])
        while name in names:
            name = f"unit_{name}"
        names.append(name)
        values = pd.Series(index.get_level_values(level), index=range(len(table)))
        levels.append(pd.Index(_one_type(values), name=name))
    plain = table.set_axis(levels[0])
    for place, ids in enumerate(levels[1:]):
        plain.insert(place, str(ids.name), ids.to_numpy())
    return plain
