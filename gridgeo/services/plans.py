"""How should the borders run so that every worker carries a fair share?"""

import datetime as dt
from collections.abc import Callable

import geopandas as gpd
import pandas as pd

from gridgeo.analysis.balance import balance, place_workers
from gridgeo.errors import ParameterError
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import GRIDS, UNITS
from gridgeo.model.plan import Plan
from gridgeo.services.sources import Source, need
from gridgeo.services.workload import loads

Progress = Callable[[float, str], None]


def propose(
    source: Source,
    as_of: dt.date,
    *,
    tolerance: float = 0.05,
    stability: float = 1.0,
    seed: int = 0,
    time_limit_s: float = 60.0,
    progress: Progress | None = None,
) -> Plan:
    """Propose borders close to today's that share the households better.

    Parameters
    ----------
    source : Source
        Units with ``households`` and ``grid_code`` are needed: the plan in force is changed as
        little as balance allows. With ``village_code`` no grid crosses a village border.
        Dedicated grids (a school, a park) stay out of it: hardly anybody lives in them.
    as_of : date
        The day whose dedicated grids are meant.
    tolerance : float
        Greatest deviation from the target that is still balanced.
    stability : float
        From 1, the least change, to 0, drawn anew.
    seed : int
    time_limit_s : float
        The search may be cut short by it; the plan then says so.
    progress : callable, optional
        Told a share from 0 to 1 and a sentence.

    Returns
    -------
    Plan
        A proposal for the general grids: nothing is changed by it.

    Raises
    ------
    ParameterError
        There are no units, or some have no grid while others have one.
    """
    units = to_metric(need(source, UNITS, as_of=as_of), "units")
    current = _known(units, "grid_code")
    if current is not None:
        units = units[~units["grid_code"].isin(_dedicated(source, as_of))]
    if current is None:
        raise ParameterError(
            "The units say no grid of today, so there is no number of grids to propose for.",
            hint="Give units with grid_code, or `gridgeo balance UNITS --load households --k K`.",
            fields=["grid_code"],
        )
    return balance(
        units,
        "households",
        tolerance=tolerance,
        stability=stability,
        current=current,
        region=_known(units, "village_code"),
        seed=seed,
        time_limit_s=time_limit_s,
        progress=progress,
    )


def proposed_loads(plan: Plan, today: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the load of every grid as a plan would have it, in the shape of ``workload.loads``.

    Parameters
    ----------
    plan : Plan
        Of units in a metric CRS.
    today : GeoDataFrame
        ``workload.loads``: names, villages and workers follow the grid code; a new grid has
        neither name nor worker yet.

    Returns
    -------
    GeoDataFrame
        Indexed by ``grid_code``, in the CRS of the units; the dedicated grids as they are.
    """
    grids = plan.grids()
    codes = grids.index.astype("str")
    then = today.drop(columns=["households", "geometry"]).reindex(codes)
    if "village_code" in plan.units:
        village = plan.units["village_code"].groupby(plan.assignment).first()
        then["village_code"] = village.reindex(grids.index).astype("str").to_numpy()
        names = today.drop_duplicates("village_code").set_index("village_code")["village_name"]
        then["village_name"] = then["village_code"].map(names)
    then["households"] = grids["load"].round().astype("Int64").to_numpy()
    then.index.name = "grid_code"
    then["grid_code"] = then.index
    drawn = gpd.GeoDataFrame(then, geometry=grids.geometry.to_numpy(), crs=grids.crs)
    kept = today[today["kind"].eq("dedicated") & ~today.index.isin(codes)].to_crs(grids.crs)
    return gpd.GeoDataFrame(pd.concat([drawn, kept]), geometry="geometry", crs=grids.crs)


def without_loads(plan: Plan) -> pd.DataFrame:
    """Give unit → grid and the grid of today, without what a unit weighs.

    Returns
    -------
    DataFrame
        Indexed by the unit's id: ``grid_code``, ``grid_today``.
    """
    table = plan.table().drop(columns="load")
    return table.set_axis(["grid_code", *table.columns[1:]], axis=1)


def placed_workers(
    source: Source, workers: int, as_of: dt.date, load: str | None = None
) -> gpd.GeoDataFrame:
    """Place workers so that the greatest load per worker is least, borders as they are.

    Parameters
    ----------
    source : Source
        As for ``workload.loads``.
    workers : int
        How many there are; at least one a grid.
    as_of : date
    load : str, optional
        Column of the grids that holds their load.

    Returns
    -------
    GeoDataFrame
        On the grids: ``grid_code``, ``name``, ``households``, ``workers`` (as placed),
        ``workers_today`` (NA where unknown).
    """
    today = loads(source, as_of, load)
    if today["households"].isna().all():
        raise ParameterError(
            "Nothing tells the load of the grids.",
            hint="Give --load COLUMN, --households FILE or --units FILE.",
            fields=["load"],
        )
    placed = place_workers(today["households"].astype("float64").fillna(0.0), workers)
    shown = today.rename(columns={"workers": "workers_today"})
    return shown.assign(workers=placed)[
        ["grid_code", "name", "households", "workers", "workers_today", "geometry"]
    ]


def _dedicated(source: Source, as_of: dt.date) -> list[str]:
    grids = source.frame(GRIDS, as_of=as_of)
    return grids.index[grids["kind"].eq("dedicated")].tolist() if "kind" in grids else []


def _known(units: pd.DataFrame, column: str) -> str | None:
    """Give the column's name if every unit has a value in it, None if none has."""
    if column not in units or units[column].isna().all():
        return None
    missing = units[column].isna()
    if missing.any():
        ids = ", ".join(str(i) for i in units.index[missing][:3])
        raise ParameterError(
            f"{int(missing.sum())} of {len(units)} units have no {column} ({ids}); all or none "
            "are needed.",
            hint=f"Fill {column} in and import the units again.",
            fields=[column],
        )
    return column
