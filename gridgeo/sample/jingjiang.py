"""A synthetic town of Jingjiang: real names and codes, everything else from a seed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridgeo.errors import ParameterError
from gridgeo.sample.compose import compose
from gridgeo.sample.ground import lay_ground
from gridgeo.sample.homes import remote_block
from gridgeo.sample.plan import draw_plan
from gridgeo.sample.records import TOWN
from gridgeo.sample.registers import villages_of

_GRIDS = 50
_HOUSEHOLDS = 15_000
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
    rng = np.random.default_rng(seeds[0])
    ground = lay_ground(int(of_kind.get("community", 0)), int(of_kind.get("village", 0)), rng)
    remote = remote_block(ground)
    rng = np.random.default_rng(seeds[1])
    plan = draw_plan(ground, villages, _GRIDS, _HOUSEHOLDS, remote, rng)
    frames, truth, tracks = compose(ground, plan, villages, remote, TOWN, seeds)
    return Sample(frames, truth, town_code, seed, tracks)
