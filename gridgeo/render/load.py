"""Map ``load``: how the work is shared, today and as proposed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gridgeo.publish import Layer
from gridgeo.render.colours import DEVIATIONS, NO_FIGURE, PUOR, Classes, even_classes
from gridgeo.render.elements import Style
from gridgeo.render.measures import area_style
from gridgeo.render.panels import Swatch
from gridgeo.render.sheet import Sheet
from gridgeo.render.values import figures, head, number, unit_word, written
from gridgeo.words import Lang, say

# What a layer may tell of the load, best first.
FIGURES = ("load_per_worker", "households", "load")
_HIDDEN = ("village_code", "withheld")


@dataclass(frozen=True)
class _View:
    """One figure of one layer, coloured."""

    layer: Layer
    figure: str
    classes: Classes
    name: str


def load_map(
    current: Layer,
    proposed: Layer | None = None,
    lang: Lang = "zh",
    tile_url: str | None = None,
) -> str:
    """Draw the load of each grid: cividis for the load, violet to orange for the deviation.

    Parameters
    ----------
    current : Layer
        Grids with at least one of ``load_per_worker``, ``households`` and ``load``, and
        ``deviation_share`` where a target is known.
    proposed : Layer, optional
        The same under a proposed plan, on the same scales.
    lang : {"zh", "en"}
    tile_url : str, optional
        See ``Sheet``.

    Returns
    -------
    str
        One HTML page. One view at a time; each grid bears its figure, a deviation with its sign;
        a table of each layer says them all.
    """
    layers = [current, *([] if proposed is None else [proposed])]
    sheet = Sheet(layers, lang, tile_url)
    for position, view in enumerate(_views(layers, lang)):
        values = figures(view.layer, view.figure)
        styles: list[Style] = [area_style(colour) for colour in view.classes.paint(values)]
        field = view.layer.field(view.figure)
        group = sheet.areas(
            view.layer,
            styles,
            _tips(view.layer),
            view.name,
            overlay=False,
            show=position == 0,
            labels=[number(v, field) if np.isfinite(v) else "" for v in values],
        )
        unit = unit_word(field.unit, lang)
        title = head(view.figure, lang) + (f" ({unit})" if unit else "")
        sheet.explain(group, title, _swatches(view, values, lang), show=position == 0)
    for layer in layers:
        sheet.table(layer, _tips(layer))
    return sheet.page(current.title(lang))


def _views(layers: list[Layer], lang: Lang) -> Iterator[_View]:
    """List the views in the order of the layer control; the same figure has one scale."""
    words = ("current_plan", "proposed_plan")
    for figure in ("deviation_share", *FIGURES):
        of = [layer for layer in layers if any(one.name == figure for one in layer.columns)]
        all_values = np.concatenate([figures(layer, figure) for layer in of] or [np.array([])])
        if not np.isfinite(all_values).any():
            continue
        deviation = figure == "deviation_share"
        classes = Classes(DEVIATIONS, PUOR) if deviation else even_classes(all_values)
        for layer in of:
            name = head(figure, lang)
            if len(layers) > 1:
                name = f"{head(words[layers.index(layer)], lang)} · {head(figure, lang)}"
            yield _View(layer, figure, classes, name)


def _tips(layer: Layer) -> list[str]:
    return [
        one.name
        for one in layer.columns
        if one.name not in _HIDDEN and not layer.features[one.name].isna().all()
    ]


def _swatches(view: _View, values: np.ndarray, lang: Lang) -> list[Swatch]:
    field = view.layer.field(view.figure)
    labels = view.classes.labels(lambda value: _plain(value, view.figure))
    known = values[np.isfinite(values)]
    if labels == [""]:
        labels = [number(known[0], field)]
    # Most on top, as on the map's own scale of dark to light.
    lines = [Swatch(t, c) for t, c in zip(labels, view.classes.colours, strict=True)][::-1]
    if len(known) < len(values):
        texts = written(view.layer, view.figure, lang)
        for word in ("withheld", "no_figure"):
            count = sum(
                (text == say("withheld", lang)) == (word == "withheld")
                for text, value in zip(texts, values, strict=True)
                if not np.isfinite(value)
            )
            if count:
                lines.append(Swatch(head(word, lang), NO_FIGURE, stroke="dashed", count=str(count)))
    return lines


def _plain(value: float, figure: str) -> str:
    if figure == "deviation_share":
        return f"{value:+.0%}".replace("-", "−")
    return f"{value:,.10g}"
