"""Where the households of a sample town live, and where its stations must stand."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from gridgeo.sample.carve import no_room, share_out
from gridgeo.sample.ground import Floats, Ground
from gridgeo.sample.plan import Plan

# No dwelling stands nearer to a block's border, so a strip along a border holds nobody.
SETBACK_M = 12.0
REACH_M = 1000.0

_AROUND_M = 5.0  # dwellings of one building lie this close to its middle
_EMPTY_AROUND_M = 480.0  # fields around the remote hamlet
_KEPT_REACH_M = 960.0  # stations are placed for this, so that rounding changes no verdict
_KEPT_AWAY_M = 1030.0
_VACANT_SHARE = 0.11
_DENSITY_M = 2600.0
_UNEVEN = 0.35
_BUILDING_LAND_M2 = 150.0
_EMPTY_SHARE = 0.06  # blocks of works, parks and ponds


@dataclass(frozen=True)
class Homes:
    """Dwellings, lived in or not.

    Parameters
    ----------
    xy : ndarray, shape (h, 2)
        EPSG:4549.
    block : ndarray of int, shape (h,)
        Position of the block that holds the dwelling.
    building : ndarray of int, shape (h,)
        Number of the building within its block, from 1.
    lived_in : ndarray of bool, shape (h,)
    """

    xy: Floats
    block: NDArray[np.int64]
    building: NDArray[np.int64]
    lived_in: NDArray[np.bool_]


def remote_block(ground: Ground) -> int:
    """Give the block farthest from every core, where the remote hamlet lies."""
    return int(np.argmax(ground.core_m()))


def spread(
    ground: Ground, plan: Plan, fixed: dict[int, int], remote: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Spread each grid's occupied households over its blocks.

    Parameters
    ----------
    ground, plan
        The blocks and their grids.
    fixed : dict of int to int
        Blocks whose households are given.
    remote : int
        The block of the remote hamlet; nobody lives in the fields around it.
    rng : Generator

    Returns
    -------
    ndarray of int64, shape (n,)
        Per block; denser towards the core. A grid's blocks sum to its households. A grid that
        would have no block left is lived in where others keep works, parks and fields.

    Raises
    ------
    InfeasibleError
        A grid with households has no block to live in.
    """
    core_m = ground.core_m()
    remote_m = np.linalg.norm(ground.centres - ground.centres[remote], axis=1)
    weight = shapely.area(ground.blocks) * np.exp(-core_m / _DENSITY_M)
    weight *= rng.lognormal(sigma=_UNEVEN, size=len(weight))
    works = rng.random(len(weight)) < _EMPTY_SHARE
    possible = _within_reach(ground, remote)
    possible &= shapely.area(_building_land(ground)) >= _BUILDING_LAND_M2
    possible[list(fixed)] = False
    off_the_fields = possible & (remote_m >= _EMPTY_AROUND_M)
    choices = (off_the_fields & ~works, off_the_fields, possible)
    count = np.zeros(len(weight), dtype="int64")
    count[list(fixed)] = list(fixed.values())
    for grid, households in enumerate(plan.grids["households"]):
        blocks = np.flatnonzero(plan.grid == grid)
        rest = int(households - count[blocks].sum())
        if not rest:
            continue
        open_blocks = next((blocks[c[blocks]] for c in choices if c[blocks].any()), None)
        if open_blocks is None:
            raise no_room(f"the households of grid {plan.grids.index[grid]}")
        count[open_blocks] += share_out(rest, weight[open_blocks])
    return count


def settle(
    ground: Ground,
    occupied: NDArray[np.int64],
    all_lived_in: list[int],
    rng: np.random.Generator,
    given: dict[int, int] | None = None,
) -> Homes:
    """Give every household a place in its block, and add dwellings nobody lives in.

    Parameters
    ----------
    ground : Ground
    occupied : ndarray of int, shape (n,)
        Households per block.
    all_lived_in : list of int
        Blocks without an empty dwelling.
    rng : Generator
    given : dict of int to int, optional
        Blocks whose empty dwellings are given.

    Returns
    -------
    Homes
        By block. In town several share a building; in the country houses stand in rows.
        Every place is ``SETBACK_M`` or more inside its block.
    """
    vacant = rng.binomial(occupied, _VACANT_SHARE)
    vacant[all_lived_in] = 0
    if given:
        vacant[list(given)] = list(given.values())
    inner = _building_land(ground)
    places, blocks, buildings, lived = [], [], [], []
    for block in np.flatnonzero(occupied):
        n = int(occupied[block] + vacant[block])
        if ground.urban[block]:
            middles = _anywhere(inner[block], -(-n // int(rng.integers(10, 25))), rng)
        else:
            middles = _in_rows(inner[block], n, rng)
        building = np.sort(np.arange(n) % len(middles))
        turn, off = rng.uniform(0, 2 * np.pi, n), _AROUND_M * np.sqrt(rng.random(n))
        places.append(
            middles[building] + np.column_stack([np.cos(turn), np.sin(turn)]) * off[:, None]
        )
        blocks.append(np.full(n, block))
        buildings.append(building + 1)
        lived.append(rng.permutation(n) < occupied[block])
    return Homes(*(np.concatenate(part) for part in (places, blocks, buildings, lived)))


def place_stations(
    ground: Ground, plan: Plan, homes: Homes, remote: int, avoid: list[int]
) -> list[tuple[int, bool]]:
    """Place stations so that only the remote hamlet is farther than ``REACH_M`` from all.

    Parameters
    ----------
    ground, plan, homes
        The town and who lives where.
    remote : int
        Block of the hamlet.
    avoid : list of int
        Blocks that get no station.

    Returns
    -------
    list of (int, bool)
        Block, and whether it is its village's service centre (else an outpost): one centre a
        village at its weight's middle, then outposts greedily where most are still unreached.

    Raises
    ------
    InfeasibleError
        Somebody else can be reached only from where the hamlet is reached too.
    """
    hamlet = homes.xy[homes.block == remote]
    apart, _ = cKDTree(hamlet).query(ground.centres)
    allowed = apart > _KEPT_AWAY_M
    allowed[avoid] = False
    dwellings = np.bincount(homes.block, minlength=len(ground.blocks))
    off = np.linalg.norm(homes.xy - ground.centres[homes.block], axis=1)
    around = np.zeros(len(ground.blocks))
    np.maximum.at(around, homes.block, off)
    near = cKDTree(ground.centres).sparse_distance_matrix(
        cKDTree(ground.centres), _KEPT_REACH_M, output_type="coo_matrix"
    )
    # A block counts as reached when its farthest dwelling certainly is.
    whole = near.data + around[near.col] <= _KEPT_REACH_M
    reached = csr_array(
        (np.ones(int(whole.sum())), (near.row[whole], near.col[whole])), shape=near.shape
    )
    open_homes = np.where(np.arange(len(dwellings)) == remote, 0.0, dwellings)
    chosen: list[tuple[int, bool]] = []

    def build(block: int, centre: bool) -> None:
        chosen.append((block, centre))
        open_homes[reached.indices[reached.indptr[block] : reached.indptr[block + 1]]] = 0

    for village in range(int(plan.village.max()) + 1):
        sites = np.flatnonzero((plan.village == village) & allowed)
        living = plan.village[homes.block] == village
        if len(sites) and living.any():
            middle = homes.xy[living].mean(axis=0)
            off = np.linalg.norm(ground.centres[sites] - middle, axis=1)
            build(int(sites[np.argmin(off)]), True)
    while open_homes.any():
        gain = np.where(allowed, reached @ open_homes, -1)
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            raise no_room("a station near every household but the remote hamlet's")
        build(best, False)
    return chosen


def _within_reach(ground: Ground, remote: int) -> NDArray[np.bool_]:
    """Tell which blocks a station can serve that is too far away for the remote hamlet."""
    spots, hamlet = shapely.points(ground.centres), ground.blocks[remote]
    sites = ground.centres[shapely.distance(spots, hamlet) > _KEPT_AWAY_M]
    nearest_m, _ = cKDTree(sites).query(ground.centres)
    around_m = shapely.hausdorff_distance(spots, ground.blocks)
    return np.asarray(nearest_m + around_m <= _KEPT_REACH_M)


def _building_land(ground: Ground) -> NDArray[np.object_]:
    """Give the part of each block where a building's middle may stand."""
    return np.asarray(
        shapely.buffer(ground.blocks, -(SETBACK_M + _AROUND_M), join_style="mitre"), dtype=object
    )


def _anywhere(area: shapely.Polygon, n: int, rng: np.random.Generator) -> Floats:
    west, south, east, north = area.bounds
    found = np.empty((0, 2))
    while len(found) < n:
        tried = rng.uniform((west, south), (east, north), size=(4 * n, 2))
        found = np.vstack([found, tried[shapely.contains_xy(area, tried)]])
    return found[:n]


def _in_rows(area: shapely.Polygon, n: int, rng: np.random.Generator) -> Floats:
    """Put houses along ditches: short west-east rows through one or two places."""
    middles = _anywhere(area, 1 + n // 12, rng)
    found = np.empty((0, 2))
    while len(found) < n:
        tried = middles[rng.integers(len(middles), size=4 * n)]
        tried = tried + rng.normal(size=tried.shape) * (55.0, 9.0)
        found = np.vstack([found, tried[shapely.contains_xy(area, tried)]])
    return found[:n]
