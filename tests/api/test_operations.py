from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from gridgeo.settings import Settings
from gridgeo_api.app import create_app


def test_a_living_service_says_so(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


@pytest.fixture
def empty_city(cluster, database):
    """Settings of a city that was migrated and holds nothing, as a city's own server has it."""
    return Settings(
        database_url=cluster.url(database), api_database_url=cluster.url(database, "api")
    )


def test_a_missing_wall_makes_the_service_unready(empty_city, admin_engine):
    with TestClient(create_app(empty_city)) as client:
        assert client.get("/readyz").status_code == 200
        with admin_engine.begin() as connection:
            connection.execute(text("ALTER TABLE gridgeo.households DISABLE ROW LEVEL SECURITY"))
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "households" in answer.json()["detail"]


def test_a_service_that_signs_in_as_somebody_mightier_is_unready(cluster, database):
    mighty = cluster.url(database, "admin")
    with TestClient(create_app(Settings(database_url=mighty))) as client:
        assert client.get("/readyz").status_code == 503


def test_a_city_that_has_published_nothing_still_has_a_page(empty_city):
    with TestClient(create_app(empty_city)) as client:
        assert "gridgeo publish" in client.get("/?lang=en").text
        answer = client.get("/v1/locate", params={"lon": 120, "lat": 32})
        assert answer.status_code == 404
        assert client.get("/ogc/collections").json()["collections"] == []


def test_a_database_that_is_away_is_503_without_its_address():
    settings = Settings(database_url="postgresql://somebody:a-secret@127.0.0.1:1/nothing")
    with TestClient(create_app(settings)) as client:
        for path in ("/readyz", "/ogc/collections", "/"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert "a-secret" not in answer.text


def test_the_openapi_document_names_every_route(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/", "/maps/{kind}", "/v1/locate", "/ogc/collections/{collection_id}/items"} <= set(
        paths
    )


@pytest.mark.parametrize("kind", ["load", "incidents"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_public_maps_open_without_sign_in(client, kind, lang):
    answer = client.get(f"/maps/{kind}?lang={lang}")
    assert answer.status_code == 200
    assert answer.text.startswith("<!doctype html>") or answer.text.startswith("<!DOCTYPE html>")


def test_the_map_of_blind_spots_asks_for_a_sign_in(client, signed_in):
    assert client.get("/maps/blind-spots").status_code == 401
    assert client.get("/maps/blind-spots", auth=signed_in).status_code == 200


def test_an_unknown_map_or_language_is_said(client):
    assert client.get("/maps/nothing").status_code == 404
    assert client.get("/maps/load?lang=fr").status_code == 400


def test_the_leaders_page_shows_figures_in_both_languages(client):
    zh, en = client.get("/").text, client.get("/?lang=en").text
    assert "人均户数" in zh
    assert "households per worker" in en
    assert 'lang="zh-CN"' in zh
    assert 'lang="en"' in en


def test_a_database_that_stalls_is_503_and_the_process_stays_alive(empty_city, admin_engine):
    with TestClient(create_app(empty_city)) as client, admin_engine.begin() as connection:
        connection.execute(text("LOCK published.layers IN ACCESS EXCLUSIVE MODE"))
        with ThreadPoolExecutor(25) as many:
            asked = [many.submit(client.get, "/ogc/collections") for _ in range(25)]
            assert client.get("/healthz").status_code == 200
            answers = [one.result() for one in asked]
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["code"] for answer in answers} <= {"store.busy", "store.timeout"}
