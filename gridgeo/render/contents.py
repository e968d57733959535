"""The page that leads to the maps and layers of a folder."""

from collections.abc import Iterable, Mapping

from jinja2 import Environment

from gridgeo.publish import Layer
from gridgeo.render import assets
from gridgeo.words import Lang, say

# What each map answers, beside its name.
QUESTIONS: dict[str, tuple[str, str]] = {
    "load": ("工作量如何分担,怎样更均衡?", "How is the load shared, and how better?"),
    "blind-spots": ("谁被遗漏?", "Who is being left out?"),
    "incidents": ("事件集中在哪里?", "Where do incidents gather?"),
    "incidents-by-time": ("什么时段事件最多?", "At what time of day do incidents gather?"),
    "hotspots": ("哪些网格是热点,何时形成?", "Which grids are hot spots, and since when?"),
    "assessment": (
        "哪些网格达标,把握多大?",
        "Which grids meet their targets, and how sure is that?",
    ),
    "coverage": ("谁得到了服务和走访?", "Who is in reach, and who was visited?"),
    "staffing": ("哪些网格缺人?", "Which grids lack people?"),
    "quality": ("数据是否完整、准确、鲜活?", "Are the records complete, accurate and fresh?"),
}


def contents_page(kinds: Iterable[str], layers: Mapping[str, Layer], lang: Lang) -> str:
    """Write a page with relative links to ``maps/`` and ``layers/``.

    Parameters
    ----------
    kinds : iterable of str
        The maps that stand there, as ``maps/{kind}.{lang}.html``.
    layers : mapping of str to Layer
        The layers that stand there, as ``layers/{id}.geojson``.
    lang : {"zh", "en"}

    Returns
    -------
    str
        One HTML page that loads nothing.
    """
    at = 0 if lang == "zh" else 1
    return (
        Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        .from_string(assets.text("templates/contents.html.j2"))
        .render(
            lang=lang,
            maps=[
                (k, say(k.replace("-", "_"), lang), QUESTIONS.get(k, ("", ""))[at]) for k in kinds
            ],
            layers=[
                (name, layer.title(lang), len(layer.features)) for name, layer in layers.items()
            ],
        )
    )
