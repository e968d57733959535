"""The plan in force of a sample town: blocks to villages, to grids, and how large each grid is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridgeo.sample.carve import carve, share_out
from gridgeo.sample.ground import Ground
from gridgeo.sample.registers import short_name

# Occupied households of a general grid, by the kind of its village: the default band of T8.
BANDS = {"community": (300, 500), "village": (200, 400)}
ABOVE = (834, 861)
BELOW = (83, 61)
DEDICATED = (("医院", 0), ("职教园", 12))

_KEEP_OFF = 15  # ordinary grids stay this far inside the band, so that no defect pushes one out
_NUMERALS = "一二三四五六七八九十"


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
        its village is "community"), ``role`` ("" | "above" | "below" | "dedicated"),
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
) -> Plan:
    """Divide the blocks among villages and grids, and say how many households each grid has.

    Parameters
    ----------
    ground : Ground
    villages : DataFrame
        As ``villages_of`` gives it.
    grids, households : int
        Wanted in all. The households are met exactly where the bands allow it.
    remote : int
        Block of the remote hamlet, whose grid is an ordinary one.
    rng : Generator

    Returns
    -------
    Plan
        Every village and every grid is connected; no grid leaves its village. All ordinary
        grids are inside their band; two lie above 800, two below 100, two are dedicated.
    """
    graph = ground.graph()
    community = (villages["kind"] == "community").to_numpy()
    village = np.empty(len(ground.blocks), dtype="int64")
    for urban in (True, False):
        blocks = np.flatnonzero(ground.urban == urban)
        places = np.flatnonzero(community == urban)
        if len(blocks):
            piece = carve(graph[blocks][:, blocks], ground.centres[blocks], len(places), rng)
            village[blocks] = places[piece]
    extent = np.bincount(village, minlength=len(villages))
    shares = share_out(grids, extent, at_least=2 if grids >= 2 * len(villages) else 1)
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
    _give_roles(table, str(table.index[grid[remote]]), rng)
    table["households"] = _sizes(table, households, rng)
    return Plan(village, grid, table)


def _reading_order(xy: NDArray[np.float64], piece: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank the pieces west to east and north to south, along the diagonal."""
    count = int(piece.max()) + 1
    diagonal = np.bincount(piece, xy[:, 0] - xy[:, 1], minlength=count) / np.bincount(piece)
    return np.argsort(np.argsort(diagonal, kind="stable"), kind="stable")


def _give_roles(grids: pd.DataFrame, ordinary: str, rng: np.random.Generator) -> None:
    """Choose the dedicated grids and those outside the band, one a village, in place."""
    shuffled = grids.iloc[rng.permutation(len(grids))].drop(index=ordinary)
    roomy = shuffled[shuffled.groupby("village_code")["name"].transform("size") >= 2]
    one_each = roomy[~roomy["village_code"].duplicated()]
    town = one_each[one_each["urban"]].index.tolist()
    country = one_each[~one_each["urban"]].index.tolist()
    chosen = (town[:5] + country[:1] + town[5:] + country[1:])[:6]
    grids.loc[chosen, "role"] = ["dedicated", "dedicated", "above", "above", "below", "below"]
    for code, (what, _) in zip(chosen[:2], DEDICATED, strict=True):
        grids.loc[code, "kind"] = "dedicated"
        place = grids.loc[code, "name"].partition("第")[0]
        grids.loc[code, "name"] = f"{place}专属网格({what})"


def _sizes(grids: pd.DataFrame, households: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw uneven sizes inside the bands that sum to ``households`` where that is possible."""
    size = np.zeros(len(grids), dtype="int64")
    fixed = {"above": ABOVE, "below": BELOW, "dedicated": [n for _, n in DEDICATED]}
    for role, values in fixed.items():
        size[(grids["role"] == role).to_numpy()] = values
    ordinary = (grids["role"] == "").to_numpy()
    kind = np.where(grids["urban"], "community", "village")
    low, high = (
        np.array([BANDS[k][end] for k in kind])[ordinary] + keep
        for end, keep in ((0, _KEEP_OFF), (1, -_KEEP_OFF))
    )
    spare = households - int(size.sum()) - int(low.sum())
    # Skewed: most grids near the lower end, a few far above, so that balance has work to do.
    wish = np.minimum(rng.gamma(0.9, 1.0, len(low)), 3.5)
    size[ordinary] = np.minimum(low + share_out(max(spare, 0), wish), high)
    return size


def _numeral(number: int) -> str:
    """Write 1 … 19 in Chinese."""
    return _NUMERALS[number - 1] if number <= 10 else f"十{_NUMERALS[number - 11]}"
