"""Seams: borders across which incidents are handed back and forth between two grids."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.special import pdtrc

from gridgeo.analysis.adjacency import Borders, shared_borders
from gridgeo.analysis.hotspots import discovery_rate, require_share
from gridgeo.analysis.rates import named
from gridgeo.errors import ParameterError
from gridgeo.model.crs import require_metric, to_crs_of

Ints = npt.NDArray[np.int64]

COLUMNS = ("incident_id", "grid_code", "dispatched_at")
WITHIN_M = 100.0
LEAST = 3  # what recurs less often is no pattern
FDR = 0.05


def seams(
    incidents: gpd.GeoDataFrame,
    dispatches: pd.DataFrame,
    grids: gpd.GeoDataFrame,
    within_m: float = WITHIN_M,
    fdr: float = FDR,
    least: int = LEAST,
) -> gpd.GeoDataFrame:
    """Find the borders near which incidents are passed from one grid to the other.

    Parameters
    ----------
    incidents : GeoDataFrame of Point, shape (n, …)
        Indexed by incident id; any CRS. One without a place is near no border.
    dispatches : DataFrame, shape (d, …)
        As ``DISPATCHES`` promises: ``incident_id``, ``grid_code``, ``dispatched_at``. Rows
        without a grid, and of incidents that are not among ``incidents``, count for nothing.
    grids : GeoDataFrame of Polygon or MultiPolygon, shape (m, …)
        Indexed by grid code, in metres.
    within_m : float
        An incident exactly so far from the border its two grids share lies near it; above 0.
    fdr : float
        False-discovery rate at which a border is called a seam, 0 to 1.
    least : int
        Bounces a seam has at least, 1 or more.

    Returns
    -------
    GeoDataFrame of LineString or MultiLineString, a row for each pair of neighbours
        In the order of the grids; index ``pair``, the two codes joined by "+" in their order.
        ``grid_a``, ``grid_b``; ``bounces``, incidents sent from one of the two to the other,
        each once however often, that lie near the border; ``border_km``, the length they
        share; ``per_km``, bounces to a kilometre; ``near``, all incidents near the border;
        ``expected``, bounces if those near any border bounced equally often; ``p``, the chance
        of so many or more (Poisson); ``q``, adjusted for all pairs with an incident near
        (Benjamini and Hochberg), ``nan`` without; ``seam``, whether ``q`` ≤ ``fdr`` and there
        are ``least`` bounces. The geometry is the shared border.

    Raises
    ------
    CRSError
        ``grids`` is not in true metres, or ``incidents`` has no CRS.
    GeometryError
        A grid is no area.
    ParameterError
        A column is missing, an id stands twice, or a number is out of range.

    Notes
    -----
    Neighbours share more than a point, see ``analysis.adjacency.shared_borders``: borders whose
    vertices do not match are found, within 1 cm. Compared is the share of incidents near a
    border that bounce, not bounces to a kilometre: along a field nothing happens to bounce.
    Few seams raise what is expected of all a little, which makes none of them.

    Examples
    --------
    >>> grids = gpd.GeoDataFrame(
    ...     geometry=[shapely.box(x, 0, x + 500, 1000) for x in (0, 500)],
    ...     index=["A", "B"], crs=4549)
    >>> incidents = gpd.GeoDataFrame(
    ...     geometry=gpd.points_from_xy([480, 30], [500, 500]), index=["i1", "i2"], crs=4549)
    >>> dispatches = pd.DataFrame({"incident_id": ["i1", "i1", "i2", "i2"],
    ...     "grid_code": ["A", "B", "A", "B"],
    ...     "dispatched_at": pd.to_datetime([1, 2, 1, 2], unit="h", utc=True)})
    >>> found = seams(incidents, dispatches, grids)
    >>> found[["bounces", "border_km", "per_km", "seam"]].to_numpy().tolist()
    [[1, 1.0, 1.0, False]]
    """
    _check(dispatches, incidents, grids, within_m, fdr, least)
    require_metric(grids, "grids")
    borders = shared_borders(grids.geometry)
    points = to_crs_of(incidents, grids, "incidents", "grids").geometry
    at, pair = _near(points, borders, within_m)
    m = len(borders.pairs)
    near = np.bincount(pair, minlength=m)
    hops = bounces(dispatches)
    one = grids.index.get_indexer(pd.Index(hops["grid_from"]))
    other = grids.index.get_indexer(pd.Index(hops["grid_to"]))
    who = incidents.index.get_indexer(pd.Index(hops["incident_id"]))
    known = (one >= 0) & (other >= 0) & (who >= 0)
    crossed = _pair_of(borders, len(grids), one[known], other[known])
    told = np.unique(_key(who[known][crossed >= 0], crossed[crossed >= 0], m))
    bounced = np.bincount(told[np.isin(told, _key(at, pair, m))] % max(m, 1), minlength=m)

    expected = near * (bounced.sum() / max(near.sum(), 1))
    p = np.where(bounced > 0, pdtrc(bounced - 1.0, expected), 1.0)
    q = discovery_rate(np.where(near > 0, p, np.nan))
    km = borders.shared_m / 1000
    first, second = grids.index[borders.pairs[:, 0]], grids.index[borders.pairs[:, 1]]
    index = pd.Index([f"{a}+{b}" for a, b in zip(first, second, strict=True)], dtype="str")
    lines = shapely.multilinestrings(
        shapely.linestrings(borders.stretches[np.argsort(borders.stretch_pair, kind="stable")]),
        indices=np.sort(borders.stretch_pair),
    )
    return gpd.GeoDataFrame(
        {
            "grid_a": first.to_numpy(),
            "grid_b": second.to_numpy(),
            "bounces": bounced.astype("int64"),
            "border_km": km,
            "per_km": bounced / km,
            "near": near.astype("int64"),
            "expected": expected,
            "p": p,
            "q": q,
            "seam": (q <= fdr) & (bounced >= least),
        },
        index=index.rename("pair"),
        geometry=shapely.line_merge(lines) if m else [],
        crs=grids.crs,
    )


def bounces(dispatches: pd.DataFrame) -> pd.DataFrame:
    """Give each time an incident was sent on from one grid to another.

    Parameters
    ----------
    dispatches : DataFrame, shape (d, …)
        As for ``seams``; of the same moment the order of the rows counts.

    Returns
    -------
    DataFrame
        ``incident_id``, ``grid_from``, ``grid_to``, which differ, and ``bounced_at``; by
        incident, then time.

    Raises
    ------
    ParameterError
        A column is missing.
    """
    _columns(dispatches)
    told = dispatches[["incident_id", "grid_code"]].notna().all(axis=1)
    sent = dispatches.loc[told, list(COLUMNS)].reset_index(drop=True)
    sent = sent.sort_values(["incident_id", "dispatched_at"], kind="stable")
    before = sent.shift()
    again = sent["incident_id"].eq(before["incident_id"])
    on = again & sent["grid_code"].ne(before["grid_code"])
    return pd.DataFrame(
        {
            "incident_id": sent["incident_id"][on],
            "grid_from": before["grid_code"][on],
            "grid_to": sent["grid_code"][on],
            "bounced_at": sent["dispatched_at"][on],
        }
    ).reset_index(drop=True)


def _near(points: gpd.GeoSeries, borders: Borders, within_m: float) -> tuple[Ints, Ints]:
    """Pair each point with the borders it lies near, each once."""
    shapes = points.to_numpy()
    placed = np.flatnonzero(np.isfinite(shapely.bounds(shapes)).all(axis=1))  # nan if empty
    tree = shapely.STRtree(shapely.linestrings(borders.stretches))
    found, stretch = tree.query(shapes[placed], predicate="dwithin", distance=within_m)
    m = len(borders.pairs)
    keys = np.unique(_key(placed[found], borders.stretch_pair[stretch], m))
    return keys // max(m, 1), keys % max(m, 1)


def _key(row: Ints, pair: Ints, pairs: int) -> Ints:
    return np.asarray(row, np.int64) * pairs + pair


def _pair_of(borders: Borders, grids: int, one: Ints, other: Ints) -> Ints:
    """Give the row of ``borders.pairs`` of two grids; −1 where they share no border."""
    known = _key(borders.pairs[:, 0], borders.pairs[:, 1], grids)
    asked = _key(np.minimum(one, other), np.maximum(one, other), grids)
    return np.asarray(pd.Index(known).get_indexer(pd.Index(asked)), np.int64)


def _columns(dispatches: pd.DataFrame) -> None:
    lacking = [name for name in COLUMNS if name not in dispatches]
    if lacking:
        raise ParameterError(
            f"dispatches has no column {' and no '.join(lacking)}.",
            hint="Bring it into the form of DISPATCHES.",
            fields=lacking,
        )


def _check(
    dispatches: pd.DataFrame,
    incidents: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    within_m: float,
    fdr: float,
    least: int,
) -> None:
    _columns(dispatches)
    for frame, name in ((incidents, "incidents"), (grids, "grids")):
        twice = frame.index.duplicated()
        if twice.any():
            raise ParameterError(
                f"{twice.sum()} ids of {name} stand twice, such as {named(frame.index[twice])}.",
                hint="Give every row an id of its own.",
                fields=[name],
            )
    if not (within_m > 0 and np.isfinite(within_m)):
        raise ParameterError(
            f"within_m is {within_m}; it must be above 0.",
            hint="Give it in metres, such as 100.",
            fields=["within_m"],
        )
    require_share(fdr, "fdr")
    if least < 1:
        raise ParameterError(f"least is {least}; it must be 1 or more.", fields=["least"])
