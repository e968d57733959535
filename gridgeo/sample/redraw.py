"""A ground is drawn anew where something planned finds no room on it."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import numpy as np

from gridgeo.errors import InfeasibleError

_TRIES = 12
_PARTS = 7

Made = TypeVar("Made")


def with_room(seed: int, make: Callable[[list[np.random.SeedSequence]], Made]) -> Made:
    """Make something of the first ground that has room for it.

    Parameters
    ----------
    seed : int
        Same seed, same grounds in the same order.
    make : callable
        Makes it of seven seeds; ``InfeasibleError`` where this ground has no room.

    Returns
    -------
    whatever ``make`` gives

    Raises
    ------
    InfeasibleError
        None of twelve grounds has room.
    """
    tree = np.random.SeedSequence(seed)
    for _ in range(_TRIES - 1):
        with suppress(InfeasibleError):
            return make(tree.spawn(_PARTS))
    return make(tree.spawn(_PARTS))
