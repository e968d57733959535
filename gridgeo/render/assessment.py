"""Map ``assessment``: which grids meet their targets, and of which that cannot be said."""

import numpy as np

from gridgeo.publish import Layer, reopen
from gridgeo.render.colours import GREEN, NO_FIGURE, ORANGE, VERMILLION
from gridgeo.render.elements import Style
from gridgeo.render.measures import area_style
from gridgeo.render.panels import Swatch
from gridgeo.render.sheet import Sheet
from gridgeo.render.values import head
from gridgeo.words import Lang, say

UNDECIDED = "not enough evidence"
# Letters tell apart where colours cannot; what the counts do not tell stays pale.
GRADES = {
    "A": GREEN,
    "B": "#f3f0e8",
    "C": ORANGE,
    "D": VERMILLION,
    UNDECIDED: "#e9edf2",
}
_TOLD = (
    "name",
    "metric",
    "grade",
    "share",
    "low",
    "high",
    "peers_share",
    "z",
    "numerator",
    "denominator",
    "definition",
)


def assessment_map(assessment: Layer, lang: Lang = "zh", tile_url: str | None = None) -> str:
    """Draw the grades of the grids, one figure at a time.

    Parameters
    ----------
    assessment : Layer
        As ``services.assessment.assessment_layer`` makes it; grids alone are shown.
    lang : {"zh", "en"}
    tile_url : str, optional
        See ``Sheet``.

    Returns
    -------
    str
        One HTML page: a view for each figure that is graded anywhere, each grid with its letter,
        legends that count the grids of each grade, and a table of all figures.
    """
    whole = _rows(assessment, assessment.features["level"].eq("grid").to_numpy(dtype=bool))
    sheet = Sheet([whole], lang, tile_url)
    metrics = whole.features["metric"].astype("str")
    graded = metrics[whole.features["grade"].notna()].unique()
    for position, metric in enumerate(graded):
        layer = _rows(whole, metrics.eq(metric).to_numpy())
        found = layer.features["grade"].astype("object").fillna("").to_numpy()
        group = sheet.areas(
            layer,
            [_look(grade) for grade in found],
            _TOLD,
            head(metric, lang),
            overlay=False,
            show=position == 0,
            labels=["" if grade in ("", UNDECIDED) else grade for grade in found],
        )
        title = f"{head(metric, lang)} · {say('grade', lang)}"
        sheet.explain(group, title, _swatches(found, lang), show=position == 0)
    sheet.table(whole, _TOLD)
    return sheet.page(assessment.title(lang))


def _rows(layer: Layer, which: np.ndarray) -> Layer:
    """Give a layer with some of its features, as they were released."""
    return reopen(layer.features[which], layer.meta())


def _look(grade: str) -> Style:
    style = area_style(GRADES.get(grade, NO_FIGURE))
    return style | ({"fillOpacity": 0.45} if grade in ("B", UNDECIDED) else {})


def _swatches(found: np.ndarray, lang: Lang) -> list[Swatch]:
    lines = [
        Swatch(head(grade, lang), colour, count=str(int((found == grade).sum())))
        for grade, colour in GRADES.items()
    ]
    if (found == "").any():
        untold = f"{head('no_figure', lang)} / {say('withheld', lang)}"
        lines.append(
            Swatch(untold, NO_FIGURE, stroke="dashed", count=str(int((found == "").sum())))
        )
    return lines
