"""What a plan is worth."""

import numpy as np

from gridgeo.analysis.balance.unit_graph import UnitGraph

SCORES = (
    "max_deviation",
    "max_deviation_unforced",
    "mean_deviation",
    "over_tolerance",
    "cv",
    "gini",
    "noncontiguous",
    "cut_edges",
    "border_km",
    "polsby_popper",
    "moved_load_share",
    "region_crossings",
    "along_share",
    "together_cut_share",
    "bound",
    "seconds",
)


def scores(
    graph: UnitGraph,
    labels: np.ndarray,
    load: np.ndarray,
    targets: np.ndarray,
    tolerance: float,
    *,
    forced_grids: np.ndarray,
    moved: np.ndarray,
    regions: np.ndarray,
    broken: np.ndarray,
    seconds: float,
    along: np.ndarray | None = None,
    within: np.ndarray | None = None,
    bound: float = 0.0,
) -> dict[str, float | int]:
    """Score a plan.

    Parameters
    ----------
    graph : UnitGraph
    labels : ndarray of int, shape (n,)
        0 … k−1.
    load : ndarray of float64, shape (n,)
    targets : ndarray of float64, shape (k,)
    tolerance : float
    forced_grids : ndarray of bool, shape (k,)
        Grids no plan could bring within the tolerance.
    moved : ndarray of bool, shape (n,)
        Units whose grid of today is another one.
    regions : ndarray of int, shape (n,)
        The region of each unit; all 0 without regions.
    broken : ndarray of bool, shape (k,)
        Grids that are not one piece.
    seconds : float
    along : ndarray of float64, shape (m,), optional
        Share of each border between units that runs along a wished line.
    within : ndarray of bool, shape (m,), optional
        Whether both units would rather stay together.
    bound : float
        What no plan's largest deviation can be below.

    Returns
    -------
    dict of str to float or int
        ``max_deviation`` (of all grids), ``max_deviation_unforced`` (0 when all are forced),
        ``mean_deviation``, ``over_tolerance`` (grids), ``cv`` and ``gini`` of load ÷ target,
        ``noncontiguous`` (grids), ``cut_edges`` (pairs of neighbouring units in two grids),
        ``border_km`` (border between grids), ``polsby_popper`` (mean of 4πA/P² over grids),
        ``moved_load_share`` (0 to 1), ``region_crossings`` (grids in more than one region),
        ``along_share`` (of the border between grids, what runs along wished lines),
        ``together_cut_share`` (of the neighbours that had better stay together, those parted),
        ``bound``, ``seconds``. The two shares are nan where nothing was wished; ``border_km``
        and ``polsby_popper`` are nan without shapes.

    Notes
    -----
    Compactness: Polsby and Popper, Yale Law & Policy Review 9(2), 1991. Perimeters are summed
    from those of the units less twice the borders inside, so no union is needed.
    """
    k = len(targets)
    loads = np.bincount(labels, weights=load, minlength=k)
    idle = (targets == 0) & (loads == 0)
    ratio = np.where(idle, 1.0, loads / np.where(targets == 0, 1e-300, targets))
    off = np.abs(ratio - 1)
    first, second = labels[graph.pairs[:, 0]], labels[graph.pairs[:, 1]]
    cut = first != second
    inside_m = np.bincount(first[~cut], weights=graph.shared_m[~cut], minlength=k)
    perimeter = np.bincount(labels, weights=graph.perimeter_m, minlength=k) - 2 * inside_m
    area = np.bincount(labels, weights=graph.area_m2, minlength=k)
    compact = 4 * np.pi * area / np.maximum(perimeter, 1e-12) ** 2
    held = np.unique(np.column_stack([labels, regions]), axis=0)[:, 0]
    total = load.sum()
    border_m = graph.shared_m[cut].sum()
    on_line_m = np.nan if along is None else (along * graph.shared_m)[cut].sum()
    return {
        "max_deviation": float(off.max()),
        "max_deviation_unforced": float(off[~forced_grids].max(initial=0.0)),
        "mean_deviation": float(off.mean()),
        "over_tolerance": int((off > tolerance + 1e-9).sum()),
        "cv": float(ratio.std() / ratio.mean()) if ratio.mean() > 0 else 0.0,
        "gini": gini(ratio),
        "noncontiguous": int(broken.sum()),
        "cut_edges": int(cut.sum()),
        "border_km": float(border_m / 1000),
        "polsby_popper": float(compact.mean()),
        "moved_load_share": float(load[moved].sum() / total) if total > 0 else 0.0,
        "region_crossings": int((np.bincount(held, minlength=k) > 1).sum()),
        "along_share": _ratio(on_line_m, border_m),
        "together_cut_share": np.nan if within is None else _ratio(within[cut].sum(), within.sum()),
        "bound": bound,
        "seconds": seconds,
    }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else np.nan


def gini(values: np.ndarray) -> float:
    """Measure inequality: 0 when all are equal, towards 1 when one has everything."""
    ordered = np.sort(values)
    n, total = len(ordered), ordered.sum()
    if total == 0:
        return 0.0
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))
