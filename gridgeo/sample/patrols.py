"""One week of patrol tracks: two rounds a day in every grid, a fix about every 45 seconds."""

from collections import defaultdict
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgeo.model.crs import to_rest
from gridgeo.sample.rosters import LAST_DAY

DAYS = 7
FIX_S = (30, 60)
ROUND_MIN = (65, 85)  # every round lasts an hour or more
METRES = "EPSG:4549"
STARTS_H = ((8.0, 10.3), (14.6, 17.5))

_WALK_M_S = (0.9, 1.4)
_NOISE_M = 3.5
_M_A_DEGREE = (94_500.0, 110_900.0)  # at 32° N; good enough for noise


def walk(
    blocks: NDArray[np.object_],
    grid: NDArray[np.int64],
    codes: pd.Index,
    rosters: pd.DataFrame,
    once: list[str],
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Let the worker on duty walk the streets of each grid, mornings and afternoons.

    Parameters
    ----------
    blocks : ndarray of Polygon, shape (n,)
        EPSG:4549; their borders are the streets.
    grid : ndarray of int, shape (n,)
        Position in ``codes`` per block.
    codes : Index of str
        Grid codes.
    rosters : DataFrame
        Who is on duty; a grid without anybody gets no track.
    once : list of str
        Grids that are walked in the morning only.
    rng : Generator

    Returns
    -------
    tracks : DataFrame
        One row a fix, by track and time: ``track_id``, ``worker_id``, ``grid_code``
        (categories), ``t`` (UTC), ``lon``, ``lat`` (EPSG:4490, 6 decimals).
    truth : list of dict
        Kind "patrol": the grids of ``once`` that have a worker.
    """
    streets = _streets(blocks, grid)
    local = rosters["starts_at"].dt.tz_convert("Asia/Shanghai")
    first_day = (pd.Timestamp(LAST_DAY) - pd.Timedelta(days=DAYS - 1)).normalize()
    day = (local.dt.tz_localize(None).dt.normalize() - first_day).dt.days.to_numpy()
    afternoon = (local.dt.hour >= 12).to_numpy()
    keep = np.flatnonzero(~(rosters["grid_code"].isin(once).to_numpy() & afternoon))
    place = codes.get_indexer(pd.Index(rosters["grid_code"]))
    starts = np.array(STARTS_H)[afternoon.astype("int64")]
    begin_s = rng.uniform(starts[:, 0], starts[:, 1]) * 3600 + day * 86_400
    lasts_s = rng.uniform(*ROUND_MIN, len(rosters)) * 60
    speed = rng.uniform(*_WALK_M_S, len(rosters))
    seconds: list[NDArray[np.float64]] = []
    places: list[NDArray[np.float64]] = []
    for one in keep:
        gaps = rng.integers(FIX_S[0], FIX_S[1] + 1, int(lasts_s[one] / FIX_S[0]) + 1)
        t = np.cumsum(gaps) - gaps[0]
        t = t[: int(np.searchsorted(t, lasts_s[one])) + 1]
        seconds.append(begin_s[one] + t)
        places.append(_stroll(streets[int(place[one])], t * speed[one], rng))
    count = np.array([len(t) for t in seconds])
    noise = rng.normal(scale=_NOISE_M, size=(int(count.sum()), 2)) / _M_A_DEGREE
    lon, lat = (np.vstack(places) + noise).T
    midnight = pd.Timestamp(first_day, tz="Asia/Shanghai").tz_convert("UTC")
    at = np.repeat(np.arange(len(keep)), count)
    ids = [f"T{n + 1:06d}" for n in range(len(keep))]
    whole = np.floor(np.concatenate(seconds)).astype("int64")
    tracks = pd.DataFrame(
        {
            "track_id": pd.Categorical.from_codes(at, categories=pd.Index(ids)),
            "worker_id": pd.Categorical(rosters["worker_id"].to_numpy()[keep[at]]),
            "grid_code": pd.Categorical(rosters["grid_code"].to_numpy()[keep[at]]),
            "t": (midnight + pd.to_timedelta(whole, unit="s")).as_unit("ms"),
            "lon": np.round(lon, 6),
            "lat": np.round(lat, 6),
        }
    )
    walked = set(rosters["grid_code"])
    note = f"walked once a day, mornings only, in the {DAYS} days to {LAST_DAY}"
    truth: list[dict[str, object]] = [
        {"kind": "patrol", "subjects": [code], "note": note} for code in once if code in walked
    ]
    return tracks, truth


# Corners in metres and in degrees, and for each the corners it is joined to.
Streets = tuple[NDArray[np.float64], NDArray[np.float64], list[list[int]]]


def _streets(blocks: NDArray[np.object_], grid: NDArray[np.int64]) -> list[Streets]:
    """Give each grid's corners and, for every corner, those it is joined to by a border."""
    rings = shapely.get_exterior_ring(blocks)
    corners, block = shapely.get_coordinates(rings, return_index=True)
    same = block[1:] == block[:-1]
    here, there, of = corners[:-1][same], corners[1:][same], grid[block[:-1][same]]
    made: list[Streets] = []
    order = np.argsort(of, kind="stable")
    bounds = np.searchsorted(of[order], np.arange(int(grid.max()) + 2))
    for first, end in pairwise(bounds.tolist()):
        mine = order[first:end]
        both = np.round(np.concatenate([here[mine], there[mine]]), 2)
        xy, number = np.unique(both, axis=0, return_inverse=True)
        number = number.ravel()
        joined: dict[int, set[int]] = defaultdict(set)
        for a, b in zip(number[: len(mine)].tolist(), number[len(mine) :].tolist(), strict=True):
            joined[a].add(b)
            joined[b].add(a)
        made.append((xy, xy, [sorted(joined[corner]) for corner in range(len(xy))]))
    every = gpd.GeoDataFrame(
        geometry=shapely.points(np.vstack([xy for xy, _, _ in made])), crs=METRES
    )
    degrees = shapely.get_coordinates(to_rest(every).geometry.to_numpy())
    ends = np.cumsum([len(xy) for xy, _, _ in made])
    return [
        (xy, part, joined)
        for (xy, _, joined), part in zip(made, np.split(degrees, ends[:-1]), strict=True)
    ]


def _stroll(
    streets: Streets, metres: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Walk from corner to corner, turning back only in a dead end; give degrees along the way."""
    xy, degrees, joined = streets
    dice = rng.random(512).tolist()
    at, before, far = int(dice[0] * len(xy)), -1, 0.0
    way, along, throw = [at], [0.0], 1
    while far <= metres[-1]:
        onward = [corner for corner in joined[at] if corner != before] or joined[at]
        following = onward[int(dice[throw % 512] * len(onward))]
        throw += 1
        step = xy[following] - xy[at]
        far += float(np.hypot(step[0], step[1]))
        before, at = at, following
        way.append(at)
        along.append(far)
    path = degrees[way]
    return np.column_stack([np.interp(metres, along, path[:, axis]) for axis in (0, 1)])
