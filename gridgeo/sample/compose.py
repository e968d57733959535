"""From a ground and a plan to layers and truth: what town and city have in common."""

import numpy as np
import pandas as pd

from gridgeo.model.frames import LAYERS
from gridgeo.sample import layers
from gridgeo.sample.defects import GAP_HOUSEHOLDS, draw
from gridgeo.sample.ground import Ground
from gridgeo.sample.homes import place_stations, settle, spread
from gridgeo.sample.plan import Plan, empty_dwellings
from gridgeo.sample.records import Amounts, Land, record
from gridgeo.sample.streets import lay_streets, lay_waters, street_of_block

_HAMLET = 14


def compose(
    ground: Ground,
    plan: Plan,
    register: pd.DataFrame,
    remote: int,
    amounts: Amounts,
    seeds: list[np.random.SeedSequence],
) -> tuple[dict[str, pd.DataFrame], list[dict[str, object]], pd.DataFrame]:
    """Draw the grids, house people, place stations, let things happen.

    Parameters
    ----------
    ground : Ground
    plan : Plan
        Not yet drawn: the defects are planted here.
    register : DataFrame
        The villages that ``plan.village`` counts.
    remote : int
        Block of the remote hamlet.
    amounts : Amounts
        How much happens.
    seeds : list of SeedSequence
        Seven; from the third on they are used here.

    Returns
    -------
    layers : dict of str to DataFrame
        By name in the order of ``LAYERS``; each keeps its contract. Geometry in EPSG:4490.
    truth : list of dict
    tracks : DataFrame
    """
    rngs = [np.random.default_rng(child) for child in seeds]
    drawing = draw(ground, plan, remote, rngs[2])
    fixed = dict(zip(drawing.gap_blocks, GAP_HOUSEHOLDS, strict=True)) | {remote: _HAMLET}
    occupied = spread(ground, plan, fixed, remote, rngs[3])
    empty = empty_dwellings(plan, occupied)
    homes = settle(ground, occupied, list(fixed), rngs[3], empty)
    households = layers.households(homes, plan, drawing.gap_blocks, register, rngs[5])
    sites = place_stations(ground, plan, homes, remote, drawing.gap_blocks)
    stations = layers.stations(ground, plan, register, sites)
    streets, street = lay_streets(ground, plan, register)
    doors = streets["name"].to_numpy()[street_of_block(ground, street)]
    special = np.flatnonzero((plan.grids["role"] != "").to_numpy())
    land = Land(
        ground.blocks,
        ground.centres,
        plan.grid,
        plan.grids,
        occupied,
        households,
        stations,
        drawing.grids,
        drawing.touched | set(special.tolist()) | {int(plan.grid[remote])},
    )
    records = record(land, amounts, seeds[6])
    frames: dict[str, pd.DataFrame] = {
        "towns": layers.towns(ground, register),
        "villages": layers.villages(ground, plan, register),
        "grids": layers.grids(plan, drawing.grids),
        "units": layers.units(ground, plan, occupied, register),
        "streets": streets,
        "waters": lay_waters(ground),
        "addresses": layers.addresses(households, homes, plan, register, doors),
        "stations": stations,
        **records.layers,
    }
    hamlet = households[homes.block == remote]
    truth = [
        *drawing.truth,
        *layers.orphan_truth(households, homes, drawing.gap_blocks),
        *layers.size_truth(plan),
        layers.reach_truth(hamlet, stations),
        *records.truth,
    ]
    rested = {
        name: LAYERS[name].check(layers.at_rest(frames[name])) for name in LAYERS if name in frames
    }
    return rested, truth, records.tracks
