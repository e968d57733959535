"""A synthetic town of Jingjiang: real names and codes, everything else from a seed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridgeo.sample.compose import compose
from gridgeo.sample.ground import lay_ground
from gridgeo.sample.homes import remote_block
from gridgeo.sample.plan import draw_plan
from gridgeo.sample.records import TOWN
from gridgeo.sample.redraw import with_room
from gridgeo.sample.registers import villages_of

_GRIDS = 50
_HOUSEHOLDS = 15_000


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
    InfeasibleError
        None of twelve grounds of this seed has room for all the defects.

    Notes
    -----
    Names and codes are real; the ground, the people and all that happens are not. Every town is
    laid out around the same point, south of the centre of Jingjiang. A town of one village
    has all the defects but a grid across a village border.
    """
    villages = villages_of(town_code)
    of_kind = villages["kind"].value_counts()
    communities, others = (int(of_kind.get(kind, 0)) for kind in ("community", "village"))

    def make(seeds: list[np.random.SeedSequence]) -> Sample:
        ground = lay_ground(communities, others, np.random.default_rng(seeds[0]))
        remote = remote_block(ground)
        rng = np.random.default_rng(seeds[1])
        plan = draw_plan(ground, villages, _GRIDS, _HOUSEHOLDS, remote, rng)
        frames, truth, tracks = compose(ground, plan, villages, remote, TOWN, seeds)
        return Sample(frames, truth, town_code, seed, tracks)

    return with_room(seed, make)
