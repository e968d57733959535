import geopandas as gpd
import pytest
from shapely import box
from starlette.testclient import TestClient

from gridgeo.publish import Field, Scope, release
from gridgeo.settings import Settings
from gridgeo_api.app import create_app

PUBLIC = {
    "grids",
    "villages",
    "stations",
    "service-areas",
    "load",
    "load-proposed",
    "incident-cells",
}
INTERNAL = {
    "access",
    "assessment",
    "blind-spots",
    "coverage",
    "hotspots",
    "incidents-by-time",
    "quality",
    "staffing",
}


def names(answer):
    return {one["id"] for one in answer.json()["collections"]}


def test_without_sign_in_only_public_layers_are_listed(client, signed_in):
    assert names(client.get("/ogc/collections")) == PUBLIC
    assert names(client.get("/ogc/collections", auth=signed_in)) == PUBLIC | INTERNAL


def test_households_are_no_collection_for_anybody(client, signed_in):
    for auth in (None, signed_in):
        assert client.get("/ogc/collections/households/items", auth=auth).status_code == 404


def test_a_wrong_password_is_401_and_never_falls_back_to_public(client, signed_in):
    for auth in (("demo", "wrong"), ("other", signed_in[1])):
        answer = client.get("/ogc/collections", auth=auth)
        assert answer.status_code == 401
        assert "Basic" in answer.headers["www-authenticate"]


def test_the_demo_sign_in_is_refused_from_another_machine(app, signed_in):
    with TestClient(app, client=("192.0.2.7", 50000)) as stranger:
        assert stranger.get("/ogc/collections", auth=signed_in).status_code == 401
        assert stranger.get("/ogc/collections").status_code == 200


@pytest.mark.parametrize("name", ["grids", "load"])
def test_items_are_geojson_that_geopandas_reads(client, name):
    answer = client.get(f"/ogc/collections/{name}/items")
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert body["numberMatched"] == body["numberReturned"] == 50
    frame = gpd.GeoDataFrame.from_features(body["features"], crs=4326)
    assert frame.is_valid.all()
    assert frame.geometry.iloc[0].exterior.is_ccw


def test_paging_gives_every_feature_once_and_in_order(client):
    seen, path = [], "/ogc/collections/load/items?limit=7"
    while path:
        body = client.get(path).json()
        seen += [feature["id"] for feature in body["features"]]
        assert body["numberMatched"] == 50
        path = next((k["href"] for k in body["links"] if k["rel"] == "next"), None)
    assert seen == sorted(set(seen))
    assert len(seen) == 50


def test_bbox_gives_what_meets_the_box(client):
    everything = client.get("/ogc/collections/grids/items").json()["features"]
    frame = gpd.GeoDataFrame.from_features(everything, crs=4326)
    ids = [feature["id"] for feature in everything]
    west, south, east, north = frame.total_bounds
    middle = box((west + east) / 2, (south + north) / 2, east, north)
    asked = ",".join(str(v) for v in middle.bounds)
    got = client.get(f"/ogc/collections/grids/items?bbox={asked}").json()
    expected = {
        i
        for i, shape in zip(ids, frame.geometry, strict=True)
        if box(*shape.bounds).intersects(middle)
    }
    assert {feature["id"] for feature in got["features"]} == expected
    assert 0 < len(expected) < 50


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=10001", "bbox=1,2,3", "bbox=a,b,c,d", "bbox=2,0,1,1", "x=1"]
)
def test_unknown_or_malformed_parameters_are_400(client, query):
    assert client.get(f"/ogc/collections/grids/items?{query}").status_code == 400


def test_a_layer_says_its_extent_unit_source_and_what_was_withheld(client):
    said = client.get("/ogc/collections/load").json()
    west, south, east, north = said["extent"]["spatial"]["bbox"][0]
    assert 120 < west < east < 121
    assert 31 < south < north < 33
    about = said["gridgeo"]
    assert about["unit"] == "households"
    assert about["source"]
    assert about["as_of"] == "2026-07-01"
    assert about["disclosure"] == "public"
    assert about["k"] == 10


def test_unknown_paths_and_methods_are_problems(client):
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", "/healthz", 405)):
        answer = client.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_paging_leads_on_whatever_signs_an_id_has(store, cluster, database):
    codes = ["=1+1", "a&b=c#d", "a b", "ü/%2F", "户?x"]
    frame = gpd.GeoDataFrame(
        {"grid_code": codes},
        geometry=[box(120 + i, 32, 121 + i, 33) for i in range(len(codes))],
        index=codes,
        crs=4326,
    )
    scope = Scope(layer="grids", zh="网格", en="Grids", fields=(Field("grid_code"),))
    layer = release(frame, scope)
    store.publish("grids", layer.features, layer.meta(), layer.ledger_rows())
    settings = Settings(
        database_url=cluster.url(database), api_database_url=cluster.url(database, "api")
    )
    with TestClient(create_app(settings)) as client:
        seen, path = [], "/ogc/collections/grids/items?limit=1"
        while path and len(seen) < 10:
            body = client.get(path).json()
            seen += [feature["id"] for feature in body["features"]]
            path = next((k["href"] for k in body["links"] if k["rel"] == "next"), None)
    assert seen == sorted(codes)


@pytest.mark.parametrize("name", ["%00", "Grids", "a.b", "x" * 61])
def test_what_cannot_be_the_id_of_a_layer_is_a_bad_parameter(client, name):
    for path in (f"/ogc/collections/{name}", f"/ogc/collections/{name}/items"):
        assert client.get(path).status_code == 400


def test_a_parameter_said_twice_is_400(client):
    answer = client.get("/ogc/collections/grids/items?limit=1&limit=2")
    assert answer.status_code == 400
    assert answer.json()["fields"] == ["limit"]


def test_a_sign_in_that_cannot_be_read_is_401_with_our_code(client):
    answer = client.get("/ogc/collections", headers={"Authorization": "Basic !!!"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "sign-in"
    assert answer.json()["detail"]
