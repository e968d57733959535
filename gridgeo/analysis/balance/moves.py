"""Best moves: the few changes of a border that help a plan in force most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridgeo.analysis.balance.graph import Graph
from gridgeo.analysis.balance.inputs import Load, Targets, check_plain
from gridgeo.analysis.balance.judge import Drawn, pieces_inside, read_drawn
from gridgeo.analysis.balance.move_search import EPS, MOST_UNITS, Two, best_set, best_split, excess
from gridgeo.analysis.balance.naming import three
from gridgeo.analysis.balance.unit_graph import UnitGraph
from gridgeo.errors import ParameterError

# Sets looked at for one pair of grids, some 20 ms.
BUDGET = 200_000
TREES = 60
SEED = 0


@dataclass(frozen=True)
class Move:
    """One connected set of units that goes to a neighbour.

    Parameters
    ----------
    fall : float
        How far the plan's excess falls.
    load : float
    source, goal : int
        Positions of the grids.
    units : tuple of int
        Positions of the units, ascending by id.
    """

    fall: float
    load: float
    source: int
    goal: int
    units: tuple[int, ...]

    @property
    def rest(self) -> tuple[int, int, int, tuple[int, ...]]:
        """What decides between moves of the same fall and load; the least is first."""
        return len(self.units), self.source, self.goal, self.units


def best_moves(
    units: pd.DataFrame | UnitGraph,
    load: Load,
    current: str | pd.Series | Mapping[object, object],
    moves: int = 3,
    targets: Targets | None = None,
    tolerance: float = 0.05,
    region: str | None = None,
    locked: Iterable[object] | None = None,
) -> pd.DataFrame:
    """Find the moves that bring a plan in force nearest to its tolerance, one after the other.

    Parameters
    ----------
    units : GeoDataFrame or UnitGraph, shape (n, …)
        As for ``balance``.
    load : str, or mapping of str to float
        As for ``balance``.
    current : str, Series or mapping
        Today's grid of each unit; every unit has one. A grid that is not one piece today may
        stay so, but never falls into more.
    moves : int
        Most rows to give, at least 1.
    targets : Series or mapping by grid id, or sequence, optional
        As for ``judge``.
    tolerance : float
        |load ÷ target − 1| that is good enough.
    region : str, optional
        Column no units may leave for a grid of another value.
    locked : iterable of grid ids, optional
        Grids that neither give nor take units.

    Returns
    -------
    DataFrame
        One row a move, in the order to make them, each judged after those before it:
        ``from_grid``, ``to_grid``, ``units`` (tuple of ids: a connected set that touches the
        other grid), ``load``, ``households`` (of the column of that name; nan without it),
        ``from_deviation_before``, ``from_deviation_after``, ``to_deviation_before``,
        ``to_deviation_after``, ``excess_before``, ``excess_after`` (sum over all grids of
        |deviation| beyond the tolerance), ``max_deviation_before``, ``max_deviation_after``,
        ``optimal``. Fewer rows where no single move lowers the excess.

    Raises
    ------
    ContractError
        Units without a grid today: how many, and three ids.
    ParameterError
        ``moves`` is no number from 1, ``locked`` names no grid, or targets do not fit.

    Notes
    -----
    A move is the one after which the excess is least; of equals (to 1e-9) the one with less
    load, then fewer units, then the first by grids and units. That is exact where the pieces
    that could give have up to 64 units and up to 200,000 connected sets of the load in
    question. Elsewhere splits along random trees are tried. ``optimal`` says that no single
    move lowers the excess further: of trees only where they reach what no set of units could
    pass. Each row is the best after those before it, which is not always the best row.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> row = [shapely.box(x, 0, x + 1, 1) for x in range(4)]
    >>> units = gpd.GeoDataFrame({"households": 10}, geometry=row, index=list("abcd"), crs=4549)
    >>> units["grid_code"] = ["w", "w", "w", "e"]
    >>> best_moves(units, "households", "grid_code").iloc[0][["from_grid", "units"]].tolist()
    ['w', ('c',)]
    """
    check_plain(tolerance, 0.5, 1.0, 0, None, None)
    if isinstance(moves, bool) or not isinstance(moves, int | np.integer) or moves < 1:
        raise ParameterError(
            f"moves is {moves!r}; it must be a whole number from 1.", fields=["moves"]
        )
    drawn = read_drawn(units, load, current, targets, region)
    search = Search(drawn, tolerance, _shut(locked, drawn.grids))
    ids = drawn.graph.units.index[drawn.order]
    households = drawn.graph.units.get("households")
    rows: list[tuple[object, ...]] = []
    for _ in range(int(moves)):
        found = search.best()
        if found is None:
            break
        move, optimal = found
        before = search.deviations()
        search.make(move)
        after = search.deviations()
        members = ids[list(move.units)]
        rows.append(
            (
                drawn.grids[move.source],
                drawn.grids[move.goal],
                tuple(members),
                move.load,
                np.nan if households is None else households.loc[members].sum(),
                *(off[grid] for grid in (move.source, move.goal) for off in (before, after)),
                *(np.maximum(np.abs(off) - tolerance, 0.0).sum() for off in (before, after)),
                *(np.abs(off).max() for off in (before, after)),
                optimal,
            )
        )
    table = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in COLUMNS]
    return pd.DataFrame(dict(zip(COLUMNS, table, strict=True)))


COLUMNS = (
    "from_grid",
    "to_grid",
    "units",
    "load",
    "households",
    "from_deviation_before",
    "from_deviation_after",
    "to_deviation_before",
    "to_deviation_after",
    "excess_before",
    "excess_after",
    "max_deviation_before",
    "max_deviation_after",
    "optimal",
)


def _shut(locked: Iterable[object] | None, grids: pd.Index) -> np.ndarray:
    """Tell which grids are locked, shape (k,)."""
    shut = np.zeros(len(grids), bool)
    if locked is None:
        return shut
    wanted = pd.Index([locked] if isinstance(locked, str) else list(locked))
    place = grids.get_indexer(wanted)
    if (place < 0).any():
        raise ParameterError(
            f"locked names {(place < 0).sum()} grids that no unit is in today "
            f"({three(wanted[place < 0])}).",
            hint="Give ids that occur in current.",
            fields=["locked"],
        )
    shut[place] = True
    return shut


class Search:
    """A plan while moves are made; what was found for two grids holds until one of them changes.

    Units are positions in the order of their ids, grids positions in ``drawn.grids``.

    Parameters
    ----------
    drawn : Drawn
    tolerance : float
    shut : ndarray of bool, shape (k,)
        Grids that neither give nor take.
    """

    def __init__(self, drawn: Drawn, tolerance: float, shut: np.ndarray) -> None:
        place = np.empty(len(drawn.order), np.int64)
        place[drawn.order] = np.arange(len(place))
        pairs, zones = place[drawn.graph.pairs], drawn.region[drawn.order]
        self.pairs = pairs[zones[pairs[:, 0]] == zones[pairs[:, 1]]]
        load = drawn.load[drawn.order]
        price, apart = np.ones(len(self.pairs)), np.empty((0, 2), np.int64)
        self.graph = Graph.from_edges(self.pairs, price, load, apart)
        self.labels = drawn.labels[drawn.order].copy()
        self.loads = self.graph.loads(self.labels, drawn.k)
        self.targets, self.tolerance, self.shut = drawn.targets, tolerance, shut
        self.grain = 1e-9 * max(float(load.mean()), 1e-300)
        self.found: dict[tuple[int, int, int], tuple[Move | None, bool]] = {}

    def deviations(self) -> np.ndarray:
        """Measure load ÷ target − 1 of each grid."""
        idle = (self.targets == 0) & (self.loads == 0)
        owed = np.where(self.targets == 0, 1e-300, self.targets)
        return np.where(idle, 0.0, self.loads / owed - 1)

    def make(self, move: Move) -> None:
        """Make a move."""
        self.labels[list(move.units)] = move.goal
        self.loads = self.graph.loads(self.labels, len(self.loads))
        changed = {move.source, move.goal}
        self.found = {key: one for key, one in self.found.items() if not changed & {*key[:2]}}

    def best(self) -> tuple[Move, bool] | None:
        """Find the best move, and whether none is better; None when none helps."""
        pieces = pieces_inside(self.pairs, self.labels)
        offers = self._offers(pieces)
        best: Move | None = None
        open_ends: list[float] = []
        for source, goal, piece, fall, enough in offers:
            if best is not None and fall < best.fall - EPS:
                break
            if best is not None and fall < best.fall + EPS and enough > best.load + self.grain:
                continue
            nodes = np.flatnonzero(pieces == piece)
            key = (source, goal, int(nodes[0]))
            if key not in self.found:
                self.found[key] = self._search(source, goal, nodes, enough)
            move, sure = self.found[key]
            if not sure:
                open_ends.append(fall)
            if move is not None and (best is None or self._better(move, best)):
                best = move
        if best is None:
            return None
        doubt = any(fall > best.fall + EPS for fall in open_ends)
        return best, not doubt

    def _better(self, one: Move, other: Move) -> bool:
        if abs(one.fall - other.fall) > EPS:
            return one.fall > other.fall
        if abs(one.load - other.load) > self.grain:
            return one.load < other.load
        return one.rest < other.rest

    def _offers(self, pieces: np.ndarray) -> list[tuple[int, int, int, float, float]]:
        """List who could give to whom, the greatest possible fall first, of equals least load.

        Rows are (source, goal, piece of the source, greatest fall, least load that has it).
        """
        both = np.vstack([self.pairs, self.pairs[:, ::-1]])
        source, goal = self.labels[both[:, 0]], self.labels[both[:, 1]]
        cut = (source != goal) & ~self.shut[source] & ~self.shut[goal]
        rows = np.unique(np.column_stack([source[cut], goal[cut], pieces[both[cut, 0]]]), axis=0)
        if len(rows) == 0:
            return []
        source, goal, piece = rows.T
        most = np.bincount(pieces, weights=self.graph.net.load)[piece]
        a, b, t, s = self.loads[source], self.loads[goal], self.targets[source], self.targets[goal]
        over = self.tolerance
        # The sum of both excesses is convex and bends only here.
        bends = np.column_stack(
            [
                0 * a,
                most,
                a - (1 + over) * t,
                a - (1 - over) * t,
                (1 - over) * s - b,
                (1 + over) * s - b,
            ]
        )
        bends = np.sort(np.clip(bends, 0.0, most[:, None]), axis=1)
        value = _beyond(a[:, None] - bends, t[:, None], over) + _beyond(
            b[:, None] + bends, s[:, None], over
        )
        now = _beyond(a, t, over) + _beyond(b, s, over)
        least = value.min(axis=1)
        enough = bends[np.arange(len(bends)), (value <= least[:, None] + EPS).argmax(axis=1)]
        fall = now - least
        order = np.lexsort([goal, source, enough, -fall])
        order = order[fall[order] > EPS]
        return list(
            zip(*(x[order].tolist() for x in (source, goal, piece, fall, enough)), strict=True)
        )

    def _search(
        self, source: int, goal: int, nodes: np.ndarray, enough: float
    ) -> tuple[Move | None, bool]:
        """Find the best set of a piece for another grid, and whether none is better."""
        net = self.graph.net
        two = Two(
            float(self.loads[source]),
            float(self.loads[goal]),
            float(self.targets[source]),
            float(self.targets[goal]),
            float(self.tolerance),
            float(enough),
            self.grain,
        )
        place = np.full(self.graph.n, -1, np.int32)
        place[nodes] = np.arange(len(nodes), dtype=np.int32)
        own = self.graph.sub(nodes).net
        touching = np.array(
            [
                bool((self.labels[net.to[net.start[u] : net.start[u + 1]]] == goal).any())
                for u in nodes
            ]
        )
        whole = len(nodes) < int((self.labels == source).sum())
        now = excess(two, 0.0)
        sets: list[tuple[float, float, tuple[int, ...]]] = []
        sure = len(nodes) <= MOST_UNITS
        if sure:
            bits = np.uint64(1) << np.arange(len(nodes), dtype=np.uint64)
            masks = np.array(
                [
                    np.bitwise_or.reduce(bits[own.to[own.start[u] : own.start[u + 1]]], initial=0)
                    for u in range(len(nodes))
                ],
                np.uint64,
            )
            touched = np.bitwise_or.reduce(bits[touching])
            chosen, value, moved, _, sure = best_set(masks, touched, own.load, two, whole, BUDGET)
            if chosen:
                members = nodes[(bits & np.uint64(chosen)) != 0]
                sets.append((now - value, moved, tuple(members.tolist())))
        if not sure:
            side, value, moved, _ = best_split(net, nodes, place, touching, two, TREES, SEED)
            if side.any():
                sets.append((now - value, moved, tuple(nodes[side].tolist())))
            if whole and now - excess(two, float(own.load.sum())) > EPS:
                load = float(own.load.sum())
                sets.append((now - excess(two, load), load, tuple(nodes.tolist())))
        best: Move | None = None
        for fall, moved, members in sets:
            move = Move(fall, moved, source, goal, members)
            if best is None or self._better(move, best):
                best = move
        return best, bool(sure)


def _beyond(load: np.ndarray, target: np.ndarray, tolerance: float) -> np.ndarray:
    """Measure how far each grid is out of band, as ``beyond`` does."""
    idle = (target <= 0) & (load <= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.where(idle, 1.0, load / np.where(target > 0, target, 0.0))
    return np.maximum(np.abs(off - 1) - tolerance, 0.0)
