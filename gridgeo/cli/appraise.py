"""The command that appraises grids, villages, towns and departments."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from gridgeo.cli import options as given
from gridgeo.cli.say import bar, next_step, table, tell
from gridgeo.errors import ParameterError
from gridgeo.model.files import write_frame, write_text
from gridgeo.render.files import write_layer
from gridgeo.render.funnel import funnel_page
from gridgeo.services.about import About
from gridgeo.services.assessment import (
    LEVELS,
    METRICS,
    PERIOD_DAYS,
    Appraisal,
    appraise,
    assessment_layer,
    grade_counts,
)
from gridgeo.services.kept import kept
from gridgeo.settings import Settings
from gridgeo.words import LANGS

_TABLES = (".csv", ".xlsx")  # without shapes: nobody reads a polygon in a cell
_MEANS = {
    "A": "meets its target, at least nine times in ten",
    "B": "the counts do not tell; nothing inside B is a rank",
    "C": "misses its target, at least nine times in ten",
    "D": "is below its floor, at least nine times in ten",
    "not enough evidence": "so little was counted that the grade would tell nothing",
    "": "not graded, nothing to count, or withheld to protect residents",
}


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("appraise")(appraise_)


def appraise_(
    output: given.Output,
    level: Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(LEVELS)}; default all.")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(help="METRIC=TARGET:FLOOR, such as on-time=0.9:0.75. May be said again."),
    ] = None,
    days: Annotated[int, typer.Option(help="Days of incidents and patrols.")] = PERIOD_DAYS,
    as_of: given.AsOf = None,
    standard: given.Standard = None,
    grids: given.Grids = None,
    households: given.Households = None,
    villages: given.Villages = None,
    towns: given.Towns = None,
    incidents: given.Incidents = None,
    visits: given.Visits = None,
    patrols: given.Patrols = None,
    fixes: given.Fixes = None,
    rosters: given.Rosters = None,
    funnel: Annotated[
        Path | None, typer.Option(help="Page of funnels to write besides, as .html.")
    ] = None,
    lang: Annotated[str, typer.Option(help="Of that page, zh or en.")] = "zh",
    folder: given.Folder = None,
    crs: given.Crs = None,
) -> None:
    """Appraise grids, villages, towns, the city and departments; chance earns no grade.

    Example: gridgeo appraise --from data/samples/town --as-of 2026-07-01 -o appraisal.xlsx
    """
    settings = Settings()
    levels = level or [*LEVELS]
    strange = [one for one in levels if one not in LEVELS]
    if strange:
        raise ParameterError(
            f"{', '.join(strange)}: no such level; there are {', '.join(LEVELS)}.",
            fields=["level"],
        )
    if lang not in LANGS:
        raise ParameterError(f"lang is {lang!r}; zh or en is needed.", fields=["lang"])
    targets = dict(map(_target, target or []))
    day = given.day(as_of, settings)
    standards = given.standards_of(standard, settings)
    files = {
        "grids": grids,
        "households": households,
        "villages": villages,
        "towns": towns,
        "incidents": incidents,
        "visits": visits,
        "patrols": patrols,
        "fixes": fixes,
        "rosters": rosters,
    }
    with bar("Appraising"), given.source_of(files, folder, crs) as origin:
        source = kept(origin)
        found = appraise(source, day, standards, targets, days, settings.zone)
        about = About(day, standards=standards, zone=settings.zone)
        layer = assessment_layer(source, about, found, levels)
        if output.suffix.lower() in _TABLES:
            features = layer.features
            write_frame(pd.DataFrame(features.drop(columns=features.geometry.name)), output)
        else:
            write_layer(layer, output)
        if funnel is not None:
            write_text(funnel_page(layer, lang, levels[0]), funnel)
        given.report_refused(origin)
    counts = grade_counts(layer)
    shown = [grade for grade in _MEANS if grade in counts]
    rows = [
        [
            of,
            metric,
            METRICS[metric].zh,
            *(f"{n:,}" if n else "" for n in counts.loc[of, metric][shown]),
        ]
        for of, metric in counts.index
    ]
    table("Appraisal", ["level", "metric", "指标", *(grade or "–" for grade in shown)], rows)
    for grade in shown:
        tell(f"{grade or '–'}: {_MEANS[grade]}")
    _define(found)
    for metric, missing in found.not_judged.items():
        tell(f"not judged: {metric} (needs {missing})")
    if found.nowhere:
        tell(f"{found.said_nowhere()} incidents lie in no grid; they count for departments alone")
    for note in layer.notes("en"):
        tell(note)
    tell(f"{output}: {len(layer.features):,} rows")
    if funnel is not None:
        tell(f"{funnel}: a funnel for each figure, of the level {levels[0]}")
    next_step("`gridgeo blind-spots` with the same files: what to do about it, and where")


def _define(found: Appraisal) -> None:
    """Say what each figure is."""
    rows = []
    for metric in found.metrics.values():
        if metric.name in found.not_judged:
            continue
        held = "" if metric.target is None else f"{metric.target:g} / {metric.floor:g}"
        rows.append([metric.definition, metric.numerator, metric.denominator, held])
    table("Definitions", ["definition", "counted", "of", "target / floor"], rows)


def _target(text: str) -> tuple[str, tuple[float, float]]:
    """Read a target such as ``on-time=0.9:0.75``."""
    name, _, ends = text.partition("=")
    parts = ends.split(":")
    try:
        target, floor = map(float, parts)
    except ValueError:
        raise ParameterError(
            f"{text!r} is not of the form METRIC=TARGET:FLOOR.",
            hint="Such as --target on-time=0.9:0.75, both as shares.",
            fields=["target"],
        ) from None
    return name, (target, floor)
