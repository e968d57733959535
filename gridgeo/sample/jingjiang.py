"""A synthetic town of Jingjiang: real names and codes, everything else from a seed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridgeo.errors import ParameterError
from gridgeo.model.frames import LAYERS
from gridgeo.sample import layers
from gridgeo.sample.defects import GAP_HOUSEHOLDS, draw
from gridgeo.sample.ground import lay_ground
from gridgeo.sample.homes import place_stations, remote_block, settle, spread
from gridgeo.sample.plan import draw_plan
from gridgeo.sample.records import TOWN, Land, record
from gridgeo.sample.registers import villages_of

_GRIDS = 50
_HOUSEHOLDS = 15_000
_HAMLET = 14
_FEWEST_VILLAGES = 8


@dataclass(frozen=True)
class Sample:
    """A sample city's layers and the defects planted in them.

    Parameters
    ----------
    layers : dict of str to DataFrame or GeoDataFrame
        By layer name, in the order of ``gridgeo.model.frames.LAYERS``; each keeps its contract.
        Geometry in EPSG:4490.
    truth : list of dict
        One entry a planted defect: ``kind``, ``subjects`` (grid codes, or household ids for
        "orphan", "mismatch", "reach", "offset", "visit-overdue" and "never-visited"), ``note``;
        where it applies ``value``, ``band``, ``area_m2`` and ``wkt`` in EPSG:4549.
    town_code : str
    seed : int
    tracks : DataFrame
        One week of patrol fixes, no layer; see ``patrols.walk``.
    scale : float
        How large a part of the whole was made; 1 is all of it.
    """

    layers: dict[str, pd.DataFrame]
    truth: list[dict[str, object]]
    town_code: str
    seed: int
    tracks: pd.DataFrame
    scale: float = 1.0


def town(town_code: str = "321282401", seed: int = 0) -> Sample:
    """Make one synthetic town: 50 grids, about 15,000 households, June 2026.

    Parameters
    ----------
    town_code : str
        Nine digits; the default is 城南 with 11 communities and 7 villages.
    seed : int
        Same seed, same town, to the bit.

    Returns
    -------
    Sample

    Raises
    ------
    NotFoundError
        No town of Jingjiang has this code.
    ParameterError
        The town has too few villages for all the defects.
    InfeasibleError
        The ground of this seed has no room for one of them.

    Notes
    -----
    Names and codes are real; the ground, the people and all that happens are not. Every town is
    laid out around the same point, south of the centre of Jingjiang.
    """
    villages = villages_of(town_code)
    if len(villages) < _FEWEST_VILLAGES:
        raise ParameterError(
            f"{villages['town'].iloc[0]} ({town_code}) has {len(villages)} villages; the planted "
            f"defects need {_FEWEST_VILLAGES} or more.",
            hint="Take a larger town, such as 321282401.",
            code="sample.town-too-small",
            fields=["town_code"],
        )
    of_kind = villages["kind"].value_counts()
    seeds = np.random.SeedSequence(seed).spawn(7)
    rngs = [np.random.default_rng(child) for child in seeds]
    ground = lay_ground(int(of_kind.get("community", 0)), int(of_kind.get("village", 0)), rngs[0])
    remote = remote_block(ground)
    plan = draw_plan(ground, villages, _GRIDS, _HOUSEHOLDS, remote, rngs[1])
    drawing = draw(ground, plan, remote, rngs[2])
    fixed = dict(zip(drawing.gap_blocks, GAP_HOUSEHOLDS, strict=True)) | {remote: _HAMLET}
    occupied = spread(ground, plan, fixed, remote, rngs[3])
    homes = settle(ground, occupied, list(fixed), rngs[3])
    households = layers.households(homes, plan, drawing.gap_blocks, town_code, rngs[5])
    sites = place_stations(ground, plan, homes, remote, drawing.gap_blocks)
    stations = layers.stations(ground, plan, villages, sites)
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
    records = record(land, TOWN, seeds[6])
    frames: dict[str, pd.DataFrame] = {
        "towns": layers.towns(ground, villages, town_code),
        "villages": layers.villages(ground, plan, villages, town_code),
        "grids": layers.grids(plan, drawing.grids),
        "units": layers.units(ground, plan, occupied, town_code),
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
    return Sample(rested, truth, town_code, seed, records.tracks)
