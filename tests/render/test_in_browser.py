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


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_says_what_the_map_says_and_opens_by_keyboard(kind, layers, show):
    opened = show(draw(kind, layers, "en"))
    table = opened.page.locator(".twin table").first
    assert not table.is_visible()
    opened.page.locator(".twin summary").first.focus()
    opened.page.keyboard.press("Enter")
    assert table.is_visible()
    shown = layers[KINDS[kind].needs].features
    assert table.locator("tbody tr").count() == len(shown)
    names = table.locator("tbody th").evaluate_all("cells => cells.map(c => c.textContent)")
    across = table.locator("tr").evaluate_all("rows => rows.map(row => row.cells.length)")
    assert len(set(across)) == 1
    if "name" in shown:
        assert names == shown["name"].tolist()
    elif kind == "blind-spots":
        assert names == [say(value, "en") for value in shown["kind"]]
    else:
        assert names == [str(number + 1) for number in range(len(shown))]
    opened.assert_quiet()


def test_each_layer_of_the_load_has_a_table_of_its_own_name(layers, show):
    opened = show(draw("load", layers, "en"))
    heads = opened.page.locator(".twin summary").all_inner_texts()
    assert heads == ["Table: Load of the grids (12)", "Table: Proposed load (12)"]


def test_a_press_on_a_head_sorts_and_what_is_not_told_stays_last(layers, show):
    opened = show(draw("load", layers, "en"))
    page = opened.page
    page.locator(".twin summary").first.click()
    table = page.locator(".twin table").first
    column = table.locator("thead th").all_inner_texts().index("Households")
    press = table.locator("thead button").nth(column)
    told = layers["load"].features["households"]
    assert told.isna().any()
    for state, most_first in (("descending", True), ("ascending", False)):
        press.focus()
        page.keyboard.press("Enter")
        assert table.locator("thead th").nth(column).get_attribute("aria-sort") == state
        cells = table.locator(f"tbody tr > :nth-child({column + 1})").all_inner_texts()
        figures = [int(text.replace(",", "").split()[0]) for text in cells if text[0].isdigit()]
        assert figures == sorted(told.dropna(), reverse=most_first)
        assert all(text[0].isdigit() for text in cells[: len(figures)])
    opened.assert_quiet()


def test_a_long_table_scrolls_and_leaves_map_and_choices_to_be_seen(layers, show):
    for width, height in ((1280, 800), (390, 844)):
        opened = show(draw("incidents", layers, "en"), width=width, height=height)
        page = opened.page
        buttons = page.locator(".leaflet-control-zoom").bounding_box()
        box = page.locator(".twins").bounding_box()
        apart = (
            buttons["y"] + buttons["height"] <= box["y"] or box["y"] + box["height"] <= buttons["y"]
        )
        assert apart
        page.locator(".twin summary").click()
        assert page.locator(".twins").bounding_box()["height"] < height / 2
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        scroll = page.locator(".twin .scroll")
        assert scroll.evaluate("box => box.scrollHeight > box.clientHeight")


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
