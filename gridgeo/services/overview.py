"""The headline figures of a city, computed from published layers alone."""

from dataclasses import dataclass

import numpy as np

from gridgeo.publish.layer import Layer


@dataclass(frozen=True)
class Figure:
    """One headline figure with its definition.

    Parameters
    ----------
    value : str
        Ready to read; ``–`` where the published layers do not tell.
    zh, en : str
        What it is.
    how_zh, how_en : str
        How it is computed.
    """

    value: str
    zh: str
    en: str
    how_zh: str
    how_en: str


def overview(load: Layer, proposed: Layer | None = None) -> list[Figure]:
    """Compute the headline figures.

    Parameters
    ----------
    load : Layer
        Load of the grids in force.
    proposed : Layer, optional
        Load under a proposed plan.

    Returns
    -------
    list of Figure
        Grids, households, workers, households per worker, greatest deviation now and as
        proposed. A withheld grid is left out of the sums, and the definition says so.
    """
    grids = load.features
    households = grids["households"].sum()
    workers = grids["workers"].sum()
    return [
        Figure(
            f"{len(grids):,}",
            "网格",
            "grids",
            "现行方案中的网格数",
            "grids of the plan in force",
        ),
        Figure(
            f"{households:,.0f}",
            "住户",
            "households",
            "已公布网格的入住户数之和,不含不予公布的网格",
            "occupied households, summed over published grids; withheld ones are left out",
        ),
        Figure(
            f"{workers:,.0f}",
            "网格员",
            "workers",
            "当日在岗(已备案)网格员,不含网格长",
            "workers in post (filed) that day, leaders not counted",
        ),
        Figure(
            f"{households / workers:,.0f}" if workers else "–",
            "人均户数",
            "households per worker",
            "住户 ÷ 网格员",
            "households ÷ workers",
        ),
        _greatest(load, "现行最大偏差", "greatest deviation now"),
        *([] if proposed is None else [_greatest(proposed, "建议方案最大偏差", "… as proposed")]),
    ]


def _greatest(layer: Layer, zh: str, en: str) -> Figure:
    deviation = layer.features["deviation_share"].astype("float64").to_numpy()
    known = deviation[np.isfinite(deviation)]
    value = "–" if known.size == 0 else f"{known[np.abs(known).argmax()]:+.0%}"
    return Figure(
        value,
        zh,
        en,
        "户数 ÷ 目标 − 1,取绝对值最大的网格;目标为所在社区(村)的网格平均户数",
        "households ÷ target − 1 of the grid where it is greatest; the target is the mean of the "
        "grids of its village",
    )
