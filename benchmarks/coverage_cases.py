"""What the benchmark of coverage asks: instances from seeds, our answer and the peer's.

A case makes its instance from a seed and a share of its full size. Peers are imported when they are
asked.
"""

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

METRES = 4549


@dataclass(frozen=True)
class Case:
    """One method on one kind of instance.

    Parameters
    ----------
    what : str
    on : callable
        The instance in words, for a share of the full size.
    make : callable
        ``make(seed, share)`` gives the instance.
    ours : callable
        Our answer to an instance.
    peer : str
        Its name; "" where nobody can be asked.
    theirs : callable or None
        The peer's answer.
    differ : callable or None
        ``differ(ours, theirs, instance)`` says in words how the answers differ.
    gap : callable or None
        How far our answer may be from the best there is, in per cent, proven.
    target : float or None
        Seconds.
    peer_seeds : int
        Most seeds it is asked.
    seeds : int
        Most seeds we are asked.
    grow : bool
        Whether it is asked at a sixteenth and a quarter of its size, too.
    """

    what: str
    on: Callable
    make: Callable
    ours: Callable
    peer: str = ""
    theirs: Callable | None = None
    differ: Callable | None = None
    gap: Callable | None = None
    target: float | None = None
    peer_seeds: int = 3
    seeds: int = 3
    grow: bool = True


def at_least(number, share, least=4):
    """A share of a number, but not less than the least."""
    return max(round(number * share), least)


def points(xy):
    """A series of points in metres."""
    return gpd.GeoSeries(shapely.points(xy), crs=METRES)


def town(seed, share, households=200_000, stations=400, side_m=20_000.0):
    """Households with persons and stations with capacity, as dense whatever the share."""
    rng = np.random.default_rng(seed)
    n, m = at_least(households, share), at_least(stations, share)
    side = side_m * np.sqrt(share)
    homes = gpd.GeoDataFrame(
        {"persons": rng.integers(1, 7, n)}, geometry=points(rng.uniform(0, side, (n, 2)))
    )
    bases = gpd.GeoDataFrame(
        {"capacity": rng.integers(1, 21, m)}, geometry=points(rng.uniform(0, side, (m, 2)))
    )
    return homes, bases


def most(values):
    """The greatest of some values; 0 of none."""
    return float(np.max(values, initial=0.0))
