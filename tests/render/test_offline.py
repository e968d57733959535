import hashlib
import re

import folium
import pytest
from folium.plugins import MarkerCluster

from gridgeo.errors import DisclosureError, NotFoundError, ParameterError
from gridgeo.render import KINDS, assets, draw
from gridgeo.render.escape import escape
from gridgeo.render.offline import one_file, require_self_contained
from gridgeo.render.sheet import Sheet
from tests.render.layers import NASTY, all_layers, grids, load, no_blind_spots


@pytest.fixture(scope="module")
def layers():
    return all_layers()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_map_is_one_file_and_the_same_every_time(kind, lang, layers):
    page = draw(kind, layers, lang)
    require_self_contained(page)
    assert page == draw(kind, layers, lang)
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in page


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_from_data_opens_a_tag_or_a_template(kind, layers):
    page = draw(kind, layers, "en")
    assert page.lower().count("</script") == page.lower().count("<script")
    for text in ("<img src=x", "alert(1)>", "<script>alert(3)", "${alert", "$(document)"):
        assert text not in page


@pytest.mark.parametrize("text", NASTY)
def test_escaped_text_holds_nothing_that_html_or_a_template_reads(text):
    assert not re.search(r"[<>\"'`${}\\]|&(?!amp;|lt;|gt;|quot;|#\d+;)", escape(text))


def test_a_folium_feature_whose_files_are_not_vendored_is_refused():
    map_ = folium.Map(tiles=None)
    MarkerCluster([[32, 120]]).add_to(map_)
    with pytest.raises(ParameterError, match="not vendored"):
        one_file(map_, title="", lang="en")


def test_a_popup_needs_jquery_and_is_refused():
    map_ = folium.Map(tiles=None)
    folium.CircleMarker([32, 120], popup=folium.Popup("text")).add_to(map_)
    with pytest.raises(ParameterError, match="jquery"):
        one_file(map_, title="", lang="en")


@pytest.mark.parametrize(
    "leak",
    [
        "<img src='//tiles.example/1.png'>",
        "<script src=app.js></script>",
        "<link rel=stylesheet href=http://x.example/a.css>",
        "<style>a { background: url(http://x.example/a.png) }</style>",
        "<style>@import 'a.css'</style>",
        "<i style=\"background: url('a.png')\"></i>",
        "<i onclick='go()'></i>",
        "<form action=/go></form>",
    ],
)
def test_a_page_that_reaches_outside_is_refused(leak):
    with pytest.raises(ParameterError, match="outside itself in 1 places"):
        require_self_contained(f"<html><body>{leak}</body></html>")


def test_what_stands_in_the_page_itself_is_no_leak():
    require_self_contained(
        "<a href='#top'></a><img src='data:,'><style>a { behavior: url(#default#VML) }</style>"
        "<script>const a = \"<img src='http://x.example'>\";</script>"
    )


def test_the_base_map_is_the_only_address_the_policy_lets_through(layers):
    page = draw("load", layers, "zh", "https://{s}.tiles.example/{z}/{x}/{y}.png")
    assert "img-src data: blob: https://*.tiles.example;" in page
    inside = draw("load", layers, "zh", "/tiles/{z}/{x}/{y}.png")
    assert "img-src data: blob: &#39;self&#39;;" in inside
    assert "img-src data: blob:;" in draw("load", layers, "zh")


def test_a_map_shows_layers_only():
    with pytest.raises(DisclosureError, match="GeoDataFrame"):
        Sheet([grids()], "zh")


def test_unknown_kinds_and_missing_layers_are_named():
    with pytest.raises(NotFoundError, match="load, blind-spots, incidents"):
        draw("loads", {})
    with pytest.raises(ParameterError, match="needs the layer 'incident-cells'"):
        draw("incidents", {"load": load()})


def test_a_town_without_blind_spots_gets_a_map_that_says_so():
    assert "未发现" in draw("blind-spots", {"blind-spots": no_blind_spots()}, "zh")


def test_vendored_files_are_as_published():
    said = re.findall(r"`([0-9a-f]{64})` \| `([^`]+)`", assets.text("vendor/VERSIONS.md"))
    assert len(said) == 7
    for checksum, name in said:
        assert hashlib.sha256(assets._read(f"vendor/{name}")).hexdigest() == checksum


def test_a_missing_file_says_to_install_again():
    with pytest.raises(NotFoundError, match="Install gridgeo again"):
        assets.text("vendor/none.js")
