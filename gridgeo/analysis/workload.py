"""How many households a grid has, whether that is a size to serve, and what falls on a worker."""

import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.analysis.assign import assign
from gridgeo.errors import ParameterError
from gridgeo.model.findings import make_findings
from gridgeo.model.people import lived_in

Band = tuple[int, int]


@dataclass(frozen=True)
class SizeBands:
    """How many occupied households a grid should have, both ends included.

    Parameters
    ----------
    urban, rural : tuple of int
        Least and most in a community and in a village: local practice, not an official text.
    unknown : tuple of int
        Where the kind of the village is not on record: so wide that no grid is blamed for a
        missing record.
    """

    urban: Band = (300, 500)
    rural: Band = (200, 400)
    unknown: Band = (200, 500)

    def __post_init__(self) -> None:
        """Refuse a band that no grid can meet."""
        for name in ("urban", "rural", "unknown"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ParameterError(
                    f"the {name} band is {low}–{high}; its ends must rise from 0.",
                    hint="Give the least number first, such as (300, 500).",
                    fields=[name],
                )

    def of(self, kind: object) -> Band:
        """Give the band for a kind of village: "community", "village", or anything else."""
        return {"community": self.urban, "village": self.rural}.get(str(kind), self.unknown)


def households_per_grid(
    grids: gpd.GeoDataFrame, households: gpd.GeoDataFrame | gpd.GeoSeries
) -> pd.Series:
    """Count the occupied households of each grid by where they are.

    Parameters
    ----------
    grids : GeoDataFrame of Polygon or MultiPolygon, shape (m,)
        With a CRS.
    households : GeoDataFrame or GeoSeries of Point, shape (n,)
        Any CRS. Not counted: those in no grid, and those where ``lived_in`` is False.

    Returns
    -------
    Series of int, shape (m,)
        ``households`` on the index of ``grids``; a household on a shared border or in an
        overlap counts once, in the grid first in order. The sum is that of the households
        that lie in any grid.

    Raises
    ------
    CRSError
        A layer has no CRS.
    """
    homes = households[lived_in(households)]
    # By position, so that grids of one name (a mistake to be found elsewhere) stay apart.
    areas = grids.geometry.reset_index(drop=True)
    grid = assign(homes, areas)["grid_id"].dropna().astype("int64")
    count = np.bincount(grid, minlength=len(grids))
    return pd.Series(count, index=grids.index, name="households")


def households_of_units(units: pd.DataFrame) -> pd.Series:
    """Sum the occupied households of the units of each grid.

    Parameters
    ----------
    units : DataFrame
        ``households`` and ``grid_code``; a unit without grid is left out.

    Returns
    -------
    Series of int
        ``households``, indexed by ``grid_code`` in sorted order.
    """
    return units.groupby("grid_code")["households"].sum()


def load_per_worker(load: pd.Series, workers: pd.Series) -> pd.Series:
    """Divide the load of each grid among its workers.

    Parameters
    ----------
    load : Series of float, shape (m,)
        Households, or any other measure of work, by grid.
    workers : Series of int
        Workers by grid; a grid that is not in it has none.

    Returns
    -------
    Series of float64, shape (m,)
        ``load_per_worker`` on the index of ``load``: ``inf`` where work falls on nobody, 0 where
        there is neither work nor worker.
    """
    hands = workers.reindex(load.index).fillna(0).to_numpy(dtype="float64")
    work = load.to_numpy(dtype="float64")
    nobody = np.where(work > 0, np.inf, work)
    share = np.divide(work, hands, out=nobody, where=hands > 0)
    return pd.Series(share, index=load.index, name="load_per_worker")


def size_faults(
    grids: pd.DataFrame,
    households: pd.Series,
    villages: pd.DataFrame | None = None,
    bands: SizeBands | None = None,
    as_of: dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Find the grids that are too large or too small to be served well (T8).

    Parameters
    ----------
    grids : DataFrame or GeoDataFrame, shape (m,)
        ``kind`` and ``village_code`` where known. Dedicated grids (a school, a park) are not
        judged by households.
    households : Series of int
        Occupied households by grid; a grid that is not in it has 0.
    villages : DataFrame, optional
        ``kind`` by ``village_code``: "community" is urban, "village" rural.
    bands : SizeBands, optional
    as_of : date, optional
        Day the findings hold for.

    Returns
    -------
    GeoDataFrame
        ``FINDINGS`` of kind "size", in the order of ``grids``: ``value`` the households,
        ``standard`` the band such as "300-500", the grid as evidence.
    """
    bands = bands or SizeBands()
    count = households.reindex(grids.index).fillna(0).to_numpy(dtype="int64")
    village_kind = pd.Series(pd.NA, index=grids.index, dtype="object")
    if villages is not None and {"village_code"} <= set(grids) and {"kind"} <= set(villages):
        village_kind = grids["village_code"].map(villages["kind"])
    low, high = np.array([bands.of(kind) for kind in village_kind]).reshape(-1, 2).T
    general = grids["kind"].ne("dedicated") if "kind" in grids else np.ones(len(grids), bool)
    at = np.flatnonzero(((count < low) | (count > high)) & general)
    codes = grids.index[at].astype("str").tolist()
    geo = isinstance(grids, gpd.GeoDataFrame)
    return make_findings(
        "size",
        codes,
        [f"{low[i]}-{high[i]}" for i in at],
        grid_code=codes,
        value=count[at],
        unit="households",
        households=count[at],
        geometry=grids.geometry.iloc[at] if geo else None,
        crs=grids.crs if geo else None,
        as_of=as_of,
    )
