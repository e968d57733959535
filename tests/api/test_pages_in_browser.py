"""What a leader sees, in a real browser, from a real server."""

import socket
import threading

import pytest
import uvicorn

from gridgeo.render.kinds import KINDS
from gridgeo_api.app import create_app
from tests.api.conftest import SIGN_IN

DRAWN = "path.leaflet-interactive, img.leaflet-image-layer"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def origin(town_settings, town_store):
    """The service on a port of its own; stopped afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = create_app(town_settings, SIGN_IN)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_leaders_page_opens_with_its_maps_and_asks_no_stranger(open_page, origin, lang):
    opened = open_page(f"{origin}/?lang={lang}", height=1200)
    for frame in opened.page.locator("iframe").all():
        frame.scroll_into_view_if_needed()
        frame.content_frame.locator(DRAWN).first.wait_for(state="attached")
    assert opened.page.locator("iframe").count() == 2
    assert opened.page.locator(".figures li").count() == 6
    opened.page.locator(".figures summary").first.click()
    assert opened.page.locator(".figures details p").first.is_visible()
    opened.assert_quiet(origin)


@pytest.mark.parametrize(
    "kind",
    [
        *("load", "blind-spots", "incidents", "incidents-by-time", "hotspots", "coverage"),
        *("staffing", "quality", "assessment"),
    ],
)
def test_every_map_opens_and_asks_nobody(open_page, origin, kind):
    credentials = {"username": SIGN_IN.name, "password": SIGN_IN.password}
    opened = open_page(f"{origin}/maps/{kind}?lang=zh", http_credentials=credentials)
    opened.page.locator(DRAWN).first.wait_for(state="attached")
    opened.assert_quiet()


def test_the_other_language_is_one_click_away(open_page, origin):
    opened = open_page(f"{origin}/")
    opened.page.get_by_role("link", name="English").click()
    assert opened.page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_leaders_page_leads_to_every_map_in_its_language(open_page, origin, lang):
    page = open_page(f"{origin}/?lang={lang}").page
    links = page.locator("main a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert {link for link in links if link.startswith("maps/")} == {
        f"maps/{kind}?lang={lang}" for kind in KINDS
    }
