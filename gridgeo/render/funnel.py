"""Page of funnels: who is unlike the peers by more than chance, and nobody is ranked."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from jinja2 import Environment

from gridgeo.publish import Layer
from gridgeo.render import assets
from gridgeo.render.assessment import GRADES
from gridgeo.render.colours import NO_FIGURE
from gridgeo.render.values import head
from gridgeo.words import LANGS, Lang, say

Floats = npt.NDArray[np.float64]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 460, 300, 52, 12, 10, 40
_COLUMNS = {"y": "share", "low": "limit_low", "high": "limit_high", "middle": "peers_share"}
_LEAST = 5  # of fewer peers no funnel can be seen
_SAID = (
    "横轴为数量(越靠右把握越大),纵轴为比率。虚线为同类合计;"
    "两条实线之间是同类单位在同样数量下 99.8% 会落入的范围,已计入单位之间固有的差异。"
    "线外者与同类不同,线内者之间不排名。",
    "To the right more was counted, so more is known. The dashed line is what the peers have "
    "together; between the two solid ones lie 99.8 % of units like them at that count, with what "
    "units differ by nature allowed for. Who lies outside is unlike the others; nobody inside is "
    "ranked.",
)


def funnel_page(assessment: Layer, lang: Lang = "zh", level: str = "grid") -> str:
    """Draw a funnel for each figure of an appraisal.

    Parameters
    ----------
    assessment : Layer
        As ``services.assessment.assessment_layer`` makes it.
    lang : {"zh", "en"}
    level : str
        Whose units are drawn.

    Returns
    -------
    str
        One HTML page that loads nothing: a plot for each figure told of five units or more, a
        dot for each unit in the colour of its grade, and the limits of each group of peers.
        What is withheld has no dot.
    """
    rows = assessment.features[assessment.features["level"] == level]
    plots = []
    for metric, mine in rows.groupby("metric", sort=False):
        ratio = mine["expected"].notna().any() if "expected" in mine else False
        counted = mine["expected"] if ratio else mine["denominator"]
        told = pd.DataFrame(
            {
                "x": counted.to_numpy("float64", na_value=np.nan),
                **{
                    name: mine[column].to_numpy("float64", na_value=np.nan)
                    for name, column in _COLUMNS.items()
                },
                "peers": mine["peers"].astype("str").to_numpy(),
                "grade": mine["grade"].astype("object").fillna("").to_numpy(),
                "name": mine["name"].astype("str").to_numpy(),
            }
        )
        told = told[(told["x"] > 0) & np.isfinite(told["y"])].sort_values("x", kind="stable")
        if len(told) >= _LEAST:
            plots.append(_plot(str(metric), told, bool(ratio), lang))
    legend = [*GRADES.items(), ("ungraded", NO_FIGURE)]
    at = LANGS.index(lang)
    return (
        Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        .from_string(assets.text("templates/funnel.html.j2"))
        .render(
            lang=lang,
            title=f"{assessment.title(lang)} · {head(level, lang)} · {assessment.as_of}",
            said=_SAID[at],
            grades=[(head(grade, lang), colour) for grade, colour in legend],
            plots=plots,
            width=_WIDTH,
            height=_HEIGHT,
            left=_LEFT,
            right=_RIGHT,
            top=_TOP,
            bottom=_BOTTOM,
        )
    )


def _plot(metric: str, told: pd.DataFrame, ratio: bool, lang: Lang) -> dict[str, Any]:
    """Bring one figure to the scale of its plot."""
    most = told["x"].max() * 1.05
    typical = told[told["x"] >= told["x"].quantile(0.25)]  # limits of the smallest go anywhere
    ends = np.concatenate([told["y"], typical["low"], typical["high"]])
    ends = ends[np.isfinite(ends)]
    low, high = ends.min(), ends.max()
    room = max(high - low, 0.02) * 0.06
    low, high = max(0.0, low - room), high + room

    def across(x: Floats) -> Floats:
        return _LEFT + x / most * (_WIDTH - _LEFT - _RIGHT)

    def up(y: Floats) -> Floats:
        return _HEIGHT - _BOTTOM - (y - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def say_share(y: float) -> str:
        return f"{y:.2f}" if ratio else f"{y:.1%}"

    lines = []
    for _, peers in told.groupby("peers", sort=False):
        if len(peers) >= _LEAST:
            for name, dashes in (("low", ""), ("high", ""), ("middle", "5 4")):
                there = peers[np.isfinite(peers[name])]
                pairs = zip(across(_numbers(there, "x")), up(_numbers(there, name)), strict=True)
                lines.append((" ".join(f"{x:.1f},{y:.1f}" for x, y in pairs), dashes))
    x, y = _numbers(told, "x"), _numbers(told, "y")
    texts = [
        f"{name}: {say_share(share)} ({counted:,.0f})" + (f", {say(grade, lang)}" if grade else "")
        for name, share, counted, grade in zip(told["name"], y, x, told["grade"], strict=True)
    ]
    colours = [GRADES.get(grade, NO_FIGURE) for grade in told["grade"]]
    places = across(x).round(1), up(y).round(1)
    right, above = _steps(0.0, float(x.max())), _steps(float(low), float(high))
    return {
        "title": head(metric, lang),
        "below": say("expected_count" if ratio else "denominator", lang),
        "ticks_y": list(zip(up(above).round(1), map(say_share, above), strict=True)),
        "ticks_x": list(zip(across(right).round(1), (f"{n:,.0f}" for n in right), strict=True)),
        "lines": lines,
        "dots": list(zip(*places, colours, texts, strict=True)),
    }


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    return frame[name].to_numpy("float64")


def _steps(low: float, high: float) -> Floats:
    """Give round figures between two others: four to nine of them."""
    rough = (high - low) / 5
    size = 10.0 ** np.floor(np.log10(rough))
    step = size * next(one for one in (1, 2, 5, 10) if one * size >= rough * 0.75)
    return np.arange(np.ceil(low / step), np.floor(high / step + 1e-9) + 1) * step
