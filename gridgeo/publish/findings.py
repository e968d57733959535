"""The blind-spot register as it may leave the house: no row of it is one household."""

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgeo.model.crs import require_metric
from gridgeo.model.findings import HOUSEHOLD_KINDS, LEAST_OF_SHARE, severity
from gridgeo.model.people import PERSONS_PER_HOUSEHOLD
from gridgeo.publish.cells import k_safe_cells
from gridgeo.publish.layer import Disclosure, Field, K, Layer, roughly
from gridgeo.publish.release import release
from gridgeo.publish.scope import Ledger, Scope

# Each row of these kinds is one grid, and its households those that live in the grid.
GRID_KINDS = (
    "size",
    "no-leader",
    "few-workers",
    "no-full-time",
    "patrol",
    "patrol-share",
    "silent",
    "unanswered",
    "response",
    "records",
)

# The value of these kinds is a number of incidents, and of those a share of incidents.
INCIDENT_KINDS = ("unanswered", "seam")
SHARE_KINDS = ("silent", "response")

# Days of waiting are told of a cell in steps of so many: those of one household change none.
_DAYS = 10

_CARRIED = ["kind", "subject", "grid_code", "value", "unit", "standard", "households", "days"]

FIELDS = (
    Field("kind"),
    Field("subject", zh="涉及网格", en="grids concerned"),
    Field("grid_code"),
    Field("value", "float"),
    Field("unit", zh="单位", en="unit"),
    Field("standard"),
    Field("households", "int", unit="households", is_count=True),
    Field("days", "int", unit="days"),
    Field("severity", "float"),
    Field("area_m2", "float", unit="m²"),
)


def release_findings(
    findings: gpd.GeoDataFrame,
    *,
    disclosure: Disclosure = "public",
    told: pd.Series | None = None,
    by_grid: pd.Index | None = None,
    least_m: float = 250.0,
    period: str = "",
    source: str = "",
    plan_version: str = "",
    as_of: str = "",
    ledger: Ledger | None = None,
) -> Layer:
    """Let the blind-spot register out of the house.

    Parameters
    ----------
    findings : GeoDataFrame
        Rows of ``FINDINGS`` in a metric CRS.
    disclosure : {"public", "internal"}
    told : Series, optional
        ``households`` of the grids as already published, by grid code. Findings about a grid's
        size and staff then say the same figure and no other; without it they obey k alone.
    by_grid : Index of str, optional
        Ids of the households known only by their grid: no cell counts them, since all of a grid
        stand on one spot. How many there are is said, no closer than by k.
    least_m : float
        Side of the smallest cell for findings about households.
    period, source, plan_version, as_of : str
        See ``Layer``.
    ledger : Ledger or None

    Returns
    -------
    Layer
        ``blind-spots``. Findings about households (``HOUSEHOLD_KINDS``) have become cells that
        tell of at least k each, with neither subject nor value, and of the mean of their days in
        steps of ten; a kind with fewer than k is named in the notes and not shown. Findings
        about territory keep their shape and area and tell of no households, hence of no
        severity: a gap of 8 in a cell of 10 orphans would leave 2 outside it. Those about a
        grid keep the grid's shape and its households. A number of incidents is told from k up,
        in multiples of k rounded down, with its days in steps of ten; a share of incidents in
        tenths, where k incidents are no more than a tenth. A finding without a shape, such as
        one about a department, does not appear.

    Raises
    ------
    CRSError
        ``findings`` is not in true metres.

    Notes
    -----
    Each household kind, and each standard of one, is a count of its own of people who may be
    the same, and k holds within each. Not covered: differences between them. Stations and
    borders are public, so where one kind lies wholly within another (orphans beyond reach,
    beyond 1000 m and beyond 500 m, doubled households among those of a grid), cells of 15 and
    12 on the same ground tell of 3. Closing this takes cells in which every combination of
    kinds counts 0 or at least k: squares of kilometres wherever one is rare. Publish one
    standard of a kind at a time, and the register to those who may see it.
    """
    k = K[disclosure]
    require_metric(findings, "findings")
    placed = findings[~(findings.geometry.isna() | findings.geometry.is_empty)]
    single = placed["kind"].isin(HOUSEHOLD_KINDS)
    if by_grid is not None:
        nowhere = single & placed["subject"].isin(by_grid)
        placed, single = placed[~nowhere], single[~nowhere]
    parts, unseen = [_shapes(placed[~single], told, k)], []
    for (kind, _), group in placed[single].groupby(["kind", "standard"]):
        cells = k_safe_cells(group.geometry, k, least_m)
        if cells.withheld is None:
            unseen.append(str(kind))
        parts.append(_squares(cells.frame, group))
    rows = gpd.GeoDataFrame(pd.concat(parts), geometry="geometry", crs=findings.crs)
    measured = rows.pop("value")

    def value(out: pd.DataFrame) -> pd.Series:
        """Give what was measured; a grid's size is its households as they are told."""
        own = measured.reindex(out.index)
        return own.where(out["kind"] != "size", out["households"].astype("Float64"))

    scope = Scope(
        layer="blind-spots",
        zh="盲点",
        en="Blind spots",
        fields=FIELDS,
        disclosure=disclosure,
        # The same household may stand in a gap, an understaffed grid and a far-off cell.
        additive=False,
        derived={"value": value, "severity": _severity},
        by_grid="" if by_grid is None else roughly(len(by_grid), k),
        period=period,
        source=source,
        plan_version=plan_version,
        as_of=as_of,
    )
    return release(rows, scope, ledger, tuple(unseen))


def _shapes(findings: gpd.GeoDataFrame, told: pd.Series | None, k: int) -> gpd.GeoDataFrame:
    """Take over what is said of territory, of borders and of whole grids."""
    rows = findings[[*_CARRIED, "geometry"]].copy()
    about_grid = rows["kind"].isin(GRID_KINDS)
    measured = rows["value"].astype("Float64")
    rows["value"] = measured.mask(np.isinf(measured.to_numpy("float64", na_value=np.nan)))
    rows["area_m2"] = rows.area.round(1).astype("Float64").mask(about_grid | (rows.area == 0))
    rows["households"] = rows["households"].astype("Float64").where(about_grid)
    rows["days"] = rows["days"].astype("Float64")
    counts, shares = (rows["kind"].isin(kinds) for kinds in (INCIDENT_KINDS, SHARE_KINDS))
    whole = (rows["value"] // k * k).mask(rows["value"] < k)
    told_in_tenths = shares & (10 * k <= LEAST_OF_SHARE)
    tenths = rows["value"].round(1).where(told_in_tenths)
    rows["value"] = rows["value"].mask(counts, whole).mask(shares, tenths)
    # The longest wait is that of one incident.
    rows["days"] = rows["days"].mask(counts, np.ceil(rows["days"] / _DAYS) * _DAYS)
    if told is not None:
        of_grid = told.astype("Float64").reindex(rows["grid_code"]).set_axis(rows.index)
        rows["households"] = rows["households"].mask(about_grid, of_grid)
    return rows


def _squares(cells: gpd.GeoDataFrame, homes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Say of each cell how many households of one kind it holds, and nothing of any single one."""
    kind, standard = homes[["kind", "standard"]].iloc[0].astype("str")
    home, cell = cells.sindex.query(homes.geometry, predicate="intersects")
    # One on the border of two cells counts in both here: it is a mean in wide steps.
    days = (
        homes["days"].astype("float64").iloc[home].groupby(cell).mean().reindex(range(len(cells)))
    )
    rows = cells[["geometry"]].assign(
        kind=kind,
        subject=pd.Series(pd.NA, cells.index, dtype="str"),
        grid_code=pd.Series(pd.NA, cells.index, dtype="str"),
        value=pd.Series(pd.NA, cells.index, dtype="Float64"),
        unit="households",
        standard=standard,
        households=cells["count"].astype("Float64"),
        days=(np.ceil(days / _DAYS) * _DAYS).where(days > 1, 1.0).astype("Float64").to_numpy(),
        area_m2=(cells["area_km2"] * 1e6).round(1).astype("Float64"),
    )
    return rows.set_axis(kind + "-" + standard + "-" + cells.index)


def _severity(out: pd.DataFrame) -> pd.Series:
    persons = out["households"].astype("Float64") * PERSONS_PER_HOUSEHOLD
    of_kind = out.assign(persons=persons, days=out["days"].astype("Float64"))
    return severity(of_kind).round(1).astype("Float64")
