"""Measures of areas, one at a time to choose from: what ``coverage`` and ``quality`` share."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gridgeo.publish import Layer
from gridgeo.render.colours import CIVIDIS, NO_FIGURE, Classes, even_classes, ramp
from gridgeo.render.elements import Style
from gridgeo.render.panels import Swatch
from gridgeo.render.sheet import Sheet
from gridgeo.render.values import figures, head, number, unit_word, written
from gridgeo.words import Lang, say

# Fixed, so that one measure's picture, and one month's, can be laid beside another's.
SHARES = Classes((0.5, 0.6, 0.7, 0.8, 0.9, 0.95), ramp(CIVIDIS, 7))
_HIDDEN = ("village_code", "withheld")


def measures_map(
    layer: Layer, measures: Sequence[str], lang: Lang = "zh", tile_url: str | None = None
) -> str:
    """Draw measures of areas, the first one shown first, beside a table of all columns.

    Parameters
    ----------
    layer : Layer
    measures : sequence of str
        Columns to choose from; those the layer lacks, or of which it tells nothing, are left
        out, unless it tells of none.
    lang : {"zh", "en"}
    tile_url : str, optional
        See ``Sheet``.

    Returns
    -------
    str
        One HTML page. A figure of 0 has the lightest colour and says so; what is withheld or
        cannot be judged is grey and dashed, and counted in the legend by its reason.
    """
    sheet = Sheet([layer], lang, tile_url)
    there = [name for name in measures if any(one.name == name for one in layer.columns)]
    telling = [name for name in there if np.isfinite(figures(layer, name)).any()] or there[:1]
    for position, name in enumerate(telling):
        lay_measure(sheet, layer, name, lang, show=position == 0)
    sheet.table(layer, tips(layer))
    return sheet.page(layer.title(lang))


def lay_measure(sheet: Sheet, layer: Layer, name: str, lang: Lang, *, show: bool) -> None:
    """Lay one measure on the sheet as a view of its own, with its legend.

    Shares have fixed classes, other figures even ones.
    """
    values = figures(layer, name)
    field = layer.field(name)
    classes = SHARES if name.endswith("_share") else even_classes(values)
    styles: list[Style] = [area_style(colour) for colour in classes.paint(values)]
    group = sheet.areas(
        layer,
        styles,
        tips(layer),
        field.label(lang)[:1].upper() + field.label(lang)[1:],
        overlay=False,
        show=show,
        labels=[number(v, field) if np.isfinite(v) else "" for v in values],
    )
    unit = unit_word(field.unit, lang)
    title = field.label(lang)[:1].upper() + field.label(lang)[1:] + (f" ({unit})" if unit else "")
    sheet.explain(group, title, _swatches(layer, name, classes, values, lang), show=show)


def area_style(colour: str) -> Style:
    """Give an area its colour; dashed where there is no figure."""
    return {
        "fillColor": colour,
        "fillOpacity": 0.85,
        "color": "#8592a0",
        "weight": 0.7,  # the small grids of a whole city would be all border
        "dashArray": None if colour != NO_FIGURE else "4 3",
    }


def tips(layer: Layer) -> list[str]:
    """List the columns that tell something to people."""
    return [
        one.name
        for one in layer.columns
        if one.name not in _HIDDEN and not (layer.features[one.name].isna().all() and _text(one))
    ]


def _text(field: object) -> bool:
    return getattr(field, "kind", "") == "text"


def _swatches(
    layer: Layer, name: str, classes: Classes, values: npt.NDArray[np.float64], lang: Lang
) -> list[Swatch]:
    known = values[np.isfinite(values)]
    share = name.endswith("_share")
    labels = classes.labels(lambda v: f"{v:.0%}" if share else f"{v:,.10g}")
    if labels == [""]:
        labels = [number(known[0], layer.field(name))] if known.size else []
    steps = np.digitize(known, classes.breaks)
    lines = [
        Swatch(text, colour, count=str(int((steps == step).sum())))
        for step, (text, colour) in enumerate(zip(labels, classes.colours, strict=False))
    ][::-1]
    withheld = say("withheld", lang)
    texts = [t for t, v in zip(written(layer, name, lang), values, strict=True) if np.isnan(v)]
    for word, count in (
        ("withheld", sum(t == withheld for t in texts)),
        ("not_judgeable", sum(t != withheld for t in texts)),
    ):
        if count:
            lines.append(Swatch(head(word, lang), NO_FIGURE, stroke="dashed", count=str(count)))
    return lines
