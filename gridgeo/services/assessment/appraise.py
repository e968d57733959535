"""How well does each grid, village, town and department do, and how sure is that?"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridgeo.analysis.appraisal import Metric, observed_over_expected, roll_up
from gridgeo.analysis.rounds import ZONE
from gridgeo.errors import ParameterError
from gridgeo.publish import roughly
from gridgeo.publish.layer import K
from gridgeo.services.assessment.incidents import handled, tallies
from gridgeo.services.assessment.judged import ANSWERS, judged
from gridgeo.services.assessment.metrics import with_targets
from gridgeo.services.assessment.tally import household_tallies
from gridgeo.services.assessment.units import LEVELS, Level, units_of
from gridgeo.services.assessment.walked import patrol_tallies
from gridgeo.services.kept import kept
from gridgeo.services.sources import Source
from gridgeo.services.standards import Standards

PERIOD_DAYS = 90


@dataclass(frozen=True, eq=False)
class Appraisal:
    """What was counted and how it is judged.

    Parameters
    ----------
    rows : DataFrame
        One row for each level, unit and metric, in the order of ``LEVELS``, codes and metrics:
        ``level``, ``code``, ``name``, ``peers`` (whom it is compared with), ``metric``,
        ``definition``, ``numerator``, ``rest`` (denominator − numerator), ``excluded``,
        ``expected`` (of a ratio), and the columns of ``judged``. The counts are exact: the frame
        stays in the house; ``assessment_layer`` says what leaves.
    metrics : dict of str to Metric
        The definitions.
    not_judged : dict of str to str
        Metric → the layer that is missing.
    nowhere : int
        Incidents that have no grid, which count for departments alone.
    as_of : date
    """

    rows: pd.DataFrame
    metrics: dict[str, Metric]
    not_judged: dict[str, str]
    nowhere: int
    as_of: dt.date

    def said_nowhere(self) -> str:
        """Say how many incidents have no grid, never a number below k."""
        return roughly(self.nowhere, K["internal"])


def appraise(
    source: Source,
    as_of: dt.date,
    standards: Standards | None = None,
    targets: Mapping[str, tuple[float, float]] | None = None,
    days: int = PERIOD_DAYS,
    zone: str = ZONE,
) -> Appraisal:
    """Appraise grids, villages, towns, the city and departments.

    Parameters
    ----------
    source : Source
        Grids are needed; incidents, households, visits and patrols each let more be judged,
        villages and towns give the levels above.
    as_of : date
        The day asked about. Incidents and patrols are those of the ``days`` before it began.
    standards : Standards, optional
    targets : mapping of metric to (target, floor), optional
        Instead of those in ``METRICS``.
    days : int
        Length of the period, 1 or more.
    zone : str
        Time zone whose days are meant.

    Returns
    -------
    Appraisal
        Peers are units of the same level and kind. Higher levels sum numerators and
        denominators of their grids; an incident counts for the grid in force on ``as_of``.

    Raises
    ------
    ParameterError
        No grids, nothing to appraise them by, a target of no metric, or no day at all.
    """
    if days < 1:
        raise ParameterError(f"The period has {days} days; 1 or more are needed.", fields=["days"])
    metrics = with_targets(targets or {})
    source = kept(source)
    units = units_of(source, as_of)
    standards = standards or Standards()
    counts, not_judged = household_tallies(source, as_of, standards, zone)
    patrolled, lacking = patrol_tallies(source, as_of, standards, days, zone)
    counts |= patrolled
    not_judged |= lacking
    departments: dict[str, pd.DataFrame] = {}
    incidents = handled(source, as_of, days, zone)
    if incidents is None:
        not_judged |= dict.fromkeys(("on-time", "closed", "late-ratio"), "incidents")
    else:
        departments = tallies(incidents, "department")
        departments.pop("cells")
        counts |= _of_grids(tallies(incidents, "unit"), units["grid"].named)
    if not counts:
        raise ParameterError(
            "There are no households, incidents or patrols to appraise the grids by.",
            hint="Say --incidents FILE, --households FILE or --patrols FILE.",
            fields=["incidents", "households", "patrols"],
        )
    parts = [
        _rows(level, metrics[name], _above(counts[name], unit), unit.named)
        for level, unit in units.items()
        for name in counts
    ]
    for name, one in departments.items():
        named = pd.DataFrame({"name": one.index, "peers": "department"}, index=one.index)
        parts.append(_rows("department", metrics[name], one, named))
    rows = _in_order(pd.concat(parts, ignore_index=True), metrics)
    rows[[*ANSWERS]] = judged(rows, metrics)
    nowhere = 0 if incidents is None else incidents.nowhere
    told = {name: not_judged[name] for name in metrics if name in not_judged}
    return Appraisal(rows, metrics, told, nowhere, as_of)


def _of_grids(told: dict[str, pd.DataFrame], named: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Give every grid its tallies, and what its peers would have had with its classes."""
    cells = told.pop("cells")
    every = {name: one.reindex(named.index).fillna(0.0) for name, one in told.items()}
    due, late = (
        cells[column].unstack("class", fill_value=0).reindex(named.index, fill_value=0)
        for column in ("due", "late")
    )
    ratio = observed_over_expected(late, due, named["peers"])
    every["late-ratio"] = every["on-time"].assign(
        numerator=ratio["observed"], expected=ratio["expected"]
    )
    return every


def _above(counts: pd.DataFrame, unit: Level) -> pd.DataFrame:
    """Sum the counts of the grids by the units of a level."""
    summed = roll_up(counts, unit.of)
    if "expected" in counts:
        summed["expected"] = counts["expected"].groupby(unit.of).sum()
    return summed


def _rows(level: str, metric: Metric, counts: pd.DataFrame, named: pd.DataFrame) -> pd.DataFrame:
    about = named.reindex(counts.index)
    return pd.DataFrame(
        {
            "level": level,
            "code": counts.index.astype("str"),
            "name": about["name"].to_numpy(dtype=object),
            "peers": about["peers"].to_numpy(dtype=object),
            "metric": metric.name,
            "definition": metric.definition,
            "numerator": counts["numerator"].to_numpy("float64"),
            "rest": (counts["denominator"] - counts["numerator"]).to_numpy("float64"),
            "excluded": counts["excluded"].to_numpy("float64"),
            "expected": counts.get("expected", pd.Series(np.nan, counts.index)).to_numpy(),
        }
    )


def _in_order(rows: pd.DataFrame, metrics: Mapping[str, Metric]) -> pd.DataFrame:
    place = rows.assign(
        level=rows["level"].map({name: n for n, name in enumerate(LEVELS)}),
        metric=rows["metric"].map({name: n for n, name in enumerate(metrics)}),
    )
    order = place.sort_values(["level", "code", "metric"], kind="stable").index
    return rows.loc[order].reset_index(drop=True)
