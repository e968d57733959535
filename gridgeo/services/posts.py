"""Who serves each grid, what it lacks, and the fewest people to hire."""

import numpy as np
import pandas as pd

from gridgeo.analysis.staffing import staffing
from gridgeo.model.frames import APPOINTMENTS, GRIDS, VILLAGES, WORKERS
from gridgeo.publish import Field, Layer, Scope, release
from gridgeo.services.about import About
from gridgeo.services.sources import Source, need


def posts_layer(source: Source, about: About) -> Layer:
    """Publish how each grid is staffed on the day told about.

    Parameters
    ----------
    source : Source
        Grids, appointments and workers are needed.
    about : About

    Returns
    -------
    Layer
        ``staffing``, internal: ``leaders``, ``workers`` and ``full_time`` in post (persons),
        ``hires``, the fewest people to hire, and ``needs``: "complete", "needs-leader",
        "needs-workers", "needs-full-time" or "needs-several". Posts are duty facts, not counts
        of residents, so k does not apply; no worker is named.

    Raises
    ------
    ParameterError
        There are no grids, appointments or workers: then nothing can be judged.
    """
    grids = need(source, GRIDS, as_of=about.as_of)
    counts = staffing(grids, need(source, APPOINTMENTS), need(source, WORKERS), about.as_of)
    frame = grids.reindex(columns=["name", "village_code", grids.geometry.name]).copy()
    villages = source.frame(VILLAGES, as_of=about.as_of)
    frame.insert(0, "grid_code", frame.index)
    frame["village_name"] = (
        frame["village_code"].map(villages["name"] if len(villages) else {}).astype("str")
    )
    frame[[*counts.columns]] = counts
    frame["needs"] = _needs(counts)
    scope = Scope(
        layer="staffing",
        zh="网格力量配备",
        en="Staffing of the grids",
        fields=(
            Field("grid_code"),
            Field("name"),
            Field("village_name", zh="社区/行政村", en="village"),
            Field("needs"),
            Field("hires", "int", unit="persons"),
            Field("leaders", "int", unit="persons"),
            Field("workers", "int", unit="persons"),
            Field("full_time", "int", unit="persons"),
        ),
        disclosure="internal",
        unit="persons",
        **about.said(),
    )
    return release(frame, scope, about.ledger)


def _needs(counts: pd.DataFrame) -> pd.Series:
    lacks = counts[["leaders", "workers", "full_time"]].to_numpy() < np.array([1, 2, 1])
    words = np.array(["needs-leader", "needs-workers", "needs-full-time"])[lacks.argmax(axis=1)]
    several = np.where(lacks.sum(axis=1) > 1, "needs-several", words)
    return pd.Series(np.where(lacks.any(axis=1), several, "complete"), counts.index, dtype="str")
