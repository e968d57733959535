"""Who each incident was sent to, and some borders across which many are sent on."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgeo.sample.incidents import END

Ints = NDArray[np.int64]

_NEAR_M = 60.0  # incidents of a seam lie so near its border
_ENOUGH, _FEW = 24, 12  # incidents near a border that becomes a seam; fewer where none has as many
_BOUNCED = 0.5  # share of these that are sent to the wrong grid first
_BACK = 0.3  # share of those that come back once more
_BY_CHANCE = 0.002  # share of all incidents sent to some neighbour first
_SHORTEST_M = 1.0
_BUSIEST = np.timedelta64(30, "m")  # the longest wait until an incident is sent to a grid


@dataclass(frozen=True)
class _Borders:
    """Neighbouring grids, by position, the lower first, and the line each pair shares."""

    pairs: Ints
    lines: NDArray[np.object_]


def hand_out(
    incidents: gpd.GeoDataFrame,
    blocks: NDArray[np.object_],
    grid: Ints,
    drawn: NDArray[np.object_],
    codes: pd.Index,
    barred: set[int],
    seams: int,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Send every incident to its grid, some of them by way of a neighbouring one.

    Parameters
    ----------
    incidents : GeoDataFrame of Point
        In EPSG:4549.
    blocks, grid
        Polygons of the blocks, and the position of the grid of each.
    drawn : ndarray of Polygon
        The grids as drawn.
    codes : Index
        Grid codes by position.
    barred : set of int
        Positions of grids without a seam: those drawn wrongly, and silent ones.
    seams : int
        How many to plant; fewer where too few borders have enough incidents.
    rng : Generator

    Returns
    -------
    dispatches : DataFrame
        By time, as the contract says.
    truth : list of dict
        "seam": half of the incidents near a border go to the wrong grid of the two first.
        Elsewhere two in a thousand do, at most one for each pair of neighbours.
    """
    points = incidents.geometry.to_numpy()
    own = grid[shapely.STRtree(blocks).nearest(points)]
    borders = _borders(drawn)
    planted, truth = _plant(points, own, borders, codes, barred, seams, rng)
    rows, first = (list(part) for part in planted)
    n = len(points)
    taken = {int(key) for key in _key(own[rows], np.array(first, np.int64), len(codes))}
    strays = np.flatnonzero(rng.random(n) < _BY_CHANCE)
    for row in np.setdiff1d(strays, rows).tolist():
        beside = borders.pairs[(borders.pairs == own[row]).any(axis=1)].sum(axis=1) - own[row]
        if not len(beside):
            continue
        other = int(rng.choice(beside))
        key = int(_key(own[[row]], np.array([other]), len(codes))[0])
        if key not in taken:  # two of a pair might look like a pattern
            taken.add(key)
            rows.append(row)
            first.append(other)
    return _sent(incidents, own, np.array(rows, np.int64), np.array(first), codes, rng), truth


def _borders(drawn: NDArray[np.object_]) -> _Borders:
    """Find the neighbours among the grids and what they share."""
    edges = shapely.boundary(drawn)
    one, other = shapely.STRtree(drawn).query(drawn, predicate="intersects")
    one, other = one[one < other], other[one < other]
    order = np.lexsort((other, one))
    pairs = np.column_stack([one, other])[order].astype(np.int64)
    common = shapely.intersection(edges[pairs[:, 0]], edges[pairs[:, 1]])
    parts, pair = shapely.get_parts(common, return_index=True)
    along = shapely.length(parts) > 0  # where they only touch they share a point
    which, row = np.unique(pair[along], return_inverse=True)
    lines = shapely.multilinestrings(parts[along], indices=row)
    long = shapely.length(lines) > _SHORTEST_M
    return _Borders(pairs[which[long]], lines[long])


def _plant(
    points: NDArray[np.object_],
    own: Ints,
    borders: _Borders,
    codes: pd.Index,
    barred: set[int],
    seams: int,
    rng: np.random.Generator,
) -> tuple[tuple[list[int], list[int]], list[dict[str, object]]]:
    """Choose borders, and the incidents near them that go to the wrong grid first."""
    order = rng.permutation(len(borders.pairs))
    tree = shapely.STRtree(points)
    used, rows, first = set(barred), [], []
    truth: list[dict[str, object]] = []
    for enough in (_ENOUGH, _FEW):
        for pair in order.tolist():
            if len(truth) == seams:
                break
            two = borders.pairs[pair].tolist()
            if used & set(two):
                continue
            near = np.sort(tree.query(borders.lines[pair], predicate="dwithin", distance=_NEAR_M))
            near = near[np.isin(own[near], two)]
            if len(near) < enough:
                continue
            bounced = np.sort(rng.choice(near, round(_BOUNCED * len(near)), replace=False))
            rows += bounced.tolist()
            first += (sum(two) - own[bounced]).tolist()
            used |= set(two)
            truth.append(
                {
                    "kind": "seam",
                    "subjects": sorted(codes[two].tolist()),
                    "value": len(bounced),
                    "note": f"sent from one to the other, within {_NEAR_M:g} m of their border",
                }
            )
    return (rows, first), truth


def _sent(
    incidents: gpd.GeoDataFrame,
    own: Ints,
    rows: Ints,
    first: Ints,
    codes: pd.Index,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Give the dispatches: to the own grid last, before it where they went first, by time."""
    reported = incidents["reported_at"].dt.tz_convert("UTC").dt.tz_localize(None)
    start = reported.to_numpy("datetime64[us]")
    end = incidents["closed_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    last = np.datetime64(pd.Timestamp(f"{END}T00:00+08:00").tz_convert("UTC").tz_localize(None))
    end = np.where(np.isnat(end), last, end).astype("datetime64[us]")
    n = len(incidents)
    sent = start + np.minimum((end - start) * rng.uniform(0.02, 0.1, n), _BUSIEST)
    left = end[rows] - sent[rows]
    later = sent[rows] + left * rng.uniform(0.1, 0.3, len(rows))
    back = rng.random(len(rows)) < _BACK
    begin, right = own.copy(), own[rows]
    begin[rows] = first
    way = (
        (np.arange(n), begin, sent),
        (rows, right, later),
        (rows[back], first[back], later[back] + left[back] * 0.1),
        (rows[back], right[back], later[back] + left[back] * 0.2),
    )
    at = np.concatenate([part[0] for part in way])
    where = np.concatenate([part[1] for part in way])
    when = np.concatenate([part[2] for part in way]).astype("datetime64[s]")
    order = np.lexsort((at, when))
    return pd.DataFrame(
        {
            "incident_id": incidents.index.to_numpy()[at[order]],
            "grid_code": codes.to_numpy()[where[order]],
            "dispatched_at": pd.Series(when[order].astype("datetime64[us]")).dt.tz_localize("UTC"),
        },
    ).set_axis(pd.Index([f"D{k + 1:07d}" for k in range(len(at))], name="dispatch_id"))


def _key(one: Ints, other: Ints, grids: int) -> Ints:
    return np.asarray(np.minimum(one, other) * grids + np.maximum(one, other), np.int64)
