"""The patrolled share of streets: ours beside buffers and their union, as tracks grow.

A made city: blocks of about 100 m with bent streets, patrols that walk from corner to corner, a
fix every 45 s and 3.5 m off. The peer is GEOS: each leg is buffered, the buffers near a street are
united, and their union is cut with it. To unite all of them first takes longer, for each street is
then cut with one large shape; to cut first and unite the pieces goes wrong, for pieces of one line
do not meet to the bit. Its quarter circle has 8 segments where it is timed, 128 in a small city
where the answers are compared once more. Seconds are those of the processor.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.balance import exponents
from benchmarks.coverage_rows import Row, measured
from gridgeo.analysis.tracks import (
    patrol_share,
    share_of_intervals,
    street_intervals,
    warm_tracks,
)
from gridgeo.analysis.tracks.legs import MAX_GAP_S, MAX_SPEED_M_S, legs_of, read_fixes

RADIUS_M = 20.0
STREETS, FIXES = 100_000, 308_000
SEEDS = (1, 2, 3)
QUICK_SHARE = 0.02
_BLOCK_M, _EVERY_S, _TRACK = 100.0, 45, 102
_EDGES = np.array([[0, 1], [0, -1], [1, 0], [-1, 0]])


def streets(count, seed=1):
    """About so many streets between the corners of a bent lattice, and the corners."""
    side = int(np.sqrt(count / 2)) + 1
    rng = np.random.default_rng(seed)
    at = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1)
    corner = at * _BLOCK_M + rng.normal(scale=8, size=at.shape) + [500_000, 3_500_000]
    a = np.concatenate([corner[:-1].reshape(-1, 2), corner[:, :-1].reshape(-1, 2)])
    b = np.concatenate([corner[1:].reshape(-1, 2), corner[:, 1:].reshape(-1, 2)])
    bend = (a + b) / 2 + rng.normal(scale=3, size=a.shape)
    lines = shapely.linestrings(np.stack([a, bend, b], axis=1))
    order = rng.permutation(len(lines))[:count]
    return gpd.GeoSeries(lines[order], crs=4549), corner


def fixes(corner, count, seed=2):
    """So many fixes of walks from corner to corner, an hour and a quarter each."""
    rng = np.random.default_rng(seed)
    tracks, side = -(-count // _TRACK), len(corner)
    metres = np.arange(_TRACK) * _EVERY_S * rng.uniform(0.9, 1.4, size=(tracks, 1))
    steps = int(metres.max() / (0.5 * _BLOCK_M))
    at = rng.integers(0, side, size=(tracks, 1, 2))
    way = np.clip(
        at + np.cumsum(_EDGES[rng.integers(0, 4, size=(tracks, steps))], axis=1), 0, side - 1
    )
    way = np.concatenate([at, way], axis=1)
    xy = corner[way[..., 0], way[..., 1]]
    along = np.cumsum(np.hypot(*np.moveaxis(np.diff(xy, axis=1), -1, 0)), axis=1)
    along = np.pad(along, ((0, 0), (1, 0)))
    place = np.stack(
        [
            [
                np.interp(m, far, path[:, axis])
                for m, far, path in zip(metres, along, xy, strict=True)
            ]
            for axis in (0, 1)
        ],
        axis=-1,
    ).reshape(-1, 2)[:count]
    place += rng.normal(scale=3.5, size=place.shape)
    track, nth = np.divmod(np.arange(count), _TRACK)
    t = pd.Timestamp("2026-06-24T00:00Z") + pd.to_timedelta(nth * _EVERY_S, unit="s")
    return gpd.GeoDataFrame(
        {"track_id": track, "t": t}, geometry=gpd.GeoSeries.from_xy(*place.T, crs=4549)
    )


def city(seed, share):
    """Streets and fixes, and the corners for more of these."""
    lines, corner = streets(round(STREETS * share), seed)
    return fixes(corner, round(FIXES * share), seed + 100), lines, corner


def by_buffers(walked, lines, quad_segs=8):
    """The same shares by GEOS."""
    given = read_fixes(walked, lines, "streets")
    legs = legs_of(given, MAX_GAP_S, MAX_SPEED_M_S)
    drawn = shapely.buffer(shapely.linestrings(given.xy[legs.ends]), RADIUS_M, quad_segs=quad_segs)
    shapes = np.asarray(lines.array)
    street, near = shapely.STRtree(drawn).query(shapes, predicate="intersects")
    first = np.flatnonzero(np.append(True, street[1:] != street[:-1])[: len(street)])
    united = np.array([shapely.union_all(some) for some in np.split(drawn[near], first[1:])])
    at = street[first]
    share = np.zeros(len(shapes))
    share[at] = shapely.length(shapely.intersection(shapes[at], united)) / lines.length.iloc[at]
    return share


def rows(quick):
    """Rows of the table of coverage; ``quick`` asks a fiftieth of the size.

    Parameters
    ----------
    quick : bool

    Returns
    -------
    list of Row
    """
    warm_tracks()
    share = QUICK_SHARE if quick else 1.0
    cities = [city(seed, share) for seed in SEEDS]
    runs = [measured(patrol_share, *one[:2], RADIUS_M) for one in cities]
    walked, lines, corner = cities[0]
    theirs_s, theirs_mb, theirs = measured(by_buffers, walked, lines)
    small, small_lines, _ = city(0, QUICK_SHARE)
    fine = by_buffers(small, small_lines, quad_segs=128)
    difference = (
        f"{_most(runs[0][2], theirs):.0e} of a street where a quarter circle of the peer has 8 "
        f"segments, {_most(patrol_share(small, small_lines, RADIUS_M), fine):.0e} with 128"
    )
    growth = [(n, _least_s(fixes(corner, n * len(walked), 9), lines)) for n in (1, 2, 4)]
    on = f"{len(lines):,} streets, {len(walked):,} fixes, {RADIUS_M:g} m"
    kept = [measured(street_intervals, *one[:2], RADIUS_M) for one in cities]
    again = [
        measured(share_of_intervals, found, one[1])
        for (_, _, found), one in zip(kept, cities, strict=True)
    ]
    worst = max(_most(a[2], b[2]) for a, b in zip(again, runs, strict=True))
    return [
        Row(
            "patrolled share of streets",
            on,
            tuple(run[0] for run in runs),
            peer="GEOS: buffer + union",
            theirs=(theirs_s,),
            target=4.0,
            difference=difference,
            added_mb=runs[0][1],
            peer_mb=theirs_mb,
            growth=float(exponents(np.array(growth))[0]),
        ),
        Row(
            "stretches of street of each track",
            on,
            tuple(run[0] for run in kept),
            difference=f"{len(kept[0][2]):,} stretches of {walked['track_id'].nunique():,} tracks",
            added_mb=kept[0][1],
        ),
        Row(
            "patrolled share from kept stretches",
            on,
            tuple(run[0] for run in again),
            difference=f"{worst:.0f} from that of the fixes",
            added_mb=again[0][1],
        ),
    ]


def _least_s(walked, lines):
    return min(measured(patrol_share, walked, lines, RADIUS_M)[0] for _ in range(2))


def _most(ours, theirs):
    return float(np.abs(np.asarray(ours) - np.asarray(theirs)).max())


if __name__ == "__main__":
    for row in rows(quick=False):
        print(row)
