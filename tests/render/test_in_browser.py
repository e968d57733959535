import pytest

from gridgeo.render import KINDS, draw
from gridgeo.words import say
from tests.render.layers import NASTY, all_layers, no_blind_spots

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def layers():
    return all_layers()


@pytest.fixture
def show(open_page, tmp_path):
    """Write a page to disk and open it from there."""

    def shown(page: str, **context):
        path = tmp_path / "map.html"
        path.write_text(page, encoding="utf-8")
        return open_page(path.as_uri(), **context)

    return shown


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_map_opens_without_a_network_or_a_complaint(kind, lang, layers, show):
    opened = show(draw(kind, layers, lang))
    opened.assert_quiet()
    page = opened.page
    assert page.locator("h1").inner_text() == layers[KINDS[kind].needs].title(lang)
    assert page.locator(".legend li:visible").count() > 0
    choices = page.locator(".leaflet-control-layers label:visible").count()
    assert choices > 1 or page.locator(".time input").is_visible()
    assert "样例 <script>alert(3)</script>" in page.locator(".title").inner_text()
    assert page.locator("path.leaflet-interactive, img.leaflet-image-layer").count() > 0


def test_a_box_says_the_name_as_it_is_written(layers, show):
    opened = show(draw("load", layers, "en"))
    for position, name in enumerate(NASTY):
        opened.page.locator("path.leaflet-interactive").nth(position).hover(force=True)
        shown = opened.page.locator(".tip td").first.evaluate("cell => cell.textContent")
        assert shown == name
    opened.assert_quiet()


def test_the_legend_follows_the_view_chosen(layers, show):
    opened = show(draw("load", layers, "en"))
    heading = opened.page.locator(".scale:visible h2")
    assert heading.inner_text() == "Deviation"
    opened.page.locator(".leaflet-control-layers label").nth(2).click()
    assert heading.inner_text() == "Households per worker (households)"
    assert opened.page.locator(".scale:visible").count() == 1
    opened.assert_quiet()


def test_deviations_stand_in_the_grids_with_their_sign(layers, show):
    opened = show(draw("load", layers, "zh"))
    texts = opened.page.locator(".value b:visible").all_inner_texts()
    assert texts
    assert all(text[0] in "+−" and text.endswith("%") for text in texts)


def test_withheld_grids_say_so(layers, show):
    opened = show(draw("load", layers, "zh"))
    opened.page.locator("path.leaflet-interactive").first.hover(force=True)
    assert say("withheld", "zh") in opened.page.locator(".tip").inner_text()
    assert say("withheld", "zh") in opened.page.locator(".legend").inner_text()


def test_a_kind_of_blind_spot_can_be_hidden(layers, show):
    opened = show(draw("blind-spots", layers, "en"))
    shapes = opened.page.locator("path.leaflet-interactive")
    before = shapes.count()
    opened.page.locator(".leaflet-control-layers input").first.click()
    assert shapes.count() < before
    opened.assert_quiet()


def test_incidents_stop_at_zoom_15_and_no_square_tells_of_fewer_than_k(layers, show):
    opened = show(draw("incidents", layers, "en"))
    closer = opened.page.locator(".leaflet-control-zoom-in")
    for _ in range(12):
        if "leaflet-disabled" not in closer.get_attribute("class"):
            closer.click()
            opened.page.wait_for_timeout(400)
    assert "leaflet-disabled" in closer.get_attribute("class")
    # Zoom 15 at 32° N is 4.05 m a pixel.
    scale = opened.page.locator(".leaflet-control-scale-line")
    metres = float(scale.inner_text().removesuffix(" m"))
    assert metres / scale.bounding_box()["width"] == pytest.approx(4.05, rel=0.05)
    told = layers["incident-cells"].features["incidents"]
    assert (told >= 10).all()


def test_the_keyboard_reaches_grids_and_says_their_figures(layers, show):
    opened = show(draw("load", layers, "en"))
    opened.page.locator("path.leaflet-interactive").nth(3).focus()
    assert opened.page.locator(".tip").count() == 1
    label = opened.page.locator("path.leaflet-interactive").nth(3).get_attribute("aria-label")
    assert label.startswith("name ")
    assert "households" in label
    opened.assert_quiet()


def test_every_map_fits_a_phone(layers, show):
    for kind in KINDS:
        opened = show(draw(kind, layers, "zh"), width=390, height=760)
        opened.assert_quiet()
        wide = opened.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        assert opened.page.locator(".title").bounding_box()["height"] < 380


def test_a_script_in_the_data_would_not_run_even_if_it_got_into_the_page(layers, show):
    page = draw("load", layers, "en").replace("<main>", "<main><img src=x onerror='boom()'>")
    opened = show(page)
    assert any("Content Security Policy" in said for said in opened.said)


def test_a_map_of_nothing_opens_too(show):
    opened = show(draw("blind-spots", {"blind-spots": no_blind_spots()}, "en"))
    opened.assert_quiet()
    assert "None found" in opened.page.locator(".legend").inner_text()


@pytest.mark.parametrize("kind", ["coverage", "staffing", "quality"])
def test_the_table_says_what_the_map_says_and_opens_by_keyboard(kind, layers, show):
    opened = show(draw(kind, layers, "en"))
    table = opened.page.locator(".twin table")
    assert not table.is_visible()
    opened.page.locator(".twin summary").focus()
    opened.page.keyboard.press("Enter")
    assert table.is_visible()
    assert table.locator("tbody tr").count() == len(layers[kind].features)
    names = table.locator("tbody th").evaluate_all("cells => cells.map(c => c.textContent)")
    assert names == layers[kind].features["name"].tolist()
    opened.assert_quiet()


def test_what_cannot_be_judged_is_told_apart_from_nought(layers, show):
    opened = show(draw("quality", layers, "en"))
    lines = opened.page.locator(".scale:visible li").all_inner_texts()
    said = {text.split("\n")[0]: text.split("\n")[-1] for text in lines}
    # The first grid's households are withheld; no figure of the second is.
    assert said["< 50%"] >= "1"
    assert said["Withheld to protect residents"] == "1"
    assert said["Cannot be judged"] == "1"


def test_a_grid_that_lacks_people_bears_the_number_to_hire(layers, show):
    opened = show(draw("staffing", layers, "zh"))
    assert opened.page.locator(".value b").all_inner_texts() == ["−1", "−2", "−1", "−3"]


def test_the_slider_changes_what_is_drawn_by_keyboard_and_by_playing(layers, show):
    opened = show(draw("incidents-by-time", layers, "en"))
    page = opened.page
    shape = page.locator("path.leaflet-interactive").nth(5)
    before = shape.get_attribute("fill")
    page.locator(".time input").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".time output").inner_text() == "06–08 h"
    assert shape.get_attribute("fill") != before
    page.locator(".time button").click()
    page.locator(".time output", has_text="08–10 h").wait_for()
    page.locator(".time button").click()
    assert page.locator(".time button").inner_text() == "Play"
    opened.assert_quiet()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_incidents_by_time_begin_with_the_busiest_time(lang, layers, show):
    opened = show(draw("incidents-by-time", layers, lang))
    page = opened.page
    said = {"zh": "h08_10", "en": "08–10 h"}[lang]
    assert page.locator(".time input").input_value() == "2"
    assert page.locator(".time output").inner_text() == said
    assert page.locator(".time .bars i.now").evaluate_all(
        "all => all.map(e => e.style.height)"
    ) == ["100%"]
    # Eleven times as many an hour as by night, so in another colour.
    busiest = page.locator("path.leaflet-interactive").nth(5).get_attribute("fill")
    page.locator(".time input").fill("0")
    assert page.locator("path.leaflet-interactive").nth(5).get_attribute("fill") != busiest
    opened.assert_quiet()
