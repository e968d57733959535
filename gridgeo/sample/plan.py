"""The plan in force of a sample town: blocks to villages, to grids, and how large each grid is."""

from dataclasses import dataclass
from itertools import cycle

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridgeo.sample.carve import carve, share_fitting, share_out
from gridgeo.sample.ground import Ground
from gridgeo.sample.registers import short_name

# Occupied households of a general grid, by the kind of its village: the default band of T8.
BANDS = {"community": (300, 500), "village": (200, 400)}
ABOVE = (834, 861, 812, 903, 947)
BELOW = (83, 61, 96, 72)
DEDICATED = (
    ("医院", 0), ("职教园", 12), ("学校", 0), ("公园", 0), ("工业园", 18), ("企业", 0),
    ("商圈", 26), ("汽车站", 0), ("船厂", 9), ("物流园", 14),
)  # fmt: skip
ESTATE_DWELLINGS, ESTATE_OCCUPIED = 1122, 724  # of one real grid

_VILLAGE_WEIGHT = 0.47  # a village's share of the grids, next to a community's
_KEEP_OFF = 15  # ordinary grids stay this far inside the band, so that no defect pushes one out
_NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True)
class Roles:
    """How many grids are not ordinary.

    Parameters
    ----------
    dedicated : int
        Grids of schools, parks, hospitals, firms.
    above, below : int
        At most 5 above 800 households and at most 4 below 100.
    estate : int
        1 for a grid of 1,122 dwellings with 724 lived in, or 0.
    """

    dedicated: int = 2
    above: int = 2
    below: int = 2
    estate: int = 0

    def names(self) -> list[str]:
        """Give the role of each, those that belong into town first."""
        counts = {"estate": self.estate, "dedicated": self.dedicated,
                  "above": self.above, "below": self.below}  # fmt: skip
        return [role for role, count in counts.items() for _ in range(count)]


@dataclass(frozen=True)
class Plan:
    """Which block belongs to which village and grid.

    Parameters
    ----------
    village : ndarray of int, shape (n,)
        Position in the register of villages, per block.
    grid : ndarray of int, shape (n,)
        Position in ``grids``, per block.
    grids : DataFrame, shape (k, …)
        Indexed by ``grid_code``: ``name``, ``village_code``, ``kind``, ``urban`` (the kind of
        its village is "community"), ``role`` ("" | "above" | "below" | "dedicated" | "estate"),
        ``households`` (occupied, to be housed in its blocks).
    """

    village: NDArray[np.int64]
    grid: NDArray[np.int64]
    grids: pd.DataFrame


def draw_plan(
    ground: Ground,
    villages: pd.DataFrame,
    grids: int,
    households: int,
    remote: int,
    rng: np.random.Generator,
    roles: Roles = Roles(),
) -> Plan:
    """Divide the blocks among villages and grids, and say how many households each grid has.

    Parameters
    ----------
    ground : Ground
    villages : DataFrame
        As ``villages_of`` gives it; of several towns, in the order of ``ground.town``.
    grids, households : int
        Wanted in all. The households are met exactly where the bands allow it.
    remote : int
        Block of the remote hamlet, whose grid is an ordinary one.
    rng : Generator
    roles : Roles

    Returns
    -------
    Plan
        Every village and every grid is connected; no grid leaves its village. All ordinary
        grids are inside their band, except where ``roles`` says. Where too few
        villages have two grids, fewer are dedicated.
    """
    graph = ground.graph()
    community = (villages["kind"] == "community").to_numpy()
    town, _ = pd.factorize(villages["town_code"])
    village = np.empty(len(ground.blocks), dtype="int64")
    for one in range(int(town.max()) + 1):
        for urban in (True, False):
            blocks = np.flatnonzero((ground.urban == urban) & (ground.town == one))
            places = np.flatnonzero((community == urban) & (town == one))
            if len(blocks):
                piece = carve(graph[blocks][:, blocks], ground.centres[blocks], len(places), rng)
                village[blocks] = places[piece]
    extent = np.bincount(village, minlength=len(villages)).astype("float64")
    if town.any():
        # Blocks are as many in a village as in a community, but fewer people live in them.
        for urban, weight in ((True, 1.0), (False, _VILLAGE_WEIGHT)):
            of_kind = community == urban
            extent[of_kind] *= weight / extent[of_kind].mean()
    # A village squeezed into one or two blocks leaves its grids to the others.
    blocks_there = np.bincount(village, minlength=len(villages))
    fewest = 2 if grids >= 2 * len(villages) else 1
    shares = share_fitting(grids, extent, blocks_there, at_least=fewest)
    grid = np.empty(len(village), dtype="int64")
    rows: list[dict[str, object]] = []
    for place, share in enumerate(shares):
        blocks = np.flatnonzero(village == place)
        piece = carve(graph[blocks][:, blocks], ground.centres[blocks], int(share), rng)
        order = _reading_order(ground.centres[blocks], piece)
        grid[blocks] = len(rows) + order[piece]
        code, name = str(villages.index[place]), short_name(villages["name"].iloc[place])
        rows += [
            {
                "grid_code": f"{code}{number + 1:02d}",
                "name": f"{name}第{_numeral(number + 1)}网格",
                "village_code": code,
                "kind": "general",
                "urban": bool(community[place]),
                "role": "",
            }
            for number in range(share)
        ]
    table = pd.DataFrame(rows).set_index("grid_code")
    _give_roles(table, str(table.index[grid[remote]]), roles, rng)
    table["households"] = _sizes(table, households, rng)
    return Plan(village, grid, table)


def empty_dwellings(plan: Plan, occupied: NDArray[np.int64]) -> dict[int, int]:
    """Say how many dwellings stand empty in each block of the estate, where there is one."""
    estate = np.flatnonzero(plan.grids["role"] == "estate")
    blocks = np.flatnonzero(np.isin(plan.grid, estate) & (occupied > 0))
    if len(blocks) == 0:
        return {}
    empty = share_out(ESTATE_DWELLINGS - ESTATE_OCCUPIED, occupied[blocks])
    return dict(zip(blocks.tolist(), empty.tolist(), strict=True))


def _reading_order(xy: NDArray[np.float64], piece: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank the pieces west to east and north to south, along the diagonal."""
    count = int(piece.max()) + 1
    diagonal = np.bincount(piece, xy[:, 0] - xy[:, 1], minlength=count) / np.bincount(piece)
    return np.argsort(np.argsort(diagonal, kind="stable"), kind="stable")


def _give_roles(grids: pd.DataFrame, ordinary: str, roles: Roles, rng: np.random.Generator) -> None:
    """Choose the dedicated grids and those outside the band, one a village, in place."""
    shuffled = grids.iloc[rng.permutation(len(grids))].drop(index=ordinary)
    roomy = shuffled[shuffled.groupby("village_code")["name"].transform("size") >= 2]
    one_each = roomy[~roomy["village_code"].duplicated()]
    town = one_each[one_each["urban"]].index.tolist()
    country = one_each[~one_each["urban"]].index.tolist()
    wanted = roles.names()
    urban = len(wanted) * 5 // 6
    by_turns = town[:urban] + country[: len(wanted) - urban] + town[urban:] + country
    chosen = list(dict.fromkeys(by_turns))[: len(wanted)]
    while len(wanted) > len(chosen) and "dedicated" in wanted:
        wanted.remove("dedicated")
    if len(wanted) > len(chosen):
        others = shuffled.index.drop(chosen)
        again = others.str[:12].duplicated()
        chosen += [*others[~again], *others[again]][: len(wanted) - len(chosen)]
    grids.loc[chosen, "role"] = wanted
    dedicated = [code for code, role in zip(chosen, wanted, strict=True) if role == "dedicated"]
    for code, (what, _) in zip(dedicated, cycle(DEDICATED), strict=False):
        grids.loc[code, "kind"] = "dedicated"
        place = grids.loc[code, "name"].partition("第")[0]
        grids.loc[code, "name"] = f"{place}专属网格({what})"


def _sizes(grids: pd.DataFrame, households: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw uneven sizes inside the bands that sum to ``households`` where that is possible."""
    size = np.zeros(len(grids), dtype="int64")
    fixed = {"above": ABOVE, "below": BELOW, "dedicated": [n for _, n in DEDICATED],
             "estate": [ESTATE_OCCUPIED]}  # fmt: skip
    for role, values in fixed.items():
        mine = np.flatnonzero(grids["role"] == role)
        size[mine] = np.resize(np.array(values), len(mine))
    ordinary = (grids["role"] == "").to_numpy()
    kind = np.where(grids["urban"], "community", "village")
    low, high = (
        np.array([BANDS[k][end] for k in kind])[ordinary] + keep
        for end, keep in ((0, _KEEP_OFF), (1, -_KEEP_OFF))
    )
    spare = households - int(size.sum()) - int(low.sum())
    # Skewed: most grids near the lower end, a few far above, so that balance has work to do.
    wish = np.minimum(rng.gamma(0.9, 1.0, len(low)), 3.5)
    mine = low.copy()
    while spare > 0 and (mine < high).any():
        mine = np.minimum(mine + share_out(spare, np.where(mine < high, wish, 0)), high)
        spare = households - int(size.sum()) - int(mine.sum())
    size[ordinary] = mine
    return size


def _numeral(number: int) -> str:
    """Write 1 … 99 in Chinese."""
    tens, ones = divmod(number, 10)
    ten = ("" if tens == 1 else _NUMERALS[tens - 1]) + "十" if tens else ""
    return ten + (_NUMERALS[ones - 1] if ones else "")
