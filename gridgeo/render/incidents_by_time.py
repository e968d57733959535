"""Map ``incidents-by-time``: where incidents gather, with a slider over the time of day."""

import re

import numpy as np

from gridgeo.publish import Layer
from gridgeo.render.colours import steep_classes
from gridgeo.render.elements import Frames, Style
from gridgeo.render.incidents import MAX_ZOOM, cell_style
from gridgeo.render.panels import Swatch, slider_box
from gridgeo.render.sheet import Sheet
from gridgeo.render.values import figures, head
from gridgeo.words import Lang

_BAND = re.compile(r"h(\d\d)_(\d\d)")


def incidents_by_time_map(
    cells: Layer,
    grids: Layer | None = None,
    lang: Lang = "zh",
    tile_url: str | None = None,
) -> str:
    """Draw one time of day after the other, all on one colour scale.

    Parameters
    ----------
    cells : Layer
        ``incidents-by-time``.
    grids : Layer, optional
        Drawn as grey borders underneath.
    lang : {"zh", "en"}
    tile_url : str, optional
        See ``Sheet``.

    Returns
    -------
    str
        One HTML page, down to zoom 15, that begins with the busiest time. Colours tell incidents
        per km² and hour of the band over the whole period, so that the long night compares with
        two hours of the day.
    """
    sheet = Sheet([cells, *([] if grids is None else [grids])], lang, tile_url, MAX_ZOOM)
    if grids is not None:
        sheet.outline(grids)
    bands = [one for one in cells.columns if _BAND.fullmatch(one.name)]
    hours = [(int(b.name[4:6]) - int(b.name[1:3])) % 24 for b in bands]
    counts = np.column_stack([figures(cells, band.name) for band in bands])
    density = counts / figures(cells, "area_km2")[:, None] / np.array(hours)
    classes = steep_classes(density)
    looks: list[list[Style | None]] = [
        [cell_style(colour) for colour in classes.paint(column)] for column in density.T
    ]
    sums = np.nansum(counts, axis=0) / np.array(hours)
    start = int(np.argmax(sums))
    columns = [*(band.name for band in bands), "area_km2"]
    group = sheet.areas(cells, looks[start], columns, head("cells", lang), overlay=False, show=True)
    if len(cells.features):
        labels = classes.labels(lambda value: f"{value:,.10g}")
        swatches = [Swatch(t or "> 0", c) for t, c in zip(labels, classes.colours, strict=True)]
        sheet.explain(group, head("per_km2_hour", lang), swatches[::-1])
        Frames(group, looks).add_to(sheet.map)
        sheet.panel(slider_box([band.label(lang) for band in bands], sums, lang, start))
    sheet.table(cells, columns)
    return sheet.page(cells.title(lang))
