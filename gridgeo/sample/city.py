"""The whole of Jingjiang from a seed: real names and codes, everything else synthetic."""

import numpy as np
import pandas as pd

from gridgeo.errors import ParameterError
from gridgeo.sample.carve import share_out
from gridgeo.sample.cityground import lay_city
from gridgeo.sample.compose import compose
from gridgeo.sample.homes import remote_block
from gridgeo.sample.jingjiang import Sample
from gridgeo.sample.plan import Roles, draw_plan
from gridgeo.sample.records import amounts_of_city
from gridgeo.sample.redraw import with_room
from gridgeo.sample.registers import all_villages

CITY_CODE = "321282"
GRIDS = 750
HOUSEHOLDS = 240_000

_DEDICATED = 30
_RURAL_STREET_M = 230.0
_WHOLE = 0.35  # from this scale on all villages are there
_SMALLEST = 0.05
_FEWEST_GRIDS = 320  # of all villages


def city(scale: float = 1.0, seed: int = 0) -> Sample:
    """Make the whole synthetic city: 14 towns, 257 villages, 750 grids, 240,000 households.

    Parameters
    ----------
    scale : float
        From 0.05 to 1: the share of the grids and households. From 0.35 on all 257 villages
        and communities are there, each with fewer grids (320 at least in all) and larger rural
        blocks. Below, there are half as many villages as grids: every town keeps its share of
        them, at least one, evenly chosen from its list of codes, and the city shrinks in extent.
    seed : int
        Same scale and seed, same city, to the bit.

    Returns
    -------
    Sample
        ``town_code`` is the county's code, 321282.

    Raises
    ------
    ParameterError
        ``scale`` is out of range.
    InfeasibleError
        None of twelve grounds of this seed has room for all the planted defects.

    Notes
    -----
    Names and codes are real, and the city has about the extent, shape and shore of Jingjiang;
    where the towns' borders, streets, canals and households lie is drawn, not surveyed.
    """
    if not _SMALLEST <= scale <= 1:
        raise ParameterError(
            f"scale is {scale}; a city is made at a scale from {_SMALLEST} to 1.",
            hint="Take 1 for the whole city, 0.1 for one to try things on.",
            code="sample.scale",
            fields=["scale"],
        )
    roles = Roles(
        dedicated=max(round(_DEDICATED * scale), 2),
        above=max(round(5 * scale), 2),
        below=max(round(4 * scale), 2),
        estate=1,
    )
    grids, villages = _amounts(scale)
    register = _villages(villages)
    street_m = _RURAL_STREET_M / np.sqrt(max(scale, _WHOLE))
    households = round(HOUSEHOLDS * scale)
    amounts = amounts_of_city(grids)

    def make(seeds: list[np.random.SeedSequence]) -> Sample:
        ground = lay_city(register, street_m, np.random.default_rng(seeds[0]))
        remote = remote_block(ground)
        rng = np.random.default_rng(seeds[1])
        plan = draw_plan(ground, register, grids, households, remote, rng, roles)
        frames, truth, tracks = compose(ground, plan, register, remote, amounts, seeds)
        return Sample(frames, truth, CITY_CODE, seed, tracks, scale)

    return with_room(seed, make)


def _amounts(scale: float) -> tuple[int, int]:
    """Say how many grids and villages a scale has; enough grids that some villages have two."""
    grids, everywhere = round(GRIDS * scale), len(all_villages())
    return (max(grids, _FEWEST_GRIDS), everywhere) if scale >= _WHOLE else (grids, grids // 2)


def _villages(count: int) -> pd.DataFrame:
    """Choose villages evenly from every town's list."""
    register = all_villages()
    if count == len(register):
        return register
    sizes = register.groupby("town_code").size()
    shares = share_out(count, sizes, at_least=1)
    places = []
    for (_, mine), share in zip(register.groupby("town_code"), shares, strict=True):
        at = np.unique(np.linspace(0, len(mine) - 1, int(share)).round().astype("int64"))
        places += mine.index[at].tolist()
    return register.loc[places]
