"""Map ``staffing``: which grids lack a leader, workers or a full-time worker."""

from gridgeo.publish import Layer
from gridgeo.render.colours import BLUE, GREEN, NO_FIGURE, ORANGE, PURPLE, VERMILLION
from gridgeo.render.measures import area_style, lay_measure, tips
from gridgeo.render.panels import Swatch
from gridgeo.render.sheet import Sheet
from gridgeo.render.values import head
from gridgeo.words import Lang

NEEDS = {
    "needs-leader": VERMILLION,
    "needs-workers": ORANGE,
    "needs-full-time": PURPLE,
    "needs-several": BLUE,
    "complete": GREEN,
}
_FIGURES = ("hires", "workers", "full_time", "leaders")


def staffing_map(staffing: Layer, lang: Lang = "zh", tile_url: str | None = None) -> str:
    """Draw what each grid lacks, with the fewest people to hire as a signed number.

    Parameters
    ----------
    staffing : Layer
        As ``services.posts.posts_layer`` makes it.
    lang : {"zh", "en"}
    tile_url : str, optional
        See ``Sheet``.

    Returns
    -------
    str
        One HTML page: the needs first, then each figure as a view, and the table.
    """
    sheet = Sheet([staffing], lang, tile_url)
    needs = staffing.features["needs"].astype("str").to_numpy()
    hires = staffing.features["hires"].fillna(0).astype(int).to_numpy()
    group = sheet.areas(
        staffing,
        # What is complete stays pale, so that the eye goes to what is not.
        [
            {**area_style(NEEDS.get(n, NO_FIGURE)), "fillOpacity": 0.3 if n == "complete" else 0.8}
            for n in needs
        ],
        tips(staffing),
        head("needs", lang),
        overlay=False,
        show=True,
        labels=[f"−{count}" if count else "" for count in hires],
    )
    lines = [
        Swatch(
            head(need, lang),
            colour + ("4d" if need == "complete" else ""),
            count=str(int((needs == need).sum())),
        )
        for need, colour in NEEDS.items()
    ]
    sheet.explain(group, head("needs_and_hires", lang), lines)
    for name in _FIGURES:
        lay_measure(sheet, staffing, name, lang, show=False)
    sheet.table(staffing, tips(staffing))
    return sheet.page(staffing.title(lang))
