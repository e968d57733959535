"""The figures of the appraisal, each with its definition.

None of them is a count of reports: to score those invites padding. Closing rates saturate (nearly
everything is closed in the end), therefore ``closed`` is told and not graded.
"""

from collections.abc import Mapping
from dataclasses import replace

from gridgeo.analysis.appraisal import Metric
from gridgeo.errors import ParameterError

METRICS: dict[str, Metric] = {
    one.name: one
    for one in (
        Metric(
            "on-time",
            1,
            zh="按期结案率",
            en="closed in time",
            numerator="incidents closed within the time of their class, its last moment included",
            denominator="incidents of the period whose time had run out, closed or open",
            exclusions="time not yet run out; class without a time; closed before reported",
            target=0.95,
            floor=0.8,
        ),
        Metric(
            "closed",
            1,
            zh="结案率",
            en="closed",
            numerator="incidents closed, in time or late",
            denominator="incidents of the period whose time had run out, closed or open",
            exclusions="time not yet run out; class without a time; closed before reported",
        ),
        Metric(
            "late-ratio",
            1,
            zh="逾期比(实际÷应有)",
            en="late, observed ÷ expected by class",
            numerator="incidents not closed in time",
            denominator="late incidents that its peers would have with the same classes",
            exclusions="as for on-time",
            better="low",
            form="ratio",
        ),
        Metric(
            "visited",
            1,
            zh="走访覆盖率",
            en="households visited in time",
            numerator="households met within the days of the standard",
            denominator="households in which somebody lives",
            exclusions="empty dwellings",
            target=0.95,
            floor=0.8,
        ),
        Metric(
            "patrolled",
            1,
            zh="一日双巡达标率",
            en="days with two valid patrols",
            numerator="days with two valid patrols or more",
            denominator="days of the period",
            exclusions="none",
            target=0.9,
            floor=0.7,
        ),
        Metric(
            "records-complete",
            1,
            zh="档案完整率",
            en="records complete",
            numerator="required fields of household records that are filled",
            denominator="required fields expected",
            exclusions="size of empty dwellings",
            target=0.95,
            floor=0.85,
        ),
        Metric(
            "records-accurate",
            1,
            zh="档案准确率",
            en="records accurate",
            numerator="records whose grid on record covers the place",
            denominator="records with a grid on record and coordinates of their own",
            exclusions="placed by address or by grid alone, which says nothing new",
            target=0.98,
            floor=0.9,
        ),
        Metric(
            "records-fresh",
            1,
            zh="档案鲜活率",
            en="records fresh",
            numerator="records checked within the days of the standard, by visit or by register",
            denominator="records of which anything tells when they were checked",
            exclusions="empty dwellings where only visits tell",
            target=0.9,
            floor=0.7,
        ),
    )
}


def with_targets(targets: Mapping[str, tuple[float, float]]) -> dict[str, Metric]:
    """Hold the city to its own targets.

    Parameters
    ----------
    targets : mapping of name to (target, floor)

    Returns
    -------
    dict of str to Metric
        All of them; those with another target have another ``definition``.

    Raises
    ------
    ParameterError
        No such metric, one that is not graded, or a target that contradicts its floor.
    """
    graded = [name for name, one in METRICS.items() if one.target is not None]
    strange = [name for name in targets if name not in graded]
    if strange:
        raise ParameterError(
            f"{', '.join(strange)}: no metric with a target; there are {', '.join(graded)}.",
            fields=["target"],
        )
    changed = {
        name: replace(METRICS[name], target=target, floor=floor)
        for name, (target, floor) in targets.items()
    }
    return METRICS | changed
