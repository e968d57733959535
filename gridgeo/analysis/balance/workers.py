"""Where to add workers when the borders stay."""

import heapq

import numpy as np
import pandas as pd

from gridgeo.analysis.balance.naming import three
from gridgeo.errors import ContractError, InfeasibleError, ParameterError


def place_workers(load: pd.Series, workers: int) -> pd.Series:
    """Share workers out to grids so that the greatest load per worker is least.

    Parameters
    ----------
    load : Series of float, shape (k,)
        What each grid weighs, ≥ 0, on grid ids.
    workers : int
        How many there are, at least one for each grid.

    Returns
    -------
    Series of int64, shape (k,)
        Workers of each grid on the index of ``load``, ≥ 1 each, ``workers`` in all.

    Raises
    ------
    InfeasibleError
        Fewer workers than grids, or no grid to place them in.
    ContractError
        A grid id twice, or a load that is missing, negative or not finite.
    ParameterError
        ``load`` is no Series, or ``workers`` no whole number.

    Notes
    -----
    Every further worker goes where the load per worker is greatest, of equals to the first;
    that is exact, since a plan with a lower maximum must put a worker there too.

    Examples
    --------
    >>> place_workers(pd.Series({"a": 900.0, "b": 300.0}), 4).to_dict()
    {'a': 3, 'b': 1}
    """
    if isinstance(workers, bool) or not isinstance(workers, int | np.integer):
        raise ParameterError(
            f"workers is {workers!r}; it must be a whole number.", fields=["workers"]
        )
    if not isinstance(load, pd.Series):
        raise ParameterError(
            f"load is a {type(load).__name__}; it must be a Series on grid ids.",
            hint="Give pd.Series({grid_id: load, …}), such as plan.loads().",
            fields=["load"],
        )
    check_load(load, "grids")
    k = len(load)
    if workers < k or (k == 0 and workers > 0):
        raise InfeasibleError(
            f"{workers} workers cannot be placed in {k} grids with at least one in each.",
            hint="Merge grids, or plan with more workers.",
            fields=["workers"],
        )
    placed = np.ones(k, np.int64)
    values = load.to_numpy(dtype="float64")
    heap = [(-value, grid) for grid, value in enumerate(values.tolist())]
    heapq.heapify(heap)
    for _ in range(int(workers) - k):
        _, grid = heap[0]
        placed[grid] += 1
        heapq.heapreplace(heap, (-values[grid] / placed[grid], grid))
    return pd.Series(placed, index=load.index, name="workers")


def check_load(load: pd.Series, layer: str) -> np.ndarray:
    """Refuse a load that cannot be shared; gives it as float64.

    Parameters
    ----------
    load : Series, shape (n,)
    layer : str
        What its index names, for messages.

    Raises
    ------
    ContractError
        An id twice, or a load that is no number, missing, negative or not finite: the ids.
    """
    if not load.index.is_unique:
        twice = load.index[load.index.duplicated()].unique()
        raise ContractError(
            f"{layer} has {len(twice)} ids more than once ({three(twice)}).", fields=[layer]
        )
    values = pd.to_numeric(load, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        raise ContractError(
            f"load of {bad.sum()} {layer} is missing, negative or no finite number "
            f"({three(load.index[bad])}); it must be 0 or more.",
            hint="Fill in the load, 0 where nobody lives.",
            fields=[str(load.name or "load")],
        )
    return values
