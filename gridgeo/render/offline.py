"""A Folium map as one file that asks the network for nothing."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import cast
from urllib.parse import urlsplit

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink
from jinja2 import Environment

from gridgeo.errors import ParameterError
from gridgeo.render import assets
from gridgeo.words import Lang

# Folium's name of a link → the file it stands for.
_SCRIPTS = {"leaflet": "vendor/leaflet/leaflet.js"}
_STYLES = {"leaflet_css": "vendor/leaflet/leaflet.css"}

# Links Folium adds to every map; ours use none of what they bring. The text shows where one does.
_NOT_NEEDED = {
    "jquery": re.compile(r"\$\s*[.(]|jQuery"),
    "bootstrap": re.compile(r"bootstrap\."),
    "awesome_markers": re.compile(r"AwesomeMarkers"),
    "bootstrap_css": None,
    "glyphicons_css": None,
    "awesome_markers_font_css": None,
    "awesome_markers_css": None,
    "awesome_rotate_css": None,
}

_HTML_LANG = {"zh": "zh-CN", "en": "en"}
_LINKING = ("src", "href", "srcset", "data", "action", "poster", "xlink:href", "formaction")
_REMOTE_CSS = re.compile(r"url\(\s*['\"]?(?!data:|#)|@import", re.IGNORECASE)


def one_file(
    map_: folium.Map, *, title: str, lang: Lang, panels: str = "", tile_url: str | None = None
) -> str:
    """Write a map as one self-contained HTML page.

    Parameters
    ----------
    map_ : folium.Map
        Made with ``tiles=None`` or one tile layer of ``tile_url``. Rendered here, once: a second
        rendering would bring Folium's remote links back.
    title : str
        Plain text.
    lang : {"zh", "en"}
    panels : str
        HTML of legend and title box; whoever makes it has escaped what came from data.
    tile_url : str, optional
        The only address the page may ask for images.

    Returns
    -------
    str
        The same to the bit for the same map. Scripts run by their SHA-256 alone, so that text
        which slipped through as markup still would not run.

    Raises
    ------
    ParameterError
        The map uses a Folium feature whose files are not vendored, or a remote address or an
        open script tag is left in the page.
    """
    figure = cast("Figure", map_.get_root())
    _number(figure)
    figure.render()
    scripts, styles, header = _sort_header(figure.header, map_.get_name())
    body = figure.html.render()
    drawing = figure.script.render()
    _refuse_missing(drawing)
    scripts = [assets.script(path) for path in scripts]
    scripts.append(drawing)
    for code in scripts:
        if re.search(r"</script|<!--", code, re.IGNORECASE):
            raise ParameterError(
                "A script of the page holds an open script tag; data must be escaped.",
                hint="Write values into the page with render.escape or tojson.",
                code="page.open-script",
            )
    html = (
        Environment(autoescape=True)
        .from_string(assets.text("templates/page.html.j2"))
        .render(
            title=title,
            lang=_HTML_LANG[lang],
            policy=_policy(scripts, tile_url),
            styles=[*map(assets.stylesheet, styles), assets.text("templates/page.css")],
            header=header,
            body=body,
            panels=panels,
            scripts=scripts,
        )
    )
    require_self_contained(html)
    return html


def require_self_contained(html: str) -> None:
    """Refuse a page with an address outside itself.

    Parameters
    ----------
    html : str

    Raises
    ------
    ParameterError
        Names the first few addresses found in attributes, styles and inline handlers.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.leaks:
        shown = ", ".join(leak[:80] for leak in reader.leaks[:3])
        raise ParameterError(
            f"The page reaches outside itself in {len(reader.leaks)} places ({shown}); "
            "a page must open without a network.",
            hint="Vendor the file under gridgeo/render/vendor and inline it.",
            code="page.not-self-contained",
        )


class _Reader(HTMLParser):
    """Collects what a browser would fetch, or run, on reading the page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.leaks: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            address = (value or "").strip()
            local = address.startswith(("data:", "#"))
            if (
                (name in _LINKING and not local)
                or name.startswith("on")
                or (name == "style" and _REMOTE_CSS.search(address))
            ):
                self.leaks.append(f"{tag} {name}={address}")

    def handle_data(self, data: str) -> None:
        if self._in_style and _REMOTE_CSS.search(data):
            self.leaks.append(f"style {_REMOTE_CSS.findall(data)[0]}")

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False


def _number(root: Element) -> None:
    """Count elements instead of naming them at random, so that a page is reproducible."""
    waiting, count = [root], 0
    while waiting:
        element = waiting.pop()
        element._id = str(count)
        count += 1
        waiting += reversed(element._children.values())


def _sort_header(header: Element, map_name: str) -> tuple[list[str], list[str], str]:
    """Take Folium's links apart from what else stands in the header."""
    scripts, styles, rest = [], [], []
    for name, element in header._children.items():
        if isinstance(element, JavascriptLink | CssLink):
            if name in _SCRIPTS:
                scripts.append(_SCRIPTS[name])
            elif name in _STYLES:
                styles.append(_STYLES[name])
            elif name not in _NOT_NEEDED:
                raise ParameterError(
                    f"The map needs {name!r} ({element.url}), which is not vendored.",
                    hint="Vendor it under gridgeo/render/vendor and name it in render/offline.py.",
                    fields=[str(name)],
                )
        elif name not in ("meta_http", map_name):  # both are in our own page
            rest.append(element.render())
    return scripts, styles, "\n".join(rest)


def _refuse_missing(drawing: str) -> None:
    for name, trace in _NOT_NEEDED.items():
        if trace is not None and trace.search(drawing):
            raise ParameterError(
                f"The map uses {name}, which its page does not carry.",
                hint="Use GeoJsonTooltip instead of Popup, and CircleMarker instead of Icon.",
                fields=[name],
            )


def _policy(scripts: list[str], tile_url: str | None) -> str:
    sums = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
        for code in scripts
    )
    tiles = ""
    if tile_url:
        parts = urlsplit(tile_url)
        host = re.sub(r"\{s\}", "*", parts.netloc)
        tiles = f" {parts.scheme}://{host}" if parts.netloc else " 'self'"
    return (
        f"default-src 'none'; script-src {sums}; style-src 'unsafe-inline'; "
        f"img-src data: blob:{tiles}; base-uri 'none'; form-action 'none'"
    )
