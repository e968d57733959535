"""Partitions as they come from offices: of some grids something is wrong, in nine ways.

A way takes a polygon and dice and gives what stands in its place, or beside it where it is a list.
"""

import numpy as np
import shapely


def damaged(grids, way, share, seed):
    """Damage a share of the grids in a way of ``WAYS``; what is added goes to the end."""
    rng = np.random.default_rng(seed)
    grids, added = grids.copy(), []
    for k in rng.choice(len(grids), max(1, round(share * len(grids))), replace=False):
        got = WAYS[way](grids[k], rng)
        if isinstance(got, list):
            added += got
        else:
            grids[k] = got
    return np.concatenate([grids, np.array(added, dtype=object)])


def _shell_changed(change):
    """Change the corners of the first shell: the first corner is not repeated at the end."""

    def way(grid, rng):
        first, *others = shapely.get_parts(grid)
        corners = change(shapely.get_coordinates(first.exterior)[:-1], rng)
        parts = [shapely.Polygon(corners, first.interiors), *others]
        return shapely.MultiPolygon(parts) if others else parts[0]

    return way


def _width(corners):
    return float(np.sqrt(np.prod(np.ptp(corners, axis=0))))


def _one_moved(corners, rng):
    corners = corners.copy()
    corners[rng.integers(len(corners))] += rng.normal(size=2) * 0.2 * _width(corners)
    return corners


def _some_left_out(corners, rng):
    return corners[np.arange(len(corners)) % 3 != rng.integers(3)]


def _two_swapped(corners, rng):
    corners = corners.copy()
    k = rng.integers(len(corners) - 1)
    corners[[k, k + 1]] = corners[[k + 1, k]]
    return corners


def _shifted(grid, rng):
    away = rng.normal(size=2) * 0.02 * _width(shapely.get_coordinates(grid))
    return shapely.transform(grid, lambda corners: corners + away)


def _rounded(grid, _rng):
    step = 0.01 * _width(shapely.get_coordinates(grid))
    return shapely.transform(grid, lambda corners: np.round(corners / step) * step)


WAYS = {
    "a corner moved": _shell_changed(_one_moved),
    "every third corner left out": _shell_changed(_some_left_out),
    "two corners swapped": _shell_changed(_two_swapped),
    "rounded to a hundredth of its width": _rounded,
    "shifted": _shifted,
    "grown over its neighbours": lambda grid, _: grid.buffer(
        0.05 * _width(shapely.get_coordinates(grid)), quad_segs=2
    ),
    "there twice": lambda grid, _: [grid],
    "covered by its box": lambda grid, _: [shapely.box(*grid.bounds)],
    "missing": lambda _grid, _rng: None,
}
