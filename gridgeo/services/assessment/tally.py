"""What is counted of each grid's households."""

import datetime as dt

import numpy as np
import pandas as pd

from gridgeo.analysis.quality_faults import ASKED
from gridgeo.analysis.rounds import rounds_per_grid, visit_ages
from gridgeo.model.crs import to_metric
from gridgeo.model.frames import GRIDS, VISITS
from gridgeo.services.assessment.incidents import TALLY
from gridgeo.services.detectors.rounds import visits_missing
from gridgeo.services.kept import Kept
from gridgeo.services.record_counts import record_counts
from gridgeo.services.sources import need
from gridgeo.services.standards import Standards

# What is asked of the records → the metric it is.
RECORDS = {name: f"records-{name}" for name in ASKED}

Tallies = dict[str, pd.DataFrame]
Missing = dict[str, str]


def household_tallies(
    source: Kept, as_of: dt.date, standards: Standards, zone: str
) -> tuple[Tallies, Missing]:
    """Count the households visited in time, and the good records.

    Parameters
    ----------
    source : Kept
    as_of : date
    standards : Standards
    zone : str

    Returns
    -------
    tallies : dict of str to DataFrame
        "visited" and those of ``RECORDS``: ``numerator``, ``denominator``, ``excluded`` by grid.
    missing : dict of str to str
        Metric that cannot be judged → the layer that is missing.
    """
    homes = source.homes(as_of)
    if homes is None:
        return {}, dict.fromkeys(("visited", *RECORDS.values()), "households")
    areas = to_metric(need(source, GRIDS, as_of=as_of), "grids")
    grids = areas.index
    age: pd.Series | None = None
    told: Tallies = {}
    missing: Missing = {}
    visits = source.frame(VISITS)
    lacking = visits_missing(visits)
    if lacking:
        missing["visited"] = ", ".join(lacking)
    else:
        age = visit_ages(homes.frame, visits, as_of, standards.visit_outcomes, zone)
        within = standards.visit_within_days
        rounds = rounds_per_grid(homes.position, len(grids), homes.occupied, age.to_numpy(), within)
        empty = homes.count(~homes.occupied, len(grids))
        told["visited"] = tally(rounds["visited"], rounds.sum(axis=1), empty, grids)
    counts = record_counts(homes, areas, age, as_of, standards)
    for name, (good, bad) in ASKED.items():
        whole = counts[good] + counts[bad]
        if whole.any():
            told[RECORDS[name]] = tally(counts[good], whole, 0, grids)
        else:
            missing[RECORDS[name]] = "households with anything to judge it by"
    return told, missing


def tally(
    part: pd.Series, whole: pd.Series | int, left_out: np.ndarray | int, grids: pd.Index
) -> pd.DataFrame:
    """Put counts side by side, by grid code."""
    parts = (part, whole, left_out)
    told = {name: np.asarray(one, dtype="float64") for name, one in zip(TALLY, parts, strict=True)}
    return pd.DataFrame(told, index=grids.astype("str"))
