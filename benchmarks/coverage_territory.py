"""Gaps and overlaps of grids, who lives in them, and how to mend them: beside GEOS, as towns grow.

Partitions of some 70 corners a grid, with lakes and enclaves; one grid in fifty is damaged: grown
or shrunk by 3 m, shifted by some metres, or its border simplified. The jurisdiction is the square
they divide. Two peers: the coverage edges of GEOS say where borders do not match and give neither
areas nor pairs; overlay intersects every pair that meets and takes the union of all from the
square, which is the plain way to the areas, and what ours are held against. Seconds are those of
the processor.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import affinity

from benchmarks.balance import exponents
from benchmarks.coverage_rows import Row, measured
from benchmarks.partitions import partition
from gridgeo.analysis.mending import propose_repairs
from gridgeo.analysis.territory import across_faults, household_faults
from gridgeo.analysis.tiling import tiling_faults

GRIDS, MANY, HOUSEHOLDS = 2_000, 30_000, 240_000
SEEDS = (1, 2, 3)
QUICK_SHARE = 0.02
TARGET_S = {GRIDS: 0.5, MANY: 5.0}
_WIDTH_M, _DAMAGED, _STRAY_M = 500.0, 0.02, 3.0
_CORNER = np.array([500_000.0, 3_500_000.0])


def town(count, seed, damaged=_DAMAGED):
    """So many grids, some of them damaged, and the square they divide."""
    side = _WIDTH_M * np.sqrt(count)
    rng = np.random.default_rng(seed)
    shapes = shapely.transform(partition(count, seed, size=side), lambda xy: xy + _CORNER)
    for at in np.flatnonzero(rng.random(len(shapes)) < damaged):
        shape, way = shapes[at], rng.integers(4)
        if way < 2:
            shapes[at] = shapely.buffer(shape, (-_STRAY_M, _STRAY_M)[way])
        elif way == 2:
            shapes[at] = affinity.translate(shape, *rng.normal(0, _STRAY_M, 2))
        else:
            shapes[at] = shapely.simplify(shape, 3 * _STRAY_M)
    codes = pd.Index([f"{n:06d}" for n in range(len(shapes))], name="grid_code")
    grids = gpd.GeoDataFrame(geometry=shapes, index=codes, crs=4549)
    return grids[~grids.is_empty], shapely.box(*_CORNER, *(_CORNER + side))


def villages(duty, count):
    """So many squares that divide the duty, across the borders of its grids."""
    west, south, east, north = duty.bounds
    side = max(round(np.sqrt(count)), 1)
    x, y = np.linspace(west, east, side + 1), np.linspace(south, north, side + 1)
    boxes = shapely.box(*(part.ravel() for part in (
        *np.meshgrid(x[:-1], y[:-1]), *np.meshgrid(x[1:], y[1:]))))  # fmt: skip
    return gpd.GeoDataFrame(geometry=boxes, index=[f"v{n}" for n in range(len(boxes))], crs=4549)


def households(duty, grids, count, seed):
    """So many households on and a little around the duty; one in a hundred is wrongly recorded."""
    rng = np.random.default_rng(seed)
    west, south, east, north = duty.buffer(20).bounds
    x, y = rng.uniform(west, east, count), rng.uniform(south, north, count)
    homes = gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_xy(x, y, crs=4549))
    grid, home = shapely.STRtree(np.asarray(homes.geometry.array)).query(
        np.asarray(grids.geometry.array), predicate="covers"
    )
    recorded = np.full(count, None, dtype=object)
    recorded[home] = grids.index.to_numpy()[grid]
    wrong = rng.random(count) < 0.01
    recorded[wrong] = rng.choice(grids.index.to_numpy(), wrong.sum())
    return homes.assign(grid_code=recorded)


def by_edges(grids):
    """What GEOS says: borders that do not match."""
    return shapely.coverage_invalid_edges(np.asarray(grids.geometry.array))


def by_overlay(grids, duty):
    """Area in two grids pair by pair, in none, and beyond the duty."""
    shapes = np.asarray(grids.geometry.array)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other])).sum()
    united = shapely.union_all(shapes)
    return np.array(
        [
            shared,
            shapely.area(shapely.difference(duty, united)),
            shapely.area(shapely.difference(shapes, duty)).sum(),
        ]
    )


def summed(faults):
    """Our areas: in two grids or in none, and beyond the duty."""
    beyond = faults["kind"] == "outside"
    inside = faults["kind"].isin(["gap", "overlap", "sliver"])
    return np.array([faults["area_m2"][inside].sum(), faults["area_m2"][beyond].sum()])


def rows(quick):
    """Rows of the table of coverage; ``quick`` asks a fiftieth of the size.

    Parameters
    ----------
    quick : bool

    Returns
    -------
    list of Row
    """
    share = QUICK_SHARE if quick else 1.0
    found = []
    for size in (GRIDS, MANY):
        count = round(size * share)
        towns = [town(count, seed) for seed in SEEDS]
        on = f"{count:,} grids, {_DAMAGED:.0%} damaged"
        runs = [measured(tiling_faults, *one) for one in towns]
        found.append(_faults_row(towns, runs, on, TARGET_S[size], count))
        mended = [
            measured(propose_repairs, grids, run[2])
            for (grids, _), run in zip(towns, runs, strict=True)
        ]
        found.append(_repair_row(towns, runs, mended, on))
    grids, duty = town(round(GRIDS * share), SEEDS[0])
    homes = households(duty, grids, round(HOUSEHOLDS * share), SEEDS[0])
    found.append(_plain_row("households in no or in several grids", homes, household_faults,
                            (homes, grids, None, duty), grids))  # fmt: skip
    places = villages(duty, len(grids) / 10)
    found.append(_plain_row("grids across a village border", homes, across_faults,
                            (grids, places), grids))  # fmt: skip
    return found


def _faults_row(towns, runs, on, target, count):
    (grids, duty), (_, mb, faults) = towns[0], runs[0]
    edges_s = measured(by_edges, grids)[0]
    overlay_s, _, plain = measured(by_overlay, grids, duty)
    shared, missing, beyond = plain
    ours = summed(faults)
    off = max(abs(ours[0] - shared - missing), abs(ours[1] - beyond))
    noise = len(faults) + len(grids)  # parts up to 1 m² are no faults
    growth = []
    for part in (16, 4, 1):
        one = town(max(count // part, 4), 9)
        growth.append((len(one[0]), min(measured(tiling_faults, *one)[0] for _ in range(2))))
    return Row(
        "gaps and overlaps with areas",
        on,
        tuple(run[0] for run in runs),
        peer="GEOS coverage_invalid_edges, no areas",
        theirs=(edges_s,),
        target=target,
        difference=(
            f"{off:.1f} m² of {ours.sum():,.0f} m² in {len(faults):,} faults from overlay of all "
            f"pairs and the union ({overlay_s:.2f} s); what is below 1 m² may make {noise:,} m²"
        ),
        added_mb=mb,
        growth=float(exponents(np.array(growth))[0]),
    )


def _repair_row(towns, runs, mended, on):
    (_, duty), (_, _, faults), (_, mb, repairs) = towns[0], runs[0], mended[0]
    left = tiling_faults(repairs.grids, duty)
    return Row(
        "who shall have each gap and overlap",
        on,
        tuple(run[0] for run in mended),
        difference=(
            f"{len(faults):,} faults before, {len(left):,} after; "
            f"{int((~repairs.proposals['repaired']).sum()):,} left to a person"
        ),
        added_mb=mb,
    )


def _plain_row(what, homes, ask, given, grids):
    runs = [measured(ask, *given) for _ in SEEDS]
    on = f"{len(grids):,} grids"
    if ask is household_faults:
        on = f"{len(homes):,} households, {on}"
    return Row(
        what,
        on,
        tuple(run[0] for run in runs),
        difference=f"{len(runs[0][2]):,} findings",
        added_mb=runs[0][1],
    )


if __name__ == "__main__":
    for row in rows(quick=False):
        print(row)
