"""Map ``hotspots``: where incidents lie together, where few do, and how that came about."""

from collections.abc import Mapping

import numpy as np

from gridgeo.publish import Layer
from gridgeo.render.colours import BLUE, NO_FIGURE, VERMILLION
from gridgeo.render.elements import Style
from gridgeo.render.measures import area_style, tips
from gridgeo.render.panels import Swatch
from gridgeo.render.sheet import Sheet
from gridgeo.render.values import figures, head, number
from gridgeo.words import Lang

_PLAIN = "#f7f5ef"
_SPOTS = {"hot": (VERMILLION, ""), "cold": (BLUE, ""), "not-significant": (_PLAIN, "")}
_BESIDE = {
    "high-high": (VERMILLION, ""),
    "high-low": ("#fdb863", "△"),
    "low-high": ("#92c5de", "▽"),
    "low-low": (BLUE, ""),
    "not-significant": (_PLAIN, ""),
}
# Orange is hot and blue cold, the darker the more lasting; signs tell apart where shades cannot.
_TREND = {
    "intensifying-hot": ("#7f2704", "↑"),
    "persistent-hot": ("#a63603", "="),
    "diminishing-hot": ("#d55e00", "↓"),
    "consecutive-hot": ("#f16913", "»"),
    "new-hot": ("#fd8d3c", "+"),
    "sporadic-hot": ("#fdae6b", "·"),
    "oscillating-hot": ("#fdd0a2", "~"),
    "historical-hot": ("#f7e3cd", "–"),
    "intensifying-cold": ("#08306b", "↑"),
    "persistent-cold": ("#08519c", "="),
    "diminishing-cold": ("#0072b2", "↓"),
    "consecutive-cold": ("#4292c6", "»"),
    "new-cold": ("#6baed6", "+"),
    "sporadic-cold": ("#9ecae1", "·"),
    "oscillating-cold": ("#c6dbef", "~"),
    "historical-cold": ("#deebf7", "–"),
    "no-pattern": (_PLAIN, ""),
}
VIEWS: dict[str, Mapping[str, tuple[str, str]]] = {
    "spot": _SPOTS,
    "trend": _TREND,
    "moran": _BESIDE,
}


def hotspots_map(spots: Layer, lang: Lang = "zh", tile_url: str | None = None) -> str:
    """Draw hot spots orange and cold ones blue, now, over the weeks, and beside their neighbours.

    Parameters
    ----------
    spots : Layer
        As ``services.hotspots.hotspots_layer`` makes it.
    lang : {"zh", "en"}
    tile_url : str, optional
        See ``Sheet``.

    Returns
    -------
    str
        One HTML page: one view at a time, each grid with its z or with the sign of its class,
        legends with how many there are, and a table. No view tells a count of incidents.
    """
    sheet = Sheet([spots], lang, tile_url)
    z = figures(spots, "z")
    for name, classes in VIEWS.items():
        found = spots.features[name].astype("str").to_numpy()
        signs = [classes.get(one, ("", ""))[1] for one in found]
        numbers = [number(v, spots.field("z")) if np.isfinite(v) else "" for v in z]
        title = spots.field(name).label(lang)
        title = title[:1].upper() + title[1:]
        scale = f"{title}; {spots.field('z').label(lang)}" if name == "spot" else title
        group = sheet.areas(
            spots,
            [_look(classes.get(one, (NO_FIGURE, ""))[0]) for one in found],
            tips(spots),
            title,
            overlay=False,
            show=name == "spot",
            labels=numbers if name == "spot" else signs,
        )
        sheet.explain(group, scale, _swatches(classes, found, lang), show=name == "spot")
    sheet.table(spots, tips(spots))
    return sheet.page(spots.title(lang))


def _look(colour: str) -> Style:
    """Give an area its colour; what is ordinary stays pale, so that the eye goes to the rest."""
    return area_style(colour) | ({"fillOpacity": 0.5} if colour == _PLAIN else {})


def _swatches(
    classes: Mapping[str, tuple[str, str]], found: np.ndarray, lang: Lang
) -> list[Swatch]:
    lines = [
        Swatch(f"{sign} {head(one, lang)}".strip(), colour, count=str(int((found == one).sum())))
        for one, (colour, sign) in classes.items()
        if (found == one).any() or one in ("hot", "cold")
    ]
    unknown = int((found == "not_judgeable").sum())
    if unknown:
        lines.append(
            Swatch(head("not_judgeable", lang), NO_FIGURE, stroke="dashed", count=str(unknown))
        )
    return lines
