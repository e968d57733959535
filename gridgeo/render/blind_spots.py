"""Map ``blind-spots``: who and what is left out, by kind."""

import numpy as np
import numpy.typing as npt

from gridgeo.publish import Layer
from gridgeo.render.colours import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
)  # fmt: skip
from gridgeo.render.elements import Style
from gridgeo.render.panels import Swatch
from gridgeo.render.sheet import Sheet
from gridgeo.render.values import head, written
from gridgeo.words import Lang

# Faults of territory are filled areas, of households broken squares, of grids frames: eight
# colours do for more kinds, and shape tells apart where colour cannot.
_FILLED, _FRAMED, _DASHED, _DOTTED, _HOLLOW = 0.75, 0.15, 0.1, 0.12, 0.0
_STROKES = {_DASHED: ("dashed", "6 4"), _DOTTED: ("dotted", "1 6")}
KINDS: dict[str, tuple[str, float]] = {
    "gap": (VERMILLION, _FILLED),
    "overlap": (BLUE, _FILLED),
    "sliver": (PURPLE, _FILLED),
    "invalid": (BLACK, _FILLED),
    "outside": (SKY, _FILLED),
    "across": (GREEN, _FILLED),
    "orphan": (VERMILLION, _DASHED),
    "doubled": (BLUE, _DASHED),
    "mismatch": (PURPLE, _DASHED),
    "reach": (ORANGE, _DASHED),
    "outside-household": (SKY, _DASHED),
    "visit-overdue": (GREEN, _DASHED),
    "never-visited": (BLACK, _DASHED),
    "unreachable": (VERMILLION, _DOTTED),
    "access": (ORANGE, _DOTTED),
    "over-contact": (SKY, _DOTTED),
    "size": (YELLOW, _FRAMED),
    "few-workers": (ORANGE, _FRAMED),
    "no-leader": (BLACK, _FRAMED),
    "no-full-time": (SKY, _FRAMED),
    "patrol": (GREEN, _FRAMED),
    "patrol-share": (PURPLE, _FRAMED),
    "silent": (BLUE, _FRAMED),
    "unanswered": (VERMILLION, _FRAMED),
    "response": (VERMILLION, _HOLLOW),
    "records": (BLACK, _HOLLOW),
    "seam": (ORANGE, _FILLED),
}
# They cover a whole city and would hide the rest of it.
_AT_REQUEST = ("visit-overdue", "never-visited", "access", "over-contact", "unanswered", "records")
_TIPS = (
    "kind",
    "subject",
    "grid_code",
    "value",
    "unit",
    "standard",
    "households",
    "days",
    "area_m2",
)


def blind_spots_map(
    findings: Layer,
    grids: Layer | None = None,
    lang: Lang = "zh",
    tile_url: str | None = None,
) -> str:
    """Draw the blind spots, each kind to be shown or hidden by itself.

    Parameters
    ----------
    findings : Layer
        ``blind-spots`` as ``release_findings`` makes it.
    grids : Layer, optional
        Drawn as grey borders underneath.
    lang : {"zh", "en"}
    tile_url : str, optional
        See ``Sheet``.

    Returns
    -------
    str
        One HTML page. Findings about households are squares that tell of at least k; what is
        too small to be seen at the scale of a town is marked by a ring. The table
        holds every finding.
    """
    sheet = Sheet([findings, *([] if grids is None else [grids])], lang, tile_url)
    if grids is not None:
        sheet.outline(grids)
    of_kind = findings.features["kind"].astype("str").to_numpy()
    found = [kind for kind in (*KINDS, *sorted({*of_kind} - {*KINDS})) if kind in of_kind]
    counts = {kind: int((of_kind == kind).sum()) for kind in found}
    groups = {}
    # Frames first, so that the small areas lie on top and can be pointed at.
    for kind in sorted(found, key=lambda kind: _look(kind)["fillOpacity"] == _FILLED):
        groups[kind] = sheet.areas(
            findings,
            [_look(kind) if one == kind else None for one in of_kind],
            _TIPS,
            f"{head(kind, lang)} ({counts[kind]})",
            overlay=True,
            show=kind not in _AT_REQUEST,
            labels=_counts(findings, of_kind == kind, lang) if _look(kind)["dashArray"] else None,
            ring=_look(kind)["fillOpacity"] == _FILLED,
        )
    for kind in found:
        look = _look(kind)
        fill = f"{look['fillColor']}{round(look['fillOpacity'] * 255):02x}"
        stroke, _ = _STROKES.get(look["fillOpacity"], ("", None))
        swatch = Swatch(head(kind, lang), fill, look["color"], stroke, str(counts[kind]))
        sheet.explain(groups[kind], "", [swatch], show=kind not in _AT_REQUEST)
    sheet.table(findings, [*_TIPS, "severity"])
    return sheet.page(findings.title(lang))


def _counts(findings: Layer, mine: npt.NDArray[np.bool_], lang: Lang) -> list[str]:
    """Write which kind each square tells of, and of how many households."""
    kinds, counts = (written(findings, name, lang) for name in ("kind", "households"))
    return [
        f"{kind[:1].upper()}{kind[1:]}: {count}" if here else ""
        for kind, count, here in zip(kinds, counts, mine, strict=True)
    ]


def _look(kind: str) -> Style:
    colour, opacity = KINDS.get(kind, (BLACK, _FILLED))
    return {
        "fillColor": colour,
        "fillOpacity": opacity,
        "color": colour if colour != YELLOW else "#9a8f00",  # yellow lines vanish on white
        "weight": 1.5 if opacity == _FILLED else 2.2,
        "dashArray": _STROKES.get(opacity, ("", None))[1],
    }
