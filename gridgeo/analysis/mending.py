"""Whose a place shall be that lies in no grid, or in two: repairs as proposals, applied to a copy.

A place goes to the grid it has the longest common border with, never across a village border: so
the shorter line stays. What nobody can take without harm is listed with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from gridgeo.analysis.areas import mended_areas, polygon_parts
from gridgeo.analysis.joints import (
    as_one,
    borders_m,
    count_parts,
    cut_apart,
    inner_border_m,
    joined,
    without,
)
from gridgeo.analysis.territory import own_village
from gridgeo.errors import CRSError, ParameterError
from gridgeo.model.crs import require_metric, to_crs_of

_Piece = tuple[int, BaseGeometry]  # position of a village (-1: in none), and a place in it


@dataclass(frozen=True, eq=False)
class Repairs:
    """Grids as they would be, and why.

    Parameters
    ----------
    grids : GeoDataFrame
        Rows, index, columns and CRS as given. A grid no proposal is about has the very geometry it
        had; another is valid, flat and in no more pieces than before.
    proposals : GeoDataFrame
        One row for each fault, or for each village it lies in, in the order of the faults:

        kind, grid_ids : as in the faults.
        to_grid : id of the grid that has the place afterwards; None for none.
        from_grid : id of the grid that yields it; None where nobody had it.
        area_m2 : float.
        repaired : bool. Otherwise the fault is still there.
        look : bool. A person should look at it: it is large, takes more than half of a grid, or
            winds past so many grids that less than a quarter of its border is that of ``to_grid``.
        reason : "longest-border" | "own-village" (a longer border is that of another village) |
            "rest-whole" (the other one would be torn or empty) | "cut-off" (from the grid that
            yields, smaller than the place that cuts it off) | "mended" | "beyond-jurisdiction" |
            "settled" (by another row); where not repaired "no-neighbour" | "no-grid-of-village"
            | "in-no-village" | "would-tear" | "would-empty" | "not-joined" | "nothing-left".
        geometry : Polygon, the place; of an invalid grid what is left of it.
    """

    grids: gpd.GeoDataFrame
    proposals: gpd.GeoDataFrame


def propose_repairs(
    grids: gpd.GeoDataFrame,
    faults: gpd.GeoDataFrame,
    villages: gpd.GeoDataFrame | None = None,
    min_area_m2: float = 1.0,
    look_above_m2: float = 10_000.0,
) -> Repairs:
    """Propose which grid shall have each place that is not in exactly one.

    Parameters
    ----------
    grids : GeoDataFrame of Polygon or MultiPolygon, shape (n,)
        Index = ids, each once. Metric CRS. ``village_code`` is used where villages are given, as
        by ``across_faults``.
    faults : GeoDataFrame
        What ``tiling_faults`` finds in these grids. Rows left out (a lake that is no gap) stay.
    villages : GeoDataFrame, optional
        Indexed by ``village_code``. A place then goes to a grid of the village it lies in only.
    min_area_m2 : float
        The area ``tiling_faults`` was asked with. Smaller parts are noise.
    look_above_m2 : float
        Larger places are proposed and marked to be looked at: a large hole may be a lake.

    Returns
    -------
    Repairs

    Raises
    ------
    CRSError
        ``grids`` does not measure metres, or ``faults`` is in another CRS.
    ParameterError
        An id stands twice, a fault names an unknown grid, or an area is negative or no number.

    Notes
    -----
    Invalid grids are mended by the even-odd rule, then what lies beyond the jurisdiction is cut
    off, then overlaps are settled, the largest first, then gaps and slivers closed. A grid whose
    village a place is in goes first; then the longest common border; lengths alike to the
    millimetre, the lower id.

    Examples
    --------
    >>> from gridgeo.analysis.tiling import tiling_faults
    >>> halves = [shapely.box(0, 0, 50, 100), shapely.box(40, 0, 100, 100)]
    >>> grids = gpd.GeoDataFrame(geometry=halves, index=["a", "b"], crs=4549)
    >>> mended = propose_repairs(grids, tiling_faults(grids))
    >>> mended.proposals[["to_grid", "from_grid", "reason"]].to_numpy().tolist()
    [['a', 'b', 'longest-border']]
    >>> mended.grids.area.tolist()
    [5000.0, 5000.0]
    """
    _require(grids, faults, {"min_area_m2": min_area_m2, "look_above_m2": look_above_m2})
    work = _Work(grids, villages, min_area_m2, look_above_m2)
    names = {name: i for i, name in enumerate(grids.index.tolist())}
    rows = [
        _Fault(at, kind, tuple(names[i] for i in ids), shape)
        for at, (kind, ids, shape) in enumerate(
            zip(faults["kind"], faults["grid_ids"], faults.geometry, strict=True)
        )
    ]
    by_step: dict[str, list[_Fault]] = {"invalid": [], "outside": [], "overlap": [], "gap": []}
    for fault in sorted(rows, key=work.order):
        by_step[work.step(fault)].append(fault)
    answers = [
        *(work.mend(fault) for fault in by_step["invalid"]),
        *(work.cut(fault) for fault in by_step["outside"]),
        *work.settle(by_step["overlap"]),
        *work.close(by_step["gap"]),
    ]
    return Repairs(work.grids(), _table(sorted(answers, key=lambda a: a.fault.at), grids))


@dataclass(frozen=True)
class _Fault:
    """A row of the faults: its number, its kind, its grids by position, its place."""

    at: int
    kind: str
    grids: tuple[int, ...]
    shape: BaseGeometry | None


@dataclass(frozen=True)
class _Answer:
    """What is proposed for one place: who gets it and who yields it, by position."""

    fault: _Fault
    reason: str
    shape: BaseGeometry | None
    to: int | None = None
    from_: int | None = None
    repaired: bool = False
    look: bool = False


class _Work:
    """The grids while they are repaired, as lists of their pieces."""

    def __init__(
        self,
        grids: gpd.GeoDataFrame,
        villages: gpd.GeoDataFrame | None,
        min_area_m2: float,
        look_above_m2: float,
    ) -> None:
        self._given = grids
        self._min_m2, self._look_m2 = min_area_m2, look_above_m2
        self.shapes, _ = mended_areas(np.asarray(grids.geometry.array), grids.index)
        self._touched: set[int] = set()
        self._names = names = [str(name) for name in grids.index]
        self._rank = {i: n for n, i in enumerate(sorted(range(len(names)), key=names.__getitem__))}
        self._villages: np.ndarray | None = None
        if villages is not None:
            layer = to_crs_of(villages, grids, "villages", "grids").geometry
            self._villages, _ = mended_areas(np.asarray(layer.array), layer.index, "villages")
            self._own = own_village(grids, self.shapes, self._villages, layer.index)
            self._tree = shapely.STRtree(self._villages)

    def order(self, fault: _Fault) -> tuple[float, list[str], float]:
        """Put the largest first; nothing here depends on the order of rows, or on the place."""
        ids = sorted(self._names[i] for i in fault.grids)
        return -round(shapely.area(fault.shape), 3), ids, round(shapely.length(fault.shape), 3)

    def step(self, fault: _Fault) -> str:
        """Tell of a sliver whether it is a gap or an overlap."""
        if fault.kind != "sliver":
            return fault.kind
        if len(fault.grids) != 2:
            return "gap"
        shared = shapely.intersection(*self.shapes[list(fault.grids)])
        both = shapely.area(shapely.intersection(shared, fault.shape))
        return "overlap" if both > shapely.area(fault.shape) / 2 else "gap"

    def mend(self, fault: _Fault) -> _Answer:
        """Take the even-odd outline of an invalid grid, where anything is left of it."""
        (grid,) = fault.grids
        if self.shapes[grid] is None:
            return _Answer(fault, "nothing-left", None)
        self._touched.add(grid)
        return _Answer(fault, "mended", fault.shape, to=grid, repaired=True)

    def cut(self, fault: _Fault) -> _Answer:
        """Cut off what a grid has beyond the jurisdiction."""
        (grid,) = fault.grids
        look = self._large(fault.shape, grid)
        parts, harm = self._rest(grid, fault.shape)
        if harm is None:
            self._set(grid, parts)
        reason = harm or "beyond-jurisdiction"
        return _Answer(fault, reason, fault.shape, None, grid, harm is None, look)

    def settle(self, faults: list[_Fault]) -> Iterator[_Answer]:
        """Give each overlap to one of its two grids; try again what others have made possible."""
        open_ = [(f, *piece) for f in faults for piece in self._pieces(f.shape)]
        for goes_along in (False, True):
            advanced = True
            while advanced:
                advanced, tried, open_ = False, open_, []
                for fault, village, place in tried:
                    parts = self._still_shared(fault, place)
                    if not len(parts):
                        yield _Answer(fault, "settled", place, repaired=True)
                    for part in parts:
                        answers = self._settled(fault, village, part, goes_along)
                        advanced |= len(answers) > 0
                        yield from answers
                        if not answers:
                            open_.append((fault, village, part))
        for fault, village, place in open_:
            winner = self._entitled(fault, village, place)[1][0]
            _, harm = self._rest(sum(fault.grids) - winner, place)
            yield _Answer(fault, harm or "would-tear", place, look=self._large(place))

    def _still_shared(self, fault: _Fault, place: BaseGeometry) -> np.ndarray:
        """Give what both grids of an overlap still have of a place."""
        pair = list(fault.grids)
        if self._touched & set(pair):
            still = shapely.intersection(shapely.intersection(*self.shapes[pair]), place)
            if shapely.area(still) < (1 - 1e-9) * shapely.area(place):
                return polygon_parts(still, self._min_m2)[1]
        return np.array([place], object)

    def _entitled(
        self, fault: _Fault, village: int, place: BaseGeometry
    ) -> tuple[list[int], list[int]]:
        """Order a pair by their common border with an overlap; and those who may have it."""
        ranked = self._ranked(
            {grid: inner_border_m(place, self.shapes[grid]) for grid in fault.grids}
        )
        own = [i for i in ranked if village >= 0 and self._own[i] == village]
        return ranked, own or ranked

    def _settled(
        self, fault: _Fault, village: int, place: BaseGeometry, goes_along: bool
    ) -> list[_Answer]:
        """Let one of two grids yield, the first that can; what it is cut off from goes along."""
        ranked, winners = self._entitled(fault, village, place)
        for winner in winners:
            loser = sum(fault.grids) - winner
            parts, harm = self._rest(loser, place)
            along = parts[:0]
            if harm == "would-tear" and goes_along:
                largest = np.argsort(shapely.area(parts))[-count_parts(self.shapes[loser]) :]
                along = np.delete(parts, largest)
                small = shapely.area(along).sum() < shapely.area(place)
                if not (small and self._take(winner, shapely.multipolygons(along))):
                    continue
                parts = parts[np.sort(largest)]
            elif harm is not None:
                continue
            look = self._large(place, loser)
            self._set(loser, parts)
            reason = "rest-whole" if len(winners) == 2 else "own-village"
            reason = "longest-border" if winner == ranked[0] else reason
            told = [_Answer(fault, reason, place, winner, loser, True, look)]
            return told + [_Answer(fault, "cut-off", p, winner, loser, True, True) for p in along]
        return []

    def close(self, faults: list[_Fault]) -> Iterator[_Answer]:
        """Give each gap to the grid of its village with the longest common border."""
        pieces = [(f, *piece) for f in faults for piece in self._pieces(f.shape)]
        beside = borders_m([place for *_, place in pieces], self.shapes)
        for (fault, village, place), border_m in zip(pieces, beside, strict=True):
            ranked = self._ranked(border_m)
            entitled = ranked
            if self._villages is not None:
                entitled = [i for i in ranked if self._own[i] == village >= 0]
            reason = "no-neighbour" if not ranked else "no-grid-of-village"
            if self._villages is not None and village < 0:
                reason = "in-no-village"
            winner = next((grid for grid in entitled if self._take(grid, place)), None)
            if entitled:
                across = winner == entitled[0] != ranked[0]
                reason = "own-village" if across else "longest-border"
                reason = reason if winner is not None else "not-joined"
            winds = winner is not None and border_m[winner] < sum(border_m.values()) / 4
            look = self._large(place) or winds
            yield _Answer(fault, reason, place, winner, None, winner is not None, look)

    def grids(self) -> gpd.GeoDataFrame:
        """Give the grids as given, with new geometries for those touched."""
        shapes = np.asarray(self._given.geometry.array).copy()
        touched = sorted(self._touched)
        shapes[touched] = self.shapes[touched]
        return self._given.set_geometry(gpd.GeoSeries(shapes, self._given.index, self._given.crs))

    def _large(self, place: BaseGeometry, loser: int | None = None) -> bool:
        area = shapely.area(place)
        half = loser is not None and area > shapely.area(self.shapes[loser]) / 2
        return bool(area > self._look_m2 or half)

    def _ranked(self, border_m: dict[int, float]) -> list[int]:
        """Order grids by the border they share, to the millimetre, then by id."""
        return sorted(border_m, key=lambda i: (-round(border_m[i], 3), self._rank[i]))

    def _pieces(self, place: BaseGeometry) -> list[_Piece]:
        """Cut a place where a village border crosses it."""
        if self._villages is None:
            return [(-1, place)]
        near = np.sort(self._tree.query(place, predicate="intersects"))
        cut = cut_apart(place, self._villages[near], self._min_m2)
        return [(-1 if at < 0 else int(near[at]), part) for at, part in cut]

    def _rest(self, grid: int, place: BaseGeometry) -> tuple[np.ndarray, str | None]:
        """Give what a grid is without a place, and what harm that would be."""
        parts = without(self.shapes[grid], place)
        if shapely.area(parts).sum() <= self._min_m2:
            return parts, "would-empty"
        return parts, "would-tear" if len(parts) > count_parts(self.shapes[grid]) else None

    def _take(self, grid: int, place: BaseGeometry) -> bool:
        """Join a place to a grid; False where they do not hang together."""
        parts = joined(self.shapes[grid], place)
        if parts is not None:
            self._set(grid, parts)
        return parts is not None

    def _set(self, grid: int, parts: np.ndarray) -> None:
        self.shapes[grid] = as_one(parts)
        self._touched.add(grid)


def _require(grids: gpd.GeoDataFrame, faults: gpd.GeoDataFrame, areas_m2: dict[str, float]) -> None:
    require_metric(grids, "grids")
    if faults.crs != grids.crs:
        raise CRSError(
            "faults are in another CRS than grids; corners would no longer meet.",
            hint="Call tiling_faults with these very grids.",
            fields=["faults"],
        )
    for name, value in areas_m2.items():
        if not value >= 0:
            raise ParameterError(
                f"{name} is {value}; it must be 0 or more square metres.", fields=[name]
            )
    if grids.index.has_duplicates:
        twice = ", ".join(grids.index[grids.index.duplicated()].astype("str")[:3])
        raise ParameterError(
            f"grids has ids that stand twice ({twice}); a place is given to an id.",
            hint="Give every grid a code of its own.",
            fields=["grids"],
        )
    unknown = {i for ids in faults["grid_ids"] for i in ids} - set(grids.index.tolist())
    if unknown:
        shown = ", ".join(sorted(map(str, unknown))[:3])
        raise ParameterError(
            f"faults name {len(unknown)} grids that are not there ({shown}).",
            hint="Call tiling_faults with these very grids.",
            fields=["faults"],
        )


def _table(answers: list[_Answer], grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    names = grids.index.tolist()

    def named(position: int | None) -> object:
        return None if position is None else names[position]

    shapes = gpd.GeoSeries([answer.shape for answer in answers], crs=grids.crs)
    told = pd.DataFrame(
        {
            "kind": pd.Series([a.fault.kind for a in answers], dtype="str"),
            "grid_ids": pd.Series(
                [tuple(names[i] for i in a.fault.grids) for a in answers], dtype=object
            ),
            "to_grid": pd.Series([named(a.to) for a in answers], dtype=object),
            "from_grid": pd.Series([named(a.from_) for a in answers], dtype=object),
            "area_m2": shapes.area.fillna(0.0).to_numpy(),
            "repaired": pd.Series([a.repaired for a in answers], dtype=bool),
            "look": pd.Series([a.look for a in answers], dtype=bool),
            "reason": pd.Series([a.reason for a in answers], dtype="str"),
        }
    )
    return gpd.GeoDataFrame(told, geometry=shapes.array)
