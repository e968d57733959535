"""Defects planted in the drawn grids, each recorded as the truth a detector must find."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgeo.sample.carve import no_room
from gridgeo.sample.ground import Floats, Ground
from gridgeo.sample.plan import Plan

GAP_HOUSEHOLDS = (8, 7)
OVERLAPS = 3

_STRIP_M = 9.0  # less than homes.SETBACK_M: nobody lives in a strip
_SLIVER_M = 0.8
_SIDE_M = (60.0, 140.0)  # borders this long make clear strips
_GAP_M2 = 9_900.0


@dataclass
class Drawing:
    """Grid polygons as somebody drew them, and what is wrong with them.

    Parameters
    ----------
    grids : ndarray of Polygon, shape (k,)
        EPSG:4549.
    truth : list of dict
        ``kind``, ``subjects`` (grid codes), ``area_m2``, ``wkt`` (EPSG:4549), ``note``.
    gap_blocks : list of int
        Blocks left out of every drawn grid; their households are orphans.
    touched : set of int
        Positions of the grids a defect concerns; each grid has at most one.
    """

    grids: NDArray[np.object_]
    truth: list[dict[str, object]] = field(default_factory=list)
    gap_blocks: list[int] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)


def draw(ground: Ground, plan: Plan, remote: int, rng: np.random.Generator) -> Drawing:
    """Draw the grids and plant 2 gaps, 3 overlaps, 1 sliver and 1 grid across a village border.

    Where there is but one village, no grid crosses its border.

    Parameters
    ----------
    ground, plan
        The blocks and their grids.
    remote : int
        Block of the remote hamlet, whose grid stays as it is.
    rng : Generator
        Chooses where.

    Returns
    -------
    Drawing
        Overlaps, sliver and crossing are strips along one border of a block, where nobody
        lives; each gap is one whole block. New corners lie inside blocks, and strips begin and
        end at old corners, so no further gap or overlap arises, not even a small one.

    Raises
    ------
    InfeasibleError
        No border or block is left for one of the defects.
    """
    codes = plan.grids.index
    drawing = Drawing(
        np.array(
            [shapely.union_all(ground.blocks[plan.grid == g]) for g in range(len(codes))],
            dtype=object,
        )
    )
    special = np.flatnonzero((plan.grids["role"] != "").to_numpy())
    drawing.touched |= set(special.tolist()) | {int(plan.grid[remote])}
    blocks = rng.permutation(len(ground.blocks))
    edges = rng.permutation(len(ground.pairs))
    _leave_out(drawing, ground, plan, blocks, inner=True)
    _leave_out(drawing, ground, plan, blocks, inner=False)
    for _ in range(OVERLAPS):
        taker, giver, strip = _strip(drawing, ground, plan, edges, _STRIP_M, across=False)
        drawing.grids[taker] = shapely.union(drawing.grids[taker], strip)
        _record(drawing, "overlap", [taker, giver], strip, plan, "drawn into its neighbour")
    first, second, strip = _strip(drawing, ground, plan, edges, _SLIVER_M, across=False)
    drawing.grids[second] = shapely.difference(drawing.grids[second], strip)
    _record(
        drawing, "sliver", [first, second], strip, plan, "one border drawn twice, a gap between"
    )
    if len(np.unique(plan.village)) == 1:
        return drawing
    taker, giver, strip = _strip(drawing, ground, plan, edges, _STRIP_M, across=True)
    drawing.grids[taker] = shapely.union(drawing.grids[taker], strip)
    drawing.grids[giver] = shapely.difference(drawing.grids[giver], strip)
    there = codes[giver]
    _record(drawing, "across", [taker], strip, plan, f"in the village of {there}, which gave way")
    drawing.touched.add(giver)
    return drawing


def _leave_out(
    drawing: Drawing, ground: Ground, plan: Plan, blocks: NDArray[np.int64], *, inner: bool
) -> None:
    """Leave one block out of its grid: a hole in it, or a notch at a neighbour's border.

    A small one if there is any, else the smallest: in the country all are large.
    """
    left, right = ground.pairs.T
    outline = shapely.coverage_union_all(ground.blocks).boundary
    shapely.prepare(outline)
    too_large_m2 = np.maximum(shapely.area(ground.blocks[blocks]) - _GAP_M2, 0.0)
    for block in blocks[np.argsort(too_large_m2, kind="stable")]:
        grid = int(plan.grid[block])
        around = plan.grid[np.concatenate([right[left == block], left[right == block]])]
        near = np.unique(around)
        if grid in drawing.touched or inner != (near.tolist() == [grid]):
            continue
        if not inner and (len(near) != 2 or drawing.touched & set(near.tolist())):
            continue
        rest = shapely.difference(drawing.grids[grid], ground.blocks[block])
        outside = not inner and outline.intersects(ground.blocks[block])
        if rest.geom_type != "Polygon" or outside or (inner and len(rest.interiors) != 1):
            continue
        drawing.grids[grid] = rest
        drawing.gap_blocks.append(int(block))
        where = "a block forgotten inside it" if inner else "a block forgotten between two grids"
        _record(drawing, "gap", near.tolist(), ground.blocks[block], plan, where)
        return
    raise no_room("a gap of one block")


def _strip(
    drawing: Drawing,
    ground: Ground,
    plan: Plan,
    edges: NDArray[np.int64],
    depth_m: float,
    *,
    across: bool,
) -> tuple[int, int, shapely.Polygon]:
    """Find a border between two untouched grids; give taker, giver and a strip in the giver.

    One on land, as long as a clear strip wants it; else one whose length is nearest to that, and
    last one along a canal.
    """
    length_m = np.linalg.norm(ground.borders[edges, 1] - ground.borders[edges, 0], axis=1)
    unfit_m = np.maximum(np.maximum(_SIDE_M[0] - length_m, length_m - _SIDE_M[1]), 0.0)
    for edge in edges[np.lexsort((unfit_m, ground.water[edges]))]:
        here, there = ground.pairs[edge]
        taker, giver = int(plan.grid[here]), int(plan.grid[there])
        start, end = ground.borders[edge]
        crosses = plan.village[here] != plan.village[there]
        if taker == giver or crosses != across:
            continue
        if drawing.touched & {taker, giver}:
            continue
        strip = _trapezoid(start, end, ground.centres[there], depth_m)
        if ground.blocks[there].contains_properly(shapely.LineString(strip.exterior.coords[1:3])):
            return taker, giver, strip
    raise no_room("a strip along a border of two grids without other defects")


def _trapezoid(start: Floats, end: Floats, towards: Floats, depth_m: float) -> shapely.Polygon:
    """Lay a strip on the line from ``start`` to ``end``, narrowing ``towards`` a point."""
    along = end - start
    normal = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    normal = normal * np.sign(normal @ (towards - start)) * depth_m
    inner = np.round([start + 0.15 * along + normal, end - 0.15 * along + normal], 2)
    return shapely.Polygon([start, *inner, end])


def _record(
    drawing: Drawing, kind: str, grids: list[int], area: shapely.Polygon, plan: Plan, note: str
) -> None:
    drawing.touched |= set(grids)
    drawing.truth.append(
        {
            "kind": kind,
            "subjects": sorted(plan.grids.index[grids].tolist()),
            "area_m2": round(float(area.area), 2),
            "wkt": shapely.to_wkt(area, rounding_precision=2),
            "note": note,
        }
    )
